/* Layers and networks: against plain loops, written by a user, drawn from a seed, recorded again. */
#include "tests/test_layers.h"

/* A layer as a user writes it: y = scale x + shift, where shift is a buffer. */
typedef struct affine_state {
    int *freed;
} affine_state;

static tp_var affine_forward(tp_module *module, tp_var x)
{
    if (tp_var_rank(x) != 1) return tp_module_fail(module, x.tape, TP_E_SHAPE, "rank %d", tp_var_rank(x));
    return tp_add(tp_mul(tp_module_use(module, "scale", x.tape), x), tp_module_use(module, "shift", x.tape));
}

static void affine_free(tp_module *module)
{
    const affine_state *state = tp_module_state(module);
    ++*state->freed;
}

static const tp_module_kind affine_kind = {TP_MODULE_HEAD, .name = "affine", .state = sizeof(affine_state),
                                           .forward = affine_forward, .free = affine_free};

static tp_module *affine(int *freed)
{
    tp_module *module = tp_module_new(&affine_kind, NULL, NULL);
    affine_state *state = tp_module_state(module);
    state->freed = freed;
    tp_module_add_parameter(module, "scale", tp_tensor_from(TP_F64, TP_DIMS(2), (double[]){2, 3}), NULL);
    tp_module_add_buffer(module, "shift", tp_tensor_from(TP_F64, TP_DIMS(2), (double[]){10, 20}), NULL);
    return module;
}

START_TEST(user_layer_runs_and_learns)
{
    int freed = 0;
    tp_module *net = tp_sequential(NULL, NULL);
    tp_sequential_add(net, affine(&freed), NULL);
    tp_sequential_add(net, affine(&freed), NULL);
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *x = tp_tensor_from(TP_F64, TP_DIMS(2), (double[]){1, -1});
    tp_var y = tp_module_forward(net, tp_data(tape, x));
    ck_assert_int_eq(tp_backward(tp_sum(y)), TP_OK);
    ck_assert_double_eq(tp_tensor_item(tp_value(y), 0), 2 * (2 * 1 + 10) + 10);
    ck_assert_double_eq(tp_tensor_item(tp_value(y), 1), 3 * (3 * -1 + 20) + 20);
    ck_assert_double_eq(tp_tensor_item(tp_tensor_grad(tp_module_parameter(net, "0.scale")), 1), -3);
    ck_assert_double_eq(tp_tensor_item(tp_tensor_grad(tp_module_parameter(net, "1.scale")), 0), 12);
    ck_assert_ptr_null(tp_tensor_grad(tp_module_buffer(net, "0.shift")));
    tp_module_clear_grads(net);
    ck_assert_ptr_null(tp_tensor_grad(tp_module_parameter(net, "1.scale")));
    tp_tape_reset(tape);
    ck_assert(!tp_ok(tp_module_forward(net, tp_scalar(tape, 1))));
    ck_assert_str_eq(tp_tape_error(tape), "affine: rank 0 [in module \"0\"]");
    tp_tape_free(tape);
    tp_tensor_release(x);
    tp_module_free(net);
    ck_assert_int_eq(freed, 2);
}
END_TEST

START_TEST(linear_of_zero_is_the_bias)
{
    const tp_dtype dtype = _i ? TP_F64 : TP_F32;
    tp_rng rng = tp_rng_seed(3);
    tp_module *layer = tp_linear_layer(5, 3, &(tp_layer_options){.rng = &rng, .dtype = dtype}, NULL);
    tp_tensor *zero = tp_tensor_new(dtype, TP_DIMS(2, 5));
    tp_tape *tape = tp_tape_new(NULL);
    tp_var y = tp_module_forward(layer, tp_data(tape, zero));
    ck_assert_msg(tp_ok(y), "%s", tp_tape_error(tape));
    for (int64_t i = 0; i < 6; i++)
        ck_assert_double_eq(tp_tensor_item(tp_value(y), i), tp_tensor_item(tp_module_parameter(layer, "bias"), i % 3));
    tp_tape_free(tape);
    tp_module_free(layer);
    layer = tp_linear_layer(5, 3, &(tp_layer_options){.dtype = dtype, .no_bias = true}, NULL);
    ck_assert_uint_eq(tp_module_parameter_count(layer), 1);
    tape = tp_tape_new(NULL);
    y = tp_module_forward(layer, tp_data(tape, zero));
    for (int64_t i = 0; i < 6; i++) ck_assert_double_eq(tp_tensor_item(tp_value(y), i), 0);
    tp_tape_free(tape);
    tp_module_free(layer);
    tp_tensor_release(zero);
}
END_TEST

