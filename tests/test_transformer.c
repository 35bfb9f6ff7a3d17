/* Attention and transformer blocks: masks, layouts, positions, dropout; the suite, with the other files of it. */
#include "tests/test_transformer.h"

enum { N = 2, T = 4, WIDTH = 8, HEADS = 2 };

/* A module of f64 whose parameters, biases too, are drawn. */
static tp_module *drawn(tp_module *module)
{
    tp_rng rng = tp_rng_seed(11);
    tp_tensor *parameters[64];
    ck_assert_ptr_nonnull(module);
    const size_t n = tp_module_parameters(module, parameters, 64);
    for (size_t i = 0; i < n; i++) tp_init_uniform(parameters[i], -.7, .7, &rng, NULL);
    return module;
}

static tp_module *attention_of(tp_multihead_options o)
{
    o.layer.dtype = TP_F64;
    return drawn(tp_multihead_attention(WIDTH, HEADS, &o, NULL));
}

static tp_var sequence(tp_tape *tape, int rank, const int64_t *dims)
{
    return leaf_of(tape, random_tensor(TP_F64, rank, dims, 5, -1, 1));
}

static void expect_equal(tp_var a, tp_var b, double tolerance)
{
    EXPECT_OK(a.tape);
    expect_same(tp_value(a), tp_value(b), tolerance);
}

/* The output is the weights times v, head by head. */
START_TEST(attention_is_its_weights_times_v)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_module *m = attention_of((tp_multihead_options){0});
    const tp_var x = sequence(tape, TP_DIMS(N, T, WIDTH));
    const tp_attention_masks masks = {.causal = true};
    const tp_var p = tp_attention_weights(m, x, x, &masks);
    const tp_var weight = tp_slice(tp_module_use(m, "in_proj_weight", tape), 0, 2 * WIDTH, 3 * WIDTH, 1);
    const tp_var bias = tp_slice(tp_module_use(m, "in_proj_bias", tape), 0, 2 * WIDTH, 3 * WIDTH, 1);
    const tp_var v = tp_transpose(tp_reshape(tp_linear(x, weight, bias), TP_DIMS(N, T, HEADS, WIDTH / HEADS)), 1, 2);
    const tp_var joined = tp_flatten(tp_transpose(tp_matmul(p, v), 1, 2), 2, 3);
    const tp_var y = tp_module_forward(tp_module_child(m, "out_proj"), joined);
    expect_equal(tp_attention_forward(m, x, x, x, &masks), y, 1e-14);
    for (int64_t i = 0; i < N * HEADS * T * T; i++)
        if (i % T > i / T % T) ck_assert_double_eq(tp_tensor_item(tp_value(p), i), 0);
    tp_module_free(m);
    tp_tape_free(tape);
}
END_TEST

/* x to itself by the packed projection, and copies of x by three. */
START_TEST(one_operand_and_three_agree)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_module *m = attention_of((tp_multihead_options){.rotary = _i ? 100 : 0});
    const tp_var x = sequence(tape, TP_DIMS(N, T, WIDTH)), copy = tp_muls(x, 1);
    const tp_var one = tp_attention_forward(m, x, x, x, NULL), three = tp_attention_forward(m, x, copy, copy, NULL);
    expect_equal(one, three, 1e-14);
    expect_equal(one, tp_module_forward(m, x), 0);
    tp_var a, b;
    ck_assert_int_eq(tp_gradients(tp_sum(tp_sin(one)), &x, 1, &a, 0), TP_OK);
    ck_assert_int_eq(tp_gradients(tp_sum(tp_sin(three)), &x, 1, &b, 0), TP_OK);
    expect_equal(a, b, 1e-13);
    tp_module_free(m);
    tp_tape_free(tape);
}
END_TEST

