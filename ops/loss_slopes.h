/* What the recorded slopes of loss.def call, written in ops. */
#ifndef TAPIR_OPS_LOSS_SLOPES_H
#define TAPIR_OPS_LOSS_SLOPES_H

#include <math.h>

#include "ops/ops.h"

/* sigmoid((margin - t x) / epsilon) */
static inline tp_var soft_step(tp_var x, tp_var t, double epsilon, double margin)
{
    return tp_sigmoid(tp_muls(tp_rsubs(margin, tp_mul(t, x)), 1 / epsilon));
}

/* 1 where margin - y (a - b) is positive */
static inline tp_var inverted(tp_var a, tp_var b, tp_var y, double margin)
{
    return tp_step(tp_rsubs(margin, tp_mul(y, tp_sub(a, b))));
}

/* The derivative of Stirling's part by t, if it is in the loss. */
static inline tp_var stirling_slope(tp_var t, double full)
{
    if (!(full > 0)) return tp_const(t.tape, 0);
    return tp_mul_masked(tp_step(tp_adds(t, -1)), tp_add(tp_log(t), tp_rdivs(.5, t)));
}

/* (1 - (x - t)^2 / v) / 2v */
static inline tp_var gaussian_by_variance(tp_var x, tp_var t, tp_var v)
{
    return tp_div(tp_rsubs(1, tp_div(tp_square(tp_sub(x, t)), v)), tp_muls(v, 2));
}

/* ---- focal: the names are those of the row ---- */

typedef struct focal_parts {
    tp_var share, rest, power, per_miss, loss; /* s, 1 - s, m^gamma, 1/m, bce_with_logits */
} focal_parts;

static inline focal_parts focal_of(tp_var x, tp_var t, double gamma)
{
    const tp_var share = tp_sigmoid(x), rest = tp_sigmoid(tp_neg(x));
    const tp_var miss = tp_add(tp_mul(tp_rsubs(1, t), share), tp_mul(t, rest));
    return (focal_parts){share, rest, tp_pows(miss, gamma), tp_reciprocal_or_zero(miss),
                         tp_bce_with_logits(x, t, TP_NONE)};
}

static inline tp_var focal_weighed(tp_var y, tp_var t, double alpha)
{
    return alpha < 0 ? y : tp_mul(y, tp_adds(tp_muls(t, 2 * alpha - 1), 1 - alpha));
}

/* g a m^gamma (s - t + gamma (1 - 2t) s (1 - s) bce / m) */
static inline tp_var focal_slope_x(tp_var g, tp_var x, tp_var t, double gamma, double alpha)
{
    const focal_parts f = focal_of(x, t, gamma);
    const tp_var spread = tp_mul(tp_mul(f.share, f.rest), tp_adds(tp_muls(t, -2 * gamma), gamma));
    const tp_var inner = tp_add(tp_sub(f.share, t), tp_mul(tp_mul(spread, f.per_miss), f.loss));
    return tp_mul_masked(g, focal_weighed(tp_mul(f.power, inner), t, alpha));
}

/* g m^gamma (a' bce + a (gamma (1 - 2s) bce / m - x)), where a' = 2 alpha - 1 */
static inline tp_var focal_slope_t(tp_var g, tp_var x, tp_var t, double gamma, double alpha)
{
    const focal_parts f = focal_of(x, t, gamma);
    const tp_var tilt = tp_mul(tp_mul(tp_muls(tp_sub(f.rest, f.share), gamma), f.per_miss), f.loss);
    const tp_var inner = focal_weighed(tp_sub(tilt, x), t, alpha);
    const tp_var all = alpha < 0 ? inner : tp_add(inner, tp_muls(f.loss, 2 * alpha - 1));
    return tp_mul_masked(g, tp_mul(f.power, all));
}

#endif
