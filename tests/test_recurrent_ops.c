/* The recurrent ops: what they refuse, by name; closed forms; the same bits from any number of threads. */
#include "tests/test_recurrent.h"

#include "tests/tape_fixture.h"

static tp_var zeros(int rank, const int64_t *dims)
{
    return data_of(tape, tensor_of(TP_F64, rank, dims, NULL));
}

/* Weights of `gates` gates for 2 inputs and 3 units. */
static tp_recurrent_weights weights(int64_t gates)
{
    return (tp_recurrent_weights){zeros(TP_DIMS(gates * 3, 2)), zeros(TP_DIMS(gates * 3, 3)), tp_none(), tp_none()};
}

static tp_var lstm(tp_var x, tp_var h, tp_var c, const tp_recurrent_weights *w, const tp_recurrent_options *o)
{
    tp_var y;
    tp_lstm(x, h, c, w, o, &y, NULL, NULL);
    return y;
}

START_TEST(shapes_that_do_not_fit_are_told)
{
    tp_recurrent_weights w = weights(4);
    const tp_var x = zeros(TP_DIMS(5, 2, 2)), h = zeros(TP_DIMS(2, 3)), none = tp_none();
    EXPECT_REFUSED(lstm(zeros(TP_DIMS(5, 2, 4)), none, none, &w, NULL), TP_E_SHAPE,
                   "tp_lstm: x (5,2,4), weight_ih (12,2), weight_hh (12,3) do not fit: needs (T, B, in), (4 H, in), "
                   "(4 H, H)");
    EXPECT_REFUSED(lstm(zeros(TP_DIMS(5, 2)), none, none, &w, NULL), TP_E_SHAPE, "needs (T, B, in)");
    EXPECT_REFUSED(lstm(x, zeros(TP_DIMS(1, 3)), h, &w, NULL), TP_E_SHAPE, "tp_lstm: h0 is (1,3), not (2,3)");
    EXPECT_REFUSED(lstm(x, h, zeros(TP_DIMS(2, 3, 1)), &w, NULL), TP_E_SHAPE, "c0 is (2,3,1), not (2,3)");
    EXPECT_REFUSED(lstm(x, h, none, &w, NULL), TP_E_ARGUMENT, "tp_lstm: one of h0 and c0 without the other");
    EXPECT_REFUSED(lstm(x, none, none, NULL, NULL), TP_E_ARGUMENT, "tp_lstm: weights are NULL");
    w.bias_ih = zeros(TP_DIMS(12));
    EXPECT_REFUSED(lstm(x, none, none, &w, NULL), TP_E_ARGUMENT, "one bias without the other");
    w.bias_hh = zeros(TP_DIMS(3));
    EXPECT_REFUSED(lstm(x, none, none, &w, NULL), TP_E_SHAPE, "bias_hh is (3), not (12)");
    w = weights(3);
    EXPECT_REFUSED(lstm(x, none, none, &w, NULL), TP_E_SHAPE, "do not fit");
    tp_var y, h_n;
    EXPECT_STATUS(tp_gru(x, zeros(TP_DIMS(3)), &w, NULL, &y, &h_n), TP_E_SHAPE);
    ck_assert(!tp_ok(y) && !tp_ok(h_n));
    expect_error(tape, TP_E_SHAPE, "tp_gru: h0 is (3), not (2,3)");
    EXPECT_STATUS(tp_rnn(x, none, &w, NULL, &y, NULL), TP_E_SHAPE);
    expect_error(tape, TP_E_SHAPE, "needs (T, B, in), (H, in), (H, H)");
    EXPECT_STATUS(tp_rnn(none, none, &w, NULL, &y, NULL), TP_E_ARGUMENT);
}
END_TEST

START_TEST(types_that_do_not_fit_are_told)
{
    const tp_recurrent_weights w = weights(4);
    const tp_var none = tp_none(), x = zeros(TP_DIMS(5, 2, 2));
    const tp_var single = data_of(tape, tensor_of(TP_F32, TP_DIMS(5, 2, 2), NULL));
    ck_assert(!tp_ok(lstm(single, none, none, &w, NULL)));
    EXPECT_STATUS(tp_tape_status(tape), TP_E_DTYPE);
    tp_tape_clear_error(tape);
    EXPECT_REFUSED(lstm(x, none, none, &w, &(tp_recurrent_options){.lengths = zeros(TP_DIMS(2))}), TP_E_DTYPE,
                   "lengths");
}
END_TEST

