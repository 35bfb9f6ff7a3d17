/* Worked examples: stochastic gradient descent, weight decay, and the gradient's way down a deep network. */
#include <tapir/io.h>
#include <tapir/nn.h>
#include <tapir/optim.h>

#include "tests/helpers.h"

#include "tests/tape_fixture.h"

enum { POINTS = 48, BATCH = 6, PARAMETERS = 32 };

/* ---- stochastic gradient descent ---- */

/* Mean of (x a + b - y)^2 / 2 over n points, w = (a, b). */
static tp_var line_loss(tp_var w, double (*at)[2], int n)
{
    double x[2 * POINTS], y[POINTS];
    for (int i = 0; i < n; i++) x[2 * i] = at[i][0], x[2 * i + 1] = 1, y[i] = at[i][1];
    const tp_var rows = data_of(tape, tensor_of(TP_F64, TP_DIMS(n, 2), x));
    return tp_muls(tp_mse(tp_matmul(rows, w), data_of(tape, tensor_of(TP_F64, TP_DIMS(n, 1), y)), TP_MEAN), .5);
}

/* The batches' gradients are the whole one on average; with a rate that falls, steps along them end at the minimum. */
START_TEST(batches_lead_to_the_minimum_too)
{
    double at[POINTS][2], whole[2] = {0}, mean[2] = {0};
    tp_rng rng = tp_rng_seed(1);
    for (int i = 0; i < POINTS; i++) {
        at[i][0] = tp_rng_normal(&rng);
        at[i][1] = 2 * at[i][0] - 1 + .3 * tp_rng_normal(&rng);
    }
    tp_tensor *w = F64(TP_DIMS(2, 1), 0, 0);
    for (int k = -1; k < POINTS / BATCH; k++) {
        tp_tape_reset(tape);
        tp_tensor_clear_grad(w);
        const tp_var v = tp_param(tape, w);
        EXPECT_STATUS(tp_backward(k < 0 ? line_loss(v, at, POINTS) : line_loss(v, at + k * BATCH, BATCH)), TP_OK);
        for (int i = 0; i < 2; i++) {
            const double g = tp_tensor_item(tp_tensor_grad(w), i);
            if (k < 0)
                whole[i] = g;
            else
                mean[i] += g * BATCH / POINTS;
        }
    }
    for (int i = 0; i < 2; i++) EXPECT_NEAR(mean[i], whole[i], 1e-14);
    tp_optim *sgd = tp_sgd(&(tp_sgd_options){.rate = .1}, NULL);
    EXPECT_STATUS(tp_optim_add(sgd, w, NULL), TP_OK);
    for (int step = 0; step < 2000; step++) {
        tp_tape_reset(tape);
        tp_optim_clear_grads(sgd);
        tp_optim_set_rate(sgd, 0, 1. / (10 + step));
        const int first = (int)tp_rng_below(&rng, POINTS / BATCH) * BATCH;
        EXPECT_STATUS(tp_backward(line_loss(tp_param(tape, w), at + first, BATCH)), TP_OK);
        EXPECT_STATUS(tp_optim_step(sgd), TP_OK);
    }
    tp_tape_reset(tape);
    tp_tensor_clear_grad(w);
    EXPECT_STATUS(tp_backward(line_loss(tp_param(tape, w), at, POINTS)), TP_OK);
    for (int i = 0; i < 2; i++) EXPECT_NEAR(tp_tensor_item(tp_tensor_grad(w), i), 0, .02);
    tp_optim_free(sgd);
    tp_tensor_release(w);
}
END_TEST

/* ---- weight decay ---- */

/* A 2-20-1 network on the points of two overlapping classes: the norm of its weights and how many points it gets
   right. */
static void train_with_decay(double lambda, tp_tensor *x, tp_tensor *y, double *norm, int *right)
{
    tp_rng rng = tp_rng_seed(1);
    tp_tensor *all[4];
    tp_module *net = tp_mlp(TP_DIMS(2, 20, 1), tp_tanh, &(tp_layer_options){.rng = &rng}, NULL);
    tp_optim *adam = tp_adam(&(tp_adam_options){.rate = .02}, NULL);
    EXPECT_STATUS(tp_optim_add_all(adam, all, tp_module_parameters(net, all, 4), NULL), TP_OK);
    for (int step = 0; step <= 2000; step++) {
        tp_tape_reset(tape);
        tp_optim_clear_grads(adam);
        const tp_var f = tp_module_forward(net, tp_data(tape, x));
        const tp_var squares =
            tp_add(tp_sum(tp_square(tp_param(tape, all[0]))), tp_sum(tp_square(tp_param(tape, all[2]))));
        const tp_var fit = tp_bce_with_logits(f, tp_data(tape, y), TP_MEAN);
        *norm = sqrt(tp_item(squares));
        *right = 0;
        for (int64_t i = 0; i < tp_tensor_count(y); i++)
            *right += (tp_tensor_item(tp_value(f), i) > 0) == (tp_tensor_item(y, i) > 0);
        EXPECT_STATUS(tp_backward(tp_add(fit, tp_muls(squares, lambda / 2))), TP_OK);
        EXPECT_STATUS(tp_optim_step(adam), TP_OK);
    }
    tp_optim_free(adam);
    tp_module_free(net);
}

