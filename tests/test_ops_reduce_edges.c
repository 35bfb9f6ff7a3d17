/* Edges of products, variances and norms; ranks, dtypes and threads of reductions. */
#include "tests/test_ops_reduce.h"

tp_var vector_of(tp_tape *tape, tp_dtype dtype, int n, const double *numbers)
{
    return vector(tape, dtype, n, numbers, false);
}

void expect_slopes(const char *what, tp_var y, tp_var x, int n, const double *want)
{
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_var g;
        ck_assert_int_eq(tp_gradients(y, &x, 1, &g, flags), TP_OK);
        expect_elements(what, g, n, want, 1e-6);
    }
}

void expect_curvature(const char *what, tp_var y, tp_var x, tp_var d, int n, const double *want)
{
    tp_var g, h;
    ck_assert_int_eq(tp_gradients(y, &x, 1, &g, TP_CREATE_GRAPH), TP_OK);
    ck_assert_int_eq(tp_gradients(tp_sum(tp_mul(g, d)), &x, 1, &h, 0), TP_OK);
    expect_elements(what, h, n, want, 1e-6);
}

tp_var empty(tp_tape *tape, int rank, const int64_t *dims)
{
    tp_tensor *x = tp_tensor_new(TP_F64, rank, dims);
    const tp_var leaf = tp_leaf(tape, x);
    tp_tensor_release(x);
    return leaf;
}

/* ---- products ---- */

START_TEST(product_at_zeros)
{
    tp_tape *tape = tp_tape_new(NULL);
    EACH_FLOAT
    {
        const tp_var one = VECTOR(2, 0, 3, 4), two = VECTOR(2, 0, 3, 0), three = VECTOR(0, 0, 0, 5);
        EXACTLY("one zero", tp_prod(one), 0);
        SLOPES("one zero", tp_prod(one), one, 0, 24, 0, 0);
        SLOPES("two zeros", tp_prod(two), two, 0, 0, 0, 0);
        SLOPES("three zeros", tp_prod(three), three, 0, 0, 0, 0);
        CURVATURE("two zeros", tp_prod(two), two, VECTOR(0, 1, 0, 0), 0, 0, 0, 6);
        CURVATURE("one zero", tp_prod(one), one, VECTOR(1, 0, 0, 0), 0, 12, 0, 0);
        CURVATURE("three zeros", tp_prod(three), three, VECTOR(1, 1, 1, 1), 0, 0, 0, 0);
        CURVATURE("cumprod", tp_index(tp_cumprod(two, 0), TP_AXES(3)), two, VECTOR(0, 1, 0, 0), 0, 0, 0, 6);
        SLOPES("cumprod", tp_sum(tp_cumprod(one, 0)), one, 1, 32, 0, 0);
    }
    tp_tape_free(tape);
}
END_TEST

/* Neither the product of the others nor the walk to it leaves the range where the answer does not. */
START_TEST(product_that_underflows_has_its_slope)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_dtype dtype = TP_F64;
    const tp_var x = VECTOR(1e-200, 1e-200), y = VECTOR(1e200, 1e200, 1e-300);
    EXACTLY("underflow", tp_prod(x), 0);
    SLOPES("underflow", tp_prod(x), x, 1e-200, 1e-200);
    SLOPES("through infinity", tp_prod(y), y, 1e-100, 1e-100, INF);
    tp_tape_free(tape);
}
END_TEST

/* ---- variance, norms ---- */

START_TEST(variance_without_freedom_is_nan)
{
    tp_tape *tape = tp_tape_new(NULL);
    EACH_FLOAT
    {
        const tp_var x = VECTOR(3), two = VECTOR(1, 2);
        ck_assert_double_nan(tp_item(tp_variance(x, 1)));
        ck_assert_double_nan(tp_item(tp_std(x, 1)));
        ck_assert_double_nan(tp_item(tp_variance(two, 2)));
        ck_assert_double_nan(tp_item(tp_std(two, 3)));
        EXACTLY("correction 0", tp_variance(x, 0), 0);
        SLOPES("no freedom", tp_variance(two, 2), two, NOT_A_NUMBER, NOT_A_NUMBER);
    }
    tp_tape_free(tape);
}
END_TEST

START_TEST(std_of_equal_numbers_has_slope_zero)
{
    tp_tape *tape = tp_tape_new(NULL);
    EACH_FLOAT
    {
        const tp_var x = VECTOR(3, 3, 3), d = VECTOR(1, 2, -1);
        EXACTLY("std", tp_std(x, 1), 0);
        SLOPES("std", tp_std(x, 1), x, 0, 0, 0);
        CURVATURE("std", tp_std(x, 1), x, d, 0, 0, 0);
        const tp_var same = VECTOR(.9, .9, .9, .9, .9, .9, .9); /* whose sum is rounded */
        EXACTLY("std", tp_std(same, 1), 0);
        EXACTLY("std", tp_std_axes(tp_reshape(same, TP_DIMS(7, 1)), 0, TP_AXES(0), false), 0);
        SLOPES("std", tp_std(same, 1), same, 0, 0, 0, 0, 0, 0, 0);
    }
    tp_tape_free(tape);
}
END_TEST

