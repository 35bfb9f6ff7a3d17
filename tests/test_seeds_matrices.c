/* Worked examples: backpropagation on matrices, and the classic loop written by hand. */
#include "tests/helpers.h"

#include "tests/tape_fixture.h"

START_TEST(chain_rule_for_matrix_product_and_broadcast_sum)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2, 2), 1, 2, 3, 4));
    const tp_var w = leaf_of(tape, F64(TP_DIMS(2, 3), 1, 0, -1, 2, 1, 0)), b = leaf_of(tape, F64(TP_DIMS(3), 0, 0, 0));
    const tp_var xw = tp_retain_grad(tp_matmul(x, w)), z = tp_add(xw, b);
    EXPECT_STATUS(tp_backward(tp_sum(z)), TP_OK);
    EXPECT_TENSOR(tp_grad(x), 0, 0, 3, 0, 3);
    EXPECT_TENSOR(tp_grad(w), 0, 4, 4, 4, 6, 6, 6);
    EXPECT_TENSOR(tp_grad(b), 0, 2, 2, 2);
    const tp_var up = data_of(tape, F64(TP_DIMS(2, 3), 1, -2, .5, 3, 0, -1)); /* another one arriving */
    EXPECT_STATUS(tp_backward_from(z, up, 0), TP_OK);
    expect_same(tp_grad(x), tp_value(tp_matmul(up, tp_transpose(w, 0, 1))), 0);
    expect_same(tp_grad(w), tp_value(tp_matmul(tp_transpose(x, 0, 1), up)), 0);
    expect_same(tp_grad(xw), tp_value(up), 0);
    EXPECT_TENSOR(tp_grad(b), 0, 4, -2, -.5);
}
END_TEST

START_TEST(batched_matrix_product_has_right_gradients)
{
    const tp_var a = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(2, 3, 2, 4), 1, -1, 1));
    const tp_var b = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(3, 4, 2), 2, -1, 1));
    const tp_var c = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(2, 5), 3, -1, 1));
    expect_gradients(tp_matmul(tp_tanh(tp_matmul(a, b)), c), (tp_var[]){a, b, c}, 3);
}
END_TEST

/* The rules for one layer, each against the same thing written out: delta arrives, and what comes down. */
START_TEST(recipe_for_linear)
{
    const tp_var w = leaf_of(tape, F64(TP_DIMS(2, 3), .5, -1, 2, 1, .25, -.5)),
                 bias = leaf_of(tape, F64(TP_DIMS(2), .1, .2));
    const tp_var a = leaf_of(tape, F64(TP_DIMS(3), 1, -2, 3)), delta = data_of(tape, F64(TP_DIMS(2), 2, -3));
    EXPECT_STATUS(tp_backward_from(tp_add(tp_matmul(w, a), bias), delta, 0), TP_OK);
    EXPECT_TENSOR(tp_grad(w), 0, 2, -4, 6, -3, 6, -9);                          /* delta a^T */
    EXPECT_TENSOR(tp_grad(bias), 0, 2, -3);                                     /* delta */
    EXPECT_TENSOR(tp_grad(a), 0, 2 * .5 - 3, 2 * -1 - 3 * .25, 2 * 2 + 3 * .5); /* W^T delta */
}
END_TEST

START_TEST(recipe_for_sigmoid)
{
    const tp_var z = leaf_of(tape, F64(TP_DIMS(3), -1, 0, 2)), up = data_of(tape, F64(TP_DIMS(3), 2, 3, 5));
    const tp_var s = tp_sigmoid(z);
    EXPECT_STATUS(tp_backward_from(s, up, 0), TP_OK);
    for (int i = 0; i < 3; i++) {
        const double y = tp_tensor_item(tp_value(s), i);
        EXPECT_NEAR(tp_tensor_item(tp_grad(z), i), tp_tensor_item(tp_value(up), i) * y * (1 - y), 1e-15);
    }
}
END_TEST

START_TEST(recipe_for_relu)
{
    const tp_var z = leaf_of(tape, F64(TP_DIMS(3), -1, 0, 2)), up = data_of(tape, F64(TP_DIMS(3), 2, 3, 5));
    EXPECT_STATUS(tp_backward_from(tp_relu(z), up, 0), TP_OK);
    EXPECT_TENSOR(tp_grad(z), 0, 0, 0, 5);
}
END_TEST

