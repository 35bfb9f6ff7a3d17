/* Layers at work: modes, running statistics, draws, parameters that do not learn, memory, summaries. */
#include <stdio.h>

#include <tapir/checkpoint.h>

#include "tests/test_layers.h"
#include "tests/trajectories.h"

/* ---- every layer ---- */

START_TEST(training_step_asks_for_no_memory)
{
    const trajectory *t = &layer_trajectories[_i];
    const trajectory_case c = trajectory_find("layers", t->name);
    counter m = {0};
    const tp_allocator memory = counted(&m);
    tp_module *module = t->make(&(tp_layer_options){.memory = &memory, .dtype = TP_F64}, NULL);
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.memory = &memory});
    tp_tensor *x = trajectory_x(&c, 0);
    size_t calls = 0;
    for (int step = 0; step < 6; step++) {
        if (step == 3) calls = m.calls;
        tp_tape_reset(tape);
        tp_module_clear_grads(module);
        const tp_var in = c.integers ? tp_data(tape, x) : tp_leaf(tape, x);
        EXPECT_STATUS(tp_backward(tp_sum(tp_square(tp_module_forward(module, in)))), TP_OK);
    }
    ck_assert_msg(m.calls == calls, "%s: %zu calls", t->name, m.calls - calls);
    tp_tape_free(tape);
    tp_module_free(module);
    tp_tensor_release(x);
    ck_assert_uint_eq(m.blocks, 0);
    free(c.text);
}
END_TEST

START_TEST(single_precision_is_close_to_double)
{
    const trajectory *t = &layer_trajectories[_i];
    const trajectory_case c = trajectory_find("layers", t->name);
    tp_module *wide = trajectory_module(t), *single = t->make(&(tp_layer_options){0}, NULL);
    for (size_t i = 0; i < tp_module_parameter_count(wide); i++)
        tp_tensor_copy(tp_module_parameter_at(single, i, NULL, 0), tp_module_parameter_at(wide, i, NULL, 0), NULL);
    tp_tensor *x = trajectory_x(&c, 0);
    tp_tensor *narrow = tp_tensor_new(c.integers ? TP_I32 : TP_F32, c.rank, c.dims);
    tp_tensor_copy(narrow, x, NULL);
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var y = tp_module_forward(wide, tp_data(tape, x)), z = tp_module_forward(single, tp_data(tape, narrow));
    ck_assert_msg(tp_ok(y) && tp_ok(z), "%s: %s", t->name, tp_tape_error(tape));
    ck_assert_int_eq(tp_var_dtype(z), TP_F32);
    for (int64_t i = 0; i < tp_tensor_count(tp_value(y)); i++)
        EXPECT_NEAR(tp_tensor_item(tp_value(z), i), tp_tensor_item(tp_value(y), i), 2e-5);
    tp_tape_free(tape);
    tp_module_free(wide), tp_module_free(single);
    tp_tensor_release(x), tp_tensor_release(narrow);
    free(c.text);
}
END_TEST

/* ---- modes ---- */

START_TEST(dropout_is_off_in_evaluation_and_keeps_the_mean)
{
    tp_module *layer = _i ? tp_dropout_channels_layer(.25, NULL, NULL) : tp_dropout_layer(.25, NULL, NULL);
    tp_tensor *ones = tp_tensor_new(TP_F64, TP_DIMS(100, 50, 4));
    tp_tensor_fill(ones, 1);
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.seed = 3});
    const tp_var x = tp_data(tape, ones), y = tp_module_forward(layer, x), other = tp_module_forward(layer, x);
    double sum = 0;
    int64_t differ = 0, split = 0;
    for (int64_t i = 0; i < 20000; i++) {
        const double v = tp_tensor_item(tp_value(y), i);
        ck_assert(v == 0 || fabs(v - 4. / 3) < 1e-15);
        sum += v;
        differ += v != tp_tensor_item(tp_value(other), i);
        split += v != tp_tensor_item(tp_value(y), i / 4 * 4);
    }
    EXPECT_NEAR(sum / 20000, 1, _i ? .03 : .015);
    ck_assert_int_gt(differ, 4000);
    ck_assert(_i ? split == 0 : split > 4000);
    tp_module_set_training(layer, false);
    const tp_var same = tp_module_forward(layer, x);
    ck_assert(same.node == x.node);
    tp_tape_free(tape);
    tp_tensor_release(ones);
    tp_module_free(layer);
}
END_TEST

