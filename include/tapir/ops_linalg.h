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

#ifdef __cplusplus
}
#endif
#endif
