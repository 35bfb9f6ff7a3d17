/* What attention and transformer blocks say of wrong calls, and that no allocation that fails is lost. */
#include "tests/test_transformer.h"

static void expect_none(tp_module *module, const tp_error *error, tp_status status, const char *text)
{
    ck_assert_ptr_null(module);
    EXPECT_STATUS(error->status, status);
    ck_assert_msg(strstr(error->message, text) != NULL, "\"%s\" does not hold \"%s\"", error->message, text);
}

#define NONE(call, status, text)                                                                                       \
    do {                                                                                                               \
        tp_error error = {0};                                                                                          \
        tp_module *none_ = call;                                                                                       \
        expect_none(none_, &error, status, text);                                                                      \
    } while (0)
#define MULTIHEAD(...)                                                                                                 \
    &(tp_multihead_options)                                                                                            \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define BLOCK(...)                                                                                                     \
    &(tp_transformer_options)                                                                                          \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

START_TEST(wrong_sizes_and_options_are_refused)
{
    NONE(tp_multihead_attention(6, 4, NULL, &error), TP_E_ARGUMENT, "a width of 6 and 4 heads");
    NONE(tp_multihead_attention(0, 1, NULL, &error), TP_E_ARGUMENT, "tp_multihead_attention: a width of 0");
    NONE(tp_multihead_attention(4, 0, NULL, &error), TP_E_ARGUMENT, "0 heads");
    NONE(tp_multihead_attention(4, -2, NULL, &error), TP_E_ARGUMENT, "-2 heads");
    NONE(tp_multihead_attention(4, 2, MULTIHEAD(.key_width = -1), &error), TP_E_ARGUMENT, "key_width of -1");
    NONE(tp_multihead_attention(4, 2, MULTIHEAD(.dropout = 1.5), &error), TP_E_ARGUMENT, "dropout of 1.5");
    NONE(tp_multihead_attention(4, 2, MULTIHEAD(.dropout = (double)NAN), &error), TP_E_ARGUMENT, "dropout of");
    NONE(tp_multihead_attention(6, 2, MULTIHEAD(.rotary = 10), &error), TP_E_ARGUMENT, "heads of 3");
    NONE(tp_multihead_attention(4, 2, MULTIHEAD(.rotary = -1), &error), TP_E_ARGUMENT, "base -1");
    NONE(tp_multihead_attention(4, 2, MULTIHEAD(.layer.dtype = TP_I32), &error), TP_E_DTYPE, "i32");
    NONE(tp_multihead_attention(INT64_MAX, 1, NULL, &error), TP_E_LIMIT, "width of");
    NONE(tp_multihead_attention((int64_t)1 << 40, 1, NULL, &error), TP_E_LIMIT, "in_proj_weight");
    NONE(tp_transformer_encoder_layer(6, 4, NULL, &error), TP_E_ARGUMENT, "tp_transformer_encoder_layer: a width of 6");
    NONE(tp_transformer_decoder_layer(4, 2, BLOCK(.hidden = -3), &error), TP_E_ARGUMENT, "hidden width of -3");
    NONE(tp_transformer_decoder_layer(4, 2, BLOCK(.eps = -1), &error), TP_E_ARGUMENT, "eps of -1");
    NONE(tp_transformer_encoder_layer(4, 2, BLOCK(.dropout = 2), &error), TP_E_ARGUMENT, "dropout of 2");
    NONE(tp_transformer_encoder(0, 4, 2, NULL, &error), TP_E_ARGUMENT, "tp_transformer_encoder: 0 layers");
    NONE(tp_transformer_decoder(-1, 4, 2, NULL, &error), TP_E_ARGUMENT, "-1 layers");
    NONE(tp_transformer(1, 0, 4, 2, NULL, &error), TP_E_ARGUMENT, "tp_transformer_decoder: 0 layers");
    NONE(tp_transformer_encoder(2, 5, 2, NULL, &error), TP_E_ARGUMENT, "width of 5");
    NONE(tp_sinusoidal_layer(0, 4, false, NULL, &error), TP_E_ARGUMENT, "length of 0");
    NONE(tp_sinusoidal_layer(4, INT64_MAX, false, NULL, &error), TP_E_LIMIT, "");
    NONE(tp_sinusoidal_layer(4, 4, false, &(tp_layer_options){.dtype = TP_U8}, &error), TP_E_DTYPE, "u8");
    ck_assert_ptr_null(tp_multihead_attention(6, 4, NULL, NULL));
    ck_assert_ptr_null(tp_transformer(1, 1, 5, 2, NULL, NULL));
    ck_assert_ptr_null(tp_sinusoidal_positions(4, 4, (double)NAN, TP_F32, NULL, NULL));
}
END_TEST