START_TEST(rrelu_draws_slopes_in_training)
{
    tp_module *layer = tp_rrelu_layer(.1, .3, NULL, NULL);
    tp_tensor *t = tp_tensor_new(TP_F64, TP_DIMS(1000));
    tp_tensor_fill(t, -1);
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var y = tp_module_forward(layer, tp_data(tape, t));
    double low = 0, high = -1;
    for (int64_t i = 0; i < 1000; i++) {
        low = fmin(low, tp_tensor_item(tp_value(y), i));
        high = fmax(high, tp_tensor_item(tp_value(y), i));
    }
    ck_assert(low >= -.3 && low < -.29 && high <= -.1 && high > -.11);
    tp_module_set_training(layer, false);
    EXPECT_NEAR(tp_tensor_item(tp_value(tp_module_forward(layer, tp_data(tape, t))), 7), -.2, 1e-15);
    tp_tape_free(tape);
    tp_tensor_release(t);
    tp_module_free(layer);
}
END_TEST

/* ---- running statistics ---- */

static tp_module *batch_norm(int kind)
{
    const tp_layer_options o = {.dtype = TP_F64};
    if (kind == 2) return tp_instance_norm_layer(2, &(tp_norm_options){.tracking = true}, &o, NULL);
    return tp_batch_norm_layer(2, &(tp_norm_options){.cumulative = kind == 1}, &o, NULL);
}

/* A replay that advances moves them as recording does; a replay that repeats, a walk, a call without a training mode do
   not; nor does a call that fails. */
START_TEST(running_statistics_move_once_a_step)
{
    tp_module *replayed = batch_norm(_i), *recorded = batch_norm(_i);
    tp_tensor *x = F64(TP_DIMS(2, 2, 2), 1, 2, -1, 3, 5, -2, 0, 4);
    tp_tape *tape = tp_tape_new(NULL), *other = tp_tape_new(NULL);
    const tp_var y = tp_module_forward(replayed, tp_leaf(tape, x));
    EXPECT_STATUS(tp_backward(tp_sum(tp_square(y))), TP_OK);
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    tp_module_forward(recorded, tp_data(other, x));
    static const char *const names[] = {"running_mean", "running_var", "num_batches_tracked"};
    for (int step = 0; step < 3; step++) {
        for (int i = 0; i < 3; i++)
            expect_same(tp_module_buffer(replayed, names[i]), tp_module_buffer(recorded, names[i]), 1e-15);
        EXPECT_NEAR(tp_tensor_item(tp_module_buffer(replayed, names[2]), 0), _i == 2 ? 0 : step + 1, 0);
        double *numbers = tp_tensor_data(x);
        for (int i = 0; i < 8; i++) numbers[i] = numbers[i] * 1.5 - i;
        EXPECT_STATUS(tp_replay(tape, TP_REPLAY_ADVANCE), TP_OK);
        tp_module_forward(recorded, tp_data(other, x));
    }
    tp_tensor *const mean = tp_tensor_clone(tp_module_buffer(recorded, "running_mean"));
    tp_module_set_training(recorded, false);
    ck_assert(tp_ok(tp_module_forward(recorded, tp_data(other, x))));
    tp_module_set_training(recorded, true);
    tp_tensor *wrong = tp_tensor_new(TP_F64, TP_DIMS(2, 3, 2));
    ck_assert(!tp_ok(tp_module_forward(recorded, tp_data(other, wrong))));
    expect_same(mean, tp_module_buffer(recorded, "running_mean"), 0);
    tp_tape_free(tape), tp_tape_free(other);
    tp_tensor_release(x), tp_tensor_release(mean), tp_tensor_release(wrong);
    tp_module_free(replayed), tp_module_free(recorded);
}
END_TEST

