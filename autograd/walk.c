/* The walk back in numbers. Slots below `walked` hold adjoints; a rule's temporaries are recorded above the last node
   and rewound when it is done, so that the scratch is used again while it is warm. A rule may walk over what it
   recorded itself: such an inner walk has its slots above those of the outer one and leaves them empty. */
#include "autograd/walk.h"

#include <string.h>

#include "autograd/anomaly.h"
#include "autograd/give.h"
#include "autograd/hooks.h"
#include "autograd/profile.h"

bool tp_slot_room(tp_tape *tape)
{
    void *slots = tape->slots;
    const bool room = tp_grow_to(&tape->memory, &slots, &tape->slot_capacity, tape->reserved, sizeof *tape->slots);
    tape->slots = slots;
    return room;
}

void tp_drop_adjoints(tp_tape *tape)
{
    while (tape->kept.count) tp_unref(tape, tape->slots[tape->kept.items[--tape->kept.count]].tensor);
    tape->walked = 0;
}

/* A tuple asks for the slots of all its results, also of those behind the root. */
static void empty_slots(tp_tape *tape, uint32_t low, uint32_t root)
{
    const uint32_t behind = tape->count - root - 1;
    const size_t slots = (size_t)root - low + 1 + (behind < TP_MAX_RESULTS ? behind : TP_MAX_RESULTS);
    memset(tape->slots + low, 0, slots * sizeof *tape->slots);
    if (low == 0) tape->slotted = (uint32_t)slots;
    if (low + slots > tape->peaks.slots) tape->peaks.slots = low + (uint32_t)slots;
}

tp_status tp_walk_begin(tp_tape *tape, uint32_t root, uint32_t low, bool sinking, bool recorded)
{
    if (tape->error.status != TP_OK) return tape->error.status;
    tp_status status = tp_check_versions(tape, root);
    if (status == TP_OK && tape->anomaly)
        status = tp_check_values(tape, "tp_backward", tape->anomaly, tape->floor, root);
    if (status != TP_OK) return status;
    const bool inner = tape->floor > 0;
    if (!inner) {
        tp_drop_adjoints(tape);
        tape->parts.count = 0;
    }
    if (!tp_slot_room(tape)) return tp_tape_out_of_memory(tape, "tp_backward");
    empty_slots(tape, inner ? low : 0, root);
    if (!recorded) tape->pool.use = TP_FOR_WALK;
    tape->walking = true;
    tape->sinking = sinking;
    tape->walk_low = low;
    tape->floor = root + 1;
    tape->inner = inner;
    tape->slots_are_nodes = recorded;
    if (sinking && !recorded && (tape->hooks.count || tape->anomaly)) tp_leaves_wait(tape, root);
    return TP_OK;
}

bool tp_keeps(const tp_tape *tape, uint32_t i)
{
    const tp_node *node = &tape->nodes[i];
    if (node->op->structure != TP_LEAF) return node->b & TP_RETAINS;
    return !tp_leaf_sinking(tape, i);
}

/* The tensor in a slot has served; a leaf's or retained one stays for the user. */
static tp_status settle_slot(tp_tape *tape, uint32_t i)
{
    if (!tape->slots[i].tensor) return TP_OK;
    if (tp_keeps(tape, i)) {
        const tp_leaf_entry *leaf = tp_leaf_of(tape, i);
        if (leaf && leaf->waits) return TP_OK;
        if (!TP_ARRAY_ROOM(tape, tape->kept)) return tp_tape_out_of_memory(tape, "tp_backward");
        tape->kept.items[tape->kept.count++] = i;
        return TP_OK;
    }
    tp_unref(tape, tape->slots[i].tensor);
    tape->slots[i].bits = 0;
    return TP_OK;
}

/* A failed walk leaves no adjoints: what the slots hold goes, unless it is on the kept list and goes with that. */
static void drop_all(tp_tape *tape, uint32_t root)
{
    for (uint32_t k = 0; k < tape->kept.count; k++) {
        tp_unref(tape, tape->slots[tape->kept.items[k]].tensor);
        tape->slots[tape->kept.items[k]].bits = 0;
    }
    tape->kept.count = 0;
    for (uint32_t i = 0; i <= root && !tape->slots_are_nodes; i++)
        if (tape->nodes[i].a & TP_IS_TENSOR && tape->slots[i].tensor) tp_unref(tape, tape->slots[i].tensor);
    tape->walked = 0;
}

/* Nodes below the lowest that was visited have only part of their gradient. */
static void drop_below(tp_tape *tape, uint32_t low)
{
    for (uint32_t i = 0; i < low; i++) {
        if (tape->nodes[i].a & TP_IS_TENSOR && tape->slots[i].tensor) tp_unref(tape, tape->slots[i].tensor);
        tape->slots[i].bits = 0;
    }
}

/* What an inner walk left: its adjoints are not kept. */
static void leave(tp_tape *tape, uint32_t root, const tp_level *outer)
{
    for (uint32_t i = tape->walk_low; i <= root && !tape->slots_are_nodes; i++)
        if (tape->nodes[i].a & TP_IS_TENSOR && tape->slots[i].tensor) tp_unref(tape, tape->slots[i].tensor);
    memset(tape->slots + tape->walk_low, 0, ((size_t)root - tape->walk_low + 1) * sizeof *tape->slots);
    tape->kept.count = outer->kept;
    tp_level_restore(tape, outer);
}

