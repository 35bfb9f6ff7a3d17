/* Scalars made into a tensor, one node however many there are; tensors are stacked by joining them along a new axis. */
#include <string.h>

#include "ops/ops.h"

static tp_status stack_shape(tp_ctx *ctx)
{
    for (int i = 0; i < tp_ctx_count(ctx); i++)
        if (tp_ctx_input(ctx, i)->rank != 0)
            return tp_ctx_fail(ctx, TP_E_SHAPE, "operand %d is a tensor, the first a scalar", i);
    return tp_ctx_result(ctx, 0, TP_F64, 1, (const int64_t[]){tp_ctx_count(ctx)});
}

static tp_status stack_forward(tp_ctx *ctx)
{
    double *out = (double *)(void *)tp_ctx_output(ctx, 0)->data;
    for (uint32_t i = 0; i < ctx->count; i++) out[i] = ctx->tape->nodes[ctx->inputs[i]].value.number;
    return TP_OK;
}

static tp_status stack_backward(tp_ctx *ctx, tp_var g)
{
    for (int64_t i = 0; i < tp_ctx_count(ctx); i++) {
        const tp_status status = tp_ctx_needs(ctx, (int)i) ? tp_give(ctx, (int)i, tp_index(g, 1, &i)) : TP_OK;
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

static tp_status stack_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    for (uint32_t i = 0; i < ctx->count; i++) {
        const tp_status status = tp_slot_add_number(ctx->tape, ctx->inputs[i], tp_tensor_item(g, (int64_t)i));
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

const tp_op tp_op_stack = {TP_OP_HEAD,
                           .name = "stack",
                           .arity = TP_VARIADIC,
                           .structure = TP_GATHER,
                           .flags = TP_LINEAR,
                           .shape = stack_shape,
                           .forward = stack_forward,
                           .backward = stack_backward,
                           .gradient = stack_gradient,
                           .text = {.formula = "y[i] = x[i]",
                                    .derivative = "dx[i] = g[i]",
                                    .shapes = "n scalars -> (n); tensors are reshaped and joined by concat",
                                    .dtypes = "f64"}};

/* Each tensor gets the new axis, then they are joined along it. */
static tp_var stack_tensors(const tp_var *x, int n, int axis)
{
    tp_tape *tape = x[0].tape;
    tp_var *parts = tp_chunks_push(&tape->stack, (size_t)n * sizeof *parts);
    if (!parts) return tp_refuse(tape, TP_E_MEMORY, "tp_stack: out of memory");
    for (int i = 0; i < n; i++) {
        if (!tp_check_operand(tape, "stack", x[i], i)) return tp_poison(tape);
        const tp_tensor *value = tp_value(x[i]);
        if (!value) return tp_refuse(tape, TP_E_SHAPE, "tp_stack: operand %d is a scalar, the first a tensor", i);
        if (value->rank != tp_var_rank(x[0]))
            return tp_refuse(tape, TP_E_SHAPE, "tp_stack: operand %d has rank %d, the first %d", i, value->rank,
                             tp_var_rank(x[0]));
        if (value->rank == TP_MAX_RANK) return tp_refuse(tape, TP_E_LIMIT, "tp_stack: rank over %d", TP_MAX_RANK);
        int64_t dims[TP_MAX_RANK];
        for (int k = 0; k <= value->rank; k++) dims[k] = k == axis ? 1 : value->dims[k < axis ? k : k - 1];
        parts[i] = tp_reshape(x[i], value->rank + 1, dims);
    }
    return tp_concat(parts, n, axis);
}

tp_var tp_stack(const tp_var *x, int n, int axis)
{
    if (!x || n < 1) return tp_refuse(x && n > 0 ? x[0].tape : NULL, TP_E_ARGUMENT, "tp_stack: no operands");
    if (!x[0].tape || !tp_check_operand(x[0].tape, "stack", x[0], 0)) return tp_poison(x[0].tape);
    const int found = tp_shape_axis(tp_var_rank(x[0]) + 1, axis);
    if (found < 0) return tp_refuse(x[0].tape, TP_E_INDEX, "tp_stack: axis %d of rank %d", axis, tp_var_rank(x[0]) + 1);
    return tp_value(x[0]) ? stack_tensors(x, n, found) : tp_apply(&tp_op_stack, x, n, NULL);
}
