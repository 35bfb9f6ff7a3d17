/* The table of functions of the program tapir against the library: every op is there, and every formula is true. */
#include "cli/labels.h"
#include "tests/test_explain.h"

#include <stdio.h>

/* Public elementwise ops that are no functions of an expression: those with a number that + - * / ^ take, or that
   have a form with three operands, those that answer 1 or 0, and those that say nothing of a number. */
static const char left_out[] =
    " clamp adds muls rsubs rdivs pows nan_to_num same less less_equal greater greater_equal equal "
    "not_equal logical_and logical_or logical_xor logical_not isnan isinf isfinite ";

static char *read_header(void)
{
    FILE *file = fopen("include/tapir/ops_math.h", "r");
    ck_assert_msg(file != NULL, "include/tapir/ops_math.h");
    char *text = calloc(1, 1 << 16);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_gt(fread(text, 1, (1 << 16) - 1, file), 1000);
    fclose(file);
    return text;
}

START_TEST(every_elementwise_op_is_a_function)
{
    char *header = read_header(), word[64];
    int found = 0;
    for (int i = 0; i < tp_op_count(); i++) {
        const tp_op *op = tp_op_at(i);
        snprintf(word, sizeof word, "tp_%s(", op->name);
        if (op->structure != TP_ELEMENTWISE || !op->row || !strstr(header, word)) continue;
        snprintf(word, sizeof word, " %s ", op->name);
        if (strstr(left_out, word)) continue;
        ck_assert_msg(cli_function_named(op->name, strlen(op->name)) >= 0, "%s has no row in cli/functions.def",
                      op->name);
        found++;
    }
    ck_assert_int_eq(found, cli_function_count());
    free(header);
}
END_TEST

START_TEST(operators_are_where_they_are_looked_for)
{
    const char *const names[] = {[CLI_ADD] = "add", [CLI_SUB] = "sub", [CLI_MUL] = "mul",
                                 [CLI_DIV] = "div", [CLI_POW] = "pow", [CLI_NEG] = "neg"};
    for (int i = 0; i <= CLI_NEG; i++) ck_assert_str_eq(cli_function_at(i)->name, names[i]);
    const char *of;
    for (int i = 0; cli_alias_at(i, &of); i++) ck_assert_int_ge(cli_function_named(of, strlen(of)), 0);
}
END_TEST

/* ---- formulas ---- */

enum { LETTERS = 4, MOST_NODES = 128 };

/* A formula at numbers for x, b, c, y; those from `plain` up to y are put in as numbers. */
static double formula_at(tp_tape *t, const char *formula, const double *numbers, int plain)
{
    static const char *const names[] = {"x", "b", "c", "y"};
    const tp_allocator memory = cli_malloc();
    const bool all[LETTERS] = {true, true, true, true};
    cli_known letters[LETTERS];
    for (int i = 0; i < LETTERS; i++)
        letters[i] = (cli_known){names[i], 1, i >= plain && i < LETTERS - 1 ? &numbers[i] : NULL};
    cli_expression e;
    ck_assert_msg(cli_parse(&e, &memory, formula, strlen(formula), letters, LETTERS, true) == TP_OK, "%s: %s", formula,
                  e.problem.message);
    tp_var handles[MOST_NODES];
    ck_assert_int_le(e.count, MOST_NODES);
    const double value = tp_item(cli_record(t, &e, NULL, all, numbers, handles));
    cli_expression_free(&e);
    return value;
}