tp_status tp_walk_end(tp_tape *tape, uint32_t root, tp_status status, const tp_level *outer)
{
    tp_note_gradients(tape);
    if (status == TP_OK) status = tape->error.status;
    if (outer->floor) {
        leave(tape, root, outer);
        return status;
    }
    if (status == TP_OK && tape->slots_are_nodes) status = tp_read_recorded(tape, root);
    status = tp_leaves_finish(tape, root, status);
    if (status == TP_OK) drop_below(tape, tape->walk_low);
    if (status != TP_OK)
        drop_all(tape, root);
    else
        tape->walked = root + 1;
    /* `kept` is popped from the end when nodes are forgotten: highest nodes last. */
    for (uint32_t low = 0, high = tape->kept.count; low + 1 < high;) {
        const uint32_t swap = tape->kept.items[low];
        tape->kept.items[low++] = tape->kept.items[--high];
        tape->kept.items[high] = swap;
    }
    tape->walking = false;
    tape->floor = 0;
    tape->pool.use = TP_FOR_VALUES;
    return status;
}

tp_var tp_ctx_upstream(tp_ctx *ctx, int k)
{
    tp_tape *tape = ctx->tape;
    if (k < 0 || k >= ctx->results || (ctx->phase != TP_IN_NUMBERS && ctx->phase != TP_IN_RECORDED))
        return tp_poison(NULL);
    const uint32_t i = ctx->results > 1 ? ctx->node + 1 + (uint32_t)k : ctx->node;
    if (ctx->phase == TP_IN_RECORDED) return tp_slot_gradient(tape, i);
    if (tape->nodes[i].a & TP_IS_TENSOR)
        return tape->slots[i].tensor ? tp_constant_tensor(tape, tp_ref(tape->slots[i].tensor)) : tp_poison(NULL);
    return tape->slots[i].number != 0 ? tp_constant_number(tape, tape->slots[i].number) : tp_poison(NULL);
}

/* Runs a rule that is written in ops: it records constants and ops above the last node, which then go again. */
static tp_status run_backward(tp_ctx *ctx)
{
    tp_tape *tape = ctx->tape;
    const uint32_t mask = tape->grad_mask;
    tape->grad_mask = 0;
    const tp_var g = tp_ctx_upstream(ctx, 0);
    tp_status status = tape->error.status;
    if (status == TP_OK) status = ctx->op->backward(ctx, g);
    tape->grad_mask = mask;
    return status;
}

static tp_status run_gradient(tp_ctx *ctx)
{
    tp_tape *tape = ctx->tape;
    const tp_node *node = &tape->nodes[ctx->node];
    tp_tensor number, *g = &number;
    double value = tape->slots[ctx->node].number;
    if (ctx->results > 1) {
        g = NULL;
    } else if (node->a & TP_IS_TENSOR) {
        g = tape->slots[ctx->node].tensor;
    } else {
        memset(&number, 0, sizeof number);
        number.dtype = TP_F64;
        number.dense = true;
        number.count = 1;
        number.pool = &tape->pool;
        number.data = (char *)&value;
    }
    const tp_status status = ctx->op->gradient(ctx, g);
    const tp_status flushed = tp_flush_pending(ctx);
    return status == TP_OK ? flushed : status;
}

bool tp_leads_on(const tp_tape *tape, uint32_t i)
{
    if (tape->walk_low == 0) return true;
    const tp_node *node = &tape->nodes[i];
    const uint32_t count = tp_input_count(node);
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t operand = tp_input_of(node, k);
        if (operand >= tape->walk_low && tape->nodes[operand].a & TP_NEEDS) return true;
    }
    return false;
}

