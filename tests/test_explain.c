/* tapir explain: the numbers of worked examples, forks, corners. */
#define _GNU_SOURCE
#include "tests/test_explain.h"

#include "cli/report.h"

#include <stdio.h>

/* ---- one run ---- */

enum { MOST_ARGUMENTS = 16 };

explained explain_with(const char *expression, size_t length, const char *arguments, const cli_options *options,
                       const tp_allocator *memory)
{
    char words[512];
    const char *assignments[MOST_ARGUMENTS];
    cli_options o = options ? *options : (cli_options){.digits = 0};
    if (o.digits == 0) o.digits = 9;
    snprintf(words, sizeof words, "%s", arguments);
    for (char *at = strtok(words, " "); at; at = strtok(NULL, " ")) {
        ck_assert_int_lt(o.assignment_count, MOST_ARGUMENTS);
        assignments[o.assignment_count++] = at;
    }
    o.expression = expression, o.length = length, o.assignments = assignments;
    explained run = {0};
    size_t sizes[2];
    FILE *const out = open_memstream(&run.out, &sizes[0]), *const complaints =
                                                               open_memstream(&run.complaints, &sizes[1]);
    ck_assert(out && complaints);
    run.status = cli_explain(&o, memory, out, complaints);
    fclose(out), fclose(complaints);
    return run;
}

explained explain(const char *expression, const char *arguments, const cli_options *options)
{
    const tp_allocator memory = cli_malloc();
    return explain_with(expression, strlen(expression), arguments, options, &memory);
}

void explained_free(explained *run)
{
    free(run->out);
    free(run->complaints);
}

/* ---- readers ---- */

/* Words of the line that `at` begins; how many there are. */
enum { MOST_WORDS = 40, WORD = 64 };
static int words_of(const char *at, char words[MOST_WORDS][WORD])
{
    int n = 0, used;
    const char *const end = at + strcspn(at, "\n");
    while (n < MOST_WORDS && at < end && sscanf(at, "%63s%n", words[n], &used) == 1 && at + used <= end)
        n++, at += used;
    return n;
}

/* The number at place `value` (from the end where negative) of the line after `section` whose word `key` is `name`. */
static double number_in(const explained *run, const char *section, int key, const char *name, int value)
{
    char words[MOST_WORDS][WORD];
    const char *line = strstr(run->out, section);
    for (; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const int n = words_of(line, words);
        const int at = value < 0 ? n + value : value;
        if (n <= key || at <= key || at >= n || strcmp(words[key], name) != 0) continue;
        char *end;
        const double number = strtod(words[at], &end);
        ck_assert_msg(*end == 0, "'%s' is no number, in the row of %s in\n%s", words[at], name, run->out);
        return number;
    }
    ck_abort_msg("no row of %s after '%s' in\n%s%s", name, section, run->out, run->complaints);
    return 0;
}

double printed_value(const explained *run, const char *gate)
{
    return number_in(run, "Forward", 1, gate, -1);
}

double printed_upstream(const explained *run, const char *gate)
{
    return number_in(run, "Backward", 0, gate, 1);
}

double printed_gradient(const explained *run, const char *variable)
{
    char label[WORD];
    snprintf(label, sizeof label, "df/d%s", variable);
    return number_in(run, "Result", 0, label, 1);
}

/* ---- worked examples ---- */

typedef struct expected {
    const char *name;
    double value, gradient;
} expected;

/* Each row is a gate with value and upstream gradient, or a variable with value and gradient. */
static void expect_derivation(const char *expression, const char *arguments, const expected *rows, int n)
{
    explained run = explain(expression, arguments, NULL);
    ck_assert_msg(run.status == CLI_GOOD, "%s%s", run.out, run.complaints);
    for (int i = 0; i < n; i++) {
        const bool variable = strstr(expression, rows[i].name) && rows[i].name[0] != 'f';
        EXPECT_NEAR(printed_value(&run, rows[i].name), rows[i].value, 1e-7);
        EXPECT_NEAR((variable ? printed_gradient : printed_upstream)(&run, rows[i].name), rows[i].gradient, 1e-7);
    }
    EXPECT_SAYS(&run, "Check passed: the gradient agrees with the central differences\n");
    explained_free(&run);
}
#define EXPECT_DERIVATION(expression, arguments, ...)                                                                  \
    expect_derivation(expression, arguments, (const expected[]){__VA_ARGS__},                                          \
                      (int)(sizeof((const expected[]){__VA_ARGS__}) / sizeof(expected)))

