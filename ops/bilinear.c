/* The tangent of an op that is linear in each of its first two operands, with a third, if there is one, added:
   dy = op(da, b, dc) + op(a, db). */
#include "autograd/give.h"
#include "ops/ops.h"

static tp_var part(const tp_op *op, const void *attributes, tp_var a, tp_var b, tp_var c)
{
    const tp_var inputs[] = {a, b, c};
    return tp_apply(op, inputs, tp_ok(c) ? 3 : 2, attributes);
}

tp_status tp_bilinear_jvp_of(tp_ctx *ctx, const tp_op *op, const void *attributes, const tp_var *d, tp_var *dy)
{
    tp_var da = d[0], dc = tp_ctx_count(ctx) > 2 ? d[2] : tp_none();
    if (!tp_ok(da) && !tp_ok(d[1])) da = tp_fit_gradient(ctx->tape, tp_const(ctx->tape, 0), ctx->inputs[0]);
    *dy = tp_none();
    if (tp_ok(da)) {
        *dy = part(op, attributes, da, tp_ctx_input_var(ctx, 1), dc);
        dc = tp_none();
    }
    if (tp_ok(d[1])) {
        const tp_var more = part(op, attributes, tp_ctx_input_var(ctx, 0), d[1], dc);
        *dy = dy->tape ? tp_add(*dy, more) : more;
    }
    return tp_tape_status(ctx->tape);
}

tp_status tp_bilinear_jvp(tp_ctx *ctx, const tp_var *operands, tp_var *results)
{
    return tp_bilinear_jvp_of(ctx, ctx->op, tp_ctx_attributes(ctx), operands, &results[0]);
}
