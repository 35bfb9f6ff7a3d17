#include "cli/labels.h"

#include <math.h>
#include <string.h>

/* Whether a name is `stem`, or with `digits` also stem and digits. */
static bool is_taken(const cli_expression *e, const char *stem, bool digits)
{
    const size_t n = strlen(stem);
    for (int i = 0; i < e->name_count; i++) {
        const cli_name *const name = &e->names[i];
        if (name->length < n || memcmp(name->at, stem, n) != 0) continue;
        size_t rest = n;
        while (digits && rest < name->length && name->at[rest] >= '0' && name->at[rest] <= '9') rest++;
        if (rest == name->length) return true;
    }
    return false;
}

static void choose(char *to, size_t size, const cli_expression *e, const char *const *stems, size_t n, bool digits)
{
    size_t i = 0;
    while (i + 1 < n && is_taken(e, stems[i], digits)) i++;
    snprintf(to, size, "%s", stems[i]);
}

bool cli_labels_make(cli_labels *labels, const cli_circuit *c)
{
    static const char *const gates[] = {"g", "h", "q", "s", "t", "u", "v", "gate", "step_"};
    static const char *const results[] = {"f", "L", "F", "out", "result", "f_"};
    *labels = (cli_labels){.c = c};
    choose(labels->gate, sizeof labels->gate, c->e, gates, sizeof gates / sizeof *gates, true);
    choose(labels->result, sizeof labels->result, c->e, results, sizeof results / sizeof *results, false);
    if (!cli_reserve(c->memory, &labels->index, &labels->room, (size_t)c->e->count, sizeof *labels->index))
        return false;
    int index = 0;
    for (int n = 0; n < c->e->count; n++) {
        const cli_node *const node = &c->e->nodes[n];
        const bool counts = node->kind == CLI_CALL && node->name < 0 && n != c->e->root && c->gates[n].used;
        labels->index[n] = counts ? ++index : 0;
    }
    return true;
}

void cli_labels_free(cli_labels *labels)
{
    cli_release(labels->c->memory, labels->index, labels->room, sizeof *labels->index);
}

void cli_put_label(cli_text *to, const cli_labels *labels, int node, cli_style style)
{
    const cli_node *const n = &labels->c->e->nodes[node];
    char own[24];
    if (n->name >= 0) {
        cli_render_name(to, labels->c->e->names[n->name].at, labels->c->e->names[n->name].length, style);
    } else if (n->kind == CLI_NUMBER && n->word) {
        cli_putf(to, "%s%s", style.latex && strcmp(n->word, "pi") == 0 ? "\\" : "", n->word);
    } else if (n->kind == CLI_NUMBER) {
        cli_render_number(to, n->number, style);
    } else if (node == labels->c->e->root) {
        cli_put_result(to, labels, style);
    } else {
        snprintf(own, sizeof own, "%s%d", labels->gate, labels->index[node]);
        cli_render_name(to, own, strlen(own), style);
    }
}

void cli_put_result(cli_text *to, const cli_labels *labels, cli_style style)
{
    const cli_node *const root = &labels->c->e->nodes[labels->c->e->root];
    if (root->kind == CLI_CALL && root->name >= 0)
        cli_put_label(to, labels, labels->c->e->root, style);
    else
        cli_render_name(to, labels->result, strlen(labels->result), style);
}

/* ---- formulas ---- */

enum { FORMULA_LEAVES = CLI_OPERANDS + 1 };

/* Labels, or values, of a call's operands and its result, as leaves x, b, c, y. */
typedef struct leaves {
    cli_text text[FORMULA_LEAVES];
    cli_leaf leaf[FORMULA_LEAVES];
} leaves;

static void put_value(cli_text *to, const cli_labels *labels, int node, cli_style style)
{
    if (labels->c->e->nodes[node].kind == CLI_NUMBER)
        cli_put_label(to, labels, node, style);
    else
        cli_render_number(to, labels->c->gates[node].value, style);
}

static bool make_leaves(leaves *of, const cli_labels *labels, int node, bool values, cli_style style)
{
    const cli_node *const call = &labels->c->e->nodes[node];
    const int n = cli_operand_count(call);
    bool good = true;
    for (int i = 0; i < FORMULA_LEAVES; i++) {
        cli_text *const text = &of->text[i];
        *text = (cli_text){.memory = labels->c->memory};
        const int at = i == CLI_OPERANDS ? node : i < n ? call->operand[i] : -1;
        if (at >= 0 && values) put_value(text, labels, at, style);
        if (at >= 0 && !values) cli_put_label(text, labels, at, style);
        good = good && !text->failed;
        const char *const string = cli_string(text);
        of->leaf[i] = (cli_leaf){string, string[0] == '-' || (style.latex && strchr(string, ' '))};
    }
    return good;
}

static void free_leaves(leaves *of)
{
    for (int i = 0; i < FORMULA_LEAVES; i++) cli_text_free(&of->text[i]);
}

/* A call itself where e is NULL, else the formula e with its operands. */
static void put_formula(cli_text *to, const cli_expression *e, const cli_labels *labels, int node, bool values,
                        cli_style style)
{
    leaves of;
    to->memory = labels->c->memory;
    if (!make_leaves(&of, labels, node, values, style))
        to->failed = true;
    else if (e)
        cli_render(to, e, e->root, of.leaf, style);
    else
        cli_render_call(to, labels->c->e->nodes[node].function, of.leaf, style);
    free_leaves(&of);
}

void cli_call_formula(cli_formula *to, const cli_labels *labels, int node, cli_style style)
{
    cli_formula_clear(to);
    put_formula(&to->symbols, NULL, labels, node, false, style);
    put_formula(&to->numbers, NULL, labels, node, true, style);
}

bool cli_slope_formula(cli_formula *to, const cli_labels *labels, int node, int i, cli_style style)
{
    static const char *const names[] = {"x", "b", "c", "y"};
    const cli_expression *const e = labels->c->e;
    const cli_node *const call = &e->nodes[node];
    const char *const slope = cli_function_at(call->function)->slope[i];
    cli_formula_clear(to);
    if (!slope) return false;
    cli_known known[FORMULA_LEAVES];
    for (int k = 0; k < FORMULA_LEAVES; k++) known[k] = (cli_known){names[k], 1, NULL};
    for (int k = 0; k < cli_operand_count(call); k++) {
        const cli_node *const operand = &e->nodes[call->operand[k]];
        if (operand->kind == CLI_NUMBER && !operand->word) known[k].number = &operand->number;
    }
    cli_expression formula;
    const bool good =
        cli_parse(&formula, labels->c->memory, slope, strlen(slope), known, FORMULA_LEAVES, true) == TP_OK;
    if (good) {
        put_formula(&to->symbols, &formula, labels, node, false, style);
        put_formula(&to->numbers, &formula, labels, node, true, style);
        const cli_node *const root = &formula.nodes[formula.root];
        const bool sum = root->kind == CLI_CALL && (root->function == CLI_ADD || root->function == CLI_SUB);
        to->loose = sum || *cli_string(&to->symbols) == '-';
    } else {
        to->symbols.failed = true;
    }
    cli_expression_free(&formula);
    return good;
}

void cli_formula_clear(cli_formula *formula)
{
    cli_clear(&formula->symbols);
    cli_clear(&formula->numbers);
}

void cli_formula_free(cli_formula *formula)
{
    if (formula->symbols.memory) cli_text_free(&formula->symbols);
    if (formula->numbers.memory) cli_text_free(&formula->numbers);
}
