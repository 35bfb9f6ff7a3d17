/* Edge cases: products, variances, norms, order. */
#include "tests/test_edges.h"

static void second_order(tp_var y, tp_var x)
{
    tp_error error = {0};
    ck_assert_msg(tp_gradgradcheck(y, &x, 1, NULL, &error) == TP_OK, "%s", error.message);
}

void edge_prod_zeros(tp_tape *tape)
{
    const tp_var one = VECTOR(2, 0, 3), two = VECTOR(0, 5, 0);
    HOLDS(tp_prod(NO_NUMBERS), 1);
    SLOPE(tp_prod(one), one, 0, 6, 0);
    SLOPE(tp_prod(two), two, 0, 0, 0);
    second_order(tp_prod(one), one);
    second_order(tp_prod(two), two);
    HOLDS(tp_cumprod(one, 0), 2, 0, 0);
    SLOPE(tp_cumprod(one, 0), one, 1, 2 + 2 * 3, 0);
    second_order(tp_cumprod(two, 0), two);
}

void edge_variance_few(tp_tape *tape)
{
    HOLDS(tp_variance(VECTOR(3), 1), NOT_A_NUMBER);
    HOLDS(tp_std(VECTOR(3), 1), NOT_A_NUMBER);
    HOLDS(tp_variance(NO_NUMBERS, 0), NOT_A_NUMBER);
    HOLDS(tp_variance(VECTOR(3), 0), 0);
}

void edge_std_equal(tp_tape *tape)
{
    const tp_var x = VECTOR(.1, .1, .1);
    HOLDS(tp_std(x, 1), 0);
    SLOPE(tp_std(x, 1), x, 0, 0, 0);
}

void edge_norm_zero(tp_tape *tape)
{
    const tp_var x = VECTOR(0, 0);
    const double p[] = {.5, 1, 2, 3, INF};
    for (int i = 0; i < COUNT(p); i++) {
        HOLDS(tp_norm(x, p[i]), 0);
        SLOPE(tp_norm(x, p[i]), x, 0, 0);
    }
}

void edge_norm_infinite(tp_tape *tape)
{
    const tp_var x = VECTOR(-3, 3, 1);
    SLOPE(tp_norm(x, INF), x, -.5, .5, 0);
    HOLDS(tp_norm(VECTOR(3e300, 4e300), 2), 5e300);
}

void edge_all_of_nothing(tp_tape *tape)
{
    HOLDS(tp_all(NO_NUMBERS), 1);
    HOLDS(tp_any(NO_NUMBERS), 0);
    HOLDS(tp_count_nonzero(NO_NUMBERS), 0);
    HOLDS(tp_any(VECTOR(0, NOT_A_NUMBER)), 1);
}

void edge_argmax_tie(tp_tape *tape)
{
    HOLDS(tp_argmax(VECTOR(1, 3, 3)), 1);
    HOLDS(tp_argmin(VECTOR(2, 1, 1)), 1);
    HOLDS(tp_argmax(VECTOR(1, NOT_A_NUMBER, 9, NOT_A_NUMBER)), 1);
}

void edge_cummax_tie(tp_tape *tape)
{
    const tp_var x = VECTOR(1, 3, 3, 2);
    tp_var where;
    HOLDS(tp_cummax(x, 0, &where), 1, 3, 3, 3);
    HOLDS(where, 0, 1, 2, 2);
    SLOPE(tp_cummax(x, 0, NULL), x, 1, 1, 2, 0);
}

void edge_sort_nan(tp_tape *tape)
{
    const tp_var x = VECTOR(2, NOT_A_NUMBER, 1, 2);
    tp_var where;
    HOLDS(tp_sort(x, 0, false, &where), 1, 2, 2, NOT_A_NUMBER);
    HOLDS(where, 2, 0, 3, 1);
    HOLDS(tp_sort(x, 0, true, &where), NOT_A_NUMBER, 2, 2, 1);
    HOLDS(where, 1, 0, 3, 2);
}

void edge_topk_too_many(tp_tape *tape)
{
    REFUSED(tp_topk(VECTOR(1, 2), 3, 0, true, true, NULL), TP_E_INDEX);
    ck_assert_int_eq(numbers_in(tp_topk(VECTOR(1, 2), 0, 0, true, true, NULL)), 0);
}

void edge_median_even(tp_tape *tape)
{
    const tp_var x = VECTOR(4, 1, 3, 2);
    HOLDS(tp_median(x), 2);
    SLOPE(tp_median(x), x, 0, 0, 0, 1);
    HOLDS(tp_median(VECTOR(1, NOT_A_NUMBER)), NOT_A_NUMBER);
    REFUSED(tp_median(NO_NUMBERS), TP_E_SHAPE);
}
