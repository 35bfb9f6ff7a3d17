/* What can be recorded. Every function takes handles and returns a handle; on a wrong call it returns a poisoned one
   and the tape keeps the first error. Operands may be scalars or tensors; scalars are f64, tensors f32 or f64; two
   tensors must have the same dtype (tp_cast changes it), and a scalar takes a tensor's. Every op has derivatives of
   every order unless it says that it has none. (tp_cast and tp_expand, which the engine itself needs, are in tape.h.)
 */
#ifndef TAPIR_OPS_H
#define TAPIR_OPS_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- elementwise, one operand: y has x's shape and dtype --------------------------------------------------------- */

TP_API tp_var tp_neg(tp_var x);        /* -x */
TP_API tp_var tp_reciprocal(tp_var x); /* 1 / x;  dy = -y^2 */
TP_API tp_var tp_exp(tp_var x);        /* e^x;  dy = y */
TP_API tp_var tp_log(tp_var x);        /* natural logarithm;  dy = 1/x */
TP_API tp_var tp_tanh(tp_var x);       /* dy = 1 - y^2 */
TP_API tp_var tp_sigmoid(tp_var x);    /* 1 / (1 + e^-x), never overflows;  dy = y (1 - y) */
TP_API tp_var tp_relu(tp_var x);       /* max(x, 0);  dy = 1 for x > 0, else 0 (also at 0) */
TP_API tp_var tp_square(tp_var x);     /* x^2;  dy = 2x */
TP_API tp_var tp_sqrt(tp_var x);       /* dy = 1 / 2y */
TP_API tp_var tp_abs(tp_var x);        /* |x|;  dy = sign(x), 0 at 0 */
TP_API tp_var tp_sign(tp_var x);       /* -1, 0, 1; no derivative: 0 everywhere */
TP_API tp_var tp_step(tp_var x);       /* 1 for x > 0, else 0; no derivative: 0 everywhere */

/* ---- elementwise with a plain, finite number c
 * ----------------------------------------------------------------------------
 */

TP_API tp_var tp_adds(tp_var x, double c);       /* x + c */
TP_API tp_var tp_muls(tp_var x, double c);       /* x c */
TP_API tp_var tp_rsubs(double c, tp_var x);      /* c - x */
TP_API tp_var tp_rdivs(double c, tp_var x);      /* c / x */
TP_API tp_var tp_pows(tp_var x, double c);       /* x^c as C's pow;  dy = c x^(c-1), 0 for c = 0 */
TP_API tp_var tp_leaky_relu(tp_var x, double c); /* x for x > 0, else c x;  dy = 1 for x > 0, else c */

/* ---- elementwise, two operands: shapes broadcast as in NumPy
   ---------------------------------------------------------- TP_E_SHAPE when they do not, TP_E_DTYPE when two tensors
   differ in dtype or are not f32 or f64. */

TP_API tp_var tp_add(tp_var x, tp_var b);     /* x + b */
TP_API tp_var tp_sub(tp_var x, tp_var b);     /* x - b */
TP_API tp_var tp_mul(tp_var x, tp_var b);     /* x b, element by element */
TP_API tp_var tp_div(tp_var x, tp_var b);     /* x / b */
TP_API tp_var tp_maximum(tp_var x, tp_var b); /* the larger; a tie splits the gradient; NaN if either is */
TP_API tp_var tp_minimum(tp_var x, tp_var b); /* the smaller; likewise */
TP_API tp_var tp_pow(tp_var x, tp_var b);     /* x^b as C's pow, 0^0 = 1;  dx = b x^(b-1), db = y log x (0 at x = 0) */
TP_API tp_var tp_same(tp_var x, tp_var b);    /* 1 where x = b, else 0; no derivative: 0 everywhere */

/* ---- reductions
   ---------------------------------------------------------------------------------------------------------- Without
   axes: over all elements, to a scalar carried in f64. With axes (TP_AXES(0, -1); none named: all of them): those axes
   go, or stay with size 1 when `keep`. TP_E_INDEX for an axis outside or named twice. */

