/* Anomaly mode: which value, or which gradient, was the first that is NaN or infinite, in words. */
#include "autograd/anomaly.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include <tapir/hooks.h>

#include "autograd/give.h"
#include "kernels/finite.h"

unsigned tp_tape_set_anomaly(tp_tape *tape, unsigned flags)
{
    if (!tape) return 0;
    const unsigned was = tape->anomaly;
    if (flags > TP_ANOMALY_ALL)
        tp_tape_fail(tape, TP_E_ARGUMENT, "tp_tape_set_anomaly: there is no flag %#x",
                     flags & ~(unsigned)TP_ANOMALY_ALL);
    else
        tape->anomaly = flags;
    return was;
}

/* ---- words ---- */

typedef struct words {
    char text[TP_ERROR_LENGTH];
    size_t used;
} words;

static void say(words *w, const char *format, ...) TP_PRINTF(2, 3);
static void say(words *w, const char *format, ...)
{
    if (w->used >= sizeof w->text) return;
    va_list list;
    va_start(list, format);
    const int n = vsnprintf(w->text + w->used, sizeof w->text - w->used, format, list);
    va_end(list);
    if (n > 0) w->used += (size_t)n;
}

/* "log (2,3) (node 7, loss)" */
static void say_node(words *w, const tp_tape *tape, uint32_t i)
{
    const tp_node *node = &tape->nodes[i];
    const char *name = tp_name_of(tape, i);
    char text[TP_SHAPE_TEXT];
    const bool part = node->op->flags & TP_TUPLE_PART;
    if (part) say(w, "result %u of ", node->b & TP_NODE_BITS);
    say(w, "%s", tape->nodes[part ? node->a & TP_NODE_BITS : i].op->name);
    if (node->a & TP_IS_TENSOR) say(w, " %s", tp_tensor_text(text, node->value.tensor));
    say(w, " (node %u%s%s)", i, name && *name ? ", " : "", name ? name : "");
}

static void say_source(words *w, tp_tape *tape, uint32_t i)
{
    int line;
    const char *file = tp_source(tp_handle(tape, i), &line);
    if (file) say(w, ", recorded at %s:%d", file, line);
}

static void say_operands(words *w, tp_tape *tape, uint32_t i)
{
    const tp_node *node = &tape->nodes[i];
    const uint32_t whole = node->op->flags & TP_TUPLE_PART ? node->a & TP_NODE_BITS : i;
    const uint32_t n = tp_input_count(&tape->nodes[whole]);
    for (uint32_t k = 0; k < n && k < 4; k++) {
        say(w, k ? ", " : ", computed from ");
        say_node(w, tape, tp_input_of(&tape->nodes[whole], k));
    }
    if (n > 4) say(w, ", ...");
    if (n == 0) say(w, ", a leaf");
    say_source(w, tape, i);
}

/* "NaN at (0,1)" of a tensor, at place `at` in row-major order */
static void say_number(words *w, const tp_tensor *tensor, int64_t at, double number)
{
    int64_t index[TP_MAX_RANK];
    char text[TP_SHAPE_TEXT];
    say(w, " is %s", isnan(number) ? "NaN" : (number > 0 ? "Inf" : "-Inf"));
    if (!tensor || tensor->rank == 0) return;
    for (int i = tensor->rank; i-- > 0; at /= tensor->dims[i]) index[i] = at % tensor->dims[i];
    say(w, " at %s", tp_shape_text(text, tensor->rank, index));
}

/* ---- numbers ---- */

/* A node's value, or what a slot holds in its place. */
typedef struct held {
    const tp_tensor *tensor; /* NULL: the number */
    double number;
} held;

/* The place of the first element that does not pass, and the element; -1: all do. */
static int64_t find(unsigned flags, held *x)
{
    const bool nan_only = flags & TP_ANOMALY_NAN_ONLY;
    if (!x->tensor) return (nan_only ? isnan(x->number) : !isfinite(x->number)) ? 0 : -1;
    const tp_tensor *t = x->tensor;
    const int64_t at = tp_first_not_finite((tp_dtype)t->dtype, t->rank, t->dims, t->strides, t->data, nan_only);
    if (at >= 0) x->number = tp_tensor_item(t, at);
    return at;
}

static held value_of(const tp_node *node)
{
    if (node->a & TP_IS_TENSOR) return (held){node->value.tensor, 0};
    return (held){NULL, node->value.number};
}

static held slot_of(const tp_tape *tape, uint32_t i)
{
    const tp_slot slot = tape->slots[i];
    if (slot.bits == 0) return (held){NULL, 0};
    if (tape->slots_are_nodes)
        return slot.recorded.node ? value_of(&tape->nodes[slot.recorded.node - 1]) : (held){NULL, 0};
    return tape->nodes[i].a & TP_IS_TENSOR ? (held){slot.tensor, 0} : (held){NULL, slot.number};
}

/* ---- checks ---- */

