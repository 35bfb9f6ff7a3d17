/* First derivatives: broadcasting, tp_gradients, tp_backward_from, what is kept and what is added to. */
#include "tests/helpers.h"

#include "tests/tape_fixture.h"

START_TEST(scalars_and_tensors_mix_in_one_expression)
{
    const tp_var s = tp_scalar(tape, 2), v = leaf_of(tape, F64(TP_DIMS(3), 1, 2, 3));
    const tp_var y = tp_mul(tp_sum(tp_mul(tp_add(v, s), v)), tp_exp(tp_muls(s, 0)));
    ck_assert_double_eq(tp_item(y), 26);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    ck_assert_double_eq(tp_grad_item(s), 6);
    EXPECT_TENSOR(tp_grad(v), 0, 4, 6, 8);
    expect_gradients(y, (tp_var[]){s, v}, 2);
}
END_TEST

START_TEST(broadcast_gradients_are_summed_back_to_each_operand)
{
    const tp_var a = leaf_of(tape, F64(TP_DIMS(2, 1, 3), 1, 2, 3, 4, 5, 6));
    const tp_var b = leaf_of(tape, F64(TP_DIMS(4, 1), 1, -1, 2, .5));
    const tp_var c = leaf_of(tape, F64(TP_DIMS(1), 3)), s = tp_scalar(tape, .25);
    const tp_var y = tp_sum(tp_mul(tp_add(tp_mul(a, b), c), tp_sub(s, b)));
    EXPECT_STATUS(tp_backward(y), TP_OK);
    ck_assert_int_eq(tp_tensor_rank(tp_grad(a)), 3);
    EXPECT_TENSOR(tp_grad(c), 1e-12, 6 * (1 - 2.5));
    ck_assert_double_eq_tol(tp_grad_item(s), 21 * 2.5 + 3 * 24, 1e-12);
    EXPECT_TENSOR(tp_grad(a), 1e-12, -5.625, -5.625, -5.625, -5.625, -5.625, -5.625);
    expect_gradients(y, (tp_var[]){a, b, c, s}, 4);
}
END_TEST

START_TEST(backward_twice_adds_to_params_and_starts_nodes_fresh)
{
    tp_tensor *w = F64(TP_DIMS(2), 3, 4);
    const tp_var p = tp_param(tape, w), s = tp_scalar(tape, 5), v = leaf_of(tape, F64(TP_DIMS(2), 1, 2));
    const tp_var y = tp_sum(tp_mul(tp_mul(p, v), s));
    for (int i = 1; i <= 3; i++) {
        EXPECT_STATUS(tp_backward(y), TP_OK);
        EXPECT_TENSOR(tp_tensor_grad(w), 0, 5. * i, 10. * i);
        EXPECT_TENSOR(tp_grad(p), 0, 5. * i, 10. * i);
        EXPECT_TENSOR(tp_grad(v), 0, 15, 20);
        ck_assert_double_eq(tp_grad_item(s), 11);
    }
    tp_tensor_clear_grad(w);
    ck_assert_ptr_null(tp_tensor_grad(w));
    EXPECT_STATUS(tp_backward_from(y, tp_none(), TP_CREATE_GRAPH), TP_OK);
    EXPECT_TENSOR(tp_tensor_grad(w), 0, 5, 10);
    EXPECT_STATUS(tp_backward_from(y, tp_none(), TP_CREATE_GRAPH), TP_OK);
    EXPECT_TENSOR(tp_tensor_grad(w), 0, 10, 20);
    EXPECT_TENSOR(tp_grad(v), 0, 15, 20);
    tp_tensor_release(w);
}
END_TEST