START_TEST(norm_and_accuracy_fall_as_the_decay_grows)
{
    static const double lambdas[] = {.001, .01, .1};
    double norm[3];
    int right[3];
    tp_dataset *set = tp_points_circle(80, .3, 1, NULL, NULL);
    tp_tensor *x = tp_dataset_tensor(set, 0, NULL), *classes = tp_dataset_tensor(set, 1, NULL);
    tp_tensor *y = tp_tensor_new(TP_F32, TP_DIMS(80, 1));
    for (int i = 0; i < 80; i++) ((float *)tp_tensor_data(y))[i] = (float)tp_tensor_item(classes, i);
    for (int k = 0; k < 3; k++) train_with_decay(lambdas[k], x, y, &norm[k], &right[k]);
    for (int k = 1; k < 3; k++) {
        ck_assert_msg(norm[k] < .6 * norm[k - 1], "norm %g after %g", norm[k], norm[k - 1]);
        ck_assert_msg(right[k] < right[k - 1], "%d right after %d", right[k], right[k - 1]);
    }
    ck_assert_int_gt(right[2], 60);
    tp_tensor_release(x);
    tp_tensor_release(y);
    tp_tensor_release(classes);
    tp_dataset_release(set);
}
END_TEST

/* ---- depth ---- */

/* The norm of the gradient by the weights of the last of ten layers over that of the first. */
static double gradient_ratio(tp_activation *f, double gain, uint64_t seed)
{
    enum { LAYERS = 10, WIDTH = 16 };
    double norm[2];
    tp_rng rng = tp_rng_seed(seed);
    tp_tensor *all[2 * LAYERS];
    tp_module *net = tp_mlp(TP_DIMS(WIDTH, WIDTH, WIDTH, WIDTH, WIDTH, WIDTH, WIDTH, WIDTH, WIDTH, WIDTH, 1), f,
                            &(tp_layer_options){.dtype = TP_F64}, NULL);
    ck_assert_uint_eq(tp_module_parameters(net, all, 2 * LAYERS), 2 * LAYERS);
    for (int i = 0; i < LAYERS; i++) {
        tp_init_kaiming_normal(all[2 * i], TP_FAN_IN, gain, &rng, NULL);
        tp_init_constant(all[2 * i + 1], 0, NULL);
    }
    tp_tensor *x = tp_tensor_new(TP_F64, TP_DIMS(32, WIDTH));
    tp_init_normal(x, 0, 1, &rng, NULL);
    tp_tape_reset(tape);
    EXPECT_STATUS(tp_backward(tp_mean(tp_square(tp_adds(tp_module_forward(net, tp_data(tape, x)), 1)))), TP_OK);
    for (int i = 0; i < 2; i++) {
        const tp_tensor *g = tp_tensor_grad(all[i ? 2 * LAYERS - 2 : 0]);
        norm[i] = 0;
        for (int64_t k = 0; k < tp_tensor_count(g); k++) norm[i] += pow(tp_tensor_item(g, k), 2);
    }
    tp_tensor_release(x);
    tp_module_free(net);
    return sqrt(norm[1] / norm[0]);
}

/* Nine slopes of at most 1/4 stand between the last layer of sigmoids and the first; relu lets the gradient through. */
START_TEST(gradients_vanish_in_deep_sigmoid_networks)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        const double sigmoid = gradient_ratio(tp_sigmoid, 1, seed), relu = gradient_ratio(tp_relu, TP_GAIN_RELU, seed);
        ck_assert_msg(sigmoid > 1e4, "sigmoid: %g", sigmoid);
        ck_assert_msg(relu > .02 && relu < 50, "relu: %g", relu);
    }
}
END_TEST

TCase *seeds_training_case(void)
{
    TCase *tcase = tcase_create("training");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, batches_lead_to_the_minimum_too);
    tcase_add_test(tcase, norm_and_accuracy_fall_as_the_decay_grows);
    tcase_add_test(tcase, gradients_vanish_in_deep_sigmoid_networks);
    return tcase;
}
