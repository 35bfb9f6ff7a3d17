/* Factorisations of one dense, row-major matrix, for each float type and instruction-set level, over the library's own
   matrix product. Invariant: every routine ends whatever the numbers are (NaN and Inf too), and its bits do not depend
   on the number of threads. Names and methods follow LAPACK; Golub and Van Loan, Matrix Computations, has them all. */
#ifndef TAPIR_KERNELS_LAPACK_H
#define TAPIR_KERNELS_LAPACK_H

#include <tapir/tensor.h>

#include "kernels/gemm.h"

/* What a routine works with. */
typedef struct tp_lapack {
    const tp_gemm_table *gemm;
    void *gemm_work; /* TP_GEMM_WORKSPACE bytes, aligned to 64 */
    void *work;      /* as many bytes as tp_lapack_work says, aligned to 64 */
    int threads;
} tp_lapack;

typedef enum tp_lapack_routine {
    TP_LAPACK_CHOLESKY,   /* m = n */
    TP_LAPACK_LU,         /* m = n */
    TP_LAPACK_TRIANGULAR, /* n: the order, m: right-hand sides; also for lu_solve */
    TP_LAPACK_QR,         /* m rows, n columns */
    TP_LAPACK_EIGH,       /* m = n */
    TP_LAPACK_SVD,        /* m rows, n columns */
    TP_LAPACK_EXP,        /* m = n */
    TP_LAPACK_COFACTOR    /* m = n; also for cofactor_slope */
} tp_lapack_routine;

size_t tp_lapack_work(tp_lapack_routine routine, size_t element, int64_t m, int64_t n);

/* Flags of triangular: which triangle holds the matrix; its diagonal is 1 and is not read. */
enum { TP_LAPACK_UPPER = 1, TP_LAPACK_UNIT = 2 };

/* Why eigh and svd have no result; the place of a pivot is > 0. */
enum { TP_LAPACK_NOT_FINITE = -1, TP_LAPACK_NOT_CONVERGED = -2 };

typedef struct tp_lapack_loops {
    /* a = L L^T from the lower triangle, in place, with zeros above. 0, or the order of the first leading block that is
       not positive definite. */
    int64_t (*cholesky)(const tp_lapack *l, int64_t n, void *a);
    /* P a = L U in place, with row exchanges i <-> pivots[i]. 0, or the place (from 1) of the first pivot that is 0. */
    int64_t (*lu)(const tp_lapack *l, int64_t n, void *a, int32_t *pivots);
    /* b (n x k) = t^-1 b, where t is triangular and its element (i, j) lies at t[i row + j col]. */
    void (*triangular)(const tp_lapack *l, int64_t n, int64_t k, const void *t, int64_t row, int64_t col,
                       unsigned flags, void *b);
    /* b (n x k) = a^-1 b or a^-T b, from what lu made of a. */
    void (*lu_solve)(const tp_lapack *l, int64_t n, int64_t k, const void *lu, const int32_t *pivots, bool transposed,
                     void *b);
    /* a (m x n) = q r, q (m x k) with orthonormal columns, r (k x n) upper triangular with a diagonal >= 0, k = min(m,
       n). a is lost. */
    void (*qr)(const tp_lapack *l, int64_t m, int64_t n, void *a, void *q, void *r);
    /* A symmetric a = v diag(w) v^T, w ascending; each column's largest element (the first of equal ones) is positive.
       a is lost. */
    int (*eigh)(const tp_lapack *l, int64_t n, void *a, void *w, void *v);
    /* a (m x n) = u diag(s) vt, u (m x k), s descending, vt (k x n); the largest element of each column of u is
       positive. a is lost. */
    int (*svd)(const tp_lapack *l, int64_t m, int64_t n, void *a, void *u, void *s, void *vt);
    /* e = exp(a); a is lost. */
    void (*exp)(const tp_lapack *l, int64_t n, void *a, void *e);
    /* The determinant of what lu factored: mantissa 2^exponent. */
    double (*determinant)(int64_t n, const void *lu, const int32_t *pivots, int64_t *exponent);
    /* c = the derivative of det a (its cofactors), right also where a is singular; a is lost. */
    void (*cofactor)(const tp_lapack *l, int64_t n, void *a, void *c);
    /* s = the derivative of <g, cofactors of a> by a, likewise. */
    void (*cofactor_slope)(const tp_lapack *l, int64_t n, void *a, const void *g, void *s);
} tp_lapack_loops;

/* eigh and svd of the table, or a library's where it is ahead. */
int tp_lapack_eigh(const tp_lapack_loops *loops, const tp_lapack *l, tp_dtype dtype, int64_t n, void *a, void *w,
                   void *v);
int tp_lapack_svd(const tp_lapack_loops *loops, const tp_lapack *l, tp_dtype dtype, int64_t m, int64_t n, void *a,
                  void *u, void *s, void *vt);

/* out = the symmetric part of a, (n x n) each. */
void tp_lapack_symmetrise(tp_dtype dtype, int64_t n, const void *a, void *out);
/* out = the lower (or upper) triangle of a (m x n), its diagonal times `diagonal`, zeros elsewhere. */
void tp_lapack_triangle(tp_dtype dtype, int64_t m, int64_t n, const void *a, bool upper, double diagonal, void *out);
/* Row i of x (k x n) divided by s[i], or 0 where s[i] is at most `limit`. */
void tp_lapack_divide_rows(tp_dtype dtype, int64_t k, int64_t n, const void *s, double limit, void *x);
/* out = the unit matrix. */
void tp_lapack_identity(tp_dtype dtype, int64_t n, void *out);

#endif
