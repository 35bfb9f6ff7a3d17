/* What a sweep of forward mode holds: which nodes it visits, their tangents, seeds and results. */
#include "autograd/sweep.h"

#include <string.h>

#include "autograd/give.h"
#include "autograd/walk.h"

tp_slot *tp_sweep_move(const tp_sweep *s, uint32_t node)
{
    tp_slot *slots = tp_sweep_slots(s, node);
    if (s->until[node - s->first] & TP_MOVES) return slots;
    memset(slots, 0, s->lanes * sizeof *slots);
    s->until[node - s->first] |= TP_MOVES;
    return slots;
}

void tp_sweep_drop(const tp_sweep *s, uint32_t node)
{
    if (!tp_sweep_moves(s, node)) return;
    tp_slot *slots = tp_sweep_slots(s, node);
    const bool tensors = !s->recorded && s->tape->nodes[node].a & TP_IS_TENSOR;
    for (uint32_t lane = 0; tensors && lane < s->lanes; lane++)
        if (slots[lane].tensor) tp_unref(s->tape, slots[lane].tensor);
    s->until[node - s->first] &= ~TP_MOVES;
}

tp_var tp_sweep_var(const tp_sweep *s, uint32_t lane, uint32_t node)
{
    if (!tp_sweep_moves(s, node)) return tp_poison(NULL);
    const tp_slot slot = tp_sweep_slots(s, node)[lane];
    if (slot.bits == 0) return tp_poison(NULL);
    if (s->recorded) return tp_handle(s->tape, slot.recorded.node - 1);
    return s->tape->nodes[node].a & TP_IS_TENSOR ? tp_constant_tensor(s->tape, tp_ref(slot.tensor))
                                                 : tp_constant_number(s->tape, slot.number);
}

tp_status tp_sweep_add(const tp_sweep *s, uint32_t lane, uint32_t node, tp_var dx)
{
    tp_tape *tape = s->tape;
    dx = tp_fit(tape, dx, node);
    const tp_var held = tp_sweep_var(s, lane, node);
    if (tp_ok(held) && tp_ok(dx)) dx = tp_accumulate(tape, held, dx);
    if (!tp_ok(dx) || tape->error.status != TP_OK) return tape->error.status;
    tp_slot *slot = &tp_sweep_move(s, node)[lane];
    const tp_node *from = &tape->nodes[dx.node];
    if (s->recorded) {
        slot->recorded.node = dx.node + 1;
    } else if (from->a & TP_IS_TENSOR) {
        if (slot->tensor) tp_unref(tape, slot->tensor);
        slot->tensor = tp_ref(from->value.tensor);
    } else {
        slot->number = from->value.number;
    }
    return TP_OK;
}

/* ---- begin and end ---- */

static void wants(const tp_sweep *s, uint32_t node, uint32_t user)
{
    if (node >= s->first && s->until[node - s->first] == 0) s->until[node - s->first] = user;
}

/* From the back, so that the first user that is met is the last one. */
static void mark_wanted(const tp_sweep *s, const tp_var *y, int ny)
{
    for (int i = 0; i < ny; i++) wants(s, y[i].node, TP_NODE_BITS);
    for (uint32_t i = s->last + 1; i-- > s->first;) {
        const tp_node *node = &s->tape->nodes[i];
        if (s->until[i - s->first] == 0 || !(node->a & TP_NEEDS) || node->op->structure == TP_LEAF) continue;
        const uint32_t count = tp_input_count(node);
        for (uint32_t k = 0; k < count; k++) wants(s, tp_input_of(node, k), i);
    }
}

tp_status tp_sweep_begin(tp_sweep *s, const char *called, tp_tape *tape, const tp_var *y, int ny, const tp_var *x,
                         int nx, int lanes, bool recorded)
{
    *s = (tp_sweep){.tape = tape,
                    .called = called,
                    .first = TP_NODE_BITS,
                    .lanes = (uint32_t)lanes,
                    .recorded = recorded,
                    .chunk = tape->stack.chunk,
                    .used = tape->stack.used};
    for (int i = 0; i < ny; i++)
        if (y[i].node > s->last) s->last = y[i].node;
    s->first = s->last;
    for (int i = 0; i < nx; i++)
        if (x[i].node < s->first) s->first = x[i].node;
    for (int i = 0; i < ny; i++)
        if (y[i].node < s->first) s->first = y[i].node;
    const tp_status status = tp_check_versions(tape, s->last);
    if (status != TP_OK) return status;
    const size_t nodes = (size_t)s->last - s->first + 1;
    if (nodes <= PTRDIFF_MAX / 4 / s->lanes / sizeof *s->tangents)
        s->tangents = tp_chunks_push(&tape->stack, nodes * s->lanes * sizeof *s->tangents);
    s->until = tp_chunks_push(&tape->stack, nodes * sizeof *s->until);
    if (!tape->floor) tp_drop_adjoints(tape);
    if (!s->tangents || !s->until || !tp_slot_room(tape)) {
        s->until = NULL;
        return tp_tape_out_of_memory(tape, called);
    }
    memset(s->until, 0, nodes * sizeof *s->until);
    mark_wanted(s, y, ny);
    return TP_OK;
}