static tp_var run_module(tp_tape *tape, const tp_var *x, int n, void *module)
{
    (void)tape, (void)n;
    return tp_module_forward(module, x[0]);
}

/* ... and a checkpoint that runs again in the walk does not. */
START_TEST(running_statistics_stay_while_a_checkpoint_runs_again)
{
    tp_module *inside = batch_norm(_i), *plain = batch_norm(_i);
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(3, 2, 4), 5, -1, 2));
    EXPECT_STATUS(tp_backward(tp_sum(tp_square(tp_checkpoint(run_module, tape, &x, 1, inside)))), TP_OK);
    ck_assert(tp_ok(tp_module_forward(plain, x)));
    static const char *const names[] = {"running_mean", "running_var", "num_batches_tracked"};
    for (int i = 0; i < 3; i++) expect_same(tp_module_buffer(inside, names[i]), tp_module_buffer(plain, names[i]), 0);
    tp_tape_free(tape);
    tp_module_free(inside), tp_module_free(plain);
}
END_TEST

/* The mean over all batches of 1, 2, ..., 5 is 3. */
START_TEST(cumulative_statistics_are_means_over_batches)
{
    tp_module *layer = batch_norm(1);
    tp_tape *tape = tp_tape_new(NULL);
    for (int i = 1; i <= 5; i++) {
        tp_tensor *x = F64(TP_DIMS(2, 2), i - 1., 10. * i - i, i + 1., 10. * i + i);
        ck_assert(tp_ok(tp_module_forward(layer, data_of(tape, x))));
    }
    EXPECT_TENSOR(tp_module_buffer(layer, "running_mean"), 1e-14, 3, 30);
    EXPECT_TENSOR(tp_module_buffer(layer, "running_var"), 1e-13, 2, 2 * (1 + 4 + 9 + 16 + 25) / 5.);
    tp_tape_free(tape);
    tp_module_free(layer);
}
END_TEST

/* ---- parameters ---- */

START_TEST(frozen_parameters_stay_as_they_are)
{
    tp_module *mlp = tp_mlp(TP_DIMS(3, 4, 2), tp_tanh, NULL, NULL);
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = data_of(tape, random_tensor(TP_F32, TP_DIMS(5, 3), 1, -1, 1));
    EXPECT_STATUS(tp_backward(tp_sum(tp_module_forward(mlp, x))), TP_OK);
    ck_assert_ptr_nonnull(tp_tensor_grad(tp_module_parameter(mlp, "0.weight")));
    tp_module_set_trainable(tp_module_child(mlp, "0"), false);
    ck_assert_ptr_null(tp_tensor_grad(tp_module_parameter(mlp, "0.weight")));
    tp_module_clear_grads(mlp);
    EXPECT_STATUS(tp_backward(tp_sum(tp_module_forward(mlp, x))), TP_OK);
    ck_assert_ptr_null(tp_tensor_grad(tp_module_parameter(mlp, "0.weight")));
    ck_assert_ptr_nonnull(tp_tensor_grad(tp_module_parameter(mlp, "2.bias")));
    tp_module_set_trainable(mlp, true);
    EXPECT_STATUS(tp_backward(tp_sum(tp_module_forward(mlp, x))), TP_OK);
    ck_assert_ptr_nonnull(tp_tensor_grad(tp_module_parameter(mlp, "0.bias")));
    tp_module_set_trainable(NULL, true);
    tp_tape_free(tape);
    tp_module_free(mlp);
}
END_TEST