START_TEST(lengths_are_checked)
{
    const tp_recurrent_weights w = weights(4);
    const tp_var none = tp_none(), x = zeros(TP_DIMS(5, 2, 2));
    tp_tensor *lengths = I64(TP_DIMS(2), 5, 6);
    const tp_var short_list = data_of(tape, I64(TP_DIMS(1), 5));
    EXPECT_REFUSED(lstm(x, none, none, &w, &(tp_recurrent_options){.lengths = tp_data(tape, lengths)}), TP_E_INDEX,
                   "tp_lstm: length 1 is 6, not in 0..5");
    EXPECT_REFUSED(lstm(x, none, none, &w, &(tp_recurrent_options){.lengths = short_list}), TP_E_SHAPE,
                   "lengths are (1), not (2)");
    int64_t *at = tp_tensor_data(lengths);
    at[1] = 0;
    ck_assert(tp_ok(lstm(x, none, none, &w, &(tp_recurrent_options){.lengths = tp_data(tape, lengths)})));
    at = tp_tensor_data(lengths);
    at[0] = -1;
    EXPECT_STATUS(tp_replay(tape, 0), TP_E_INDEX);
    expect_error(tape, TP_E_INDEX, "length 0 is -1");
    tp_tensor_release(lengths);
}
END_TEST

