/* Large logits, infinite ones, ties, and nothing to reduce. */
#include "tests/test_ops.h"

#define INF HUGE_VAL

/* ---- large logits ---- */

static void check_large_logits(tp_dtype dtype, double big)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = vector(tape, dtype, 3, (double[]){big, 0, -big}, false);
    expect_elements("softmax", tp_softmax(x, 0), 3, (double[]){1, 0, 0}, 0);
    expect_elements("log_softmax", tp_log_softmax(x, 0), 3, (double[]){0, -big, -2 * big}, 0);
    expect_elements("logsumexp", tp_logsumexp(x, 0, false), 1, &big, 0);
    const tp_var loss = tp_cross_entropy(x, tp_const(tape, 1), TP_SUM);
    expect_elements("cross_entropy", loss, 1, &big, 0);
    expect_gradient("cross_entropy", loss, x, 3, (double[]){1, -1, 0});
    expect_gradient("softmax", tp_index(tp_softmax(x, 0), TP_AXES(0)), x, 3, (double[]){0, 0, 0});
    expect_gradient("log_softmax", tp_index(tp_log_softmax(x, 0), TP_AXES(2)), x, 3, (double[]){-1, 0, 1});
    expect_gradient("logsumexp", tp_logsumexp(x, 0, false), x, 3, (double[]){1, 0, 0});
    const tp_var far = vector(tape, dtype, 3, (double[]){-big, -big, -big}, false);
    expect_elements("softmax", tp_softmax(far, 0), 3, (double[]){1. / 3, 1. / 3, 1. / 3}, 1e-6);
    expect_elements("logsumexp", tp_logsumexp(far, 0, false), 1, (double[]){log(3) - big}, 1e-6);
    tp_tape_free(tape);
}

START_TEST(softmax_family_never_overflows)
{
    for (int dtype = TP_F32; dtype <= TP_F64; dtype++) {
        check_large_logits((tp_dtype)dtype, 1000);
        check_large_logits((tp_dtype)dtype, 1e4);
        check_large_logits((tp_dtype)dtype, 0x1p100);
    }
}
END_TEST

START_TEST(softmax_family_at_infinity)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var gap = vector(tape, TP_F64, 3, (double[]){-INF, 0, 0}, false);
    expect_elements("softmax", tp_softmax(gap, 0), 3, (double[]){0, .5, .5}, 1e-15);
    expect_elements("log_softmax", tp_log_softmax(gap, 0), 3, (double[]){-INF, -log(2), -log(2)}, 1e-15);
    expect_gradient("logsumexp", tp_logsumexp(gap, 0, false), gap, 3, (double[]){0, .5, .5});
    const tp_var nothing = vector(tape, TP_F64, 2, (double[]){-INF, -INF}, false);
    expect_elements("logsumexp", tp_logsumexp(nothing, 0, false), 1, (double[]){-INF}, 0);
    tp_tape_free(tape);
}
END_TEST

START_TEST(logsumexp_with_an_infinite_element_is_infinite)
{
    tp_tape *tape = tp_tape_new(NULL);
    for (int dtype = TP_F32; dtype <= TP_F64; dtype++) {
        const tp_var x = vector(tape, (tp_dtype)dtype, 3, (double[]){INF, 0, -INF}, false);
        expect_elements("logsumexp", tp_logsumexp(x, 0, false), 1, (double[]){INF}, 0);
    }
    tp_tape_free(tape);
}
END_TEST

START_TEST(nan_in_a_row_gives_nan)
{
    tp_tape *tape = tp_tape_new(NULL);
    const double bad[] = {1, (double)NAN, 2}, nan = (double)NAN;
    for (int dtype = TP_F32; dtype <= TP_F64; dtype++) {
        const tp_var x = vector(tape, (tp_dtype)dtype, 3, bad, false);
        expect_elements("sum", tp_sum(x), 1, &nan, 0);
        expect_elements("mean", tp_mean(x), 1, &nan, 0);
        expect_elements("max", tp_max(x), 1, &nan, 0);
        expect_elements("min", tp_min(x), 1, &nan, 0);
        expect_elements("max_with_indices", tp_max_with_indices(x, 0, false, NULL), 1, &nan, 0);
        expect_elements("logsumexp", tp_logsumexp(x, 0, false), 1, &nan, 0);
        expect_elements("softmax", tp_softmax(x, 0), 3, (double[]){nan, nan, nan}, 0);
        expect_elements("log_softmax", tp_log_softmax(x, 0), 3, (double[]){nan, nan, nan}, 0);
        expect_elements("cross_entropy", tp_cross_entropy(x, tp_const(tape, 0), TP_SUM), 1, &nan, 0);
        expect_elements("mse", tp_mse(x, tp_exp(x), TP_MEAN), 1, &nan, 0);
    }
    tp_tape_free(tape);
}
END_TEST

/* ---- ties, and nothing ---- */

START_TEST(ties_split_the_gradient_equally)
{
    tp_tape *tape = tp_tape_new(NULL);
    for (int dtype = TP_F32; dtype <= TP_F64; dtype++) {
        const tp_var x = vector(tape, (tp_dtype)dtype, 4, (double[]){2, 1, 2, 1}, false);
        expect_gradient("max", tp_max(x), x, 4, (double[]){.5, 0, .5, 0});
        expect_gradient("min", tp_min(x), x, 4, (double[]){0, .5, 0, .5});
        const tp_var square = tp_reshape(x, TP_DIMS(2, 2));
        expect_gradient("max of columns", tp_sum(tp_max_axes(square, TP_AXES(0), false)), x, 4,
                        (double[]){.5, .5, .5, .5});
        expect_gradient("max of rows", tp_sum(tp_max_axes(square, TP_AXES(1), true)), x, 4, (double[]){1, 0, 1, 0});
        expect_gradient("maximum of one with itself", tp_sum(tp_maximum(x, x)), x, 4, (double[]){1, 1, 1, 1});
    }
    tp_tape_free(tape);
}
END_TEST

START_TEST(reductions_of_nothing)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var none = vector(tape, TP_F64, 0, &(double){0}, false);
    ck_assert_double_eq(tp_item(tp_sum(none)), 0);
    ck_assert_double_nan(tp_item(tp_mean(none)));
    ck_assert_int_eq(tp_tape_status(tape), TP_OK);
    ck_assert(!tp_ok(tp_max(none)));
    ck_assert_int_eq(tp_tape_status(tape), TP_E_SHAPE);
    tp_tape_clear_error(tape);
    ck_assert(!tp_ok(tp_min(none)));
    ck_assert_int_eq(tp_tape_status(tape), TP_E_SHAPE);
    tp_tape_clear_error(tape);
    ck_assert(!tp_ok(tp_max_with_indices(none, 0, false, NULL)));
    ck_assert_int_eq(tp_tape_status(tape), TP_E_SHAPE);
    tp_tape_free(tape);
}
END_TEST

TCase *extremes_case(void)
{
    TCase *extremes = tcase_create("extremes");
    tcase_add_test(extremes, softmax_family_never_overflows);
    tcase_add_test(extremes, softmax_family_at_infinity);
    tcase_add_test(extremes, logsumexp_with_an_infinite_element_is_infinite);
    tcase_add_test(extremes, nan_in_a_row_gives_nan);
    tcase_add_test(extremes, ties_split_the_gradient_equally);
    tcase_add_test(extremes, reductions_of_nothing);
    return extremes;
}
