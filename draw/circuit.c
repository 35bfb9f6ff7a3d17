/* Circuits: the graph below a node of a tape, a gate for each op. */
#include <math.h>
#include <string.h>

#include "autograd/elementwise.h"
#include "draw/circuit.h"

enum { SMALL = 4 }; /* rows and columns of a matrix whose elements are shown */

typedef struct circuit {
    tp_diagram *d;
    tp_tape *tape;
    uint32_t root;
    const tp_draw_options *options;
    int digits;
    int *uses;   /* of each node of the tape, by those below root */
    int *number; /* of each node of the tape, its node in the diagram plus one; before that, 1 for those below root */
} circuit;

/* ---- what stands on a wire ---- */

/* Appends to text[LABEL_TEXT] what fits. */
static void append(char *text, const char *more)
{
    strncat(text, more, LABEL_TEXT - 1 - strlen(text));
}

/* The elements of a small vector or matrix (rows by newlines, columns by tabs), or the shape. */
static void tensor_text(const circuit *c, char text[LABEL_TEXT], const tp_tensor *tensor)
{
    const int64_t columns = tensor->rank ? tensor->dims[tensor->rank - 1] : 1;
    const int64_t rows = columns ? tensor->count / columns : 0;
    char item[NUMBER_TEXT];
    if (tensor->rank > 2 || rows > SMALL || columns > SMALL || tensor->count == 0) {
        tp_tensor_text(text, tensor);
        return;
    }
    text[0] = 0;
    if (tensor->rank == 1) append(text, "[");
    for (int64_t i = 0; i < tensor->count; i++) {
        if (i > 0) append(text, tensor->rank == 1 ? ", " : i % columns ? "\t" : "\n");
        append(text, number_text(item, tp_tensor_item(tensor, i), c->digits));
        if (tensor->rank == 2 && columns == 1) append(text, "\t");
    }
    if (tensor->rank == 1) append(text, "]");
}

static bool value_text(const circuit *c, char text[LABEL_TEXT], uint32_t i)
{
    const tp_node *n = &c->tape->nodes[i];
    if (c->options->no_values || tp_result_count(n->op) > 1) return false;
    if (n->a & TP_IS_TENSOR)
        tensor_text(c, text, n->value.tensor);
    else
        number_text(text, n->value.number, c->digits);
    return true;
}

static bool gradient_text(const circuit *c, char text[LABEL_TEXT], uint32_t i)
{
    const tp_node *n = &c->tape->nodes[i];
    if (c->options->no_gradients || tp_result_count(n->op) > 1 || !(n->a & TP_NEEDS)) return false;
    const tp_var x = tp_handle(c->tape, i);
    if (n->a & TP_IS_TENSOR) {
        if (tp_grad(x)) tensor_text(c, text, tp_grad(x));
        return tp_grad(x) != NULL;
    }
    if (i >= c->tape->walked) return false;
    number_text(text, tp_grad_item(x), c->digits);
    return true;
}

/* ---- nodes ---- */

static bool commutes(const tp_op *op)
{
    static const char *const names[] = {"add", "mul", "maximum", "minimum", "hypot", "logaddexp", "equal"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(op->name, names[i]) == 0) return true;
    return false;
}

/* The node whose op made the value of node i: of an op with several results of which one is used, the op's own, which
   is not drawn then. */
static uint32_t gate_of(const circuit *c, uint32_t i)
{
    const tp_node *n = &c->tape->nodes[i];
    const uint32_t whole = n->op->flags & TP_TUPLE_PART ? n->a & TP_NODE_BITS : i;
    return whole != i && c->uses[whole] == 1 ? whole : i;
}

static int add_node(circuit *c, uint32_t i)
{
    const tp_node *n = &c->tape->nodes[gate_of(c, i)];
    const char *name = tp_name_of(c->tape, i);
    char value[LABEL_TEXT], gradient[LABEL_TEXT], label[LABEL_TEXT];
    const bool leaf = n->op->structure == TP_LEAF, constant = leaf && !(n->a & TP_NEEDS);
    tp_diagram_style style = {.shape = leaf ? TP_DIAGRAM_TEXT : TP_DIAGRAM_CIRCLE,
                              .colour = constant ? TP_PLOT_GREY : 0,
                              .first = leaf && !constant,
                              .ordered = !leaf && !commutes(n->op)};
    if (name && !*name) name = NULL;
    if (value_text(c, value, i)) style.above = value;
    if (gradient_text(c, gradient, i)) style.below = gradient;
    if (!leaf) {
        gate_label(c->tape, gate_of(c, i), label);
        if (i != c->root) style.caption = name;
        return tp_diagram_node(c->d, label, &style);
    }
    if (name) return tp_diagram_node(c->d, name, &style);
    if (!constant || !style.above || n->a & TP_IS_TENSOR) return tp_diagram_node(c->d, n->op->name, &style);
    style.above = NULL; /* the number itself is the name */
    return tp_diagram_node(c->d, value, &style);
}