START_TEST(sum_times_z)
{
    EXPECT_DERIVATION("(x+y)*z", "x=-2 y=5 z=-4", {"g1", 3, -4}, {"f", -12, 1}, {"z", -4, 3}, {"x", -2, -4},
                      {"y", 5, -4});
}
END_TEST

START_TEST(simple_gates)
{
    EXPECT_DERIVATION("x*y", "x=4 y=-3", {"f", -12, 1}, {"x", 4, -3}, {"y", -3, 4});
    EXPECT_DERIVATION("x+y", "x=4 y=-3", {"f", 1, 1}, {"x", 4, 1}, {"y", -3, 1});
    EXPECT_DERIVATION("max(x,y)", "x=4 y=-3", {"f", 4, 1}, {"x", 4, 1}, {"y", -3, 0});
    EXPECT_DERIVATION("1/x", "x=4", {"f", .25, 1}, {"x", 4, -.0625});
    EXPECT_DERIVATION("3+x", "x=4", {"f", 7, 1}, {"x", 4, 1});
    EXPECT_DERIVATION("exp(x)", "x=1", {"f", 2.718281828, 1}, {"x", 1, 2.718281828});
    EXPECT_DERIVATION("5*x", "x=4", {"f", 20, 1}, {"x", 4, 5});
}
END_TEST

START_TEST(sigmoid_of_a_neuron_gate_by_gate)
{
    EXPECT_DERIVATION("1/(1+exp(-(w0*x0+w1*x1+w2)))", "w0=2 x0=-1 w1=-3 x1=-2 w2=-3", {"g1", -2, .1966119},
                      {"g2", 6, .1966119}, {"g3", 4, .1966119}, {"g4", 1, .1966119}, {"g5", -1, -.1966119},
                      {"g6", .3678794, -.5344466}, {"g7", 1.3678794, -.5344466}, {"f", .7310586, 1},
                      {"w0", 2, -.1966119}, {"x0", -1, .3932239}, {"w1", -3, -.3932239}, {"x1", -2, -.5898358},
                      {"w2", -3, .1966119});
    EXPECT_DERIVATION("sigmoid(w0*x0+w1*x1+w2)", "w0=2 x0=-1 w1=-3 x1=-2 w2=-3", {"g4", 1, .1966119},
                      {"f", .7310586, 1}, {"w0", 2, -.1966119}, {"x0", -1, .3932239}, {"w1", -3, -.3932239},
                      {"x1", -2, -.5898358}, {"w2", -3, .1966119});
}
END_TEST

static const char staged[] = EXPLAIN_STAGED;

START_TEST(staged_expression_adds_at_forks)
{
    explained run = explain(staged, "x=3 y=-4", NULL);
    const expected rows[] = {{"g1", .0179862, 0},   {"g2", 3.0179862, .5121444}, {"g3", .9525741, -.7915934},
                             {"g4", -1, 1.5831869}, {"g5", 1, -.7915934},        {"g6", 1.9525741, -.7915934},
                             {"f", 1.5456449, 1}};
    for (int i = 0; i < 7; i++) {
        EXPECT_NEAR(printed_value(&run, rows[i].name), rows[i].value, 1e-7);
        if (i > 0) EXPECT_NEAR(printed_upstream(&run, rows[i].name), rows[i].gradient, 1e-7);
    }
    EXPECT_NEAR(printed_gradient(&run, "x"), 2.0595698, 1e-7);
    EXPECT_NEAR(printed_gradient(&run, "y"), 1.5922328, 1e-7);
    EXPECT_SAYS(&run, "df/dx += 0.512144449*1 = 0.512144449\n");
    EXPECT_SAYS(&run, "df/dx = 1.58318689 + (-0.0357615478) + 0.512144449 = 2.0595698\n");
    EXPECT_SAYS(&run, "df/dg6 = -g2/g6^2 = -3.01798621/1.95257413^2 = -0.791593447");
    explained_free(&run);
    EXPECT_DERIVATION("sigy = sigmoid(y); num = x + sigy; xpy = x + y; den = sigmoid(x) + xpy^2; inv = 1/den; num*inv",
                      "x=3 y=-4", {"f", 1.5456449, 1});
}
END_TEST

