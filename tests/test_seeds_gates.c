/* Worked examples: backpropagation gate by gate, on scalars. */
#include "tests/helpers.h"

#include "tests/tape_fixture.h"

/* Value and gradient of the latest walk. */
static void expect_gate(tp_var x, double value, double gradient)
{
    EXPECT_NEAR(tp_item(x), value, 1e-7);
    EXPECT_NEAR(tp_grad_item(x), gradient, 1e-7);
}

START_TEST(sum_times_z)
{
    const tp_var x = tp_scalar(tape, -2), y = tp_scalar(tape, 5), z = tp_scalar(tape, -4);
    const tp_var q = tp_add(x, y), f = tp_mul(q, z);
    EXPECT_STATUS(tp_backward(f), TP_OK);
    expect_gate(q, 3, -4);
    expect_gate(f, -12, 1);
    expect_gate(z, -4, 3);
    expect_gate(x, -2, -4);
    expect_gate(y, 5, -4);
}
END_TEST

START_TEST(product_sum_and_maximum)
{
    const tp_var x = tp_scalar(tape, 4), y = tp_scalar(tape, -3);
    const tp_var f[] = {tp_mul(x, y), tp_add(x, y), tp_maximum(x, y)};
    const double rows[3][3] = {{-12, -3, 4}, {1, 1, 1}, {4, 1, 0}};
    for (int i = 0; i < 3; i++) {
        EXPECT_STATUS(tp_backward(f[i]), TP_OK);
        ck_assert_double_eq(tp_item(f[i]), rows[i][0]);
        expect_gate(x, 4, rows[i][1]);
        expect_gate(y, -3, rows[i][2]);
    }
    for (double h = 1e-2; h > 1e-7; h /= 10) { /* the derivative as a limit */
        const tp_var moved_x = tp_mul(tp_const(tape, 4 + h), y), moved_y = tp_mul(x, tp_const(tape, -3 + h));
        EXPECT_NEAR((tp_item(moved_x) - tp_item(f[0])) / h, -3, 1e-15 * 100 / h);
        EXPECT_NEAR((tp_item(moved_y) - tp_item(f[0])) / h, 4, 1e-15 * 100 / h);
    }
    for (int i = 0; i < 3; i++) expect_gradients(f[i], (tp_var[]){x, y}, 2);
    const tp_var a = tp_scalar(tape, 2), b = tp_scalar(tape, 2), low = tp_minimum(a, b), high = tp_maximum(a, b);
    EXPECT_STATUS(tp_backward(high), TP_OK);
    expect_gate(a, 2, .5);
    expect_gate(b, 2, .5);
    EXPECT_STATUS(tp_backward(low), TP_OK);
    expect_gate(a, 2, .5);
}
END_TEST

START_TEST(sigmoid_of_a_neuron_gate_by_gate)
{
    const double in[] = {2, -1, -3, -2, -3};
    tp_var v[5]; /* w0 x0 w1 x1 w2 */
    for (int i = 0; i < 5; i++) v[i] = tp_scalar(tape, in[i]);
    const tp_var a = tp_mul(v[0], v[1]), b = tp_mul(v[2], v[3]), c = tp_add(a, b), d = tp_add(c, v[4]), e = tp_neg(d);
    const tp_var f = tp_exp(e), g = tp_adds(f, 1), y = tp_reciprocal(g);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    expect_gate(a, -2, .1966119);
    expect_gate(b, 6, .1966119);
    expect_gate(c, 4, .1966119);
    expect_gate(d, 1, .1966119);
    expect_gate(e, -1, -.1966119);
    expect_gate(f, .3678794, -.5344466);
    expect_gate(g, 1.3678794, -.5344466);
    expect_gate(y, .7310586, 1);
    const double slopes[] = {-.1966119, .3932239, -.3932239, -.5898358, .1966119};
    for (int i = 0; i < 5; i++) expect_gate(v[i], in[i], slopes[i]);
    const tp_var fused = tp_sigmoid(d); /* one gate for four */
    EXPECT_NEAR(tp_item(fused), tp_item(y), 1e-15);
    EXPECT_STATUS(tp_backward(fused), TP_OK);
    for (int i = 0; i < 5; i++) expect_gate(v[i], in[i], slopes[i]);
    EXPECT_NEAR(tp_grad_item(d), (1 - tp_item(fused)) * tp_item(fused), 1e-15);
}
END_TEST

START_TEST(local_gradients)
{
    const tp_var x = tp_scalar(tape, 1.7), a = tp_const(tape, -2.5);
    const tp_var f[] = {tp_reciprocal(x), tp_rdivs(1, x), tp_adds(x, 3), tp_exp(x), tp_mul(a, x), tp_muls(x, -2.5)};
    const double slopes[] = {-1 / (1.7 * 1.7), -1 / (1.7 * 1.7), 1, exp(1.7), -2.5, -2.5};
    for (int i = 0; i < 6; i++) {
        EXPECT_STATUS(tp_backward(f[i]), TP_OK);
        EXPECT_NEAR(tp_grad_item(x), slopes[i], 1e-15);
    }
}
END_TEST

