/* Replay: the recorded program computed again from the leaves' present values. */
#include "tests/helpers.h"

#include "tests/tape_fixture.h"

START_TEST(set_item_and_replay_recompute_scalars)
{
    const tp_var x = tp_scalar(tape, 2), c = tp_const(tape, 3);
    const tp_var y = tp_mul(tp_add(tp_square(x), c), tp_rsubs(1, tp_muls(x, 2)));
    for (int i = 0; i < 3; i++) {
        const double v = i + 1, k = 10 * i;
        EXPECT_STATUS(tp_set_item(x, v), TP_OK);
        EXPECT_STATUS(tp_set_item(c, k), TP_OK);
        EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
        EXPECT_NEAR(tp_item(y), (v * v + k) * (1 - 2 * v), 0);
        EXPECT_STATUS(tp_backward(y), TP_OK);
        EXPECT_NEAR(tp_grad_item(x), 2 * v * (1 - 2 * v) - 2 * (v * v + k), 0);
    }
    EXPECT_STATUS(tp_set_item(y, 1), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "tp_set_item");
    const tp_var v = leaf_of(tape, F64(TP_DIMS(1), 1));
    EXPECT_STATUS(tp_set_item(v, 1), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "tp_set_item");
    tp_var g;
    EXPECT_STATUS(tp_gradients(tp_sum(v), &v, 1, &g, 0), TP_OK);
    EXPECT_STATUS(tp_set_item(g, 1), TP_E_ARGUMENT);
}
END_TEST

/* Every kind of op once: views, copies, reductions, tuples, products, losses. */
static tp_var program(tp_tensor *w, tp_tensor *labels, tp_tensor *s)
{
    const tp_var x = tp_leaf(tape, w), k = tp_leaf(tape, s), l = tp_data(tape, labels);
    const tp_var t = tp_transpose(x, 0, 1), r = tp_reshape(t, TP_DIMS(2, 6)); /* a copy: t is not dense */
    const tp_var view = tp_reshape(x, TP_DIMS(-1)), cut = tp_slice(view, 0, 2, 8, 3);
    const tp_var wide = tp_expand(tp_reshape(cut, TP_DIMS(2, 1)), TP_DIMS(2, 6)), spread = tp_expand(k, TP_DIMS(2, 6));
    tp_var where;
    const tp_var top = tp_max_with_indices(x, 1, false, &where);
    const tp_var joined = tp_concat((tp_var[]){r, wide, tp_mul(r, spread)}, 3, 0);
    const tp_var loss = tp_cross_entropy(tp_matmul(x, t), l, TP_MEAN);
    const tp_var stacked = tp_stack((tp_var[]){loss, tp_mean(joined), tp_index(joined, 2, (int64_t[]){3, 4})}, 3, 0);
    const tp_var linear = tp_linear(joined, wide, tp_slice(tp_logsumexp(joined, 1, false), 0, 0, 2, 1));
    return tp_add(tp_sum(tp_mul(stacked, tp_softmax(stacked, 0))),
                  tp_add(tp_add(tp_sum(tp_tanh(linear)), tp_sum(top)),
                         tp_mse(tp_cast(tp_cast(r, TP_F32), TP_F64), tp_log_softmax(r, 0), TP_SUM)));
}

static void redraw(tp_tensor *w, tp_tensor *labels, tp_tensor *s, uint64_t seed)
{
    tp_tensor *fresh = random_tensor(TP_F64, TP_DIMS(3, 4), seed, -2, 2);
    tp_tensor_copy(w, fresh, NULL);
    tp_tensor_release(fresh);
    int64_t *label = tp_tensor_data(labels);
    for (int i = 0; i < 3; i++) label[i] = (int64_t)(seed + (uint64_t)i) % 3;
    tp_tensor_fill(s, .1 * (double)seed);
}

START_TEST(replay_equals_recording_anew)
{
    tp_tensor *w = tensor_of(TP_F64, TP_DIMS(3, 4), NULL), *labels = I64(TP_DIMS(3), 0, 1, 2), *s = F64(TP_DIMS(), 0);
    redraw(w, labels, s, 1);
    const tp_var y = program(w, labels, s);
    EXPECT_OK(tape);
    tp_tape *kept = tape;
    for (uint64_t seed = 2; seed < 6; seed++) {
        redraw(w, labels, s, seed);
        EXPECT_STATUS(tp_backward(y), TP_E_CHANGED);
        tp_tape_clear_error(tape);
        EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
        EXPECT_STATUS(tp_backward(y), TP_OK);
        const tp_var leaf = {tape, 0, y.epoch};
        ck_assert(tp_ok(leaf));
        tape = tp_tape_new(NULL);
        const tp_var again = program(w, labels, s);
        EXPECT_STATUS(tp_backward(again), TP_OK);
        ck_assert_double_eq(tp_item(y), tp_item(again));
        expect_same(tp_grad(leaf), tp_grad((tp_var){tape, 0, again.epoch}), 0);
        tp_tape_free(tape);
        tape = kept;
    }
    tp_tensor_release(w);
    tp_tensor_release(labels);
    tp_tensor_release(s);
}
END_TEST

