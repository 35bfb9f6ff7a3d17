/* Averages of weights, and early stopping. */
#include "tests/test_layers.h"

enum { N = 40, UPDATES = 7 };

static void move(tp_tensor *w, int k)
{
    for (int i = 0; i < N; i++) {
        if (tp_tensor_dtype(w) == TP_F64)
            ((double *)tp_tensor_data(w))[i] = sin(i + 3 * k);
        else
            ((float *)tp_tensor_data(w))[i] = (float)sin(i + 3 * k);
    }
}

START_TEST(averages_are_those_of_plain_loops)
{
    const double decay = _i ? 0.9 : 0;
    tp_tensor *w[2] = {tp_tensor_new(TP_F64, TP_DIMS(N)), tp_tensor_new(TP_F32, TP_DIMS(N))};
    tp_average *average = tp_average_new(w, 2, &(tp_average_options){.decay = decay}, NULL);
    double plain[N] = {0};
    for (int k = 0; k < UPDATES; k++) {
        move(w[0], k), move(w[1], k);
        EXPECT_STATUS(tp_average_update(average), TP_OK);
        for (int i = 0; i < N; i++) {
            const double x = sin(i + 3 * k);
            plain[i] = k == 0       ? x
                       : decay != 0 ? decay * plain[i] + (1 - decay) * x
                                    : plain[i] + (x - plain[i]) / (k + 1);
        }
    }
    ck_assert_uint_eq(tp_average_updates(average), UPDATES);
    ck_assert_uint_eq(tp_average_count(average), 2);
    for (int i = 0; i < N; i++) {
        EXPECT_NEAR(tp_tensor_item(tp_average_tensor(average, 0), i), plain[i], 1e-14);
        EXPECT_NEAR(tp_tensor_item(tp_average_tensor(average, 1), i), plain[i], 1e-6);
    }
    EXPECT_STATUS(tp_average_swap(average), TP_OK);
    ck_assert(tp_average_swapped(average));
    for (int i = 0; i < N; i++) {
        EXPECT_NEAR(tp_tensor_item(w[0], i), plain[i], 1e-14);
        ck_assert_double_eq(tp_tensor_item(tp_average_tensor(average, 0), i), sin(i + 3 * (UPDATES - 1)));
    }
    EXPECT_STATUS(tp_average_update(average), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_average_swap(average), TP_OK);
    for (int i = 0; i < N; i++) ck_assert_double_eq(tp_tensor_item(w[0], i), sin(i + 3 * (UPDATES - 1)));
    tp_average_free(average);
    tp_tensor_release(w[0]), tp_tensor_release(w[1]);
}
END_TEST

START_TEST(views_are_averaged_in_place)
{
    tp_tensor *wide = tp_tensor_new(TP_F64, TP_DIMS(4, 6)), *view = tp_tensor_slice(wide, 1, 1, 6, 2, NULL);
    tp_average *average = tp_average_new(&view, 1, NULL, NULL);
    tp_tensor_fill(wide, 1);
    tp_average_update(average);
    tp_tensor_fill(wide, 3);
    tp_average_update(average);
    tp_average_swap(average);
    for (int i = 0; i < 24; i++) ck_assert_double_eq(tp_tensor_item(wide, i), i % 2 ? 2 : 3);
    tp_average_free(average);
    tp_tensor_release(view), tp_tensor_release(wide);
}
END_TEST

/* As a weight has that is tied. */
START_TEST(tensor_with_two_names_comes_back)
{
    tp_tensor *w = tp_tensor_new(TP_F64, TP_DIMS(2)), *twice[] = {w, w};
    tp_average *average = tp_average_new(twice, 2, NULL, NULL);
    for (int k = 1; k <= 2; k++) tp_tensor_fill(w, k), tp_average_update(average);
    for (int k = 0; k < 2; k++) {
        tp_average_swap(average);
        ck_assert_double_eq(tp_tensor_item(w, 0), 1.5);
        tp_average_swap(average);
        ck_assert_double_eq(tp_tensor_item(w, 0), 2);
    }
    tp_average_free(average);
    tp_tensor_release(w);
}
END_TEST

START_TEST(an_average_can_be_taken_up)
{
    tp_tensor *w = tp_tensor_new(TP_F64, TP_DIMS(N));
    tp_average *average = tp_average_new(&w, 1, NULL, NULL), *other = tp_average_new(&w, 1, NULL, NULL);
    double state[2];
    for (int k = 0; k < 3; k++) move(w, k), tp_average_update(average);
    ck_assert_int_eq(tp_average_state(average, state, 2), 2);
    tp_tensor_copy(tp_average_tensor(other, 0), tp_average_tensor(average, 0), NULL);
    EXPECT_STATUS(tp_average_set_state(other, state, 2, NULL), TP_OK);
    move(w, 5);
    tp_average_update(average), tp_average_update(other);
    expect_same(tp_average_tensor(other, 0), tp_average_tensor(average, 0), 0);
    tp_error error = {0};
    state[0] = 0.5;
    EXPECT_STATUS(tp_average_set_state(other, state, 2, &error), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_average_set_state(other, state, 1, &error), TP_E_ARGUMENT);
    tp_average_free(average), tp_average_free(other);
    tp_tensor_release(w);
}
END_TEST

