/* Elementwise ops: each result element depends on the elements at its own place. See ops.h for what all ops share. */
#ifndef TAPIR_OPS_MATH_H
#define TAPIR_OPS_MATH_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Operands are f32 or f64 (TP_E_DTYPE else), except where it is said. NaN in, NaN out; but pow(x, 0) = pow(1, b) = 1
   and hypot(Inf, b) = Inf, as C has them. A gradient of exactly 0 stays 0 where a slope is infinite. dy is the slope;
   one that is written by y has y's rounding: that of sigmoid and of tanh is 0 where y rounds to 1. */

/* ---- one operand: y has x's shape and dtype ---- */

TP_API tp_var tp_neg(tp_var x);        /* -x */
TP_API tp_var tp_reciprocal(tp_var x); /* 1 / x;  dy = -y^2 */
TP_API tp_var tp_square(tp_var x);     /* x^2;  dy = 2x */
TP_API tp_var tp_sqrt(tp_var x);       /* dy = 1 / 2y */
TP_API tp_var tp_rsqrt(tp_var x);      /* 1 / sqrt(x), Inf at 0;  dy = -y^3 / 2 */
TP_API tp_var tp_cbrt(tp_var x);       /* the real cube root, also of negative x;  dy = 1 / 3y^2 */
TP_API tp_var tp_abs(tp_var x);        /* |x|;  dy = sign(x), 0 at 0 */

TP_API tp_var tp_exp(tp_var x);   /* e^x;  dy = y */
TP_API tp_var tp_exp2(tp_var x);  /* 2^x;  dy = y log 2 */
TP_API tp_var tp_expm1(tp_var x); /* e^x - 1, precise near 0;  dy = e^x */
TP_API tp_var tp_log(tp_var x);   /* natural logarithm, -Inf at 0;  dy = 1/x */
TP_API tp_var tp_log2(tp_var x);  /* dy = 1 / (x log 2) */
TP_API tp_var tp_log10(tp_var x); /* dy = 1 / (x log 10) */
TP_API tp_var tp_log1p(tp_var x); /* log(1 + x), precise near 0;  dy = 1 / (1 + x) */

TP_API tp_var tp_sin(tp_var x);   /* x in radians;  dy = cos x */
TP_API tp_var tp_cos(tp_var x);   /* dy = -sin x */
TP_API tp_var tp_tan(tp_var x);   /* dy = 1 + y^2 */
TP_API tp_var tp_asin(tp_var x);  /* -pi/2 .. pi/2;  dy = 1 / sqrt(1 - x^2) */
TP_API tp_var tp_acos(tp_var x);  /* 0 .. pi;  dy = -1 / sqrt(1 - x^2) */
TP_API tp_var tp_atan(tp_var x);  /* -pi/2 .. pi/2;  dy = 1 / (1 + x^2) */
TP_API tp_var tp_sinh(tp_var x);  /* dy = cosh x */
TP_API tp_var tp_cosh(tp_var x);  /* dy = sinh x */
TP_API tp_var tp_tanh(tp_var x);  /* dy = 1 - y^2 */
TP_API tp_var tp_asinh(tp_var x); /* dy = 1 / sqrt(x^2 + 1) */
TP_API tp_var tp_acosh(tp_var x); /* for x >= 1;  dy = 1 / sqrt(x^2 - 1) */
TP_API tp_var tp_atanh(tp_var x); /* for |x| <= 1, infinite at the ends;  dy = 1 / (1 - x^2) */

TP_API tp_var tp_erf(tp_var x);     /* 2/sqrt(pi) integral of e^-t^2 from 0 to x;  dy = 2/sqrt(pi) e^-x^2 */
TP_API tp_var tp_erfc(tp_var x);    /* 1 - erf x, precise in the right tail;  dy = -2/sqrt(pi) e^-x^2 */
TP_API tp_var tp_erfinv(tp_var x);  /* the inverse of erf, for |x| <= 1;  dy = sqrt(pi)/2 e^y^2 */
TP_API tp_var tp_lgamma(tp_var x);  /* log |Gamma(x)|, Inf at 0, -1, -2, ...;  dy = digamma(x) */
TP_API tp_var tp_digamma(tp_var x); /* the derivative of log Gamma;  dy = polygamma(x, 1) */

