/* The tangents of a tensor that a row made, in numbers: slope times tangent, operand by operand. Of several lanes the
   slope is worked out once. */
#include "autograd/elementwise.h"
#include "autograd/sweep.h"

static bool same_dims(const tp_tensor *a, const tp_tensor *b)
{
    return a->dtype == b->dtype && tp_shape_equal(a->rank, a->dims, b->rank, b->dims);
}

/* Takes over a reference to `part`, which has the node's dtype and dims. A sum is made in the memory of one of the two
   if nobody else holds it. */
static tp_status add_part(tp_tape *tape, tp_slot *slot, tp_tensor *part)
{
    tp_tensor *held = slot->tensor;
    slot->tensor = part;
    if (!held) return TP_OK;
    const bool alone = part->dense && part->pool == &tape->pool &&
                       atomic_load_explicit(&part->refs, memory_order_relaxed) == 1 &&
                       atomic_load_explicit(&part->storage->refs, memory_order_relaxed) == 1;
    if (!alone) {
        tp_tensor *sum = tp_new_tensor(tape, (tp_dtype)part->dtype, part->rank, part->dims, "jvp");
        if (sum)
            tp_copy(sum->rank, sum->dims, (tp_dtype)sum->dtype, sum->data, sum->strides, (tp_dtype)part->dtype,
                    part->data, part->strides);
        tp_unref(tape, part);
        slot->tensor = sum;
        part = sum;
    }
    if (part)
        tp_add_into(tape->kernels, part->rank, part->dims, (tp_dtype)part->dtype, part->data, part->strides, held->data,
                    held->strides);
    tp_unref(tape, held);
    return part ? TP_OK : tape->error.status;
}

/* The slope by operand k alone, in the result's shape; NULL after setting the error. */
static tp_tensor *slope_of(const tp_sweep *s, uint32_t i, int k)
{
    tp_tape *tape = s->tape;
    const tp_tensor *y = tape->nodes[i].value.tensor;
    tp_tensor *slope = tp_new_tensor(tape, (tp_dtype)y->dtype, y->rank, y->dims, tape->nodes[i].op->name);
    if (slope) tp_elementwise_slope(tape, i, k, &(tp_node){.value.number = 1}, slope);
    return slope;
}

static tp_status one_lane(const tp_sweep *s, uint32_t i, int k, uint32_t lane, const tp_tensor *slope)
{
    tp_tape *tape = s->tape;
    const tp_node *node = &tape->nodes[i];
    const uint32_t operand = tp_input_of(node, (uint32_t)k);
    const tp_slot from = tp_sweep_slots(s, operand)[lane];
    const tp_node dx = {.a = tape->nodes[operand].a & TP_IS_TENSOR, .value.tensor = from.tensor};
    const tp_tensor *y = node->value.tensor;
    if (from.bits == 0) return TP_OK;
    if (node->op->row->through[k] && dx.a && same_dims(from.tensor, y))
        return add_part(tape, &tp_sweep_slots(s, i)[lane], tp_ref(from.tensor));
    tp_tensor *out = tp_new_tensor(tape, (tp_dtype)y->dtype, y->rank, y->dims, node->op->name);
    if (!out) return tape->error.status;
    if (slope)
        tp_elementwise_product(tape, &dx, slope, out);
    else
        tp_elementwise_slope(tape, i, k, &dx, out);
    return add_part(tape, &tp_sweep_slots(s, i)[lane], out);
}

tp_status tp_sweep_row(const tp_sweep *s, uint32_t i)
{
    tp_tape *tape = s->tape;
    const tp_row *row = tape->nodes[i].op->row;
    tp_status status = TP_OK;
    for (int k = 0; k < tape->nodes[i].op->arity && status == TP_OK; k++) {
        if (row->none[k] || !tp_sweep_moves(s, tp_input_of(&tape->nodes[i], (uint32_t)k))) continue;
        tp_tensor *slope = NULL;
        tp_sweep_move(s, i);
        if (s->lanes > 1 && !row->through[k] && !(slope = slope_of(s, i, k))) return tape->error.status;
        for (uint32_t lane = 0; lane < s->lanes && status == TP_OK; lane++) status = one_lane(s, i, k, lane, slope);
        if (slope) tp_unref(tape, slope);
    }
    return status;
}