START_TEST(gradients_leave_params_alone_and_answer_for_any_node)
{
    tp_tensor *w = F64(TP_DIMS(2), 3, 4);
    const tp_var p = tp_param(tape, w), v = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), s = tp_scalar(tape, 2);
    const tp_var lone = leaf_of(tape, F64(TP_DIMS(2, 2), 1, 2, 3, 4)), alone = tp_scalar(tape, 9);
    const tp_var inner = tp_mul(p, v), scaled = tp_mul(inner, s), y = tp_sum(tp_square(scaled));
    const tp_var x[] = {p, inner, inner, s, lone, alone, y, scaled, p}, later = tp_exp(y);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags += TP_CREATE_GRAPH) {
        tp_var g[9];
        EXPECT_STATUS(tp_gradients(y, x, 9, g, flags), TP_OK);
        ck_assert_ptr_null(tp_tensor_grad(w));
        EXPECT_TENSOR(tp_value(g[0]), 0, 24, 128);
        EXPECT_TENSOR(tp_value(g[1]), 0, 24, 64);
        EXPECT_TENSOR(tp_value(g[2]), 0, 24, 64);
        ck_assert_double_eq(tp_item(g[3]), 2 * 2 * 9 + 2 * 2 * 64);
        EXPECT_TENSOR(tp_value(g[4]), 0, 0, 0, 0, 0);
        ck_assert_int_eq(tp_var_rank(g[4]), 2);
        ck_assert_double_eq(tp_item(g[5]), 0);
        ck_assert_double_eq(tp_item(g[6]), 1);
        EXPECT_TENSOR(tp_value(g[7]), 0, 12, 32);
        EXPECT_TENSOR(tp_value(g[8]), 0, 24, 128);
        EXPECT_STATUS(tp_gradients(y, &later, 1, g, flags), TP_OK);
        ck_assert_double_eq(tp_item(g[0]), 0);
    }
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_TENSOR(tp_tensor_grad(w), 0, 24, 128);
    tp_tensor_release(w);
}
END_TEST

START_TEST(gradients_of_an_interior_node_give_back_all_memory)
{
    tp_var w = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(64), 1, -1, 1));
    const tp_var x = tp_tanh(w), y = tp_sum(tp_mul(tp_mul(x, w), w));
    const tp_mark mark = tp_tape_mark(tape);
    size_t used = 0;
    for (int i = 0; i < 4; i++) {
        tp_var g;
        EXPECT_STATUS(tp_gradients(y, &x, 1, &g, 0), TP_OK);
        EXPECT_STATUS(tp_tape_rewind(tape, mark), TP_OK);
        if (i == 1) used = tp_tape_stats(tape).tensor.now;
    }
    ck_assert_uint_eq(tp_tape_stats(tape).tensor.now, used);
}
END_TEST

START_TEST(gradients_of_an_interior_node_leave_no_half_sums_below_it)
{
    const tp_var s = tp_scalar(tape, 3), w = tp_exp(s), x = tp_square(s), y = tp_mul(x, w);
    tp_var g;
    EXPECT_STATUS(tp_gradients(y, &x, 1, &g, 0), TP_OK);
    EXPECT_NEAR(tp_item(g), exp(3), 0);
    const double below = tp_grad_item(s), whole = (2 * 3 + 9) * exp(3); /* all of it or none of it */
    ck_assert_msg(below == 0 || fabs(below - whole) < 1e-12, "%g", below);
}
END_TEST

START_TEST(backward_from_takes_tensor_and_scalar_seeds)
{
    const tp_var v = leaf_of(tape, F64(TP_DIMS(2, 2), 1, 2, 3, 4)), y = tp_square(v);
    tp_tensor *seed = F64(TP_DIMS(2, 2), 1, 0, -1, .5);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags += TP_CREATE_GRAPH) {
        EXPECT_STATUS(tp_backward_from(y, tp_data(tape, seed), flags), TP_OK);
        EXPECT_TENSOR(tp_grad(v), 0, 2, 0, -6, 4);
        EXPECT_STATUS(tp_backward_from(y, tp_const(tape, 3), flags), TP_OK);
        EXPECT_TENSOR(tp_grad(v), 0, 6, 12, 18, 24);
        EXPECT_STATUS(tp_backward_from(tp_sum(v), tp_const(tape, -2), flags), TP_OK);
        EXPECT_TENSOR(tp_grad(v), 0, -2, -2, -2, -2);
    }
    EXPECT_TENSOR(seed, 0, 1, 0, -1, .5);
    ck_assert_uint_eq(tp_tensor_version(seed), 1);
    tp_tensor_release(seed);
    EXPECT_STATUS(tp_backward_from(y, leaf_of(tape, F64(TP_DIMS(2), 1, 2)), 0), TP_E_SHAPE);
    expect_error(tape, TP_E_SHAPE, "the seed has shape (2), the result (2,2)");
    EXPECT_STATUS(tp_backward_from(tp_sum(v), y, 0), TP_E_SHAPE);
    expect_error(tape, TP_E_SHAPE, "the seed has shape (2,2), the result ()");
}
END_TEST