tp_status tp_visit(tp_tape *tape, uint32_t i)
{
    const tp_node *node = &tape->nodes[i];
    const tp_op *op = node->op;
    if (op->structure == TP_LEAF) {
        const tp_status status = node->a & TP_IS_TENSOR ? TP_OK : tp_leaf_sink_number(tape, i, tape->slots[i].number);
        return status == TP_OK && node->a & TP_IS_TENSOR ? settle_slot(tape, i) : status;
    }
    if (op->flags & TP_TUPLE_PART) { /* wakes the tuple; the slot is read there */
        const uint32_t tuple = node->a & TP_NODE_BITS;
        if (tuple < tape->walk_low) return node->a & TP_IS_TENSOR ? settle_slot(tape, i) : TP_OK; /* the walk ends */
        tape->slots[tuple].number = 1;
        return TP_OK;
    }
    const uint32_t first = tape->count, chunk = tape->stack.chunk;
    const size_t used = tape->stack.used;
    const size_t outer = tp_pool_watch(&tape->pool);
    tp_ctx ctx;
    tp_ctx_of_node(&ctx, tape, i, TP_IN_NUMBERS);
    tp_status status = TP_OK;
    if (!tp_leads_on(tape, i))
        ; /* its rule has nobody to give to */
    else if (op->gradient)
        status = run_gradient(&ctx);
    else if (op->backward)
        status = run_backward(&ctx);
    else
        status = tp_ctx_fail(&ctx, TP_E_UNSUPPORTED, "the op has no backward closure");
    tp_ctx_done(&ctx);
    if (tape->count > first) { /* what the rule recorded goes again */
        tp_unwind(tape, first, chunk, used);
        if (!tp_new_epoch(tape) && status == TP_OK) status = TP_E_MEMORY;
    }
    if (status != TP_OK && tape->error.status == TP_OK) tp_ctx_fail(&ctx, status, "backward failed");
    tp_chunks_pop_to(&tape->stack, chunk, used);
    tp_note_walk(tape, outer);
    if (status != TP_OK) return status;
    if (ctx.results == 1) return tape->nodes[i].a & TP_IS_TENSOR ? settle_slot(tape, i) : TP_OK;
    for (uint32_t k = (uint32_t)ctx.results; k-- > 0 && status == TP_OK;)
        if (tape->nodes[i + 1 + k].a & TP_IS_TENSOR) status = settle_slot(tape, i + 1 + k);
    return status;
}

void tp_scalar_gradient(tp_tape *tape, uint32_t i, uint32_t low)
{
    const tp_node *node = &tape->nodes[i];
    const uint32_t count = tp_input_count(node), n = count < TP_ROW_OPERANDS ? count : TP_ROW_OPERANDS;
    tp_slot below[TP_ROW_OPERANDS];
    for (uint32_t k = 0; k < n; k++) below[k] = tape->slots[tp_input_of(node, k)];
    node->op->scalar_gradient(tape->nodes, tape->slots, i, tape->slots[i].number);
    for (uint32_t k = 0; k < n; k++)
        if (tp_input_of(node, k) < low) tape->slots[tp_input_of(node, k)] = below[k];
}

static tp_status stretch_in_numbers(tp_tape *tape, uint32_t high, uint32_t low)
{
    if (tape->profiling && !tape->profile->inside) return tp_stretch_timed(tape, high, low);
    const uint32_t keep = tape->inner ? tape->walk_low : 0;
    double g =
        tape->slots[high - 1].number; /* read back from where the node behind has just put it, it would be late */
    for (uint32_t i = high; i-- > low;) {
        const tp_node *node = &tape->nodes[i];
        const uint32_t kind = node->a & (TP_IS_TENSOR | TP_NEEDS);
        if (TP_LIKELY(kind == TP_NEEDS && node->op->scalar_gradient && !keep)) {
            if (g == 0)
                g = tape->slots[i - 1].number;
            else
                g = node->op->scalar_gradient(tape->nodes, tape->slots, i, g);
            continue;
        }
        if (kind & TP_NEEDS && tape->slots[i].bits << 1 != 0) { /* 0: absent, or a zero of either sign */
            if (kind == TP_NEEDS && node->op->scalar_gradient) {
                tp_scalar_gradient(tape, i, keep);
            } else {
                const tp_status status = tp_visit(tape, i);
                if (status != TP_OK) return status;
            }
        }
        if (i) g = tape->slots[i - 1].number;
    }
    return TP_OK;
}

/* A stretch in anomaly mode: what a node has got is checked before its rule runs, what the rule gave after it. */
static tp_status watch(tp_tape *tape, tp_stretch *run, uint32_t high, uint32_t low)
{
    tp_status status = TP_OK;
    for (uint32_t i = high; i-- > low && status == TP_OK;) {
        if (tape->slots[i].bits == 0 || !(tape->nodes[i].a & TP_NEEDS)) continue;
        tape->in_parts = 0;
        if (tp_result_count(tape->nodes[i].op) == 1) status = tp_check_slot(tape, i, TP_FROM_USES);
        if (status == TP_OK) status = run(tape, i + 1, i);
        if (status == TP_OK) status = tp_check_given(tape, i);
    }
    return status;
}

tp_status tp_walk_stretches(tp_tape *tape, uint32_t root, uint32_t low, tp_stretch *run)
{
    const bool watched = tape->anomaly;
    uint32_t high = root + 1, hooked = tp_hook_below(tape, high);
    tp_status status = watched ? tp_check_slot(tape, root, TP_FROM_SEED) : TP_OK;
    while (status == TP_OK && hooked != TP_NO_NODE && hooked >= low) {
        status = watched ? watch(tape, run, high, hooked + 1) : run(tape, high, hooked + 1);
        if (status == TP_OK) status = tp_hooks_run(tape, hooked);
        if (status == TP_OK && watched) status = tp_check_slot(tape, hooked, TP_FROM_HOOK);
        high = hooked + 1;
        hooked = tp_hook_below(tape, hooked);
    }
    if (status != TP_OK) return status;
    return watched ? watch(tape, run, high, low) : run(tape, high, low);
}

tp_status tp_walk_numbers(tp_tape *tape, uint32_t root, uint32_t low)
{
    return tp_walk_stretches(tape, root, low, stretch_in_numbers);
}