static tp_status check_value(tp_tape *tape, const char *what, unsigned flags, uint32_t i)
{
    const tp_node *node = &tape->nodes[i];
    if (tp_result_count(node->op) > 1) return TP_OK; /* its results have the values */
    if (flags & TP_ANOMALY_NO_CONSTANTS && !(node->a & TP_NEEDS)) return TP_OK;
    held x = value_of(node);
    const int64_t at = find(flags, &x);
    if (at < 0) return TP_OK;
    words w = {.used = 0};
    say(&w, "%s: the value of ", what);
    say_node(&w, tape, i);
    say_number(&w, x.tensor, at, x.number);
    say_operands(&w, tape, i);
    return tp_tape_fail(tape, TP_E_NUMERIC, "%s", w.text);
}

/* Marks the nodes that the last of n, from `low` on, depends on. */
static void mark_below(const tp_tape *tape, uint32_t low, uint32_t n, bool *below)
{
    memset(below, 0, n);
    below[n - 1] = true;
    for (uint32_t i = n; i-- > 0;) {
        const uint32_t count = below[i] ? tp_input_count(&tape->nodes[low + i]) : 0;
        for (uint32_t k = 0; k < count; k++) {
            const uint32_t operand = tp_input_of(&tape->nodes[low + i], k);
            if (operand >= low) below[operand - low] = true;
        }
    }
}

tp_status tp_check_values(tp_tape *tape, const char *what, unsigned flags, uint32_t low, uint32_t root)
{
    const uint32_t chunk = tape->stack.chunk, n = root == TP_NO_NODE ? tape->count - low : root + 1 - low;
    const size_t used = tape->stack.used;
    bool *below = NULL;
    if (root != TP_NO_NODE) {
        below = tp_chunks_push(&tape->stack, n);
        if (!below) return tp_tape_out_of_memory(tape, what);
        mark_below(tape, low, n, below);
    }
    tp_status status = TP_OK;
    for (uint32_t i = 0; i < n && status == TP_OK; i++)
        if (!below || below[i]) status = check_value(tape, what, flags, low + i);
    tp_chunks_pop_to(&tape->stack, chunk, used);
    return status;
}

tp_status tp_tape_check_values(tp_tape *tape, unsigned flags)
{
    if (!tape) return TP_E_ARGUMENT;
    if (flags > TP_ANOMALY_ALL)
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_tape_check_values: there is no flag %#x",
                            flags & ~(unsigned)TP_ANOMALY_ALL);
    return tp_check_values(tape, "tp_tape_check_values", flags, 0, TP_NO_NODE);
}

/* "tp_backward: the gradient of exp (2) (node 3) is NaN at (1)" */
static void say_gradient(words *w, const tp_tape *tape, uint32_t i, const held *x, int64_t at)
{
    say(w, "tp_backward: the gradient of ");
    say_node(w, tape, i);
    say_number(w, x->tensor, at, x->number);
}

tp_status tp_check_slot(tp_tape *tape, uint32_t i, tp_origin origin)
{
    static const char *const from[] = {"it is the seed", "it is what its hook returned",
                                       "it is the sum of what its uses gave"};
    if (tape->slots_are_nodes && tape->slots[i].bits && !tp_ok(tp_slot_gradient(tape, i))) /* of parts: put together */
        return tape->error.status;
    held x = slot_of(tape, i);
    const int64_t at = find(tape->anomaly, &x);
    if (at < 0) return TP_OK;
    words w = {.used = 0};
    say_gradient(&w, tape, i, &x, at);
    say(&w, ": %s", from[origin]);
    say_source(&w, tape, i);
    return tp_tape_fail(tape, TP_E_NUMERIC, "%s", w.text);
}

/* The rule of node i gave x to operand k. */
static tp_status check(tp_tape *tape, uint32_t i, uint32_t k, held x, const char *part)
{
    const int64_t at = find(tape->anomaly, &x);
    if (at < 0) return TP_OK;
    words w = {.used = 0};
    say_gradient(&w, tape, tp_input_of(&tape->nodes[i], k), &x, at);
    say(&w, "%s: given to operand %u by the rule of ", part, k);
    say_node(&w, tape, i);
    say_operands(&w, tape, i);
    return tp_tape_fail(tape, TP_E_NUMERIC, "%s", w.text);
}

tp_status tp_check_part(tp_tape *tape, uint32_t i, uint32_t k, tp_var g)
{
    tape->in_parts |= 1ull << (k & 63);
    return check(tape, i, k, value_of(&tape->nodes[g.node]), " of the part given");
}

tp_status tp_check_given(tp_tape *tape, uint32_t i)
{
    const tp_node *node = &tape->nodes[i];
    if (node->op->structure == TP_LEAF || node->op->flags & TP_TUPLE_PART) return TP_OK;
    const uint32_t n = tp_input_count(node);
    tp_status status = TP_OK;
    for (uint32_t k = 0; k < n && status == TP_OK; k++) {
        const uint32_t operand = tp_input_of(&tape->nodes[i], k);
        if (operand < tape->walk_low || !(tape->nodes[operand].a & TP_NEEDS)) continue;
        if (!(tape->in_parts >> (k & 63) & 1)) status = check(tape, i, k, slot_of(tape, operand), "");
    }
    return status;
}
