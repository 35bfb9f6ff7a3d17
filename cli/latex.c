#include "cli/latex.h"

#include <string.h>

typedef struct writer {
    const cli_labels *labels;
    const cli_circuit *c;
    cli_style style;
    cli_text text;
    cli_formula formula;
    bool begun; /* a row of the align that is open */
} writer;

static void row(writer *w)
{
    cli_put(&w->text, w->begun ? " \\\\\n  " : "  ");
    w->begun = true;
}

static void begin_align(writer *w, const char *title)
{
    cli_putf(&w->text, "%s\n\\begin{align*}\n", title);
    w->begun = false;
}

/* Without a row there is no display. */
static void end_align(writer *w, FILE *out)
{
    cli_put(&w->text, "\n\\end{align*}\n");
    if (w->begun && !w->text.failed) fputs(cli_string(&w->text), out);
    cli_clear(&w->text);
}

/* A number as a factor. */
static void put_factor(writer *w, double x)
{
    const size_t from = w->text.length;
    cli_render_number(&w->text, x, w->style);
    const char *const number = cli_string(&w->text) + from;
    if (*number != '-' && !strchr(number, ' ')) return;
    w->text.length = from;
    cli_put(&w->text, "\\left(");
    cli_render_number(&w->text, x, w->style);
    cli_put(&w->text, "\\right)");
}

/* ---- what was asked ---- */

/* The expression as it was written, with its definitions, each named part as a line. */
static bool put_question(writer *w)
{
    const cli_expression *const e = w->c->e;
    const tp_allocator *const memory = w->c->memory;
    cli_leaf *leaves = NULL;
    cli_text names = {.memory = memory};
    size_t room = 0;
    bool good = cli_reserve(memory, &leaves, &room, (size_t)e->name_count + 1, sizeof *leaves);
    for (int i = 0; good && i < e->name_count; i++) { /* one after the other, each with its NUL */
        cli_render_name(&names, e->names[i].at, e->names[i].length, w->style);
        cli_put_bytes(&names, "", 1);
    }
    const char *at = cli_string(&names);
    good = good && !names.failed;
    for (int i = 0; good && i < e->name_count; i++, at += strlen(at) + 1) leaves[i] = (cli_leaf){at, false};
    for (int n = 0; good && n <= e->root; n++) {
        const bool shown =
            w->c->gates[n].used && (n == e->root || (e->nodes[n].name >= 0 && e->nodes[n].kind == CLI_CALL));
        if (!shown) continue;
        row(w);
        if (n == e->root)
            cli_put_result(&w->text, w->labels, w->style);
        else
            cli_put_label(&w->text, w->labels, n, w->style);
        cli_put(&w->text, " &= ");
        cli_render(&w->text, e, n, leaves, w->style);
    }
    cli_release(memory, leaves, room, sizeof *leaves);
    cli_text_free(&names);
    return good;
}

/* ---- forward ---- */

/* The call with numbers in it, unless that is a number alone: its value follows. */
static void put_unless_value(writer *w, const char *numbers, double value)
{
    cli_text text = {.memory = w->c->memory};
    cli_render_number(&text, value, w->style);
    if (strcmp(cli_string(&text), numbers) != 0) cli_putf(&w->text, "%s = ", numbers);
    w->text.failed = w->text.failed || text.failed;
    cli_text_free(&text);
}

static void put_values(writer *w)
{
    const cli_expression *const e = w->c->e;
    for (int kind = CLI_VARIABLE; kind <= CLI_CALL; kind++) {
        for (int n = 0; n <= e->root; n++) {
            if (!w->c->gates[n].used || (int)e->nodes[n].kind != kind) continue;
            row(w);
            cli_put_label(&w->text, w->labels, n, w->style);
            cli_put(&w->text, " &= ");
            if (kind == CLI_CALL) {
                cli_call_formula(&w->formula, w->labels, n, w->style);
                cli_putf(&w->text, "%s = ", cli_string(&w->formula.symbols));
                put_unless_value(w, cli_string(&w->formula.numbers), w->c->gates[n].value);
            }
            cli_render_number(&w->text, w->c->gates[n].value, w->style);
        }
    }
}

/* ---- backward ---- */

static void put_derivative(writer *w, int by)
{
    cli_put(&w->text, "\\frac{\\partial ");
    cli_put_result(&w->text, w->labels, w->style);
    cli_put(&w->text, "}{\\partial ");
    cli_put_label(&w->text, w->labels, by, w->style);
    cli_put(&w->text, "}");
}

/* The sum over all uses of a node, three on a line: as symbols, or as numbers. */
static void put_terms(writer *w, int n, bool symbols)
{
    int terms = 0;
    for (int p = w->c->gates[n].first; p >= 0; p = w->c->products[p].next) {
        const cli_product *const product = &w->c->products[p];
        if (terms > 0) cli_put(&w->text, terms % 3 ? " + " : " \\\\\n  &\\quad + ");
        terms++;
        if (!symbols) {
            put_factor(w, w->c->gates[product->gate].gradient);
            cli_put(&w->text, " \\cdot ");
            put_factor(w, w->c->gates[product->gate].local[product->operand]);
            continue;
        }
        put_derivative(w, product->gate);
        cli_put(&w->text, " \\cdot ");
        cli_slope_formula(&w->formula, w->labels, product->gate, product->operand, w->style);
        const char *const slope = cli_string(&w->formula.symbols);
        cli_putf(&w->text, w->formula.loose ? "\\left(%s\\right)" : "%s", slope);
    }
}

static void put_gradient(writer *w, int n)
{
    const bool fork = w->c->gates[n].arrivals > 1;
    row(w);
    put_derivative(w, n);
    cli_put(&w->text, " &= ");
    put_terms(w, n, true);
    if (fork) row(w);
    cli_put(&w->text, fork ? "&= " : " = ");
    put_terms(w, n, false);
    cli_put(&w->text, " = ");
    cli_render_number(&w->text, w->c->gates[n].gradient, w->style);
}

static void put_gradients(writer *w)
{
    const cli_expression *const e = w->c->e;
    row(w);
    put_derivative(w, e->root);
    cli_put(&w->text, " &= 1");
    for (int n = e->root - 1; n >= 0; n--)
        if (w->c->gates[n].arrivals > 0 && e->nodes[n].kind == CLI_CALL) put_gradient(w, n);
    for (int n = 0; n < e->root; n++)
        if (w->c->gates[n].arrivals > 0 && e->nodes[n].kind == CLI_VARIABLE) put_gradient(w, n);
}

bool cli_print_latex(const cli_labels *labels, int digits, bool document, FILE *out)
{
    writer w = {.labels = labels, .c = labels->c, .style = {true, digits}, .text = {.memory = labels->c->memory}};
    if (document)
        fputs("\\documentclass{article}\n\\usepackage{amsmath}\n\\allowdisplaybreaks\n\\begin{document}\n", out);
    begin_align(&w, "% the expression");
    bool good = put_question(&w);
    end_align(&w, out);
    begin_align(&w, "Forward:");
    put_values(&w);
    end_align(&w, out);
    if (w.c->gates[w.c->e->root].needs) {
        begin_align(&w, "Backward, by the chain rule:");
        put_gradients(&w);
        end_align(&w, out);
    }
    if (document) fputs("\\end{document}\n", out);
    good = good && !w.text.failed && !w.formula.symbols.failed && !w.formula.numbers.failed;
    cli_formula_free(&w.formula);
    cli_text_free(&w.text);
    return good;
}
