/* Normalisations at their edges: no variance, nothing at all, running statistics, wrong calls. */
#include "tests/test_ops.h"

#include "tests/tape_fixture.h"

static tp_var leaf_with(tp_dtype dtype, int rank, const int64_t *dims, const double *numbers)
{
    tp_tensor *wide = tp_tensor_from(TP_F64, rank, dims, numbers), *tensor = tp_tensor_new(dtype, rank, dims);
    ck_assert(wide && tensor);
    ck_assert_int_eq(tp_tensor_copy(tensor, wide, NULL), TP_OK);
    const tp_var x = tp_leaf(tape, tensor);
    tp_tensor_release(wide);
    tp_tensor_release(tensor);
    return x;
}

#define NONE tp_none()

/* ---- no variance ---- */

START_TEST(no_variance_and_no_eps_is_not_a_number)
{
    const double nan4[] = {NOT_A_NUMBER, NOT_A_NUMBER, NOT_A_NUMBER, NOT_A_NUMBER};
    for (int dtype = TP_F32; dtype <= TP_F64; dtype++) {
        const tp_var x = leaf_with((tp_dtype)dtype, TP_DIMS(1, 4), (double[]){3, 3, 3, 3});
        const tp_var zeros = leaf_with((tp_dtype)dtype, TP_DIMS(1, 4), (double[]){0, 0, 0, 0});
        const tp_var column = tp_reshape(x, TP_DIMS(4, 1));
        expect_elements("layer_norm", tp_layer_norm(x, 1, NONE, NONE, 0), 4, nan4, 0);
        expect_elements("rms_norm", tp_rms_norm(zeros, 1, NONE, 0), 4, nan4, 0);
        expect_elements("batch_norm", tp_batch_norm(column, NONE, NONE, NULL, NULL, 0, 0), 4, nan4, 0);
        expect_elements("layer_norm", tp_layer_norm(x, 1, NONE, NONE, 1), 4, (double[]){0, 0, 0, 0}, 0);
    }
}
END_TEST

/* Two rows, the second without variance: it is not used, and gives 0. */
START_TEST(row_without_an_upstream_gives_zero)
{
    const tp_var x = leaf_with(TP_F64, TP_DIMS(2, 2), (double[]){-1, 1, 3, 3});
    const tp_var y = tp_layer_norm(x, 1, NONE, NONE, 0);
    expect_gradient("layer_norm", tp_index(y, TP_AXES(0, 0)), x, 4, (double[]){0, 0, 0, 0});
    const tp_var pair = leaf_with(TP_F64, TP_DIMS(2, 2), (double[]){3, -1, 3, 1});
    const tp_var z = tp_batch_norm(pair, NONE, NONE, NULL, NULL, .1, 0);
    expect_gradient("batch_norm", tp_index(z, TP_AXES(1, 1)), pair, 4, (double[]){0, 0, 0, 0});
}
END_TEST

START_TEST(infinity_and_nan_spoil_their_own_row_only)
{
    const tp_var x = leaf_with(TP_F64, TP_DIMS(3, 2), (double[]){HUGE_VAL, 1, NOT_A_NUMBER, 2, -2, 2});
    const double nan = NOT_A_NUMBER;
    expect_elements("layer_norm", tp_layer_norm(x, 1, NONE, NONE, 0), 6, (double[]){nan, nan, nan, nan, -1, 1}, 0);
    expect_elements("rms_norm", tp_rms_norm(x, 1, NONE, 0), 6, (double[]){nan, 0, nan, nan, -1, 1}, 0);
}
END_TEST

/* ---- large means, long runs ---- */

START_TEST(large_mean_costs_no_more_than_its_rounding)
{
    const tp_var x = leaf_with(TP_F32, TP_DIMS(1, 4), (double[]){65536, 65537, 65538, 65539});
    const double root = sqrt(1.25);
    expect_elements("layer_norm", tp_layer_norm(x, 1, NONE, NONE, 0), 4,
                    (double[]){-1.5 / root, -.5 / root, .5 / root, 1.5 / root}, 1e-6);
}
END_TEST

