/* The checker of the course is checked: what is wrong is found, what is right is left alone. */
#include <stdio.h>
#include <unistd.h>

#include "tests/test_course.h"

static const char printed[] = "A table\n"
                              "  gate x0     1   2.5 -3e-2\n"
                              "  gate x      4   y=5\n"
                              "second, in two parts\n"
                              "  gate x      6\n"
                              "  verdict     never   converges \n"
                              "  slope       nan\n"
                              "  x > 2       8\n";

static void expect_mistake(const expectation *wanted, const char *text)
{
    mistakes list = {""};
    check_line(printed, wanted, &list);
    ck_assert_msg(text ? strstr(list.text, text) != NULL : !list.text[0], "'%s', not '%s'", list.text, text);
}

static void expect_line(const char *label, size_t n, const double *numbers, const char *text)
{
    const expectation wanted = {NUMBERS_ARE, 7, "p", label, NULL, 1e-6, n, numbers};
    expect_mistake(&wanted, text);
}

START_TEST(numbers_are_compared_one_by_one)
{
    expect_line("gate x0", 3, NUMBERS(1, 2.5, -.03), NULL);
    expect_line("gate x0", 3, NUMBERS(1, 2.50001, -.03), "row 7: 'gate x0', number 2 is 2.5, not 2.50001");
    expect_line("gate x0", 3, NUMBERS(1, 2.5, .03), "number 3 is -0.03");
    expect_line("gate x0", 4, NUMBERS(1, 2.5, -.03, 0), "has 3 numbers, not 4");
    expect_line("gate x", 2, NUMBERS(4, 5), NULL);
    expect_line("gate  x", 1, NUMBERS(4), NULL);
    expect_line("second > gate x", 1, NUMBERS(6), NULL);
    expect_line("second > gate x0", 1, NUMBERS(1), "no line begins with");
    expect_line("x > 2", 1, NUMBERS(8), NULL);
    expect_line("second, in two parts > x > 2", 1, NUMBERS(8), NULL);
    expect_line("third > gate x", 1, NUMBERS(6), "no line begins with");
    expect_line("gat", 1, NUMBERS(1), "no line begins with");
    expect_line("slope", 1, NUMBERS(0), "has 0 numbers");
}
END_TEST

START_TEST(bounds_and_texts_are_compared)
{
    const expectation right[] = {{AT_MOST, 1, "p", "gate x", NULL, 4, 0, NULL},
                                 {AT_LEAST, 1, "p", "gate x", NULL, 4, 0, NULL},
                                 {TEXT_IS, 1, "p", "verdict", "never converges", 0, 0, NULL}};
    const expectation wrong[] = {{AT_MOST, 1, "p", "gate x", NULL, 3.9, 0, NULL},
                                 {AT_LEAST, 1, "p", "gate x", NULL, 4.1, 0, NULL},
                                 {AT_LEAST, 1, "p", "slope", NULL, 0, 0, NULL},
                                 {TEXT_IS, 1, "p", "verdict", "never", 0, 0, NULL},
                                 {TEXT_IS, 1, "p", "verdict", "never converges at all", 0, 0, NULL}};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) expect_mistake(&right[i], NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) expect_mistake(&wrong[i], "row 1");
}
END_TEST

START_TEST(nan_is_a_mistake_unless_a_text_is_about_it)
{
    const expectation about = {TEXT_IS, 1, "p", "slope", "nan", 0, 0, NULL},
                      other = {TEXT_IS, 1, "p", "verdict", "never converges", 0, 0, NULL};
    mistakes list = {""};
    check_finite(printed, &about, 1, &list);
    check_finite("nano info -1.5 infinite", NULL, 0, &list);
    ck_assert_str_eq(list.text, "");
    check_finite(printed, &other, 1, &list);
    ck_assert_str_eq(list.text, "not a finite number:   slope       nan\n");
    check_finite("loss -inf", NULL, 0, &list);
    ck_assert_ptr_nonnull(strstr(list.text, "loss -inf"));
}
END_TEST

START_TEST(failures_of_a_program_are_told)
{
    static const struct {
        const char *command, *mistake;
        int status;
    } cases[] = {{"exit 0", "", 0},
                 {"exit 3", "ends with status 3\n", 3},
                 {"kill -9 $$", "signal 9\n", -1},
                 {"exec sleep 20", "longer than 0.5 s\n", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mistakes list = {""};
        const char *arguments[] = {"/bin/sh", "-c", cases[i].command, NULL};
        ck_assert_int_eq(run_program(arguments, "/dev/null", "/dev/null", i == 3 ? .5 : 20, &list), cases[i].status);
        ck_assert_msg(i == 0 ? !list.text[0] : strstr(list.text, cases[i].mistake) != NULL, "%s", list.text);
    }
    mistakes list = {""};
    run_program((const char *[]){"/no/such/program", NULL}, "/dev/null", "/dev/null", 20, &list);
    ck_assert_ptr_nonnull(strstr(list.text, "make test-programs"));
}
END_TEST

TCase *course_harness_case(void)
{
    TCase *tcase = tcase_create("harness");
    tcase_add_test(tcase, numbers_are_compared_one_by_one);
    tcase_add_test(tcase, bounds_and_texts_are_compared);
    tcase_add_test(tcase, nan_is_a_mistake_unless_a_text_is_about_it);
    tcase_add_test(tcase, failures_of_a_program_are_told);
    return tcase;
}
