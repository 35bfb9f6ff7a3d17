/* Normalisation of each channel by a given mean and variance, operands 1 and 2. */
#include <math.h>

#include "ops/channels.h"

static tp_status fixed_shape(tp_ctx *ctx)
{
    const tp_channel_attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    if (tp_ctx_count(ctx) < 3) return tp_ctx_fail(ctx, TP_E_ARGUMENT, "%d operands are too few", tp_ctx_count(ctx));
    tp_status status = tp_channel_check(ctx, &a->affine, a->eps);
    if (status == TP_OK) status = tp_part_check(ctx, "mean", 1, 1, x->dims + 1);
    if (status == TP_OK) status = tp_part_check(ctx, "variance", 2, 1, x->dims + 1);
    if (status == TP_OK) status = tp_channel_save(ctx, x->dims[1]);
    return status == TP_OK ? tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, x->dims) : status;
}

static tp_status fixed_forward(tp_ctx *ctx)
{
    const tp_channel_attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_dense(ctx, 0), *mean = tp_ctx_dense(ctx, 1), *variance = tp_ctx_dense(ctx, 2);
    double *stats = tp_channel_stats(ctx);
    tp_runs r;
    if (!x || !mean || !variance || !tp_runs_of(ctx, x, true, &r)) return TP_E_MEMORY;
    for (int64_t c = 0; c < x->dims[1]; c++) {
        stats[2 * c] = tp_norm_at(mean, c, 0);
        stats[2 * c + 1] = 1 / sqrt(tp_norm_at(variance, c, 0) + a->eps);
    }
    const tp_status status = tp_channel_apply(ctx, &a->affine, &r);
    tp_runs_end(ctx, &r, NULL);
    return status;
}

static tp_status fixed_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const tp_channel_attributes *a = tp_ctx_attributes(ctx);
    return tp_channel_gradient(ctx, g, &a->affine, false);
}

/* dx = h s, dmean = -sum h s, dvariance = -1/2 sum h z s^2, with h = g gain and s = 1/sqrt(variance + eps) */
static tp_status fixed_backward(tp_ctx *ctx, tp_var g)
{
    const tp_channel_attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const tp_norm_view view = tp_channel_view(x, a->eps);
    const int64_t *column = view.gain, channels = x->dims[1];
    const tp_var mean = tp_reshape(tp_ctx_input_var(ctx, 1), 2, column);
    const tp_var variance = tp_reshape(tp_ctx_input_var(ctx, 2), 2, column);
    const tp_var scale = tp_pows(tp_adds(variance, a->eps), -.5);
    const tp_var z = tp_mul(tp_sub(tp_reshape(tp_ctx_input_var(ctx, 0), 3, view.dims), mean), scale);
    g = tp_reshape(g, 3, view.dims);
    tp_status status = tp_affine_backward(ctx, g, z, &a->affine, &view);
    if (a->affine.gain) g = tp_mul_masked(g, tp_reshape(tp_ctx_input_var(ctx, a->affine.gain), 2, column));
    const tp_var dx = tp_mul_masked(g, scale);
    if (status == TP_OK) status = tp_give(ctx, 0, tp_reshape(dx, x->rank, x->dims));
    if (status == TP_OK && tp_ctx_needs(ctx, 1))
        status = tp_give(ctx, 1, tp_neg(tp_reshape(tp_sum_axes(dx, TP_AXES(0, 2), false), 1, &channels)));
    if (status == TP_OK && tp_ctx_needs(ctx, 2)) {
        const tp_var each = tp_mul_masked(dx, tp_mul(z, tp_muls(scale, -.5)));
        status = tp_give(ctx, 2, tp_reshape(tp_sum_axes(each, TP_AXES(0, 2), false), 1, &channels));
    }
    return status;
}

static tp_status fixed_pattern(tp_ctx *ctx)
{
    return tp_norm_pattern(ctx, 0, false);
}

const tp_op tp_op_batch_norm_fixed = {
    TP_OP_HEAD,
    .name = "batch_norm_fixed",
    .arity = TP_VARIADIC,
    .structure = TP_DENSE,
    .attributes = sizeof(tp_channel_attributes),
    .pattern = fixed_pattern,
    .shape = fixed_shape,
    .forward = fixed_forward,
    .backward = fixed_backward,
    .gradient = fixed_gradient,
    .text = {.formula = "(x - mean) / sqrt(variance + eps) gain + bias, with a given mean and variance of each channel",
             .derivative = "dx = h s, dmean = -sum h s, dvariance = -1/2 sum h z s^2, dgain = sum g z, dbias = sum g, "
                           "with h = g gain, s = 1/sqrt(variance + eps), z = (x - mean) s",
             .shapes = "x: (N, C, ...), the others: (C) -> x's shape",
             .edges = "a channel without an upstream gets 0; empty batches work"}};

tp_var tp_batch_norm_fixed(tp_var x, tp_var mean, tp_var variance, tp_var gain, tp_var bias, double eps)
{
    tp_channel_attributes a = {.eps = eps};
    tp_var inputs[5] = {x, mean, variance};
    const int n = tp_affine_inputs(gain, bias, 3, inputs, &a.affine);
    return tp_apply(&tp_op_batch_norm_fixed, inputs, n, &a);
}
