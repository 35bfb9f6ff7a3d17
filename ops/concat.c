/* Tensors joined along an axis that they have. */
#include <string.h>

#include "ops/ops.h"

static tp_status concat_shape(tp_ctx *ctx)
{
    const int axis = *(const int *)tp_ctx_attributes(ctx);
    const tp_tensor *first = tp_ctx_input(ctx, 0);
    int64_t dims[TP_MAX_RANK];
    memcpy(dims, first->dims, sizeof dims);
    for (int i = 1; i < tp_ctx_count(ctx); i++) {
        const tp_tensor *x = tp_ctx_input(ctx, i);
        char a[TP_SHAPE_TEXT], b[TP_SHAPE_TEXT];
        if (tp_need_first_dtype(ctx, i) != TP_OK) return TP_E_DTYPE;
        bool fits = x->rank == first->rank;
        for (int k = 0; fits && k < x->rank; k++) fits = k == axis || x->dims[k] == first->dims[k];
        if (!fits)
            return tp_ctx_fail(ctx, TP_E_SHAPE, "%s does not join %s along axis %d", tp_tensor_text(b, x),
                               tp_tensor_text(a, first), axis);
        if (__builtin_add_overflow(dims[axis], x->dims[axis], &dims[axis]))
            return tp_ctx_fail(ctx, TP_E_LIMIT, "the size overflows");
    }
    return tp_ctx_result(ctx, 0, (tp_dtype)first->dtype, first->rank, dims);
}

static tp_status concat_forward(tp_ctx *ctx)
{
    const int axis = *(const int *)tp_ctx_attributes(ctx);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    const tp_dtype dtype = (tp_dtype)out->dtype;
    char *at = out->data;
    for (int i = 0; i < tp_ctx_count(ctx); i++) {
        const tp_tensor *x = tp_ctx_input(ctx, i);
        tp_copy(x->rank, x->dims, dtype, at, out->strides, dtype, x->data, x->strides);
        at += x->dims[axis] * out->strides[axis] * (int64_t)tp_dtype_size(dtype);
    }
    return TP_OK;
}

static tp_status concat_backward(tp_ctx *ctx, tp_var g)
{
    const int axis = *(const int *)tp_ctx_attributes(ctx);
    int64_t start = 0;
    for (int i = 0; i < tp_ctx_count(ctx); i++) {
        const int64_t stop = start + tp_ctx_input(ctx, i)->dims[axis];
        const tp_status status = tp_ctx_needs(ctx, i) ? tp_give(ctx, i, tp_slice(g, axis, start, stop, 1)) : TP_OK;
        if (status != TP_OK) return status;
        start = stop;
    }
    return TP_OK;
}

tp_status tp_pass_part(tp_ctx *ctx, int i, const tp_tensor *g, const int64_t *strides, int64_t offset)
{
    if (!tp_ctx_needs(ctx, i)) return TP_OK;
    const tp_tensor *x = tp_ctx_input(ctx, i);
    tp_tensor *part = tp_pool_view(&ctx->tape->pool, (tp_tensor *)g);
    if (!part) return tp_ctx_fail(ctx, TP_E_MEMORY, "out of memory");
    tp_tensor_set_view(part, x->rank, x->dims, strides, offset);
    const tp_status status = tp_ctx_pass(ctx, i, part);
    tp_unref(ctx->tape, part);
    return status;
}

static tp_status concat_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const int axis = *(const int *)tp_ctx_attributes(ctx);
    tp_status status = TP_OK;
    for (int64_t i = 0, start = 0; status == TP_OK && i < tp_ctx_count(ctx); i++) {
        status = tp_pass_part(ctx, (int)i, g, g->strides, start * g->strides[axis]);
        start += tp_ctx_input(ctx, (int)i)->dims[axis];
    }
    return status;
}

const tp_op tp_op_concat = {TP_OP_HEAD,
                            .name = "concat",
                            .arity = TP_VARIADIC,
                            .structure = TP_GATHER,
                            .flags = TP_LINEAR,
                            .attributes = sizeof(int),
                            .shape = concat_shape,
                            .forward = concat_forward,
                            .backward = concat_backward,
                            .gradient = concat_gradient,
                            .text = {.formula = "y = x[0], x[1], ... one after another along the axis",
                                     .derivative = "dx[i] = its part of g",
                                     .shapes = "x[i]: (..., n_i, ...) -> (..., sum of n_i, ...); all other dims agree",
                                     .dtypes = "any, all the same; f32 and f64 carry a gradient",
                                     .edges = "An empty operand adds nothing."}};

tp_var tp_concat(const tp_var *x, int n, int axis)
{
    if (!x || n < 1) return tp_refuse(x && n > 0 ? x[0].tape : NULL, TP_E_ARGUMENT, "tp_concat: no operands");
    if (!x[0].tape || !tp_check_operand(x[0].tape, "concat", x[0], 0)) return tp_poison(x[0].tape);
    const int found = tp_shape_axis(tp_var_rank(x[0]), axis);
    if (found < 0) return tp_refuse(x[0].tape, TP_E_INDEX, "tp_concat: axis %d of rank %d", axis, tp_var_rank(x[0]));
    return tp_apply(&tp_op_concat, x, n, &found);
}
