/* Hooks on gradients, and scopes without them. Invariant: `hooks` lies in the order of nodes, those of one node in the
   order in which they were put there. While a walk runs only nodes above its floor get any, at the end of the list, so
   that places below stay what they are. */
#include "autograd/hooks.h"

#include <string.h>

#include <tapir/hooks.h>

#include "autograd/give.h"

/* The first place whose node is `node` or above. */
static uint32_t place_of(const tp_tape *tape, uint32_t node)
{
    uint32_t low = 0, high = tape->hooks.count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (tape->hooks.items[middle].node < node)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t tp_hook_below(const tp_tape *tape, uint32_t end)
{
    const uint32_t at = place_of(tape, end);
    return at ? tape->hooks.items[at - 1].node : TP_NO_NODE;
}

/* A hook may be put on, or taken from, this handle now. */
static bool open_to_hooks(const char *name, tp_var x)
{
    if (!tp_check_operand(x.tape, name, x, 0)) return false;
    if (x.node >= x.tape->floor) return true;
    tp_tape_fail(x.tape, TP_E_ARGUMENT, "tp_%s: %s is running that may use the hooks of %s (node %u)", name,
                 tp_running(x.tape), x.tape->nodes[x.node].op->name, x.node);
    return false;
}

tp_var tp_hook(tp_var x, tp_gradient_hook fn, void *user)
{
    tp_tape *tape = x.tape;
    if (!tape) return x;
    if (!open_to_hooks("hook", x)) return tp_poison(tape);
    if (!fn) {
        tp_tape_fail(tape, TP_E_ARGUMENT, "tp_hook: the function is NULL");
        return tp_poison(tape);
    }
    if (!TP_ARRAY_ROOM(tape, tape->hooks)) {
        tp_tape_out_of_memory(tape, "tp_hook");
        return tp_poison(tape);
    }
    const uint32_t at = place_of(tape, x.node + 1);
    tp_hook_entry *items = tape->hooks.items;
    memmove(&items[at + 1], &items[at], (tape->hooks.count - at) * sizeof *items);
    items[at] = (tp_hook_entry){x.node, fn, user};
    tape->hooks.count++;
    return x;
}

tp_status tp_unhook(tp_var x, tp_gradient_hook fn, void *user)
{
    tp_tape *tape = x.tape;
    if (!tape) return TP_E_ARGUMENT;
    if (!open_to_hooks("unhook", x)) return tape->error.status;
    tp_hook_entry *items = tape->hooks.items;
    for (uint32_t at = place_of(tape, x.node + 1); at-- > 0 && items[at].node == x.node;) {
        if (items[at].fn != fn || items[at].user != user) continue;
        memmove(&items[at], &items[at + 1], (tape->hooks.count - at - 1) * sizeof *items);
        tape->hooks.count--;
        return TP_OK;
    }
    return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_unhook: %s (node %u) has no such hook", tape->nodes[x.node].op->name,
                        x.node);
}

/* ---- running ---- */

static tp_status refuse(tp_tape *tape, uint32_t node, tp_status status, const char *what)
{
    const char *name = tp_name_of(tape, node);
    char shape[TP_SHAPE_TEXT] = "()";
    const tp_node *x = &tape->nodes[node];
    if (x->a & TP_IS_TENSOR) tp_tensor_text(shape, x->value.tensor);
    return tp_tape_fail(tape, status, "tp_hook: the hook of %s %s (node %u%s%s) %s", x->op->name, shape, node,
                        name ? ", " : "", name ? name : "", what);
}