START_TEST(patterns_in_the_flow)
{
    EXPECT_DERIVATION("2*(x+y)", "x=3 y=4", {"x", 3, 2}, {"y", 4, 2});    /* add distributes */
    EXPECT_DERIVATION("4*x+2*x", "x=3", {"x", 3, 6});                     /* copy adds */
    EXPECT_DERIVATION("5*(x*y)", "x=2 y=3", {"x", 2, 15}, {"y", 3, 10});  /* mul swaps */
    EXPECT_DERIVATION("9*max(x,y)", "x=4 y=5", {"x", 4, 0}, {"y", 5, 9}); /* max routes */
    explained run = explain("4*x+2*x", "x=3", NULL);
    EXPECT_SAYS(&run, "df/dx = 2 + 4 = 6\n");
    explained_free(&run);
    run = explain("q = x + y; q*q + x", "x=1 y=2", NULL); /* a part with a name forks too */
    EXPECT_SAYS(&run, "df/dq = 3 + 3 = 6\n");
    EXPECT_SAYS(&run, "df/dx = 1 + 6 = 7\n");
    ck_assert_double_eq(printed_value(&run, "q"), 3);
    explained_free(&run);
}
END_TEST

/* ---- corners, jumps, no values ---- */

static void expect_story(const char *expression, const char *arguments, int status, const char *const *sayings)
{
    explained run = explain(expression, arguments, NULL);
    ck_assert_msg(run.status == status, "%s: status %d\n%s%s", expression, run.status, run.out, run.complaints);
    for (; *sayings; sayings++) EXPECT_SAYS(&run, *sayings);
    explained_free(&run);
}
#define EXPECT_STORY(expression, arguments, status, ...)                                                               \
    expect_story(expression, arguments, status, (const char *const[]){__VA_ARGS__, NULL})

START_TEST(corners_are_told)
{
    EXPECT_STORY("max(x,y)", "x=4 y=4", CLI_GOOD, "df/dx     0.5", "a corner: slope 0 on the left, 1 on the right",
                 "max(x, y) = max(4, 4): the two are equal, a tie: each gets half of the gradient.",
                 "Check passed: there is no derivative here");
    EXPECT_STORY("relu(x)", "x=0", CLI_GOOD, "a corner: slope 0 on the left, 1 on the right", "is taken as 0.");
    EXPECT_STORY("abs(x)*y", "x=0 y=-3", CLI_GOOD, "a corner: slope 3 on the left, -3 on the right",
                 "wherever there is a derivative");
    EXPECT_STORY("relu(x)-relu(-x)", "x=0", CLI_GOOD, "slope 1 on both sides", "Each gate takes a slope of its own");
    EXPECT_STORY("relu(x)^2", "x=0", CLI_GOOD, "Check passed: the gradient agrees");
    EXPECT_STORY("max(x,x)", "x=4", CLI_GOOD, "df/dx = 0.5 + 0.5 = 1", "the gradient agrees");
    EXPECT_STORY("relu(x)", "x=1e-9", CLI_GOOD, "Check passed: the gradient agrees"); /* near is not at */
    EXPECT_STORY("abs(x-1)+x", "x=1", CLI_GOOD, "a corner: slope 0 on the left, 2 on the right");
}
END_TEST

START_TEST(jumps_are_told)
{
    EXPECT_STORY("step(x)+x", "x=0", CLI_GOOD, "a jump from 0 to 1", "step jumps at 0, and is flat elsewhere");
    EXPECT_STORY("floor(x)*x", "x=2", CLI_GOOD, "a jump from 2 to 4");
    EXPECT_STORY("floor(x)", "x=2.5", CLI_GOOD, "No gradient flows back.", "its slope is 0.");
    EXPECT_STORY("atan2(x,-1)", "x=0", CLI_GOOD, "a jump from -3.14159265 to 3.14159265");
    EXPECT_STORY("atan2(1,x)", "x=0", CLI_GOOD, "the gradient agrees");
}
END_TEST

