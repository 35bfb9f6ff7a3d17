/* What the ops on matrices share: batches, scratch, the routines of the operand's type, and saying which
   matrix it was. */
#ifndef TAPIR_OPS_MATRICES_H
#define TAPIR_OPS_MATRICES_H

#include "kernels/lapack.h"
#include "ops/ops.h"

/* Fails unless operand i is a float tensor of (..., n, n), or of (..., m, n). */
tp_status tp_need_square(tp_ctx *ctx, int i);
tp_status tp_need_matrix(tp_ctx *ctx, int i);
/* Fails unless operands 0 and 1 are square matrices and right-hand sides for them; `result`: their solution's shape. */
tp_status tp_need_right_sides(tp_ctx *ctx, tp_shape *result);

static inline int64_t tp_rows_of(const tp_tensor *x)
{
    return x->dims[x->rank - 2];
}

static inline int64_t tp_columns_of(const tp_tensor *x)
{
    return x->dims[x->rank - 1];
}

/* The dims before a matrix's own two, and how many matrices that makes. */
tp_shape tp_batch_of(const tp_tensor *x);
int64_t tp_matrices_in(const tp_tensor *x);
/* The shape batch + (m, n); n < 0: batch + (m). */
tp_shape tp_batch_with(tp_shape batch, int64_t m, int64_t n);
/* The matrix of x that stands at place i of `batch`, to which x's leading dims broadcast: its place among x's own
   matrices, and where it begins. */
int64_t tp_matrix_place(const tp_tensor *x, const tp_shape *batch, int64_t i);
char *tp_matrix_at(const tp_tensor *x, const tp_shape *batch, int64_t i);
/* Matrix i of a dense x. */
static inline char *tp_dense_matrix(const tp_tensor *x, int64_t i)
{
    return x->data + i * tp_rows_of(x) * tp_columns_of(x) * (int64_t)tp_dtype_size((tp_dtype)x->dtype);
}
/* to (dense, of x's dtype) = the matrix of x that stands at place i of `batch` */
void tp_copy_matrix(const tp_tensor *x, const tp_shape *batch, int64_t i, void *to);

/* Fails with TP_E_NUMERIC: "the matrix <what>" or "matrix (1,0) of (2,3,4,4) <what>", i being its place
   in x's batch. */
tp_status tp_fail_matrix(tp_ctx *ctx, const tp_tensor *x, int64_t i, const char *format, ...) TP_PRINTF(4, 5);
/* The same from what eigh and svd return. */
tp_status tp_fail_iteration(tp_ctx *ctx, const tp_tensor *x, int64_t i, int why);

/* A routine about to be called for (m x n) matrices: the table, what it works with, and its scratch. */
typedef struct tp_linalg {
    const tp_lapack_loops *loops;
    tp_lapack with;
    tp_tensor *scratch, *copy;
} tp_linalg;

/* Takes scratch for the routine, and room for a copy of one (m x n) matrix of `dtype` (call.copy). */
tp_status tp_linalg_open(tp_tape *tape, tp_dtype dtype, tp_lapack_routine routine, int64_t m, int64_t n,
                         tp_linalg *call);
void tp_linalg_close(tp_tape *tape, tp_linalg *call);

/* x^T for each matrix. */
static inline tp_var tp_turned(tp_var x)
{
    return tp_transpose(x, -1, -2);
}

/* (...) as (..., 1, 1), so that it scales matrices; a scalar as it is. */
tp_var tp_as_scale(tp_var x);
/* (..., n) as (..., 1, n) or (..., n, 1). */
tp_var tp_as_row(tp_var x);
tp_var tp_as_column(tp_var x);
/* The unit matrix as a constant; a poisoned handle when out of memory. */
tp_var tp_unit_matrix(tp_tape *tape, tp_dtype dtype, int64_t n);
/* The lower or upper triangle of each matrix, its diagonal times `diagonal`. */
tp_var tp_triangle(tp_var x, bool upper, double diagonal);

/* (x - x^T) / differences, 0 on the diagonal and wherever x is symmetric; differences: (..., n, n), 0
   on its diagonal. */
tp_var tp_by_differences(tp_var x, tp_var differences);

/* The cofactors of each matrix: the derivative of its determinant. */
tp_var tp_cofactor(tp_var a);
tp_var tp_cofactor_slope(tp_var a, tp_var g);

/* The pattern of an op on matrices: each result of a batch on all of the operands' matrices at that place. */
tp_status tp_matrices_pattern(tp_ctx *ctx);
/* ... of a and right-hand sides b, each of whose columns goes to its own of the result. */
tp_status tp_right_sides_pattern(tp_ctx *ctx);

/* Records an op of several results on one operand; results[k] may be NULL. */
tp_status tp_call_tuple(const tp_op *op, tp_var x, const void *attributes, tp_var *const *results);

/* b as a matrix for a routine of right-hand sides: a vector becomes (n, 1), and *vector says so. */
tp_var tp_as_right_side(tp_var b, bool *vector);
/* Takes that column away again. */
tp_var tp_without_column(tp_var x);

#endif
