/* Leaves: scalars, constants, and tensors that the user owns; and where a parameter's gradient goes. */
#include "autograd/leaf.h"
#include "autograd/segment.h"

#include <math.h>

#include "autograd/give.h"
#include "autograd/hooks.h"

static const tp_op scalar_op = {TP_OP_HEAD, .name = "scalar", .structure = TP_LEAF};
static const tp_op const_op = {TP_OP_HEAD, .name = "const", .structure = TP_LEAF};
static const tp_op param_op = {TP_OP_HEAD, .name = "param", .structure = TP_LEAF};
static const tp_op data_op = {TP_OP_HEAD, .name = "data", .structure = TP_LEAF};
static const tp_op leaf_op = {TP_OP_HEAD, .name = "leaf", .structure = TP_LEAF};

static tp_var number_leaf(tp_tape *tape, const tp_op *op, double value, uint32_t flags)
{
    if (!tape) return tp_poison(NULL);
    if (!tp_node_room(tape, 1)) return tp_poison(tape);
    tape->nodes[tape->count] = (tp_node){.op = op, .value.number = value, .a = flags, .b = TP_NODE_BITS};
    return (tp_var){tape, tape->count++, tape->epoch};
}

tp_var tp_scalar(tp_tape *tape, double value)
{
    return number_leaf(tape, &scalar_op, value, tape ? tape->grad_mask : 0);
}

tp_var tp_const(tp_tape *tape, double value)
{
    return number_leaf(tape, &const_op, value, 0);
}

tp_var tp_constant_number(tp_tape *tape, double value)
{
    return tp_const(tape, value);
}

/* Takes over a reference; of rank 0 it is a scalar node, read again on replay. */
static tp_var bound_leaf(tp_tape *tape, const tp_op *op, tp_tensor *tensor, uint32_t flags)
{
    tp_var known;
    if (tape->frame && tp_frame_leaf(tape, op, tensor, op == &param_op, flags & TP_NEEDS, &known)) {
        tp_unref(tape, tensor);
        return known;
    }
    if (!TP_ARRAY_ROOM(tape, tape->leaves)) {
        tp_tape_out_of_memory(tape, "tp_tape");
        tp_unref(tape, tensor);
        return tp_poison(tape);
    }
    tape->leaves.items[tape->leaves.count] = (tp_leaf_entry){
        .node = tape->count, .is_param = op == &param_op, .tensor = tensor, .version = tp_tensor_version(tensor)};
    tp_node node = {.op = op, .a = flags, .b = tape->leaves.count++};
    if (tensor->rank == 0) {
        node.value.number = tp_get((tp_dtype)tensor->dtype, tensor->data);
    } else {
        node.value.tensor = tensor;
        node.a |= TP_IS_TENSOR;
    }
    tape->nodes[tape->count] = node;
    return (tp_var){tape, tape->count++, tape->epoch};
}

tp_var tp_constant_tensor(tp_tape *tape, tp_tensor *tensor)
{
    if (!tp_node_room(tape, 1)) {
        tp_unref(tape, tensor);
        return tp_poison(tape);
    }
    if (tensor->rank == 0) return bound_leaf(tape, &data_op, tensor, 0);
    if (!tp_own(tape, tape->count, tensor)) return tp_poison(tape);
    tape->nodes[tape->count] = (tp_node){.op = &const_op, .value.tensor = tensor, .a = TP_IS_TENSOR, .b = TP_NODE_BITS};
    return (tp_var){tape, tape->count++, tape->epoch};
}

static tp_var tensor_leaf(tp_tape *tape, const tp_op *op, tp_tensor *tensor, bool differentiable)
{
    if (!tape) return tp_poison(NULL);
    if (!tensor || tensor->pool) {
        tp_tape_fail(tape, TP_E_ARGUMENT, "tp_%s: %s", op->name,
                     tensor ? "the tensor belongs to a tape: clone it" : "the tensor is NULL");
        return tp_poison(tape);
    }
    char text[TP_SHAPE_TEXT];
    if (differentiable && !tp_dtype_is_float((tp_dtype)tensor->dtype)) {
        tp_tape_fail(tape, TP_E_DTYPE, "tp_%s: a tensor of %s %s cannot be differentiated: use tp_data", op->name,
                     tp_dtype_name((tp_dtype)tensor->dtype), tp_tensor_text(text, tensor));
        return tp_poison(tape);
    }
    if (!tp_node_room(tape, 1)) return tp_poison(tape);
    return bound_leaf(tape, op, tp_ref(tensor), differentiable ? tape->grad_mask : 0);
}