START_TEST(time_first_is_a_matter_of_axes)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_module *batch = attention_of((tp_multihead_options){.rotary = 100, .causal = true}),
              *time = attention_of((tp_multihead_options){.rotary = 100, .causal = true, .time_first = true});
    const tp_var x = sequence(tape, TP_DIMS(N, T, WIDTH)), turned = tp_transpose(x, 0, 1);
    expect_equal(tp_module_forward(batch, x), tp_transpose(tp_module_forward(time, turned), 0, 1), 1e-14);
    const tp_var one = tp_squeeze(tp_slice(x, 0, 1, 2, 1), TP_AXES(0)), y = tp_module_forward(batch, one);
    ck_assert_int_eq(tp_var_rank(y), 2);
    expect_equal(y, tp_module_forward(time, one), 1e-14);
    expect_equal(y, tp_squeeze(tp_slice(tp_module_forward(batch, x), 0, 1, 2, 1), TP_AXES(0)), 1e-14);
    tp_module_free(batch), tp_module_free(time);
    tp_tape_free(tape);
}
END_TEST

/* Padding behind a sequence does not change what comes out for it, and gets no gradient. */
START_TEST(padding_is_not_seen)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_module *m = attention_of((tp_multihead_options){0});
    const tp_var x = sequence(tape, TP_DIMS(1, T, WIDTH)), start = tp_slice(x, 1, 0, T - 1, 1);
    const tp_attention_masks masks = {.keys = data_of(tape, tensor_of(TP_U8, TP_DIMS(1, T), NUMBERS(1, 1, 1, 0)))};
    const tp_var y = tp_slice(tp_attention_forward(m, x, x, x, &masks), 1, 0, T - 1, 1);
    expect_equal(y, tp_module_forward(m, start), 1e-14);
    tp_var g;
    ck_assert_int_eq(tp_gradients(tp_sum(tp_sin(y)), &x, 1, &g, 0), TP_OK);
    for (int64_t i = 0; i < WIDTH; i++) ck_assert_double_eq(tp_tensor_item(tp_value(g), (T - 1) * WIDTH + i), 0);
    tp_module_free(m);
    tp_tape_free(tape);
}
END_TEST

/* Masks with and without axes for sequences and heads; of bytes, and of minus infinity. */
START_TEST(masks_of_all_ranks_agree)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_module *m = attention_of((tp_multihead_options){0});
    const tp_var x = sequence(tape, TP_DIMS(N, T, WIDTH));
    const tp_var keys = data_of(tape, tensor_of(TP_U8, TP_DIMS(N, T), NUMBERS(1, 1, 1, 0, 1, 0, 1, 1)));
    const tp_var causal = tp_tril(tp_ones(tape, TP_F64, TP_DIMS(T, T)), 0);
    const tp_var bytes = tp_cast(causal, TP_U8);
    const tp_var added = tp_masked_fill(tp_zeros_like(causal), tp_logical_not(bytes), -HUGE_VAL);
    const tp_attention_masks flag = {.causal = true, .keys = keys};
    const tp_var y = tp_attention_forward(m, x, x, x, &flag);
    const tp_var shapes[] = {bytes, tp_expand(bytes, TP_DIMS(N, T, T)), tp_expand(bytes, TP_DIMS(N, HEADS, T, T)),
                             added, tp_expand(added, TP_DIMS(N, T, T)), tp_expand(added, TP_DIMS(1, HEADS, T, T))};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const tp_attention_masks masks = {.mask = shapes[i], .keys = keys};
        expect_equal(tp_attention_forward(m, x, x, x, &masks), y, 1e-14);
    }
    tp_module_free(m);
    tp_tape_free(tape);
}
END_TEST

/* With rotary positions scores depend on distances: of a constant sequence all rows attend alike, shifted. */
START_TEST(rotary_scores_depend_on_distance)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = tp_expand(sequence(tape, TP_DIMS(1, WIDTH)), TP_DIMS(T, WIDTH));
    for (int halves = 0; halves < 2; halves++) {
        const tp_var q = tp_rotary(x, 10, 0, halves), k = tp_rotary(x, 10, 3, halves);
        const tp_tensor *scores = tp_value(tp_matmul(q, tp_transpose(k, 0, 1)));
        for (int64_t i = 0; i + 1 < T; i++)
            for (int64_t j = 0; j + 1 < T; j++)
                EXPECT_NEAR(tp_tensor_item(scores, i * T + j), tp_tensor_item(scores, (i + 1) * T + j + 1), 1e-14);
    }
    EXPECT_OK(tape);
    tp_tape_free(tape);
}
END_TEST