START_TEST(variance_keeps_small_differences_of_large_numbers)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_dtype dtype = TP_F64;
    const tp_var x = VECTOR(1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16);
    EXACTLY("variance", tp_variance(x, 1), 30);
    EXACTLY("of columns", tp_variance_axes(tp_reshape(x, TP_DIMS(2, 2)), 1, TP_AXES(0), false), 40.5, 40.5);
    ELEMENTS("std", tp_std(x, 0), sqrt(22.5));
    tp_tape_free(tape);
}
END_TEST

static void check_norm(tp_tape *tape, tp_dtype dtype, double unit)
{
    const tp_var x = VECTOR(3 * unit, 0, -4 * unit);
    ELEMENTS("2", tp_norm(x, 2), 5 * unit);
    SLOPES("2", tp_norm(x, 2), x, .6, 0, -.8);
    ELEMENTS("3", tp_norm(x, 3), cbrt(91) * unit);
    SLOPES("3", tp_norm(x, 3), x, 9 / pow(91, 2. / 3), 0, -16 / pow(91, 2. / 3));
    ELEMENTS("1", tp_norm(x, 1), 7 * unit);
    SLOPES("1", tp_norm(x, 1), x, 1, 0, -1);
    ELEMENTS("Inf", tp_norm(x, INF), 4 * unit);
    SLOPES("Inf", tp_norm(x, INF), x, 0, 0, -1);
    EXACTLY("-Inf", tp_norm(x, -INF), 0);
    SLOPES("-Inf", tp_norm(x, -INF), x, 0, 0, 0);
    EXACTLY("0", tp_norm(x, 0), 2);
    SLOPES("0", tp_norm(x, 0), x, 0, 0, 0);
    const tp_var columns = tp_reshape(tp_mul(x, VECTOR(1, 1, 1)), TP_DIMS(3, 1));
    ELEMENTS("2 of a column", tp_norm_axes(columns, 2, TP_AXES(0), false), 5 * unit);
}

START_TEST(norm_neither_overflows_nor_underflows)
{
    tp_tape *tape = tp_tape_new(NULL);
    const double wide[] = {1, 1e200, 1e-200, 1e307, 1e-300}, narrow[] = {1, 1e30, 1e-30};
    for (int i = 0; i < COUNT(wide); i++) check_norm(tape, TP_F64, wide[i]);
    for (int i = 0; i < COUNT(narrow); i++) check_norm(tape, TP_F32, narrow[i]);
    tp_tape_free(tape);
}
END_TEST

START_TEST(norm_at_zero_has_slope_zero)
{
    tp_tape *tape = tp_tape_new(NULL);
    const double all[] = {.5, 1, 1.5, 2, 3, INF, -INF};
    EACH_FLOAT
    for (int i = 0; i < COUNT(all); i++) {
        const tp_var x = VECTOR(0, -0., 0), d = VECTOR(1, 2, -1), part = VECTOR(0, 2, 1);
        EXACTLY("norm", tp_norm(x, all[i]), 0);
        SLOPES("norm", tp_norm(x, all[i]), x, 0, 0, 0);
        CURVATURE("norm", tp_norm(x, all[i]), x, d, 0, 0, 0);
        tp_var g;
        ck_assert_int_eq(tp_gradients(tp_norm(part, all[i]), &part, 1, &g, 0), TP_OK);
        ck_assert_double_eq(number_at(g, 0), 0);
    }
    tp_tape_free(tape);
}
END_TEST

START_TEST(norm_of_infinity_and_nan)
{
    tp_tape *tape = tp_tape_new(NULL);
    const double all[] = {.5, 1, 2, 3, INF};
    EACH_FLOAT
    for (int i = 0; i < COUNT(all); i++) {
        ck_assert_double_eq(tp_item(tp_norm(VECTOR(1, -INF, 2), all[i])), INF);
        ck_assert_double_nan(tp_item(tp_norm(VECTOR(1, INF, NOT_A_NUMBER), all[i])));
        ck_assert_double_nan(tp_item(tp_norm(VECTOR(NOT_A_NUMBER, INF, 0), all[i])));
    }
    tp_tape_free(tape);
}
END_TEST

/* ---- ranks, dtypes, threads ---- */

