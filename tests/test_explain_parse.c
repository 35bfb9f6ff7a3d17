/* The language of tapir explain: what binds how, and how it is written again. */
#include "cli/circuit.h"
#include "cli/render.h"
#include "tests/test_explain.h"

static double value_of(const char *text)
{
    const tp_allocator memory = cli_malloc();
    cli_expression e;
    const tp_status status = cli_parse(&e, &memory, text, strlen(text), NULL, 0, false);
    ck_assert_msg(status == TP_OK, "%s: %s", text, e.problem.message);
    double value = 0;
    EXPECT_STATUS(cli_constant_value(&memory, &e, &value), TP_OK);
    cli_expression_free(&e);
    return value;
}

START_TEST(operators_bind_as_usual)
{
    static const struct {
        const char *text;
        double value;
    } rows[] = {{"1+2*3", 7},
                {"(1+2)*3", 9},
                {"1-2-3", -4},
                {"8/4/2", 1},
                {"2^3^2", 512},
                {"(2^3)^2", 64},
                {"-2^2", -4},
                {"(-2)^2", 4},
                {"2^-1", .5},
                {"2^-1*4", 2},
                {"2*-3", -6},
                {"--2", 2},
                {"-+-2", 2},
                {"1--1", 2},
                {"2^--2", 4},
                {"-2*-2", 4},
                {"6/-3", -2},
                {"1e-3", .001},
                {".5+5.", 5.5},
                {"1E2", 100},
                {"2.5e+1", 25},
                {"max(1,3,2)", 3},
                {"min(3,1,2,5)", 1},
                {"max(2,1)^2", 4},
                {"-max(1,2)", -2},
                {"pow(2,10)", 1024},
                {"atan2(0,1)", 0},
                {"((((7))))", 7},
                {" 1 \t+\n 1 ", 2},
                {"2^0.5^2", 1.189207115002721},
                {"3 − 1", 2},
                {"3 × 2·2", 12},
                {"6 ÷ 3", 2},
                {"ln(e)", 1},
                {"σ(0)", .5},
                {"q = 3; q*q", 9},
                {"a = 2; b = -a; b*a - b", -2},
                {"a = 3; -a + a", 0},
                {"x = 4", 4},
                {"clamp(7,1,5)", 5},
                {"where(0, 1, 2)", 2},
                {"polygamma(1, 1)", 1.6449340668482264},
                {"leaky_relu(-2, 0.5)", -1},
                {"-e^0", -1},
                {"cos(π)", -1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(fabs(value_of(rows[i].text) - rows[i].value) < 1e-15 * fmax(1, fabs(rows[i].value)),
                      "%s is %.17g", rows[i].text, value_of(rows[i].text));
}
END_TEST

/* The expression written again, plainly or for LaTeX. */
static void write_again(const char *text, bool latex, char *to, size_t size)
{
    const tp_allocator memory = cli_malloc();
    cli_expression e;
    cli_text out = {.memory = &memory};
    ck_assert_int_eq(cli_parse(&e, &memory, text, strlen(text), NULL, 0, false), TP_OK);
    cli_leaf leaves[8];
    char names[8][16];
    ck_assert_int_le(e.name_count, 8);
    for (int i = 0; i < e.name_count; i++) {
        snprintf(names[i], sizeof names[i], "%.*s", (int)e.names[i].length, e.names[i].at);
        leaves[i] = (cli_leaf){names[i], names[i][0] == '-'};
    }
    cli_render(&out, &e, e.root, leaves, (cli_style){latex, 7});
    snprintf(to, size, "%s", cli_string(&out));
    cli_text_free(&out);
    cli_expression_free(&e);
}

START_TEST(parentheses_are_as_few_as_possible)
{
    static const char *const rows[][2] = {{"((x))+(y*z)", "x + y*z"},
                                          {"x-(y-z)", "x - (y - z)"},
                                          {"(x-y)-z", "x - y - z"},
                                          {"x+(y+z)", "x + (y + z)"},
                                          {"x*(y*z)", "x*(y*z)"},
                                          {"(x*y)/z", "x*y/z"},
                                          {"x/(y/z)", "x/(y/z)"},
                                          {"(x+y)*z", "(x + y)*z"},
                                          {"(x^y)^z", "(x^y)^z"},
                                          {"x^(y^z)", "x^y^z"},
                                          {"(-x)^2", "(-x)^2"},
                                          {"-x^2", "-x^2"},
                                          {"(-2)^x", "(-2)^x"},
                                          {"-(x*y)", "-(x*y)"},
                                          {"-(x+y)", "-(x + y)"},
                                          {"x*-y", "x*(-y)"},
                                          {"x- -y", "x - (-y)"},
                                          {"x*-3", "x*(-3)"},
                                          {"-3*x", "-3*x"},
                                          {"--x", "-(-x)"},
                                          {"x^-1", "x^(-1)"},
                                          {"sin((x+y))^2", "sin(x + y)^2"},
                                          {"max(x,(y),-z)", "max(max(x, y), -z)"},
                                          {"2*pi*x", "2*pi*x"}};
    char again[256], twice[256];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_again(rows[i][0], false, again, sizeof again);
        ck_assert_str_eq(again, rows[i][1]);
        write_again(again, false, twice, sizeof twice);
        ck_assert_str_eq(twice, again);
    }
}
END_TEST

START_TEST(latex_writes_what_is_meant)
{
    static const char *const rows[][2] = {{"(x+y)/z^2", "\\frac{x + y}{z^{2}}"},
                                          {"(x/y)^2", "\\left(\\frac{x}{y}\\right)^{2}"},
                                          {"exp(x)^2", "\\left(e^{x}\\right)^{2}"},
                                          {"exp(-x*y)", "e^{-x \\cdot y}"},
                                          {"2^(x+1)", "2^{x + 1}"},
                                          {"(1e-5)^x", "\\left(1 \\cdot 10^{-5}\\right)^{x}"},
                                          {"x*1e20", "x \\cdot \\left(1 \\cdot 10^{20}\\right)"},
                                          {"max(x+1,-y)", "\\max\\left(x + 1, -y\\right)"},
                                          {"sqrt(x)+abs(y)", "\\sqrt{x} + \\left|y\\right|"},
                                          {"hypot(x+1,y)", "\\sqrt{\\left(x + 1\\right)^2 + y^2}"},
                                          {"leaky_relu(x,1)", "\\mathrm{leaky\\_relu}\\left(x, 1\\right)"}};
    char again[256];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_again(rows[i][0], true, again, sizeof again);
        ck_assert_str_eq(again, rows[i][1]);
    }
}
END_TEST

