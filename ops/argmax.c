/* Where the largest and the smallest are, along an axis or over all elements. Not differentiable. */
#include "ops/ops.h"

typedef struct attributes {
    int axis; /* -1: all elements */
    bool keep;
} attributes;

static tp_status arg_shape(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const unsigned mask = a->axis < 0 ? (1u << x->rank) - 1 : 1u << a->axis;
    const tp_shape left = tp_shape_reduced(x->rank, x->dims, mask, a->keep);
    char text[TP_SHAPE_TEXT];
    if (x->count == 0 && tp_shape_count(left.rank, left.dims) != 0)
        return tp_ctx_fail(ctx, TP_E_SHAPE, "nothing to choose from in %s", tp_tensor_text(text, x));
    return tp_ctx_result(ctx, 0, TP_I64, left.rank, left.dims);
}

/* With an axis: each row along it. */
static void each_row(const tp_kernels *kernels, const tp_tensor *x, int axis, bool largest, tp_tensor *out)
{
    const int64_t n = x->dims[axis], size = (int64_t)tp_dtype_size((tp_dtype)x->dtype), rows = n ? x->count / n : 0;
    for (int64_t i = 0; i < rows; i++) {
        int64_t offset = 0, rest = i;
        for (int k = x->rank - 1; k >= 0; k--) {
            if (k == axis) continue;
            offset += rest % x->dims[k] * x->strides[k];
            rest /= x->dims[k];
        }
        const int64_t best =
            tp_arg_extreme(kernels, (tp_dtype)x->dtype, n, x->data + offset * size, x->strides[axis], largest);
        tp_put((tp_dtype)out->dtype, out->data + i * (int64_t)tp_dtype_size((tp_dtype)out->dtype), (double)best);
    }
}

static tp_status arg_forward(tp_ctx *ctx, bool largest)
{
    const attributes *a = tp_ctx_attributes(ctx);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    if (a->axis >= 0) {
        each_row(ctx->tape->kernels, tp_ctx_input(ctx, 0), a->axis, largest, out);
        return TP_OK;
    }
    const tp_tensor *x = tp_ctx_dense(ctx, 0);
    if (!x) return TP_E_MEMORY;
    tp_put((tp_dtype)out->dtype, out->data,
           (double)tp_arg_extreme(ctx->tape->kernels, (tp_dtype)x->dtype, x->count, x->data, 1, largest));
    return TP_OK;
}

static tp_status argmax_forward(tp_ctx *ctx)
{
    return arg_forward(ctx, true);
}

static tp_status argmin_forward(tp_ctx *ctx)
{
    return arg_forward(ctx, false);
}

#define ARG(name_, which)                                                                                              \
    const tp_op tp_op_##name_ = {                                                                                      \
        TP_OP_HEAD,                                                                                                    \
        .name = #name_,                                                                                                \
        .arity = 1,                                                                                                    \
        .structure = TP_REDUCE,                                                                                        \
        .flags = TP_NO_GRADIENT,                                                                                       \
        .attributes = sizeof(attributes),                                                                              \
        .shape = arg_shape,                                                                                            \
        .forward = name_##_forward,                                                                                    \
        .text = {.formula = "y = where the " which " x along the axis is, or of all in row-major order",               \
                 .derivative = "none",                                                                                 \
                 .shapes = "x: any -> the dims that stay, with 1 for the axis when keep; no axis: a scalar",           \
                 .dtypes = "x: any; y: i64, or a scalar",                                                              \
                 .edges = "The first of a tie, or the first NaN. Nothing to choose from: TP_E_SHAPE."}}
ARG(argmax, "largest");
ARG(argmin, "smallest");

static tp_var along(const tp_op *op, tp_var x, int axis, bool keep)
{
    if (!x.tape || !tp_check_operand(x.tape, op->name, x, 0)) return tp_poison(x.tape);
    const attributes a = {tp_shape_axis(tp_var_rank(x), axis), keep};
    char text[TP_SHAPE_TEXT];
    if (a.axis < 0)
        return tp_refuse(x.tape, TP_E_INDEX, "tp_%s: axis %d of %s", op->name, axis,
                         tp_shape_text(text, tp_var_rank(x), tp_var_dims(x)));
    return tp_call1(op, x, &a);
}

tp_var tp_argmax(tp_var x)
{
    return tp_call1(&tp_op_argmax, x, &(attributes){-1, false});
}

tp_var tp_argmax_axis(tp_var x, int axis, bool keep)
{
    return along(&tp_op_argmax, x, axis, keep);
}

tp_var tp_argmin(tp_var x)
{
    return tp_call1(&tp_op_argmin, x, &(attributes){-1, false});
}

tp_var tp_argmin_axis(tp_var x, int axis, bool keep)
{
    return along(&tp_op_argmin, x, axis, keep);
}
