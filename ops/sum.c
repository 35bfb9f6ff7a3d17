/* Sums and means over any axes. */
#include "ops/axes.h"

static tp_status sum_forward(tp_ctx *ctx)
{
    return tp_axes_fold(ctx, TP_FOLD_SUM);
}

/* Every summed element gets the upstream gradient of its sum: the engine spreads it. */
static tp_status sum_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_axes_restore(ctx, g));
}

const tp_op tp_op_sum = {
    TP_OP_HEAD,
    .name = "sum",
    .arity = 1,
    .structure = TP_REDUCE,
    .flags = TP_LINEAR,
    .attributes = sizeof(tp_axes),
    .pattern = tp_axes_pattern,
    .shape = tp_axes_shape,
    .forward = sum_forward,
    .backward = sum_backward,
    .text = {.formula = "y = sum of x over the axes",
             .derivative = "dx = g, spread over the axes",
             .shapes =
                 "x: any -> the dims that stay, with 1 for the others when keep; no axis named: all of them, a scalar",
             .edges = "Of nothing: 0. Carried in f64."}};

tp_var tp_sum_axes(tp_var x, int n, const int64_t *axes, bool keep)
{
    return tp_axes_call(&tp_op_sum, x, n, axes, keep, 0);
}

tp_var tp_sum(tp_var x)
{
    return tp_sum_axes(x, 0, NULL, false);
}

static tp_status mean_forward(tp_ctx *ctx)
{
    return tp_axes_fold(ctx, TP_FOLD_MEAN);
}

static tp_status mean_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_axes_restore(ctx, tp_muls(g, 1 / tp_axes_count(ctx))));
}

const tp_op tp_op_mean = {
    TP_OP_HEAD,
    .name = "mean",
    .arity = 1,
    .structure = TP_REDUCE,
    .flags = TP_LINEAR,
    .attributes = sizeof(tp_axes),
    .pattern = tp_axes_pattern,
    .shape = tp_axes_shape,
    .forward = mean_forward,
    .backward = mean_backward,
    .text = {.formula = "y = sum of x over the axes / how many they are",
             .derivative = "dx = g / n, spread over the axes",
             .shapes =
                 "x: any -> the dims that stay, with 1 for the others when keep; no axis named: all of them, a scalar",
             .edges = "Of nothing: NaN. Carried in f64."}};

tp_var tp_mean_axes(tp_var x, int n, const int64_t *axes, bool keep)
{
    return tp_axes_call(&tp_op_mean, x, n, axes, keep, 0);
}

tp_var tp_mean(tp_var x)
{
    return tp_mean_axes(x, 0, NULL, false);
}