START_TEST(one_variable_is_one_leaf)
{
    const tp_allocator memory = cli_malloc();
    cli_expression e;
    ck_assert_int_eq(cli_parse(&e, &memory, "x*x + exp(x)", 12, NULL, 0, false), TP_OK);
    int leaves = 0;
    for (int i = 0; i < e.count; i++) leaves += e.nodes[i].kind == CLI_VARIABLE;
    ck_assert_int_eq(leaves, 1);
    ck_assert_int_eq(e.name_count, 1);
    cli_expression_free(&e);
}
END_TEST

START_TEST(many_names_are_told_apart)
{
    const tp_allocator memory = cli_malloc();
    cli_text text = {.memory = &memory};
    enum { NAMES = 20000 };
    for (int i = 0; i < NAMES; i++) cli_putf(&text, "%sn%d*n%d", i ? "+" : "", i, i / 2);
    cli_expression e;
    ck_assert_int_eq(cli_parse(&e, &memory, text.at, text.length, NULL, 0, false), TP_OK);
    ck_assert_int_eq(e.name_count, NAMES);
    for (int i = 0; i < NAMES; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        ck_assert(strlen(name) == e.names[i].length && memcmp(name, e.names[i].at, e.names[i].length) == 0);
    }
    cli_expression_free(&e);
    cli_text_free(&text);
}
END_TEST

TCase *explain_parse_case(void)
{
    TCase *tc = tcase_create("language");
    tcase_add_test(tc, operators_bind_as_usual);
    tcase_add_test(tc, parentheses_are_as_few_as_possible);
    tcase_add_test(tc, latex_writes_what_is_meant);
    tcase_add_test(tc, one_variable_is_one_leaf);
    tcase_add_test(tc, many_names_are_told_apart);
    return tc;
}
