/* Norms over any axes: the sum of |x|^p, and its p-th root; the largest and the smallest |x|; how many are not 0. */
#include <math.h>

#include "ops/axes.h"

static tp_status norm_shape(tp_ctx *ctx)
{
    const tp_axes *axes = tp_ctx_attributes(ctx);
    if (!(axes->number >= 0) && axes->number != -HUGE_VAL)
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "there is no norm with p = %g", axes->number);
    const tp_status status = isinf(axes->number) ? tp_axes_not_empty(ctx) : TP_OK;
    return status == TP_OK ? tp_axes_shape(ctx) : status;
}

static tp_status norm_forward(tp_ctx *ctx)
{
    const double p = ((const tp_axes *)tp_ctx_attributes(ctx))->number;
    const tp_fold_kind how = p == 1           ? TP_FOLD_ABS
                             : p == 0         ? TP_FOLD_NONZERO
                             : p == HUGE_VAL  ? TP_FOLD_ABS_MAX
                             : p == -HUGE_VAL ? TP_FOLD_ABS_MIN
                                              : TP_FOLD_NORM;
    return tp_axes_fold(ctx, how);
}

/* The elements as large as the result share its slope. */
static tp_var extreme_slope(tp_ctx *ctx, tp_var x, tp_var y)
{
    int64_t list[TP_MAX_RANK];
    const int n = tp_axes_list(tp_ctx_attributes(ctx), list);
    const tp_var chosen = tp_same(tp_abs(x), y);
    return tp_mul_masked(tp_sign(x), n ? tp_div(chosen, tp_sum_axes(chosen, n, list, true)) : chosen);
}

/* dx = g sign x (|x| / y)^(p-1), 0 where x or y is 0 */
static tp_status norm_backward(tp_ctx *ctx, tp_var g)
{
    const double p = ((const tp_axes *)tp_ctx_attributes(ctx))->number;
    const tp_var x = tp_ctx_input_var(ctx, 0), y = tp_axes_restore(ctx, tp_ctx_output_var(ctx, 0));
    tp_var slope;
    g = tp_axes_restore(ctx, g);
    if (p == 0) return tp_give(ctx, 0, tp_muls(g, 0));
    if (p == 1)
        slope = tp_sign(x);
    else if (p == 2)
        slope = tp_div_or_zero(x, y);
    else if (isinf(p))
        slope = extreme_slope(ctx, x, y);
    else
        slope = tp_mul_masked(tp_sign(x), tp_pows_or_zero(tp_div_or_zero(tp_abs(x), y), p - 1));
    return tp_give(ctx, 0, tp_mul_masked(g, slope));
}

static tp_status norm_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const double p = ((const tp_axes *)tp_ctx_attributes(ctx))->number;
    const tp_reduce_loops *loops = tp_axes_loops(ctx);
    tp_axes_slope slope = {.y = tp_ctx_output(ctx, 0), .g = g, .number = &p};
    if (p == 0) return tp_axes_recorded(ctx, g, norm_backward);
    if (!isinf(p)) {
        slope.loop = p == 1 ? loops->norm1 : (p == 2 ? loops->norm2 : loops->norm);
        return tp_axes_run(ctx, &slope);
    }
    tp_axes_room room;
    tp_tensor *ties = tp_axes_new(ctx, &room);
    if (!ties) return TP_E_MEMORY;
    tp_axes_fold_to(ctx, TP_FOLD_ABS_SAME, (tp_axes_buffers){.out = ties, .shifts = slope.y});
    slope.loop = loops->extreme_abs, slope.b = ties, slope.number = NULL;
    const tp_status status = tp_axes_run(ctx, &slope);
    tp_axes_done(ctx, &room);
    return status;
}

const tp_op tp_op_norm = {
    TP_OP_HEAD,
    .name = "norm",
    .arity = 1,
    .structure = TP_REDUCE,
    .attributes = sizeof(tp_axes),
    .pattern = tp_axes_pattern,
    .shape = norm_shape,
    .forward = norm_forward,
    .backward = norm_backward,
    .gradient = norm_gradient,
    .text = {
        .formula = "y = (sum |x|^p)^(1/p) over the axes; p = Inf, -Inf: the largest, the smallest |x|; p = 0: how "
                   "many are not 0",
        .derivative = "dx = g sign x (|x| / y)^(p-1); p = Inf, -Inf: g sign x / ties where |x| = y; p = 0: 0",
        .shapes = "x: any -> the dims that stay, with 1 for the others when keep; no axis named: all of them, a scalar",
        .edges = "The slope is 0 where x or y is 0. Neither overflows nor underflows on the way. NaN if any element "
                 "is. Of nothing: 0; for an infinite p: TP_E_SHAPE."}};

tp_var tp_norm_axes(tp_var x, double p, int n, const int64_t *axes, bool keep)
{
    return tp_axes_call(&tp_op_norm, x, n, axes, keep, p);
}

tp_var tp_norm(tp_var x, double p)
{
    return tp_norm_axes(x, p, 0, NULL, false);
}
