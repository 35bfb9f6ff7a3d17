/* Integer labels as rows with a single 1. Not differentiable. */
#include <math.h>
#include <string.h>

#include "ops/ops.h"

typedef struct attributes {
    int64_t classes;
    tp_dtype dtype;
} attributes;

static tp_status one_hot_shape(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *labels = tp_ctx_input(ctx, 0);
    if (tp_need_integers(ctx, 0, "labels") != TP_OK) return TP_E_DTYPE;
    if (labels->rank == TP_MAX_RANK) return tp_ctx_fail(ctx, TP_E_LIMIT, "rank over %d", TP_MAX_RANK);
    int64_t dims[TP_MAX_RANK];
    memcpy(dims, labels->dims, sizeof dims);
    dims[labels->rank] = a->classes;
    return tp_ctx_result(ctx, 0, a->dtype, labels->rank + 1, dims);
}

static tp_status one_hot_forward(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    const tp_tensor *labels = tp_ctx_input(ctx, 0);
    const int64_t size = (int64_t)tp_dtype_size(a->dtype);
    tp_fill(out->count, a->dtype, out->data, 0);
    for (int64_t i = 0; i < labels->count; i++) {
        const double label = tp_tensor_item(labels, i);
        if (!(label >= 0 && label < (double)a->classes && label == floor(label)))
            return tp_ctx_fail(ctx, TP_E_INDEX, "label %g is not in 0..%lld", label, (long long)a->classes - 1);
        tp_put(a->dtype, out->data + (i * a->classes + (int64_t)label) * size, 1);
    }
    return TP_OK;
}

const tp_op tp_op_one_hot = {TP_OP_HEAD,
                             .name = "one_hot",
                             .arity = 1,
                             .structure = TP_GATHER,
                             .flags = TP_NO_GRADIENT,
                             .attributes = sizeof(attributes),
                             .shape = one_hot_shape,
                             .forward = one_hot_forward,
                             .text = {.formula = "y[..., c] = 1 where c = label, else 0",
                                      .derivative = "none",
                                      .shapes = "labels: (...) -> (..., classes)",
                                      .dtypes = "labels: i32, i64, u8, or a scalar; y: the dtype asked for",
                                      .edges = "A label outside 0 .. classes - 1: TP_E_INDEX."}};

tp_var tp_one_hot(tp_var labels, int64_t classes, tp_dtype dtype)
{
    const attributes a = {classes, dtype};
    if (classes < 0 || !tp_dtype_size(dtype))
        return tp_refuse(labels.tape, TP_E_ARGUMENT, "tp_one_hot: %lld classes, dtype %d", (long long)classes,
                         (int)dtype);
    return tp_call1(&tp_op_one_hot, labels, &a);
}
