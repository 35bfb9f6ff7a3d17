/* Edges of the reductions, of running results and of orders, and every way to call them wrongly. */
#include "tests/test_ops.h"

#include <stdlib.h>

#define INF HUGE_VAL
#define NOT_A_NUMBER ((double)NAN)
#define NUMBERS(...)                                                                                                   \
    (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (double[])                                                \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define VECTOR(...) vector_of(tape, dtype, NUMBERS(__VA_ARGS__))
#define ELEMENTS(what, x, ...) expect_elements(what, x, NUMBERS(__VA_ARGS__), 1e-6)
#define EXACTLY(what, x, ...) expect_elements(what, x, NUMBERS(__VA_ARGS__), 0)
#define EACH_FLOAT for (tp_dtype dtype = TP_F32; dtype <= TP_F64; dtype++)

static tp_var vector_of(tp_tape *tape, tp_dtype dtype, int n, const double *numbers)
{
    return vector(tape, dtype, n, numbers, false);
}

/* dy/dx by both walks. */
static void expect_slopes(const char *what, tp_var y, tp_var x, int n, const double *want)
{
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_var g;
        ck_assert_int_eq(tp_gradients(y, &x, 1, &g, flags), TP_OK);
        expect_elements(what, g, n, want, 1e-6);
    }
}
#define SLOPES(what, y, x, ...) expect_slopes(what, y, x, NUMBERS(__VA_ARGS__))

/* The second derivative of y along d. */
static void expect_curvature(const char *what, tp_var y, tp_var x, tp_var d, int n, const double *want)
{
    tp_var g, h;
    ck_assert_int_eq(tp_gradients(y, &x, 1, &g, TP_CREATE_GRAPH), TP_OK);
    ck_assert_int_eq(tp_gradients(tp_sum(tp_mul(g, d)), &x, 1, &h, 0), TP_OK);
    expect_elements(what, h, n, want, 1e-6);
}
#define CURVATURE(what, y, x, d, ...) expect_curvature(what, y, x, d, NUMBERS(__VA_ARGS__))

static tp_var empty(tp_tape *tape, int rank, const int64_t *dims)
{
    tp_tensor *x = tp_tensor_new(TP_F64, rank, dims);
    const tp_var leaf = tp_leaf(tape, x);
    tp_tensor_release(x);
    return leaf;
}

/* The call failed with this status and a message that holds these words. */
static void expect_refusal(tp_tape *tape, tp_var y, tp_status status, const char *name, const char *words)
{
    const char *message = tp_tape_error(tape);
    ck_assert_msg(!tp_ok(y) && tp_tape_status(tape) == status, "%s: %s", name, message);
    ck_assert_msg(strstr(message, name) && strstr(message, words), "\"%s\" does not say %s, %s", message, name, words);
    tp_tape_clear_error(tape);
}
#define REFUSES(status, call, name, words) expect_refusal(tape, call, status, name, words)

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

/* ---- nothing, NaN ---- */

START_TEST(reductions_of_an_empty_axis)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var none = empty(tape, TP_DIMS(0)), rows = empty(tape, TP_DIMS(2, 0));
    const double nan = NOT_A_NUMBER;
    EXACTLY("prod", tp_prod(none), 1);
    EXACTLY("variance", tp_variance(none, 0), nan);
    EXACTLY("std", tp_std(none, -1), nan);
    EXACTLY("norm", tp_norm(none, 2), 0);
    EXACTLY("norm", tp_norm(none, 3), 0);
    EXACTLY("all", tp_all(none), 1);
    EXACTLY("any", tp_any(none), 0);
    EXACTLY("count", tp_count_nonzero(none), 0);
    EXACTLY("logsumexp", tp_logsumexp_axes(none, 0, NULL, false), -INF);
    EXACTLY("sum", tp_sum_axes(rows, TP_AXES(1), false), 0, 0);
    EXACTLY("mean", tp_mean_axes(rows, TP_AXES(1), true), nan, nan);
    EXACTLY("prod", tp_prod_axes(rows, TP_AXES(1), false), 1, 1);
    EXACTLY("variance", tp_variance_axes(rows, 0, TP_AXES(1), false), nan, nan);
    EXACTLY("norm", tp_norm_axes(rows, 1, TP_AXES(-1), false), 0, 0);
    EXACTLY("all", tp_all_axes(rows, TP_AXES(1), false), 1, 1);
    EXACTLY("any", tp_any_axes(rows, TP_AXES(1), false), 0, 0);
    EXACTLY("logsumexp", tp_logsumexp_axes(rows, TP_AXES(1), true), -INF, -INF);
    ck_assert_int_eq(numbers_in(tp_variance_axes(rows, 1, TP_AXES(0), false)), 0);
    ck_assert_int_eq(numbers_in(tp_argmax_axis(rows, 0, false)), 0);
    ck_assert_int_eq(numbers_in(tp_sort(rows, 1, false, NULL)), 0);
    tp_var g;
    ck_assert_int_eq(tp_gradients(tp_add(tp_prod(none), tp_variance(none, 0)), &none, 1, &g, 0), TP_OK);
    REFUSES(TP_E_SHAPE, tp_min_with_indices(rows, 1, false, NULL), "tp_min_with_indices", "(2,0)");
    REFUSES(TP_E_SHAPE, tp_argmax(none), "tp_argmax", "(0)");
    REFUSES(TP_E_SHAPE, tp_argmin_axis(rows, 1, false), "tp_argmin", "(2,0)");
    REFUSES(TP_E_SHAPE, tp_norm(none, INF), "tp_norm", "(0)");
    REFUSES(TP_E_SHAPE, tp_norm_axes(rows, -INF, TP_AXES(1), false), "tp_norm", "(2,0)");
    REFUSES(TP_E_SHAPE, tp_median(none), "tp_median", "(0)");
    REFUSES(TP_E_SHAPE, tp_median_axis(rows, 1, true, NULL), "tp_median", "(2,0)");
    REFUSES(TP_E_SHAPE, tp_topk(rows, 1, 1, true, true, NULL), "tp_topk", "(2,0)");
    tp_tape_free(tape);
}
END_TEST