/* What is added up by hand is what the walk has. */
START_TEST(products_add_up_to_the_walk)
{
    static const char *const expressions[] = {
        staged, "q = x*y; r = q*q + sin(q)*x; max(q, r, x)/(r + q) - atan2(q, r)^2",
        "exp(x)*exp(x)*log(x*x + 1)/(1 + sqrt(x + y*y))*tanh(x*y) + relu(x)*0*x", "x^y^x*hypot(x, y) + x^-x"};
    const tp_allocator memory = cli_malloc();
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
        cli_expression e;
        cli_circuit c;
        EXPECT_STATUS(cli_parse(&e, &memory, expressions[i], strlen(expressions[i]), NULL, 0, false), TP_OK);
        double values[8] = {0};
        for (int k = 0; k < e.name_count; k++) values[k] = e.names[k].length == 1 && e.names[k].at[0] == 'x' ? .7 : 1.3;
        EXPECT_STATUS(cli_circuit_make(&c, &e, values), TP_OK);
        for (int n = 0; n < e.count; n++) {
            double sum = 0;
            for (int p = c.gates[n].first; p >= 0; p = c.products[p].next) sum += c.products[p].value;
            if (c.gates[n].needs && n != e.root) EXPECT_NEAR(sum, c.gates[n].gradient, 1e-13 * fmax(1, fabs(sum)));
        }
        cli_circuit_free(&c);
        cli_expression_free(&e);
    }
}
END_TEST

START_TEST(the_check_can_fail)
{
    const tp_allocator memory = cli_malloc();
    const double value = .8, wrong[] = {1, 1.0005, .9995, 0, -1};
    cli_expression e;
    cli_circuit c;
    cli_checked checked;
    EXPECT_STATUS(cli_parse(&e, &memory, "sin(x)*x", 8, NULL, 0, false), TP_OK);
    EXPECT_STATUS(cli_circuit_make(&c, &e, &value), TP_OK);
    const int x = e.names[0].node;
    const double right = c.gates[x].gradient;
    for (int i = 0; i < 5; i++) {
        c.gates[x].gradient = right * wrong[i];
        EXPECT_STATUS(cli_check(&c, x, &checked), TP_OK);
        ck_assert_int_eq(checked.verdict, i == 0 ? CLI_AGREES : CLI_DIFFERS);
        ck_assert(cli_is_good(&c, &checked) == (i == 0));
    }
    ck_assert_double_eq(tp_item(c.gates[x].at), value); /* it is where it was */
    ck_assert_double_eq(tp_item(c.gates[e.root].at), c.gates[e.root].value);
    cli_circuit_free(&c);
    cli_expression_free(&e);
}
END_TEST

START_TEST(what_is_not_finite_fails)
{
    EXPECT_STORY("log(x-3)*x", "x=2", CLI_BAD, "g2 = log(g1) = log(-1): has no value (nan).", "Check failed");
    EXPECT_STORY("sqrt(x)", "x=0", CLI_BAD, "its slope is infinite here", "Check failed");
    EXPECT_STORY("1/x", "x=0", CLI_BAD, "is infinite, or too large");
    EXPECT_STORY("exp(x)", "x=1000", CLI_BAD, "inf");
    EXPECT_STORY("x*2", "x=nan", CLI_BAD, "nan");
    EXPECT_STORY("log(-1)", "", CLI_BAD, "nan", "has no value");
    EXPECT_STORY("0*log(x)", "x=0", CLI_BAD, "Check failed");
    explained run = explain("sqrt(x)", "x=0", &(cli_options){.no_check = true});
    ck_assert_int_eq(run.status, CLI_BAD);
    explained_free(&run);
}
END_TEST