/* The variance of U(-k, k) is k^2 / 3. */
START_TEST(first_values_are_drawn_as_pytorch_does)
{
    const tp_conv_options two = {.groups = 2};
    tp_rng rng = tp_rng_seed(4);
    const tp_layer_options o = {.rng = &rng};
    tp_module *layers[] = {tp_conv_layer(8, 60, TP_DIMS(3, 5), &two, &o, NULL),
                           tp_conv_transpose_layer(60, 8, TP_DIMS(3, 5), &two, &o, NULL),
                           tp_bilinear_layer(25, 16, 10, &o, NULL), tp_embedding_layer(100, 40, -100, &o, NULL)};
    const double wanted[] = {1. / 60 / 3, 1. / 60 / 3, 1. / 25 / 3, 1};
    for (int i = 0; i < 4; i++) {
        const tp_tensor *w = tp_module_parameter(layers[i], "weight");
        double square = 0, largest = 0;
        for (int64_t k = 0; k < tp_tensor_count(w); k++) {
            square += pow(tp_tensor_item(w, k), 2) / (double)tp_tensor_count(w);
            largest = fmax(largest, fabs(tp_tensor_item(w, k)));
        }
        EXPECT_NEAR(square, wanted[i], .06 * wanted[i]);
        if (i < 3) ck_assert(largest <= sqrt(3 * wanted[i]) * (1 + 1e-6) && largest > .99 * sqrt(3 * wanted[i]));
    }
    for (int64_t k = 0; k < 40; k++) /* the padding's row */
        EXPECT_NEAR(tp_tensor_item(tp_module_parameter(layers[3], "weight"), k), 0, 0);
    ck_assert(fabs(tp_tensor_item(tp_module_parameter(layers[3], "weight"), 41)) > 0);
    for (int i = 0; i < 4; i++) tp_module_free(layers[i]);
}
END_TEST

/* ---- summaries ---- */

static tp_module *small_network(void)
{
    tp_module *net = tp_sequential(NULL, NULL);
    tp_sequential_add(net, tp_conv_layer(1, 40, TP_DIMS(5, 5), NULL, NULL, NULL), NULL);
    tp_sequential_add(net, tp_batch_norm_layer(40, NULL, NULL, NULL), NULL);
    tp_sequential_add(net, tp_flatten_layer(1, -1, NULL, NULL), NULL);
    tp_sequential_add(net, tp_residual(tp_linear_layer(160, 160, NULL, NULL), NULL, NULL), NULL);
    tp_module_set_trainable(tp_module_child(net, "0"), false);
    return net;
}

static const char with_shapes[] = "Layer              Output          Parameters\n"
                                  "---------------------------------------------\n"
                                  "sequential         (3, 160)                --\n"
                                  "  0: conv2d        (3, 40, 2, 2)        1,040\n"
                                  "  1: batch_norm    (3, 40, 2, 2)           80\n"
                                  "  2: flatten       (3, 160)                --\n"
                                  "  3: residual      (3, 160)                --\n"
                                  "    body: linear   (3, 160)            25,760\n"
                                  "---------------------------------------------\n"
                                  "Parameters      26,880 (107,520 bytes)\n"
                                  "  trainable     25,840\n"
                                  "  not trainable 1,040\n"
                                  "Buffers         81 (328 bytes)\n";

static void expect_summary(tp_module *net, int rank, const int64_t *dims, const char *wanted)
{
    char text[2048];
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    EXPECT_STATUS(tp_module_summary(net, TP_F32, rank, dims, file, NULL), TP_OK);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    ck_assert_str_eq(text, wanted);
}

START_TEST(summary_has_layers_shapes_and_totals)
{
    tp_module *net = small_network(), *one = tp_linear_layer(2, 3, NULL, NULL);
    tp_module_set_training(tp_module_child(net, "2"), false);
    expect_summary(net, TP_DIMS(3, 1, 6, 6), with_shapes);
    EXPECT_NEAR(tp_tensor_item(tp_module_buffer(net, "1.num_batches_tracked"), 0), 0, 0);
    ck_assert(tp_module_is_training(net) && !tp_module_is_training(tp_module_child(net, "2")));
    expect_summary(one, 0, NULL,
                   "Layer    Output   Parameters\n----------------------------\n"
                   "linear   --                9\n----------------------------\n"
                   "Parameters      9 (36 bytes)\n  trainable     9\n  not trainable 0\nBuffers         0 (0 bytes)\n");
    tp_module_free(net), tp_module_free(one);
}
END_TEST

