/* Worked examples from lectures on neural networks, with their numbers: the suite, and perceptrons and logic. */
#include "tests/helpers.h"

#include "tests/tape_fixture.h"

/* One pass over four points (x1, x2, 1) with w += y x at each mistake (y w.x <= 0), the update being minus the gradient
   of -y w.x; how many mistakes there were. */
static int perceptron_pass(tp_tensor *w, const double *targets)
{
    static const double points[4][3] = {{0, 0, 1}, {0, 1, 1}, {1, 0, 1}, {1, 1, 1}};
    int mistakes = 0;
    for (int i = 0; i < 4; i++) {
        tp_tape_reset(tape);
        const tp_var x = data_of(tape, tensor_of(TP_F64, TP_DIMS(3), points[i]));
        const tp_var margin = tp_muls(tp_matmul(tp_param(tape, w), x), targets[i]), loss = tp_neg(margin);
        if (tp_item(margin) > 0) continue;
        EXPECT_STATUS(tp_backward(loss), TP_OK);
        for (int k = 0; k < 3; k++) EXPECT_NEAR(tp_tensor_item(tp_tensor_grad(w), k), -targets[i] * points[i][k], 0);
        descend(w, 1);
        mistakes++;
    }
    return mistakes;
}

START_TEST(perceptron_learns_and_but_not_xor)
{
    tp_tensor *w = tensor_of(TP_F64, TP_DIMS(3), NULL);
    int updates = 0, mistakes;
    do updates += mistakes = perceptron_pass(w, NUMBERS(-1, -1, -1, 1));
    while (mistakes && updates < 1000);
    ck_assert_int_eq(updates, 18);
    EXPECT_TENSOR(w, 0, 3, 2, -4);
    tp_tensor_fill(w, 0);
    for (int pass = 0; pass < 500; pass++) ck_assert_int_gt(perceptron_pass(w, NUMBERS(-1, 1, 1, -1)), 0);
    tp_tensor_release(w);
}
END_TEST

/* 1[wa a + wb b + bias > 0] */
static tp_var unit(tp_var a, tp_var b, double wa, double wb, double bias)
{
    return tp_step(tp_adds(tp_add(tp_muls(a, wa), tp_muls(b, wb)), bias));
}

START_TEST(threshold_unit_has_no_slope)
{
    const tp_var w = tp_scalar(tape, .3), b = tp_scalar(tape, -.1), x = tp_scalar(tape, 2);
    const tp_var y[] = {tp_step(tp_add(tp_mul(w, x), b)), tp_sign(tp_add(tp_mul(w, x), b)), tp_step(tp_muls(x, 0)),
                        tp_sign(tp_muls(x, 0))};
    const double values[] = {1, 1, 0, 0};
    for (int i = 0; i < 4; i++) {
        ck_assert_double_eq(tp_item(y[i]), values[i]);
        EXPECT_STATUS(tp_backward(y[i]), TP_OK);
        ck_assert(tp_grad_item(w) == 0 && tp_grad_item(b) == 0 && tp_grad_item(x) == 0);
    }
    tp_tensor *v = random_tensor(TP_F64, TP_DIMS(2, 3), 1, -1, 1), *u = random_tensor(TP_F64, TP_DIMS(3), 2, -1, 1);
    tp_tensor *before = tp_tensor_clone(v);
    for (int i = 0; i < 5; i++) { /* only the last layer moves */
        tp_tape_reset(tape);
        const tp_var in = data_of(tape, F64(TP_DIMS(2, 2), 1, 0, 0, 1)), h = tp_sign(tp_matmul(in, tp_param(tape, v)));
        EXPECT_STATUS(tp_backward(tp_sum(tp_square(tp_adds(tp_matmul(h, tp_param(tape, u)), -1)))), TP_OK);
        descend(v, .1), descend(u, .1);
    }
    expect_same(v, before, 0);
    tp_tensor_release(v);
    tp_tensor_release(u);
    tp_tensor_release(before);
}
END_TEST

START_TEST(one_unit_makes_each_literal_function)
{
    static const struct {
        double wa, wb, bias;
        int truth; /* bit 2a + b */
    } rows[] = {{1, 1, -1.5, 8}, {1, 1, -.5, 14}, {1, -1, -.5, 4}, {-1, 1, -.5, 2},
                {-1, -1, .5, 1}, {1, -1, .5, 13}, {-1, 1, .5, 11}, {-1, -1, 1.5, 7}};
    for (int i = 0; i < 8; i++)
        for (int in = 0; in < 4; in++) {
            const tp_var a = tp_const(tape, in >> 1), b = tp_const(tape, in & 1);
            ck_assert_double_eq(tp_item(unit(a, b, rows[i].wa, rows[i].wb, rows[i].bias)), rows[i].truth >> in & 1);
        }
}
END_TEST

static tp_var xor_of(tp_var a, tp_var b)
{
    return unit(unit(a, b, 1, 1, -.5), unit(a, b, 1, 1, -1.5), 1, -1, -.5);
}

