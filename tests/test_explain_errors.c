/* What tapir explain says of an expression that is none, and where it points. */
#include "tests/test_explain.h"

START_TEST(errors_point_at_the_column)
{
    static const char *const rows[][3] = {
        {"(x + ) * z", "", "expected an operand, found ')'\n  (x + ) * z\n       ^\n"},
        {"", "", "expected an operand, found the end\n  \n  ^\n"},
        {"x +", "", "expected an operand, found the end\n  x +\n     ^\n"},
        {"x ) y", "", "this ')' closes nothing\n  x ) y\n    ^\n"},
        {"((x)", "", "this '(' is never closed\n  ((x)\n  ^\n"},
        {"y*exp(x", "", "this function's '(' is never closed\n  y*exp(x\n    ^~~\n"},
        {"2x", "", "expected an operator, found 'x' (a product is written with *)\n  2x\n   ^\n"},
        {"x y2", "", "expected an operator, found 'y2' (a product is written with *)\n  x y2\n    ^~\n"},
        {"sin x", "", "the operand of sin stands in parentheses\n  sin x\n      ^\n"},
        {"x**2", "", "a power is written with ^\n  x**2\n   ^~\n"},
        {"sigmod(x)", "", "unknown function 'sigmod': did you mean 'sigmoid'?\n  sigmod(x)\n  ^~~~~~\n"},
        {"1 + zzz(x)", "", "unknown function 'zzz' (a product is written with *)\n  1 + zzz(x)\n      ^~~\n"},
        {"sin()", "", "expected an operand, found ')'\n  sin()\n      ^\n"},
        {"sin(x, y)", "", "sin takes 1 operand, not 2\n  sin(x, y)\n  ^~~\n"},
        {"max(x)", "", "max takes 2 operands, not 1\n  max(x)\n  ^~~\n"},
        {"(x, y)", "", "a comma may stand only between a function's operands\n  (x, y)\n    ^\n"},
        {"elu(x, y)", "", "operand 2 of elu has to be a plain number\n  elu(x, y)\n         ^\n"},
        {"x*1e999", "", "this number is too large for a double\n  x*1e999\n    ^~~~~\n"},
        {"x*1e-999", "", "this number is too small for a double\n  x*1e-999\n    ^~~~~~\n"},
        {"x²", "", "a power is written with ^, as in x^2\n  x²\n   ^\n"},
        {"α + β·) − 1", "", "expected an operand, found ')'\n  α + β·) − 1\n        ^\n"},
        {"日本 + )", "", "expected an operand, found ')'\n  日本 + )\n         ^\n"},
        {"e\xcc\x81 + )", "", "expected an operand, found ')'\n  e\xcc\x81 + )\n      ^\n"},
        {"x + \xff", "", "this byte is no UTF-8\n  x + ?\n      ^\n"},
        {"x\t+\n\001", "", "a control character\n  x + ?\n      ^\n"},
        {"x = y = 2", "", "'=' may stand only after a name that begins a definition\n  x = y = 2\n        ^\n"},
        {"q = q + 1", "", "'q' is defined by itself\n  q = q + 1\n      ^\n"},
        {"q = 1; q = 2", "", "'q' is defined twice\n  q = 1; q = 2\n         ^\n"},
        {"q + 1; q = 2", "", "'q' is used before it is defined\n  q + 1; q = 2\n         ^\n"},
        {"q = x; q", "x=1 q=2", "'q' is defined here and also given a value\n  q = x; q\n  ^\n"},
        {"q = 1;", "", "expected an operand, found the end\n  q = 1;\n        ^\n"},
        {"x*y*zeta", "x=1", "'y' has no value, nor has 1 other: add y=NUMBER\n  x*y*zeta\n    ^\n"},
        {"x*zeta", "x=1", "'zeta' has no value: add zeta=NUMBER\n  x*zeta\n    ^~~~\n"},
        {"x", "x=1 x=2", "'x' is given a value twice\n  x=2\n  ^\n"},
        {"x", "x=1+", "expected an operand, found the end\n  x=1+\n      ^\n"},
        {"x", "x=y", "a value has to be a number, without variables\n  x=y\n    ^\n"},
        {"x", "x", "after the expression come values, each one argument such as x=-2, but this is none\n  x\n  ^\n"},
        {"x", "2=3",
         "after the expression come values, each one argument such as x=-2, but this is none\n  2=3\n  ^~~\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        explained run = explain(rows[i][0], rows[i][1], NULL);
        ck_assert_msg(run.status == CLI_TROUBLE && !*run.out, "%s: %d\n%s", rows[i][0], run.status, run.out);
        ck_assert_msg(strncmp(run.complaints, "tapir: ", 7) == 0 &&
                          strncmp(run.complaints + 7, rows[i][2], strlen(rows[i][2])) == 0,
                      "%s gives\n%snot\n%s", rows[i][0], run.complaints, rows[i][2]);
        explained_free(&run);
    }
}
END_TEST

START_TEST(long_lines_are_cut_around_the_place)
{
    char text[5000];
    memset(text, 'x', sizeof text);
    for (size_t i = 1; i < sizeof text; i += 2) text[i] = '+';
    text[2001] = ')', text[sizeof text - 1] = 0;
    explained run = explain(text, "", NULL);
    EXPECT_COMPLAINS(&run, "this ')' closes nothing\n  ...");
    const char *const line = strchr(run.complaints, '\n') + 1, *const marks = strchr(line, '\n') + 1;
    ck_assert_uint_lt(strcspn(line, "\n"), 100);
    ck_assert_int_eq(line[strcspn(marks, "^")], ')');
    explained_free(&run);
}
END_TEST

START_TEST(what_is_not_used_is_told)
{
    explained run = explain("x + 1", "x=1 y=2", NULL);
    ck_assert_int_eq(run.status, CLI_GOOD);
    EXPECT_COMPLAINS(&run, "tapir: warning: 'y' is given a value, but the expression does not use it\n");
    explained_free(&run);
    run = explain("q = x*x; r = x + 1; 2*r", "x=1", NULL);
    ck_assert_int_eq(run.status, CLI_GOOD);
    EXPECT_COMPLAINS(&run, "tapir: warning: 'q' is defined, but the result does not depend on it\n");
    ck_assert(strstr(run.complaints, "'r'") == NULL && strstr(run.out, "x*x\n") == NULL);
    explained_free(&run);
}
END_TEST

START_TEST(files_that_cannot_be_written_are_told)
{
    explained run = explain("x*x", "x=1", &(cli_options){.dot = "/nowhere/at/all.dot"});
    ck_assert_int_eq(run.status, CLI_TROUBLE);
    EXPECT_COMPLAINS(&run, "tapir: /nowhere/at/all.dot: No such file or directory\n");
    explained_free(&run);
    run = explain("x*x", "x=1", &(cli_options){.svg = "/nowhere/at/all.svg"});
    ck_assert_int_eq(run.status, CLI_TROUBLE);
    EXPECT_COMPLAINS(&run, "/nowhere/at/all.svg");
    explained_free(&run);
    run = explain("2", "", &(cli_options){.svg = "-"});
    ck_assert_int_eq(run.status, CLI_TROUBLE);
    EXPECT_COMPLAINS(&run, "tapir: a number alone makes no circuit\n");
    explained_free(&run);
}
END_TEST

TCase *explain_errors_case(void)
{
    TCase *tc = tcase_create("errors");
    tcase_add_test(tc, errors_point_at_the_column);
    tcase_add_test(tc, long_lines_are_cut_around_the_place);
    tcase_add_test(tc, what_is_not_used_is_told);
    tcase_add_test(tc, files_that_cannot_be_written_are_told);
    return tc;
}