/* f32 sums over runs of a million elements hold what f64 ones do. */
START_TEST(long_runs_lose_nothing_in_f32)
{
    enum { LENGTH = 1000003 };
    tp_tensor *narrow = tp_tensor_new(TP_F32, TP_DIMS(1, LENGTH)), *wide = tp_tensor_new(TP_F64, TP_DIMS(1, LENGTH));
    float *f = tp_tensor_data(narrow);
    double *d = tp_tensor_data(wide);
    tp_rng rng = tp_rng_seed(5);
    for (int i = 0; i < LENGTH; i++) {
        f[i] = (float)(1 + tp_rng_uniform(&rng));
        d[i] = (double)f[i];
    }
    const tp_var a = tp_layer_norm(tp_leaf(tape, narrow), 1, NONE, NONE, 1e-5);
    const tp_var b = tp_layer_norm(tp_leaf(tape, wide), 1, NONE, NONE, 1e-5);
    const char *difference = difference_of(b, tp_cast(a, TP_F64), 2e-6);
    ck_assert_msg(!*difference, "%s", difference);
    tp_tensor_release(narrow);
    tp_tensor_release(wide);
}
END_TEST

/* ---- running statistics ---- */

static void expect_running(const tp_tensor *t, double a, double b)
{
    ck_assert_double_eq_tol(tp_tensor_item(t, 0), a, 1e-6);
    ck_assert_double_eq_tol(tp_tensor_item(t, 1), b, 1e-6);
}

/* mean (2, 4), unbiased variance (1, 4) */
static const double batch[] = {1, 2, 2, 4, 3, 6};

START_TEST(running_statistics_move_once)
{
    for (int dtype = TP_F32; dtype <= TP_F64; dtype++) {
        tp_tensor *mean = tp_tensor_from((tp_dtype)dtype, TP_DIMS(2),
                                         dtype == TP_F32 ? (void *)(float[]){0, 10} : (void *)(double[]){0, 10});
        tp_tensor *variance = tp_tensor_from(TP_F64, TP_DIMS(2), (double[]){1, 2});
        const tp_var x = leaf_with(TP_F64, TP_DIMS(3, 2), batch);
        const uint64_t version = tp_tensor_version(mean);
        tp_batch_norm(x, NONE, NONE, mean, variance, .25, 0);
        ck_assert_int_eq(tp_tape_status(tape), TP_OK);
        ck_assert(tp_tensor_version(mean) != version);
        expect_running(mean, .5, 8.5);
        expect_running(variance, 1, 2.5);
        ck_assert_int_eq(tp_replay(tape, 0), TP_OK);
        ck_assert_int_eq(tp_replay(tape, 0), TP_OK);
        expect_running(mean, .5, 8.5);
        tp_batch_norm(x, NONE, NONE, mean, NULL, 1, 0);
        tp_batch_norm(x, NONE, NONE, NULL, variance, 1, 0);
        expect_running(mean, 2, 4);
        expect_running(variance, 1, 4);
        tp_tape_reset(tape);
        tp_tensor_release(mean);
        tp_tensor_release(variance);
    }
}
END_TEST

/* What evaluation used must not move before the walk back. */
START_TEST(evaluation_notices_that_its_statistics_moved)
{
    tp_tensor *mean = tp_tensor_from(TP_F64, TP_DIMS(2), (double[]){0, 10});
    tp_tensor *variance = tp_tensor_from(TP_F64, TP_DIMS(2), (double[]){1, 2});
    const tp_var x = leaf_with(TP_F64, TP_DIMS(3, 2), batch);
    const tp_var y = tp_batch_norm_fixed(x, tp_data(tape, mean), tp_data(tape, variance), NONE, NONE, 0);
    tp_batch_norm(x, NONE, NONE, mean, variance, .25, 0);
    ck_assert_int_eq(tp_backward(tp_sum(y)), TP_E_CHANGED);
    tp_tape_reset(tape);
    tp_tensor_release(mean);
    tp_tensor_release(variance);
}
END_TEST