/* What a hook returned, in the node's dtype and shape. */
static tp_var fitted(tp_tape *tape, uint32_t node, tp_var g)
{
    const tp_node *x = &tape->nodes[node];
    const tp_tensor *value = x->a & TP_IS_TENSOR ? x->value.tensor : NULL, *given = tp_value(g);
    char text[TP_SHAPE_TEXT], what[TP_SHAPE_TEXT + 48];
    if (tape->error.status != TP_OK) return tp_poison(tape);
    if (!g.tape) {
        refuse(tape, node, TP_E_ARGUMENT, "returned no gradient");
    } else if (g.tape != tape || !tp_valid(tape, g)) {
        refuse(tape, node, TP_E_STALE,
               g.tape != tape ? "returned a handle of another tape" : "returned a handle that is stale");
    } else if (!tp_dtype_is_float(tp_var_dtype(g))) {
        refuse(tape, node, TP_E_DTYPE, "returned integers");
    } else if (given && !(value && tp_shape_equal(value->rank, value->dims, given->rank, given->dims))) {
        snprintf(what, sizeof what, "returned a gradient of shape %s", tp_tensor_text(text, given));
        refuse(tape, node, TP_E_SHAPE, what);
    } else {
        return tp_fit_gradient(tape, g, node);
    }
    return tp_poison(tape);
}

/* All hooks of the node, one after another. */
static tp_var call_all(tp_tape *tape, uint32_t node, tp_var g)
{
    const tp_var x = tp_handle(tape, node);
    for (uint32_t at = place_of(tape, node); at < tape->hooks.count && tape->hooks.items[at].node == node; at++) {
        const tp_hook_entry hook = tape->hooks.items[at];
        const uint32_t mask = tape->grad_mask;
        g = fitted(tape, node, hook.fn(x, g, hook.user));
        tape->grad_mask = mask;
        if (!tp_ok(g)) break;
    }
    return g;
}

static tp_status in_numbers(tp_tape *tape, uint32_t node)
{
    const bool tensor = tape->nodes[node].a & TP_IS_TENSOR;
    const uint32_t first = tape->count, chunk = tape->stack.chunk, mask = tape->grad_mask;
    const size_t used = tape->stack.used;
    tp_slot *slot = &tape->slots[node];
    tape->grad_mask = 0;
    const tp_var whole =
        tensor ? tp_constant_tensor(tape, tp_ref(slot->tensor)) : tp_constant_number(tape, slot->number);
    const tp_var g = tp_ok(whole) ? call_all(tape, node, whole) : whole;
    tape->grad_mask = mask;
    tp_status status = tape->error.status;
    slot = &tape->slots[node]; /* a walk in the hook may have moved them */
    if (status == TP_OK && g.node != whole.node) {
        if (tensor) {
            tp_unref(tape, slot->tensor);
            slot->bits = 0;
            status = tp_slot_add(tape, node, tape->nodes[g.node].value.tensor);
        } else {
            slot->number = tape->nodes[g.node].value.number;
        }
    }
    tp_unwind(tape, first, chunk, used);
    return tp_new_epoch(tape) ? status : TP_E_MEMORY;
}

static tp_status recorded(tp_tape *tape, uint32_t node)
{
    const tp_var whole = tp_slot_gradient(tape, node);
    if (!tp_ok(whole)) return tape->error.status;
    const tp_var g = call_all(tape, node, whole);
    if (tp_ok(g)) tape->slots[node].recorded.node = g.node + 1;
    return tape->error.status;
}

tp_status tp_hooks_run(tp_tape *tape, uint32_t node)
{
    const uint64_t bits = tape->slots[node].bits;
    const bool absent = tape->slots_are_nodes ? bits == 0 : bits << 1 == 0; /* a zero of either sign */
    if (absent || !(tape->nodes[node].a & TP_NEEDS)) return TP_OK;
    return tape->slots_are_nodes ? recorded(tape, node) : in_numbers(tape, node);
}

/* ---- scopes ---- */

tp_no_grad tp_no_grad_begin(tp_tape *tape)
{
    return (tp_no_grad){tape, tp_tape_set_grad(tape, false), true};
}

void tp_no_grad_end(tp_no_grad *scope)
{
    if (!scope || !scope->open) return;
    tp_tape_set_grad(scope->tape, scope->was);
    scope->open = false;
}