START_TEST(recipe_for_softmax_with_cross_entropy)
{
    const tp_var z = leaf_of(tape, F64(TP_DIMS(2, 3), 1, 2, .5, -1, 0, 3)),
                 labels = data_of(tape, I64(TP_DIMS(2), 2, 0));
    const tp_var p = tp_softmax(z, 1);
    EXPECT_STATUS(tp_backward(tp_cross_entropy(z, labels, TP_SUM)), TP_OK);
    for (int i = 0; i < 6; i++) {
        const double wanted = tp_tensor_item(tp_value(p), i) - (i == 2 || i == 3);
        EXPECT_NEAR(tp_tensor_item(tp_grad(z), i), wanted, 1e-15);
    }
}
END_TEST

/* ---- the XOR net: rows (1,0),(0,0),(0,1),(1,1), targets 1,0,1,0, and half the squared error ---- */

static const double xs[8] = {1, 0, 0, 0, 0, 1, 1, 1}, ts[4] = {1, 0, 1, 0};

/* W1 (2,2), b1 (2), W2 (2), b2: in this order. */
enum { W1 = 0, B1 = 4, W2 = 6, B2 = 8, ALL = 9 };

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* The loss, and its gradient by all nine numbers, as one writes it by hand. */
static double by_hand(const double *p, double *g)
{
    double loss = 0;
    for (int i = 0; i < ALL; i++) g[i] = 0;
    for (int n = 0; n < 4; n++) {
        const double *x = xs + 2 * n;
        double h[2], y = p[B2];
        for (int j = 0; j < 2; j++) {
            h[j] = sigmoid(x[0] * p[W1 + j] + x[1] * p[W1 + 2 + j] + p[B1 + j]);
            y += h[j] * p[W2 + j];
        }
        y = sigmoid(y);
        loss += (y - ts[n]) * (y - ts[n]) / 2;
        const double delta2 = (y - ts[n]) * y * (1 - y);
        g[B2] += delta2;
        for (int j = 0; j < 2; j++) {
            g[W2 + j] += delta2 * h[j];
            const double delta1 = delta2 * p[W2 + j] * h[j] * (1 - h[j]);
            g[B1 + j] += delta1;
            for (int k = 0; k < 2; k++) g[W1 + 2 * k + j] += delta1 * x[k];
        }
    }
    return loss;
}

static tp_var by_tape(tp_tensor *const p[4])
{
    const tp_var x = data_of(tape, tensor_of(TP_F64, TP_DIMS(4, 2), xs));
    const tp_var t = data_of(tape, tensor_of(TP_F64, TP_DIMS(4), ts));
    const tp_var h = tp_sigmoid(tp_add(tp_matmul(x, tp_param(tape, p[0])), tp_param(tape, p[1])));
    const tp_var y = tp_sigmoid(tp_add(tp_matmul(h, tp_param(tape, p[2])), tp_param(tape, p[3])));
    return tp_muls(tp_sum(tp_square(tp_sub(y, t))), .5);
}

START_TEST(xor_net_has_the_gradients_of_the_lecture)
{
    tp_tensor *p[4] = {F64(TP_DIMS(2, 2), .5, -.5, .25, .75), F64(TP_DIMS(2), .1, -.1), F64(TP_DIMS(2), 1, -1),
                       F64(TP_DIMS(1), .05)};
    const tp_var loss = by_tape(p);
    EXPECT_NEAR(tp_item(loss), .5046251, 1e-7);
    EXPECT_STATUS(tp_backward(loss), TP_OK);
    EXPECT_TENSOR(tp_tensor_grad(p[0]), 1e-7, .0055930, -.0109010, -.0019395, -.0055338);
    EXPECT_TENSOR(tp_tensor_grad(p[1]), 1e-7, .0076220, -.0150953);
    EXPECT_TENSOR(tp_tensor_grad(p[2]), 1e-7, .0252865, .0169504);
    EXPECT_TENSOR(tp_tensor_grad(p[3]), 1e-7, .0404606);
    for (int i = 0; i < 4; i++) tp_tensor_release(p[i]);
}
END_TEST

