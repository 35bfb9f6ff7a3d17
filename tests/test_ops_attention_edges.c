/* Attention and layers with activations at their edges: rows of nothing, infinities, dropout, wrong calls. */
#include "tests/test_ops.h"

#include "tests/tape_fixture.h"

#define INF HUGE_VAL

static tp_var matrix(int64_t rows, int64_t columns, const double *numbers)
{
    return tp_reshape(vector(tape, TP_F64, rows * columns, numbers, false), TP_DIMS(rows, columns));
}

/* Row 0 sees column 1 alone, row 1 nothing: by bytes, by -Inf, and both. */
START_TEST(row_of_nothing_is_zero)
{
    const tp_var x = matrix(2, 2, (double[]){1, 2, 3, 4});
    const double infinite[] = {-INF, 0, -INF, -INF};
    tp_tensor *bytes = tp_tensor_from(TP_U8, TP_DIMS(2, 2), (unsigned char[]){0, 7, 0, 0});
    const tp_var added = tp_reshape(vector(tape, TP_F64, 4, infinite, true), TP_DIMS(2, 2)),
                 mask = tp_data(tape, bytes);
    for (int i = 0; i < 2; i++) {
        const tp_var how = i ? added : mask;
        expect_elements("weights", tp_masked_softmax(x, how, false, 1), 4, (double[]){0, 1, 0, 0}, 0);
        const tp_var y = tp_attention(x, x, matrix(2, 1, (double[]){5, 6}), how, NULL);
        expect_elements("attention", y, 2, (double[]){6, 0}, 0);
        expect_gradient("attention", tp_index(y, TP_AXES(1, 0)), x, 4, (double[]){0, 0, 0, 0});
        expect_gradient("attention", tp_sum(y), x, 4, (double[]){0, 0, 0, 0});
    }
    tp_tape_reset(tape);
    tp_tensor_release(bytes);
}
END_TEST

START_TEST(large_scores_do_not_overflow)
{
    for (int dtype = TP_F32; dtype <= TP_F64; dtype++) {
        const double big[] = {1e30, -1e30, 0, 3e30, 3e30, -1e30};
        const tp_var x = tp_reshape(vector(tape, (tp_dtype)dtype, 6, big, false), TP_DIMS(2, 3));
        expect_elements("weights", tp_masked_softmax(x, tp_none(), false, 2), 6, (double[]){1, 0, 0, .5, .5, 0}, 0);
        expect_elements("weights", tp_masked_softmax(x, tp_none(), true, 2), 6, (double[]){1, 0, 0, .5, .5, 0}, 0);
    }
}
END_TEST

/* Without a scale of its own and mask it is the composition, by value and gradient; all is dropped at 1. */
START_TEST(attention_is_its_composition)
{
    const tp_var q = matrix(2, 3, (double[]){1, -2, .5, .25, 1, -1}), k = matrix(2, 3, (double[]){.5, 1, 1, -1, 2, .5});
    const tp_var v = matrix(2, 2, (double[]){1, 2, 3, 5}), inputs[] = {q, k, v};
    const tp_var y = tp_attention(q, k, v, tp_none(), NULL);
    const tp_var scores = tp_muls(tp_matmul(q, tp_transpose(k, 0, 1)), 1 / sqrt(3));
    const tp_var same = tp_matmul(tp_softmax(scores, 1), v);
    tp_var a[3], b[3];
    ck_assert_str_eq(difference_of(y, same, 1e-14), "");
    ck_assert_int_eq(tp_gradients(tp_sum(tp_square(y)), inputs, 3, a, 0), TP_OK);
    ck_assert_int_eq(tp_gradients(tp_sum(tp_square(same)), inputs, 3, b, 0), TP_OK);
    for (int i = 0; i < 3; i++) ck_assert_str_eq(difference_of(a[i], b[i], 1e-14), "");
    const tp_var gone = tp_attention(q, k, v, tp_none(), &(tp_attention_options){.dropout = 1});
    expect_elements("attention", gone, 4, (double[]){0, 0, 0, 0}, 0);
    expect_gradient("attention", tp_sum(gone), q, 6, (double[]){0, 0, 0, 0, 0, 0});
}
END_TEST

START_TEST(layer_with_activation_has_the_bits_of_two_nodes)
{
    tp_var (*const activations[])(tp_var) = {tp_relu, tp_sigmoid, tp_tanh, tp_gelu};
    const tp_var x = matrix(2, 3, (double[]){1, -2, .5, .25, 1, -1}), w = matrix(2, 3, (double[]){.5, 1, 1, -1, 2, .5});
    const tp_var b = vector(tape, TP_F64, 2, (double[]){.125, -.25}, false), inputs[] = {x, w, b};
    for (int i = 0; i < COUNT(activations); i++) {
        const tp_var one = tp_linear_activated(x, w, b, (tp_linear_activation)i);
        const tp_var two = activations[i](tp_linear(x, w, b));
        tp_var g[3], h[3];
        ck_assert_str_eq(difference_of(one, two, 0), "");
        ck_assert_int_eq(tp_gradients(tp_sum(tp_square(one)), inputs, 3, g, 0), TP_OK);
        ck_assert_int_eq(tp_gradients(tp_sum(tp_square(two)), inputs, 3, h, 0), TP_OK);
        for (int k = 0; k < 3; k++) ck_assert_str_eq(difference_of(g[k], h[k], 0), "");
    }
}
END_TEST

