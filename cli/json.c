#include "cli/json.h"

#include <math.h>

typedef struct writer {
    const cli_labels *labels;
    const cli_circuit *c;
    cli_text text;
    cli_formula formula;
} writer;

static const cli_style style = {.digits = 17};

static void put_number(writer *w, double x)
{
    if (isfinite(x))
        cli_putf(&w->text, "%.17g", x);
    else
        cli_put(&w->text, isnan(x) ? "\"nan\"" : x > 0 ? "\"inf\"" : "\"-inf\"");
}

/* In quotes. The bytes are UTF-8. */
static void put_string(writer *w, const char *at, size_t n)
{
    cli_put(&w->text, "\"");
    for (size_t i = 0; i < n; i++) {
        if (at[i] == '"' || at[i] == '\\')
            cli_putf(&w->text, "\\%c", at[i]);
        else if ((unsigned char)at[i] < ' ')
            cli_putf(&w->text, "\\u%04x", (unsigned)at[i]);
        else
            cli_put_bytes(&w->text, at + i, 1);
    }
    cli_put(&w->text, "\"");
}

/* "key": "label" */
static void put_label(writer *w, const char *before, int node)
{
    cli_putf(&w->text, "%s\"", before);
    cli_put_label(&w->text, w->labels, node, style);
    cli_put(&w->text, "\"");
}

/* [what comes to each operand]: nothing flows to a number, which is null. */
static void put_operands(writer *w, int n, const char *key, bool downstream)
{
    const cli_expression *const e = w->c->e;
    const cli_gate *const gate = &w->c->gates[n];
    cli_putf(&w->text, ", \"%s\": [", key);
    for (int i = 0; i < cli_operand_count(&e->nodes[n]); i++) {
        cli_put(&w->text, i ? ", " : "");
        if (!gate->needs || !w->c->gates[e->nodes[n].operand[i]].needs)
            cli_put(&w->text, "null");
        else
            put_number(w, !downstream ? gate->local[i] : gate->gradient == 0 ? 0 : gate->gradient * gate->local[i]);
    }
    cli_put(&w->text, "]");
}

static void put_gate(writer *w, int n)
{
    const cli_expression *const e = w->c->e;
    put_label(w, "    {\"gate\": ", n);
    cli_putf(&w->text, ", \"op\": \"%s\", \"is\": ", cli_function_at(e->nodes[n].function)->name);
    cli_call_formula(&w->formula, w->labels, n, style);
    put_string(w, cli_string(&w->formula.symbols), w->formula.symbols.length);
    cli_put(&w->text, ", \"operands\": [");
    for (int i = 0; i < cli_operand_count(&e->nodes[n]); i++) put_label(w, i ? ", " : "", e->nodes[n].operand[i]);
    cli_put(&w->text, "], \"value\": ");
    put_number(w, w->c->gates[n].value);
    cli_put(&w->text, ", \"upstream\": ");
    put_number(w, w->c->gates[n].gradient);
    put_operands(w, n, "local", false);
    put_operands(w, n, "downstream", true);
    cli_put(&w->text, "}");
}

static void put_variable(writer *w, int n, const cli_checked *checked)
{
    static const char *const verdicts[] = {
        [CLI_AGREES] = "agrees",  [CLI_DIFFERS] = "differs", [CLI_NOISY] = "noisy",      [CLI_CORNER] = "corner",
        [CLI_OUTSIDE] = "corner", [CLI_JUMP] = "jump",       [CLI_NO_VALUE] = "no value"};
    put_label(w, "    {\"name\": ", n);
    cli_put(&w->text, ", \"value\": ");
    put_number(w, w->c->gates[n].value);
    cli_put(&w->text, ", \"gradient\": ");
    put_number(w, w->c->gates[n].gradient);
    if (checked) {
        cli_putf(&w->text, ", \"check\": \"%s\"", verdicts[checked->verdict]);
        if (checked->verdict <= CLI_NOISY) {
            cli_put(&w->text, ", \"central_difference\": ");
            put_number(w, checked->difference);
        }
    }
    cli_put(&w->text, "}");
}

bool cli_print_json(const cli_labels *labels, const cli_checked *checked, FILE *out)
{
    writer w = {.labels = labels, .c = labels->c, .text = {.memory = labels->c->memory}};
    const cli_expression *const e = labels->c->e;
    const char *separator = "\n";
    cli_put(&w.text, "{\n  \"expression\": ");
    put_string(&w, e->source, e->length);
    cli_put(&w.text, ",\n  \"value\": ");
    put_number(&w, labels->c->gates[e->root].value);
    cli_put(&w.text, ",\n  \"gates\": [");
    for (int n = 0; n <= e->root; n++) {
        if (!labels->c->gates[n].used || e->nodes[n].kind != CLI_CALL) continue;
        cli_put(&w.text, separator), put_gate(&w, n);
        separator = ",\n";
    }
    cli_put(&w.text, "\n  ],\n  \"variables\": [");
    separator = "\n";
    for (int i = 0; i < e->name_count; i++) {
        if (!cli_is_variable(labels->c, i)) continue;
        cli_put(&w.text, separator), put_variable(&w, e->names[i].node, checked ? &checked[i] : NULL);
        separator = ",\n";
    }
    cli_put(&w.text, "\n  ]\n}\n");
    const bool good = !w.text.failed && !w.formula.symbols.failed && !w.formula.numbers.failed;
    if (good) fputs(cli_string(&w.text), out);
    cli_formula_free(&w.formula);
    cli_text_free(&w.text);
    return good;
}
