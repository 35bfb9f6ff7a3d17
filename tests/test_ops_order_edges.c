/* Reductions, running results and orders of nothing, NaN and ties, and every way to call them wrongly. */
#include "tests/test_ops_reduce.h"

#include <stdlib.h>

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

/* The place by the loop over blocks is the one that is found element by element: of ties, NaN, infinities, at every
   length around a block. */
START_TEST(long_rows_take_the_first_extreme)
{
    static const double odd[] = {7, NOT_A_NUMBER, HUGE_VAL, -HUGE_VAL};
    tp_tape *tape = tp_tape_new(NULL);
    for (int64_t n = 1; n < 100; n += n < 70 ? 1 : 9)
        for (int kind = 0; kind < 4; kind++) {
            double x[100];
            for (int64_t i = 0; i < n; i++) x[i] = (double)(i * 37 % 11);
            x[n / 2] = odd[kind], x[n - 1] = odd[kind];
            int64_t high = 0, low = 0;
            for (int64_t i = 1; i < n; i++) {
                if (!isnan(x[high]) && (isnan(x[i]) || x[i] > x[high])) high = i;
                if (!isnan(x[low]) && (isnan(x[i]) || x[i] < x[low])) low = i;
            }
            tp_tensor *row = tp_tensor_from(TP_F64, TP_DIMS(1, n), x);
            const tp_var wide = tp_data(tape, row), narrow = tp_cast(wide, TP_F32);
            tp_var at;
            ck_assert_int_eq((int64_t)tp_item(tp_argmax(wide)), high);
            ck_assert_int_eq((int64_t)tp_item(tp_argmax_axis(narrow, 1, false)), high);
            ck_assert_int_eq((int64_t)tp_item(tp_argmin_axis(wide, 1, false)), low);
            tp_min_with_indices(narrow, 1, true, &at);
            ck_assert_int_eq((int64_t)tp_item(at), low);
            tp_tensor_release(row);
        }
    tp_tape_free(tape);
}
END_TEST

/* Against the sums one by one, at sizes around a block; what is not finite is not near. */
START_TEST(the_nearest_is_the_first_of_the_least)
{
    enum { POINTS = 70, ROWS = 9, DIMS = 5 };
    double x[POINTS * DIMS], table[ROWS * DIMS];
    tp_rng rng = tp_rng_seed(3);
    for (int i = 0; i < POINTS * DIMS; i++) x[i] = floor(4 * tp_rng_uniform(&rng));
    for (int i = 0; i < ROWS * DIMS; i++) table[i] = floor(4 * tp_rng_uniform(&rng));
    table[2 * DIMS] = NOT_A_NUMBER, table[3 * DIMS + 1] = HUGE_VAL;
    for (int l = 0; l < DIMS; l++) table[7 * DIMS + l] = table[DIMS + l];
    x[4 * DIMS] = NOT_A_NUMBER;
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *all = tp_tensor_from(TP_F64, TP_DIMS(ROWS, DIMS), table);
    for (int64_t n = 1; n <= POINTS; n += 3) {
        tp_tensor *points = tp_tensor_from(TP_F64, TP_DIMS(n, DIMS), x);
        const tp_var wide[2] = {tp_data(tape, points), tp_data(tape, all)};
        const tp_var place = tp_nearest(wide[0], wide[1]);
        const tp_var narrow = tp_nearest(tp_cast(wide[0], TP_F32), tp_cast(wide[1], TP_F32));
        for (int64_t i = 0; i < n; i++) {
            double least = HUGE_VAL;
            int64_t wanted = 0;
            for (int64_t j = 0; j < ROWS; j++) {
                double sum = 0;
                for (int l = 0; l < DIMS; l++) sum += pow(x[i * DIMS + l] - table[j * DIMS + l], 2);
                if (sum < least) least = sum, wanted = j;
            }
            ck_assert_int_eq((int64_t)tp_tensor_item(tp_value(place), i), wanted);
            ck_assert_int_eq((int64_t)tp_tensor_item(tp_value(narrow), i), wanted);
        }
        tp_tensor_release(points);
    }
    tp_tensor_release(all);
    const tp_var some = tp_zeros(tape, TP_F64, TP_DIMS(2, 3)), none = tp_zeros(tape, TP_F64, TP_DIMS(0, 3));
    REFUSES(TP_E_SHAPE, tp_nearest(some, none), "tp_nearest", "(0,3)");
    REFUSES(TP_E_SHAPE, tp_nearest(some, tp_zeros(tape, TP_F64, TP_DIMS(3, 2))), "tp_nearest", "(3,2)");
    REFUSES(TP_E_SHAPE, tp_nearest(tp_const(tape, 1), some), "tp_nearest", "(2,3)");
    REFUSES(TP_E_DTYPE, tp_nearest(some, tp_zeros(tape, TP_F32, TP_DIMS(2, 3))), "tp_nearest", "f32");
    tp_tape_free(tape);
}
END_TEST

TCase *orders_case(void)
{
    TCase *orders = tcase_create("orders");
    tcase_add_test(orders, reductions_of_an_empty_axis);
    tcase_add_test(orders, nan_comes_through);
    tcase_add_test(orders, running_log_sum_exp_at_infinity);
    tcase_add_test(orders, ties_take_the_first_or_the_last);
    tcase_add_test(orders, long_rows_are_sorted_stably);
    tcase_add_test(orders, long_rows_take_the_first_extreme);
    tcase_add_test(orders, the_nearest_is_the_first_of_the_least);
    tcase_add_test(orders, wrong_axes_and_numbers_are_refused);
    tcase_add_test(orders, poisoned_operands_pass_through);
    return orders;
}