TP_API tp_var tp_sigmoid(tp_var x);    /* 1 / (1 + e^-x), never overflows;  dy = y (1 - y) */
TP_API tp_var tp_logsigmoid(tp_var x); /* log sigmoid(x) = -softplus(-x);  dy = sigmoid(-x) */
TP_API tp_var tp_softplus(tp_var x);   /* log(1 + e^x), never overflows;  dy = sigmoid(x) */
TP_API tp_var tp_softsign(tp_var x);   /* x / (1 + |x|);  dy = 1 / (1 + |x|)^2 */
TP_API tp_var tp_relu(tp_var x);       /* max(x, 0);  dy = 1 for x > 0, else 0 (also at 0) */
TP_API tp_var tp_relu6(tp_var x);      /* min(max(x, 0), 6);  dy = 1 for 0 < x < 6, else 0 */
/* scale (x for x > 0, else alpha (e^x - 1)), scale = 1.0507..., alpha = 1.6733... (Klambauer et al. 2017) */
TP_API tp_var tp_selu(tp_var x);

TP_API tp_var tp_gelu(tp_var x);        /* x Phi(x), Phi the normal distribution (Hendrycks, Gimpel 2016) */
TP_API tp_var tp_gelu_tanh(tp_var x);   /* x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2: close to it */
TP_API tp_var tp_silu(tp_var x);        /* x sigmoid(x), also called swish (Elfwing et al. 2017) */
TP_API tp_var tp_mish(tp_var x);        /* x tanh(softplus(x)) (Misra 2019) */
TP_API tp_var tp_hardsigmoid(tp_var x); /* min(max(x + 3, 0), 6) / 6;  dy = 1/6 for -3 < x < 3, else 0 */
TP_API tp_var tp_hardswish(tp_var x);   /* x hardsigmoid(x);  dy = 0 for x < -3, 1 for x > 3, else x/3 + 1/2 */

/* No derivative: the result needs no gradient. */
TP_API tp_var tp_sign(tp_var x);  /* -1, 0, 1 */
TP_API tp_var tp_step(tp_var x);  /* 1 for x > 0, else 0 */
TP_API tp_var tp_floor(tp_var x); /* the whole number at or below x */
TP_API tp_var tp_ceil(tp_var x);  /* ... at or above x */
TP_API tp_var tp_round(tp_var x); /* ... nearest to x; halves go to the even one */
TP_API tp_var tp_trunc(tp_var x); /* ... next to x towards 0 */
TP_API tp_var tp_frac(tp_var x);  /* x - trunc(x), which has a derivative: dy = 1 */

/* ---- an operand and plain numbers: finite, except where it is said ---- */

TP_API tp_var tp_adds(tp_var x, double c);       /* x + c */
TP_API tp_var tp_muls(tp_var x, double c);       /* x c */
TP_API tp_var tp_rsubs(double c, tp_var x);      /* c - x */
TP_API tp_var tp_rdivs(double c, tp_var x);      /* c / x */
TP_API tp_var tp_pows(tp_var x, double c);       /* x^c as C's pow;  dy = c x^(c-1), 0 for c = 0 */
TP_API tp_var tp_leaky_relu(tp_var x, double c); /* x for x > 0, else c x;  dy = 1 for x > 0, else c */
TP_API tp_var tp_elu(tp_var x, double alpha);    /* x for x > 0, else alpha (e^x - 1);  dy = 1 or alpha e^x */
TP_API tp_var tp_celu(tp_var x, double alpha);   /* x for x > 0, else alpha (e^(x/alpha) - 1);  dy = 1 or e^(x/alpha) */
/* The n-th derivative of digamma, n = 0, 1, 2, ...;  dy = polygamma(x, n + 1). NaN for another n. */
TP_API tp_var tp_polygamma(tp_var x, double n);
/* min(max(x, low), high);  dy = 1 for low <= x <= high, else 0. A bound may be infinite. */
TP_API tp_var tp_clamp(tp_var x, double low, double high);
TP_API tp_var tp_hardtanh(tp_var x, double low, double high); /* the same, but dy = 0 at the bounds */
/* x, but these numbers for NaN, Inf and -Inf;  dy = 1 where x is finite, else 0. They may be anything. */
TP_API tp_var tp_nan_to_num(tp_var x, double nan, double positive, double negative);

/* ---- two operands ---- */

/* Shapes broadcast as in NumPy. TP_E_SHAPE when they do not, TP_E_DTYPE when two tensors differ in dtype or are not f32
   or f64. */

