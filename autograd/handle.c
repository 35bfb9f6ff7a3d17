/* Handles: checking them, reading values through them, and names. */
#include <math.h>
#include <string.h>

#include "autograd/leaf.h"

bool tp_check_operand(tp_tape *tape, const char *name, tp_var x, int i)
{
    if (x.tape == tape && tp_valid(tape, x)) return true;
    if (x.tape && x.tape != tape)
        tp_tape_fail(tape, TP_E_STALE, "tp_%s: operand %d is on another tape", name, i);
    else if (x.epoch == 0 && tape->error.status == TP_OK)
        tp_tape_fail(tape, TP_E_ARGUMENT, "tp_%s: operand %d is no handle", name, i);
    else if (x.epoch != 0)
        tp_tape_fail(tape, TP_E_STALE, "tp_%s: operand %d (node %u) is from before a reset or rewind", name, i, x.node);
    return false;
}

bool tp_check_level(tp_tape *tape, const char *name, tp_var x, int i)
{
    const tp_leaf_entry *leaf = tp_leaf_of(tape, x.node); /* a parameter's leaf lies below when a segment runs again */
    if (x.node >= tape->floor && !(tape->frame && leaf && leaf->is_param)) return true;
    tp_tape_fail(tape, TP_E_ARGUMENT,
                 "tp_%s: operand %d (node %u, %s) is older than what is running, %s: only what a rule itself records "
                 "can be differentiated in it",
                 name, i, x.node, tape->nodes[x.node].op->name, tp_running(tape));
    return false;
}

tp_var tp_none(void)
{
    return tp_poison(NULL);
}

bool tp_ok(tp_var x)
{
    return x.tape && tp_valid(x.tape, x);
}

static const tp_node *node_of(tp_var x)
{
    return tp_ok(x) ? &x.tape->nodes[x.node] : NULL;
}

static double single_item(const tp_tensor *tensor)
{
    return tensor && tensor->count == 1 ? tp_get((tp_dtype)tensor->dtype, tensor->data) : (double)NAN;
}

double tp_item(tp_var x)
{
    const tp_node *node = node_of(x);
    if (!node) return (double)NAN;
    return node->a & TP_IS_TENSOR ? single_item(node->value.tensor) : node->value.number;
}

const tp_tensor *tp_value(tp_var x)
{
    const tp_node *node = node_of(x);
    return node && node->a & TP_IS_TENSOR ? node->value.tensor : NULL;
}

tp_dtype tp_var_dtype(tp_var x)
{
    const tp_node *node = node_of(x);
    if (!node) return TP_F32;
    return node->a & TP_IS_TENSOR ? (tp_dtype)node->value.tensor->dtype : TP_F64;
}

int tp_var_rank(tp_var x)
{
    const tp_node *node = node_of(x);
    if (!node) return -1;
    return node->a & TP_IS_TENSOR ? node->value.tensor->rank : 0;
}

const int64_t *tp_var_dims(tp_var x)
{
    const tp_tensor *value = tp_value(x);
    return value ? value->dims : NULL;
}

bool tp_needs_grad(tp_var x)
{
    const tp_node *node = node_of(x);
    return node && node->a & TP_NEEDS;
}

const tp_tensor *tp_grad(tp_var x)
{
    const tp_node *node = node_of(x);
    if (!node || !(node->a & TP_IS_TENSOR)) return NULL;
    const tp_leaf_entry *leaf = tp_leaf_of(x.tape, x.node);
    if (leaf && leaf->is_param) return x.tape->private_grads ? leaf->private_grad : tp_tensor_grad(leaf->tensor);
    if (x.node >= x.tape->walked || !(node->a & TP_NEEDS)) return NULL;
    return x.tape->slots[x.node].tensor;
}

double tp_grad_item(tp_var x)
{
    const tp_node *node = node_of(x);
    if (!node) return (double)NAN;
    if (node->a & TP_IS_TENSOR) return single_item(tp_grad(x));
    if (x.node >= x.tape->walked || !(node->a & TP_NEEDS)) return 0;
    return x.tape->slots[x.node].number;
}

tp_var tp_retain_grad(tp_var x)
{
    if (!x.tape) return x;
    if (!tp_check_operand(x.tape, "retain_grad", x, 0)) return tp_poison(x.tape);
    if (x.tape->nodes[x.node].op->structure != TP_LEAF) x.tape->nodes[x.node].b |= TP_RETAINS;
    return x;
}

/* Names lie in the order of their nodes; the usual one goes to the end. */
tp_var tp_name(tp_var x, const char *name)
{
    tp_tape *tape = x.tape;
    if (!tape) return x;
    if (!tp_check_operand(tape, "name", x, 0)) return tp_poison(tape);
    if (!TP_ARRAY_ROOM(tape, tape->names)) {
        tp_tape_out_of_memory(tape, "tp_name");
        return tp_poison(tape);
    }
    tp_name_entry entry = {.node = x.node};
    snprintf(entry.name, sizeof entry.name, "%s", name ? name : "");
    size_t length = strlen(entry.name);
    if (name && name[length]) { /* cut: not in the middle of a UTF-8 character */
        while (length && (name[length] & 0xC0) == 0x80) length--;
        entry.name[length] = 0;
    }
    uint32_t at = tape->names.count;
    while (at > 0 && tape->names.items[at - 1].node > x.node) at--;
    if (at > 0 && tape->names.items[at - 1].node == x.node) {
        tape->names.items[at - 1] = entry;
        return x;
    }
    memmove(&tape->names.items[at + 1], &tape->names.items[at], (tape->names.count - at) * sizeof *tape->names.items);
    tape->names.items[at] = entry;
    tape->names.count++;
    return x;
}

const char *tp_name_of(const tp_tape *tape, uint32_t node)
{
    uint32_t low = 0, high = tape->names.count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (tape->names.items[middle].node == node) return tape->names.items[middle].name;
        if (tape->names.items[middle].node < node)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