START_TEST(differences_are_good_where_it_is_hard)
{
    EXPECT_STORY("log(x)", "x=1e-6", CLI_GOOD, "the gradient agrees");
    EXPECT_STORY("1/x", "x=1e-4", CLI_GOOD, "the gradient agrees");
    EXPECT_STORY("sqrt(x)", "x=1e-8", CLI_GOOD, "the gradient agrees");
    EXPECT_STORY("x^3", "x=1e8", CLI_GOOD, "the gradient agrees");
    EXPECT_STORY("sin(1000*x)", "x=0.3", CLI_GOOD, "the gradient agrees");
    EXPECT_STORY("exp(x)", "x=100", CLI_GOOD, "the gradient agrees");
    EXPECT_STORY("acosh(x)", "x=1.0001", CLI_GOOD, "the gradient agrees");
    EXPECT_STORY("x+1e18", "x=1", CLI_GOOD, "Check undecided: rounding");
    EXPECT_STORY("tanh(50*x)", "x=1", CLI_GOOD, "the gradient agrees");
}
END_TEST

/* ---- numbers alone, names ---- */

START_TEST(results_without_gates)
{
    EXPECT_STORY("x", "x=3", CLI_GOOD, "f = x", "the gradient agrees");
    EXPECT_STORY("2", "", CLI_GOOD, "No gradient flows back.");
    EXPECT_STORY("2*pi", "", CLI_GOOD, "6.28318531");
    EXPECT_STORY("x", "x=2*pi-1", CLI_GOOD, "5.28318531");
    EXPECT_STORY("e*x", "x=1 e=5", CLI_GOOD, "df/de     1"); /* a variable where it has a value */
}
END_TEST

START_TEST(labels_give_way_to_names)
{
    EXPECT_STORY("f*x+f", "x=3 f=2", CLI_GOOD, "L     g1 + f", "dL/df");
    EXPECT_STORY("g1*x+x", "x=3 g1=2", CLI_GOOD, "h1    g1*x");
    EXPECT_STORY("q = x*x; loss = q + 1", "x=3", CLI_GOOD, "loss  q + 1", "dloss/dx");
    explained run = explain("g*x", "g=1 x=2", NULL); /* only g with a number is in the way */
    EXPECT_SAYS(&run, "f     g*x");
    explained_free(&run);
}
END_TEST

START_TEST(fused_equals_decomposed)
{
    const cli_options options = {.digits = 17};
    explained a = explain("sigmoid(w*x+b)", "w=2 x=-1.5 b=.25", &options),
              b = explain("1/(1+exp(-(w*x+b)))", "w=2 x=-1.5 b=.25", &options);
    for (int i = 0; i < 3; i++) {
        const char *const names[] = {"w", "x", "b"};
        EXPECT_NEAR(printed_gradient(&a, names[i]), printed_gradient(&b, names[i]), 1e-15);
    }
    EXPECT_NEAR(printed_value(&a, "f"), printed_value(&b, "f"), 1e-15);
    explained_free(&a), explained_free(&b);
}
END_TEST

Suite *explain_suite(void)
{
    Suite *s = suite_create("explain");
    TCase *tc = tcase_create("derivations");
    tcase_add_test(tc, sum_times_z);
    tcase_add_test(tc, simple_gates);
    tcase_add_test(tc, sigmoid_of_a_neuron_gate_by_gate);
    tcase_add_test(tc, staged_expression_adds_at_forks);
    tcase_add_test(tc, patterns_in_the_flow);
    tcase_add_test(tc, corners_are_told);
    tcase_add_test(tc, jumps_are_told);
    tcase_add_test(tc, products_add_up_to_the_walk);
    tcase_add_test(tc, the_check_can_fail);
    tcase_add_test(tc, what_is_not_finite_fails);
    tcase_add_test(tc, differences_are_good_where_it_is_hard);
    tcase_add_test(tc, results_without_gates);
    tcase_add_test(tc, labels_give_way_to_names);
    tcase_add_test(tc, fused_equals_decomposed);
    suite_add_tcase(s, tc);
    suite_add_tcase(s, explain_formats_case());
    suite_add_tcase(s, explain_parse_case());
    suite_add_tcase(s, explain_functions_case());
    suite_add_tcase(s, explain_errors_case());
    suite_add_tcase(s, explain_program_case());
    suite_add_tcase(s, explain_hostile_case());
    return s;
}
