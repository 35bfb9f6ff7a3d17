/* Clipping by norm and by value, accumulation over several backward passes. */
#include "tests/test_layers.h"

static tp_tensor *pair[2];
static tp_tape *tape;

static void setup(void)
{
    pair[0] = F64(TP_DIMS(3), 1, 2, 3);
    pair[1] = F32(TP_DIMS(2), 4, 5);
    tape = tp_tape_new(NULL);
}

static void teardown(void)
{
    tp_tensor_release(pair[0]), tp_tensor_release(pair[1]);
    tp_tape_free(tape);
}

static void give(const double *a, const double *b)
{
    give_gradient(tape, pair[0], a);
    give_gradient(tape, pair[1], b);
}

static double gradient(int which, int64_t i)
{
    return tp_tensor_item(tp_tensor_grad(pair[which]), i);
}

/* torch.nn.utils.clip_grad_norm_: of (3, -4, 0) and (12, 0) the norms are 13, 19 and 12. */
START_TEST(norms_are_clipped)
{
    static const struct {
        double power, norm;
    } rows[] = {{0, 13}, {1, 19}, {HUGE_VAL, 12}, {3, 12.207054953820636}};
    const tp_clip_options options = {.power = rows[_i].power};
    tp_error error = {0};
    give(NUMBERS(3, -4, 0), NUMBERS(12, 0));
    EXPECT_NEAR(tp_gradient_norm(pair, 2, &options, &error), rows[_i].norm, 1e-8);
    EXPECT_NEAR(tp_clip_gradient_norm(pair, 2, 20, &options, &error), rows[_i].norm, 1e-8);
    ck_assert_double_eq(gradient(0, 1), -4);
    EXPECT_NEAR(tp_clip_gradient_norm(pair, 2, 2, &options, &error), rows[_i].norm, 1e-8);
    const double factor = 2 / (rows[_i].norm + 1e-6);
    EXPECT_NEAR(gradient(0, 0), 3 * factor, 1e-8);
    EXPECT_NEAR(gradient(0, 1), -4 * factor, 1e-8);
    EXPECT_NEAR(gradient(1, 0), 12 * factor, 1e-6);
    EXPECT_NEAR(tp_gradient_norm(pair, 2, &options, &error), 2, 1e-6);
    EXPECT_STATUS(error.status, TP_OK);
}
END_TEST

START_TEST(parameters_without_gradient_are_passed_over)
{
    give_gradient(tape, pair[1], NUMBERS(3, 4));
    EXPECT_NEAR(tp_clip_gradient_norm(pair, 2, 1, NULL, NULL), 5, 1e-12);
    ck_assert_ptr_null(tp_tensor_grad(pair[0]));
    EXPECT_NEAR(gradient(1, 1), 0.8, 1e-6);
    ck_assert_double_eq(tp_clip_gradient_norm(NULL, 0, 1, NULL, NULL), 0);
}
END_TEST

START_TEST(huge_gradients_have_a_norm)
{
    give(NUMBERS(3e200, 4e200, 0), NUMBERS(0, 0));
    EXPECT_NEAR(tp_clip_gradient_norm(pair, 2, 1, NULL, NULL) / 5e200, 1, 1e-12);
    EXPECT_NEAR(gradient(0, 1), 0.8, 1e-12);
}
END_TEST

START_TEST(nonfinite_norms_are_an_error_where_asked)
{
    const tp_clip_options strict = {.error_nonfinite = true};
    tp_error error = {0};
    give(NUMBERS(1, (double)INFINITY, 2), NUMBERS(1, 1));
    ck_assert(isnan(tp_clip_gradient_norm(pair, 2, 1, &strict, &error)));
    EXPECT_STATUS(error.status, TP_E_NUMERIC);
    ck_assert_str_eq(error.message, "tp_clip_gradient_norm: the norm of the gradients is inf");
    ck_assert_double_eq(gradient(0, 0), 1);
    ck_assert(isinf(tp_clip_gradient_norm(pair, 2, 1, NULL, NULL)));
    ck_assert_double_eq(gradient(0, 0), 0);
    give(NUMBERS(1, (double)NAN, 2), NUMBERS(1, 1));
    ck_assert(isnan(tp_clip_gradient_norm(pair, 2, 1, NULL, NULL)));
    ck_assert(isnan(gradient(1, 0)));
}
END_TEST

