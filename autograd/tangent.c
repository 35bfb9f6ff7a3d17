/* The tangent of one node. A row multiplies by its slopes; a linear op is applied to the tangents; an op may have a
   rule of its own; for any other there is the identity of the double vjp: <u, J> is linear in u, so that its own
   vector-Jacobian product with the tangents is J times them. */
#include "autograd/tangent.h"

#include <string.h>

#include "autograd/elementwise.h"
#include "autograd/give.h"
#include "autograd/walk.h"

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
        const tp_var dx = tp_fit_gradient(tape, operands[k], ctx->node);
        const tp_var part = tp_elementwise_recorded(ctx, (int)k, dx);
        *result = add(tape, *result, tp_fit_gradient(tape, part, ctx->node));
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
            dx = tp_fit_gradient(tape, tp_constant_number(tape, 0), ctx->inputs[k]);
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
        static const int64_t one = 1, still[TP_MAX_RANK] = {0};
        const tp_tensor *value = tape->nodes[node].value.tensor;
        tp_tensor *ones = tp_new_tensor(tape, (tp_dtype)value->dtype, 1, &one, "jvp");
        if (!ones) return tp_poison(tape);
        tp_fill(1, (tp_dtype)ones->dtype, ones->data, 1);
        tp_tensor_set_view(ones, value->rank, value->dims, still, 0);
        u = tp_constant_tensor(tape, ones);
    } else {
        u = tp_constant_number(tape, 1);
    }
    if (tp_ok(u)) tape->nodes[u.node].a |= TP_NEEDS;
    return u;
}

/* A walk of the engine's own over the nodes from `low` on, inside the sweep: it sees and leaves empty slots. */
static tp_status walk_from(tp_tape *tape, uint32_t low, uint32_t floor, bool recorded)
{
    if (!tp_slot_room(tape)) return tp_tape_out_of_memory(tape, "tp_jvp");
    tape->inner = tape->walking = true;
    tape->slots_are_nodes = recorded;
    tape->sinking = false;
    tape->anomaly = 0; /* of the program: what stands in for upstreams here is none of its numbers */
    tape->walk_low = low;
    tape->floor = floor;
    return TP_OK;
}

static uint32_t result_node(const tp_ctx *ctx, int k)
{
    return ctx->results > 1 ? ctx->node + 1 + (uint32_t)k : ctx->node;
}

/* The gradients that the node's rule gives to its operands, recorded, from the upstreams of its results. */
static tp_status record_rule(tp_tangent *t)
{
    tp_ctx *ctx = &t->ctx;
    tp_tape *tape = ctx->tape;
    const tp_level sweep = tp_level_of(tape);
    tp_status status = walk_from(tape, sweep.walk_low, sweep.floor, true);
    if (status != TP_OK) return status;
    for (uint32_t k = 0; k < ctx->count; k++)
        if (ctx->inputs[k] >= sweep.walk_low) tape->slots[ctx->inputs[k]].bits = 0;
    tape->slots[ctx->node].bits = 0;
    for (int k = 0; k < ctx->results; k++) {
        tp_slot *slot = &tape->slots[result_node(ctx, k)];
        slot->bits = 0;
        slot->recorded.node = tp_ok(t->u[k]) ? t->u[k].node + 1 : 0;
    }
    status = tp_visit_recorded(tape, ctx->node);
    for (uint32_t k = 0; k < ctx->count; k++) {
        t->gradients[k] = tp_poison(tape);
        if (ctx->inputs[k] < sweep.walk_low) continue; /* it stands still */
        if (status == TP_OK) t->gradients[k] = tp_slot_gradient(tape, ctx->inputs[k]);
        tape->slots[ctx->inputs[k]].bits = 0; /* an operand that stands twice: the first place has it all */
    }
    for (int k = 0; k < ctx->results; k++) tape->slots[result_node(ctx, k)].bits = 0;
    tape->slots[ctx->node].bits = 0;
    tp_level_restore(tape, &sweep);
    return status == TP_OK ? tape->error.status : status;
}

/* In numbers only the way to u counts: whatever else the rule's nodes depend on stands still. */
static void need_only_u(const tp_tangent *t)
{
    const tp_tape *tape = t->ctx.tape;
    for (uint32_t i = t->low; i < tape->count; i++) {
        tp_node *node = &tape->nodes[i];
        if (node->op->structure == TP_LEAF || !(node->a & TP_NEEDS)) continue;
        bool needs = false;
        const uint32_t count = tp_input_count(node);
        for (uint32_t k = 0; k < count && !needs; k++) {
            const uint32_t input = tp_input_of(node, k);
            needs = input >= t->low && tape->nodes[input].a & TP_NEEDS;
        }
        if (!needs) node->a &= ~TP_NEEDS;
    }
}

/* Operands that stand still need no gradient while the rule is recorded: returns which had asked for one. */
static uint64_t silence(const tp_tangent *t, const bool *moves)
{
    uint64_t silent = 0;
    for (uint32_t k = 0; k < t->ctx.count && k < 64; k++) {
        tp_node *operand = &t->ctx.tape->nodes[t->ctx.inputs[k]];
        if (moves[k] || !(operand->a & TP_NEEDS)) continue;
        operand->a &= ~TP_NEEDS;
        silent |= 1ULL << k;
    }
    return silent;
}

