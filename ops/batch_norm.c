/* Normalisation of each channel over a batch by the batch's own statistics:

       y = z gain + bias,   z = (x - mean) / sqrt(variance + eps) */
#include <math.h>

#include "ops/channels.h"

static tp_status check_running(tp_ctx *ctx, const char *what, tp_tensor *t)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    char got[TP_SHAPE_TEXT], want[TP_SHAPE_TEXT];
    if (t->pool) return tp_ctx_fail(ctx, TP_E_ARGUMENT, "the running %s belongs to a tape: clone it", what);
    if (!tp_dtype_is_float((tp_dtype)t->dtype))
        return tp_ctx_fail(ctx, TP_E_DTYPE, "the running %s is %s, not f32 or f64", what,
                           tp_dtype_name((tp_dtype)t->dtype));
    if (t->rank == 1 && t->dims[0] == x->dims[1]) return tp_ctx_hold(ctx, t);
    return tp_ctx_fail(ctx, TP_E_SHAPE, "the running %s %s does not fit x %s", what, tp_tensor_text(got, t),
                       tp_tensor_text(want, x));
}

static tp_status batch_norm_shape(tp_ctx *ctx)
{
    const tp_channel_attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    char text[TP_SHAPE_TEXT];
    tp_status status = tp_channel_check(ctx, &a->affine, a->eps);
    if (status != TP_OK) return status;
    const tp_batch b = tp_batch_seen(x);
    if (b.c && b.n * b.s == 0)
        return tp_ctx_fail(ctx, TP_E_SHAPE, "an empty batch has no statistics: x %s", tp_tensor_text(text, x));
    if (a->variance && b.c && b.n * b.s == 1)
        return tp_ctx_fail(ctx, TP_E_SHAPE, "one value a channel has no unbiased variance: x %s",
                           tp_tensor_text(text, x));
    if (!(a->momentum >= 0 && a->momentum <= 1))
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "momentum %g is not in [0, 1]", a->momentum);
    if (a->mean) status = check_running(ctx, "mean", a->mean);
    if (status == TP_OK && a->variance) status = check_running(ctx, "variance", a->variance);
    if (status == TP_OK) status = tp_channel_save(ctx, b.c);
    return status == TP_OK ? tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, x->dims) : status;
}

/* running = (1 - momentum) running + momentum now */
static void move_running(tp_tensor *running, int64_t c, double momentum, double now)
{
    const tp_dtype dtype = (tp_dtype)running->dtype;
    char *at = running->data + c * running->strides[0] * (int64_t)tp_dtype_size(dtype);
    tp_put(dtype, at, (1 - momentum) * tp_get(dtype, at) + momentum * now);
}

static tp_status batch_norm_forward(tp_ctx *ctx)
{
    const tp_channel_attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *in = tp_ctx_dense(ctx, 0);
    tp_runs x;
    if (!in || !tp_runs_of(ctx, in, true, &x)) return TP_E_MEMORY;
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)in->dtype);
    const double n = (double)x.b.n * (double)x.b.s;
    double *stats = tp_channel_stats(ctx);
    tp_tensor *mean = tp_ctx_updates(ctx, a->mean) ? a->mean : NULL;
    tp_tensor *variance = tp_ctx_updates(ctx, a->variance) ? a->variance : NULL;
    for (int64_t c = 0; c < x.b.c; c++) {
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < x.b.n; i++)
            sum += tp_channel_loops(ctx)->sum(x.b.s, x.data + tp_run_at(&x, i, c, size));
        for (int64_t i = 0; i < x.b.n; i++)
            squares += tp_channel_loops(ctx)->squares(x.b.s, x.data + tp_run_at(&x, i, c, size), sum / n);
        stats[2 * c] = sum / n;
        stats[2 * c + 1] = 1 / sqrt(squares / n + a->eps);
        if (mean) move_running(mean, c, a->momentum, sum / n);
        if (variance) move_running(variance, c, a->momentum, squares / (n - 1));
    }
    if (mean) tp_tensor_touch(mean);
    if (variance) tp_tensor_touch(variance);
    const tp_status status = tp_channel_apply(ctx, &a->affine, &x);
    tp_runs_end(ctx, &x, NULL);
    return status;
}

static tp_status batch_norm_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const tp_channel_attributes *a = tp_ctx_attributes(ctx);
    return tp_channel_gradient(ctx, g, &a->affine, true);
}

static tp_status batch_norm_backward(tp_ctx *ctx, tp_var g)
{
    const tp_channel_attributes *a = tp_ctx_attributes(ctx);
    const tp_norm_view view = tp_channel_view(tp_ctx_input(ctx, 0), a->eps);
    return tp_norm_backward(ctx, g, &a->affine, &view);
}

static tp_status batch_norm_pattern(tp_ctx *ctx)
{
    return tp_norm_pattern(ctx, ~(1u << 1), false);
}

const tp_op tp_op_batch_norm = {
    TP_OP_HEAD,
    .name = "batch_norm",
    .arity = TP_VARIADIC,
    .structure = TP_DENSE,
    .attributes = sizeof(tp_channel_attributes),
    .pattern = batch_norm_pattern,
    .scratch = 2,
    .shape = batch_norm_shape,
    .forward = batch_norm_forward,
    .backward = batch_norm_backward,
    .gradient = batch_norm_gradient,
    .text = {
        .formula = "(x - mean) / sqrt(variance + eps) gain + bias, by the statistics of each channel of the batch",
        .derivative = "as layer_norm, a channel of the batch for a row",
        .shapes = "x: (N, C, ...), gain and bias: (C) -> x's shape",
        .edges =
            "variance 0 with eps 0: NaN, as 0/0 says; a channel without an upstream gets 0 all the same; an "
            "empty batch is refused; running statistics are updated when recorded, and on a replay that advances"}};

tp_var tp_batch_norm(tp_var x, tp_var gain, tp_var bias, tp_tensor *mean, tp_tensor *variance, double momentum,
                     double eps)
{
    tp_channel_attributes a = {.eps = eps, .momentum = momentum, .mean = mean, .variance = variance};
    tp_var inputs[3] = {x};
    const int n = tp_affine_inputs(gain, bias, 1, inputs, &a.affine);
    return tp_apply(&tp_op_batch_norm, inputs, n, &a);
}
