/* The largest and the smallest over any axes. Elements that tie share the gradient equally. */
#include "ops/axes.h"

static tp_status extreme_shape(tp_ctx *ctx)
{
    const tp_status status = tp_axes_not_empty(ctx);
    return status == TP_OK ? tp_axes_shape(ctx) : status;
}

static tp_status max_forward(tp_ctx *ctx)
{
    return tp_axes_fold(ctx, TP_FOLD_MAX);
}

static tp_status min_forward(tp_ctx *ctx)
{
    return tp_axes_fold(ctx, TP_FOLD_MIN);
}

/* The upstream goes to the elements that equal the result, in equal shares. The comparison is between like and like: a
   scalar result of an f32 tensor is exactly one of its elements. */
static tp_status extreme_backward(tp_ctx *ctx, tp_var g)
{
    const tp_axes *axes = tp_ctx_attributes(ctx);
    const tp_var x = tp_ctx_input_var(ctx, 0);
    const tp_var chosen = tp_same(x, tp_axes_restore(ctx, tp_ctx_output_var(ctx, 0)));
    int64_t list[TP_MAX_RANK];
    const int n = tp_axes_list(axes, list);
    const tp_var share = n ? tp_div(chosen, tp_sum_axes(chosen, n, list, true)) : chosen;
    return tp_give(ctx, 0, tp_mul_masked(tp_axes_restore(ctx, g), share));
}

/* Counts the ties of each result first. */
static tp_status extreme_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const tp_tensor *y = tp_ctx_output(ctx, 0);
    tp_axes_room room;
    tp_tensor *ties = tp_axes_new(ctx, &room);
    if (!ties) return TP_E_MEMORY;
    tp_axes_fold_to(ctx, TP_FOLD_SAME, (tp_axes_buffers){.out = ties, .shifts = y});
    const tp_axes_slope slope = {.loop = tp_axes_loops(ctx)->extreme, .b = ties, .y = y, .g = g};
    const tp_status status = tp_axes_run(ctx, &slope);
    tp_axes_done(ctx, &room);
    return status;
}

const tp_op tp_op_max = {
    TP_OP_HEAD,
    .name = "max",
    .arity = 1,
    .structure = TP_REDUCE,
    .attributes = sizeof(tp_axes),
    .pattern = tp_axes_pattern,
    .shape = extreme_shape,
    .forward = max_forward,
    .backward = extreme_backward,
    .gradient = extreme_gradient,
    .text = {.formula = "y = the largest x over the axes",
             .derivative = "dx = g / (number of ties) where x = y, else 0",
             .shapes =
                 "x: any -> the dims that stay, with 1 for the others when keep; no axis named: all of them, a scalar",
             .edges = "Ties share the gradient equally. NaN if any element is. Nothing to choose from: TP_E_SHAPE."}};

const tp_op tp_op_min = {
    TP_OP_HEAD,
    .name = "min",
    .arity = 1,
    .structure = TP_REDUCE,
    .attributes = sizeof(tp_axes),
    .pattern = tp_axes_pattern,
    .shape = extreme_shape,
    .forward = min_forward,
    .backward = extreme_backward,
    .gradient = extreme_gradient,
    .text = {.formula = "y = the smallest x over the axes",
             .derivative = "dx = g / (number of ties) where x = y, else 0",
             .shapes =
                 "x: any -> the dims that stay, with 1 for the others when keep; no axis named: all of them, a scalar",
             .edges = "Ties share the gradient equally. NaN if any element is. Nothing to choose from: TP_E_SHAPE."}};

tp_var tp_max_axes(tp_var x, int n, const int64_t *axes, bool keep)
{
    return tp_axes_call(&tp_op_max, x, n, axes, keep, 0);
}

tp_var tp_max(tp_var x)
{
    return tp_max_axes(x, 0, NULL, false);
}

tp_var tp_min_axes(tp_var x, int n, const int64_t *axes, bool keep)
{
    return tp_axes_call(&tp_op_min, x, n, axes, keep, 0);
}

tp_var tp_min(tp_var x)
{
    return tp_min_axes(x, 0, NULL, false);
}