/* ---- wrong calls ---- */

START_TEST(wrong_normalisations_are_refused)
{
    const tp_var x = leaf_with(TP_F64, TP_DIMS(2, 3), (double[]){1, 2, 3, 4, 5, 6});
    const tp_var v3 = leaf_with(TP_F64, TP_DIMS(3), (double[]){1, 2, 3}), v2 = tp_slice(v3, 0, 0, 2, 1);
    const tp_var f3 = leaf_with(TP_F32, TP_DIMS(3), (double[]){1, 2, 3}), s = tp_scalar(tape, 1);
    REFUSES(TP_E_SHAPE, tp_layer_norm(x, 1, v2, NONE, 0), "tp_layer_norm: gain (2) does not fit x (2,3): needs (3)");
    REFUSES(TP_E_SHAPE, tp_layer_norm(x, 2, v3, NONE, 0), "tp_layer_norm: gain (3) does not fit x (2,3): needs (2,3)");
    REFUSES(TP_E_SHAPE, tp_layer_norm(x, 1, v3, v2, 0), "tp_layer_norm: bias (2) does not fit x (2,3)");
    REFUSES(TP_E_SHAPE, tp_layer_norm(x, 1, s, NONE, 0), "tp_layer_norm: gain () does not fit");
    REFUSES(TP_E_ARGUMENT, tp_layer_norm(x, 0, v3, NONE, 0),
            "tp_layer_norm: cannot normalise over the last 0 dims of x (2,3)");
    REFUSES(TP_E_ARGUMENT, tp_layer_norm(x, 3, v3, NONE, 0), "tp_layer_norm: cannot normalise over the last 3 dims");
    REFUSES(TP_E_ARGUMENT, tp_layer_norm(x, -1, v3, NONE, 0), "tp_layer_norm: cannot normalise over the last -1 dims");
    REFUSES(TP_E_DTYPE, tp_layer_norm(x, 1, f3, NONE, 0),
            "tp_layer_norm: dtypes differ: operand 0 is f64, operand 1 f32");
    REFUSES(TP_E_ARGUMENT, tp_layer_norm(x, 1, v3, NONE, -1), "tp_layer_norm: eps is -1");
    REFUSES(TP_E_ARGUMENT, tp_layer_norm(x, 1, v3, NONE, NOT_A_NUMBER), "tp_layer_norm: eps is");
    REFUSES(TP_E_ARGUMENT, tp_layer_norm(x, 1, v3, NONE, HUGE_VAL), "tp_layer_norm: eps is inf");
    REFUSES(TP_E_SHAPE, tp_layer_norm(s, 1, NONE, NONE, 0), "tp_layer_norm: x () has fewer than 1 dims");
    REFUSES(TP_E_SHAPE, tp_rms_norm(x, 1, v2, 0), "tp_rms_norm: gain (2) does not fit x (2,3)");
    REFUSES(TP_E_ARGUMENT, tp_group_norm(x, 2, NONE, NONE, 0),
            "tp_group_norm: 2 groups do not divide the channels of x (2,3)");
    REFUSES(TP_E_ARGUMENT, tp_group_norm(x, 0, NONE, NONE, 0), "tp_group_norm: 0 groups");
    REFUSES(TP_E_SHAPE, tp_group_norm(v3, 1, NONE, NONE, 0), "tp_group_norm: x (3) has fewer than 2 dims");
    REFUSES(TP_E_SHAPE, tp_instance_norm(v3, NONE, NONE, 0), "tp_instance_norm: x (3) has fewer than 2 dims");
    REFUSES(TP_E_SHAPE, tp_batch_norm_fixed(x, v2, v3, NONE, NONE, 0),
            "tp_batch_norm_fixed: mean (2) does not fit x (2,3)");
    REFUSES(TP_E_SHAPE, tp_batch_norm_fixed(x, v3, v2, NONE, NONE, 0),
            "tp_batch_norm_fixed: variance (2) does not fit");
    REFUSES(TP_E_ARGUMENT, tp_batch_norm_fixed(x, NONE, v3, NONE, NONE, 0),
            "tp_batch_norm_fixed: operand 1 is no handle");
    REFUSES(TP_E_SHAPE, tp_local_response_norm(v3, 3, 1, 1, 1), "tp_local_response_norm: x (3) has fewer than 2 dims");
    REFUSES(TP_E_ARGUMENT, tp_local_response_norm(x, 0, 1, 1, 1), "tp_local_response_norm: size 0");
    REFUSES(TP_E_ARGUMENT, tp_local_response_norm(x, 1, NOT_A_NUMBER, 1, 1), "tp_local_response_norm: size 1");
    ck_assert(tp_ok(tp_local_response_norm(x, INT64_MAX, 1, 1, 1)));
}
END_TEST