START_TEST(a_step_of_sums_that_do_not_fit_is_refused)
{
    const tp_var c = zeros(TP_DIMS(2, 3)), none = tp_none();
    tp_var h, next;
    EXPECT_STATUS(tp_lstm_step(zeros(TP_DIMS(8, 2)), c, 0, &h, &next), TP_E_SHAPE);
    ck_assert(!tp_ok(h) && !tp_ok(next));
    expect_error(tape, TP_E_SHAPE, "tp_lstm_step: sums (8,2) are not four of c (2,3) along axis 0");
    EXPECT_STATUS(tp_lstm_step(zeros(TP_DIMS(2, 3)), c, 1, &h, NULL), TP_E_SHAPE);
    expect_error(tape, TP_E_SHAPE, "along axis 1");
    EXPECT_STATUS(tp_lstm_step(zeros(TP_DIMS(8, 3)), c, 2, NULL, NULL), TP_E_INDEX);
    expect_error(tape, TP_E_INDEX, "tp_lstm_step: axis 2 of rank 2");
    EXPECT_STATUS(tp_lstm_step(data_of(tape, tensor_of(TP_F32, TP_DIMS(8, 3), NULL)), c, 0, &h, NULL), TP_E_DTYPE);
    tp_tape_clear_error(tape);
    EXPECT_STATUS(tp_lstm_step(none, c, 0, &h, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_lstm_step(zeros(TP_DIMS(8, 3)), none, 0, &h, NULL), TP_E_ARGUMENT);
    tp_tape_clear_error(tape);
}
END_TEST

/* A step of the whole op, and one of sums that are made by its own product. */
START_TEST(a_step_of_sums_is_that_of_the_sequence)
{
    const tp_var x = data_of(tape, F64(TP_DIMS(1, 1, 2), .4, -.9)), h0 = data_of(tape, F64(TP_DIMS(1, 1), -.3));
    const tp_var c0 = data_of(tape, F64(TP_DIMS(1, 1), .7)),
                 wi = data_of(tape, F64(TP_DIMS(4, 2), .1, -.2, .3, .4, 1, 2, 3, 4));
    const tp_recurrent_weights w = {wi, data_of(tape, F64(TP_DIMS(4, 1), .5, .6, -.7, .8)), tp_none(), tp_none()};
    tp_var h_n, c_n, h, c;
    EXPECT_STATUS(tp_lstm(x, h0, c0, &w, NULL, NULL, &h_n, &c_n), TP_OK);
    const tp_var by_x = tp_linear(tp_reshape(x, TP_DIMS(1, 2)), wi, tp_none());
    EXPECT_STATUS(tp_lstm_step(tp_add(by_x, tp_linear(h0, w.weight_hh, tp_none())), c0, 1, &h, &c), TP_OK);
    EXPECT_NEAR(tp_item(h), tp_item(h_n), 1e-15);
    EXPECT_NEAR(tp_item(c), tp_item(c_n), 1e-15);
}
END_TEST

/* One unit without weights by the state: h = sigma(o) tanh(sigma(i) tanh(g)) after one step from nothing. */
START_TEST(one_unit_is_the_formula)
{
    const tp_var x = data_of(tape, F64(TP_DIMS(1, 1, 1), 1)), c0 = data_of(tape, F64(TP_DIMS(1, 1), .7));
    const tp_recurrent_weights w = {data_of(tape, F64(TP_DIMS(4, 1), .1, -.2, .3, .4)),
                                    data_of(tape, F64(TP_DIMS(4, 1), .5, .6, -.7, .8)), tp_none(), tp_none()};
    tp_var y, h_n, c_n;
    EXPECT_STATUS(tp_lstm(x, data_of(tape, F64(TP_DIMS(1, 1), -.3)), c0, &w, NULL, &y, &h_n, &c_n), TP_OK);
    const double i = 1 / (1 + exp(.05)), f = 1 / (1 + exp(.38)), g = tanh(.51), o = 1 / (1 + exp(-.16));
    const double c = f * .7 + i * g;
    EXPECT_NEAR(tp_item(c_n), c, 1e-15);
    EXPECT_NEAR(tp_item(h_n), o * tanh(c), 1e-15);
    EXPECT_NEAR(tp_item(y), o * tanh(c), 1e-15);
}
END_TEST

/* The result and its gradients on a tape of that many threads. */
static void run_on(int threads, bool reverse, tp_tensor **kept)
{
    tp_tape *own = tp_tape_new(&(tp_tape_options){.threads = threads});
    tp_tensor *x = random_tensor(TP_F32, TP_DIMS(9, 33, 40), 1, -1, 1);
    tp_tensor *wi = random_tensor(TP_F32, TP_DIMS(4 * 48, 40), 2, -.2, .2);
    tp_tensor *wh = random_tensor(TP_F32, TP_DIMS(4 * 48, 48), 3, -.2, .2);
    const tp_var leaves[3] = {tp_leaf(own, x), tp_leaf(own, wi), tp_leaf(own, wh)};
    const tp_recurrent_weights w = {leaves[1], leaves[2], tp_none(), tp_none()};
    tp_var y;
    tp_lstm(leaves[0], tp_none(), tp_none(), &w, &(tp_recurrent_options){.reverse = reverse}, &y, NULL, NULL);
    EXPECT_STATUS(tp_backward(tp_sum(tp_square(y))), TP_OK);
    kept[0] = tp_tensor_clone(tp_value(y));
    for (int i = 0; i < 3; i++) kept[1 + i] = tp_tensor_clone(tp_grad(leaves[i]));
    tp_tape_free(own);
    tp_tensor_release(x);
    tp_tensor_release(wi);
    tp_tensor_release(wh);
}

START_TEST(bits_do_not_depend_on_threads)
{
    tp_tensor *one[4], *three[4];
    run_on(1, _i, one);
    run_on(3, _i, three);
    for (int i = 0; i < 4; i++) {
        expect_same(one[i], three[i], 0);
        tp_tensor_release(one[i]);
        tp_tensor_release(three[i]);
    }
}
END_TEST

/* What padding holds, counts for nothing. */
START_TEST(padding_is_not_seen)
{
    const double lengths[] = {1, 3};
    tp_tensor *results[2][4];
    for (int k = 0; k < 2; k++) {
        tp_tape_reset(tape);
        tp_tensor *x = random_tensor(TP_F64, TP_DIMS(3, 2, 2), 4, -1, 1);
        double *at = tp_tensor_data(x);
        if (k) at[2 * 2] = 1e6, at[4 * 2 + 1] = -1e6; /* row 0 at steps 1 and 2 */
        const tp_var leaf = leaf_of(tape, x);
        const tp_var wi = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(9, 2), 5, -1, 1));
        const tp_var wh = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(9, 3), 6, -1, 1));
        tp_var y, h_n;
        tp_gru(leaf, tp_none(), &(tp_recurrent_weights){wi, wh, tp_none(), tp_none()},
               &(tp_recurrent_options){.reverse = _i, .lengths = data_of(tape, tensor_of(TP_I64, TP_DIMS(2), lengths))},
               &y, &h_n);
        EXPECT_STATUS(tp_backward(tp_add(tp_sum(tp_square(y)), tp_sum(h_n))), TP_OK);
        const tp_tensor *found[] = {tp_value(y), tp_grad(leaf), tp_grad(wi), tp_grad(wh)};
        for (int i = 0; i < 4; i++) results[k][i] = tp_tensor_clone(found[i]);
    }
    ck_assert_double_eq(tp_tensor_item(results[1][0], 2 * 3), 0);
    for (int i = 0; i < 4; i++) {
        expect_same(results[0][i], results[1][i], 0);
        tp_tensor_release(results[0][i]);
        tp_tensor_release(results[1][i]);
    }
}
END_TEST

TCase *recurrent_ops_case(void)
{
    TCase *ops = tcase_create("ops");
    tcase_add_checked_fixture(ops, setup, teardown);
    tcase_add_test(ops, shapes_that_do_not_fit_are_told);
    tcase_add_test(ops, types_that_do_not_fit_are_told);
    tcase_add_test(ops, lengths_are_checked);
    tcase_add_test(ops, one_unit_is_the_formula);
    tcase_add_test(ops, a_step_of_sums_that_do_not_fit_is_refused);
    tcase_add_test(ops, a_step_of_sums_is_that_of_the_sequence);
    tcase_add_loop_test(ops, bits_do_not_depend_on_threads, 0, 2);
    tcase_add_loop_test(ops, padding_is_not_seen, 0, 2);
    return ops;
}