START_TEST(wrong_attention_is_refused)
{
    const double numbers[12] = {0};
    const tp_var a = matrix(2, 3, numbers), b = matrix(3, 2, numbers), s = tp_scalar(tape, 1);
    const tp_var f = tp_reshape(vector(tape, TP_F32, 6, numbers, false), TP_DIMS(2, 3));
    const tp_var three = tp_reshape(vector(tape, TP_F64, 12, numbers, false), TP_DIMS(2, 2, 3));
    const tp_var none = tp_none();
    REFUSES(TP_E_SHAPE, tp_attention(a, b, b, none, NULL), "tp_attention: q (2,3), k (3,2), v (3,2) do not fit");
    REFUSES(TP_E_SHAPE, tp_attention(a, a, b, none, NULL), "tp_attention: q (2,3), k (2,3), v (3,2) do not fit");
    REFUSES(TP_E_SHAPE, tp_attention(three, a, a, none, NULL), "tp_attention: q (2,2,3), k (2,3)");
    REFUSES(TP_E_SHAPE, tp_attention(s, s, s, none, NULL), "tp_attention: q ()");
    REFUSES(TP_E_DTYPE, tp_attention(a, f, a, none, NULL),
            "tp_attention: dtypes differ: operand 0 is f64, operand 1 f32");
    REFUSES(TP_E_SHAPE, tp_attention(a, a, a, b, NULL),
            "tp_attention: mask (3,2) does not broadcast to the scores (2,2)");
    REFUSES(TP_E_DTYPE, tp_attention(a, a, a, f, NULL), "tp_attention: a mask of f32: needs u8, or f64 to be added");
    REFUSES(TP_E_ARGUMENT, tp_attention(a, a, a, none, &(tp_attention_options){.dropout = -1}),
            "tp_attention: a dropout of -1");
    REFUSES(TP_E_ARGUMENT, tp_attention(a, a, a, none, &(tp_attention_options){.scale = INF}),
            "tp_attention: a scale of inf");
    REFUSES(TP_E_SHAPE, tp_masked_softmax(s, none, false, 1), "tp_masked_softmax: scores () have fewer than 2 dims");
    REFUSES(TP_E_SHAPE, tp_masked_softmax(a, three, false, 1),
            "tp_masked_softmax: mask (2,2,3) does not broadcast to the scores (2,3)");
    REFUSES(TP_E_ARGUMENT, tp_linear_activated(a, a, none, (tp_linear_activation)9),
            "tp_linear_activated: there is no activation 9");
    REFUSES(TP_E_SHAPE, tp_linear_activated(a, b, none, TP_RELU),
            "tp_linear_activated: the shapes do not fit: x (2,3), weight (3,2)");
    ck_assert(!tp_ok(tp_attention(none, none, none, none, NULL)));
}
END_TEST

/* Rows of no numbers hold any number of heads. */
START_TEST(heads_beyond_counting_are_refused)
{
    const int64_t many = (int64_t)1 << 62, large = INT32_MAX;
    const tp_var narrow = tp_zeros(tape, TP_F64, TP_DIMS(2, 3, 0)), none = tp_none();
    const tp_var wide = tp_zeros(tape, TP_F64, TP_DIMS((int64_t)1 << 40, 3, 0));
    REFUSES(TP_E_ARGUMENT, tp_attention_packed(narrow, none, many, NULL), "tp_attention_packed: 4611686018427387904");
    REFUSES(TP_E_ARGUMENT, tp_attention_heads(narrow, narrow, narrow, none, many, NULL), "tp_attention_heads: 46116");
    REFUSES(TP_E_LIMIT, tp_attention_packed(wide, none, large, NULL), "tp_attention: too many matrices: 2147483647");
}
END_TEST

TCase *attention_case(void)
{
    TCase *test = tcase_create("attention");
    tcase_add_checked_fixture(test, setup, teardown);
    tcase_add_test(test, row_of_nothing_is_zero);
    tcase_add_test(test, large_scores_do_not_overflow);
    tcase_add_test(test, attention_is_its_composition);
    tcase_add_test(test, layer_with_activation_has_the_bits_of_two_nodes);
    tcase_add_test(test, wrong_attention_is_refused);
    tcase_add_test(test, heads_beyond_counting_are_refused);
    return test;
}
