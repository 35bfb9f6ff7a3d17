/* The nearest row of a table: nearest neighbours, the codes of a vector quantiser. Not differentiable. */
#include "ops/ops.h"

static tp_status nearest_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0), *table = tp_ctx_input(ctx, 1);
    if (tp_need_float(ctx, 0) != TP_OK || tp_need_first_dtype(ctx, 1) != TP_OK) return TP_E_DTYPE;
    char a[TP_SHAPE_TEXT], b[TP_SHAPE_TEXT];
    if (x->rank < 1 || table->rank != 2 || x->dims[x->rank - 1] != table->dims[1])
        return tp_ctx_fail(ctx, TP_E_SHAPE, "x %s and table %s do not fit: needs (..., d) and (k, d)",
                           tp_tensor_text(a, x), tp_tensor_text(b, table));
    if (table->dims[0] < 1 || table->dims[0] > INT32_MAX)
        return tp_ctx_fail(ctx, TP_E_SHAPE, "nothing to choose from in %s, or too much", tp_tensor_text(b, table));
    return tp_ctx_result(ctx, 0, TP_I64, x->rank - 1, x->dims);
}

static tp_status nearest_forward(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_dense(ctx, 0), *table = tp_ctx_dense(ctx, 1), *out = tp_ctx_output(ctx, 0);
    if (!x || !table) return TP_E_MEMORY;
    const int64_t d = table->dims[1], room[2] = {TP_NEAREST_BLOCK, d};
    tp_tensor *scratch = tp_new_tensor(ctx->tape, (tp_dtype)x->dtype, 2, room, ctx->op->name);
    if (!scratch) return TP_E_MEMORY;
    int64_t single = 0, *const place = x->rank > 1 ? (int64_t *)(void *)out->data : &single;
    tp_nearest_loop *const loop = *ctx->tape->kernels->of[x->dtype]->nearest;
    loop(out->count, table->dims[0], d, x->data, table->data, scratch->data, place);
    if (x->rank == 1) tp_put((tp_dtype)out->dtype, out->data, (double)single);
    tp_done(ctx->tape, scratch);
    return TP_OK;
}

const tp_op tp_op_nearest = {
    TP_OP_HEAD,
    .name = "nearest",
    .arity = 2,
    .structure = TP_DENSE,
    .flags = TP_NO_GRADIENT,
    .shape = nearest_shape,
    .forward = nearest_forward,
    .text = {.formula = "y = the j with the least sum over l of (x_l - table_jl)^2",
             .derivative = "none",
             .shapes = "x: (..., d), table: (k, d) -> (...)",
             .dtypes = "x and table: f32 or f64; y: i64, or a scalar",
             .edges = "The first of a tie; 0 where no sum is finite. NaN is not near. k = 0: TP_E_SHAPE."}};

tp_var tp_nearest(tp_var x, tp_var table)
{
    return tp_call2(&tp_op_nearest, x, table, NULL);
}
