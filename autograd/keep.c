/* Rewinding with something in hand: values that outlive the nodes that they were computed by. */
#include <tapir/function.h>

#include "autograd/function.h"

/* A value while no node has it. */
typedef struct held {
    tp_tensor *tensor; /* NULL: a number */
    double number;
} held;

static tp_tensor *copy_of(tp_tape *tape, const tp_tensor *from)
{
    tp_tensor *copy = tp_new_tensor(tape, (tp_dtype)from->dtype, from->rank, from->dims, "rewind");
    if (copy)
        tp_copy(copy->rank, copy->dims, (tp_dtype)copy->dtype, copy->data, copy->strides, (tp_dtype)from->dtype,
                from->data, from->strides);
    return copy;
}

/* A constant with the tensor's elements: the tensor itself where nobody else has it, since a constant shares no memory
   that may change. Takes the reference over. */
static tp_var constant_of(tp_tape *tape, tp_tensor *tensor)
{
    const bool alone = tensor->pool == &tape->pool && tensor->dense && tensor->storage->bin >= 0 &&
                       atomic_load_explicit(&tensor->refs, memory_order_relaxed) == 1 &&
                       atomic_load_explicit(&tensor->storage->refs, memory_order_relaxed) == 1;
    if (alone) return tp_constant_tensor(tape, tensor);
    tp_tensor *copy = copy_of(tape, tensor);
    tp_unref(tape, tensor);
    return copy ? tp_constant_tensor(tape, copy) : tp_poison(tape);
}

static held hold(const tp_tape *tape, tp_var x)
{
    const tp_node *node = &tape->nodes[x.node];
    if (node->a & TP_IS_TENSOR) return (held){.tensor = tp_ref(node->value.tensor)};
    return (held){.number = node->value.number};
}

void tp_drop_recording(tp_tape *tape, const tp_mark *mark)
{
    const bool nodes = tape->count > mark->node;
    tp_unwind(tape, mark->node, mark->chunk, mark->used);
    if (nodes) tp_new_epoch(tape);
}

tp_status tp_keep(tp_tape *tape, const tp_mark *mark, tp_var *keep, int n)
{
    held *values = tp_chunks_push(&tape->stack, (size_t)n * sizeof *values);
    if (!values) return tp_tape_out_of_memory(tape, "tp_tape_rewind");
    for (int i = 0; i < n; i++) values[i] = hold(tape, keep[i]);
    tp_status status = TP_OK;
    if (tape->count > mark->node) {
        tp_unwind(tape, mark->node, mark->chunk, mark->used);
        if (!tp_new_epoch(tape)) status = TP_E_MEMORY;
    }
    for (int i = 0; i < n; i++) {
        if (status != TP_OK && values[i].tensor) tp_unref(tape, values[i].tensor);
        if (status != TP_OK) continue;
        keep[i] = values[i].tensor ? constant_of(tape, values[i].tensor) : tp_constant_number(tape, values[i].number);
        if (!tp_ok(keep[i])) status = tape->error.status;
    }
    for (int i = 0; i < n && status != TP_OK; i++) keep[i] = tp_poison(tape);
    return status;
}

tp_status tp_tape_rewind_keeping(tp_tape *tape, tp_mark mark, tp_var *keep, int n)
{
    if (!tape) return TP_E_ARGUMENT;
    if (n < 0 || (n > 0 && !keep)) return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_tape_rewind: keep is NULL");
    tp_status status = tp_check_rewind(tape, mark);
    if (status == TP_OK) status = tape->error.status;
    for (int i = 0; i < n && status == TP_OK; i++)
        if (!tp_check_operand(tape, "tape_rewind", keep[i], i)) status = tape->error.status;
    return status == TP_OK ? tp_keep(tape, &mark, keep, n) : status;
}
