/* The tangent of one node. A row multiplies by its slopes; a linear op is applied to the tangents; an op may have a
   rule of its own; for any other there is the identity of the double vjp: <u, J> is linear in u, so that its own
   vector-Jacobian product with the tangents is J times them. */
#include "autograd/tangent.h"

#include <string.h>

#include "autograd/elementwise.h"
#include "autograd/give.h"
#include "autograd/walk.h"

double tp_tangent_scalar(tp_tape *tape, uint32_t i, const tp_slot *tangents, uint32_t first)
{
    const tp_node *node = &tape->nodes[i];
    const uint32_t count = tp_input_count(node);
    double sum = 0;
    tape->slots[i].number = 1;
    node->op->scalar_gradient(tape->nodes, tape->slots, i);
    tape->slots[i].number = 0;
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t operand = tp_input_of(node, k);
        const double slope = tape->slots[operand].number;
        tape->slots[operand].number = 0; /* an operand that stands twice is counted once */
        const double tangent = operand >= first ? tangents[operand - first].number : 0;
        if (tangent != 0) sum += slope * tangent;
    }
    return sum;
}

static tp_var add(tp_tape *tape, tp_var a, tp_var b)
{
    if (!tp_ok(a) || !tp_ok(b)) return tp_ok(a) ? a : b;
    return tp_accumulate(tape, a, b);
}

static tp_status row_tangent(tp_ctx *ctx, const tp_var *operands, tp_var *result)
{
    tp_tape *tape = ctx->tape;
    for (uint32_t k = 0; k < ctx->count; k++) {
        if (!tp_ok(operands[k]) || ctx->op->row->none[k]) continue;
        const tp_var dx = tp_fit(tape, operands[k], ctx->node);
        const tp_var part = tp_elementwise_recorded(ctx, (int)k, dx);
        *result = add(tape, *result, tp_fit(tape, part, ctx->node));
        if (!tp_ok(*result)) return tape->error.status;
    }
    return TP_OK;
}

/* The op itself on the tangents; indices and masks stay as they are. */
static tp_status linear_tangent(tp_ctx *ctx, const tp_var *operands, tp_var *results)
{
    tp_tape *tape = ctx->tape;
    uint32_t *nodes = tp_chunks_push(&tape->stack, ctx->count * sizeof *nodes);
    if (!nodes) return tp_tape_out_of_memory(tape, ctx->op->name);
    for (uint32_t k = 0; k < ctx->count; k++) {
        tp_var dx = operands[k];
        const tp_var operand = tp_ctx_input_var(ctx, (int)k);
        if ((k < 32 && ctx->op->selectors >> k & 1) || !tp_dtype_is_float(tp_var_dtype(operand)))
            dx = operand;
        else if (!tp_ok(dx))
            dx = tp_fit(tape, tp_constant_number(tape, 0), ctx->inputs[k]);
        if (!tp_ok(dx)) return tape->error.status;
        nodes[k] = dx.node;
    }
    return tp_record(tape, ctx->op, nodes, ctx->count, ctx->attributes, results);
}

/* ---- the double vjp ---- */

/* A differentiable leaf of ones like the node. */
static tp_var ones_like(tp_tape *tape, uint32_t node)
{
    tp_var u;
    if (tape->nodes[node].a & TP_IS_TENSOR) {
        const tp_tensor *value = tape->nodes[node].value.tensor;
        tp_tensor *ones = tp_new_tensor(tape, (tp_dtype)value->dtype, value->rank, value->dims, "jvp");
        if (!ones) return tp_poison(tape);
        tp_fill(ones->count, (tp_dtype)ones->dtype, ones->data, 1);
        u = tp_constant_tensor(tape, ones);
    } else {
        u = tp_constant_number(tape, 1);
    }
    if (tp_ok(u)) tape->nodes[u.node].a |= TP_NEEDS;
    return u;
}

/* A walk of the engine's own over nodes low .. high: it sees and leaves empty slots. */
static tp_status walk_between(tp_tape *tape, uint32_t low)
{
    if (!tp_slot_room(tape)) return tp_tape_out_of_memory(tape, "tp_jvp");
    tape->walking = tape->slots_are_nodes = true;
    tape->sinking = false;
    tape->walk_low = low;
    return TP_OK;
}