START_TEST(xor_by_hand_in_three_forms)
{
    for (int in = 0; in < 4; in++) {
        const tp_var a = tp_const(tape, in >> 1), b = tp_const(tape, in & 1), one = tp_const(tape, 1);
        const tp_var h1 = unit(a, b, 1, 1, -.5), h2 = unit(a, b, 1, 1, -1.5), not_a = tp_sub(one, a);
        const tp_var forms[] = {xor_of(a, b), unit(h1, tp_rsubs(1, h2), 1, 1, -1.5),
                                tp_add(tp_mul(a, tp_rsubs(1, b)), tp_mul(not_a, b))};
        for (int i = 0; i < 3; i++) ck_assert_double_eq(tp_item(forms[i]), (in >> 1) ^ (in & 1));
    }
}
END_TEST

/* All inputs of D signs, a row each. */
static tp_tensor *corners(int d, double low)
{
    tp_tensor *all = tensor_of(TP_F64, TP_DIMS(1 << d, d), NULL);
    double *data = tp_tensor_data(all);
    for (int i = 0; i < 1 << d; i++)
        for (int k = 0; k < d; k++) data[i * d + k] = i >> (d - 1 - k) & 1 ? 1 : low;
    return all;
}

START_TEST(memoriser_has_one_hidden_unit_for_each_input)
{
    const tp_var s = data_of(tape, corners(3, -1)), t = tp_reshape(tp_slice(s, 1, 1, 2, 1), TP_DIMS(8));
    const tp_var h = tp_step(tp_adds(tp_matmul(s, tp_transpose(s, 0, 1)), -2)), y = tp_matmul(h, t);
    const tp_var fired = tp_sum_axes(h, TP_AXES(1), false);
    EXPECT_TENSOR(tp_value(fired), 0, 1, 1, 1, 1, 1, 1, 1, 1);
    EXPECT_TENSOR(tp_value(y), 0, -1, -1, 1, 1, -1, -1, 1, 1); /* (-,-,+): -1, (-,+,-): 1, (-,+,+): 1 */
}
END_TEST

START_TEST(parity_deep_in_15_units_and_shallow_in_33)
{
    enum { D = 6, ODD = 1 << (D - 1) };
    tp_tensor *all = corners(D, 0);
    const tp_var x = tp_data(tape, all);
    tp_var deep = tp_slice(x, 1, 0, 1, 1);
    for (int k = 1; k < D; k++) deep = xor_of(deep, tp_slice(x, 1, k, k + 1, 1)); /* 3 units each */
    double weights[ODD][D], bias[ODD];
    int n = 0;
    for (int i = 0; i < 1 << D; i++) { /* a hidden unit for each odd input, and one that says "any" */
        if (__builtin_popcount((unsigned)i) % 2 == 0) continue;
        bias[n] = .5 - __builtin_popcount((unsigned)i);
        for (int k = 0; k < D; k++) weights[n][k] = i >> (D - 1 - k) & 1 ? 1 : -1;
        n++;
    }
    ck_assert_int_eq(n, ODD);
    const tp_var w = data_of(tape, tensor_of(TP_F64, TP_DIMS(ODD, D), weights[0]));
    const tp_var h = tp_step(tp_linear(x, w, data_of(tape, tensor_of(TP_F64, TP_DIMS(ODD), bias))));
    const tp_var shallow = tp_step(tp_adds(tp_sum_axes(h, TP_AXES(1), true), -.5));
    EXPECT_OK(tape);
    for (int i = 0; i < 1 << D; i++) {
        ck_assert_double_eq(tp_tensor_item(tp_value(deep), i), __builtin_popcount((unsigned)i) % 2);
        ck_assert_double_eq(tp_tensor_item(tp_value(shallow), i), __builtin_popcount((unsigned)i) % 2);
    }
    tp_tensor_release(all);
}
END_TEST

TCase *seeds_logic_case(void)
{
    TCase *tcase = tcase_create("logic");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, perceptron_learns_and_but_not_xor);
    tcase_add_test(tcase, threshold_unit_has_no_slope);
    tcase_add_test(tcase, one_unit_makes_each_literal_function);
    tcase_add_test(tcase, xor_by_hand_in_three_forms);
    tcase_add_test(tcase, memoriser_has_one_hidden_unit_for_each_input);
    tcase_add_test(tcase, parity_deep_in_15_units_and_shallow_in_33);
    return tcase;
}

Suite *seeds_suite(void)
{
    Suite *suite = suite_create("seeds");
    suite_add_tcase(suite, seeds_logic_case());
    suite_add_tcase(suite, seeds_regions_case());
    suite_add_tcase(suite, seeds_networks_case());
    suite_add_tcase(suite, seeds_parts_case());
    suite_add_tcase(suite, seeds_gates_case());
    suite_add_tcase(suite, seeds_matrices_case());
    suite_add_tcase(suite, seeds_walk_case());
    suite_add_tcase(suite, seeds_losses_case());
    suite_add_tcase(suite, seeds_optimisers_case());
    suite_add_tcase(suite, seeds_training_case());
    return suite;
}