START_TEST(sinusoidal_positions_are_sines)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *table = tp_sinusoidal_positions(7, 5, 100, TP_F64, NULL, NULL);
    for (int64_t t = 0; t < 7; t++)
        for (int64_t i = 0; i < 5; i++) {
            const double angle = (double)t / pow(100, (double)(i / 2 * 2) / 5);
            EXPECT_NEAR(tp_tensor_item(table, t * 5 + i), i % 2 ? cos(angle) : sin(angle), 1e-14);
        }
    tp_module *batch = tp_sinusoidal_layer(9, WIDTH, false, &(tp_layer_options){.dtype = TP_F64}, NULL),
              *time = tp_sinusoidal_layer(9, WIDTH, true, &(tp_layer_options){.dtype = TP_F64}, NULL);
    const tp_var x = sequence(tape, TP_DIMS(N, T, WIDTH)), y = tp_module_forward(batch, x);
    const tp_tensor *first = tp_module_buffer(batch, "positions");
    for (int64_t i = 0; i < N * T * WIDTH; i++)
        EXPECT_NEAR(tp_tensor_item(tp_value(y), i),
                    tp_tensor_item(tp_value(x), i) + tp_tensor_item(first, i % (T * WIDTH)), 1e-15);
    expect_equal(y, tp_transpose(tp_module_forward(time, tp_transpose(x, 0, 1)), 0, 1), 0);
    ck_assert_uint_eq(tp_module_parameter_count(batch), 0);
    tp_tensor_release(table);
    tp_module_free(batch), tp_module_free(time);
    tp_tape_free(tape);
}
END_TEST

/* In training each branch and the weights are dropped, with the tape's generator; in evaluation nothing is. */
START_TEST(dropout_is_of_training)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_transformer_options with = {.layer.dtype = TP_F64, .dropout = .5}, without = {.layer.dtype = TP_F64};
    tp_module *a = drawn(tp_transformer_encoder_layer(WIDTH, HEADS, &with, NULL)),
              *b = drawn(tp_transformer_encoder_layer(WIDTH, HEADS, &without, NULL));
    const tp_var x = sequence(tape, TP_DIMS(N, T, WIDTH));
    const tp_var first = tp_module_forward(a, x), second = tp_module_forward(a, x), plain = tp_module_forward(b, x);
    double apart[2] = {0};
    for (int64_t i = 0; i < N * T * WIDTH; i++) {
        const double y = tp_tensor_item(tp_value(first), i);
        apart[0] += fabs(y - tp_tensor_item(tp_value(second), i));
        apart[1] += fabs(y - tp_tensor_item(tp_value(plain), i));
    }
    ck_assert(apart[0] > 1 && apart[1] > 1);
    tp_module_set_training(a, false);
    expect_equal(tp_module_forward(a, x), plain, 0);
    tp_module_free(a), tp_module_free(b);
    tp_tape_free(tape);
}
END_TEST

/* A layer's gradients against differences, and its second derivatives. */
START_TEST(layers_have_derivatives)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_transformer_options o = {
        .layer.dtype = TP_F64, .hidden = 3, .gelu = true, .norm_first = _i != 0, .rotary = 10, .causal = true};
    tp_module *m = drawn(tp_transformer_decoder_layer(4, 2, &o, NULL));
    const tp_var x[] = {sequence(tape, TP_DIMS(1, 3, 4)),
                        leaf_of(tape, random_tensor(TP_F64, TP_DIMS(1, 2, 4), 6, -1, 1))};
    expect_gradients(tp_decoder_forward(m, x[0], x[1], NULL, NULL), x, 2);
    tp_module_free(m);
    tp_tape_free(tape);
}
END_TEST