START_TEST(wrong_batch_norms_are_refused)
{
    tp_tensor *three = tp_tensor_new(TP_F64, TP_DIMS(3)), *two = tp_tensor_new(TP_F64, TP_DIMS(2));
    tp_tensor *whole = tp_tensor_new(TP_I64, TP_DIMS(3)), *nothing = tp_tensor_new(TP_F64, TP_DIMS(0, 3));
    const tp_var x = leaf_with(TP_F64, TP_DIMS(2, 3), (double[]){1, 2, 3, 4, 5, 6}), row = tp_slice(x, 0, 0, 1, 1);
    const tp_var empty = tp_leaf(tape, nothing);
    REFUSES(TP_E_SHAPE, tp_batch_norm(x, NONE, NONE, two, NULL, .1, 0),
            "tp_batch_norm: the running mean (2) does not fit x (2,3)");
    REFUSES(TP_E_SHAPE, tp_batch_norm(x, NONE, NONE, three, two, .1, 0), "tp_batch_norm: the running variance (2)");
    REFUSES(TP_E_DTYPE, tp_batch_norm(x, NONE, NONE, whole, NULL, .1, 0), "tp_batch_norm: the running mean is i64");
    REFUSES(TP_E_ARGUMENT, tp_batch_norm(x, NONE, NONE, three, NULL, 2, 0),
            "tp_batch_norm: momentum 2 is not in [0, 1]");
    REFUSES(TP_E_ARGUMENT, tp_batch_norm(x, NONE, NONE, three, NULL, NOT_A_NUMBER, 0), "tp_batch_norm: momentum");
    REFUSES(TP_E_SHAPE, tp_batch_norm(row, NONE, NONE, NULL, three, .1, 0),
            "tp_batch_norm: one value a channel has no unbiased variance: x (1,3)");
    REFUSES(TP_E_SHAPE, tp_batch_norm(empty, NONE, NONE, NULL, NULL, .1, 0),
            "tp_batch_norm: an empty batch has no statistics: x (0,3)");
    REFUSES(TP_E_ARGUMENT, tp_batch_norm(x, NONE, NONE, (tp_tensor *)tp_value(row), NULL, .1, 0), "belongs to a tape");
    for (int i = 0; i < 3; i++) ck_assert_double_eq(tp_tensor_item(three, i), 0); /* nothing was written */
    tp_tensor_release(three);
    tp_tensor_release(two);
    tp_tensor_release(whole);
    tp_tensor_release(nothing);
}
END_TEST

TCase *norm_case(void)
{
    TCase *test = tcase_create("norm");
    tcase_add_checked_fixture(test, setup, teardown);
    tcase_add_test(test, no_variance_and_no_eps_is_not_a_number);
    tcase_add_test(test, row_without_an_upstream_gives_zero);
    tcase_add_test(test, infinity_and_nan_spoil_their_own_row_only);
    tcase_add_test(test, large_mean_costs_no_more_than_its_rounding);
    tcase_add_test(test, long_runs_lose_nothing_in_f32);
    tcase_add_test(test, running_statistics_move_once);
    tcase_add_test(test, evaluation_notices_that_its_statistics_moved);
    tcase_add_test(test, wrong_normalisations_are_refused);
    tcase_add_test(test, wrong_batch_norms_are_refused);
    return test;
}
