#include "autograd/segment.h"

#include <string.h>

#include "autograd/give.h"
#include "autograd/walk.h"

/* ---- running ---- */

/* The last mixing steps of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA
   2014). */
static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

bool tp_frame_leaf(tp_tape *tape, const tp_op *op, const tp_tensor *tensor, bool param, bool needs, tp_var *known)
{
    tp_frame *frame = tape->frame;
    if (tensor->pool) return false; /* the tape's own */
    if (!param || !needs) {
        frame->data += mix(tp_tensor_version(tensor) + 0x9e3779b97f4a7c15u * (uint64_t)(tensor->count + 1));
        return false;
    }
    if (!frame->again) return false;
    for (uint32_t i = 0; i < frame->count; i++) { /* most often the one after the latest */
        const uint32_t at = (frame->next + i) % frame->count, node = frame->leaves[at];
        const tp_leaf_entry *leaf = tp_leaf_of(tape, node);
        if (!leaf || leaf->tensor != tensor || tape->nodes[node].op != op) continue;
        frame->next = at + 1;
        *known = tp_handle(tape, node);
        return true;
    }
    char text[TP_SHAPE_TEXT];
    tp_tape_fail(tape, TP_E_ARGUMENT, "tp_%s: run again, the function takes a parameter %s that it did not take before",
                 frame->name, tp_tensor_text(text, tensor));
    *known = tp_poison(tape);
    return true;
}

/* It is new, or one of x, or stands for a parameter. */
static bool may_return(const tp_tape *tape, const tp_frame *frame, uint32_t first, const tp_var *x, int n, tp_var y)
{
    if (y.node >= first) return true;
    for (int i = 0; i < n; i++)
        if (x[i].node == y.node) return true;
    for (uint32_t i = 0; frame->again && i < frame->count; i++)
        if (frame->leaves[i] == y.node && tp_leaf_of(tape, y.node)) return true;
    return false;
}

static tp_status check_result(tp_tape *tape, const tp_body *body, int k, const tp_held *like, tp_var y)
{
    char got[TP_SHAPE_TEXT] = "()", want[TP_SHAPE_TEXT] = "()";
    const tp_tensor *value = tp_value(y), *wanted = like->tensor;
    const bool shape =
        value && wanted ? tp_shape_equal(value->rank, value->dims, wanted->rank, wanted->dims) : !value == !wanted;
    if (!shape)
        return tp_tape_fail(tape, TP_E_SHAPE, "tp_%s: result %d has shape %s now, and had %s before", body->name, k,
                            value ? tp_tensor_text(got, value) : got, wanted ? tp_tensor_text(want, wanted) : want);
    if (value && value->dtype != wanted->dtype)
        return tp_tape_fail(tape, TP_E_DTYPE, "tp_%s: result %d is %s now, and was %s before", body->name, k,
                            tp_dtype_name((tp_dtype)value->dtype), tp_dtype_name((tp_dtype)wanted->dtype));
    return TP_OK;
}

static tp_status check_results(tp_tape *tape, const tp_body *body, const tp_frame *frame, uint32_t first,
                               const tp_var *x, const tp_held *like, const tp_var *y)
{
    for (int k = 0; k < body->results && tape->error.status == TP_OK; k++) {
        if (y[k].tape != tape || y[k].epoch == 0)
            tp_tape_fail(tape, TP_E_ARGUMENT, "tp_%s: result %d is no handle of this tape", body->name, k);
        else if (!tp_valid(tape, y[k]))
            tp_tape_fail(tape, TP_E_STALE, "tp_%s: result %d is a stale handle", body->name, k);
        else if (!may_return(tape, frame, first, x, body->n, y[k]))
            tp_tape_fail(tape, TP_E_ARGUMENT, "tp_%s: result %d is node %u (%s), which the function has not recorded",
                         body->name, k, y[k].node, tape->nodes[y[k].node].op->name);
        else if (like)
            check_result(tape, body, k, &like[k], y[k]);
    }
    return tape->error.status;
}

tp_status tp_segment_run(tp_tape *tape, const tp_body *body, tp_frame *frame, const tp_var *x, int64_t k,
                         const tp_held *like, tp_var *y)
{
    const uint32_t first = tape->count, guarded = tape->guarded, calling = tape->calling, floor = tape->floor;
    frame->outer = tape->frame;
    frame->name = body->name;
    tape->frame = frame;
    tape->floor = tape->guarded = first;
    tape->calling = 0;
    tape->functions++;
    if (body->f) {
        y[0] = body->f(tape, x, body->n, body->user);
    } else {
        memcpy(y, x, (size_t)body->n * sizeof *y);
        body->step(tape, y, body->n, k, body->user);
    }
    tape->functions--;
    tape->calling = calling;
    tape->guarded = guarded;
    tape->floor = floor;
    tape->frame = frame->outer;
    return check_results(tape, body, frame, first, x, like, y);
}