/* One generator draws a stack: no two layers are alike, and the same seed draws the same. */
START_TEST(same_seed_same_stack)
{
    tp_rng rng[2] = {tp_rng_seed(3), tp_rng_seed(3)};
    tp_module *m[2];
    for (int i = 0; i < 2; i++) {
        const tp_transformer_options o = {.layer.rng = &rng[i], .final_norm = true};
        m[i] = tp_transformer_encoder(2, 8, 2, &o, NULL);
    }
    tp_tensor *a = tp_module_parameter(m[0], "layers.0.linear1.weight"),
              *b = tp_module_parameter(m[0], "layers.1.linear1.weight"),
              *c = tp_module_parameter(m[1], "layers.0.linear1.weight");
    const size_t bytes = 8 * 32 * sizeof(float);
    ck_assert_mem_ne(tp_tensor_read(a), tp_tensor_read(b), bytes);
    ck_assert_mem_eq(tp_tensor_read(a), tp_tensor_read(c), bytes);
    ck_assert_ptr_nonnull(tp_module_parameter(m[0], "norm.bias"));
    EXPECT_TENSOR(tp_module_parameter(m[0], "layers.1.self_attn.out_proj.bias"), 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const tp_tensor *w = tp_module_parameter(m[0], "layers.1.self_attn.in_proj_weight");
    double largest = 0;
    for (int64_t i = 0; i < tp_tensor_count(w); i++) largest = fmax(largest, fabs(tp_tensor_item(w, i)));
    EXPECT_NEAR(largest, sqrt(6. / 32), .02);
    tp_module_free(m[0]), tp_module_free(m[1]);
}
END_TEST

/* x Phi(x) of floats, also where Phi is a small number. */
START_TEST(gelu_of_floats_is_exact_in_its_tail)
{
    enum { COUNT_OF = 4000 };
    float x[COUNT_OF];
    for (int i = 0; i < COUNT_OF; i++) x[i] = -13 + (float)i * 5.7e-3f;
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var at = leaf_of(tape, tp_tensor_from(TP_F32, TP_DIMS(COUNT_OF), x)), y = tp_gelu(at);
    ck_assert_int_eq(tp_backward(tp_sum(y)), TP_OK);
    for (int i = 0; i < COUNT_OF; i++) {
        const double u = (double)x[i], below = erfc(-u * sqrt(.5)) / 2,
                     slope = u * exp(-u * u / 2) / sqrt(2 * acos(-1));
        EXPECT_NEAR(tp_tensor_item(tp_value(y), i), u * below, 7e-7 * fabs(u * below));
        EXPECT_NEAR(tp_tensor_item(tp_grad(at), i), below + slope, 7e-7 * (below + fabs(slope)));
    }
    tp_tape_free(tape);
}
END_TEST

START_TEST(steps_ask_for_no_memory)
{
    counter c = {0};
    const tp_allocator memory = counted(&c);
    const tp_transformer_options o = {
        .layer.memory = &memory, .dropout = .1, .rotary = 100, .gelu = true, .causal = true, .final_norm = true};
    tp_module *m = tp_transformer_encoder(2, 8, 2, &o, NULL);
    tp_tape *tape = counted_tape(&c);
    tp_tensor *x = random_tensor(TP_F32, TP_DIMS(3, 5, 8), 1, -1, 1);
    size_t calls = 0;
    for (int step = 0; step < 6; step++) {
        if (step == 3) calls = c.calls;
        tp_tape_reset(tape);
        tp_module_clear_grads(m);
        ck_assert_int_eq(tp_backward(tp_mean(tp_square(tp_module_forward(m, tp_data(tape, x))))), TP_OK);
    }
    ck_assert_uint_eq(c.calls, calls);
    tp_tape_free(tape);
    tp_module_free(m);
    tp_tensor_release(x);
    ck_assert_uint_eq(c.blocks, 0);
}
END_TEST

Suite *transformer_suite(void)
{
    Suite *suite = suite_create("transformer");
    TCase *tcase = tcase_create("layers");
    tcase_add_test(tcase, attention_is_its_weights_times_v);
    tcase_add_loop_test(tcase, one_operand_and_three_agree, 0, 2);
    tcase_add_test(tcase, time_first_is_a_matter_of_axes);
    tcase_add_test(tcase, padding_is_not_seen);
    tcase_add_test(tcase, masks_of_all_ranks_agree);
    tcase_add_test(tcase, rotary_scores_depend_on_distance);
    tcase_add_test(tcase, sinusoidal_positions_are_sines);
    tcase_add_test(tcase, dropout_is_of_training);
    tcase_add_loop_test(tcase, layers_have_derivatives, 0, 2);
    tcase_add_test(tcase, same_seed_same_stack);
    tcase_add_test(tcase, gelu_of_floats_is_exact_in_its_tail);
    tcase_add_test(tcase, steps_ask_for_no_memory);
    suite_add_tcase(suite, transformer_runs_case());
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, transformer_errors_case());
    return suite;
}
