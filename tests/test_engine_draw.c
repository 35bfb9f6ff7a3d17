/* Drawing: what the graph's text holds, and that Graphviz takes it. */
#define _POSIX_C_SOURCE 200809L
#include "tests/helpers.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/tape_fixture.h"

/* The drawing of y; to be freed. */
static char *drawn(tp_var y)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    EXPECT_STATUS(tp_draw_dot(y, out), TP_OK);
    fclose(out);
    return text;
}

static void expect_text(const char *text, const char *wanted)
{
    ck_assert_msg(strstr(text, wanted) != NULL, "no \"%s\" in:\n%s", wanted, text);
}

/* Hands the text to dot, where it is installed. */
static void expect_dot_takes(const char *text)
{
    if (system("dot -V >/dev/null 2>&1") != 0) return;
    FILE *pipe = popen("dot -Tsvg 2>&1 | grep -i -e error -e warning", "w");
    ck_assert_ptr_nonnull(pipe);
    fputs(text, pipe);
    const int status = pclose(pipe);
    ck_assert_msg(status != 0, "dot complains about:\n%s", text); /* grep found nothing: 1 */
}

START_TEST(draw_shows_ops_names_values_and_gradients)
{
    const tp_var x = tp_name(tp_scalar(tape, -2), "x"), y = tp_name(tp_scalar(tape, 5), "y");
    const tp_var z = tp_name(tp_scalar(tape, -4), "z <&\"'>"), q = tp_add(x, y);
    const tp_var f = tp_name(tp_mul(q, z), "f"), g = tp_muls(f, 2.5);
    EXPECT_STATUS(tp_backward(f), TP_OK);
    char *text = drawn(f);
    const char *const wanted[] = {"digraph", "<b>x</b>",          "<b>y</b>",    "z &lt;&amp;&quot;",
                                  "<add>",   "<mul<br/><i>f</i>", ">-12<",       ">-4<",
                                  ">3<",     "wire0 -> op3",      "wire3 -> op4"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) expect_text(text, wanted[i]);
    expect_dot_takes(text);
    free(text);
    text = drawn(g);
    expect_text(text, "muls 2.5");
    expect_text(text, ">-30<");
    free(text);
    text = drawn(q);
    ck_assert_ptr_null(strstr(text, "mul"));
    free(text);
}
END_TEST

START_TEST(draw_shows_tensors_by_shape_or_elements)
{
    const tp_var m = leaf_of(tape, random_tensor(TP_F32, TP_DIMS(3, 5), 1, -1, 1));
    const tp_var v = tp_name(leaf_of(tape, F32(TP_DIMS(2), 1.5, -2)), "v");
    const tp_var k = tp_expand(tp_reshape(v, TP_DIMS(2, 1, 1)), TP_DIMS(2, 3, 5));
    const tp_var y = tp_sum(tp_mul(k, m));
    EXPECT_STATUS(tp_backward(y), TP_OK);
    char *text = drawn(y);
    expect_text(text, "f32 (3,5)");
    expect_text(text, "(2) [1.5, -2]");
    expect_text(text, "f32 (2,3,5)");
    expect_text(text, "<reshape>");
    expect_dot_takes(text);
    free(text);
}
END_TEST

START_TEST(draw_of_unusual_names_and_numbers_is_well_formed)
{
    const char *const names[] = {"", "  ", "a\nb", "tab\there", "\001control", "\\N \\G", "näme ∂L/∂w", "]]>", "<b>"};
    tp_var y = tp_const(tape, (double)NAN);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        y = tp_name(tp_add(y, tp_name(tp_scalar(tape, i % 2 ? HUGE_VAL : -1e-300), names[i])), names[i]);
        char *text = drawn(y);
        expect_dot_takes(text);
        free(text);
    }
    /* a name that is cut in the middle of a character */
    y = tp_name(tp_exp(y), "1234567890123456789012345678901234567890123456∂∂∂");
    char *text = drawn(y);
    expect_dot_takes(text);
    free(text);
}
END_TEST

START_TEST(draw_of_tuples_and_recorded_walks_is_well_formed)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2, 3), 1, 5, 3, 4, 2, 6));
    const tp_var top = tp_max_with_indices(x, 1, false, NULL), s = tp_slice(x, 0, 0, 1, 1);
    const tp_var y = tp_add(tp_sum(tp_square(top)), tp_sum(tp_exp(s)));
    tp_var g;
    EXPECT_STATUS(tp_gradients(y, &x, 1, &g, TP_CREATE_GRAPH), TP_OK);
    char *text = drawn(tp_sum(g));
    expect_text(text, "max_with_indices");
    expect_text(text, "assemble");
    expect_dot_takes(text);
    free(text);
}
END_TEST

START_TEST(draw_refuses_a_null_file_and_reports_one_that_is_full)
{
    const tp_var x = tp_scalar(tape, 1);
    EXPECT_STATUS(tp_draw_dot(x, NULL), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "tp_draw_dot");
    EXPECT_STATUS(tp_draw_dot((tp_var){0}, stdout), TP_E_ARGUMENT);
    FILE *full = fopen("/dev/full", "w");
    if (!full) return;
    setvbuf(full, NULL, _IONBF, 0);
    EXPECT_STATUS(tp_draw_dot(x, full), TP_E_IO);
    expect_error(tape, TP_E_IO, "tp_draw_dot");
    fclose(full);
}
END_TEST

TCase *engine_draw_case(void)
{
    TCase *tcase = tcase_create("draw");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, draw_shows_ops_names_values_and_gradients);
    tcase_add_test(tcase, draw_shows_tensors_by_shape_or_elements);
    tcase_add_test(tcase, draw_of_unusual_names_and_numbers_is_well_formed);
    tcase_add_test(tcase, draw_of_tuples_and_recorded_walks_is_well_formed);
    tcase_add_test(tcase, draw_refuses_a_null_file_and_reports_one_that_is_full);
    return tcase;
}