/* The slopes of function f at this point, from the tape and from the formulas; which were finite is counted. */
static void compare_at(tp_tape *t, int function, const double *at, int *count)
{
    const cli_function *f = cli_function_at(function);
    bool is_number[CLI_OPERANDS] = {false};
    double numbers[LETTERS] = {at[0], at[1], at[2]};
    tp_var x[CLI_OPERANDS];
    tp_tape_reset(t);
    for (int i = 0; i < f->operands; i++) {
        is_number[i] = i >= f->operands - f->numbers;
        x[i] = tp_scalar(t, at[i]);
    }
    const tp_var y = cli_apply(t, function, x, is_number, numbers);
    numbers[LETTERS - 1] = tp_item(y);
    double slopes[CLI_OPERANDS] = {0};
    EXPECT_OK(t);
    if (tp_needs_grad(y)) EXPECT_STATUS(tp_backward(y), TP_OK);
    for (int i = 0; i < f->operands && tp_needs_grad(y); i++) slopes[i] = tp_grad_item(x[i]);
    for (int i = 0; i < f->operands - f->numbers; i++) {
        const double told = f->slope[i] ? formula_at(t, f->slope[i], numbers, f->operands - f->numbers) : 0;
        if (!isfinite(told) || !isfinite(slopes[i]) || !isfinite(numbers[LETTERS - 1])) continue;
        ck_assert_msg(fabs(told - slopes[i]) <= 1e-12 * fmax(1, fabs(told)),
                      "%s(%g, %g, %g) by operand %d: %s is %.17g, not %.17g", f->name, at[0], at[1], at[2], i,
                      f->slope[i] ? f->slope[i] : "0", told, slopes[i]);
        count[i]++;
    }
}

START_TEST(formulas_are_what_the_tape_says)
{
    static const double points[] = {-6.5, -2.3, -.72, -.3, .31, .83, 1.24, 2.6, 3.7, 7.1};
    enum { POINTS = sizeof points / sizeof *points };
    tp_tape *t = tp_tape_new(NULL);
    for (int f = 0; f < cli_function_count(); f++) {
        int count[CLI_OPERANDS] = {0};
        const bool whole = strcmp(cli_function_at(f)->name, "polygamma") == 0;
        for (int i = 0; i < POINTS * POINTS * POINTS; i++) {
            const double at[] = {points[i % POINTS], whole ? i / POINTS % 4 : points[i / POINTS % POINTS],
                                 points[i / POINTS / POINTS]};
            if (cli_function_at(f)->operands == 1 && i >= POINTS) break;
            if (cli_function_at(f)->operands == 2 && i >= POINTS * POINTS) break;
            if (i / POINTS / POINTS % 3 && cli_function_at(f)->operands == 3) continue;
            compare_at(t, f, at, count);
        }
        for (int i = 0; i < cli_function_at(f)->operands - cli_function_at(f)->numbers; i++)
            ck_assert_msg(count[i] >= 3, "%s by operand %d: only %d points", cli_function_at(f)->name, i, count[i]);
    }
    tp_tape_free(t);
}
END_TEST

/* What is printed for the slopes of an expression's gates, with numbers in it, is an expression too: the slope. */
static void compare_printed(const cli_circuit *c, const cli_labels *labels, int *count)
{
    cli_formula formula = {.loose = false};
    for (int n = 0; n < c->e->count; n++) {
        for (int i = 0; i < cli_operand_count(&c->e->nodes[n]); i++) {
            const int operand = c->e->nodes[n].operand[i];
            if (!c->gates[n].needs || !c->gates[operand].needs) continue;
            if (!cli_slope_formula(&formula, labels, n, i, (cli_style){.digits = 17})) continue;
            cli_expression e;
            double value = 0;
            EXPECT_STATUS(
                cli_parse(&e, c->memory, cli_string(&formula.numbers), formula.numbers.length, NULL, 0, false), TP_OK);
            EXPECT_STATUS(cli_constant_value(c->memory, &e, &value), TP_OK);
            ck_assert_msg(fabs(value - c->gates[n].local[i]) <= 1e-12 * fmax(1, fabs(value)),
                          "%s = %s is %.17g, not %.17g", cli_string(&formula.symbols), cli_string(&formula.numbers),
                          value, c->gates[n].local[i]);
            cli_expression_free(&e);
            ++*count;
        }
    }
    cli_formula_free(&formula);
}

