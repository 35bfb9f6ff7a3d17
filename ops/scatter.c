/* Elements put along an axis, y = x and then y[index[i][j]][j] = src[i][j] for axis 0. Of several that go to one place
   the last in row-major order stays, and it alone gets that place's gradient. */
#include "ops/pick.h"

static tp_status scatter_forward(tp_ctx *ctx)
{
    return tp_pick_write(ctx, TP_PICK_WRITE);
}

/* ---- which of several stays: 1 for it, 0 for the others ---- */

static tp_status last_shape(tp_ctx *ctx)
{
    const tp_pick_target *c = tp_ctx_attributes(ctx);
    const tp_tensor *index = tp_ctx_input(ctx, 0);
    return tp_ctx_result(ctx, 0, c->dtype, index->rank, index->dims);
}

/* Every element writes its number where it goes; who reads its own number there was the last. */
static tp_status last_forward(tp_ctx *ctx)
{
    const tp_pick_target *c = tp_ctx_attributes(ctx);
    const tp_tensor *index = tp_ctx_input(ctx, 0);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    tp_tensor *place = tp_new_tensor(ctx->tape, TP_I64, c->shape.rank, c->shape.dims, "scatter");
    tp_tensor *number = place ? tp_new_tensor(ctx->tape, TP_I64, index->rank, index->dims, "scatter") : NULL;
    tp_status status = number ? TP_OK : TP_E_MEMORY;
    int64_t *const numbers = number ? (int64_t *)(void *)number->data : NULL;
    for (int64_t i = 0; status == TP_OK && i < index->count; i++) numbers[i] = i;
    if (status == TP_OK) status = tp_pick_call(ctx, TP_PICK_WRITE, &c->picks, place, index, number);
    if (status == TP_OK) status = tp_pick_call(ctx, TP_PICK_READ, &c->picks, place, index, number);
    for (int64_t i = 0; status == TP_OK && i < index->count; i++)
        tp_put(c->dtype, out->data + i * (int64_t)tp_dtype_size(c->dtype), numbers[i] == i);
    tp_done(ctx->tape, number);
    tp_done(ctx->tape, place);
    return status;
}

const tp_op tp_op_scatter_last = {
    TP_OP_HEAD,
    .name = "scatter_last",
    .arity = 1,
    .structure = TP_GATHER,
    .flags = TP_NO_GRADIENT,
    .attributes = sizeof(tp_pick_target),
    .shape = last_shape,
    .forward = last_forward,
    .text = {.formula = "1 where no later element of index has the same place, 0 elsewhere",
             .derivative = "none",
             .shapes = "index -> its shape",
             .dtypes = "index: i32, i64, u8"},
};

/* dx = g, 0 where something was put; dsrc = g read there, for those that stayed */
static tp_status scatter_backward(tp_ctx *ctx, tp_var g)
{
    const tp_picks *picks = tp_ctx_attributes(ctx);
    const tp_var index = tp_ctx_input_var(ctx, 1);
    if (tp_ctx_needs(ctx, 0)) {
        const tp_var zero = tp_const(tp_ctx_tape(ctx), 0);
        const tp_status status = tp_give(ctx, 0, tp_scatter(g, picks->axis, index, zero));
        if (status != TP_OK) return status;
    }
    if (!tp_ctx_needs(ctx, 2)) return TP_OK;
    const tp_pick_target target = tp_pick_target_of(picks, tp_ctx_input(ctx, 0));
    const tp_var stayed = tp_call1(&tp_op_scatter_last, index, &target);
    return tp_pick_give_source(ctx, tp_mul_masked(stayed, tp_pick_read(g, index, picks)));
}

const tp_op tp_op_scatter = {
    TP_OP_HEAD,
    .name = "scatter",
    .arity = 3,
    .structure = TP_GATHER,
    .flags = TP_LINEAR,
    .selectors = 1u << 1,
    .attributes = sizeof(tp_picks),
    .shape = tp_pick_write_shape,
    .forward = scatter_forward,
    .backward = scatter_backward,
    .text = {.formula = "y = x, then y[index[i][j]][j] = src[i][j] for axis 0, and so on for the others",
             .derivative = "dx = g, 0 where src was put; dsrc[i][j] = g[index[i][j]][j], 0 if a later one went there",
             .shapes = "x, index as for gather, src at least as large as index or a scalar -> the shape of x",
             .dtypes = "x and src: any, the same; index: i32, i64, u8",
             .edges =
                 "of several elements for one place the last in row-major order stays; an index outside is an error"},
};

tp_var tp_scatter(tp_var x, int axis, tp_var index, tp_var src)
{
    tp_picks picks = {.skip = TP_PICK_ALL, .skip_adjoint = TP_PICK_ALL};
    if (!tp_pick_axis("scatter", x, axis, &picks)) return tp_poison(x.tape);
    return tp_apply(&tp_op_scatter, (tp_var[]){x, index, src}, 3, &picks);
}
