/* Elementwise ops: each result element depends on the elements at its own place. See ops.h for what all ops share. */
#ifndef TAPIR_OPS_MATH_H
#define TAPIR_OPS_MATH_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- one operand: y has x's shape and dtype --------------------------------------------------------------------- */

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

/* ---- an operand and a plain, finite number c -------------------------------------------------------------------- */

TP_API tp_var tp_adds(tp_var x, double c);       /* x + c */
TP_API tp_var tp_muls(tp_var x, double c);       /* x c */
TP_API tp_var tp_rsubs(double c, tp_var x);      /* c - x */
TP_API tp_var tp_rdivs(double c, tp_var x);      /* c / x */
TP_API tp_var tp_pows(tp_var x, double c);       /* x^c as C's pow;  dy = c x^(c-1), 0 for c = 0 */
TP_API tp_var tp_leaky_relu(tp_var x, double c); /* x for x > 0, else c x;  dy = 1 for x > 0, else c */

/* ---- two operands ----------------------------------------------------------------------------------------------- */

/* Shapes broadcast as in NumPy. TP_E_SHAPE when they do not, TP_E_DTYPE when two tensors differ in dtype or are not f32
   or f64. */

TP_API tp_var tp_add(tp_var x, tp_var b);     /* x + b */
TP_API tp_var tp_sub(tp_var x, tp_var b);     /* x - b */
TP_API tp_var tp_mul(tp_var x, tp_var b);     /* x b, element by element */
TP_API tp_var tp_div(tp_var x, tp_var b);     /* x / b */
TP_API tp_var tp_maximum(tp_var x, tp_var b); /* the larger; a tie splits the gradient; NaN if either is */
TP_API tp_var tp_minimum(tp_var x, tp_var b); /* the smaller; likewise */
TP_API tp_var tp_pow(tp_var x, tp_var b);     /* x^b as C's pow, 0^0 = 1;  dx = b x^(b-1), db = y log x (0 at x = 0) */
TP_API tp_var tp_same(tp_var x, tp_var b);    /* 1 where x = b, else 0; no derivative: 0 everywhere */

/* The same value, through which no gradient flows. */
TP_API tp_var tp_detach(tp_var x);

#ifdef __cplusplus
}
#endif
#endif