tp_var tp_param(tp_tape *tape, tp_tensor *tensor)
{
    return tensor_leaf(tape, &param_op, tensor, true);
}

tp_var tp_data(tp_tape *tape, tp_tensor *tensor)
{
    return tensor_leaf(tape, &data_op, tensor, false);
}

tp_var tp_leaf(tp_tape *tape, tp_tensor *tensor)
{
    return tensor_leaf(tape, &leaf_op, tensor, true);
}

tp_status tp_set_item(tp_var leaf, double value)
{
    if (!leaf.tape) return TP_E_ARGUMENT;
    if (!tp_check_operand(leaf.tape, "set_item", leaf, 0)) return leaf.tape->error.status;
    tp_node *node = &leaf.tape->nodes[leaf.node];
    if (node->op != &scalar_op && node->op != &const_op)
        return tp_tape_fail(leaf.tape, TP_E_ARGUMENT, "tp_set_item: node %u (%s) is no tp_scalar or tp_const",
                            leaf.node, node->op->name);
    if (node->a & TP_IS_TENSOR)
        return tp_tape_fail(leaf.tape, TP_E_ARGUMENT, "tp_set_item: node %u is a tensor", leaf.node);
    node->value.number = value;
    return TP_OK;
}

tp_leaf_entry *tp_leaf_of(const tp_tape *tape, uint32_t node)
{
    const uint32_t i = tape->nodes[node].b & TP_NODE_BITS;
    if (tape->nodes[node].op->structure != TP_LEAF || i >= tape->leaves.count) return NULL;
    return tape->leaves.items[i].node == node ? &tape->leaves.items[i] : NULL;
}

tp_leaf_entry *tp_leaf_sinking(const tp_tape *tape, uint32_t node)
{
    tp_leaf_entry *leaf = tape->sinking ? tp_leaf_of(tape, node) : NULL;
    return leaf && leaf->is_param && !leaf->waits ? leaf : NULL;
}

tp_status tp_check_versions(tp_tape *tape, uint32_t root)
{
    if (!tape->floor && tape->stopped && root >= tape->stopped - 1)
        return tp_tape_fail(tape, TP_E_CHANGED,
                            "tp_backward: the latest replay was stopped at node %u (%s): node %u has its old value",
                            tape->stopped - 1, tape->nodes[tape->stopped - 1].op->name, root);
    uint32_t i = tape->floor ? tape->leaves.count : 0; /* those below an inner walk were seen by the outer one */
    while (i > 0 && tape->leaves.items[i - 1].node >= tape->floor) i--;
    for (; i < tape->leaves.count; i++) {
        const tp_leaf_entry *leaf = &tape->leaves.items[i];
        if (leaf->node > root) break;
        if (leaf->tensor->pool || leaf->version == tp_tensor_version(leaf->tensor))
            continue; /* what an op saved, it writes */
        char text[TP_SHAPE_TEXT];
        const char *name = tp_name_of(tape, leaf->node);
        return tp_tape_fail(tape, TP_E_CHANGED, "tp_backward: %s %s (node %u%s%s) was written to after its use",
                            tape->nodes[leaf->node].op->name, tp_tensor_text(text, leaf->tensor), leaf->node,
                            name ? ", " : "", name ? name : "");
    }
    return TP_OK;
}

tp_tensor *tp_leaf_sink(tp_tape *tape, tp_leaf_entry *leaf, bool *holds)
{
    leaf->touched = true;
    if (tape->private_grads) {
        *holds = leaf->private_grad != NULL;
        if (!leaf->private_grad)
            leaf->private_grad =
                tp_new_tensor(tape, (tp_dtype)leaf->tensor->dtype, leaf->tensor->rank, leaf->tensor->dims, "backward");
        return leaf->private_grad;
    }
    *holds = leaf->tensor->grad_state == TP_GRAD_VALID;
    tp_tensor *grad = tp_tensor_grad_buffer(leaf->tensor);
    if (!grad) tp_tape_out_of_memory(tape, "tp_backward");
    if (grad) leaf->tensor->grad_state = TP_GRAD_VALID;
    return grad;
}