START_TEST(values_are_clipped)
{
    give(NUMBERS(3, -4, (double)NAN), NUMBERS(0.25, -7));
    EXPECT_STATUS(tp_clip_gradient_value(pair, 2, 0.5, NULL), TP_OK);
    ck_assert_double_eq(gradient(0, 0), 0.5);
    ck_assert_double_eq(gradient(0, 1), -0.5);
    ck_assert(isnan(gradient(0, 2)));
    ck_assert_double_eq(gradient(1, 0), 0.25);
    ck_assert_double_eq(gradient(1, 1), -0.5);
}
END_TEST

START_TEST(wrong_calls_are_refused)
{
    tp_error error = {0};
    tp_tensor *with_null[] = {pair[0], NULL};
    ck_assert(isnan(tp_clip_gradient_norm(pair, 2, -1, NULL, &error)));
    ck_assert_str_eq(error.message, "tp_clip_gradient_norm: limit is -1, which is not 0 or above");
    ck_assert(isnan(tp_clip_gradient_norm(with_null, 2, 1, NULL, &error)));
    ck_assert_str_eq(error.message, "tp_clip_gradient_norm: parameter 1 is NULL");
    ck_assert(isnan(tp_gradient_norm(NULL, 2, NULL, &error)));
    ck_assert(isnan(tp_gradient_norm(pair, 2, &(tp_clip_options){.power = -1}, &error)));
    ck_assert_str_eq(error.message, "tp_gradient_norm: power is -1, which is not above 0");
    EXPECT_STATUS(tp_clip_gradient_value(pair, 2, (double)NAN, &error), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_clip_gradient_value(NULL, 2, 1, &error), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_scale_gradients(NULL, 1, 1, &error), TP_E_ARGUMENT);
}
END_TEST

/* The gradient of the mean of (x w)^2 over four rows, all at once and by two halves. */
static void pass(tp_tensor *w, int64_t from, int64_t to, double share)
{
    tp_tensor *x = random_tensor(TP_F64, TP_DIMS(4, 3), 7, -1, 1), *part = tp_tensor_slice(x, 0, from, to, 1, NULL);
    tp_tape_reset(tape);
    const tp_var y = tp_matmul(tp_data(tape, part), tp_reshape(tp_param(tape, w), TP_DIMS(3, 1)));
    EXPECT_STATUS(tp_backward(tp_muls(tp_mean(tp_square(y)), share)), TP_OK);
    tp_tensor_release(part), tp_tensor_release(x);
}

START_TEST(accumulated_passes_are_one_large_batch)
{
    tp_tensor *w[3];
    for (int k = 0; k < 3; k++) {
        w[k] = F64(TP_DIMS(3), 1, -2, 0.5);
        tp_optim *optim = tp_adam(&(tp_adam_options){.rate = 0.1}, NULL);
        tp_optim_add(optim, w[k], NULL);
        for (int step = 0; step < 3; step++) {
            if (k == 0) pass(w[k], 0, 4, 1);
            for (int64_t half = 0; k > 0 && half < 2; half++) pass(w[k], 2 * half, 2 * half + 2, k == 1 ? 0.5 : 1);
            if (k == 2) EXPECT_STATUS(tp_scale_gradients(&w[k], 1, 0.5, NULL), TP_OK);
            tp_optim_step(optim);
            tp_optim_clear_grads(optim);
        }
        tp_optim_free(optim);
    }
    expect_same(w[1], w[0], 1e-14);
    expect_same(w[2], w[0], 1e-14);
    for (int k = 0; k < 3; k++) tp_tensor_release(w[k]);
}
END_TEST

TCase *optim_gradients_case(void)
{
    TCase *tcase = tcase_create("gradients");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, norms_are_clipped, 0, 4);
    tcase_add_test(tcase, parameters_without_gradient_are_passed_over);
    tcase_add_test(tcase, huge_gradients_have_a_norm);
    tcase_add_test(tcase, nonfinite_norms_are_an_error_where_asked);
    tcase_add_test(tcase, values_are_clipped);
    tcase_add_test(tcase, wrong_calls_are_refused);
    tcase_add_test(tcase, accumulated_passes_are_one_large_batch);
    return tcase;
}
