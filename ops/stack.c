/* Scalars made into a tensor, or tensors joined along a new axis: one node however many there are. */
#include <string.h>

#include "ops/ops.h"

static tp_status stack_shape(tp_ctx *ctx)
{
    const int axis = *(const int *)tp_ctx_attributes(ctx);
    const tp_tensor *first = tp_ctx_input(ctx, 0);
    const bool scalars = first->rank == 0;
    char a[TP_SHAPE_TEXT], b[TP_SHAPE_TEXT];
    if (first->rank == TP_MAX_RANK) return tp_ctx_fail(ctx, TP_E_LIMIT, "rank over %d", TP_MAX_RANK);
    for (int i = 1; i < tp_ctx_count(ctx); i++) {
        const tp_tensor *x = tp_ctx_input(ctx, i);
        if ((x->rank == 0) != scalars)
            return tp_ctx_fail(ctx, TP_E_SHAPE, "operand %d is a %s, the first a %s", i, scalars ? "tensor" : "scalar",
                               scalars ? "scalar" : "tensor");
        if (scalars) continue;
        if (tp_need_first_dtype(ctx, i) != TP_OK) return TP_E_DTYPE;
        if (!tp_shape_equal(x->rank, x->dims, first->rank, first->dims))
            return tp_ctx_fail(ctx, TP_E_SHAPE, "operand %d is %s, the first %s", i, tp_tensor_text(b, x),
                               tp_tensor_text(a, first));
    }
    int64_t dims[TP_MAX_RANK];
    for (int k = 0; k <= first->rank; k++) dims[k] = k == axis ? tp_ctx_count(ctx) : first->dims[k < axis ? k : k - 1];
    return tp_ctx_result(ctx, 0, scalars ? TP_F64 : (tp_dtype)first->dtype, first->rank + 1, dims);
}

/* The strides of operands' axes in a tensor that has the new one. */
static void without(const tp_tensor *y, int axis, int64_t strides[TP_MAX_RANK])
{
    for (int k = 0, to = 0; k < y->rank; k++)
        if (k != axis) strides[to++] = y->strides[k];
}

static tp_status stack_forward(tp_ctx *ctx)
{
    const int axis = *(const int *)tp_ctx_attributes(ctx);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    if (!(ctx->tape->nodes[ctx->inputs[0]].a & TP_IS_TENSOR)) {
        double *numbers = (double *)(void *)out->data;
        for (uint32_t i = 0; i < ctx->count; i++) numbers[i] = ctx->tape->nodes[ctx->inputs[i]].value.number;
        return TP_OK;
    }
    const tp_dtype dtype = (tp_dtype)out->dtype;
    int64_t strides[TP_MAX_RANK];
    without(out, axis, strides);
    for (uint32_t i = 0; i < ctx->count; i++) {
        const tp_tensor *x = ctx->tape->nodes[ctx->inputs[i]].value.tensor;
        char *to = out->data + i * out->strides[axis] * (int64_t)tp_dtype_size(dtype);
        tp_copy(x->rank, x->dims, dtype, to, strides, dtype, x->data, x->strides);
    }
    return TP_OK;
}

static tp_status stack_backward(tp_ctx *ctx, tp_var g)
{
    const int axis = *(const int *)tp_ctx_attributes(ctx);
    tp_status status = TP_OK;
    for (int64_t i = 0; status == TP_OK && i < tp_ctx_count(ctx); i++) {
        if (!tp_ctx_needs(ctx, (int)i)) continue;
        const tp_tensor *x = tp_ctx_input(ctx, (int)i);
        status =
            tp_give(ctx, (int)i,
                    x->rank == 0 ? tp_index(g, 1, &i) : tp_reshape(tp_slice(g, axis, i, i + 1, 1), x->rank, x->dims));
    }
    return status;
}

/* Each tensor gets its part of g without a copy. */
static tp_status stack_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const int axis = *(const int *)tp_ctx_attributes(ctx);
    const bool scalars = !(ctx->tape->nodes[ctx->inputs[0]].a & TP_IS_TENSOR);
    int64_t strides[TP_MAX_RANK];
    tp_status status = TP_OK;
    without(g, axis, strides);
    for (uint32_t i = 0; status == TP_OK && i < ctx->count; i++) {
        if (scalars)
            status = tp_slot_add_number(ctx->tape, ctx->inputs[i], tp_tensor_item(g, (int64_t)i));
        else
            status = tp_pass_part(ctx, (int)i, g, strides, i * g->strides[axis]);
    }
    return status;
}

const tp_op tp_op_stack = {TP_OP_HEAD,
                           .name = "stack",
                           .arity = TP_VARIADIC,
                           .structure = TP_GATHER,
                           .flags = TP_LINEAR,
                           .attributes = sizeof(int),
                           .shape = stack_shape,
                           .forward = stack_forward,
                           .backward = stack_backward,
                           .gradient = stack_gradient,
                           .text = {.formula = "y[i] = x[i] along the new axis",
                                    .derivative = "dx[i] = g[i]",
                                    .shapes = "n scalars -> (n); n of one shape (...) -> (..., n, ...)",
                                    .dtypes = "any, all the same; scalars give f64; f32 and f64 carry a gradient"}};

tp_var tp_stack(const tp_var *x, int n, int axis)
{
    if (!x || n < 1) return tp_refuse(x && n > 0 ? x[0].tape : NULL, TP_E_ARGUMENT, "tp_stack: no operands");
    if (!x[0].tape || !tp_check_operand(x[0].tape, "stack", x[0], 0)) return tp_poison(x[0].tape);
    const int found = tp_shape_axis(tp_var_rank(x[0]) + 1, axis);
    if (found < 0) return tp_refuse(x[0].tape, TP_E_INDEX, "tp_stack: axis %d of rank %d", axis, tp_var_rank(x[0]) + 1);
    return tp_apply(&tp_op_stack, x, n, &found);
}