tp_status tp_leaf_sink_number(tp_tape *tape, uint32_t node, double gradient)
{
    tp_leaf_entry *leaf = tp_leaf_sinking(tape, node);
    if (!leaf) return TP_OK;
    bool holds;
    tp_tensor *sink = tp_leaf_sink(tape, leaf, &holds);
    if (!sink) return tape->error.status;
    const tp_dtype dtype = (tp_dtype)sink->dtype;
    tp_put(dtype, sink->data, (holds ? tp_get(dtype, sink->data) : 0) + gradient);
    return TP_OK;
}

/* Whatever was added to a gradient before the failure is not worth keeping. */
static void invalidate(tp_tape *tape, tp_leaf_entry *leaf)
{
    if (leaf->private_grad) tp_unref(tape, leaf->private_grad);
    leaf->private_grad = NULL;
    if (!tape->private_grads) leaf->tensor->grad_state = TP_GRAD_FAILED;
}

void tp_leaves_wait(tp_tape *tape, uint32_t root)
{
    for (uint32_t i = 0; i < tape->leaves.count && tape->leaves.items[i].node <= root; i++) {
        tp_leaf_entry *leaf = &tape->leaves.items[i];
        leaf->waits = leaf->is_param && (tape->anomaly || tp_hook_below(tape, leaf->node + 1) == leaf->node);
    }
}

/* The parameter waits no more: what its slot has kept is added to its gradient. */
static tp_status stop_waiting(tp_tape *tape, tp_leaf_entry *leaf)
{
    tp_slot *slot = &tape->slots[leaf->node];
    leaf->waits = false;
    if (slot->bits == 0) return TP_OK;
    if (!(tape->nodes[leaf->node].a & TP_IS_TENSOR)) return tp_leaf_sink_number(tape, leaf->node, slot->number);
    tp_tensor *g = slot->tensor;
    slot->bits = 0;
    const tp_status status = tp_slot_add(tape, leaf->node, g);
    tp_unref(tape, g);
    if (slot->tensor) tp_unref(tape, slot->tensor);
    slot->bits = 0;
    return status;
}

tp_status tp_leaves_finish(tp_tape *tape, uint32_t root, tp_status status)
{
    for (uint32_t i = 0; i < tape->leaves.count && tape->leaves.items[i].node <= root; i++) {
        tp_leaf_entry *leaf = &tape->leaves.items[i];
        if (leaf->waits && status == TP_OK) status = stop_waiting(tape, leaf);
        leaf->waits = false;
        const uint32_t kind = tape->nodes[leaf->node].a & (TP_IS_TENSOR | TP_NEEDS);
        if (status == TP_OK && kind == TP_NEEDS && !leaf->touched) status = tp_leaf_sink_number(tape, leaf->node, 0);
    }
    for (uint32_t i = 0; i < tape->leaves.count; i++) {
        if (tape->leaves.items[i].touched && status != TP_OK) invalidate(tape, &tape->leaves.items[i]);
        tape->leaves.items[i].touched = false;
    }
    return status;
}

static tp_status add_to_param(tp_tape *tape, tp_leaf_entry *leaf)
{
    tp_tensor *from = leaf->private_grad, *param = leaf->tensor;
    tp_tensor *to = tp_tensor_grad_buffer(param);
    if (!to) return tp_tape_out_of_memory(tape, "tp_reduce_grads");
    if (param->grad_state == TP_GRAD_VALID)
        tp_add_into(tape->kernels, to->rank, to->dims, (tp_dtype)to->dtype, to->data, to->strides, from->data,
                    from->strides);
    else
        tp_copy(to->rank, to->dims, (tp_dtype)to->dtype, to->data, to->strides, (tp_dtype)from->dtype, from->data,
                from->strides);
    param->grad_state = TP_GRAD_VALID;
    tp_unref(tape, from);
    leaf->private_grad = NULL;
    return TP_OK;
}

tp_status tp_reduce_grads(tp_tape *const *tapes, int n)
{
    if (n < 0 || (n > 0 && !tapes)) return TP_E_ARGUMENT;
    for (int i = 0; i < n; i++) {
        if (!tapes[i]) return TP_E_ARGUMENT;
        for (uint32_t k = 0; k < tapes[i]->leaves.count; k++) {
            tp_leaf_entry *leaf = &tapes[i]->leaves.items[k];
            if (leaf->private_grad && add_to_param(tapes[i], leaf) != TP_OK) return TP_E_MEMORY;
        }
    }
    return TP_OK;
}
