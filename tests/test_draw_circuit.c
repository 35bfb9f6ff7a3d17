/* Circuits: what stands in the gates, on the wires, and at their ends. */
#include "tests/test_draw.h"

#include "tests/tape_fixture.h"

static tp_diagram *circuit(tp_var root, const tp_draw_options *options)
{
    tp_error error = {0};
    tp_diagram *d = tp_circuit_diagram(root, options, &error);
    ck_assert_msg(d != NULL, "%s", error.message);
    return d;
}

static tp_var named(const char *name, double value)
{
    return tp_name(tp_scalar(tape, value), name);
}

START_TEST(circuit_shows_names_gates_values_and_gradients)
{
    const tp_var q = tp_name(tp_add(named("x", -2), named("y", 5)), "q");
    const tp_var f = tp_name(tp_mul(q, named("z", -4)), "f");
    tp_diagram *d = circuit(f, NULL);
    const char *svg = drawing_of(d);
    ck_assert_int_eq(occurrences(svg, "class='d m'"), 0); /* nothing was walked yet */
    tp_diagram_free(d);
    EXPECT_STATUS(tp_backward(f), TP_OK);
    d = circuit(f, &(tp_draw_options){.title = "f < 1"});
    svg = drawing_of(d);
    static const char *const labels[] = {"x",  "y", "z",  "q", "f",   "+", "×",
                                         "−2", "5", "−4", "3", "−12", "1", "f &lt; 1"};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) expect_label(svg, labels[i]);
    ck_assert_int_eq(occurrences(svg, "class='v m'"), 5);
    ck_assert_int_eq(occurrences(svg, "class='d m'"), 5);
    ck_assert_int_eq(occurrences(svg, "<rect class='b'"), 2);
    tp_diagram_free(d);
    d = circuit(f, &(tp_draw_options){.no_values = true, .no_gradients = true});
    svg = drawing_of(d);
    ck_assert_int_eq(occurrences(svg, "class='v m'") + occurrences(svg, "class='d m'"), 0);
    tp_diagram_free(d);
}
END_TEST

static const struct {
    tp_var (*gate)(tp_var x);
    const char *label;
} gates[] = {
    {tp_exp, "exp"}, {tp_neg, "× −1"}, {tp_square, "x²"}, {tp_reciprocal, "1/x"}, {tp_sigmoid, "σ"}, {tp_tanh, "tanh"},
};

START_TEST(circuit_writes_gates_as_signs)
{
    tp_diagram *d = circuit(gates[_i].gate(named("x", .5)), NULL);
    expect_label(drawing_of(d), gates[_i].label);
    tp_diagram_free(d);
}
END_TEST

START_TEST(circuit_shows_plain_numbers)
{
    const tp_var x = named("x", .5);
    const tp_var y = tp_clamp(tp_pows(tp_pows(tp_rsubs(2, tp_rdivs(3, tp_muls(tp_adds(x, 1), -2.5))), 3), .5), -1, 2);
    tp_diagram *d = circuit(y, NULL);
    const char *svg = drawing_of(d);
    static const char *const labels[] = {"+ 1", "× −2.5", "3 / x", "2 − x", "x³", "^ 0.5", "clamp −1, 2"};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) expect_label(svg, labels[i]);
    tp_diagram_free(d);
}
END_TEST

START_TEST(circuit_refuses_what_is_no_handle)
{
    tp_error error = {0};
    EXPECT_STATUS(tp_draw_circuit((tp_var){0}, NULL, "never.svg", &error), TP_E_ARGUMENT);
    ck_assert_str_eq(error.message, "tp_draw_circuit: root is no handle");
    const tp_var x = named("x", 1);
    EXPECT_STATUS(tp_draw_circuit(x, NULL, NULL, &error), TP_E_ARGUMENT);
    ck_assert_str_eq(error.message, "tp_draw_circuit: path is NULL");
    EXPECT_STATUS(tp_draw_circuit(x, &(tp_draw_options){.digits = 18}, "never.svg", &error), TP_E_ARGUMENT);
    tp_tape_reset(tape);
    EXPECT_STATUS(tp_draw_circuit(x, NULL, "never.svg", &error), TP_E_STALE);
    EXPECT_STATUS(tp_draw_circuit(x, NULL, "never.svg", NULL), TP_E_STALE);
    const tp_var bad = tp_add(named("a", 1), x);
    EXPECT_STATUS(tp_draw_circuit(bad, NULL, "never.svg", &error), TP_E_STALE);
    ck_assert_str_eq(error.message, tp_tape_error(tape));
}
END_TEST

TCase *draw_circuit_case(void)
{
    TCase *tcase = tcase_create("circuit");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, circuit_shows_names_gates_values_and_gradients);
    tcase_add_loop_test(tcase, circuit_writes_gates_as_signs, 0, sizeof gates / sizeof *gates);
    tcase_add_test(tcase, circuit_shows_plain_numbers);
    tcase_add_test(tcase, circuit_refuses_what_is_no_handle);
    return tcase;
}