/* The part of the gradient of operand k of node i that comes back along this branch, where both are scalars. */
static bool branch_text(const circuit *c, char text[LABEL_TEXT], uint32_t i, uint32_t k)
{
    const tp_node *n = &c->tape->nodes[gate_of(c, i)];
    const uint32_t input = tp_input_of(n, k);
    if (!c->options->branches || c->options->no_gradients || c->uses[input] < 2 || i >= c->tape->walked) return false;
    if (n->a & TP_IS_TENSOR || !n->op->scalar_slopes || !(c->tape->nodes[input].a & TP_NEEDS)) return false;
    double slopes[TP_ROW_OPERANDS] = {0};
    n->op->scalar_slopes(c->tape->nodes, i, slopes);
    const double g = tp_grad_item(tp_handle(c->tape, i));
    number_text(text, g == 0 ? 0 : g * slopes[k], c->digits);
    return true;
}

static void add_all(circuit *c)
{
    char part[LABEL_TEXT];
    for (uint32_t i = 0; i <= c->root && c->d->status == TP_OK; i++) {
        const tp_node *gate = &c->tape->nodes[gate_of(c, i)];
        if (!c->number[i] || (i != c->root && tp_result_count(gate->op) > 1 && c->uses[i] == 1 && gate_of(c, i) == i))
            continue;
        const int at = add_node(c, i);
        c->number[i] = at + 1;
        const uint32_t n = tp_input_count(gate);
        for (uint32_t k = 0; k < n && at >= 0; k++) {
            const uint32_t input = tp_input_of(gate, k);
            tp_diagram_edge(c->d, c->number[input] - 1, at, NULL, branch_text(c, part, i, k) ? part : NULL);
        }
    }
    const char *name = tp_name_of(c->tape, c->root);
    if (!name || !*name || c->tape->nodes[c->root].op->structure == TP_LEAF) return;
    const int end = tp_diagram_node(c->d, name, &(tp_diagram_style){.shape = TP_DIAGRAM_TEXT});
    if (end >= 0) tp_diagram_edge(c->d, c->number[c->root] - 1, end, NULL, NULL);
}

/* Marks what the root depends on; returns how many nodes that is. */
static int64_t mark(circuit *c)
{
    int64_t n = 1;
    c->number[c->root] = 1;
    for (uint32_t i = c->root + 1; i-- > 0;) {
        if (!c->number[i]) continue;
        const uint32_t inputs = tp_input_count(&c->tape->nodes[i]);
        for (uint32_t k = 0; k < inputs; k++) {
            int *number = &c->number[tp_input_of(&c->tape->nodes[i], k)];
            n += !*number;
            *number = 1;
            c->uses[tp_input_of(&c->tape->nodes[i], k)]++;
        }
    }
    return n;
}

/* ---- the whole ---- */

tp_status draw_check(const char *function, tp_var root, const tp_draw_options *o, tp_error *error)
{
    if (!root.tape) return tp_fail(error, TP_E_ARGUMENT, "%s: root is no handle", function);
    if (!tp_ok(root)) {
        if (tp_tape_status(root.tape) != TP_OK && root.epoch == 0)
            return tp_fail(error, tp_tape_status(root.tape), "%s", tp_tape_error(root.tape));
        if (root.epoch == 0) return tp_fail(error, TP_E_ARGUMENT, "%s: root is no handle", function);
        return tp_fail(error, TP_E_STALE, "%s: root is from before a reset or rewind", function);
    }
    if (o->digits < 0 || o->digits > 17)
        return tp_fail(error, TP_E_ARGUMENT, "%s: digits is %d, not 1 to 17", function, o->digits);
    return TP_OK;
}

static tp_diagram *draw(const char *function, tp_var root, const tp_draw_options *options, tp_error *error)
{
    const tp_draw_options o = options ? *options : (tp_draw_options){0};
    if (draw_check(function, root, &o, error) != TP_OK) return NULL;
    circuit c = {.tape = root.tape, .root = root.node, .options = &o, .digits = o.digits ? o.digits : 4};
    c.d = tp_diagram_new(&(tp_diagram_options){.title = o.title, .memory = o.memory}, error);
    if (!c.d) return NULL;
    store scratch = {.memory = &c.d->memory};
    c.number = store_take(&scratch, (size_t)root.node + 1, sizeof *c.number);
    c.uses = store_take(&scratch, (size_t)root.node + 1, sizeof *c.uses);
    const int64_t n = scratch.failed ? 0 : mark(&c);
    if (scratch.failed)
        diagram_fail(c.d, function, TP_E_MEMORY, "out of memory for %u nodes", root.node + 1);
    else if (n > TP_DIAGRAM_NODES)
        diagram_fail(c.d, function, TP_E_LIMIT, "%lld nodes are more than %d: draw a part, or the module", (long long)n,
                     TP_DIAGRAM_NODES);
    else
        add_all(&c);
    store_free(&scratch);
    if (c.d->status == TP_OK) return c.d;
    tp_fail(error, c.d->status, "%s", c.d->message);
    tp_diagram_free(c.d);
    return NULL;
}

tp_diagram *tp_circuit_diagram(tp_var root, const tp_draw_options *options, tp_error *error)
{
    return draw("tp_circuit_diagram", root, options, error);
}

tp_status tp_draw_circuit(tp_var root, const tp_draw_options *options, const char *path, tp_error *error)
{
    tp_error local = {0};
    tp_diagram *d = draw("tp_draw_circuit", root, options, &local);
    if (!d) return tp_fail(error, local.status, "%s", local.message);
    return diagram_finish(d, "tp_draw_circuit", path, error);
}
