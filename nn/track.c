/* The op that keeps running statistics. Its value is the number of batches; no gradient flows through it. */
#include "nn/track.h"

#include <tapir/op.h>
#include <tapir/ops.h>

#include "core/tensor.h"
#include "kernels/kernels.h"

/* Operands: `on`, and where statistics are kept mean and variance. */
enum { ON, MEAN, VARIANCE };

static tp_status hold(tp_ctx *ctx, int i, tp_tensor *running)
{
    const tp_tensor *now = tp_ctx_input(ctx, i);
    if (running->rank != 1 || now->rank != 1 || running->dims[0] != now->dims[0] ||
        !tp_dtype_is_float((tp_dtype)running->dtype))
        return tp_ctx_fail(ctx, TP_E_SHAPE, "the running %s does not fit the batch's", i == MEAN ? "mean" : "variance");
    return tp_ctx_hold(ctx, running);
}

static tp_status track_shape(tp_ctx *ctx)
{
    const tp_track *track = tp_ctx_attributes(ctx);
    tp_status status = TP_OK;
    if (track->batches && (track->batches->dtype != TP_I64 || track->batches->count != 1))
        return tp_ctx_fail(ctx, TP_E_DTYPE, "num_batches_tracked is no single i64");
    if (track->batches) status = tp_ctx_hold(ctx, track->batches);
    if (status == TP_OK && track->mean) status = hold(ctx, MEAN, track->mean);
    if (status == TP_OK && track->variance) status = hold(ctx, VARIANCE, track->variance);
    return status == TP_OK ? tp_ctx_result(ctx, 0, TP_F64, 0, NULL) : status;
}

static void move(tp_tensor *running, const tp_tensor *now, double factor)
{
    const tp_dtype dtype = (tp_dtype)running->dtype;
    const int64_t step = running->strides[0] * (int64_t)tp_dtype_size(dtype);
    for (int64_t c = 0; c < running->count; c++) {
        char *at = running->data + c * step;
        tp_put(dtype, at, (1 - factor) * tp_get(dtype, at) + factor * tp_tensor_item(now, c));
    }
    tp_tensor_touch(running);
}

static tp_status track_forward(tp_ctx *ctx)
{
    const tp_track *track = tp_ctx_attributes(ctx);
    if (tp_ctx_updates(ctx, track->batches)) {
        ++*(int64_t *)track->batches->data;
        tp_tensor_touch(track->batches);
    }
    const double batches = track->batches ? (double)*(const int64_t *)track->batches->data : 0;
    const double factor = track->cumulative ? 1 / (batches > 1 ? batches : 1) : track->momentum;
    if (tp_ctx_updates(ctx, track->mean)) move(track->mean, tp_ctx_input(ctx, MEAN), factor);
    if (tp_ctx_updates(ctx, track->variance)) move(track->variance, tp_ctx_input(ctx, VARIANCE), factor);
    *(double *)tp_tensor_data(tp_ctx_output(ctx, 0)) = batches;
    return TP_OK;
}

static const tp_op track_op = {TP_OP_HEAD,
                               .name = "running_statistics",
                               .arity = TP_VARIADIC,
                               .structure = TP_DENSE,
                               .flags = TP_NO_GRADIENT,
                               .attributes = sizeof(tp_track),
                               .shape = track_shape,
                               .forward = track_forward};

bool tp_track_statistics(tp_var on, tp_var mean, tp_var variance, const tp_track *track)
{
    const tp_var inputs[] = {on, mean, variance};
    return tp_ok(tp_apply(&track_op, inputs, track->mean ? 3 : 1, track));
}
