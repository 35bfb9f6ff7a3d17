/* Worked examples: networks as modules, nodes for data and for parameters, and the parts that networks are made of. */
#include <tapir/nn.h>

#include "tests/helpers.h"

#include "tests/tape_fixture.h"

static const tp_layer_options f64 = {.dtype = TP_F64};

/* A module's output for x in training or in evaluation. */
static tp_var run(tp_module *net, bool training, tp_var x)
{
    ck_assert_ptr_nonnull(net);
    tp_module_set_training(net, training);
    return tp_module_forward(net, x);
}

START_TEST(perceptron_of_three_layers_has_41_parameters)
{
    static const int64_t widths[] = {3, 4, 4, 1};
    tp_module *net = tp_mlp(4, widths, tp_sigmoid, &f64, NULL);
    const tp_var x = data_of(tape, random_tensor(TP_F64, TP_DIMS(5, 3), 1, -2, 2)), y = run(net, true, x);
    ck_assert_int_eq(tp_module_element_count(net), 41);
    ck_assert_uint_eq(tp_module_parameter_count(net), 6);
    tp_var a = x;
    for (size_t i = 0; i < 3; i++) { /* phi(W x + b), and no phi after the last */
        tp_tensor *w = tp_module_parameter_at(net, 2 * i, NULL, 0),
                  *b = tp_module_parameter_at(net, 2 * i + 1, NULL, 0);
        ck_assert_int_eq(tp_tensor_dim(w, 0), widths[i + 1]); /* H x D */
        ck_assert_int_eq(tp_tensor_dim(w, 1), widths[i]);
        ck_assert_int_eq(tp_tensor_count(b), widths[i + 1]);
        const tp_var z = tp_add(tp_matmul(a, tp_transpose(tp_data(tape, w), 0, 1)), tp_data(tape, b));
        a = i < 2 ? tp_sigmoid(z) : z;
    }
    expect_same(tp_value(y), tp_value(a), 1e-15);
    for (size_t i = 0; i < 6; i += 2) /* weights of 0: what is left is the last bias */
        ck_assert_int_eq(tp_tensor_fill(tp_module_parameter_at(net, i, NULL, 0), 0), TP_OK);
    ck_assert_int_eq(tp_tensor_fill(tp_module_parameter_at(net, 5, NULL, 0), 100), TP_OK);
    EXPECT_TENSOR(tp_value(run(net, true, x)), 0, 100, 100, 100, 100, 100);
    tp_module_free(net);
}
END_TEST

/* y = tanh(a) a^2 with a = w x: two ways from a to y; and w used three times, against three weights of one value. */
START_TEST(branches_and_uses_of_one_weight_add_up)
{
    const tp_var w = tp_scalar(tape, .7), x = tp_scalar(tape, -1.2), a = tp_mul(w, x);
    const tp_var left = tp_tanh(a), right = tp_square(a);
    EXPECT_STATUS(tp_backward(tp_mul(left, right)), TP_OK);
    const double l = tp_item(left), v = tp_item(a), da = v * v * (1 - l * l) + l * 2 * v;
    EXPECT_NEAR(tp_grad_item(a), da, 1e-15);
    EXPECT_NEAR(tp_grad_item(w), da * -1.2, 1e-15);
    EXPECT_NEAR(tp_grad_item(x), da * .7, 1e-15);
    tp_var tied = x, untied = x, each[3], part[3], whole;
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        each[i] = tp_scalar(tape, .7);
        tied = tp_tanh(tp_mul(w, tied));
        untied = tp_tanh(tp_mul(each[i], untied));
    }
    EXPECT_STATUS(tp_gradients(tied, &w, 1, &whole, 0), TP_OK);
    EXPECT_STATUS(tp_gradients(untied, each, 3, part, 0), TP_OK);
    for (int i = 0; i < 3; i++) sum += tp_item(part[i]);
    EXPECT_NEAR(tp_item(whole), sum, 1e-15);
}
END_TEST

START_TEST(data_nodes_are_constant_and_parameter_nodes_learn)
{
    tp_tensor *w = F64(TP_DIMS(2), .5, -1), *in = F64(TP_DIMS(2), 1, 2);
    const tp_var x = tp_data(tape, in), once = tp_param(tape, w), again = tp_param(tape, w);
    ck_assert(!tp_needs_grad(x) && tp_needs_grad(once));
    EXPECT_STATUS(tp_backward(tp_mul(tp_matmul(once, x), tp_sum(again))), TP_OK);
    EXPECT_TENSOR(tp_tensor_grad(w), 1e-15, -.5 * 1 - 1.5, -.5 * 2 - 1.5); /* both nodes of w */
    ck_assert_ptr_null(tp_tensor_grad(in));
    ck_assert_ptr_null(tp_grad(x));
    tp_tensor_release(w);
    tp_tensor_release(in);
}
END_TEST

