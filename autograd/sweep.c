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
    dx = tp_fit_gradient(tape, dx, node);
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

enum { ASSUMED = 0x3f }; /* in every byte of until: there is a user, nothing moves */

static inline void want(const tp_sweep *s, uint32_t node, uint32_t user)
{
    if (node >= s->first && (s->until[node - s->first] & ~TP_MOVES) == 0) s->until[node - s->first] |= user;
}

static void want_operands(const tp_sweep *s, uint32_t i)
{
    const tp_node *node = &s->tape->nodes[i];
    const int arity = node->op->arity;
    if (arity >= 0 && arity <= 2) {
        if (arity > 0) want(s, node->a & TP_NODE_BITS, i);
        if (arity > 1) want(s, node->b & TP_NODE_BITS, i);
        return;
    }
    const uint32_t count = tp_input_count(node);
    for (uint32_t k = 0; k < count; k++) want(s, tp_input_of(node, k), i);
}

/* From the back, so that the first user that is met is the last one. */
void tp_sweep_mark(tp_sweep *s)
{
    uint32_t kinds = 0;
    for (uint32_t i = 0; s->assumed && i <= s->last - s->first; i++) s->until[i] &= TP_MOVES;
    for (int i = 0; i < s->ny; i++) want(s, s->y[i].node, TP_NODE_BITS);
    for (uint32_t i = s->last + 1; i-- > s->first;) {
        const tp_node *node = &s->tape->nodes[i];
        if ((s->until[i - s->first] & ~TP_MOVES) == 0) continue;
        kinds |= node->a;
        if (node->a & TP_NEEDS && node->op->structure != TP_LEAF) want_operands(s, i);
    }
    s->tensors = kinds & TP_IS_TENSOR;
    s->assumed = false;
}

tp_status tp_sweep_begin(tp_sweep *s, const char *called, tp_tape *tape, const tp_var *y, int ny, const tp_var *x,
                         int nx, int lanes, bool recorded)
{
    *s = (tp_sweep){.tape = tape,
                    .called = called,
                    .y = y,
                    .ny = ny,
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
    if (nodes <= SIZE_MAX / 8 / s->lanes / sizeof *s->tangents)
        s->tangents = tp_chunks_push(&tape->stack, nodes * s->lanes * sizeof *s->tangents);
    s->until = tp_chunks_push(&tape->stack, nodes * sizeof *s->until);
    if (!tape->floor) tp_drop_adjoints(tape);
    if (!s->tangents || !s->until || !tp_slot_room(tape)) {
        s->until = NULL;
        return tp_tape_out_of_memory(tape, called);
    }
    /* To find out what y depends on costs as much as one lane through scalars that nobody wants. */
    s->assumed = lanes == 1 && !recorded && tape->owned.count == 0 && tape->leaves.count == 0;
    memset(s->until, s->assumed ? ASSUMED : 0, nodes * sizeof *s->until);
    if (!s->assumed) tp_sweep_mark(s);
    return TP_OK;
}

void tp_sweep_clear(tp_sweep *s)
{
    const uint32_t nodes = s->last - s->first + 1;
    for (uint32_t i = 0; s->tensors && i < nodes; i++)
        if (s->until[i] & TP_MOVES) tp_sweep_drop(s, s->first + i);
    for (uint32_t i = 0; !s->tensors && i < nodes; i++) s->until[i] &= ~TP_MOVES;
}

void tp_sweep_end(tp_sweep *s)
{
    if (s->until && s->tensors) tp_sweep_clear(s);
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
    if (!((tape->nodes[x.node].a | tape->nodes[dx.node].a) & TP_IS_TENSOR)) {
        tp_sweep_move(s, x.node)[lane].number += tape->nodes[dx.node].value.number;
        return TP_OK;
    }
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

tp_slot tp_sweep_take(const tp_sweep *s, int lane, tp_var y)
{
    tp_slot slot = {.bits = 0};
    if (tp_sweep_moves(s, y.node)) slot = tp_sweep_slots(s, y.node)[lane];
    if (slot.bits && s->tape->nodes[y.node].a & TP_IS_TENSOR) tp_ref(slot.tensor);
    return slot;
}

tp_var tp_tangent_constant(tp_tape *tape, uint32_t like, tp_slot tangent, const char *called)
{
    if (!(tape->nodes[like].a & TP_IS_TENSOR)) return tp_constant_number(tape, tangent.number);
    const tp_tensor *value = tape->nodes[like].value.tensor, *held = tangent.tensor;
    const bool alone = held && held->pool == &tape->pool &&
                       atomic_load_explicit(&held->refs, memory_order_relaxed) == 1 &&
                       atomic_load_explicit(&held->storage->refs, memory_order_relaxed) == 1;
    if (alone) return tp_constant_tensor(tape, tp_ref(tangent.tensor));
    tp_tensor *own = tp_new_tensor(tape, (tp_dtype)value->dtype, value->rank, value->dims, called + 3);
    if (!own) return tp_poison(tape);
    if (held)
        tp_copy(own->rank, own->dims, (tp_dtype)own->dtype, own->data, own->strides, (tp_dtype)held->dtype, held->data,
                held->strides);
    else
        tp_fill(own->count, (tp_dtype)own->dtype, own->data, 0);
    return tp_constant_tensor(tape, own);
}

tp_var tp_sweep_result(const tp_sweep *s, int lane, tp_var y)
{
    tp_slot slot = {.bits = 0};
    if (tp_sweep_moves(s, y.node)) slot = tp_sweep_slots(s, y.node)[lane];
    if (s->recorded && slot.bits) return tp_handle(s->tape, slot.recorded.node - 1);
    return tp_tangent_constant(s->tape, y.node, slot, s->called);
}
