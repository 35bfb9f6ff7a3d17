#include "cli/report.h"

#include <math.h>
#include <string.h>

static cli_style plain(const cli_report *r)
{
    return (cli_style){.digits = r->digits};
}

static void put_number(const cli_report *r, cli_text *to, double x)
{
    cli_put_number(to, x, r->digits);
}

/* A number as a factor: in parentheses where it has a sign. */
static void put_factor(const cli_report *r, cli_text *to, double x)
{
    const bool sign = x < 0;
    cli_put(to, sign ? "(" : "");
    put_number(r, to, x);
    cli_put(to, sign ? ")" : "");
}

/* d<result>/d<node> */
static void put_derivative(const cli_report *r, cli_text *to, int by)
{
    cli_put(to, "d");
    cli_put_result(to, r->labels, plain(r));
    cli_put(to, "/d");
    if (by == r->c->e->root && r->c->e->nodes[by].kind == CLI_CALL)
        cli_put_result(to, r->labels, plain(r));
    else
        cli_put_label(to, r->labels, by, plain(r));
}

static void heading(const cli_report *r, const char *text)
{
    fprintf(r->out, "\n%s%s%s\n", r->colours.bold, text, r->colours.off);
}

/* ---- forward ---- */

static void forward_row(const cli_report *r, cli_table *t, int n, int step, cli_formula *formula)
{
    const cli_node *const node = &r->c->e->nodes[n];
    cli_putf(&t->text, "%d", step), cli_table_cell(t);
    cli_put_label(&t->text, r->labels, n, plain(r)), cli_table_cell(t);
    if (node->kind == CLI_CALL) {
        cli_call_formula(formula, r->labels, n, plain(r));
        t->text.failed = t->text.failed || formula->symbols.failed || formula->numbers.failed;
        cli_put(&t->text, cli_string(&formula->symbols)), cli_table_cell(t);
        cli_put(&t->text, cli_string(&formula->numbers)), cli_table_cell(t);
    } else {
        cli_put(&t->text, "given"), cli_table_cell(t);
        cli_table_cell(t);
    }
    put_number(r, &t->text, r->c->gates[n].value), cli_table_cell(t);
}

/* Variables first, then the gates. */
bool cli_report_forward(const cli_report *r)
{
    const cli_column columns[] = {{.head = "step", .right = true},
                                  {.head = "gate"},
                                  {.head = "is", .gives_way = true},
                                  {.head = "with numbers", .gives_way = true},
                                  {.head = "value", .right = true, .colour = r->colours.value}};
    cli_table t;
    cli_formula formula = {.loose = false};
    int step = 0;
    heading(r, "Forward: values, from the variables to the result");
    cli_table_begin(&t, r->c->memory, r->out, r->colours, r->width, columns, 5);
    for (int kind = CLI_VARIABLE; kind <= CLI_CALL; kind++)
        for (int n = 0; n < r->c->e->count && !t.text.failed; n++)
            if (r->c->gates[n].used && (int)r->c->e->nodes[n].kind == kind) forward_row(r, &t, n, ++step, &formula);
    if (step == 0) { /* the result is a number */
        cli_put(&t.text, "1"), cli_table_cell(&t);
        cli_put_result(&t.text, r->labels, plain(r)), cli_table_cell(&t);
        cli_put_label(&t.text, r->labels, r->c->e->root, plain(r)), cli_table_cell(&t);
        cli_table_cell(&t);
        put_number(r, &t.text, r->c->gates[r->c->e->root].value), cli_table_cell(&t);
    }
    cli_formula_free(&formula);
    return cli_table_end(&t);
}

/* ---- backward ---- */

