/* The recorded walk: slots hold the nodes of gradients, and nothing is rewound, so that they can be differentiated
 * again. */
#include "autograd/elementwise.h"
#include "autograd/give.h"
#include "autograd/profile.h"
#include "autograd/walk.h"

tp_var tp_slot_gradient(tp_tape *tape, uint32_t node)
{
    tp_slot slot = tape->slots[node];
    if (slot.bits == 0) return tp_poison(NULL);
    tp_var sum = slot.recorded.node ? tp_handle(tape, slot.recorded.node - 1) : tp_poison(tape);
    if (slot.recorded.regions) {
        const tp_var assembled = tp_assemble(tape, node, slot.recorded.regions);
        if (!tp_ok(assembled)) return assembled;
        sum = slot.recorded.node ? tp_accumulate(tape, sum, assembled) : assembled;
        if (!tp_ok(sum)) return sum;
        tape->slots[node].recorded.regions = 0;
        tape->slots[node].recorded.node = sum.node + 1;
    }
    return sum;
}

tp_status tp_slot_record(tp_tape *tape, uint32_t node, tp_var g)
{
    g = tp_fit_gradient(tape, g, node);
    if (!tp_ok(g)) return tape->error.status;
    const uint32_t held = tape->slots[node].recorded.node;
    if (held) g = tp_accumulate(tape, tp_handle(tape, held - 1), g);
    if (!tp_ok(g)) return tape->error.status;
    tape->slots[node].recorded.node = g.node + 1;
    return TP_OK;
}

tp_status tp_visit_recorded(tp_tape *tape, uint32_t i)
{
    const tp_op *op = tape->nodes[i].op;
    if (op->flags & TP_TUPLE_PART) { /* wakes the tuple */
        const uint32_t tuple = tape->nodes[i].a & TP_NODE_BITS;
        if (tuple >= tape->walk_low) tape->slots[tuple].recorded.node = i + 1;
        return TP_OK;
    }
    tp_ctx ctx;
    tp_ctx_of_node(&ctx, tape, i, TP_IN_RECORDED);
    const tp_var g = ctx.results > 1 ? tp_ctx_upstream(&ctx, 0) : tp_slot_gradient(tape, i);
    if (tape->error.status != TP_OK) return tape->error.status;
    if (op->structure == TP_LEAF || !tp_leads_on(tape, i)) return TP_OK;
    if (!op->backward) return tp_ctx_fail(&ctx, TP_E_UNSUPPORTED, "the op has no backward closure");
    const tp_status status = op->backward(&ctx, g);
    tp_ctx_done(&ctx);
    if (status != TP_OK && tape->error.status == TP_OK) return tp_ctx_fail(&ctx, status, "backward failed");
    return status != TP_OK ? status : tape->error.status;
}

/* A row of scalars, without a context. Its handles are of the present epoch, in which nothing is forgotten meanwhile:
   so the constructors take their short path. */
static tp_status visit_scalars(tp_tape *tape, uint32_t i)
{
    const tp_node node = tape->nodes[i];
    const tp_row *row = node.op->row;
    const uint32_t epoch = tape->epoch, inputs[] = {node.a & TP_NODE_BITS, node.b & TP_NODE_BITS, node.extra.third};
    const double *numbers = row->kind == TP_ROW_NUMBERS ? node.extra.numbers : &node.extra.number;
    const tp_var g = {tape, tape->slots[i].recorded.node - 1, epoch}, y = {tape, i, epoch};
    const tp_var x[TP_ROW_OPERANDS] = {
        {tape, inputs[0], epoch},
        {tape, inputs[node.op->arity > 1 ? 1 : 0], epoch},
        {tape, inputs[node.op->arity > 2 ? 2 : 0], epoch},
    };
    for (int k = 0; k < node.op->arity; k++) {
        if (row->none[k] || inputs[k] < tape->walk_low || !(tape->nodes[inputs[k]].a & TP_NEEDS)) continue;
        tp_var part = row->through[k] ? g : row->recorded[k](g, x, y, numbers);
        if (part.node == TP_NO_NODE) return tape->error.status;
        uint32_t *held = &tape->slots[inputs[k]].recorded.node;
        if (*held) part = tp_accumulate(tape, (tp_var){tape, *held - 1, epoch}, part);
        if (part.node == TP_NO_NODE) return tape->error.status;
        *held = part.node + 1;
    }
    return TP_OK;
}

static tp_status stretch_recorded(tp_tape *tape, uint32_t high, uint32_t low)
{
    for (uint32_t i = high; i-- > low;) {
        const tp_node *node = &tape->nodes[i];
        const tp_slot *slot = &tape->slots[i]; /* read as it was written: in halves */
        const uint32_t kind = node->a & (TP_IS_TENSOR | TP_NEEDS);
        if (slot->recorded.node == 0 && (kind == TP_NEEDS || slot->recorded.regions == 0)) continue;
        if (!(kind & TP_NEEDS) || (kind == TP_NEEDS && node->op->structure == TP_LEAF)) continue;
        const tp_op *op = node->op;
        const uint64_t start = tp_profile_start(tape);
        const tp_status status = kind == TP_NEEDS && op->row ? visit_scalars(tape, i) : tp_visit_recorded(tape, i);
        tp_profile_stop(tape, start, op, TP_TIMED_BACKWARD, 0, 0);
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

tp_status tp_walk_recorded(tp_tape *tape, uint32_t root, uint32_t low)
{
    return tp_walk_stretches(tape, root, low, stretch_recorded);
}

/* The gradient goes where a walk in numbers would have left it: to the parameter, or to the slot of a node that keeps
 * it. */
static tp_status read_tensor(tp_tape *tape, uint32_t i, tp_tensor *gradient)
{
    const bool keeps = tp_keeps(tape, i);
    if (!keeps && tape->nodes[i].op->structure != TP_LEAF) return TP_OK;
    const tp_status status = tp_slot_add(tape, i, gradient);
    if (status != TP_OK || !keeps || !tape->slots[i].tensor) return status; /* a constant takes none */
    if (!TP_ARRAY_ROOM(tape, tape->kept)) return tp_tape_out_of_memory(tape, "tp_backward");
    tape->kept.items[tape->kept.count++] = i;
    return TP_OK;
}

tp_status tp_read_recorded(tp_tape *tape, uint32_t root)
{
    tp_status status = TP_OK;
    tape->slots_are_nodes = false;
    for (uint32_t i = root + 1; i-- > 0;) {
        const uint32_t gradient = tape->slots[i].recorded.node;
        tape->slots[i].bits = 0;
        if (gradient == 0 || i < tape->walk_low || status != TP_OK) continue;
        const tp_node *node = &tape->nodes[gradient - 1];
        if (tp_result_count(tape->nodes[i].op) > 1) continue; /* a tuple has no adjoint of its own */
        if (!(tape->nodes[i].a & TP_IS_TENSOR))
            status = tp_leaf_sink_number(tape, i, tape->slots[i].number = node->value.number);
        else
            status = read_tensor(tape, i, node->value.tensor);
        if (tape->nodes[i].a & TP_IS_TENSOR && !tp_keeps(tape, i) && tape->slots[i].tensor) {
            tp_unref(tape, tape->slots[i].tensor);
            tape->slots[i].bits = 0;
        }
    }
    return status;
}
