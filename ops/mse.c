/* Squared error:  (x - t)^2, or its sum or mean;  dx = 2 (x - t) g,  dt = -dx. */
#include <string.h>

#include "ops/ops.h"

static tp_status mse_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0), *t = tp_ctx_input(ctx, 1);
    const tp_reduction how = *(const tp_reduction *)tp_ctx_attributes(ctx);
    char a[TP_SHAPE_TEXT], b[TP_SHAPE_TEXT];
    if (tp_need_float(ctx, 0) != TP_OK || tp_need_float(ctx, 1) != TP_OK) return TP_E_DTYPE;
    if (!tp_shape_equal(x->rank, x->dims, t->rank, t->dims))
        return tp_ctx_fail(ctx, TP_E_SHAPE, "the shapes differ: %s and %s", tp_tensor_text(a, x), tp_tensor_text(b, t));
    if (x->dtype != t->dtype)
        return tp_ctx_fail(ctx, TP_E_DTYPE, "dtypes differ: %s and %s; use tp_cast", tp_dtype_name((tp_dtype)x->dtype),
                           tp_dtype_name((tp_dtype)t->dtype));
    return how == TP_NONE ? tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, x->dims)
                          : tp_ctx_result(ctx, 0, TP_F64, 0, NULL);
}

/* out = x - t, for dense x and t. */
static void subtract(tp_ctx *ctx, const tp_tensor *x, const tp_tensor *t, tp_tensor *out)
{
    const tp_dtype dtype = (tp_dtype)x->dtype;
    tp_loop *loop = ctx->tape->kernels->of[dtype]->rows[TP_ROW_sub].value;
    const tp_operand in[TP_IN_COUNT] = {{.data = x->data, .strides = x->strides, .dense = x->dense},
                                        {.data = t->data, .strides = t->strides, .dense = t->dense}};
    tp_run_loop(loop, tp_dtype_size(dtype), x->rank, x->dims, x->count, out->data, in, ctx->tape->threads);
}

static void square(tp_ctx *ctx, tp_tensor *x)
{
    const tp_operand in[TP_IN_COUNT] = {{.data = x->data, .dense = true}, {.data = x->data, .dense = true}};
    tp_run_loop(ctx->tape->kernels->of[x->dtype]->rows[TP_ROW_square].value, tp_dtype_size((tp_dtype)x->dtype), x->rank,
                x->dims, x->count, x->data, in, ctx->tape->threads);
}

static double divisor(tp_reduction how, int64_t count)
{
    return how == TP_MEAN ? (double)count : 1;
}

static tp_status mse_forward(tp_ctx *ctx)
{
    const tp_reduction how = *(const tp_reduction *)tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0), *t = tp_ctx_input(ctx, 1);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    tp_tensor *squares = how == TP_NONE ? out : tp_new_tensor(ctx->tape, (tp_dtype)x->dtype, x->rank, x->dims, "mse");
    if (!squares) return TP_E_MEMORY;
    subtract(ctx, x, t, squares);
    square(ctx, squares);
    if (how == TP_NONE) return TP_OK;
    double sum = 0;
    tp_reduce(ctx->tape->kernels, TP_FOLD_SUM, (tp_dtype)x->dtype, x->rank, x->dims, squares->strides, squares->data,
              (1u << x->rank) - 1, TP_F64, &sum, ctx->tape->threads);
    tp_put(TP_F64, out->data, sum / divisor(how, x->count));
    tp_unref(ctx->tape, squares);
    return TP_OK;
}

static tp_status mse_backward(tp_ctx *ctx, tp_var g)
{
    const tp_reduction how = *(const tp_reduction *)tp_ctx_attributes(ctx);
    const double scale = 2 / divisor(how, tp_ctx_input(ctx, 0)->count);
    const tp_var difference = tp_sub(tp_ctx_input_var(ctx, 0), tp_ctx_input_var(ctx, 1));
    const tp_var dx = tp_muls(tp_mul_masked(g, difference), scale);
    const tp_status status = tp_give(ctx, 0, dx);
    return status == TP_OK && tp_ctx_needs(ctx, 1) ? tp_give(ctx, 1, tp_neg(dx)) : status;
}

const tp_op tp_op_mse = {
    TP_OP_HEAD,
    .name = "mse",
    .arity = 2,
    .structure = TP_DENSE,
    .attributes = sizeof(tp_reduction),
    .shape = mse_shape,
    .forward = mse_forward,
    .backward = mse_backward,
    .text = {.formula = "y = (x - target)^2, or its sum or mean",
             .derivative = "dx = 2 g (x - target), dtarget = -dx; for the mean, over the number of elements",
             .shapes = "x, target: the same shape -> the same; for the sum and the mean a scalar",
             .edges = "The mean of nothing is NaN."}};

tp_var tp_mse(tp_var x, tp_var target, tp_reduction reduction)
{
    if ((unsigned)reduction > TP_MEAN)
        return tp_refuse(x.tape, TP_E_ARGUMENT, "tp_mse: there is no reduction %d", (int)reduction);
    return tp_call2(&tp_op_mse, x, target, &reduction);
}