/* dg/dx = formula = numbers = value, without what only repeats */
static void put_local(const cli_report *r, cli_text *to, int n, int i, cli_formula *formula)
{
    cli_put(to, "d");
    cli_put_label(to, r->labels, n, plain(r));
    cli_put(to, "/d");
    cli_put_label(to, r->labels, r->c->e->nodes[n].operand[i], plain(r));
    cli_text value = {.memory = r->c->memory};
    put_number(r, &value, r->c->gates[n].local[i]);
    const char *last = "";
    if (cli_slope_formula(formula, r->labels, n, i, plain(r))) {
        const char *const parts[] = {cli_string(&formula->symbols), cli_string(&formula->numbers)};
        for (int k = 0; k < 2; k++) {
            if (strcmp(parts[k], last) != 0 && strcmp(parts[k], cli_string(&value)) != 0)
                cli_putf(to, " = %s", parts[k]);
            last = parts[k];
        }
    }
    to->failed = to->failed || formula->symbols.failed || formula->numbers.failed;
    cli_putf(to, " = %s", cli_string(&value));
    to->failed = to->failed || value.failed;
    cli_text_free(&value);
}

/* df/dx = upstream*local = product; at a fork += */
static void put_product(const cli_report *r, cli_text *to, const cli_product *product)
{
    const int by = r->c->e->nodes[product->gate].operand[product->operand];
    put_derivative(r, to, by);
    cli_put(to, r->c->gates[by].arrivals > 1 ? " += " : " = ");
    put_number(r, to, r->c->gates[product->gate].gradient);
    cli_put(to, "*");
    put_factor(r, to, r->c->gates[product->gate].local[product->operand]);
    cli_put(to, " = ");
    put_number(r, to, product->value);
}

/* What came back to a fork, added up: df/dx = 2 + 4 = 6 */
static void put_sum(const cli_report *r, cli_text *to, int n)
{
    put_derivative(r, to, n);
    for (int p = r->c->gates[n].first; p >= 0; p = r->c->products[p].next) {
        cli_put(to, p == r->c->gates[n].first ? " = " : " + ");
        if (p == r->c->gates[n].first)
            put_number(r, to, r->c->products[p].value);
        else
            put_factor(r, to, r->c->products[p].value);
    }
    cli_put(to, " = ");
    put_number(r, to, r->c->gates[n].gradient);
}

static void backward_row(const cli_report *r, cli_table *t, int p, cli_formula *formula)
{
    const cli_product *const product = &r->c->products[p];
    const bool first = p == 0 || r->c->products[p - 1].gate != product->gate;
    const int by = r->c->e->nodes[product->gate].operand[product->operand];
    if (first) cli_put_label(&t->text, r->labels, product->gate, plain(r));
    cli_table_cell(t);
    if (first) put_number(r, &t->text, r->c->gates[product->gate].gradient);
    cli_table_cell(t);
    put_local(r, &t->text, product->gate, product->operand, formula), cli_table_cell(t);
    put_product(r, &t->text, product), cli_table_cell(t);
    if (r->c->gates[by].arrivals < 2 || r->c->gates[by].last != p) return;
    cli_table_cell(t), cli_table_cell(t);
    cli_putf(&t->text, "fork: %d products add up", r->c->gates[by].arrivals), cli_table_cell(t);
    put_sum(r, &t->text, by), cli_table_cell(t);
}

bool cli_report_backward(const cli_report *r)
{
    const cli_column columns[] = {{.head = "gate"},
                                  {.head = "upstream", .right = true, .colour = r->colours.gradient},
                                  {.head = "local gradient", .gives_way = true},
                                  {.head = "downstream", .gives_way = true}};
    if (!r->c->gates[r->c->e->root].needs || r->c->product_count == 0) return true;
    cli_table t;
    cli_formula formula = {.loose = false};
    cli_text start = {.memory = r->c->memory};
    heading(r, "Backward: gradients, from the result to the variables");
    put_derivative(r, &start, r->c->e->root);
    fprintf(r->out, "  it starts with %s = 1; at each gate downstream = upstream * local\n", cli_string(&start));
    bool good = !start.failed;
    cli_text_free(&start);
    cli_table_begin(&t, r->c->memory, r->out, r->colours, r->width, columns, 4);
    for (int p = 0; p < r->c->product_count && !t.text.failed; p++) backward_row(r, &t, p, &formula);
    cli_formula_free(&formula);
    good = cli_table_end(&t) && good;
    return good;
}

/* ---- gradient and check ---- */