void tp_sweep_clear(tp_sweep *s)
{
    for (uint32_t i = s->first; s->until && i <= s->last; i++)
        if (s->until[i - s->first] & TP_MOVES) tp_sweep_drop(s, i);
}

void tp_sweep_end(tp_sweep *s)
{
    tp_sweep_clear(s);
    if (!s->recorded) tp_chunks_pop_to(&s->tape->stack, s->chunk, s->used);
    s->until = NULL;
}

/* ---- seeds and results ---- */

/* What fitting the seed recorded goes again. */
tp_status tp_sweep_seed(tp_sweep *s, int lane, tp_var x, tp_var dx)
{
    tp_tape *tape = s->tape;
    if (!tp_sweep_wants(s, x.node)) return TP_OK;
    if (s->recorded) return tp_sweep_add(s, (uint32_t)lane, x.node, dx);
    const uint32_t end = tape->count, chunk = tape->stack.chunk, mask = tape->grad_mask;
    const size_t used = tape->stack.used;
    tape->grad_mask = 0;
    const tp_status status = tp_sweep_add(s, (uint32_t)lane, x.node, dx);
    tape->grad_mask = mask;
    if (tape->count == end) return status;
    tp_unwind(tape, end, chunk, used);
    return tp_new_epoch(tape) ? status : TP_E_MEMORY;
}

tp_status tp_sweep_seed_number(tp_sweep *s, int lane, tp_var x, int64_t element, double dx)
{
    tp_tape *tape = s->tape;
    if (!tp_sweep_wants(s, x.node)) return TP_OK;
    tp_slot *slot = &tp_sweep_move(s, x.node)[lane];
    if (!(tape->nodes[x.node].a & TP_IS_TENSOR)) {
        slot->number += dx;
        return TP_OK;
    }
    const tp_tensor *value = tape->nodes[x.node].value.tensor;
    const tp_dtype dtype = (tp_dtype)value->dtype;
    if (!slot->tensor) {
        slot->tensor = tp_new_tensor(tape, dtype, value->rank, value->dims, s->called + 3);
        if (!slot->tensor) return tape->error.status;
        tp_fill(value->count, dtype, slot->tensor->data, 0);
    }
    char *at = slot->tensor->data + element * (int64_t)tp_dtype_size(dtype);
    tp_put(dtype, at, tp_get(dtype, at) + dx);
    return TP_OK;
}

double tp_sweep_number(const tp_sweep *s, int lane, tp_var y)
{
    return tp_sweep_moves(s, y.node) ? tp_sweep_slots(s, y.node)[lane].number : 0;
}

const tp_tensor *tp_sweep_tensor(const tp_sweep *s, int lane, tp_var y)
{
    return tp_sweep_moves(s, y.node) ? tp_sweep_slots(s, y.node)[lane].tensor : NULL;
}

/* Zeros like y, or the tangent: it itself where nobody else has it, since a constant has memory of its own. */
static tp_var constant_tensor(const tp_sweep *s, tp_var y, tp_tensor *tangent)
{
    tp_tape *tape = s->tape;
    const tp_tensor *value = tape->nodes[y.node].value.tensor;
    const bool alone = tangent && tangent->pool == &tape->pool &&
                       atomic_load_explicit(&tangent->refs, memory_order_relaxed) == 1 &&
                       atomic_load_explicit(&tangent->storage->refs, memory_order_relaxed) == 1;
    if (alone) return tp_constant_tensor(tape, tp_ref(tangent));
    tp_tensor *result = tp_new_tensor(tape, (tp_dtype)value->dtype, value->rank, value->dims, s->called + 3);
    if (!result) return tp_poison(tape);
    if (tangent)
        tp_copy(result->rank, result->dims, (tp_dtype)result->dtype, result->data, result->strides,
                (tp_dtype)tangent->dtype, tangent->data, tangent->strides);
    else
        tp_fill(result->count, (tp_dtype)result->dtype, result->data, 0);
    return tp_constant_tensor(tape, result);
}

tp_var tp_sweep_result(const tp_sweep *s, int lane, tp_var y)
{
    tp_slot slot = {.bits = 0};
    if (tp_sweep_moves(s, y.node)) slot = tp_sweep_slots(s, y.node)[lane];
    if (s->recorded && slot.bits) return tp_handle(s->tape, slot.recorded.node - 1);
    return s->tape->nodes[y.node].a & TP_IS_TENSOR ? constant_tensor(s, y, slot.tensor)
                                                   : tp_constant_number(s->tape, slot.number);
}