START_TEST(wrong_operands_are_refused)
{
    tp_tape *tape = tp_tape_new(NULL), *other = tp_tape_new(NULL);
    tp_module *m = tp_multihead_attention(4, 2, NULL, NULL),
              *wide = tp_multihead_attention(4, 2, MULTIHEAD(.key_width = 3), NULL);
    tp_module *linear = tp_linear_layer(4, 4, NULL, NULL);
    const tp_var x = leaf_of(tape, random_tensor(TP_F32, TP_DIMS(2, 3, 4), 1, -1, 1)),
                 narrow = tp_slice(x, -1, 0, 3, 1);
    const tp_var one = tp_slice(x, 0, 0, 1, 1),
                 away = leaf_of(other, random_tensor(TP_F32, TP_DIMS(2, 3, 4), 1, -1, 1));
    const tp_var bytes = data_of(tape, tensor_of(TP_U8, TP_DIMS(2, 2), NULL)),
                 wrong = tp_zeros(tape, TP_F64, TP_DIMS(3, 3));
    EXPECT_REFUSED(tp_attention_forward(NULL, x, x, x, NULL), TP_E_ARGUMENT, "no multi-head attention");
    EXPECT_REFUSED(tp_attention_forward(linear, x, x, x, NULL), TP_E_ARGUMENT, "no multi-head attention");
    EXPECT_REFUSED(tp_attention_forward(m, narrow, x, x, NULL), TP_E_SHAPE, "q is (2,3,3)");
    EXPECT_REFUSED(tp_attention_forward(m, x, narrow, x, NULL), TP_E_SHAPE, "k is (2,3,3)");
    EXPECT_REFUSED(tp_attention_forward(m, x, one, one, NULL), TP_E_SHAPE, "as many as the others have");
    EXPECT_REFUSED(tp_attention_forward(m, x, x, tp_slice(x, 1, 0, 2, 1), NULL), TP_E_SHAPE, "v is (2,2,4)");
    EXPECT_REFUSED(tp_attention_forward(wide, x, x, x, NULL), TP_E_SHAPE, "k is (2,3,4)");
    EXPECT_REFUSED(tp_attention_forward(m, tp_scalar(tape, 1), x, x, NULL), TP_E_SHAPE, "q is ()");
    EXPECT_REFUSED(tp_attention_forward(m, x, away, away, NULL), TP_E_STALE, "operand 1 is on another tape");
    EXPECT_REFUSED(tp_attention_forward(m, x, x, tp_none(), NULL), TP_E_ARGUMENT, "operand 2 is no handle");
    const tp_attention_masks few = {.keys = bytes}, floats = {.keys = wrong}, far = {.mask = away},
                             doubles = {.mask = wrong};
    EXPECT_REFUSED(tp_attention_forward(m, x, x, x, &few), TP_E_SHAPE, "keys (2,2): needs (2,3)");
    EXPECT_REFUSED(tp_attention_forward(m, x, x, x, &floats), TP_E_DTYPE, "keys of f64");
    EXPECT_REFUSED(tp_attention_forward(m, x, x, x, &far), TP_E_STALE, "operand 3 is on another tape");
    EXPECT_REFUSED(tp_attention_forward(m, x, x, x, &doubles), TP_E_DTYPE, "a mask of f64");
    EXPECT_REFUSED(tp_attention_weights(linear, x, x, NULL), TP_E_ARGUMENT, "tp_attention_weights");
    EXPECT_REFUSED(tp_rotary(narrow, 10, 0, false), TP_E_SHAPE, "an even d");
    EXPECT_REFUSED(tp_rotary(x, 0, 0, false), TP_E_ARGUMENT, "a base of 0");
    ck_assert(!tp_ok(tp_attention_forward(m, tp_none(), x, x, NULL)));
    tp_tape_free(tape), tp_tape_free(other);
    tp_module_free(m), tp_module_free(wide), tp_module_free(linear);
}
END_TEST