/* How far apart two numbers are; below nine digits it is rounding, and another processor rounds otherwise. */
static void put_off(cli_text *to, double a, double b)
{
    const double off = fabs(a - b);
    if (off < 1e-9 * fmax(1, fabs(b)))
        cli_putf(to, "less than %.0e", 1e-9 * fmax(1, pow(10, floor(log10(fmax(1, fabs(b)))))));
    else
        cli_putf(to, "%.1e", off);
}

static void put_verdict(const cli_report *r, cli_text *to, const cli_gate *gate, const cli_checked *k)
{
    switch (k->verdict) {
    case CLI_AGREES: put_off(to, k->difference, gate->gradient); break;
    case CLI_DIFFERS: put_off(to, k->difference, gate->gradient), cli_put(to, "  WRONG"); break;
    case CLI_NOISY:
        put_off(to, k->difference, gate->gradient);
        cli_putf(to, ", but the difference is only good to %.0e", 10 * k->uncertain);
        break;
    case CLI_OUTSIDE:
    case CLI_CORNER:
        if (fabs(k->left - k->right) < 1e-5 * fmax(1, fabs(k->left))) {
            cli_put(to, "slope "), put_number(r, to, (k->left + k->right) / 2), cli_put(to, " on both sides");
            break;
        }
        cli_put(to, "a corner: slope "), put_number(r, to, k->left), cli_put(to, " on the left, ");
        put_number(r, to, k->right), cli_put(to, " on the right");
        break;
    case CLI_JUMP:
        cli_put(to, "a jump from "), put_number(r, to, k->left), cli_put(to, " to "), put_number(r, to, k->right);
        break;
    case CLI_NO_VALUE: cli_put(to, "no finite value"); break;
    }
}

static void gradient_row(const cli_report *r, cli_table *t, int n, const cli_checked *k)
{
    const cli_gate *const gate = &r->c->gates[n];
    put_derivative(r, &t->text, n), cli_table_cell(t);
    put_number(r, &t->text, gate->gradient), cli_table_cell(t);
    if (!k) return;
    const bool difference = k->verdict == CLI_AGREES || k->verdict == CLI_DIFFERS || k->verdict == CLI_NOISY;
    if (difference) put_number(r, &t->text, k->difference);
    cli_table_cell(t);
    put_verdict(r, &t->text, gate, k), cli_table_cell(t);
}

/* g1 = relu(x) = relu(0): what there is to say of it */
static bool print_note(const cli_report *r, int gate, const char *note)
{
    cli_text label = {.memory = r->c->memory};
    cli_formula formula = {.loose = false};
    cli_put_label(&label, r->labels, gate, plain(r));
    cli_call_formula(&formula, r->labels, gate, plain(r));
    fprintf(r->out, "  %s = %s = %s: %s.\n", cli_string(&label), cli_string(&formula.symbols),
            cli_string(&formula.numbers), note);
    const bool good = !label.failed && !formula.symbols.failed && !formula.numbers.failed;
    cli_formula_free(&formula);
    cli_text_free(&label);
    return good;
}

/* The first gate whose value or local gradient is not finite. */
static bool print_first_bad(const cli_report *r)
{
    for (int n = 0; n < r->c->e->count; n++) {
        const cli_gate *const gate = &r->c->gates[n];
        if (!gate->used || r->c->e->nodes[n].kind != CLI_CALL) continue;
        if (isnan(gate->value)) return print_note(r, n, "has no value (nan)");
        if (isinf(gate->value)) return print_note(r, n, "is infinite, or too large for a double");
        for (int i = 0; i < cli_operand_count(&r->c->e->nodes[n]); i++)
            if (!isfinite(gate->local[i])) return print_note(r, n, "its slope is infinite here, or there is none");
    }
    return true;
}

/* Gates through which nothing flows back although a variable is below them. */
static bool print_flat(const cli_report *r)
{
    for (int n = 0; n < r->c->e->count; n++) {
        const cli_node *const node = &r->c->e->nodes[n];
        if (!r->c->gates[n].used || r->c->gates[n].needs || node->kind != CLI_CALL) continue;
        for (int i = 0; i < cli_operand_count(node); i++)
            if (r->c->gates[node->operand[i]].needs && !print_note(r, n, cli_function_at(node->function)->note))
                return false;
    }
    return true;
}