START_TEST(staged_expression_adds_at_forks)
{
    const tp_var x = tp_scalar(tape, 3), y = tp_scalar(tape, -4);
    const tp_var sy = tp_sigmoid(y), num = tp_add(x, sy), sx = tp_sigmoid(x), xpy = tp_add(x, y);
    const tp_var sqr = tp_square(xpy), den = tp_add(sx, sqr), inv = tp_reciprocal(den), f = tp_mul(num, inv);
    EXPECT_STATUS(tp_backward(f), TP_OK);
    const double values[] = {.0179862, 3.0179862, .9525741, -1, 1, 1.9525741, .5121444, 1.5456449};
    const tp_var all[] = {sy, num, sx, xpy, sqr, den, inv, f};
    for (int i = 0; i < 8; i++) EXPECT_NEAR(tp_item(all[i]), values[i], 1e-7);
    EXPECT_NEAR(tp_grad_item(den), -.7915934, 1e-7);
    EXPECT_NEAR(tp_grad_item(xpy), 1.5831869, 1e-7);
    EXPECT_NEAR(tp_grad_item(x), 2.0595698, 1e-7);
    EXPECT_NEAR(tp_grad_item(y), 1.5922328, 1e-7);
}
END_TEST

/* z with the upstream gradient g. */
static void walk(tp_var z, double g)
{
    EXPECT_STATUS(tp_backward_from(z, tp_const(tape, g), 0), TP_OK);
}

START_TEST(patterns_in_the_flow)
{
    const tp_var a = tp_scalar(tape, 3), b = tp_scalar(tape, 4), c = tp_scalar(tape, 2), d = tp_scalar(tape, 5);
    walk(tp_add(a, b), 2); /* add distributes */
    ck_assert(tp_grad_item(a) == 2 && tp_grad_item(b) == 2);
    EXPECT_STATUS(tp_backward(tp_add(tp_muls(a, 4), tp_muls(a, 2))), TP_OK); /* copy adds */
    ck_assert_double_eq(tp_grad_item(a), 6);
    walk(tp_mul(c, a), 5); /* mul swaps */
    ck_assert(tp_grad_item(c) == 15 && tp_grad_item(a) == 10);
    walk(tp_maximum(b, d), 9); /* max routes */
    ck_assert(tp_grad_item(b) == 0 && tp_grad_item(d) == 9);
}
END_TEST

START_TEST(downstream_is_local_times_upstream)
{
    static tp_var (*const f[])(tp_var) = {tp_neg,     tp_reciprocal, tp_exp,    tp_log,  tp_tanh,
                                          tp_sigmoid, tp_relu,       tp_square, tp_sqrt, tp_abs};
    const tp_var s = tp_scalar(tape, .8), v = leaf_of(tape, F64(TP_DIMS(3), .3, .8, 1.9));
    for (size_t i = 0; i < sizeof f / sizeof *f; i++) {
        EXPECT_STATUS(tp_backward(f[i](s)), TP_OK);
        const double local = tp_grad_item(s);
        walk(f[i](s), -2.5);
        EXPECT_NEAR(tp_grad_item(s), -2.5 * local, 1e-15);
        const tp_var up = data_of(tape, F64(TP_DIMS(3), 7, -2.5, 0));
        EXPECT_STATUS(tp_backward_from(f[i](v), up, 0), TP_OK);
        EXPECT_NEAR(tp_tensor_item(tp_grad(v), 1), -2.5 * local, 1e-14);
        ck_assert_double_eq(tp_tensor_item(tp_grad(v), 2), 0);
    }
}
END_TEST

START_TEST(squared_error_of_a_linear_pair)
{
    const tp_var x1 = tp_scalar(tape, 1), x2 = tp_scalar(tape, 2), t1 = tp_scalar(tape, .5), t2 = tp_scalar(tape, -1);
    const tp_var y = tp_scalar(tape, 1);
    const tp_var f = tp_square(tp_sub(tp_add(tp_mul(x1, t1), tp_mul(x2, t2)), y));
    EXPECT_STATUS(tp_backward(f), TP_OK);
    expect_gate(f, 6.25, 1);
    expect_gate(t1, .5, -5);
    expect_gate(t2, -1, -10);
    expect_gate(x1, 1, -2.5);
    expect_gate(x2, 2, 5);
    expect_gate(y, 1, 5);
}
END_TEST

START_TEST(network_with_one_hidden_unit)
{
    const tp_var w1 = leaf_of(tape, F64(TP_DIMS(2), .4, -.3)), w2 = tp_scalar(tape, 1.5);
    const tp_var x = data_of(tape, F64(TP_DIMS(2, 2), 1, 2, -1, .5)), y = data_of(tape, F64(TP_DIMS(2), 1, 0));
    const tp_var loss = tp_sum(tp_square(tp_sub(y, tp_mul(w2, tp_sigmoid(tp_matmul(x, w1))))));
    EXPECT_NEAR(tp_item(loss), .4066409, 1e-7);
    EXPECT_STATUS(tp_backward(loss), TP_OK);
    EXPECT_NEAR(tp_grad_item(w2), .1091866, 1e-7);
    EXPECT_TENSOR(tp_grad(w1), 1e-7, -.6231188, -.2913000);
}
END_TEST

TCase *seeds_gates_case(void)
{
    TCase *tcase = tcase_create("gates");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, sum_times_z);
    tcase_add_test(tcase, product_sum_and_maximum);
    tcase_add_test(tcase, sigmoid_of_a_neuron_gate_by_gate);
    tcase_add_test(tcase, local_gradients);
    tcase_add_test(tcase, staged_expression_adds_at_forks);
    tcase_add_test(tcase, patterns_in_the_flow);
    tcase_add_test(tcase, downstream_is_local_times_upstream);
    tcase_add_test(tcase, squared_error_of_a_linear_pair);
    tcase_add_test(tcase, network_with_one_hidden_unit);
    return tcase;
}
