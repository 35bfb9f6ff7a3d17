/* The public first derivatives: seeds, the choice of walk, and handing gradients out. */
#include <string.h>

#include "autograd/give.h"
#include "autograd/walk.h"

/* Whether y can do without a seed: it has one element. */
static tp_status check_single(tp_var y)
{
    const tp_tensor *value = tp_value(y);
    char text[TP_SHAPE_TEXT];
    if (!value || value->count == 1) return TP_OK;
    return tp_tape_fail(y.tape, TP_E_SHAPE, "tp_backward: %s (node %u) has shape %s: only one element needs no seed",
                        y.tape->nodes[y.node].op->name, y.node, tp_tensor_text(text, value));
}

/* A seed in y's dtype and shape; a scalar is spread out. */
static tp_var fit_seed(tp_var y, tp_var seed)
{
    tp_tape *tape = y.tape;
    if (!tp_check_operand(tape, "backward", seed, 1)) return tp_poison(tape);
    const tp_tensor *value = tp_value(y), *given = tp_value(seed);
    char want[TP_SHAPE_TEXT] = "()", got[TP_SHAPE_TEXT];
    if (!given || (value && tp_shape_equal(value->rank, value->dims, given->rank, given->dims)))
        return tp_fit_gradient(tape, seed, y.node);
    tp_tape_fail(tape, TP_E_SHAPE, "tp_backward: the seed has shape %s, the result %s", tp_tensor_text(got, given),
                 value ? tp_tensor_text(want, value) : want);
    return tp_poison(tape);
}

/* In numbers: the seed, or 1, goes to y's slot; what fitting it recorded goes again. */
static tp_status seed_numbers(tp_var y, const tp_var *seed)
{
    tp_tape *tape = y.tape;
    if (!seed) return tp_slot_add_number(tape, y.node, 1);
    const size_t outer = tp_pool_watch(&tape->pool);
    const tp_mark mark = tp_tape_mark(tape);
    const uint32_t mask = tape->grad_mask;
    tape->grad_mask = 0;
    const tp_var fitted = fit_seed(y, *seed);
    tape->grad_mask = mask;
    tp_status status = tape->error.status;
    if (status == TP_OK) {
        const tp_node *node = &tape->nodes[fitted.node];
        status = node->a & TP_IS_TENSOR ? tp_slot_add(tape, y.node, node->value.tensor)
                                        : tp_slot_add_number(tape, y.node, node->value.number);
    }
    if (tape->count > mark.node) {
        tp_unwind(tape, mark.node, mark.chunk, mark.used);
        if (!tp_new_epoch(tape)) status = TP_E_MEMORY;
    }
    tp_note_walk(tape, outer);
    return status;
}

static tp_status seed_recorded(tp_var y, const tp_var *seed)
{
    tp_tape *tape = y.tape;
    const tp_var fitted = seed ? fit_seed(y, *seed) : tp_fit_gradient(tape, tp_const(tape, 1), y.node);
    if (!tp_ok(fitted)) return tape->error.status;
    tape->slots[y.node].recorded.node = fitted.node + 1;
    return TP_OK;
}

/* Checks, seeds and walks. The floor has risen afterwards exactly if tp_walk_end has to follow. */
static tp_status begin(tp_var y, const tp_var *seed, bool sinking, unsigned flags, uint32_t low)
{
    tp_tape *tape = y.tape;
    if (!tp_check_operand(tape, "backward", y, 0) || tape->error.status != TP_OK) return tape->error.status;
    const bool recorded = flags & TP_CREATE_GRAPH;
    tp_status status = seed ? TP_OK : check_single(y);
    if (status == TP_OK) status = tp_walk_begin(tape, y.node, low, sinking, recorded);
    if (status != TP_OK) return status;
    status = recorded ? seed_recorded(y, seed) : seed_numbers(y, seed);
    if (status != TP_OK) return status;
    return recorded ? tp_walk_recorded(tape, y.node, low) : tp_walk_numbers(tape, y.node, low);
}

tp_status tp_backward_from(tp_var y, tp_var seed, unsigned flags)
{
    tp_tape *tape = y.tape;
    if (!tape) return TP_E_ARGUMENT;
    if (tape->walking) return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_backward: a backward pass is running already");
    if (tape->floor) return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_backward: %s is running", tp_running(tape));
    const tp_level outer = tp_level_of(tape);
    const tp_status status = begin(y, seed.tape ? &seed : NULL, true, flags, 0);
    return tape->floor ? tp_walk_end(tape, y.node, status, &outer) : status;
}

tp_status tp_backward(tp_var y)
{
    return tp_backward_from(y, tp_poison(NULL), 0);
}

