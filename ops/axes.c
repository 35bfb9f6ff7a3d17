/* Shape and forward of reductions over any axes. */
#include "ops/axes.h"

tp_var tp_axes_call(const tp_op *op, tp_var x, int n, const int64_t *axes, bool keep)
{
    if (!x.tape || !tp_check_operand(x.tape, op->name, x, 0)) return tp_poison(x.tape);
    tp_axes attributes = {.keep = keep};
    const int rank = tp_var_rank(x);
    char text[TP_SHAPE_TEXT];
    if (!tp_shape_axes(rank, n, axes, &attributes.mask))
        return tp_refuse(x.tape, TP_E_INDEX, "tp_%s: an axis is outside %s or named twice", op->name,
                         tp_shape_text(text, rank, tp_var_dims(x)));
    return tp_record1(x.tape, op, x.node, &attributes);
}

tp_status tp_axes_shape(tp_ctx *ctx)
{
    const tp_axes *axes = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    const tp_shape left = tp_shape_reduced(x->rank, x->dims, axes->mask, axes->keep);
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, left.rank, left.dims);
}

tp_status tp_axes_fold(tp_ctx *ctx, tp_fold how)
{
    const tp_axes *axes = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    tp_reduce(ctx->tape->kernels, how, (tp_dtype)x->dtype, x->rank, x->dims, x->strides, x->data, axes->mask,
              (tp_dtype)out->dtype, out->data, ctx->tape->threads);
    return TP_OK;
}

tp_var tp_axes_restore(tp_ctx *ctx, tp_var x)
{
    const tp_axes *axes = tp_ctx_attributes(ctx);
    const tp_tensor *operand = tp_ctx_input(ctx, 0);
    if (axes->keep || tp_var_rank(x) == 0) return x;
    const tp_shape kept = tp_shape_reduced(operand->rank, operand->dims, axes->mask, true);
    return tp_reshape(x, kept.rank, kept.dims);
}