/* W2 tanh(W1 x + b1) + b2 by plain loops. */
START_TEST(mlp_equals_plain_loops)
{
    const tp_dtype dtype = _i ? TP_F64 : TP_F32;
    const double tolerance = _i ? 1e-14 : 1e-6;
    tp_rng rng = tp_rng_seed(11);
    tp_module *mlp = tp_mlp(TP_DIMS(3, 4, 2), tp_tanh, &(tp_layer_options){.rng = &rng, .dtype = dtype}, NULL);
    tp_tensor *x = tp_tensor_new(dtype, TP_DIMS(5, 3));
    tp_init_normal(x, 0, 1, &rng, NULL);
    tp_tape *tape = tp_tape_new(NULL);
    const tp_tensor *y = tp_value(tp_module_forward(mlp, tp_data(tape, x)));
    const tp_tensor *w1 = tp_module_parameter(mlp, "0.weight"), *b1 = tp_module_parameter(mlp, "0.bias");
    const tp_tensor *w2 = tp_module_parameter(mlp, "2.weight"), *b2 = tp_module_parameter(mlp, "2.bias");
    for (int64_t r = 0; r < 5; r++) {
        double h[4];
        for (int64_t i = 0; i < 4; i++) {
            h[i] = tp_tensor_item(b1, i);
            for (int64_t k = 0; k < 3; k++) h[i] += tp_tensor_item(w1, 3 * i + k) * tp_tensor_item(x, 3 * r + k);
            h[i] = tanh(h[i]);
        }
        for (int64_t i = 0; i < 2; i++) {
            double sum = tp_tensor_item(b2, i);
            for (int64_t k = 0; k < 4; k++) sum += tp_tensor_item(w2, 4 * i + k) * h[k];
            ck_assert_double_eq_tol(tp_tensor_item(y, 2 * r + i), sum, tolerance);
        }
    }
    tp_tape_free(tape);
    tp_tensor_release(x);
    tp_module_free(mlp);
}
END_TEST

START_TEST(activation_layers_compute_their_function)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = tp_scalar(tape, -0.5);
    tp_module *net[] = {tp_activation_layer(tp_relu, NULL, NULL),
                        tp_activation_layer(tp_tanh, NULL, NULL),
                        tp_activation_layer(tp_sigmoid, NULL, NULL),
                        tp_activation_layer(NULL, NULL, NULL),
                        tp_activation_layer(tp_square, NULL, NULL),
                        tp_leaky_relu_layer(0.1, NULL, NULL),
                        tp_sequential(NULL, NULL)};
    const double expected[] = {0, tanh(-0.5), 1 / (1 + exp(0.5)), -0.5, 0.25, -0.05, -0.5};
    static const char *const names[] = {"relu", "tanh", "sigmoid", "identity", "function", "leaky_relu", "sequential"};
    for (size_t i = 0; i < sizeof net / sizeof *net; i++) {
        ck_assert_str_eq(tp_module_kind_of(net[i])->name, names[i]);
        ck_assert_double_eq_tol(tp_item(tp_module_forward(net[i], x)), expected[i], 1e-15);
        tp_module_free(net[i]);
    }
    tp_tape_free(tape);
}
END_TEST

