/* Products and linear algebra. See ops.h for what all ops share. */
#ifndef TAPIR_OPS_LINALG_H
#define TAPIR_OPS_LINALG_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* a: (..., m, k), b: (..., k, n) -> (..., m, n); the leading dims broadcast. A rank-1 a is (1, k), a rank-1 b is (k,
   1), and that dim is gone from the result; two vectors give a scalar. Transposed operands are read where they lie. da
   = g b^T, db = a^T g. */
TP_API tp_var tp_matmul(tp_var a, tp_var b);
/* a: (n), b: (n) -> the scalar sum a b.  da = g b, db = g a. */
TP_API tp_var tp_dot(tp_var a, tp_var b);
/* a: (..., m), b: (..., n) -> a[..., i] b[..., j]: (..., m, n); the leading dims broadcast. */
TP_API tp_var tp_outer(tp_var a, tp_var b);
/* a: (..., m, n), x: (..., n) -> a x: (..., m); the leading dims broadcast. */
TP_API tp_var tp_matvec(tp_var a, tp_var x);
/* x: (..., m, n) -> the sum of each matrix's diagonal: (...), or a scalar.  dx = g on the diagonal. */
TP_API tp_var tp_trace(tp_var x);
/* The sum of products that the subscripts say, as in NumPy: a letter for each axis of each of n operands, commas
   between operands, "->" and the letters of the result. "ij,jk->ik" is a matrix product, "ii->i" a diagonal, "ij->" a
   sum, "i,j" an outer product. Without the arrow the result has the letters that stand once, sorted (capitals first).
   "..." stands for dims that are not named: they broadcast, and without an arrow come first; a result that leaves them
   out sums over them. A letter has one size. Contracted two at a time, the pair first that makes the least of memory.
   TP_E_ARGUMENT and TP_E_SHAPE point at the subscript; TP_E_LIMIT when a product of two has over 8 dims. */
TP_API tp_var tp_einsum(const char *subscripts, const tp_var *x, int n);

/* ---- linear algebra: for a matrix, or for each of a batch (..., m, n) ---- */

/* TP_E_NUMERIC, with the place of the matrix in its batch, where there is no result: after tp_tape_clear_error the tape
   goes on (a Cholesky factorisation can be tried again with something added to the diagonal). */

/* a: (..., n, n) -> the lower triangular L with L L^T = (a + a^T) / 2. TP_E_NUMERIC where that is not positive
   definite. The gradient is symmetric. */
TP_API tp_var tp_cholesky(tp_var a);
/* X with a X = b.  a: (..., n, n), b: (..., n, k) -> (..., n, k), the leading dims broadcast; a rank-1 b is one vector:
   (n) -> (..., n).  db = a^-T g, da = -db X^T. TP_E_NUMERIC for a pivot that is 0. */
TP_API tp_var tp_solve(tp_var a, tp_var b);
/* The same for a triangular a, of which the other triangle is not read. Flags: TP_UPPER (else lower), TP_TRANSPOSED
   (a^T X = b), TP_UNIT (the diagonal is 1 and not read). TP_E_NUMERIC for a 0 on the diagonal. */
enum { TP_UPPER = 1, TP_TRANSPOSED = 2, TP_UNIT = 4 };
TP_API tp_var tp_triangular_solve(tp_var a, tp_var b, unsigned flags);
/* a: (..., n, n) -> a^-1. Prefer tp_solve where a product with it is wanted. */
TP_API tp_var tp_inverse(tp_var a);
/* a: (..., n, n) -> (...): the determinant; its logarithm (NaN where it is negative, -Inf where 0); its sign (-1, 0, 1)
   and the logarithm of its magnitude (either handle may be NULL). Derivatives of det of the first and second order are
   right where a is singular; those of the logarithms are TP_E_NUMERIC there. */
TP_API tp_var tp_det(tp_var a);
TP_API tp_var tp_logdet(tp_var a);
TP_API tp_status tp_slogdet(tp_var a, tp_var *sign, tp_var *logabsdet);
/* a: (..., m, n) -> q (..., m, k) with orthonormal columns, r (..., k, n) upper triangular with a diagonal >= 0, a = q
   r, k = min(m, n). Either handle may be NULL. Derivatives want an r without a 0 on its diagonal: else TP_E_NUMERIC. */
TP_API tp_status tp_qr(tp_var a, tp_var *q, tp_var *r);
/* a: (..., n, n) -> w (..., n) ascending and v (..., n, n) with (a + a^T) / 2 = v diag(w) v^T; in each column of v the
   largest element (the first of equal ones) is positive. Either handle may be NULL. Where eigenvalues are equal the
   gradient of w is right; that of v is infinite or NaN, unless the upstream does not turn their vectors into each
   other. TP_E_NUMERIC for NaN and Inf. */
TP_API tp_status tp_eigh(tp_var a, tp_var *w, tp_var *v);
/* a: (..., m, n) -> u (..., m, k), s (..., k) descending, vt (..., k, n), a = u diag(s) vt, k = min(m, n); in each
   column of u the largest element (the first of equal ones) is positive. A handle may be NULL. Equal singular values
   are as equal eigenvalues; so is a singular value 0 where a is not square. TP_E_NUMERIC for NaN and Inf. */
TP_API tp_status tp_svd(tp_var a, tp_var *u, tp_var *s, tp_var *vt);
/* The x with the least |a x - b|, a: (..., m, n) with m >= n; or, where m < n, the least x with a x = b. b: (..., m, k)
   -> (..., n, k), or (m) -> (..., n). a must be of full rank: TP_E_NUMERIC for a 0 on r's diagonal. Through tp_qr. */
TP_API tp_var tp_lstsq(tp_var a, tp_var b);
/* a: (..., m, n) -> its Moore-Penrose inverse (..., n, m). Singular values up to `smallest` times the largest count as
   0; 0: the dtype's rounding times max(m, n). The derivative holds while the rank stays. */
TP_API tp_var tp_pinv(tp_var a, double smallest);
/* a: (..., n, n) -> I + a + a^2/2 + a^3/6 + ...  (Higham, 2005); and a^power, of a^-1 where power < 0. */
TP_API tp_var tp_matrix_exp(tp_var a);
TP_API tp_var tp_matrix_power(tp_var a, int power);

#ifdef __cplusplus
}
#endif
#endif