START_TEST(printed_slopes_are_slopes)
{
    static const char *const expressions[] = {
        "x^2 + x^3 + x^-1 + x^0.5 + 2^x + x^x",
        "1/x + 3/x + x/3 + x/y + y/-2",
        "-x - y - 3 - (2 - x)*(y - 2)",
        "max(y, -1) + min(x, 2) + clamp(x, -1, y*3)",
        "elu(y, 0.5) + leaky_relu(y, 0.1) + hardtanh(x, -1, 2)",
        "atan2(x, -2) + hypot(y, 3) + polygamma(x, 2) + lerp(x, 2, 0.25) + fma(x, 2, y)",
        "exp(-x*y) + sigmoid(y)*tanh(y)",
        "log(x)*pi + e^x + x^pi + pi^x + x/e + xlogy(x, 3)"};
    const tp_allocator memory = cli_malloc();
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
        const double values[] = {1.25, -.7};
        const cli_known names[] = {{"x", 1, NULL}, {"y", 1, NULL}};
        cli_expression e;
        cli_circuit c;
        cli_labels labels;
        int count = 0;
        EXPECT_STATUS(cli_parse(&e, &memory, expressions[i], strlen(expressions[i]), names, 2, false), TP_OK);
        EXPECT_STATUS(cli_circuit_make(&c, &e, values), TP_OK);
        ck_assert(cli_labels_make(&labels, &c));
        compare_printed(&c, &labels, &count);
        ck_assert_int_gt(count, 6);
        cli_labels_free(&labels);
        cli_circuit_free(&c);
        cli_expression_free(&e);
    }
}
END_TEST

/* Ties and corners: the formulas follow the library's choices. */
START_TEST(formulas_hold_at_corners)
{
    static const double at[][3] = {{0, 0, 0}, {6, 6, 6}, {-3, 1, 2}, {3, 3, 3}, {1, 1, 2}, {2, 1, 2}, {4, 4, 4}};
    static const char *const names[] = {"abs",     "relu",          "relu6",      "hardsigmoid", "maximum",
                                        "minimum", "clamp_tensors", "leaky_relu", "elu",         "selu",
                                        "sign",    "step",          "floor"};
    tp_tape *t = tp_tape_new(NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t k = 0; k < sizeof at / sizeof *at; k++) {
            int count[CLI_OPERANDS] = {0};
            compare_at(t, cli_function_named(names[i], strlen(names[i])), at[k], count);
        }
    tp_tape_free(t);
}
END_TEST

START_TEST(branches_have_notes)
{
    const double numbers[LETTERS] = {1, 2, 3, 4};
    tp_tape *t = tp_tape_new(NULL);
    for (int i = 0; i < cli_function_count(); i++) {
        const cli_function *f = cli_function_at(i);
        ck_assert_msg(!f->branch == !f->note, "%s", f->name);
        ck_assert_msg(f->branch || f->slope[0], "%s is flat and has no note", f->name);
        if (f->branch)
            ck_assert_msg(isfinite(formula_at(t, f->branch, numbers, LETTERS)), "%s: %s", f->name, f->branch);
    }
    tp_tape_free(t);
}
END_TEST

START_TEST(nearest_words)
{
    static const char *const rows[][2] = {{"sigmod", "sigmoid"}, {"sgimoid", "sigmoid"}, {"tahn", "tanh"},
                                          {"coz", "cos"},        {"sqr", "sqrt"},        {"maxx", "max"},
                                          {"Exp", "exp"},        {"rleu", "relu"},       {"foobar", NULL},
                                          {"zzz", NULL},         {"derivative", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *word = cli_nearest(rows[i][0], strlen(rows[i][0]));
        ck_assert_msg(word == rows[i][1] || (word && rows[i][1] && strcmp(word, rows[i][1]) == 0), "%s: %s", rows[i][0],
                      word ? word : "none");
    }
    ck_assert_ptr_null(cli_nearest("", 0));
}
END_TEST

TCase *explain_functions_case(void)
{
    TCase *tc = tcase_create("functions");
    tcase_add_test(tc, every_elementwise_op_is_a_function);
    tcase_add_test(tc, operators_are_where_they_are_looked_for);
    tcase_add_test(tc, formulas_are_what_the_tape_says);
    tcase_add_test(tc, printed_slopes_are_slopes);
    tcase_add_test(tc, formulas_hold_at_corners);
    tcase_add_test(tc, branches_have_notes);
    tcase_add_test(tc, nearest_words);
    return tc;
}