/* dy/dx as a handle, after the walk: the slot's gradient, or zeros. */
static tp_var gradient_handle(tp_tape *tape, uint32_t node, bool arrived, unsigned flags)
{
    if (flags & TP_CREATE_GRAPH && arrived) return tp_slot_gradient(tape, node);
    if (!(tape->nodes[node].a & TP_IS_TENSOR)) return tp_constant_number(tape, arrived ? tape->slots[node].number : 0);
    const tp_tensor *value = tape->nodes[node].value.tensor;
    tp_tensor *held = arrived ? tape->slots[node].tensor : NULL;
    const bool alone = held && atomic_load_explicit(&held->refs, memory_order_relaxed) == 1 &&
                       atomic_load_explicit(&held->storage->refs, memory_order_relaxed) == 1;
    if (alone) return tp_constant_tensor(tape, tp_ref(held));
    tp_tensor *constant = tp_new_tensor(tape, (tp_dtype)value->dtype, value->rank, value->dims, "gradients");
    if (!constant) return tp_poison(tape);
    if (held) /* part of the program, which a replay computes anew: a constant has memory of its own */
        tp_copy(held->rank, held->dims, (tp_dtype)held->dtype, constant->data, constant->strides, (tp_dtype)held->dtype,
                held->data, held->strides);
    else
        tp_fill(constant->count, (tp_dtype)constant->dtype, constant->data, 0);
    return tp_constant_tensor(tape, constant);
}

void tp_retain_nodes(tp_tape *tape, const tp_var *x, int n, uint32_t *retained)
{
    for (int i = 0; i < n; i++) {
        tp_node *node = &tape->nodes[x[i].node];
        retained[i] = node->op->structure == TP_LEAF || node->b & TP_RETAINS;
        if (!retained[i]) node->b |= TP_RETAINS;
    }
}

void tp_restore_nodes(tp_tape *tape, const tp_var *x, int n, const uint32_t *retained)
{
    for (int i = n; i-- > 0;)
        if (!retained[i]) tape->nodes[x[i].node].b &= ~TP_RETAINS;
}

static tp_status check_targets(tp_var y, const tp_var *x, int n, tp_var *grads)
{
    tp_tape *tape = y.tape;
    for (int i = 0; grads && i < n; i++) grads[i] = tp_poison(tape);
    if (!tape) return TP_E_ARGUMENT;
    if (n < 0 || (n > 0 && (!x || !grads)))
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_gradients: x or grads is NULL");
    for (int i = 0; i < n; i++) {
        if (!tp_check_operand(tape, "gradients", x[i], i + 1) || !tp_check_level(tape, "gradients", x[i], i + 1))
            return tape->error.status;
        if (!tp_dtype_is_float(tp_var_dtype(x[i])))
            return tp_tape_fail(tape, TP_E_DTYPE, "tp_gradients: x[%d] is of %s", i, tp_dtype_name(tp_var_dtype(x[i])));
    }
    return TP_OK;
}

/* After a recorded walk: its gradients are nodes, and no adjoints. */
static void forget_recorded(tp_tape *tape, uint32_t root)
{
    memset(tape->slots, 0, ((size_t)root + 1) * sizeof *tape->slots);
    tape->slots_are_nodes = false;
}

tp_status tp_vjp_flagged(tp_var y, tp_var seed, const tp_var *x, int n, tp_var *grads, unsigned flags)
{
    tp_status status = check_targets(y, x, n, grads);
    if (status != TP_OK) return status;
    tp_tape *tape = y.tape;
    if (!tp_check_operand(tape, "gradients", y, 0) || !tp_check_level(tape, "gradients", y, 0))
        return tape->error.status;
    uint32_t low = y.node;
    for (int i = 0; i < n; i++)
        if (x[i].node < low) low = x[i].node;
    uint32_t *retained = tp_chunks_push(&tape->stack, (size_t)n * sizeof *retained);
    if (!retained) return tp_tape_out_of_memory(tape, "tp_gradients");
    tp_retain_nodes(tape, x, n, retained);
    const tp_level outer = tp_level_of(tape);
    status = begin(y, seed.tape ? &seed : NULL, false, flags, low);
    if (tape->floor > outer.floor) {
        for (int i = 0; i < n && status == TP_OK; i++) {
            const bool arrived =
                x[i].node <= y.node && tape->slots[x[i].node].bits != 0 && tape->nodes[x[i].node].a & TP_NEEDS;
            grads[i] = gradient_handle(tape, x[i].node, arrived, flags);
            status = tape->error.status;
        }
        if (status == TP_OK && flags & TP_NO_ADJOINTS && !outer.floor) forget_recorded(tape, y.node);
        status = tp_walk_end(tape, y.node, status, &outer);
    }
    tp_restore_nodes(tape, x, n, retained);
    if (status != TP_OK)
        for (int i = 0; i < n; i++) grads[i] = tp_poison(tape);
    return status;
}

tp_status tp_vjp(tp_var y, tp_var seed, const tp_var *x, int n, tp_var *grads, unsigned flags)
{
    return tp_vjp_flagged(y, seed, x, n, grads, flags & TP_CREATE_GRAPH);
}

tp_status tp_gradients(tp_var y, const tp_var *x, int n, tp_var *grads, unsigned flags)
{
    return tp_vjp(y, tp_poison(NULL), x, n, grads, flags);
}