/* The gradients that node i's rule gives to its operands, recorded, from the upstreams `u` of its results. */
static tp_status rule_of(tp_ctx *ctx, const tp_var *u, tp_var *gradients)
{
    tp_tape *tape = ctx->tape;
    tp_status status = walk_between(tape, 0);
    if (status != TP_OK) return status;
    for (int k = 0; k < ctx->results; k++) { /* results behind y have slots that nobody has cleared */
        tp_slot *slot = &tape->slots[ctx->results > 1 ? ctx->node + 1 + (uint32_t)k : ctx->node];
        slot->bits = 0;
        slot->recorded.node = tp_ok(u[k]) ? u[k].node + 1 : 0;
    }
    tape->parts.count = 0;
    status = tp_visit_recorded(tape, ctx->node);
    for (uint32_t k = 0; k < ctx->count; k++) {
        gradients[k] = status == TP_OK ? tp_slot_gradient(tape, ctx->inputs[k]) : tp_poison(tape);
        tape->slots[ctx->inputs[k]].bits = 0; /* an operand that stands twice: the first place has it all */
    }
    tape->slots[ctx->node].bits = 0;
    for (int k = 0; ctx->results > 1 && k < ctx->results; k++) tape->slots[ctx->node + 1 + (uint32_t)k].bits = 0;
    tape->walking = tape->slots_are_nodes = false;
    return status == TP_OK ? tape->error.status : status;
}

/* From the gradients, whose upstreams are the tangents, down to u. */
static tp_status back_to(tp_ctx *ctx, const tp_var *u, const tp_var *gradients, const tp_var *operands, tp_var *results)
{
    tp_tape *tape = ctx->tape;
    const uint32_t end = tape->count;
    uint32_t low = end;
    for (int k = 0; k < ctx->results; k++)
        if (tp_ok(u[k]) && u[k].node < low) low = u[k].node;
    tp_status status = walk_between(tape, low);
    if (status != TP_OK) return status;
    memset(&tape->slots[low], 0, (end - low) * sizeof *tape->slots);
    for (uint32_t k = 0; k < ctx->count && status == TP_OK; k++)
        if (tp_ok(operands[k]) && tp_ok(gradients[k]) && gradients[k].node >= low &&
            tape->nodes[gradients[k].node].a & TP_NEEDS)
            status = tp_slot_record(tape, gradients[k].node, operands[k]);
    tape->parts.count = 0;
    if (status == TP_OK) status = tp_walk_recorded(tape, end - 1);
    for (int k = 0; k < ctx->results; k++)
        results[k] = status == TP_OK && tp_ok(u[k]) ? tp_slot_gradient(tape, u[k].node) : tp_poison(tape);
    memset(&tape->slots[low], 0, (end - low) * sizeof *tape->slots);
    tape->walking = tape->slots_are_nodes = false;
    return status == TP_OK ? tape->error.status : status;
}

static tp_status double_vjp(tp_ctx *ctx, const tp_var *operands, tp_var *results)
{
    tp_tape *tape = ctx->tape;
    tp_var *gradients = tp_chunks_push(&tape->stack, (ctx->count + 1) * sizeof *gradients), u[TP_MAX_RESULTS];
    if (!gradients) return tp_tape_out_of_memory(tape, ctx->op->name);
    const uint32_t mask = tape->grad_mask;
    tape->grad_mask = TP_NEEDS;
    for (int k = 0; k < ctx->results; k++) {
        const uint32_t at = ctx->results > 1 ? ctx->node + 1 + (uint32_t)k : ctx->node;
        u[k] = tape->nodes[at].a & TP_NEEDS ? ones_like(tape, at) : tp_poison(NULL);
    }
    tp_status status = tape->error.status;
    if (status == TP_OK) status = rule_of(ctx, u, gradients);
    if (status == TP_OK) status = back_to(ctx, u, gradients, operands, results);
    tape->grad_mask = mask;
    return status;
}

tp_status tp_tangent_record(tp_tape *tape, uint32_t i, const tp_var *operands, tp_var *results)
{
    tp_ctx ctx;
    tp_ctx_of_node(&ctx, tape, i, TP_IN_RECORDED);
    for (int k = 0; k < ctx.results; k++) results[k] = tp_poison(NULL);
    if (ctx.op->row) return row_tangent(&ctx, operands, &results[0]);
    if (ctx.op->flags & TP_LINEAR) return linear_tangent(&ctx, operands, results);
    tp_status status;
    if (ctx.op->jvp) {
        status = ctx.op->jvp(&ctx, operands, results);
        tp_ctx_done(&ctx);
    } else if (ctx.op->backward) {
        status = double_vjp(&ctx, operands, results);
    } else {
        return tp_ctx_fail(&ctx, TP_E_UNSUPPORTED, "the op has no backward closure");
    }
    if (status != TP_OK && tape->error.status == TP_OK) return tp_ctx_fail(&ctx, status, "jvp failed");
    return status;
}
