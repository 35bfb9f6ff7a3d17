/* Drawings of modules: which boxes there are, what stands in them, and what is around them. */
#include <tapir/checkpoint.h>
#include <tapir/nn.h>

#include "tests/test_draw.h"

#include "tests/tape_fixture.h"

static tp_diagram *drawn(tp_module *module, tp_var output)
{
    tp_error error = {0};
    tp_diagram *d = tp_module_diagram(module, output, NULL, &error);
    ck_assert_msg(d != NULL, "%s", error.message);
    return d;
}

static tp_var zeros(tp_dtype dtype, int rank, const int64_t *dims)
{
    return data_of(tape, tp_tensor_new(dtype, rank, dims));
}

START_TEST(module_shows_layers_shapes_and_parameters)
{
    tp_module *net = tp_sequential(NULL, NULL);
    tp_sequential_add(net, tp_conv_layer(1, 6, TP_DIMS(5, 5), NULL, NULL, NULL), NULL);
    tp_sequential_add(net, tp_activation_layer(tp_relu, NULL, NULL), NULL);
    tp_sequential_add(net, tp_max_pool_layer(TP_DIMS(2, 2), NULL, NULL, NULL), NULL);
    tp_sequential_add(net, tp_flatten_layer(1, -1, NULL, NULL), NULL);
    tp_sequential_add(net, tp_mlp(TP_DIMS(864, 10, 3), tp_tanh, NULL, NULL), NULL);
    const tp_var y = tp_module_forward(net, zeros(TP_F32, TP_DIMS(2, 1, 28, 28)));
    EXPECT_OK(tape);
    tp_diagram *d = drawn(net, y);
    const char *svg = drawing_of(d);
    EXPECT_LABELS(svg, "sequential", "8,839 parameters", "input", "(2,1,28,28)", "conv2d",
                  "(2,6,24,24) · 156 parameters", "relu", "max_pool2d", "(2,6,12,12)", "flatten", "(2,864)",
                  "(2,10) · 8,650 parameters", "tanh", "(2,3) · 33 parameters");
    ck_assert_int_eq(occurrences(svg, "<rect class='y'"), 1); /* the inner sequential */
    ck_assert_int_eq(occurrences(svg, "<path class='j'"), 7); /* an arrow into each but the first */
    tp_diagram_free(d);
    tp_module_free(net);
}
END_TEST

START_TEST(module_shows_what_containers_compute_as_gates)
{
    tp_module *net = tp_residual(tp_linear_layer(4, 4, NULL, NULL), NULL, NULL);
    const tp_var x = tp_name(zeros(TP_F32, TP_DIMS(2, 4)), "x"), y = tp_module_forward(net, x);
    const tp_var loss = tp_mse(y, tp_name(zeros(TP_F32, TP_DIMS(2, 4)), "wanted"), TP_MEAN);
    tp_diagram *d = drawn(net, loss);
    EXPECT_LABELS(drawing_of(d), "x", "wanted", "body: linear", "+", "mse");
    tp_diagram_free(d);
    d = drawn(net, y);
    ck_assert_int_eq(occurrences(drawing_of(d), "wanted"), 0);
    tp_diagram_free(d);
    tp_module_free(net);
}
END_TEST

START_TEST(module_shows_a_layer_for_each_time_it_ran)
{
    tp_module *net = tp_sequential(NULL, NULL), *layer = tp_linear_layer(4, 4, NULL, NULL);
    tp_sequential_add(net, layer, NULL);
    tp_var x = zeros(TP_F32, TP_DIMS(2, 4));
    for (int i = 0; i < 3; i++) x = tp_module_forward(net, x);
    tp_diagram *d = drawn(net, x);
    const char *svg = drawing_of(d);
    ck_assert_int_eq(occurrences(svg, ">linear</text>"), 3);
    ck_assert_int_eq(occurrences(svg, ">(2,4) · 20 parameters</text>"), 1);
    ck_assert_int_eq(occurrences(svg, ">(2,4) · shared</text>"), 2);
    tp_diagram_free(d);
    tp_module_free(net);
}
END_TEST

/* Its parts do not run by tp_module_forward, and a tape of two inputs has no module that ran as a whole. */
START_TEST(module_shows_transformers)
{
    tp_module *net = tp_transformer(2, 1, 8, 2, NULL, NULL);
    const tp_var y =
        tp_transformer_forward(net, zeros(TP_F32, TP_DIMS(1, 5, 8)), zeros(TP_F32, TP_DIMS(1, 3, 8)), NULL, NULL);
    EXPECT_OK(tape);
    tp_diagram *d = drawn(net, y);
    const char *svg = drawing_of(d);
    ck_assert_int_eq(occurrences(svg, ">self_attn: multihead_attention</text>"), 3);
    ck_assert_int_eq(occurrences(svg, ">multihead_attn: multihead_attention</text>"), 1);
    ck_assert_int_eq(occurrences(svg, ">linear1</text>"), 3);
    ck_assert_int_eq(occurrences(svg, "<rect class='y'"), 5); /* encoder, decoder and their layers */
    drawing *seen = read_drawing(svg);
    expect_legible(seen, true);
    free_drawing(seen);
    ck_assert_int_eq(occurrences(svg, ">+</text>"), 7);
    ck_assert_int_eq(occurrences(svg, ">input</text>"), 2);
    ck_assert_int_eq(occurrences(svg, "attention_packed"), 0);
    tp_diagram_free(d);
    tp_module_free(net);
}
END_TEST

