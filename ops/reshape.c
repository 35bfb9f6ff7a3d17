/* The same elements under other dims: a view where strides allow, else a copy; settled when recorded. */
#include <string.h>

#include "ops/ops.h"

static tp_status reshape_shape(tp_ctx *ctx)
{
    const tp_shape *to = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    int64_t strides[TP_MAX_RANK];
    if (x->rank > 0 && to->rank > 0 && tp_shape_reshape(x->rank, x->dims, x->strides, to->rank, to->dims, strides))
        return tp_ctx_result_view(ctx, to->rank, to->dims, strides, 0);
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, to->rank, to->dims);
}

static tp_status reshape_forward(tp_ctx *ctx)
{
    if (tp_ctx_is_view(ctx)) return TP_OK;
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    int64_t strides[TP_MAX_RANK];
    tp_shape_strides(x->rank, x->dims, strides);
    tp_copy(x->rank, x->dims, (tp_dtype)out->dtype, out->data, strides, (tp_dtype)x->dtype, x->data, x->strides);
    return TP_OK;
}

static tp_status reshape_backward(tp_ctx *ctx, tp_var g)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    return tp_give(ctx, 0, tp_reshape(g, x->rank, x->dims));
}

const tp_op tp_op_reshape = {
    TP_OP_HEAD,
    .name = "reshape",
    .arity = 1,
    .structure = TP_VIEW,
    .flags = TP_LINEAR,
    .attributes = sizeof(tp_shape),
    .shape = reshape_shape,
    .forward = reshape_forward,
    .backward = reshape_backward,
    .text = {.formula = "y = x, the same elements in row-major order",
             .derivative = "dx = g under the dims of x",
             .shapes =
                 "x: any -> the dims given, one of which may be -1 (a view where strides allow); to rank 0: a scalar",
             .dtypes = "any; f32 and f64 carry a gradient"}};

tp_var tp_reshape(tp_var x, int rank, const int64_t *dims)
{
    if (!x.tape || !tp_check_operand(x.tape, "reshape", x, 0)) return tp_poison(x.tape);
    if (rank < 0 || rank > TP_MAX_RANK || (rank && !dims))
        return tp_refuse(x.tape, TP_E_LIMIT, "tp_reshape: rank %d is not in 0..%d, or dims are NULL", rank,
                         TP_MAX_RANK);
    const tp_tensor *value = tp_value(x);
    tp_shape to = {.rank = rank};
    for (int i = 0; i < rank; i++) to.dims[i] = dims[i];
    char from[TP_SHAPE_TEXT] = "()", wanted[TP_SHAPE_TEXT];
    if (!tp_shape_infer(value ? value->count : 1, rank, to.dims))
        return tp_refuse(x.tape, TP_E_SHAPE, "tp_reshape: %s does not have as many elements as %s",
                         value ? tp_tensor_text(from, value) : from, tp_shape_text(wanted, rank, dims));
    if (!value && rank == 0) return x;
    return tp_record1(x.tape, &tp_op_reshape, x.node, &to);
}
