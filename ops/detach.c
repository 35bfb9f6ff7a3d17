/* The same value, through which no gradient flows. */
#include "ops/ops.h"

static tp_status detach_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    return x->rank ? tp_ctx_result_view(ctx, x->rank, x->dims, x->strides, 0) : tp_ctx_result(ctx, 0, TP_F64, 0, NULL);
}

static tp_status detach_forward(tp_ctx *ctx)
{
    tp_tensor *out = tp_ctx_output(ctx, 0);
    if (out->rank == 0) tp_put(TP_F64, out->data, tp_get(TP_F64, tp_ctx_input(ctx, 0)->data));
    return TP_OK;
}

const tp_op tp_op_detach = {TP_OP_HEAD,
                            .name = "detach",
                            .arity = 1,
                            .structure = TP_VIEW,
                            .flags = TP_NO_GRADIENT,
                            .shape = detach_shape,
                            .forward = detach_forward,
                            .text = {.formula = "y = x",
                                     .derivative = "none: no gradient flows back",
                                     .shapes = "x: any -> the same (a view)",
                                     .dtypes = "any"}};

tp_var tp_detach(tp_var x)
{
    return tp_call1(&tp_op_detach, x, NULL);
}