START_TEST(xor_training_by_hand_and_by_tape_agree)
{
    double hand[ALL] = {.5, -.5, .25, .75, .1, -.1, 1, -1, .05}, g[ALL];
    tp_tensor *p[4] = {tensor_of(TP_F64, TP_DIMS(2, 2), hand), tensor_of(TP_F64, TP_DIMS(2), hand + B1),
                       tensor_of(TP_F64, TP_DIMS(2), hand + W2), tensor_of(TP_F64, TP_DIMS(1), hand + B2)};
    static const int at[4] = {W1, B1, W2, B2};
    double first = 0, last = 0;
    for (int step = 0; step < 3000; step++) {
        tp_tape_reset(tape);
        const tp_var loss = by_tape(p);
        last = by_hand(hand, g);
        if (step == 0) first = last;
        EXPECT_NEAR(tp_item(loss), last, 1e-12);
        EXPECT_STATUS(tp_backward(loss), TP_OK);
        for (int i = 0; i < 4; i++) {
            expect_numbers(tp_tensor_grad(p[i]), tp_tensor_count(p[i]), g + at[i], 1e-12);
            descend(p[i], .5);
        }
        for (int i = 0; i < ALL; i++) hand[i] -= .5 * g[i];
    }
    ck_assert_double_lt(last, first);
    for (int i = 0; i < 4; i++) tp_tensor_release(p[i]);
}
END_TEST

/* delta^L = f - y, delta^l = delta^(l+1) W^(l+1) s', dW = delta^T h^T, db = delta^T: three layers, one example. */
START_TEST(layer_by_layer_deltas_equal_the_tape)
{
    enum { L = 3, N = 3 };
    tp_var w[L], b[L], z[L], h[L + 1];
    h[0] = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(N), 1, -1, 1));
    for (int l = 0; l < L; l++) {
        w[l] = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(N, N), (uint64_t)l + 2, -1, 1));
        b[l] = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(N), (uint64_t)l + 9, -1, 1));
        z[l] = tp_retain_grad(tp_add(tp_matmul(w[l], h[l]), b[l]));
        h[l + 1] = l < L - 1 ? tp_sigmoid(z[l]) : z[l];
    }
    const tp_var y = data_of(tape, F64(TP_DIMS(N), .3, -.2, 1));
    EXPECT_STATUS(tp_backward(tp_muls(tp_sum(tp_square(tp_sub(h[L], y))), .5)), TP_OK);
    double delta[N], below[N];
    for (int i = 0; i < N; i++) delta[i] = tp_tensor_item(tp_value(h[L]), i) - tp_tensor_item(tp_value(y), i);
    for (int l = L - 1; l >= 0; l--) {
        expect_numbers(tp_grad(z[l]), N, delta, 1e-14);
        expect_numbers(tp_grad(b[l]), N, delta, 1e-14);
        for (int i = 0; i < N; i++)
            for (int k = 0; k < N; k++)
                EXPECT_NEAR(tp_tensor_item(tp_grad(w[l]), i * N + k), delta[i] * tp_tensor_item(tp_value(h[l]), k),
                            1e-14);
        for (int k = 0; k < N; k++) {
            const double a = tp_tensor_item(tp_value(h[l]), k);
            below[k] = 0;
            for (int i = 0; i < N; i++) below[k] += delta[i] * tp_tensor_item(tp_value(w[l]), i * N + k);
            if (l > 0) below[k] *= a * (1 - a);
        }
        memcpy(delta, below, sizeof delta);
    }
    expect_numbers(tp_grad(h[0]), N, delta, 1e-14);
}
END_TEST

TCase *seeds_matrices_case(void)
{
    TCase *tcase = tcase_create("matrices");
    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, chain_rule_for_matrix_product_and_broadcast_sum);
    tcase_add_test(tcase, batched_matrix_product_has_right_gradients);
    tcase_add_test(tcase, recipe_for_linear);
    tcase_add_test(tcase, recipe_for_sigmoid);
    tcase_add_test(tcase, recipe_for_relu);
    tcase_add_test(tcase, recipe_for_softmax_with_cross_entropy);
    tcase_add_test(tcase, xor_net_has_the_gradients_of_the_lecture);
    tcase_add_test(tcase, xor_training_by_hand_and_by_tape_agree);
    tcase_add_test(tcase, layer_by_layer_deltas_equal_the_tape);
    return tcase;
}