static tp_status stop_at_flatten(void *user, const tp_module_row *row)
{
    ++*(int *)user;
    return strcmp(row->kind, "flatten") == 0 ? TP_E_CHECK : TP_OK;
}

START_TEST(summary_tells_what_is_wrong)
{
    tp_module *net = small_network();
    tp_error e = {0};
    int rows = 0;
    EXPECT_STATUS(tp_module_rows(net, TP_F32, 0, NULL, stop_at_flatten, &rows, &e), TP_E_CHECK);
    ck_assert_int_eq(rows, 4);
    EXPECT_STATUS(tp_module_rows(NULL, TP_F32, 0, NULL, stop_at_flatten, &rows, &e), TP_E_ARGUMENT);
    ck_assert_str_eq(e.message, "tp_module_rows: the module is NULL");
    EXPECT_STATUS(tp_module_rows(net, TP_F32, 0, NULL, NULL, NULL, &e), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_module_summary(net, TP_F32, 0, NULL, NULL, &e), TP_E_ARGUMENT);
    ck_assert_str_eq(e.message, "tp_module_summary: the file is NULL");
    EXPECT_STATUS(tp_module_summary(net, TP_F32, TP_DIMS(1, 1, 3, 3), stderr, &e), TP_E_SHAPE);
    ck_assert_msg(strstr(e.message, "[in module \"0\"]"), "%s", e.message);
    EXPECT_STATUS(tp_module_summary(net, TP_F32, TP_DIMS(1, 1, 3, -3), stderr, &e), TP_E_SHAPE);
    EXPECT_STATUS(tp_module_summary(net, TP_F32, 99, (const int64_t[]){1}, stderr, NULL), TP_E_LIMIT);
    tp_module_free(net);
}
END_TEST

START_TEST(summary_reports_failing_allocations)
{
    counter m = {0};
    const tp_allocator memory = counted(&m);
    tp_module *net = tp_mlp(TP_DIMS(3, 4, 2), tp_tanh, &(tp_layer_options){.memory = &memory}, NULL);
    const size_t blocks = m.blocks;
    int rows = 0;
    for (size_t at = 1;; at++) {
        tp_error e = {0};
        m.failed = 0;
        m.fail_at = m.calls + at;
        const tp_status status = tp_module_rows(net, TP_F32, TP_DIMS(2, 3), stop_at_flatten, &rows, &e);
        ck_assert_uint_eq(m.blocks, blocks);
        if (m.failed == 0) break;
        ck_assert(status == TP_OK || status == TP_E_MEMORY); /* a tape can do without some of what it asks for */
    }
    tp_module_free(net);
    ck_assert_uint_eq(m.blocks, 0);
}
END_TEST

TCase *layers_uses_case(void)
{
    TCase *tcase = tcase_create("uses");
    tcase_add_loop_test(tcase, training_step_asks_for_no_memory, 0, layer_trajectory_count);
    tcase_add_loop_test(tcase, single_precision_is_close_to_double, 0, layer_trajectory_count);
    tcase_add_loop_test(tcase, dropout_is_off_in_evaluation_and_keeps_the_mean, 0, 2);
    tcase_add_test(tcase, rrelu_draws_slopes_in_training);
    tcase_add_loop_test(tcase, running_statistics_move_once_a_step, 0, 3);
    tcase_add_loop_test(tcase, running_statistics_stay_while_a_checkpoint_runs_again, 0, 3);
    tcase_add_test(tcase, cumulative_statistics_are_means_over_batches);
    tcase_add_test(tcase, frozen_parameters_stay_as_they_are);
    tcase_add_test(tcase, first_values_are_drawn_as_pytorch_does);
    tcase_add_test(tcase, summary_has_layers_shapes_and_totals);
    tcase_add_test(tcase, summary_tells_what_is_wrong);
    tcase_add_test(tcase, summary_reports_failing_allocations);
    return tcase;
}