START_TEST(nan_comes_through)
{
    tp_tape *tape = tp_tape_new(NULL);
    const double nan = NOT_A_NUMBER;
    EACH_FLOAT
    {
        const tp_var x = VECTOR(2, nan, 1, nan);
        EXACTLY("prod", tp_prod(x), nan);
        EXACTLY("variance", tp_variance(x, 1), nan);
        EXACTLY("std", tp_std(x, 1), nan);
        EXACTLY("median", tp_median(x), nan);
        EXACTLY("argmax", tp_argmax(x), 1);
        EXACTLY("argmin", tp_argmin_axis(x, 0, true), 1);
        EXACTLY("all", tp_all(x), 1);
        EXACTLY("count", tp_count_nonzero(x), 4);
        EXACTLY("cumsum", tp_cumsum(x, 0), 2, nan, nan, nan);
        EXACTLY("cumprod", tp_cumprod(x, 0), 2, nan, nan, nan);
        EXACTLY("logcumsumexp", tp_logcumsumexp(x, 0), 2, nan, nan, nan);
        tp_var at;
        EXACTLY("cummax", tp_cummax(x, 0, &at), 2, nan, nan, nan);
        EXACTLY("cummax", at, 0, 1, 1, 1);
        EXACTLY("sort", tp_sort(x, 0, false, &at), 1, 2, nan, nan);
        EXACTLY("sort", at, 2, 0, 1, 3);
        EXACTLY("sort", tp_sort(x, 0, true, &at), nan, nan, 2, 1);
        EXACTLY("sort", at, 1, 3, 0, 2);
        EXACTLY("median", tp_median_axis(x, 0, false, &at), nan);
        EXACTLY("median", at, 1);
        EXACTLY("min", tp_min_with_indices(x, 0, false, &at), nan);
        EXACTLY("min", at, 1);
    }
    tp_tape_free(tape);
}
END_TEST

START_TEST(running_log_sum_exp_at_infinity)
{
    tp_tape *tape = tp_tape_new(NULL);
    EACH_FLOAT
    {
        const tp_var x = VECTOR(-INF, 0, -INF, 1000), y = VECTOR(0, INF, 1, INF, -INF);
        ELEMENTS("logcumsumexp", tp_logcumsumexp(x, 0), -INF, 0, 0, 1000);
        SLOPES("logcumsumexp", tp_sum(tp_slice(tp_logcumsumexp(x, 0), 0, 1, TP_END, 1)), x, 0, 2, 0, 1);
        EXACTLY("logcumsumexp", tp_logcumsumexp(y, 0), 0, INF, INF, INF, INF);
    }
    tp_tape_free(tape);
}
END_TEST

/* ---- ties and orders ---- */

