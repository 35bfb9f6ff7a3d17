/* GradBench's evals on small inputs with known results: tests/gradbench/examples.txt has lines "input EVAL JSON", and
   behind each, lines "FUNCTION DIGITS NUMBER...": what the function gives, to so many significant digits. */
#define _GNU_SOURCE
#include "tests/gradbench.h"

enum { MOST = 512 };

/* Half a unit of the last digit, and what rounding adds to it. */
static void compare(const char *what, const char *answer, const char *expected)
{
    double numbers[MOST];
    char *at;
    const int digits = (int)strtol(expected, &at, 10), count = gb_numbers(answer, numbers, MOST);
    int n = 0;
    for (char *behind; *at && *at != '\n'; n++, at = behind) {
        const double wanted = strtod(at, &behind);
        ck_assert_msg(behind != at && n < count, "%s: %d numbers, or a line that is none", what, count);
        const double unit = wanted == 0 ? 1e-12 : pow(10, floor(log10(fabs(wanted))) + 1 - digits);
        ck_assert_msg(fabs(numbers[n] - wanted) <= 0.51 * unit, "%s: number %d is %.17g, not %.17g", what, n,
                      numbers[n], wanted);
    }
    ck_assert_msg(n == count, "%s: %d numbers, not %d", what, count, n);
}

START_TEST(examples_give_what_they_should)
{
    FILE *file = fopen("tests/gradbench/examples.txt", "r");
    ck_assert_ptr_nonnull(file);
    char *line = NULL, eval[32] = "", function[32], *input = NULL, *wanted[64], what[64][80];
    size_t room = 0;
    int n = 0;
    gb_session session;
    gb_open(&session);
    while (getline(&line, &room, file) > 0) {
        int at = 0;
        line[strcspn(line, "\n")] = 0;
        if (sscanf(line, "input %31s %n", eval, &at) == 1) {
            free(input);
            input = strdup(line + at);
            continue;
        }
        ck_assert(sscanf(line, "%31s %n", function, &at) == 1 && input && n < 64);
        gb_ask(&session, eval, function);
        fputs(input, session.ask);
        gb_end(&session);
        snprintf(what[n], sizeof what[n], "%s %s", eval, function);
        wanted[n++] = strdup(line + at);
    }
    ck_assert_int_gt(n, 0);
    gb_run(&session, n);
    for (int i = 0; i < n; i++) {
        compare(what[i], session.line[i], wanted[i]);
        free(wanted[i]);
    }
    gb_close(&session);
    free(input);
    free(line);
    fclose(file);
}
END_TEST

TCase *gradbench_examples_case(void)
{
    TCase *examples = tcase_create("examples");
    tcase_add_test(examples, examples_give_what_they_should);
    return examples;
}

Suite *gradbench_suite(void)
{
    Suite *suite = suite_create("gradbench");
#ifdef GRADBENCH /* the program is built: there is a library to read JSON with */
    suite_add_tcase(suite, gradbench_examples_case());
    suite_add_tcase(suite, gradbench_differences_case());
    suite_add_tcase(suite, gradbench_refusals_case());
    suite_add_tcase(suite, gradbench_forms_case());
    suite_add_tcase(suite, gradbench_protocol_case());
    suite_add_tcase(suite, gradbench_slopes_case());
#endif
    return suite;
}
