/* Modules: a box for each layer with the shape of its output and how many parameters it has. */
#include "draw/module.h"

#include <stdlib.h>
#include <string.h>

#include "draw/circuit.h"

#define LINE_TEXT 256

/* Digits in groups of three. */
static const char *grouped(char text[32], int64_t n)
{
    char digits[32], *to = text;
    const int length = snprintf(digits, sizeof digits, "%lld", (long long)n);
    for (int i = 0; i < length; i++) {
        *to++ = digits[i];
        if (i + 1 < length && (length - 1 - i) % 3 == 0) *to++ = ',';
    }
    *to = 0;
    return text;
}

/* "linear1", "conv2d", "self_attn: multihead_attention": the name unless it is a number, the kind unless the name says
   it. */
static void part_label(const plan *p, int part, int below, char text[LINE_TEXT])
{
    char path[TP_MODULE_PATH];
    const char *kind = p->parts[part].module->kind->name, *name = plan_path(p, part, below, path);
    char *end;
    strtol(name, &end, 10);
    if (!*end)
        snprintf(text, LINE_TEXT, "%.100s", kind);
    else if (strstr(name, kind))
        snprintf(text, LINE_TEXT, "%.100s", name);
    else
        snprintf(text, LINE_TEXT, "%.100s: %.100s", name, kind);
}

static void shape_text(const plan *p, uint32_t node, char text[TP_SHAPE_TEXT])
{
    const tp_node *n = &p->tape->nodes[node];
    if (n->a & TP_IS_TENSOR)
        tp_tensor_text(text, n->value.tensor);
    else
        strcpy(text, "scalar");
}

static int add_unit(tp_diagram *d, plan *p, const unit *u)
{
    char label[LABEL_TEXT], note[LINE_TEXT], shape[TP_SHAPE_TEXT], number[32];
    tp_diagram_style style = {.note = note, .frame = p->places[u->frame].number};
    shape_text(p, u->node, shape);
    snprintf(note, sizeof note, "%s", shape);
    if (u->input && u->part >= 0) { /* a parameter of a container */
        char path[TP_MODULE_PATH];
        plan_path(p, u->part, p->places[u->frame].part, path);
        snprintf(label, sizeof label, "%.100s%s%.100s", path, *path ? "." : "", plan_holding(p, u->node)->name);
        style.colour = 1;
        return tp_diagram_node(d, label, &style);
    }
    if (u->input) {
        const char *name = tp_name_of(p->tape, u->node);
        style.colour = TP_PLOT_GREY;
        return tp_diagram_node(d, name && *name ? name : "input", &style);
    }
    if (u->part < 0) {
        style.shape = TP_DIAGRAM_CIRCLE;
        gate_label(p->tape, u->node, label);
        return tp_diagram_node(d, label, &style);
    }
    piece *shown = &p->parts[u->part];
    part_label(p, u->part, p->places[u->frame].part, label);
    if (shown->numbers > 0) {
        style.colour = 1;
        const char *what = shown->shown ? "shared" : shown->numbers == 1 ? "1 parameter" : "parameters";
        if (!shown->shown && shown->numbers > 1)
            snprintf(note, sizeof note, "%s · %s %s", shape, grouped(number, shown->numbers), what);
        else
            snprintf(note, sizeof note, "%s · %s", shape, what);
    }
    shown->shown = true;
    return tp_diagram_node(d, label, &style);
}

static void add_all(tp_diagram *d, plan *p)
{
    char label[LINE_TEXT];
    p->places[0].part = 0;
    for (int i = 1; i < p->place_count; i++) {
        place *at = &p->places[i];
        part_label(p, at->part, p->places[at->parent].part, label);
        at->number = tp_diagram_frame(d, p->places[at->parent].number, label);
        if (at->number < 0) return;
    }
    for (int i = 0; i < p->unit_count; i++) add_unit(d, p, &p->units[i]);
    for (int i = 0; i < p->flow_count; i++) tp_diagram_edge(d, p->flows[i].from, p->flows[i].to, NULL, NULL);
}

static bool shows_a_part(const plan *p)
{
    for (int i = 0; i < p->unit_count; i++)
        if (p->units[i].part >= 0) return true;
    return false;
}

/* A diagram for the plan: the title is the module's kind unless one is given, and the number of its parameters. */
static tp_diagram *begin(const plan *p, const tp_draw_options *o, tp_error *error)
{
    char title[LINE_TEXT], number[32];
    snprintf(title, sizeof title, "%.150s\n%s parameters", o->title ? o->title : p->parts[0].module->kind->name,
             grouped(number, p->parts[0].numbers));
    return tp_diagram_new(&(tp_diagram_options){.title = title, .down = true, .arrows = true, .memory = o->memory},
                          error);
}

static tp_diagram *draw(const char *function, tp_module *module, tp_var output, const tp_draw_options *options,
                        tp_error *error)
{
    const tp_draw_options o = options ? *options : (tp_draw_options){0};
    const tp_allocator memory = o.memory ? *o.memory : tp_default_allocator;
    if (!module) return tp_fail(error, TP_E_ARGUMENT, "%s: module is NULL", function), NULL;
    if (draw_check(function, output, &o, error) != TP_OK) return NULL;
    store scratch = {.memory = &memory};
    plan p;
    bool large;
    tp_diagram *d = NULL;
    if (!plan_make(&p, module, output, &scratch, TP_DIAGRAM_NODES, &large))
        tp_fail(error, large ? TP_E_LIMIT : TP_E_MEMORY, large ? "%s: more than %d boxes" : "%s: out of memory",
                function, TP_DIAGRAM_NODES);
    else if (!shows_a_part(&p))
        tp_fail(error, TP_E_ARGUMENT, "%s: the output was not made by the module", function);
    else
        d = begin(&p, &o, error);
    if (d) {
        add_all(d, &p);
        if (d->status != TP_OK) {
            tp_fail(error, d->status, "%s", d->message);
            tp_diagram_free(d);
            d = NULL;
        }
    }
    store_free(&scratch);
    return d;
}

tp_diagram *tp_module_diagram(tp_module *module, tp_var output, const tp_draw_options *options, tp_error *error)
{
    return draw("tp_module_diagram", module, output, options, error);
}

tp_status tp_draw_module(tp_module *module, tp_var output, const tp_draw_options *options, const char *path,
                         tp_error *error)
{
    tp_error local = {0};
    tp_diagram *d = draw("tp_draw_module", module, output, options, &local);
    if (!d) return tp_fail(error, local.status, "%s", local.message);
    return diagram_finish(d, "tp_draw_module", path, error);
}