START_TEST(ties_take_the_first_or_the_last)
{
    tp_tape *tape = tp_tape_new(NULL);
    EACH_FLOAT
    {
        const tp_var x = VECTOR(1, 3, 1, 3);
        tp_var at;
        SLOPES("min", tp_min_with_indices(x, 0, false, &at), x, 1, 0, 0, 0);
        EXACTLY("min", at, 0);
        EXACTLY("argmax", tp_argmax(x), 1);
        EXACTLY("argmin", tp_argmin_axis(x, -1, false), 0);
        SLOPES("cummax", tp_sum(tp_cummax(x, 0, &at)), x, 1, 2, 0, 1);
        EXACTLY("cummax", at, 0, 1, 1, 3);
        tp_cummin(x, 0, &at);
        EXACTLY("cummin", at, 0, 0, 2, 2);
        EXACTLY("argsort", tp_argsort(x, 0, false), 0, 2, 1, 3);
        EXACTLY("argsort", tp_argsort(x, 0, true), 1, 3, 0, 2);
        EXACTLY("zeros", tp_argsort(VECTOR(0, -0., -1, 0), 0, false), 2, 0, 1, 3);
        EXACTLY("topk", tp_topk(x, 3, 0, true, true, &at), 3, 3, 1);
        EXACTLY("topk", at, 1, 3, 0);
        EXACTLY("topk", tp_topk(x, 3, 0, true, false, &at), 1, 3, 3);
        EXACTLY("topk", at, 0, 1, 3);
        SLOPES("median", tp_median_axis(x, 0, false, &at), x, 0, 0, 1, 0);
        SLOPES("norm", tp_norm(x, INF), x, 0, .5, 0, .5);
    }
    tp_tape_free(tape);
}
END_TEST

/* Long enough for the radix sort; the order and the stability of equal numbers are both checked. */
static void check_long_sort(tp_tape *tape, tp_dtype dtype, bool descending)
{
    enum { MANY = 3000 };
    static double numbers[MANY];
    tp_rng rng = tp_rng_seed(7);
    for (int i = 0; i < MANY; i++)
        numbers[i] = i % 3 ? (double)(int)tp_rng_below(&rng, 40) - 20 : ldexp(tp_rng_uniform(&rng) - .5, i % 200 - 100);
    const tp_var x = vector(tape, dtype, MANY, numbers, false);
    tp_var at;
    const tp_var y = tp_sort(x, 0, descending, &at);
    bool seen[MANY] = {false};
    for (int i = 0; i < MANY; i++) {
        const int place = (int)number_at(at, i);
        ck_assert(place >= 0 && place < MANY && !seen[place]);
        seen[place] = true;
        ck_assert_double_eq(number_at(y, i), number_at(x, place));
        if (i == 0) continue;
        const double before = number_at(y, i - 1), now = number_at(y, i);
        ck_assert(descending ? before >= now : before <= now);
        if (before == now) ck_assert_double_lt(number_at(at, i - 1), place);
    }
}

