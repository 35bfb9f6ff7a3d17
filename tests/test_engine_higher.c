/* Recorded walks: gradients of gradients. */
#include "tests/helpers.h"

#include "tests/tape_fixture.h"

/* The n-th derivative of y by x. */
static tp_var derivative(tp_var y, tp_var x, int n)
{
    for (int i = 0; i < n; i++) EXPECT_STATUS(tp_gradients(y, &x, 1, &y, TP_CREATE_GRAPH), TP_OK);
    return y;
}

START_TEST(third_derivative_of_the_fourth_power)
{
    const tp_var x = tp_scalar(tape, 3);
    const tp_var forms[] = {tp_square(tp_square(x)), tp_pows(x, 4), tp_pow(x, tp_const(tape, 4)),
                            tp_mul(tp_mul(x, x), tp_mul(x, x))};
    for (int i = 0; i < 4; i++) {
        EXPECT_NEAR(tp_item(derivative(forms[i], x, 1)), 4 * 27, 1e-11);
        EXPECT_NEAR(tp_item(derivative(forms[i], x, 2)), 12 * 9, 1e-11);
        EXPECT_NEAR(tp_item(derivative(forms[i], x, 3)), 24 * 3, 1e-11);
        EXPECT_NEAR(tp_item(derivative(forms[i], x, 4)), 24, 1e-11);
        EXPECT_NEAR(tp_item(derivative(forms[i], x, 5)), 0, 1e-11);
    }
}
END_TEST

START_TEST(third_derivative_of_a_tensor_program)
{
    const tp_var v = leaf_of(tape, F64(TP_DIMS(3), 1, 2, -1));
    tp_var y = tp_sum(tp_square(tp_square(v)));
    const double powers[3][3] = {{4, 32, -4}, {12, 48, 12}, {24, 48, -24}};
    for (int i = 0; i < 3; i++) {
        const tp_var g = derivative(y, v, 1);
        EXPECT_TENSOR(tp_value(g), 1e-12, powers[i][0], powers[i][1], powers[i][2]);
        y = tp_sum(g);
    }
}
END_TEST

START_TEST(mixed_program_has_right_second_derivatives)
{
    const tp_var s = tp_scalar(tape, .7), v = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(4), 1, .5, 1.5));
    const tp_var w = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(3, 4), 2, -1, 1));
    const tp_var b = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(3), 3, -1, 1));
    const tp_var h = tp_tanh(tp_linear(tp_mul(v, s), w, b)), e = tp_index(v, 1, (int64_t[]){2});
    const tp_var parts[] = {tp_mul(e, s), tp_mean(h), tp_max(v)};
    const tp_var y = tp_add(tp_sum(tp_mul(tp_stack(parts, 3, 0), tp_softmax(h, 0))), tp_pow(e, s));
    expect_gradients(y, (tp_var[]){s, v, w, b}, 4);
}
END_TEST

START_TEST(third_order_is_checked_by_differences_too)
{
    const tp_var s = tp_scalar(tape, .7), v = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(2, 3), 1, .5, 1.5));
    const tp_var outer = tp_matmul(tp_transpose(v, 0, 1), tp_sigmoid(tp_mul(v, s)));
    const tp_var y = tp_sum(tp_mul(tp_exp(outer), tp_logsumexp(outer, 1, true))), x[] = {s, v};
    tp_var g[2];
    EXPECT_STATUS(tp_gradients(y, x, 2, g, TP_CREATE_GRAPH), TP_OK);
    const tp_var second = tp_add(tp_square(g[0]), tp_sum(tp_square(g[1])));
    tp_error error = {0};
    const tp_gradcheck_options loose = {.relative = 1e-5};
    ck_assert_msg(tp_gradgradcheck(second, x, 2, &loose, &error) == TP_OK, "%s", error.message);
}
END_TEST

START_TEST(gradient_penalty_reaches_the_parameters)
{
    tp_tensor *w = F64(TP_DIMS(2), .5, -1);
    const tp_var p = tp_param(tape, w), x = leaf_of(tape, F64(TP_DIMS(2), 1, 2));
    const tp_var f = tp_sum(tp_square(tp_mul(p, x))); /* df/dx = 2 w^2 x */
    tp_var g;
    EXPECT_STATUS(tp_gradients(f, &x, 1, &g, TP_CREATE_GRAPH), TP_OK);
    ck_assert_ptr_null(tp_tensor_grad(w));
    EXPECT_STATUS(tp_backward(tp_sum(tp_square(g))), TP_OK); /* sum 4 w^4 x^2: 16 w^3 x^2 */
    EXPECT_TENSOR(tp_tensor_grad(w), 1e-12, 2, -64);
    tp_tensor_release(w);
}
END_TEST