START_TEST(linear_layer_draws_as_pytorch_does)
{
    tp_rng rng = tp_rng_seed(5);
    tp_module *layer = tp_linear_layer(100, 300, &(tp_layer_options){.rng = &rng}, NULL);
    static const char *const names[] = {"weight", "bias"};
    for (int k = 0; k < 2; k++) {
        const tp_tensor *t = tp_module_parameter(layer, names[k]);
        double low = 1, high = -1, square = 0;
        for (int64_t i = 0; i < tp_tensor_count(t); i++) {
            const double v = tp_tensor_item(t, i);
            low = fmin(low, v), high = fmax(high, v), square += v * v;
        }
        ck_assert(low >= -0.1000001 && high <= 0.1000001);
        ck_assert(low < -0.095 && high > 0.095);
        ck_assert_double_eq_tol(square / (double)tp_tensor_count(t), 0.01 / 3, k ? 6e-4 : 6e-5);
    }
    tp_module_free(layer);
}
END_TEST

START_TEST(same_seed_same_network)
{
    tp_rng a = tp_rng_seed(7), b = tp_rng_seed(7), c = tp_rng_seed(8);
    tp_module *net[4] = {
        tp_mlp(TP_DIMS(6, 5, 4), tp_relu, &(tp_layer_options){.rng = &a}, NULL),
        tp_mlp(TP_DIMS(6, 5, 4), tp_relu, &(tp_layer_options){.rng = &b}, NULL),
        tp_mlp(TP_DIMS(6, 5, 4), tp_relu, &(tp_layer_options){.rng = &c}, NULL),
        tp_mlp(TP_DIMS(6, 5, 4), tp_relu, &(tp_layer_options){.rng = &a}, NULL), /* goes on where the first ended */
    };
    for (size_t i = 0; i < 4; i++) {
        const tp_tensor *t[4];
        for (int k = 0; k < 4; k++) t[k] = tp_module_parameter_at(net[k], i, NULL, 0);
        const size_t bytes = (size_t)tp_tensor_count(t[0]) * sizeof(float);
        ck_assert_mem_eq(tp_tensor_read(t[0]), tp_tensor_read(t[1]), bytes);
        ck_assert_mem_ne(tp_tensor_read(t[0]), tp_tensor_read(t[2]), bytes);
        ck_assert_mem_ne(tp_tensor_read(t[0]), tp_tensor_read(t[3]), bytes);
    }
    ck_assert_mem_ne(tp_tensor_read(tp_module_parameter(net[0], "0.bias")), /* layers do not share their draws */
                     tp_tensor_read(tp_module_parameter(net[0], "2.bias")), 4 * sizeof(float));
    for (int k = 0; k < 4; k++) tp_module_free(net[k]);
}
END_TEST

START_TEST(recording_a_network_again_asks_for_no_memory)
{
    counter m = {0};
    const tp_allocator memory = counted(&m);
    tp_module *mlp = tp_mlp(TP_DIMS(8, 16, 4), tp_relu, &(tp_layer_options){.memory = &memory}, NULL);
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.memory = &memory});
    tp_tensor *x = tp_tensor_new(TP_F32, TP_DIMS(3, 8));
    tp_tensor_fill(x, 0.5);
    size_t calls = 0;
    for (int step = 0; step < 5; step++) {
        if (step == 2) calls = m.calls;
        tp_tape_reset(tape);
        tp_module_clear_grads(mlp);
        ck_assert_int_eq(tp_backward(tp_sum(tp_module_forward(mlp, tp_data(tape, x)))), TP_OK);
    }
    ck_assert_uint_eq(m.calls, calls);
    tp_tape_free(tape);
    tp_module_free(mlp);
    tp_tensor_release(x);
    ck_assert_uint_eq(m.blocks, 0);
}
END_TEST

TCase *nn_layers_case(void)
{
    TCase *tcase = tcase_create("layers");
    tcase_add_test(tcase, user_layer_runs_and_learns);
    tcase_add_loop_test(tcase, linear_of_zero_is_the_bias, 0, 2);
    tcase_add_loop_test(tcase, mlp_equals_plain_loops, 0, 2);
    tcase_add_test(tcase, activation_layers_compute_their_function);
    tcase_add_test(tcase, linear_layer_draws_as_pytorch_does);
    tcase_add_test(tcase, same_seed_same_network);
    tcase_add_test(tcase, recording_a_network_again_asks_for_no_memory);
    return tcase;
}