START_TEST(gradients_do_not_change_when_the_seed_is_written_to_later)
{
    tp_tensor *seed = F64(TP_DIMS(2), 1, 0);
    const tp_var v = leaf_of(tape, F64(TP_DIMS(2), 3, 4)), y = tp_adds(v, 1);
    tp_var row[2];
    EXPECT_STATUS(tp_vjp(y, tp_data(tape, seed), &v, 1, &row[0], 0), TP_OK);
    double *data = tp_tensor_data(seed);
    data[0] = 0, data[1] = 1;
    EXPECT_STATUS(tp_vjp(y, tp_data(tape, seed), &v, 1, &row[1], 0), TP_OK);
    EXPECT_TENSOR(tp_value(row[1]), 0, 0, 1);
    EXPECT_TENSOR(tp_value(row[0]), 0, 1, 0);
    tp_tensor_release(seed);
}
END_TEST

START_TEST(no_grad_scope_records_constants)
{
    const tp_var x = tp_scalar(tape, 3), v = leaf_of(tape, F64(TP_DIMS(2), 1, 2));
    ck_assert(tp_tape_set_grad(tape, false));
    const tp_var c = tp_square(x), t = tp_mul(v, v), inside = tp_scalar(tape, 1);
    ck_assert(!tp_tape_set_grad(tape, true));
    ck_assert(!tp_needs_grad(c) && !tp_needs_grad(t) && !tp_needs_grad(inside) && tp_needs_grad(x));
    const tp_var y = tp_sum(tp_mul(tp_mul(v, t), tp_mul(c, x)));
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_TENSOR(tp_grad(v), 0, 27, 108);
    ck_assert_double_eq(tp_grad_item(x), 9 * 9);
    ck_assert_double_eq(tp_grad_item(c), 0);
    EXPECT_STATUS(tp_backward(c), TP_OK); /* nothing to do */
    ck_assert_double_eq(tp_grad_item(x), 0);
}
END_TEST

START_TEST(detach_stops_the_gradient)
{
    const tp_var x = tp_scalar(tape, 3), v = leaf_of(tape, F64(TP_DIMS(2), 1, 2));
    const tp_var y = tp_sum(tp_mul(tp_mul(v, tp_detach(v)), tp_mul(x, tp_detach(tp_square(x)))));
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_TENSOR(tp_grad(v), 0, 27, 54);
    ck_assert_double_eq(tp_grad_item(x), 45);
    ck_assert(!tp_needs_grad(tp_detach(v)) && !tp_needs_grad(tp_detach(x)));
}
END_TEST

START_TEST(retained_gradients_stay_and_others_go)
{
    const tp_var v = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), a = tp_square(v), b = tp_muls(a, 3),
                 y = tp_sum(tp_square(b));
    tp_retain_grad(a);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags += TP_CREATE_GRAPH) {
        EXPECT_STATUS(tp_backward_from(y, tp_none(), flags), TP_OK);
        EXPECT_TENSOR(tp_grad(a), 0, 18, 72);
        ck_assert_ptr_null(tp_grad(b));
        EXPECT_TENSOR(tp_grad(v), 0, 36, 288);
    }
    ck_assert(tp_ok(tp_retain_grad(v)));
    ck_assert(tp_ok(tp_retain_grad(y)));
    EXPECT_STATUS(tp_backward(y), TP_OK);
    ck_assert_double_eq(tp_grad_item(y), 1);
}
END_TEST