START_TEST(backward_through_a_recorded_backward)
{
    const tp_var x = tp_scalar(tape, 2), y = tp_mul(tp_square(x), x);
    EXPECT_STATUS(tp_backward_from(y, tp_none(), TP_CREATE_GRAPH), TP_OK);
    EXPECT_NEAR(tp_grad_item(x), 12, 0);
    tp_var g;
    EXPECT_STATUS(tp_gradients(y, &x, 1, &g, TP_CREATE_GRAPH), TP_OK);
    EXPECT_STATUS(tp_backward(g), TP_OK);
    EXPECT_NEAR(tp_grad_item(x), 12, 0);
    const tp_var seed = tp_scalar(tape, 3);
    EXPECT_STATUS(tp_vjp(y, seed, &x, 1, &g, TP_CREATE_GRAPH), TP_OK);
    EXPECT_STATUS(tp_backward(g), TP_OK); /* linear in the seed */
    EXPECT_NEAR(tp_grad_item(seed), 12, 0);
    EXPECT_NEAR(tp_grad_item(x), 36, 0);
}
END_TEST

START_TEST(slices_and_elements_differentiate_twice)
{
    const tp_var x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(3, 4), 7, .5, 1.5));
    tp_var y = tp_const(tape, 0);
    for (int64_t i = 0; i < 3; i++) {
        const tp_var row = tp_slice(x, 0, i, i + 1, 1), element = tp_index(x, 2, (int64_t[]){i, 3 - i});
        y = tp_add(y, tp_mul(tp_sum(tp_exp(tp_slice(row, 1, 0, TP_END, 2))), tp_square(element)));
    }
    y = tp_add(y, tp_sum(tp_log(x)));
    expect_gradients(y, &x, 1);
    const tp_var overlapping = tp_sum(tp_mul(tp_slice(x, 1, 0, 3, 1), tp_slice(x, 1, 1, 4, 1)));
    expect_gradients(overlapping, &x, 1);
}
END_TEST

START_TEST(gradients_of_gradients_in_f32_keep_their_dtype)
{
    const tp_var x = leaf_of(tape, F32(TP_DIMS(2), 1, 2)), s = tp_scalar(tape, 3);
    const tp_var y = tp_sum(tp_mul(tp_square(x), tp_mul(x, s)));
    tp_var g[2], h[2];
    EXPECT_STATUS(tp_gradients(y, (tp_var[]){x, s}, 2, g, TP_CREATE_GRAPH), TP_OK);
    ck_assert_int_eq(tp_var_dtype(g[0]), TP_F32);
    ck_assert_int_eq(tp_var_rank(g[1]), 0);
    EXPECT_STATUS(tp_gradients(tp_add(tp_sum(g[0]), g[1]), (tp_var[]){x, s}, 2, h, TP_CREATE_GRAPH), TP_OK);
    ck_assert_int_eq(tp_var_dtype(h[0]), TP_F32);
    EXPECT_TENSOR(tp_value(h[0]), 1e-4, 18 + 3, 36 + 12);
    EXPECT_NEAR(tp_item(h[1]), 3 + 12, 1e-4);
}
END_TEST

START_TEST(zero_that_has_a_slope_is_not_skipped_when_recorded)
{
    const tp_var x = tp_scalar(tape, 0), y = tp_mul(tp_mul(x, x), tp_exp(x)); /* y'' (0) = 2 */
    EXPECT_NEAR(tp_item(derivative(y, x, 1)), 0, 0);
    EXPECT_NEAR(tp_item(derivative(y, x, 2)), 2, 0);
    EXPECT_NEAR(tp_item(derivative(y, x, 3)), 6, 0);
    const tp_var v = leaf_of(tape, F64(TP_DIMS(2), 0, 1)), z = tp_sum(tp_mul(tp_mul(v, v), tp_exp(v)));
    EXPECT_TENSOR(tp_value(derivative(tp_sum(derivative(z, v, 1)), v, 1)), 1e-12, 2, 7 * exp(1));
}
END_TEST

START_TEST(branch_not_taken_gives_zero_not_nan)
{
    const tp_var x = tp_scalar(tape, 0), v = leaf_of(tape, F64(TP_DIMS(2), 0, 4));
    const tp_var y = tp_mul(tp_const(tape, 0), tp_sqrt(x)),
                 z = tp_sum(tp_mul(data_of(tape, F64(TP_DIMS(2), 0, 1)), tp_sqrt(v)));
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags += TP_CREATE_GRAPH) {
        EXPECT_STATUS(tp_backward_from(y, tp_none(), flags), TP_OK);
        EXPECT_NEAR(tp_grad_item(x), 0, 0);
        EXPECT_STATUS(tp_backward_from(z, tp_none(), flags), TP_OK);
        EXPECT_TENSOR(tp_grad(v), 0, 0, .25);
    }
}
END_TEST

TCase *engine_higher_case(void)
{
    TCase *tcase = tcase_create("higher");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, third_derivative_of_the_fourth_power);
    tcase_add_test(tcase, third_derivative_of_a_tensor_program);
    tcase_add_test(tcase, mixed_program_has_right_second_derivatives);
    tcase_add_test(tcase, third_order_is_checked_by_differences_too);
    tcase_add_test(tcase, gradient_penalty_reaches_the_parameters);
    tcase_add_test(tcase, backward_through_a_recorded_backward);
    tcase_add_test(tcase, slices_and_elements_differentiate_twice);
    tcase_add_test(tcase, gradients_of_gradients_in_f32_keep_their_dtype);
    tcase_add_test(tcase, zero_that_has_a_slope_is_not_skipped_when_recorded);
    tcase_add_test(tcase, branch_not_taken_gives_zero_not_nan);
    return tcase;
}