/* What is done at corners and jumps, once for each gate that has one here. */
static bool print_notes(const cli_report *r, const cli_checked *checked)
{
    int said = -1;
    bool good = print_flat(r), bad = false;
    for (int i = 0; i < r->c->e->name_count; i++) {
        const int gate = checked[i].gate;
        if (!cli_is_variable(r->c, i)) continue;
        bad = bad || checked[i].verdict == CLI_NO_VALUE;
        if (gate < 0 || gate == said || !r->c->gates[gate].needs) continue; /* what is flat was told */
        said = gate;
        good = good && print_note(r, gate, cli_function_at(r->c->e->nodes[gate].function)->note);
    }
    return good && (!bad || print_first_bad(r));
}

static void print_conclusion(const cli_report *r, const cli_checked *checked)
{
    int count[CLI_NO_VALUE + 1] = {0};
    for (int i = 0; i < r->c->e->name_count; i++)
        if (cli_is_variable(r->c, i)) count[checked[i].verdict]++;
    const bool bad = count[CLI_DIFFERS] || count[CLI_NO_VALUE], open = !bad && count[CLI_NOISY];
    const char *text = "the gradient agrees with the central differences";
    if (count[CLI_DIFFERS])
        text = "the gradient is not what the central differences say";
    else if (count[CLI_NO_VALUE])
        text = "where there is no finite value there is nothing to compare";
    else if (open)
        text = "rounding makes the differences too rough to tell; where they are not, the gradient agrees";
    else if (count[CLI_OUTSIDE])
        text = "gates stand at corners here; what is printed follows their rules";
    else if (count[CLI_JUMP] || count[CLI_CORNER])
        text = count[CLI_AGREES] ? "the gradient agrees wherever there is a derivative"
                                 : "there is no derivative here; what is printed follows the rules above";
    fprintf(r->out, "%sCheck %s: %s%s\n", bad ? r->colours.alarm : r->colours.bold,
            bad ? "failed" : (open ? "undecided" : "passed"), text, r->colours.off);
    if (count[CLI_OUTSIDE])
        fputs("  Each gate takes a slope of its own at its corner; together they need not make one of the slopes of "
              "the whole.\n",
              r->out);
}

bool cli_report_gradient(const cli_report *r, const cli_checked *checked, const char *why)
{
    const cli_column columns[] = {{.head = "gradient"},
                                  {.head = "", .right = true, .colour = r->colours.gradient},
                                  {.head = "central difference", .right = true},
                                  {.head = "off by"}};
    if (!r->c->gates[r->c->e->root].needs) {
        fputs("\nNo gradient flows back.\n", r->out);
        return print_flat(r) && (isfinite(r->c->gates[r->c->e->root].value) || print_first_bad(r));
    }
    cli_table t;
    heading(r, checked ? "Result, and the check by finite differences" : "Result");
    cli_table_begin(&t, r->c->memory, r->out, r->colours, r->width, columns, checked ? 4 : 2);
    for (int i = 0; i < r->c->e->name_count && !t.text.failed; i++) {
        if (cli_is_variable(r->c, i)) gradient_row(r, &t, r->c->e->names[i].node, checked ? &checked[i] : NULL);
    }
    bool good = cli_table_end(&t);
    if (checked) {
        good = print_notes(r, checked) && good;
        print_conclusion(r, checked);
    } else if (why) {
        fprintf(r->out, "Not checked: %s\n", why);
    }
    return good;
}

bool cli_is_good(const cli_circuit *c, const cli_checked *checked)
{
    if (!isfinite(c->gates[c->e->root].value)) return false;
    for (int i = 0; i < c->e->name_count; i++) {
        if (!cli_is_variable(c, i)) continue;
        if (!isfinite(c->gates[c->e->names[i].node].gradient)) return false;
        if (checked && (checked[i].verdict == CLI_DIFFERS || checked[i].verdict == CLI_NO_VALUE)) return false;
    }
    return true;
}