START_TEST(long_rows_are_sorted_stably)
{
    tp_tape *tape = tp_tape_new(NULL);
    EACH_FLOAT
    for (int descending = 0; descending < 2; descending++) check_long_sort(tape, dtype, descending);
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

/* ---- wrong calls ---- */

START_TEST(wrong_axes_and_numbers_are_refused)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_dtype dtype = TP_F64;
    const tp_var x = tp_reshape(VECTOR(1, 2, 3, 4, 5, 6), TP_DIMS(2, 3)), s = tp_scalar(tape, 1);
    const tp_var n = tp_argsort(x, 0, false);
    REFUSES(TP_E_INDEX, tp_prod_axes(x, TP_AXES(2), false), "tp_prod", "(2,3)");
    REFUSES(TP_E_INDEX, tp_variance_axes(x, 1, TP_AXES(0, -2), false), "tp_variance", "(2,3)");
    REFUSES(TP_E_INDEX, tp_std_axes(x, 1, 1, NULL, false), "tp_std", "(2,3)");
    REFUSES(TP_E_INDEX, tp_norm_axes(x, 2, -1, NULL, false), "tp_norm", "(2,3)");
    REFUSES(TP_E_INDEX, tp_logsumexp_axes(x, TP_AXES(5), false), "tp_logsumexp", "(2,3)");
    REFUSES(TP_E_INDEX, tp_all_axes(x, TP_AXES(-3), false), "tp_all", "(2,3)");
    REFUSES(TP_E_INDEX, tp_any_axes(s, TP_AXES(0), false), "tp_any", "()");
    REFUSES(TP_E_INDEX, tp_count_nonzero_axes(x, 9, (int64_t[9]){0}, false), "tp_count_nonzero", "(2,3)");
    REFUSES(TP_E_INDEX, tp_argmax_axis(x, 2, false), "tp_argmax", "(2,3)");
    REFUSES(TP_E_INDEX, tp_argmin_axis(s, 0, false), "tp_argmin", "()");
    REFUSES(TP_E_INDEX, tp_min_with_indices(x, -3, false, NULL), "tp_min_with_indices", "(2,3)");
    REFUSES(TP_E_INDEX, tp_cumsum(x, 2), "tp_cumsum", "(2,3)");
    REFUSES(TP_E_INDEX, tp_cumprod(s, 0), "tp_cumprod", "()");
    REFUSES(TP_E_INDEX, tp_logcumsumexp(x, -3), "tp_logcumsumexp", "(2,3)");
    REFUSES(TP_E_INDEX, tp_cummax(x, 7, NULL), "tp_cummax", "(2,3)");
    REFUSES(TP_E_INDEX, tp_cummin(s, 0, NULL), "tp_cummin", "()");
    REFUSES(TP_E_INDEX, tp_sort(x, 2, false, NULL), "tp_sort", "(2,3)");
    REFUSES(TP_E_INDEX, tp_argsort(s, 0, false), "tp_sort", "()");
    REFUSES(TP_E_INDEX, tp_median_axis(x, 2, false, NULL), "tp_median", "(2,3)");
    REFUSES(TP_E_INDEX, tp_topk(x, 4, 1, true, true, NULL), "tp_topk", "(2,3)");
    REFUSES(TP_E_INDEX, tp_topk(x, INT64_MAX, 1, true, true, NULL), "tp_topk", "(2,3)");
    REFUSES(TP_E_ARGUMENT, tp_topk(x, -1, 1, true, true, NULL), "tp_topk", "-1");
    REFUSES(TP_E_ARGUMENT, tp_norm(x, -2), "tp_norm", "-2");
    REFUSES(TP_E_ARGUMENT, tp_norm(x, NOT_A_NUMBER), "tp_norm", "nan");
    REFUSES(TP_E_DTYPE, tp_prod(n), "tp_prod", "i64 (2,3)");
    REFUSES(TP_E_DTYPE, tp_variance(n, 1), "tp_variance", "i64 (2,3)");
    REFUSES(TP_E_DTYPE, tp_norm(n, 2), "tp_norm", "i64 (2,3)");
    REFUSES(TP_E_DTYPE, tp_cumsum(n, 0), "tp_cumsum", "i64 (2,3)");
    REFUSES(TP_E_DTYPE, tp_sort(n, 0, false, NULL), "tp_sort", "i64 (2,3)");
    REFUSES(TP_E_DTYPE, tp_median(n), "tp_median", "i64 (6)");
    tp_tape_free(tape);
}
END_TEST

/* A poisoned or missing operand gives a poisoned result, and poisoned indices. */
START_TEST(poisoned_operands_pass_through)
{
    const tp_var none = {0};
    tp_var at;
    ck_assert(!tp_ok(tp_prod(none)) && !tp_ok(tp_variance(none, 1)) && !tp_ok(tp_norm(none, 2)));
    ck_assert(!tp_ok(tp_all(none)) && !tp_ok(tp_argmax(none)) && !tp_ok(tp_logsumexp_axes(none, 0, NULL, true)));
    ck_assert(!tp_ok(tp_cumsum(none, 0)) && !tp_ok(tp_median(none)) && !tp_ok(tp_argsort(none, 0, true)));
    ck_assert(!tp_ok(tp_sort(none, 0, false, &at)) && !tp_ok(at));
    ck_assert(!tp_ok(tp_topk(none, -1, 0, true, true, &at)) && !tp_ok(at));
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var bad = tp_log(tp_cumsum(tp_scalar(tape, 1), 0));
    ck_assert(!tp_ok(tp_prod(bad)) && !tp_ok(tp_std(bad, 1)) && !tp_ok(tp_argmin(bad)) && !tp_ok(tp_median(bad)));
    ck_assert(!tp_ok(tp_cummax(bad, 0, &at)) && !tp_ok(at));
    ck_assert_int_eq(tp_tape_status(tape), TP_E_INDEX);
    tp_tape_free(tape);
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
    tcase_add_test(reductions, reductions_of_an_empty_axis);
    tcase_add_test(reductions, nan_comes_through);
    tcase_add_test(reductions, running_log_sum_exp_at_infinity);
    tcase_add_test(reductions, ties_take_the_first_or_the_last);
    tcase_add_test(reductions, long_rows_are_sorted_stably);
    tcase_add_test(reductions, choices_have_gradients_at_the_highest_rank);
    tcase_add_test(reductions, results_that_are_no_floats_say_so);
    tcase_add_test(reductions, threads_do_not_change_a_result);
    tcase_add_test(reductions, wrong_axes_and_numbers_are_refused);
    tcase_add_test(reductions, poisoned_operands_pass_through);
    return reductions;
}