START_TEST(gradient_has_the_dtype_of_its_operand)
{
    const tp_var f = leaf_of(tape, F32(TP_DIMS(3), 1, 2, 3)), d = leaf_of(tape, F64(TP_DIMS(3), .5, .25, .125));
    const tp_var s = tp_scalar(tape, 2), up = tp_cast(f, TP_F64);
    const tp_var y = tp_sum(tp_mul(tp_cast(tp_mul(up, d), TP_F32), tp_mul(f, s)));
    tp_retain_grad(up);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags += TP_CREATE_GRAPH) {
        EXPECT_STATUS(tp_backward_from(y, tp_none(), flags), TP_OK);
        ck_assert_int_eq(tp_tensor_dtype(tp_grad(f)), TP_F32);
        ck_assert_int_eq(tp_tensor_dtype(tp_grad(d)), TP_F64);
        ck_assert_int_eq(tp_tensor_dtype(tp_grad(up)), TP_F64);
        EXPECT_TENSOR(tp_grad(f), 0, 2, 2, 1.5);
        EXPECT_TENSOR(tp_grad(d), 0, 2, 8, 18);
        EXPECT_TENSOR(tp_grad(up), 0, 1, 1, .75);
        ck_assert_double_eq(tp_grad_item(s), .5 + 1 + 1.125);
    }
    tp_mul(f, d);
    expect_error(tape, TP_E_DTYPE, "tp_mul: dtypes differ; use tp_cast: f32 (3) and f64 (3)");
}
END_TEST

START_TEST(sum_of_f32_is_carried_in_f64)
{
    tp_tensor *ones = tensor_of(TP_F32, TP_DIMS(1 << 20), NULL);
    tp_tensor_fill(ones, .1);
    const tp_var x = tp_data(tape, ones), y = tp_sum(x);
    ck_assert_int_eq(tp_var_dtype(y), TP_F64);
    EXPECT_NEAR(tp_item(y), (double)(1 << 20) * (double).1f, 1e-9);
    tp_tensor_release(ones);
}
END_TEST

/* The walk ends at x, and the product, recorded later, has nobody to give to. */
START_TEST(rule_that_nobody_asks_is_not_called)
{
    const tp_var v = leaf_of(tape, F64(TP_DIMS(3), 1, 2, 3)), x = tp_scalar(tape, 2), y = tp_mul(x, tp_prod(v));
    tp_var g;
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        EXPECT_STATUS(tp_gradients(y, &x, 1, &g, flags), TP_OK);
        EXPECT_NEAR(tp_item(g), 6, 0);
    }
}
END_TEST

TCase *engine_gradients_case(void)
{
    TCase *tcase = tcase_create("gradients");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, scalars_and_tensors_mix_in_one_expression);
    tcase_add_test(tcase, broadcast_gradients_are_summed_back_to_each_operand);
    tcase_add_test(tcase, backward_twice_adds_to_params_and_starts_nodes_fresh);
    tcase_add_test(tcase, gradients_leave_params_alone_and_answer_for_any_node);
    tcase_add_test(tcase, gradients_of_an_interior_node_give_back_all_memory);
    tcase_add_test(tcase, gradients_of_an_interior_node_leave_no_half_sums_below_it);
    tcase_add_test(tcase, backward_from_takes_tensor_and_scalar_seeds);
    tcase_add_test(tcase, gradients_do_not_change_when_the_seed_is_written_to_later);
    tcase_add_test(tcase, no_grad_scope_records_constants);
    tcase_add_test(tcase, detach_stops_the_gradient);
    tcase_add_test(tcase, retained_gradients_stay_and_others_go);
    tcase_add_test(tcase, gradient_has_the_dtype_of_its_operand);
    tcase_add_test(tcase, sum_of_f32_is_carried_in_f64);
    tcase_add_test(tcase, rule_that_nobody_asks_is_not_called);
    return tcase;
}