static tp_var run_net(tp_tape *t, const tp_var *x, int n, void *user)
{
    (void)t, (void)n;
    return tp_module_forward(user, x[0]);
}

/* What ran in one node is one box. */
START_TEST(module_shows_checkpoints_as_what_they_hold)
{
    tp_module *net = tp_mlp(TP_DIMS(3, 4, 2), tp_tanh, NULL, NULL);
    const tp_var x = zeros(TP_F32, TP_DIMS(2, 3)), y = tp_checkpoint(run_net, tape, &x, 1, net);
    EXPECT_OK(tape);
    tp_diagram *d = drawn(net, tp_sum(y));
    const char *svg = drawing_of(d);
    EXPECT_LABELS(svg, "sequential", "(2,2) · 26 parameters", "Σ");
    ck_assert_int_eq(occurrences(svg, ">linear<"), 0);
    tp_diagram_free(d);
    tp_module_free(net);
}
END_TEST

/* A rewind takes the runs of modules with it. */
START_TEST(module_forgets_what_was_rewound)
{
    tp_module *net = tp_linear_layer(4, 4, NULL, NULL);
    const tp_var x = zeros(TP_F32, TP_DIMS(2, 4));
    const tp_mark mark = tp_tape_mark(tape);
    tp_error error = {0};
    for (int i = 0; i < 3; i++) {
        tp_module_forward(net, x);
        EXPECT_STATUS(tp_tape_rewind(tape, mark), TP_OK);
    }
    tp_diagram_free(tp_module_diagram(net, tp_relu(x), NULL, &error));
    EXPECT_STATUS(error.status, TP_E_ARGUMENT);
    ck_assert_str_eq(error.message, "tp_module_diagram: the output was not made by the module");
    const tp_var y = tp_module_forward(net, x);
    tp_diagram *d = drawn(net, y);
    ck_assert_int_eq(occurrences(drawing_of(d), ">linear</text>"), 2); /* the title, too */
    tp_diagram_free(d);
    tp_module_free(net);
}
END_TEST

/* What the tape knows of a module that is gone is not followed. */
START_TEST(module_that_is_gone_is_no_part_of_another)
{
    tp_module *net = tp_linear_layer(4, 4, NULL, NULL);
    const tp_var y = tp_module_forward(net, zeros(TP_F32, TP_DIMS(2, 4)));
    tp_module *other = tp_sequential(NULL, NULL);
    tp_sequential_add(other, tp_linear_layer(4, 2, NULL, NULL), NULL);
    tp_module_free(net);
    const tp_var z = tp_module_forward(other, y);
    tp_diagram *d = drawn(other, z);
    EXPECT_LABELS(drawing_of(d), "(2,2) · 10 parameters", "input");
    tp_diagram_free(d);
    tp_error error = {0};
    EXPECT_STATUS(tp_draw_module(other, y, NULL, "never.svg", &error), TP_E_ARGUMENT);
    tp_module_free(other);
}
END_TEST

START_TEST(module_refuses_wrong_arguments)
{
    tp_module *net = tp_linear_layer(4, 4, NULL, NULL);
    const tp_var x = zeros(TP_F32, TP_DIMS(2, 4));
    tp_error error = {0};
    EXPECT_STATUS(tp_draw_module(NULL, x, NULL, "never.svg", &error), TP_E_ARGUMENT);
    ck_assert_str_eq(error.message, "tp_draw_module: module is NULL");
    EXPECT_STATUS(tp_draw_module(net, (tp_var){0}, NULL, "never.svg", &error), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_draw_module(net, x, NULL, "never.svg", &error), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_draw_module(net, tp_module_forward(net, x), NULL, NULL, &error), TP_E_ARGUMENT);
    tp_tape_reset(tape);
    EXPECT_STATUS(tp_draw_module(net, x, NULL, "never.svg", NULL), TP_E_STALE);
    tp_module_free(net);
}
END_TEST

TCase *draw_module_case(void)
{
    TCase *tcase = tcase_create("module");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, module_shows_layers_shapes_and_parameters);
    tcase_add_test(tcase, module_shows_what_containers_compute_as_gates);
    tcase_add_test(tcase, module_shows_a_layer_for_each_time_it_ran);
    tcase_add_test(tcase, module_shows_transformers);
    tcase_add_test(tcase, module_shows_checkpoints_as_what_they_hold);
    tcase_add_test(tcase, module_forgets_what_was_rewound);
    tcase_add_test(tcase, module_that_is_gone_is_no_part_of_another);
    tcase_add_test(tcase, module_refuses_wrong_arguments);
    return tcase;
}
