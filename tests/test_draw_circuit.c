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
    static const char *const labels[] = {"+ 1", "× −2.5", "3/x", "2 − x", "x³", "^ 0.5", "clamp −1, 2"};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) expect_label(svg, labels[i]);
    tp_diagram_free(d);
}
END_TEST

/* Of a small tensor the elements, of a larger one the shape; a gradient where one is kept. */
START_TEST(circuit_shows_tensors)
{
    const tp_var w = tp_name(leaf_of(tape, F64(TP_DIMS(2, 2), .1, .5, -.3, .8)), "W");
    const tp_var x = tp_name(leaf_of(tape, F64(TP_DIMS(2), .25, .5)), "x");
    const tp_var large = tp_name(data_of(tape, random_tensor(TP_F64, TP_DIMS(2, 7), 1, 0, 1)), "large");
    const tp_var y = tp_sum(tp_matmul(tp_name(tp_matmul(w, x), "q"), large));
    EXPECT_STATUS(tp_backward(y), TP_OK);
    tp_diagram *d = circuit(y, NULL);
    const char *svg = drawing_of(d);
    EXPECT_LABELS(svg, "W", "x", "q", "0.1", "0.5", "−0.3", "0.8", "[0.25, 0.5]", "(2,7)", "(7)", "matmul", "Σ",
                  "large");
    ck_assert_int_eq(occurrences(svg, "<path class='V'"), 1);
    ck_assert_int_eq(occurrences(svg, "<path class='D'"), 1);
    drawing *seen = read_drawing(svg);
    expect_legible(seen, false);
    free_drawing(seen);
    tp_diagram_free(d);
}
END_TEST

/* The parts of x's gradient: 2x of the square, and y's and 1 of the rest. */
START_TEST(circuit_shows_what_comes_back_along_branches)
{
    const tp_var x = named("x", 3), y = named("y", -.5);
    const tp_var f = tp_add(tp_square(x), tp_add(tp_mul(x, y), x));
    EXPECT_STATUS(tp_backward(f), TP_OK);
    tp_diagram *d = circuit(f, &(tp_draw_options){.branches = true});
    const char *svg = drawing_of(d);
    drawing *seen = read_drawing(svg);
    expect_legible(seen, false);
    EXPECT_LABELS(svg, "6", "−0.5", "6.5");
    ck_assert_int_eq(occurrences(svg, "class='d m'"), 6 + 3);
    free_drawing(seen);
    tp_diagram_free(d);
    d = circuit(f, NULL);
    ck_assert_int_eq(occurrences(drawing_of(d), "class='d m'"), 6);
    tp_diagram_free(d);
    EXPECT_STATUS(tp_tape_status(tape), TP_OK);
}
END_TEST

/* One result of several is the op's; of more each has a gate. */
START_TEST(circuit_shows_ops_with_several_results)
{
    const tp_var x = tp_name(leaf_of(tape, F64(TP_DIMS(2, 3), 1, 5, 3, 4, 2, 6)), "x");
    tp_var where;
    const tp_var top = tp_max_with_indices(x, 1, false, &where);
    tp_diagram *d = circuit(tp_sum(top), NULL);
    const char *svg = drawing_of(d);
    EXPECT_LABELS(svg, "x", "max_with_indices", "[5, 6]", "Σ");
    ck_assert_int_eq(occurrences(svg, "<rect class='b'"), 2);
    tp_diagram_free(d);
    d = circuit(tp_add(tp_sum(top), tp_sum(tp_cast(where, TP_F64))), NULL);
    svg = drawing_of(d);
    EXPECT_LABELS(svg, "max_with_indices", "result 1", "result 2", "[5, 6]", "[1, 2]");
    drawing *seen = read_drawing(svg);
    expect_legible(seen, false);
    free_drawing(seen);
    tp_diagram_free(d);
    d = circuit(where, NULL);
    EXPECT_LABELS(drawing_of(d), "max_with_indices", "[1, 2]");
    tp_diagram_free(d);
}
END_TEST

START_TEST(circuit_writes_numbers)
{
    static const struct {
        double value;
        int digits;
        const char *text;
    } numbers[] = {
        {1. / 3, 0, "0.3333"},  {-1e-7, 3, "−10⁻⁷"}, {1.5e30, 3, "1.5·10³⁰"}, {(double)NAN, 0, "NaN"},
        {-HUGE_VAL, 0, "−∞"},   {-0., 0, "0"},       {99999.6, 5, "100000"},  {1. / 3, 17, "0.33333333333333331"},
        {12345.678, 4, "12350"}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        tp_diagram *d = circuit(named("x", numbers[i].value), &(tp_draw_options){.digits = numbers[i].digits});
        expect_label(drawing_of(d), numbers[i].text);
        tp_diagram_free(d);
    }
}
END_TEST

/* The same wire twice into one gate; an op of the operand order; a constant without a name. */
START_TEST(circuit_keeps_operands_in_order)
{
    const tp_var a = named("a", 1), b = named("b", 2), c = named("c", 3);
    tp_diagram *d = circuit(tp_sub(tp_mul(c, tp_const(tape, 7)), tp_mul(tp_add(a, a), b)), NULL);
    const char *svg = drawing_of(d);
    drawing *seen = read_drawing(svg);
    expect_legible(seen, false);
    ck_assert(text_of(seen, "c")->top < text_of(seen, "a")->top && text_of(seen, "c")->top < text_of(seen, "b")->top);
    ck_assert_int_eq(crossings_of(seen), 0);
    ck_assert_int_eq(occurrences(svg, ">7</text>"), 1);
    free_drawing(seen);
    tp_diagram_free(d);
}
END_TEST

START_TEST(circuit_refuses_what_is_too_large)
{
    tp_error error = {0};
    tp_var sum = tp_const(tape, 0);
    for (int i = 0; i < TP_DIAGRAM_NODES; i++) sum = tp_adds(sum, 1);
    EXPECT_STATUS(tp_draw_circuit(sum, NULL, "never.svg", &error), TP_E_LIMIT);
    ck_assert_str_eq(error.message, "tp_draw_circuit: 4001 nodes are more than 4000: draw a part, or the module");
    tp_diagram *d = circuit(tp_exp(tp_scalar(tape, 1)), NULL); /* what comes before does not count */
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
    tcase_add_test(tcase, circuit_shows_tensors);
    tcase_add_test(tcase, circuit_shows_what_comes_back_along_branches);
    tcase_add_test(tcase, circuit_shows_ops_with_several_results);
    tcase_add_test(tcase, circuit_writes_numbers);
    tcase_add_test(tcase, circuit_keeps_operands_in_order);
    tcase_add_test(tcase, circuit_refuses_what_is_too_large);
    tcase_add_test(tcase, circuit_refuses_what_is_no_handle);
    return tcase;
}