START_TEST(wrong_averages_are_refused)
{
    tp_tensor *w = tp_tensor_new(TP_F32, TP_DIMS(2)), *labels = tp_tensor_new(TP_I64, TP_DIMS(2));
    tp_error error = {0};
    ck_assert_ptr_null(tp_average_new(&w, 1, &(tp_average_options){.decay = 1}, &error));
    ck_assert_str_eq(error.message, "tp_average_new: decay is 1, outside [0, 1)");
    ck_assert_ptr_null(tp_average_new((tp_tensor *[]){w, NULL}, 2, NULL, &error));
    ck_assert_str_eq(error.message, "tp_average_new: tensor 1 is NULL");
    ck_assert_ptr_null(tp_average_new(NULL, 1, NULL, &error));
    ck_assert_ptr_null(tp_average_new(&labels, 1, NULL, &error));
    EXPECT_STATUS(error.status, TP_E_DTYPE);
    tp_average *average = tp_average_new(&w, 1, NULL, NULL);
    EXPECT_STATUS(tp_average_swap(average), TP_E_ARGUMENT); /* before there is one */
    ck_assert_ptr_null(tp_average_tensor(average, 1));
    tp_average_free(average);
    tp_average_free(NULL);
    EXPECT_STATUS(tp_average_update(NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_average_swap(NULL), TP_E_ARGUMENT);
    ck_assert(!tp_average_swapped(NULL) && tp_average_updates(NULL) == 0 && tp_average_count(NULL) == 0);
    ck_assert_int_eq(tp_average_state(NULL, NULL, 0), 0);
    tp_tensor_release(w), tp_tensor_release(labels);
}
END_TEST

START_TEST(every_failed_allocation_is_reported)
{
    tp_tensor *w[2] = {tp_tensor_new(TP_F64, TP_DIMS(N)), tp_tensor_new(TP_F32, TP_DIMS(N))};
    for (size_t fail_at = 1;; fail_at++) {
        counter m = {.fail_at = fail_at};
        const tp_allocator memory = counted(&m);
        tp_error error = {0};
        tp_average *average = tp_average_new(w, 2, &(tp_average_options){.memory = &memory}, &error);
        const size_t calls = m.calls;
        if (average) tp_average_update(average), tp_average_update(average), tp_average_swap(average);
        ck_assert_uint_eq(m.calls, calls);
        const bool failed = m.failed > 0;
        ck_assert_int_eq(average == NULL, failed);
        if (failed) EXPECT_STATUS(error.status, TP_E_MEMORY);
        tp_average_free(average);
        ck_assert_uint_eq(m.blocks, 0);
        if (!failed) break;
    }
    tp_tensor_release(w[0]), tp_tensor_release(w[1]);
}
END_TEST

/* ---- early stopping ---- */

START_TEST(training_stops_when_nothing_improves)
{
    const double losses[] = {5, 4, 4.5, 3.95, 3.8, (double)NAN, 3.85, 3.75, 1};
    tp_early_stop stop = tp_early_stop_with(&(tp_early_stop_options){.patience = 3, .min_delta = 0.1});
    int ended = 0;
    for (int i = 0; i < 9 && !ended; i++)
        if (tp_early_stop_step(&stop, losses[i])) ended = i + 1;
    ck_assert_int_eq(ended, 8); /* 3.95 is not better enough than 4; 3.8 is, and the three after it are not */
    ck_assert_double_eq(stop.best, 3.8);
    ck_assert_int_eq(stop.best_step, 5);
    ck_assert(stop.stopped && !stop.improved);
    stop = tp_early_stop_with(&(tp_early_stop_options){.patience = 1, .maximise = true});
    ck_assert(!tp_early_stop_step(&stop, 0.5) && stop.improved);
    ck_assert(!tp_early_stop_step(&stop, 0.6));
    ck_assert(tp_early_stop_step(&stop, 0.6));
    ck_assert_int_eq(tp_early_stop_with(NULL).options.patience, 10);
    ck_assert(!tp_early_stop_step(NULL, 1));
}
END_TEST

START_TEST(stopping_can_be_taken_up)
{
    tp_early_stop stop = tp_early_stop_with(NULL), copy = stop;
    double state[6];
    for (int i = 0; i < 5; i++) tp_early_stop_step(&stop, fabs(i - 2.0));
    ck_assert_int_eq(tp_early_stop_state(&stop, state, 6), 6);
    EXPECT_STATUS(tp_early_stop_set_state(&copy, state, 6, NULL), TP_OK);
    ck_assert(copy.best == 0 && copy.best_step == 3 && copy.steps == 5 && copy.waited == 2);
    tp_error error = {0};
    state[2] = -1;
    EXPECT_STATUS(tp_early_stop_set_state(&copy, state, 6, &error), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_early_stop_set_state(&copy, state, 5, &error), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_early_stop_set_state(NULL, state, 6, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_early_stop_state(NULL, NULL, 0), 0);
}
END_TEST

TCase *optim_average_case(void)
{
    TCase *tcase = tcase_create("average");
    tcase_add_loop_test(tcase, averages_are_those_of_plain_loops, 0, 2);
    tcase_add_test(tcase, views_are_averaged_in_place);
    tcase_add_test(tcase, tensor_with_two_names_comes_back);
    tcase_add_test(tcase, an_average_can_be_taken_up);
    tcase_add_test(tcase, wrong_averages_are_refused);
    tcase_add_test(tcase, every_failed_allocation_is_reported);
    tcase_add_test(tcase, training_stops_when_nothing_improves);
    tcase_add_test(tcase, stopping_can_be_taken_up);
    return tcase;
}