START_TEST(replay_recomputes_recorded_gradients)
{
    tp_tensor *w = F64(TP_DIMS(3), 1, 2, 3);
    const tp_var v = tp_leaf(tape, w), x = tp_scalar(tape, 2);
    const tp_var part = tp_slice(v, 0, 0, 2, 1), y = tp_mul(tp_sum(tp_mul(tp_square(part), part)), tp_square(x));
    const tp_var z = tp_add(y, tp_index(v, 1, (int64_t[]){2}));
    tp_var g[2];
    EXPECT_STATUS(tp_gradients(z, (tp_var[]){v, x}, 2, g, TP_CREATE_GRAPH), TP_OK);
    tp_tensor_fill(w, 5);
    tp_set_item(x, -1);
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    EXPECT_TENSOR(tp_value(g[0]), 0, 75, 75, 1);
    EXPECT_NEAR(tp_item(g[1]), -500, 0);
    EXPECT_STATUS(tp_backward(tp_add(tp_sum(g[0]), g[1])), TP_OK);
    EXPECT_TENSOR(tp_grad(v), 0, 30 - 150, 30 - 150, 0);
    tp_tensor_release(w);
}
END_TEST

START_TEST(replay_keeps_gradients_of_earlier_walks_out)
{
    const tp_var v = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), x = tp_scalar(tape, 2), y = tp_sum(tp_mul(v, x));
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    ck_assert_ptr_null(tp_grad(v));
    ck_assert_double_eq(tp_grad_item(x), 0);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_TENSOR(tp_grad(v), 0, 2, 2);
}
END_TEST

START_TEST(replay_with_a_label_out_of_range_is_an_error_that_can_be_mended)
{
    tp_tensor *labels = I64(TP_DIMS(1), 1);
    const tp_var x = leaf_of(tape, F64(TP_DIMS(1, 2), 1, 2));
    const tp_var y = tp_cross_entropy(x, tp_data(tape, labels), TP_SUM);
    const double before = tp_item(y);
    *(int64_t *)tp_tensor_data(labels) = 2;
    EXPECT_STATUS(tp_replay(tape, 0), TP_E_INDEX);
    expect_error(tape, TP_E_INDEX, "tp_cross_entropy: label 2");
    EXPECT_STATUS(tp_backward(y), TP_E_CHANGED);
    tp_tape_clear_error(tape);
    *(int64_t *)tp_tensor_data(labels) = 1;
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    ck_assert_double_eq(tp_item(y), before);
    tp_tensor_release(labels);
}
END_TEST

START_TEST(gradcheck_leaves_everything_as_it_was)
{
    tp_tensor *w = F64(TP_DIMS(2), 1, 2);
    const tp_var p = tp_param(tape, w), x = tp_scalar(tape, 3), y = tp_sum(tp_mul(tp_exp(p), x));
    EXPECT_STATUS(tp_backward(y), TP_OK);
    const double value = tp_item(y), g0 = tp_tensor_item(tp_tensor_grad(w), 0),
                 g1 = tp_tensor_item(tp_tensor_grad(w), 1);
    const tp_stats before = tp_tape_stats(tape);
    const uint64_t version = tp_tensor_version(w);
    expect_gradients(y, (tp_var[]){p, x}, 2);
    EXPECT_TENSOR(w, 0, 1, 2);
    EXPECT_TENSOR(tp_tensor_grad(w), 0, g0, g1);
    EXPECT_TENSOR(tp_tensor_grad(w), 1e-13, 3 * exp(1), 3 * exp(2));
    ck_assert_double_eq(tp_item(y), value);
    ck_assert_double_eq(tp_item(x), 3);
    ck_assert_uint_eq(tp_tensor_version(w), version);
    ck_assert_uint_eq(tp_tape_stats(tape).nodes, before.nodes);
    tp_error error = {0};
    const tp_var wrong = tp_mul(tp_square(x), tp_detach(x)); /* 2x^2, not 3x^2: the checker must see it */
    EXPECT_STATUS(tp_gradcheck(wrong, &x, 1, NULL, &error), TP_E_CHECK);
    ck_assert_ptr_nonnull(strstr(error.message, "x[0]"));
    EXPECT_OK(tape);
    tp_tensor_release(w);
}
END_TEST

TCase *engine_replay_case(void)
{
    TCase *tcase = tcase_create("replay");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, set_item_and_replay_recompute_scalars);
    tcase_add_test(tcase, replay_equals_recording_anew);
    tcase_add_test(tcase, replay_recomputes_recorded_gradients);
    tcase_add_test(tcase, replay_keeps_gradients_of_earlier_walks_out);
    tcase_add_test(tcase, replay_with_a_label_out_of_range_is_an_error_that_can_be_mended);
    tcase_add_test(tcase, gradcheck_leaves_everything_as_it_was);
    return tcase;
}
