/* Layers: the suite, and every layer against the trajectory that PyTorch went through. */
#include "tests/test_layers.h"
#include "tests/trajectories.h"

/* The options, but without a bias; they last until the next call. */
static const tp_layer_options *without_bias(const tp_layer_options *o)
{
    static tp_layer_options options;
    options = *o;
    options.no_bias = true;
    return &options;
}

static tp_module *network(const tp_layer_options *o, tp_error *e)
{
    tp_error local = {0}, *error = e ? e : &local;
    tp_module *net = tp_sequential(o, error);
    tp_sequential_add(net, tp_conv_layer(1, 2, TP_DIMS(3, 3), &(tp_conv_options){.padding = {1, 1}}, o, error), error);
    tp_sequential_add(net, tp_batch_norm_layer(2, NULL, o, error), error);
    tp_sequential_add(net, tp_activation_layer(tp_relu, o, error), error);
    tp_sequential_add(net, tp_max_pool_layer(TP_DIMS(2, 2), NULL, o, error), error);
    tp_sequential_add(net, tp_flatten_layer(1, -1, o, error), error);
    tp_sequential_add(net, tp_linear_layer(8, 3, o, error), error);
    if (error->status == TP_OK) return net;
    tp_module_free(net);
    return NULL;
}

#define CASE TRAJECTORY_MAKE
#define WIDER(name_, tolerance_, ...) TRAJECTORY_MAKE(name_, __VA_ARGS__)
#include "tests/layers.def"
#undef CASE
#undef WIDER

#define CASE(name_, ...) {.name = #name_, .make = make_##name_},
#define WIDER(name_, tolerance_, ...) {.name = #name_, .make = make_##name_, .tolerance = tolerance_},
const trajectory layer_trajectories[] = {
#include "tests/layers.def"
};
#undef CASE
#undef WIDER
const int layer_trajectory_count = sizeof layer_trajectories / sizeof *layer_trajectories;

START_TEST(layer_agrees_with_pytorch)
{
    trajectory_check("layers", &layer_trajectories[_i]);
}
END_TEST

START_TEST(every_stored_layer_is_checked)
{
    ck_assert_int_eq(trajectory_count("layers"), layer_trajectory_count);
}
END_TEST

Suite *layers_suite(void)
{
    Suite *suite = suite_create("layers");
    TCase *golden = tcase_create("golden");
    tcase_add_test(golden, every_stored_layer_is_checked);
    tcase_add_loop_test(golden, layer_agrees_with_pytorch, 0, layer_trajectory_count);
    suite_add_tcase(suite, golden);
    suite_add_tcase(suite, layers_errors_case());
    suite_add_tcase(suite, layers_uses_case());
    return suite;
}