START_TEST(choices_have_gradients_at_the_highest_rank)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_dtype dtype = TP_F64;
    const tp_var x = VECTOR(1, 4, 3, 2);
    const tp_var high = tp_reshape(x, TP_DIMS(1, 2, 1, 1, 2, 1, 1, 1));
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_var g;
        ck_assert_int_eq(tp_gradients(tp_sum(tp_max_with_indices(high, 4, false, NULL)), &x, 1, &g, flags), TP_OK);
        EXACTLY("max_with_indices", g, 0, 1, 1, 0);
    }
    SLOPES("sort", tp_sum(tp_mul(tp_sort(high, 1, false, NULL), high)), x, 2, 4, 6, 8);
    SLOPES("prod", tp_prod_axes(high, TP_AXES(1, 4), false), x, 24, 6, 8, 12);
    tp_tape_free(tape);
}
END_TEST

START_TEST(results_that_are_no_floats_say_so)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_dtype dtype = TP_F32;
    const tp_var x = tp_reshape(VECTOR(1, 0, 3, 2), TP_DIMS(2, 2));
    ck_assert_int_eq(tp_var_dtype(tp_all_axes(x, TP_AXES(1), false)), TP_U8);
    ck_assert_int_eq(tp_var_dtype(tp_any_axes(x, TP_AXES(0, 1), true)), TP_U8);
    ck_assert_int_eq(tp_var_dtype(tp_count_nonzero_axes(x, TP_AXES(1), false)), TP_I64);
    ck_assert_int_eq(tp_var_dtype(tp_argmax_axis(x, 0, true)), TP_I64);
    ck_assert_int_eq(tp_var_dtype(tp_argsort(x, 0, false)), TP_I64);
    ck_assert_int_eq(tp_var_rank(tp_argmax(x)), 0);
    EXACTLY("argmax", tp_argmax(tp_transpose(x, 0, 1)), 1);
    ck_assert(!tp_needs_grad(tp_argmax(x)) && !tp_needs_grad(tp_all(x)));
    tp_var at;
    tp_sort(x, 0, false, &at);
    ck_assert(!tp_needs_grad(at));
    tp_tape_free(tape);
}
END_TEST

/* Bits for bits, over the layouts that the loops treat differently. */
START_TEST(threads_do_not_change_a_result)
{
    const int64_t shapes[][2] = {{3, 70001}, {70001, 3}, {300, 501}};
    for (int s = 0; s < COUNT(shapes); s++) {
        tp_tensor *x = tp_tensor_new(TP_F32, 2, shapes[s]);
        float *numbers = tp_tensor_data(x);
        tp_rng rng = tp_rng_seed(3);
        for (int64_t i = 0; i < tp_tensor_count(x); i++) numbers[i] = (float)(tp_rng_uniform(&rng) * 3 - 1);
        tp_tape *tapes[] = {tp_tape_new(NULL), tp_tape_new(&(tp_tape_options){.threads = 2})};
        for (int axis = -1; axis < 2; axis++) {
            const int64_t axes[] = {axis};
            tp_var y[2][5];
            for (int t = 0; t < 2; t++) {
                const tp_var leaf = tp_leaf(tapes[t], x);
                const int n = axis >= 0;
                y[t][0] = tp_sum_axes(leaf, n, axes, false);
                y[t][1] = tp_max_axes(leaf, n, axes, false);
                y[t][2] = tp_variance_axes(leaf, 1, n, axes, false);
                y[t][3] = tp_norm_axes(leaf, 3, n, axes, false);
                tp_var sum = tp_add(tp_sum(y[t][0]), tp_sum(y[t][1]));
                sum = tp_add(sum, tp_add(tp_sum(y[t][2]), tp_sum(y[t][3])));
                ck_assert_int_eq(tp_gradients(sum, &leaf, 1, &y[t][4], 0), TP_OK);
            }
            for (int i = 0; i < 5; i++) ck_assert_str_eq(difference_of(y[0][i], y[1][i], 0), "");
        }
        for (int t = 0; t < 2; t++) tp_tape_free(tapes[t]);
        tp_tensor_release(x);
    }
}
END_TEST

TCase *reductions_case(void)
{
    TCase *reductions = tcase_create("reductions");
    tcase_add_test(reductions, product_at_zeros);
    tcase_add_test(reductions, product_that_underflows_has_its_slope);
    tcase_add_test(reductions, variance_without_freedom_is_nan);
    tcase_add_test(reductions, std_of_equal_numbers_has_slope_zero);
    tcase_add_test(reductions, variance_keeps_small_differences_of_large_numbers);
    tcase_add_test(reductions, norm_neither_overflows_nor_underflows);
    tcase_add_test(reductions, norm_at_zero_has_slope_zero);
    tcase_add_test(reductions, norm_of_infinity_and_nan);
    tcase_add_test(reductions, choices_have_gradients_at_the_highest_rank);
    tcase_add_test(reductions, results_that_are_no_floats_say_so);
    tcase_add_test(reductions, threads_do_not_change_a_result);
    return reductions;
}