TP_API tp_var tp_add(tp_var x, tp_var b);     /* x + b */
TP_API tp_var tp_sub(tp_var x, tp_var b);     /* x - b */
TP_API tp_var tp_mul(tp_var x, tp_var b);     /* x b, element by element */
TP_API tp_var tp_div(tp_var x, tp_var b);     /* x / b */
TP_API tp_var tp_maximum(tp_var x, tp_var b); /* the larger; a tie splits the gradient; NaN if either is */
TP_API tp_var tp_minimum(tp_var x, tp_var b); /* the smaller; likewise */
TP_API tp_var tp_pow(tp_var x, tp_var b);     /* x^b as C's pow, 0^0 = 1;  dx = b x^(b-1), db = y log x (0 at x = 0) */
TP_API tp_var tp_atan2(tp_var x, tp_var b);   /* the angle of the point (b, x);  dx = b/r^2, db = -x/r^2, 0 for r = 0 */
TP_API tp_var tp_hypot(tp_var x, tp_var b);   /* sqrt(x^2 + b^2), never overflows;  dx = x/y, db = b/y, 0 for y = 0 */
TP_API tp_var tp_fmod(tp_var x, tp_var b);    /* x - b trunc(x/b), x's sign;  dx = 1, db = -trunc(x/b) */
TP_API tp_var tp_remainder(tp_var x, tp_var b); /* x - b floor(x/b), b's sign;  dx = 1, db = -floor(x/b) */
TP_API tp_var tp_copysign(tp_var x, tp_var b);  /* |x| with b's sign;  dx = +-1, 0 at x = 0; db = 0 */
TP_API tp_var tp_xlogy(tp_var x, tp_var b);     /* x log b, 0 for x = 0;  dx = log b (0 for x = 0, b <= 0), db = x/b */
TP_API tp_var tp_logaddexp(tp_var x, tp_var b); /* log(e^x + e^b), never overflows;  dx = e^(x-y), db = e^(b-y) */
TP_API tp_var tp_same(tp_var x, tp_var b);      /* 1 where x = b, else 0, in x's dtype; no derivative: 0 everywhere */

/* ---- three operands, which broadcast together ---- */

/* `yes` where the condition is not 0, else `no`. The condition is of any dtype (a u8 mask, say) and gets no gradient;
   the branch that is not taken gets 0, whatever its slope. */
TP_API tp_var tp_where(tp_var condition, tp_var yes, tp_var no);

TP_API tp_var tp_fma(tp_var x, tp_var b, tp_var c);  /* x b + c;  dx = b, db = x, dc = 1 */
TP_API tp_var tp_lerp(tp_var x, tp_var b, tp_var w); /* x + w (b - x);  dx = 1 - w, db = w, dw = b - x */
/* min(max(x, low), high);  dx = 1 for low <= x <= high, dlow = 1 for x < low <= high, dhigh = 1 for x > high or
   low > high, else 0 */
TP_API tp_var tp_clamp_tensors(tp_var x, tp_var low, tp_var high);

/* ---- comparisons ---- */

/* 1 or 0, as u8; two scalars give a scalar. Operands are of any dtype, two tensors of the same one (TP_E_DTYPE else);
   shapes broadcast. A scalar is compared with f32 as f32, with integers as f64. NaN compares as IEEE 754 says: it is
   not_equal to everything. No derivative: the result needs no gradient. */

TP_API tp_var tp_less(tp_var x, tp_var b);
TP_API tp_var tp_less_equal(tp_var x, tp_var b);
TP_API tp_var tp_greater(tp_var x, tp_var b);
TP_API tp_var tp_greater_equal(tp_var x, tp_var b);
TP_API tp_var tp_equal(tp_var x, tp_var b);
TP_API tp_var tp_not_equal(tp_var x, tp_var b);
TP_API tp_var tp_logical_and(tp_var x, tp_var b); /* what is not 0 is true */
TP_API tp_var tp_logical_or(tp_var x, tp_var b);
TP_API tp_var tp_logical_xor(tp_var x, tp_var b);
TP_API tp_var tp_logical_not(tp_var x);
TP_API tp_var tp_isnan(tp_var x);
TP_API tp_var tp_isinf(tp_var x); /* Inf or -Inf */
TP_API tp_var tp_isfinite(tp_var x);

/* The same value, through which no gradient flows. */
TP_API tp_var tp_detach(tp_var x);

#ifdef __cplusplus
}
#endif
#endif