START_TEST(wrong_blocks_are_refused)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_module *encoder = tp_transformer_encoder(1, 4, 2, NULL, NULL),
              *decoder = tp_transformer_decoder_layer(4, 2, NULL, NULL);
    tp_module *both = tp_transformer(1, 1, 4, 2, NULL, NULL), *table = tp_sinusoidal_layer(2, 4, false, NULL, NULL);
    const tp_var x = leaf_of(tape, random_tensor(TP_F32, TP_DIMS(2, 3, 4), 1, -1, 1)),
                 narrow = tp_slice(x, -1, 0, 3, 1);
    EXPECT_REFUSED(tp_encoder_forward(decoder, x, NULL), TP_E_ARGUMENT, "tp_encoder_forward: the module is no encoder");
    EXPECT_REFUSED(tp_encoder_forward(NULL, x, NULL), TP_E_ARGUMENT, "no encoder");
    EXPECT_REFUSED(tp_decoder_forward(encoder, x, x, NULL, NULL), TP_E_ARGUMENT, "no decoder");
    EXPECT_REFUSED(tp_decoder_forward(decoder, x, tp_none(), NULL, NULL), TP_E_ARGUMENT, "operand 1");
    EXPECT_REFUSED(tp_decoder_forward(decoder, x, narrow, NULL, NULL), TP_E_SHAPE, "k is (2,3,3)");
    EXPECT_REFUSED(tp_transformer_forward(encoder, x, x, NULL, NULL), TP_E_ARGUMENT, "no transformer");
    EXPECT_REFUSED(tp_encoder_forward(encoder, narrow, NULL), TP_E_SHAPE, "q is (2,3,3)");
    EXPECT_REFUSED(tp_module_forward(decoder, x), TP_E_UNSUPPORTED, "no forward");
    EXPECT_REFUSED(tp_module_forward(table, x), TP_E_SHAPE, "T at most 2");
    EXPECT_REFUSED(tp_module_forward(table, narrow), TP_E_SHAPE, "rows of 4");
    ck_assert(!tp_ok(tp_encoder_forward(encoder, tp_none(), NULL)));
    ck_assert(!tp_ok(tp_decoder_forward(decoder, tp_none(), x, NULL, NULL)));
    tp_tape_free(tape);
    tp_module_free(encoder), tp_module_free(decoder), tp_module_free(both), tp_module_free(table);
}
END_TEST

/* ---- memory ---- */

static tp_module *make(int which, const tp_allocator *memory, tp_error *error)
{
    const tp_layer_options layer = {.memory = memory};
    const tp_transformer_options o = {.layer = layer, .final_norm = true, .rotary = 10};
    if (which == 0) return tp_multihead_attention(4, 2, MULTIHEAD(.layer = layer, .key_width = 3), error);
    if (which == 1) return tp_transformer(1, 2, 4, 2, &o, error);
    return tp_sinusoidal_layer(3, 4, false, &layer, error);
}

START_TEST(making_reports_each_failure)
{
    for (size_t at = 1;; at++) {
        counter c = {.fail_at = at};
        const tp_allocator memory = counted(&c);
        tp_error error = {0};
        tp_module *m = make(_i, &memory, at % 2 ? &error : NULL);
        if (m) {
            ck_assert_uint_eq(c.failed, 0);
            ck_assert_uint_gt(at, 2);
            tp_module_free(m);
            break;
        }
        if (at % 2) EXPECT_STATUS(error.status, TP_E_MEMORY);
        ck_assert_uint_eq(c.blocks, 0);
    }
}
END_TEST

START_TEST(steps_report_each_failure)
{
    tp_module *m = tp_transformer(1, 1, 4, 2, BLOCK(.dropout = .1, .rotary = 10, .gelu = true), NULL);
    tp_tensor *x = random_tensor(TP_F32, TP_DIMS(2, 3, 4), 1, -1, 1);
    for (size_t at = 1;; at++) {
        counter c = {.fail_at = at};
        tp_tape *tape = counted_tape(&c);
        tp_status status = TP_E_MEMORY;
        if (tape) {
            const tp_var y = tp_transformer_forward(m, tp_data(tape, x), tp_data(tape, x), NULL, NULL);
            status = tp_backward(tp_sum(y));
        }
        tp_module_clear_grads(m);
        tp_tape_free(tape);
        ck_assert_uint_eq(c.blocks, 0);
        if (!c.failed) {
            EXPECT_STATUS(status, TP_OK);
            break;
        }
        EXPECT_STATUS(status, TP_E_MEMORY);
    }
    tp_module_free(m);
    tp_tensor_release(x);
}
END_TEST

TCase *transformer_errors_case(void)
{
    TCase *tcase = tcase_create("errors");
    tcase_add_test(tcase, wrong_sizes_and_options_are_refused);
    tcase_add_test(tcase, wrong_operands_are_refused);
    tcase_add_test(tcase, wrong_blocks_are_refused);
    tcase_add_loop_test(tcase, making_reports_each_failure, 0, 3);
    tcase_add_test(tcase, steps_report_each_failure);
    return tcase;
}