static tp_status begin_twice(tp_tangent *t, const bool *moves)
{
    tp_ctx *ctx = &t->ctx;
    tp_tape *tape = ctx->tape;
    t->gradients = tp_chunks_push(&tape->stack, (ctx->count + 1) * sizeof *t->gradients);
    if (!t->gradients) return tp_tape_out_of_memory(tape, ctx->op->name);
    const uint32_t mask = tape->grad_mask;
    tape->grad_mask = TP_NEEDS;
    for (int k = 0; k < ctx->results; k++)
        t->u[k] = tape->nodes[result_node(ctx, k)].a & TP_NEEDS ? ones_like(tape, result_node(ctx, k)) : tp_none();
    tp_status status = tape->error.status;
    const uint64_t silent = t->recorded ? 0 : silence(t, moves);
    if (status == TP_OK) status = record_rule(t);
    for (uint32_t k = 0; k < ctx->count && k < 64; k++)
        if (silent >> k & 1) tape->nodes[ctx->inputs[k]].a |= TP_NEEDS;
    if (!t->recorded) need_only_u(t);
    tape->grad_mask = mask;
    return status;
}

/* What the walk left in the slots of the rule's nodes goes. */
static void empty_slots(const tp_tangent *t, uint32_t end)
{
    tp_tape *tape = t->ctx.tape;
    for (uint32_t i = t->low; i < end && !t->recorded; i++)
        if (tape->nodes[i].a & TP_IS_TENSOR && tape->slots[i].tensor) tp_unref(tape, tape->slots[i].tensor);
    memset(&tape->slots[t->low], 0, (end - t->low) * sizeof *tape->slots);
}

static tp_status seed(const tp_tangent *t, const tp_var *operands)
{
    tp_tape *tape = t->ctx.tape;
    tp_status status = TP_OK;
    for (uint32_t k = 0; k < t->ctx.count && status == TP_OK; k++) {
        const tp_var to = t->gradients[k];
        if (!tp_ok(operands[k]) || !tp_ok(to) || to.node < t->low || !(tape->nodes[to.node].a & TP_NEEDS)) continue;
        const tp_node *dx = &tape->nodes[operands[k].node];
        if (t->recorded)
            status = tp_slot_record(tape, to.node, operands[k]);
        else
            status = dx->a & TP_IS_TENSOR ? tp_slot_add(tape, to.node, dx->value.tensor)
                                          : tp_slot_add_number(tape, to.node, dx->value.number);
    }
    return status;
}

static tp_var arrived_at(const tp_tangent *t, tp_var u)
{
    tp_tape *tape = t->ctx.tape;
    if (!tp_ok(u) || tape->slots[u.node].bits == 0) return tp_poison(NULL);
    if (t->recorded) return tp_slot_gradient(tape, u.node);
    return tape->nodes[u.node].a & TP_IS_TENSOR ? tp_constant_tensor(tape, tp_ref(tape->slots[u.node].tensor))
                                                : tp_constant_number(tape, tape->slots[u.node].number);
}

/* From the gradients, whose upstreams are the tangents, down to u. */
static tp_status back_to_u(const tp_tangent *t, const tp_var *operands, tp_var *results)
{
    tp_tape *tape = t->ctx.tape;
    const uint32_t end = tape->count;
    const tp_level sweep = tp_level_of(tape);
    tp_status status = walk_from(tape, t->low, end, t->recorded);
    if (status != TP_OK) return status;
    memset(&tape->slots[t->low], 0, (end - t->low) * sizeof *tape->slots);
    status = seed(t, operands);
    if (status == TP_OK)
        status = t->recorded ? tp_walk_recorded(tape, end - 1, t->low) : tp_walk_numbers(tape, end - 1, t->low);
    for (int k = 0; k < t->ctx.results; k++) results[k] = status == TP_OK ? arrived_at(t, t->u[k]) : tp_poison(tape);
    empty_slots(t, end);
    tape->kept.count = sweep.kept;
    tp_level_restore(tape, &sweep);
    return status == TP_OK ? tape->error.status : status;
}

/* ---- any node ---- */

tp_status tp_tangent_begin(tp_tangent *t, tp_tape *tape, uint32_t node, const bool *moves, bool recorded)
{
    tp_ctx_of_node(&t->ctx, tape, node, TP_IN_RECORDED);
    const tp_op *op = t->ctx.op;
    t->recorded = recorded;
    t->low = tape->count;
    t->twice = !op->row && !(op->flags & TP_LINEAR) && !op->jvp;
    if (!t->twice) return TP_OK;
    if (!op->backward) return tp_ctx_fail(&t->ctx, TP_E_UNSUPPORTED, "the op has no backward closure");
    const tp_status status = begin_twice(t, moves);
    if (status != TP_OK && tape->error.status == TP_OK) return tp_ctx_fail(&t->ctx, status, "jvp failed");
    return status;
}

tp_status tp_tangent_of(tp_tangent *t, const tp_var *operands, tp_var *results)
{
    tp_ctx *ctx = &t->ctx;
    const tp_op *op = ctx->op;
    for (int k = 0; k < ctx->results; k++) results[k] = tp_poison(NULL);
    if (op->row) return row_tangent(ctx, operands, &results[0]);
    if (op->flags & TP_LINEAR && !op->jvp) return linear_tangent(ctx, operands, results);
    ctx->tape->calling++; /* the node must outlive its closure */
    const tp_status status = t->twice ? back_to_u(t, operands, results) : op->jvp(ctx, operands, results);
    ctx->tape->calling--;
    tp_ctx_done(ctx);
    if (status != TP_OK && ctx->tape->error.status == TP_OK) return tp_ctx_fail(ctx, status, "jvp failed");
    return status;
}
