/* tapir explain: tables, LaTeX, JSON, drawings. */
#include "tests/test_explain.h"

static const char staged[] = EXPLAIN_STAGED;

START_TEST(digits_are_counted)
{
    explained run = explain("x/3", "x=2", &(cli_options){.digits = 3});
    EXPECT_SAYS(&run, "0.667\n");
    explained_free(&run);
    run = explain("x/3", "x=2", &(cli_options){.digits = 17});
    EXPECT_SAYS(&run, "0.66666666666666663\n");
    explained_free(&run);
}
END_TEST

START_TEST(tables_fit_the_terminal)
{
    for (size_t width = 72; width <= 140; width += 4) {
        explained run = explain(staged, "x=3 y=-4", &(cli_options){.width = width});
        for (const char *line = strchr(run.out, '\n') + 1; *line; line += strcspn(line, "\n") + 1)
            ck_assert_msg(line[0] != ' ' || strcspn(line, "\n") <= width, "wider than %zu:\n%s", width, run.out);
        explained_free(&run);
    }
}
END_TEST

START_TEST(what_is_cut_keeps_its_number)
{
    explained run = explain("sigmoid(x)", "x=3", &(cli_options){.width = 72, .digits = 4});
    EXPECT_SAYS(&run, "...");
    EXPECT_SAYS(&run, "... = 0.04518  df/dx = 1");
    explained_free(&run);
}
END_TEST

START_TEST(latex_is_balanced)
{
    const char *const expressions[] = {staged, "q = x^y^2; max(q, -x)*1e-9/abs(q)", "-(x-y)^-2 + sqrt(x*3)",
                                       "elu(x,1)+leaky_relu(y,0.1)+x+x+x+x", "2"};
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
        const bool both = expressions[i][0] != '2';
        explained run = explain(expressions[i], both ? "x=3 y=2" : "", &(cli_options){.latex = CLI_LATEX_DOCUMENT});
        ck_assert_int_eq(run.status, CLI_GOOD);
        int braces = 0, fences = 0, aligns = 0;
        for (const char *at = run.out; *at; at++) {
            braces += (*at == '{') - (*at == '}');
            fences +=
                (strncmp(at, "\\left", 5) == 0 && strncmp(at, "\\left\\", 6) != 0) - (strncmp(at, "\\right", 6) == 0);
            aligns += (strncmp(at, "\\begin", 6) == 0) - (strncmp(at, "\\end", 4) == 0);
            ck_assert_msg(braces >= 0 && aligns >= 0, "%s", run.out);
        }
        ck_assert_msg(braces == 0 && fences == 0 && aligns == 0, "%s", run.out);
        ck_assert(strstr(run.out, "^{-2}^") == NULL);
        explained_free(&run);
    }
    explained run = explain("x1*alpha+x1", "x1=2 alpha=3", &(cli_options){.latex = CLI_LATEX_PART});
    EXPECT_SAYS(&run, "\\frac{\\partial f}{\\partial x_{1}} &= \\frac{\\partial f}{\\partial f} \\cdot 1 + "
                      "\\frac{\\partial f}{\\partial g_{1}} \\cdot \\alpha \\\\\n  &= 1 \\cdot 1 + 1 \\cdot 3 = 4");
    explained_free(&run);
}
END_TEST

START_TEST(json_has_the_numbers)
{
    explained run = explain("(x+y)*max(x,\t2)", "x=-2 y=5", &(cli_options){.json = true});
    EXPECT_SAYS(&run, "\"expression\": \"(x+y)*max(x,\\u00092)\"");
    EXPECT_SAYS(&run,
                "{\"gate\": \"f\", \"op\": \"mul\", \"is\": \"g1*g2\", \"operands\": [\"g1\", \"g2\"], \"value\": 6, "
                "\"upstream\": 1, \"local\": [2, 3], \"downstream\": [2, 3]}");
    EXPECT_SAYS(&run, "\"local\": [0, null]");
    EXPECT_SAYS(&run, "{\"name\": \"x\", \"value\": -2, \"gradient\": 2, \"check\": \"agrees\"");
    explained_free(&run);
    run = explain("1/x", "x=0", &(cli_options){.json = true});
    EXPECT_SAYS(&run, "\"value\": \"inf\"");
    explained_free(&run);
}
END_TEST

START_TEST(drawings_go_to_the_output)
{
    explained run = explain(staged, "x=3 y=-4", &(cli_options){.dot = "-"});
    ck_assert_int_eq(strncmp(run.out, "digraph", 7), 0);
    EXPECT_SAYS(&run, "1.546");
    explained_free(&run);
    run = explain(staged, "x=3 y=-4", &(cli_options){.svg = "-"});
    ck_assert_int_eq(strncmp(run.out, "<svg", 4), 0);
    EXPECT_SAYS(&run, "1.5456");
    EXPECT_SAYS(&run, "2.0596");
    EXPECT_SAYS(&run, "</svg>");
    explained_free(&run);
}
END_TEST

/* How often the text is in the output. */
static int occurrences_of(const explained *run, const char *text)
{
    int n = 0;
    for (const char *at = strstr(run->out, text); at; at = strstr(at + 1, text)) n++;
    return n;
}

START_TEST(another_name_is_no_other_variable)
{
    explained run = explain("y = x; z = y; y*z", "x=2", NULL);
    ck_assert_int_eq(occurrences_of(&run, "  df/dx     4"), 1);
    explained_free(&run);
    run = explain("y = x; y*2", "x=2", &(cli_options){.json = true});
    ck_assert_int_eq(occurrences_of(&run, "\"name\": \"x\""), 1);
    explained_free(&run);
}
END_TEST

START_TEST(a_result_without_gates_is_written_in_every_format)
{
    explained run = explain("x", "x=2", NULL);
    EXPECT_SAYS(&run, "  df/dx     1");
    explained_free(&run);
    run = explain("x", "x=2", &(cli_options){.latex = CLI_LATEX_PART});
    EXPECT_SAYS(&run, "  f &= x\n");
    EXPECT_SAYS(&run, "  \\frac{\\partial f}{\\partial x} &= 1\n");
    explained_free(&run);
    run = explain("3", "", &(cli_options){.latex = CLI_LATEX_PART});
    ck_assert_str_eq(run.out, "% the expression\n\\begin{align*}\n  f &= 3\n\\end{align*}\n");
    explained_free(&run);
}
END_TEST

TCase *explain_formats_case(void)
{
    TCase *tc = tcase_create("formats");
    tcase_add_test(tc, digits_are_counted);
    tcase_add_test(tc, tables_fit_the_terminal);
    tcase_add_test(tc, what_is_cut_keeps_its_number);
    tcase_add_test(tc, latex_is_balanced);
    tcase_add_test(tc, json_has_the_numbers);
    tcase_add_test(tc, another_name_is_no_other_variable);
    tcase_add_test(tc, a_result_without_gates_is_written_in_every_format);
    tcase_add_test(tc, drawings_go_to_the_output);
    return tc;
}