TP_API tp_var tp_sum(tp_var x); /* of nothing: 0 */
TP_API tp_var tp_sum_axes(tp_var x, int n, const int64_t *axes, bool keep);
TP_API tp_var tp_mean(tp_var x); /* of nothing: NaN */
TP_API tp_var tp_mean_axes(tp_var x, int n, const int64_t *axes, bool keep);
/* The largest and the smallest; elements that tie share the gradient equally; NaN if any is; of nothing: TP_E_SHAPE. */
TP_API tp_var tp_max(tp_var x);
TP_API tp_var tp_max_axes(tp_var x, int n, const int64_t *axes, bool keep);
TP_API tp_var tp_min(tp_var x);
TP_API tp_var tp_min_axes(tp_var x, int n, const int64_t *axes, bool keep);
/* The largest along one axis and where it is: i64 indices in *indices (which may be NULL). A tie takes the first, which
   gets the gradient. A rank-1 x gives two scalars. The gradient needs one dim more for a while: TP_E_LIMIT at rank 8.
 */
TP_API tp_var tp_max_with_indices(tp_var x, int axis, bool keep, tp_var *indices);

/* ---- products
 * ------------------------------------------------------------------------------------------------------------- */

/* a: (..., m, k), b: (..., k, n) -> (..., m, n); the leading dims broadcast. A rank-1 a is (1, k), a rank-1 b is (k,
   1), and that dim is gone from the result; two vectors give a scalar. Transposed operands are read where they lie. da
   = g b^T, db = a^T g. */
TP_API tp_var tp_matmul(tp_var a, tp_var b);
/* x: (..., in), weight: (out, in), bias: (out), or tp_none() -> x weight^T + bias: (..., out).
   dx = g weight, dweight = g^T x, dbias = sum of g over the leading dims. */
TP_API tp_var tp_linear(tp_var x, tp_var weight, tp_var bias);

/* ---- shape
 * ---------------------------------------------------------------------------------------------------------------- */

/* The same elements in row-major order under other dims, one of which may be -1. A view where strides allow, else a
   copy. A scalar is one element; reshaping to rank 0 gives a scalar. */
TP_API tp_var tp_reshape(tp_var x, int rank, const int64_t *dims);
/* Views: two axes swapped; all axes in the order given. */
TP_API tp_var tp_transpose(tp_var x, int axis_a, int axis_b);
TP_API tp_var tp_permute(tp_var x, int n, const int64_t *axes);
/* A view of elements start, start+step, ... before stop along an axis. Negative start and stop count from the end,
   TP_END is the end; step >= 1. TP_E_INDEX when 0 <= start <= stop <= dim does not hold. */
#define TP_END INT64_MAX
TP_API tp_var tp_slice(tp_var x, int axis, int64_t start, int64_t stop, int64_t step);
/* n tensors joined along an axis that they have; all other dims must agree. */
TP_API tp_var tp_concat(const tp_var *x, int n, int axis);
/* n scalars as an f64 tensor (n), or n tensors of one shape along a new axis. */
TP_API tp_var tp_stack(const tp_var *x, int n, int axis);
/* One element of a float tensor as a scalar: an index for each axis, negative ones from the end. */
TP_API tp_var tp_index(tp_var x, int n, const int64_t *index);

/* ---- the softmax family: along one axis, never overflowing
 * ---------------------------------------------------------------- */

TP_API tp_var tp_softmax(tp_var x, int axis);              /* e^x / sum e^x;  dx = y (g - sum g y) */
TP_API tp_var tp_log_softmax(tp_var x, int axis);          /* x - log sum e^x;  dx = g - e^y sum g */
TP_API tp_var tp_logsumexp(tp_var x, int axis, bool keep); /* log sum e^x;  dx = g softmax(x) */

/* ---- losses
 * ------------------------------------------------------------------------------------------------------------------ */

typedef enum tp_reduction { TP_NONE = 0, TP_SUM, TP_MEAN } tp_reduction;

/* (x - target)^2, element by element, or their sum or mean (a scalar). The shapes must be equal. */
TP_API tp_var tp_mse(tp_var x, tp_var target, tp_reduction reduction);
/* -log softmax(logits)[label], with logits (..., classes) and integer labels (...) from tp_data: i32, i64 or u8.
   TP_NONE gives (...), TP_SUM and TP_MEAN a scalar. dlogits = (softmax - onehot) g. TP_E_INDEX for a label outside the
   classes. */
TP_API tp_var tp_cross_entropy(tp_var logits, tp_var labels, tp_reduction reduction);

/* ---- others
 * -------------------------------------------------------------------------------------------------------------------
 */

/* The same value, through which no gradient flows. */
TP_API tp_var tp_detach(tp_var x);
/* labels (...) of integers -> (..., classes) of `dtype`, 1 at the label and 0 elsewhere; no derivative. */
TP_API tp_var tp_one_hot(tp_var labels, int64_t classes, tp_dtype dtype);

#ifdef __cplusplus
}
#endif
#endif
