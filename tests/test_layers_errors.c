/* Layers: what they refuse when they are made, what when they run, and memory that is short. */
#include "tests/test_layers.h"
#include "tests/trajectories.h"

/* ---- when they are made ---- */

#define REFUSED(text, ...)                                                                                             \
    do {                                                                                                               \
        tp_error e = {0};                                                                                              \
        ck_assert_msg((__VA_ARGS__) == NULL, "%s was not refused", #__VA_ARGS__);                                      \
        ck_assert_msg(e.status == TP_E_ARGUMENT && strstr(e.message, text), "%s: %s", #__VA_ARGS__, e.message);        \
    } while (0)

START_TEST(layers_refuse_wrong_numbers)
{
    REFUSED("tp_linear_layer: 0 inputs and 2 outputs", tp_linear_layer(0, 2, NULL, &e));
    REFUSED("tp_bilinear_layer: 2 and -1 inputs and 3 outputs", tp_bilinear_layer(2, -1, 3, NULL, &e));
    REFUSED("tp_embedding_layer: 0 rows of 3", tp_embedding_layer(0, 3, 0, NULL, &e));
    REFUSED("tp_embedding_layer: the padding 4 is none of 4 rows", tp_embedding_layer(4, 3, 4, NULL, &e));
    REFUSED("tp_embedding_layer: the padding -5", tp_embedding_layer(4, 3, -5, NULL, &e));
    REFUSED("tp_dropout_layer: the probability 1.5", tp_dropout_layer(1.5, NULL, &e));
    REFUSED("tp_dropout_layer: the probability nan", tp_dropout_layer((double)NAN, NULL, &e));
    REFUSED("tp_dropout_channels_layer: the probability -1", tp_dropout_channels_layer(-1, NULL, &e));
    REFUSED("tp_unflatten_layer: 0 dims", tp_unflatten_layer(1, TP_DIMS(), NULL, &e));
    REFUSED("tp_unflatten_layer: dim 1 is -2", tp_unflatten_layer(1, TP_DIMS(2, -2), NULL, &e));
    REFUSED("tp_mlp: 1 widths", tp_mlp(TP_DIMS(3), NULL, NULL, &e));
    REFUSED("tp_mlp: 3 widths, or widths are NULL", tp_mlp(3, NULL, NULL, NULL, &e));
    REFUSED("\"body\" is NULL", tp_residual(NULL, NULL, &e));
    REFUSED("tp_leaky_relu_layer: slope inf", tp_leaky_relu_layer(HUGE_VAL, NULL, &e));
    REFUSED("tp_celu_layer: alpha 0", tp_celu_layer(0, NULL, &e));
    REFUSED("tp_softplus_layer: beta -1", tp_softplus_layer(-1, NULL, &e));
    REFUSED("tp_hardshrink_layer: bound -1", tp_hardshrink_layer(-1, NULL, &e));
    REFUSED("tp_hardtanh_layer: low 1, high 0", tp_hardtanh_layer(1, 0, NULL, &e));
    REFUSED("tp_rrelu_layer: low 1, high 0", tp_rrelu_layer(1, 0, NULL, &e));
    REFUSED("tp_threshold_layer: bound nan, value 0", tp_threshold_layer((double)NAN, 0, NULL, &e));
    REFUSED("tp_prelu_layer: 0 channels", tp_prelu_layer(0, NULL, &e));
}
END_TEST

START_TEST(layers_of_images_refuse_wrong_numbers)
{
    const tp_conv_options negative = {.stride = {-1}}, third = {.padding = {0, 0, 1}}, odd = {.groups = 2};
    const tp_conv_options output = {.output_padding = {1}}, no_groups = {.groups = -1}, wide = {.dilation = {1, -2}};
    REFUSED("tp_conv_layer: the kernel must have 1 to 3 axes", tp_conv_layer(1, 1, TP_DIMS(), NULL, NULL, &e));
    REFUSED("the kernel must have 1 to 3 axes", tp_conv_layer(1, 1, TP_DIMS(1, 1, 1, 1), NULL, NULL, &e));
    REFUSED("the kernel must have 1 to 3 axes", tp_conv_layer(1, 1, 2, NULL, NULL, NULL, &e));
    REFUSED("the kernel is empty", tp_conv_layer(1, 1, TP_DIMS(3, 0), NULL, NULL, &e));
    REFUSED("tp_conv_layer: a stride", tp_conv_layer(1, 1, TP_DIMS(3, 3), &negative, NULL, &e));
    REFUSED("tp_conv_layer: a padding", tp_conv_layer(1, 1, TP_DIMS(3, 3), &third, NULL, &e));
    REFUSED("tp_conv_layer: a dilation", tp_conv_layer(1, 1, TP_DIMS(3, 3), &wide, NULL, &e));
    REFUSED("tp_conv_layer: an output padding", tp_conv_layer(1, 1, TP_DIMS(3), &output, NULL, &e));
    REFUSED("tp_conv_layer: 3 channels in, 2 out and 2 groups", tp_conv_layer(3, 2, TP_DIMS(1), &odd, NULL, &e));
    REFUSED("2 channels in, 3 out and 2 groups", tp_conv_transpose_layer(2, 3, TP_DIMS(1), &odd, NULL, &e));
    REFUSED("-1 groups", tp_conv_layer(3, 2, TP_DIMS(1), &no_groups, NULL, &e));
    REFUSED("0 channels in", tp_conv_layer(0, 2, TP_DIMS(1), NULL, NULL, &e));
    REFUSED("tp_max_pool_layer: the window must have", tp_max_pool_layer(TP_DIMS(), NULL, NULL, &e));
    REFUSED("tp_avg_pool_layer: a window of 0 along axis 1", tp_avg_pool_layer(TP_DIMS(2, 0), NULL, NULL, &e));
    REFUSED("tp_adaptive_avg_pool_layer: 4 dims", tp_adaptive_avg_pool_layer(TP_DIMS(1, 1, 1, 1), NULL, &e));
    REFUSED("tp_adaptive_max_pool_layer: dim 0 is 0", tp_adaptive_max_pool_layer(TP_DIMS(0), NULL, &e));
    REFUSED("tp_upsample_layer", tp_upsample_layer(NULL, NULL, &e));
    REFUSED("tp_batch_norm_layer: 0 channels", tp_batch_norm_layer(0, NULL, NULL, &e));
    REFUSED("eps -1", tp_batch_norm_layer(1, &(tp_norm_options){.eps = -1}, NULL, &e));
    REFUSED("momentum 2", tp_batch_norm_layer(1, &(tp_norm_options){.momentum = 2}, NULL, &e));
    REFUSED("no cumulative", tp_instance_norm_layer(1, &(tp_norm_options){.cumulative = true}, NULL, &e));
    REFUSED("tp_group_norm_layer: 3 channels in 2 groups", tp_group_norm_layer(2, 3, NULL, NULL, &e));
    REFUSED("tp_layer_norm_layer: 0 dims", tp_layer_norm_layer(TP_DIMS(), NULL, NULL, &e));
    REFUSED("tp_rms_norm_layer: dim 1 is 0", tp_rms_norm_layer(TP_DIMS(2, 0), NULL, NULL, &e));
}
END_TEST

START_TEST(layers_refuse_huge_sizes_and_wrong_dtypes)
{
    tp_error e = {0};
    ck_assert_ptr_null(tp_conv_layer(INT64_MAX / 2, 4, TP_DIMS(3, 3), NULL, NULL, &e));
    ck_assert_int_eq(e.status, TP_E_LIMIT);
    ck_assert_msg(strstr(e.message, "conv2d: \"weight\": "), "%s", e.message);
    ck_assert_ptr_null(tp_linear_layer(4, 4, &(tp_layer_options){.dtype = TP_I32}, &e));
    ck_assert_int_eq(e.status, TP_E_DTYPE);
    ck_assert_ptr_null(tp_batch_norm_layer(4, NULL, &(tp_layer_options){.dtype = (tp_dtype)77}, &e));
    ck_assert_int_eq(e.status, TP_E_DTYPE);
    ck_assert_ptr_null(tp_linear_layer(0, 0, NULL, NULL));
}
END_TEST

START_TEST(network_written_in_one_go_keeps_the_first_error)
{
    tp_error e = {0};
    tp_module *net = tp_sequential(NULL, &e);
    tp_sequential_add(net, tp_conv_layer(1, 6, TP_DIMS(5, 5), NULL, NULL, &e), &e);
    tp_sequential_add(net, tp_dropout_layer(3, NULL, &e), &e);
    tp_sequential_add(net, tp_residual(tp_activation_layer(tp_relu, NULL, &e), NULL, &e), &e);
    ck_assert_int_eq(e.status, TP_E_ARGUMENT);
    ck_assert_str_eq(e.message, "tp_dropout_layer: the probability 3 is not in [0, 1]");
    tp_module_free(net);
    ck_assert_int_eq(tp_sequential_add(NULL, tp_flatten_layer(1, -1, NULL, NULL), &e), TP_E_ARGUMENT);
    ck_assert_str_eq(e.message, "tp_dropout_layer: the probability 3 is not in [0, 1]");
}
END_TEST

/* ---- when they run ---- */

static void forward_refused(tp_module *module, tp_dtype dtype, int rank, const int64_t *dims, tp_status status,
                            const char *text)
{
    tp_tape *tape = tp_tape_new(NULL);
    ck_assert_ptr_nonnull(module);
    const tp_var y = tp_module_forward(module, data_of(tape, tp_tensor_new(dtype, rank, dims)));
    ck_assert(!tp_ok(y));
    EXPECT_STATUS(tp_backward(y), status);
    expect_error(tape, status, text);
    ck_assert(!tp_ok(tp_module_forward(module, y)));         /* a poisoned handle passes through */
    ck_assert(!tp_ok(tp_module_forward(module, tp_none()))); /* ... and so does none */
    tp_tape_free(tape);
    tp_module_free(module);
}

START_TEST(layers_refuse_an_x_that_does_not_fit)
{
    const tp_norm_options plain = {.no_affine = true}, tracking = {.tracking = true};
    forward_refused(tp_linear_layer(3, 2, NULL, NULL), TP_F32, TP_DIMS(4, 2), TP_E_SHAPE, "tp_linear");
    forward_refused(tp_linear_layer(3, 2, NULL, NULL), TP_F64, TP_DIMS(4, 3), TP_E_DTYPE, "tp_linear");
    forward_refused(tp_bilinear_layer(3, 2, 2, NULL, NULL), TP_F32, TP_DIMS(4, 3), TP_E_SHAPE,
                    "bilinear: x1 must be (..., 3) and x2 (..., 2)");
    forward_refused(tp_embedding_layer(3, 2, 0, NULL, NULL), TP_F32, TP_DIMS(4), TP_E_DTYPE, "tp_embedding");
    forward_refused(tp_conv_layer(3, 2, TP_DIMS(3, 3), NULL, NULL, NULL), TP_F32, TP_DIMS(1, 2, 4, 4), TP_E_SHAPE,
                    "tp_conv2d");
    forward_refused(tp_max_pool_layer(TP_DIMS(3), NULL, NULL, NULL), TP_F32, TP_DIMS(1, 2, 2), TP_E_SHAPE,
                    "tp_max_pool");
    forward_refused(tp_batch_norm_layer(3, &plain, NULL, NULL), TP_F32, TP_DIMS(2, 4, 2), TP_E_SHAPE,
                    "batch_norm: x has 4 channels, the layer has 3");
    forward_refused(tp_batch_norm_layer(3, NULL, NULL, NULL), TP_F32, TP_DIMS(3), TP_E_SHAPE,
                    "batch_norm: x of rank 1 is not (N, 3, ...)");
    forward_refused(tp_batch_norm_layer(3, NULL, NULL, NULL), TP_F32, TP_DIMS(1, 3), TP_E_SHAPE, "tp_batch_norm: one");
    forward_refused(tp_instance_norm_layer(3, &tracking, NULL, NULL), TP_F32, TP_DIMS(2, 3, 1), TP_E_SHAPE,
                    "instance_norm: one value a channel");
    forward_refused(tp_group_norm_layer(1, 3, &plain, NULL, NULL), TP_F32, TP_DIMS(2, 2, 1), TP_E_SHAPE,
                    "group_norm: x has 2 channels");
    forward_refused(tp_layer_norm_layer(TP_DIMS(3, 4), &plain, NULL, NULL), TP_F32, TP_DIMS(2, 3, 5), TP_E_SHAPE,
                    "layer_norm: the last 2 dims of x are not the layer's (the last is 4)");
    forward_refused(tp_rms_norm_layer(TP_DIMS(3, 4), NULL, NULL, NULL), TP_F32, TP_DIMS(4), TP_E_SHAPE, "rms_norm: ");
    forward_refused(tp_prelu_layer(3, NULL, NULL), TP_F32, TP_DIMS(3), TP_E_SHAPE,
                    "prelu: weight (3) does not fit x of rank 1: (N, 3, ...)");
    forward_refused(tp_glu_layer(-1, NULL, NULL), TP_F32, TP_DIMS(2, 3), TP_E_SHAPE,
                    "glu: 3 elements along axis -1 have no two halves");
    forward_refused(tp_glu_layer(5, NULL, NULL), TP_F32, TP_DIMS(2, 3), TP_E_INDEX, "axis 5");
    forward_refused(tp_softmax_layer(7, NULL, NULL), TP_F32, TP_DIMS(2, 3), TP_E_INDEX, "tp_softmax");
    forward_refused(tp_unflatten_layer(1, TP_DIMS(2, 2), NULL, NULL), TP_F32, TP_DIMS(2, 5), TP_E_SHAPE,
                    "unflatten: 5 elements along axis 1 are not the 4 of the dims");
    forward_refused(tp_unflatten_layer(2, TP_DIMS(2, 2), NULL, NULL), TP_F32, TP_DIMS(2, 5), TP_E_SHAPE,
                    "unflatten: axis 2 of rank 2 as 2 axes");
    forward_refused(tp_flatten_layer(1, 3, NULL, NULL), TP_F32, TP_DIMS(2, 5), TP_E_INDEX, "tp_flatten");
    forward_refused(tp_residual(tp_linear_layer(3, 1, NULL, NULL), NULL, NULL), TP_F32, TP_DIMS(2, 3), TP_E_SHAPE,
                    "residual: x and f(x) have different shapes");
}
END_TEST

START_TEST(error_says_in_which_module_it_came_up)
{
    tp_module *net = tp_sequential(NULL, NULL);
    tp_sequential_add(net, tp_flatten_layer(1, -1, NULL, NULL), NULL);
    tp_sequential_add(net, tp_residual(tp_mlp(TP_DIMS(4, 5, 4), tp_relu, NULL, NULL), NULL, NULL), NULL);
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = data_of(tape, tp_tensor_new(TP_F32, TP_DIMS(2, 3)));
    ck_assert(!tp_ok(tp_module_forward(net, x)));
    const char *end = strstr(tp_tape_error(tape), " [in module ");
    ck_assert_msg(end && strcmp(end, " [in module \"1.body.0\"]") == 0, "%s", tp_tape_error(tape));
    tp_tape_clear_error(tape);
    ck_assert(!tp_ok(tp_matmul(x, x)));
    ck_assert(!tp_ok(tp_module_forward(net, x))); /* the error is older than the module's */
    ck_assert_ptr_null(strstr(tp_tape_error(tape), "[in module"));
    tp_tape_free(tape);
    tp_module_free(net);
}
END_TEST

START_TEST(bilinear_wants_its_own_module)
{
    tp_module *relu = tp_activation_layer(tp_relu, NULL, NULL), *layer = tp_bilinear_layer(2, 3, 4, NULL, NULL);
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = data_of(tape, tp_tensor_new(TP_F32, TP_DIMS(5, 2)));
    const tp_var z = data_of(tape, tp_tensor_new(TP_F32, TP_DIMS(5, 3)));
    EXPECT_REFUSED(tp_bilinear_forward(relu, x, z), TP_E_ARGUMENT, "tp_bilinear_forward: the module is no bilinear");
    EXPECT_REFUSED(tp_bilinear_forward(NULL, x, z), TP_E_ARGUMENT, "tp_bilinear_forward");
    EXPECT_REFUSED(tp_bilinear_forward(layer, z, x), TP_E_SHAPE, "bilinear: x1 must be");
    const tp_var y = tp_bilinear_forward(layer, x, z);
    ck_assert(tp_ok(y) && tp_var_dims(y)[0] == 5 && tp_var_dims(y)[1] == 4);
    tp_tape_free(tape);
    tp_module_free(relu), tp_module_free(layer);
}
END_TEST

/* ---- memory that is short ---- */

static bool makes_and_runs(const trajectory *t, const trajectory_case *c, const tp_allocator *memory)
{
    tp_error error = {0};
    tp_module *module = t->make(&(tp_layer_options){.memory = memory, .dtype = TP_F64}, &error);
    ck_assert_msg(module || error.status == TP_E_MEMORY, "%s: %s", t->name, error.message);
    tp_tape *tape = module ? tp_tape_new(&(tp_tape_options){.memory = memory}) : NULL;
    tp_tensor *x = trajectory_x(c, 0);
    bool good = false;
    if (tape) {
        const tp_var in = c->integers ? tp_data(tape, x) : tp_leaf(tape, x);
        const tp_status status = tp_backward(tp_sum(tp_square(tp_module_forward(module, in))));
        ck_assert_msg(status == TP_OK || status == TP_E_MEMORY, "%s: %s", t->name, tp_tape_error(tape));
        good = status == TP_OK;
    }
    tp_tape_free(tape);
    tp_module_free(module);
    tp_tensor_release(x);
    return good;
}

START_TEST(layer_reports_failing_allocations)
{
    const trajectory *t = &layer_trajectories[_i];
    const trajectory_case c = trajectory_find("layers", t->name);
    for (size_t at = 1;; at++) {
        counter m = {.fail_at = at};
        const tp_allocator memory = counted(&m);
        const bool good = makes_and_runs(t, &c, &memory);
        ck_assert_msg(m.blocks == 0, "%s: %zu blocks are left after failure %zu", t->name, m.blocks, at);
        ck_assert(good || m.failed > 0);
        if (m.failed == 0) break;
    }
    free(c.text);
}
END_TEST

TCase *layers_errors_case(void)
{
    TCase *tcase = tcase_create("errors");
    tcase_add_test(tcase, layers_refuse_wrong_numbers);
    tcase_add_test(tcase, layers_of_images_refuse_wrong_numbers);
    tcase_add_test(tcase, layers_refuse_huge_sizes_and_wrong_dtypes);
    tcase_add_test(tcase, network_written_in_one_go_keeps_the_first_error);
    tcase_add_test(tcase, layers_refuse_an_x_that_does_not_fit);
    tcase_add_test(tcase, error_says_in_which_module_it_came_up);
    tcase_add_test(tcase, bilinear_wants_its_own_module);
    tcase_add_loop_test(tcase, layer_reports_failing_allocations, 0, layer_trajectory_count);
    return tcase;
}