START_TEST(convolution_and_pooling)
{
    const tp_var x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(2, 2, 5, 4), 1, -1, 1));
    const tp_var w = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(3, 2, 2, 3), 2, -1, 1));
    const tp_var b = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(3), 3, -1, 1));
    expect_gradients(tp_conv2d(x, w, b, &(tp_conv_options){.stride = {2, 1}, .padding = {1, 1}}), (tp_var[]){x, w, b},
                     3);
    const tp_pool_options window = {.window = {2, 2}};
    expect_gradients(tp_max_pool2d(x, &window, NULL), &x, 1);
    expect_gradients(tp_avg_pool2d(x, &window), &x, 1);
    const tp_var image = leaf_of(tape, F64(TP_DIMS(1, 1, 2, 4), 1, 3, 5, 5, 2, 0, -1, 5));
    const tp_var largest = tp_max_pool2d(image, &window, NULL), mean = tp_avg_pool2d(image, &window);
    EXPECT_TENSOR(tp_value(largest), 0, 3, 5);
    EXPECT_TENSOR(tp_value(mean), 0, 1.5, 3.5);
    EXPECT_STATUS(tp_backward(tp_sum(largest)), TP_OK);
    EXPECT_TENSOR(tp_grad(image), 0, 0, 1, 1, 0, 0, 0, 0, 0); /* the first of a tie */
    EXPECT_STATUS(tp_backward(tp_sum(mean)), TP_OK);
    EXPECT_TENSOR(tp_grad(image), 0, .25, .25, .25, .25, .25, .25, .25, .25);
}
END_TEST

START_TEST(softmax_as_a_layer)
{
    tp_module *layer = tp_softmax_layer(-1, NULL, NULL);
    const tp_var x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(3, 4), 1, -3, 3)), y = run(layer, true, x);
    EXPECT_TENSOR(tp_value(tp_sum_axes(y, TP_AXES(1), false)), 1e-15, 1, 1, 1);
    expect_gradients(y, &x, 1);
    tp_module_free(layer);
}
END_TEST

START_TEST(dropout_keeps_the_mean_and_rests_in_evaluation)
{
    enum { N = 100000 };
    for (double p = .2; p < .9; p += .3) {
        tp_module *layer = tp_dropout_layer(p, NULL, NULL);
        tp_tensor *ones = tensor_of(TP_F64, TP_DIMS(N), NULL);
        tp_tensor_fill(ones, 1);
        const tp_var x = leaf_of(tape, ones), y = run(layer, true, x);
        const double deviation = sqrt(p / (1 - p) / N);
        EXPECT_NEAR(tp_item(tp_mean(y)), 1, 4 * deviation);
        EXPECT_NEAR(tp_item(tp_mean(tp_step(y))), 1 - p, 4 * sqrt(p * (1 - p) / N));
        EXPECT_STATUS(tp_backward(tp_sum(y)), TP_OK);
        expect_same(tp_grad(x), tp_value(y), 0); /* the same mask, and the same factor */
        expect_same(tp_value(run(layer, false, x)), ones, 0);
        tp_module_free(layer);
    }
    const tp_var few = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(4, 3), 1, -1, 1));
    expect_gradients(tp_dropout(few, .4), &few, 1);
}
END_TEST

START_TEST(normalisation_in_training_and_in_evaluation)
{
    enum { N = 8, C = 3 };
    tp_module *layer = tp_batch_norm_layer(C, NULL, &f64, NULL);
    const tp_var x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(N, C), 1, -1, 5)), y = run(layer, true, x);
    EXPECT_TENSOR(tp_value(tp_mean_axes(y, TP_AXES(0), false)), 1e-14, 0, 0, 0);
    EXPECT_TENSOR(tp_value(tp_variance_axes(y, 0, TP_AXES(0), false)), 1e-4, 1, 1, 1);
    expect_gradients(y, &x, 1);
    const tp_tensor *mean = tp_module_buffer(layer, "running_mean"), *v = tp_module_buffer(layer, "running_var");
    expect_same(mean, tp_value(tp_muls(tp_mean_axes(x, TP_AXES(0), false), .1)), 1e-15);
    tp_tensor *before = tp_tensor_clone(mean);
    const tp_var quiet = run(layer, false, x);
    expect_same(mean, before, 0);
    for (int i = 0; i < N * C; i++)
        EXPECT_NEAR(tp_tensor_item(tp_value(quiet), i),
                    (tp_tensor_item(tp_value(x), i) - tp_tensor_item(mean, i % C)) /
                        sqrt(tp_tensor_item(v, i % C) + 1e-5),
                    1e-14);
    expect_gradients(quiet, &x, 1);
    tp_tensor_release(before);
    tp_module_free(layer);
    const tp_var gain = leaf_of(tape, F64(TP_DIMS(C), 1, -2, .5)), bias = leaf_of(tape, F64(TP_DIMS(C), 0, 1, 2));
    expect_gradients(tp_layer_norm(x, 1, gain, bias, 1e-5), (tp_var[]){x, gain, bias}, 3);
    expect_gradients(tp_batch_norm(x, gain, bias, NULL, NULL, .1, 1e-5), (tp_var[]){x, gain, bias}, 3);
}
END_TEST

TCase *seeds_parts_case(void)
{
    TCase *tcase = tcase_create("parts");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, perceptron_of_three_layers_has_41_parameters);
    tcase_add_test(tcase, branches_and_uses_of_one_weight_add_up);
    tcase_add_test(tcase, data_nodes_are_constant_and_parameter_nodes_learn);
    tcase_add_test(tcase, convolution_and_pooling);
    tcase_add_test(tcase, softmax_as_a_layer);
    tcase_add_test(tcase, dropout_keeps_the_mean_and_rests_in_evaluation);
    tcase_add_test(tcase, normalisation_in_training_and_in_evaluation);
    return tcase;
}