/* ---- what a segment captures ---- */

static tp_status capture(tp_tape *tape, uint32_t base, const tp_capture *found)
{
    for (uint32_t i = tape->captures.count; i-- > base;) {
        const tp_capture *known = &tape->captures.items[i];
        if (found->tensor ? known->tensor == found->tensor : !known->tensor && known->node == found->node) return TP_OK;
    }
    if (!TP_ARRAY_ROOM(tape, tape->captures)) return tp_tape_out_of_memory(tape, "tp_checkpoint");
    tape->captures.items[tape->captures.count++] = *found;
    if (found->tensor) tp_ref(found->tensor);
    return TP_OK;
}

static tp_status capture_parameters(tp_tape *tape, uint32_t first, uint32_t base)
{
    uint32_t i = tape->leaves.count;
    while (i > 0 && tape->leaves.items[i - 1].node >= first) i--;
    for (; i < tape->leaves.count; i++) {
        const tp_leaf_entry *leaf = &tape->leaves.items[i];
        if (!leaf->is_param || !(tape->nodes[leaf->node].a & TP_NEEDS)) continue;
        tp_capture found = {.tensor = leaf->tensor, .version = leaf->version};
        const char *name = tp_name_of(tape, leaf->node);
        if (name) memcpy(found.name, name, sizeof found.name);
        const tp_status status = capture(tape, base, &found);
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

tp_status tp_segment_capture(tp_tape *tape, uint32_t first, uint32_t base, const tp_var *x, int n)
{
    tp_status status = TP_OK;
    for (uint32_t i = first; i < tape->count && status == TP_OK; i++) {
        const tp_node *node = &tape->nodes[i];
        if (node->op->structure == TP_LEAF) continue;
        const uint32_t count = tp_input_count(node);
        for (uint32_t k = 0; k < count && status == TP_OK; k++) {
            const uint32_t input = tp_input_of(node, k);
            bool known = input >= first || !(tape->nodes[input].a & TP_NEEDS);
            for (int j = 0; j < n && !known; j++) known = x[j].node == input;
            if (!known) status = capture(tape, base, &(tp_capture){.node = input});
        }
    }
    return status == TP_OK ? capture_parameters(tape, first, base) : status;
}

void tp_captures_drop(tp_tape *tape, uint32_t base)
{
    while (tape->captures.count > base) {
        tp_tensor *tensor = tape->captures.items[--tape->captures.count].tensor;
        if (tensor) tp_unref(tape, tensor);
    }
}

static uint32_t place_parameter(tp_tape *tape, const tp_capture *found)
{
    const uint32_t end = tape->count;
    const tp_var leaf = tp_param(tape, found->tensor);
    if (tape->count == end || !tp_ok(leaf)) return leaf.node; /* a segment around this one may have it already */
    tp_leaf_of(tape, leaf.node)->version = found->version;
    if (found->name[0]) tp_name(leaf, found->name);
    return leaf.node;
}

uint32_t tp_captures_place(tp_tape *tape, uint32_t base, uint32_t *nodes)
{
    const uint32_t mask = tape->grad_mask;
    uint32_t count = 0;
    for (uint32_t i = base; i < tape->captures.count; i++)
        if (!tape->captures.items[i].tensor) nodes[count++] = tape->captures.items[i].node;
    const uint32_t first = count;
    tape->grad_mask = TP_NEEDS; /* they needed gradients where they were taken */
    for (uint32_t i = base; i < tape->captures.count && tape->error.status == TP_OK; i++)
        if (tape->captures.items[i].tensor) nodes[count++] = place_parameter(tape, &tape->captures.items[i]);
    tape->grad_mask = mask;
    return first;
}

/* ---- values ---- */

void tp_hold(const tp_tape *tape, const tp_var *y, int n, tp_held *values)
{
    for (int i = 0; i < n; i++) {
        const tp_node *node = &tape->nodes[y[i].node];
        const bool tensor = node->a & TP_IS_TENSOR;
        values[i] = (tp_held){tensor ? tp_ref(node->value.tensor) : NULL, tensor ? 0 : node->value.number};
    }
}

void tp_held_copy(tp_tensor *to, const tp_tensor *from)
{
    tp_copy(to->rank, to->dims, (tp_dtype)to->dtype, to->data, to->strides, (tp_dtype)from->dtype, from->data,
            from->strides);
}

void tp_held_drop(tp_tape *tape, tp_held *values, int n)
{
    for (int i = 0; i < n; i++) {
        if (values[i].tensor) tp_unref(tape, values[i].tensor);
        values[i].tensor = NULL;
    }
}

tp_status tp_held_settle(tp_tape *tape, tp_held *values, int n, const char *name)
{
    for (int i = 0; i < n; i++) {
        tp_tensor *from = values[i].tensor;
        if (!from) continue;
        const bool alone = from->pool == &tape->pool && from->dense && from->storage->bin >= 0 &&
                           atomic_load_explicit(&from->refs, memory_order_relaxed) == 1 &&
                           atomic_load_explicit(&from->storage->refs, memory_order_relaxed) == 1;
        if (alone) continue;
        tp_tensor *copy = tp_new_tensor(tape, (tp_dtype)from->dtype, from->rank, from->dims, name);
        if (!copy) return tape->error.status;
        tp_held_copy(copy, from);
        tp_unref(tape, from);
        values[i].tensor = copy;
    }
    return TP_OK;
}

tp_status tp_held_leaves(tp_tape *tape, const tp_held *values, int n, tp_var *x)
{
    for (int i = 0; i < n; i++) {
        tp_tensor *value = values[i].tensor;
        x[i] = value ? tp_constant_tensor(tape, tp_ref(value)) : tp_constant_number(tape, values[i].number);
        if (!tp_ok(x[i])) return tape->error.status;
        if (!value || tp_dtype_is_float((tp_dtype)value->dtype)) tape->nodes[x[i].node].a |= TP_NEEDS;
    }
    return TP_OK;
}

/* ---- walking ---- */

static tp_status seed_number(tp_tape *tape, tp_var y, tp_held *seed)
{
    if (seed->tensor) {
        const tp_status status = tp_slot_add(tape, y.node, seed->tensor);
        tp_held_drop(tape, seed, 1);
        return status;
    }
    return seed->number != 0 ? tp_slot_add_number(tape, y.node, seed->number) : TP_OK;
}

/* After a failure: what the segment's slots hold. */
static void drop_slots(tp_tape *tape, uint32_t first, uint32_t end)
{
    while (tape->kept.count && tape->kept.items[tape->kept.count - 1] >= first) tape->kept.count--;
    for (uint32_t i = first; i < end; i++) {
        if (!tape->slots_are_nodes && tape->nodes[i].a & TP_IS_TENSOR && tape->slots[i].tensor)
            tp_unref(tape, tape->slots[i].tensor);
        tape->slots[i].bits = 0;
    }
}

tp_status tp_segment_walk(tp_tape *tape, uint32_t low, uint32_t first, const tp_var *y, int n, tp_held *seeds,
                          const tp_var *recorded)
{
    const uint32_t end = tape->count, floor = tape->floor;
    if (!tp_slot_room(tape)) return tp_tape_out_of_memory(tape, "tp_checkpoint");
    memset(tape->slots + low, 0, (end - low) * sizeof *tape->slots);
    tape->floor = end;
    tp_status status = TP_OK;
    for (int k = 0; k < n && status == TP_OK; k++) {
        if (!(tape->nodes[y[k].node].a & TP_NEEDS) || y[k].node < tape->walk_low) continue;
        if (!recorded)
            status = seed_number(tape, y[k], &seeds[k]);
        else if (tp_ok(recorded[k]))
            status = tp_slot_record(tape, y[k].node, recorded[k]);
    }
    if (status == TP_OK && end > first)
        status = recorded ? tp_walk_recorded(tape, end - 1, first) : tp_walk_numbers(tape, end - 1, first);
    tape->floor = floor;
    if (status == TP_OK) status = tape->error.status;
    if (status != TP_OK) drop_slots(tape, low, end);
    return status;
}

void tp_segment_gradients(tp_tape *tape, const tp_var *x, int n, tp_held *gradients)
{
    for (int i = 0; i < n; i++) {
        tp_slot *slot = &tape->slots[x[i].node];
        const bool tensor = tape->nodes[x[i].node].a & TP_IS_TENSOR;
        gradients[i] = (tp_held){tensor ? slot->tensor : NULL, tensor ? 0 : slot->number};
        slot->bits = 0;
    }
}
