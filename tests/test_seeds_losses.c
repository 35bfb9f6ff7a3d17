/* Worked examples: losses. */
#include "tests/helpers.h"

#include "tests/tape_fixture.h"

START_TEST(multiclass_logistic_on_fixed_and_learned_features)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), y = tp_const(tape, 0);
    const tp_var theta = leaf_of(tape, F64(TP_DIMS(3, 2), .1, .2, .3, -.1, 0, .5)), logits = tp_matmul(theta, x);
    tp_retain_grad(logits);
    const tp_var fused = tp_cross_entropy(logits, y, TP_SUM);
    const tp_var composed = tp_sub(tp_logsumexp(logits, 0, false), tp_index(logits, 1, (int64_t[]){0}));
    const tp_var losses[] = {fused, composed};
    for (int i = 0; i < 2; i++) {
        EXPECT_NEAR(tp_item(losses[i]), 1.1996760, 1e-7);
        EXPECT_STATUS(tp_backward(losses[i]), TP_OK);
        EXPECT_TENSOR(tp_grad(logits), 1e-7, -.6987082, .2019619, .4967462);
        expect_gradients(losses[i], (tp_var[]){x, theta}, 2);
    }
    const tp_var w =
        leaf_of(tape, random_tensor(TP_F64, TP_DIMS(2), 1, -1, 1)); /* learned features, element by element */
    const tp_var v = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(2), 2, -1, 1));
    const tp_var features = tp_sigmoid(tp_mul(v, tp_sigmoid(tp_mul(w, x))));
    expect_gradients(tp_cross_entropy(tp_matmul(theta, features), y, TP_MEAN), (tp_var[]){theta, w, v, x}, 4);
    const tp_var w1 = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(4, 2), 3, -1, 1));
    const tp_var w2 = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(2, 4), 4, -1, 1));
    const tp_var stacked = tp_sigmoid(tp_matmul(w2, tp_sigmoid(tp_matmul(w1, x)))), fixed = tp_square(x);
    expect_gradients(tp_cross_entropy(tp_matmul(theta, stacked), y, TP_SUM), (tp_var[]){theta, w1, w2, x}, 4);
    expect_gradients(tp_cross_entropy(tp_matmul(theta, fixed), y, TP_SUM), (tp_var[]){theta, x}, 2);
}
END_TEST

START_TEST(squared_error_in_both_conventions)
{
    const tp_var yp = leaf_of(tape, F64(TP_DIMS(2), .5, -1)), y = data_of(tape, F64(TP_DIMS(2), 1, 1));
    const tp_var half = tp_muls(tp_mse(yp, y, TP_SUM), .5), mean = tp_muls(tp_mse(yp, y, TP_MEAN), .5);
    EXPECT_NEAR(tp_item(half), 2.125, 0);
    EXPECT_NEAR(tp_item(mean), 1.0625, 0);
    EXPECT_STATUS(tp_backward(half), TP_OK);
    EXPECT_TENSOR(tp_grad(yp), 0, -.5, -2); /* yp - y */
    EXPECT_TENSOR(tp_value(tp_mse(yp, y, TP_NONE)), 0, .25, 4);
}
END_TEST

START_TEST(softmax_of_two_is_a_sigmoid)
{
    const tp_var o = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), p = tp_softmax(o, 0);
    const double s = tp_item(tp_sigmoid(tp_const(tape, -1)));
    EXPECT_TENSOR(tp_value(p), 1e-15, s, 1 - s);
    EXPECT_NEAR(tp_tensor_item(tp_value(p), 0), .2689414, 1e-7);
    EXPECT_NEAR(tp_item(tp_sum(p)), 1, 1e-15);
    const tp_var far = tp_softmax(data_of(tape, F64(TP_DIMS(3), 1e4, -1e4, 9.9e3)), 0);
    EXPECT_TENSOR(tp_value(far), 1e-12, 1, 0, 0);
    const tp_var hot = tp_one_hot(data_of(tape, I64(TP_DIMS(2), 2, 0)), 3, TP_F64);
    EXPECT_TENSOR(tp_value(hot), 0, 0, 0, 1, 1, 0, 0);
}
END_TEST

START_TEST(divergence_is_cross_entropy_less_entropy)
{
    const tp_var p = leaf_of(tape, F64(TP_DIMS(3), .7, .2, .1)), q = leaf_of(tape, F64(TP_DIMS(3), .5, .25, .25));
    const tp_var kl = tp_sum(tp_mul(p, tp_log(tp_div(p, q)))), cross = tp_neg(tp_sum(tp_mul(p, tp_log(q))));
    const tp_var entropy = tp_neg(tp_sum(tp_mul(p, tp_log(p))));
    EXPECT_NEAR(tp_item(kl), .0992728, 1e-7);
    EXPECT_NEAR(tp_item(cross), .9010913, 1e-7);
    EXPECT_NEAR(tp_item(kl), tp_item(cross) - tp_item(entropy), 1e-15);
    expect_gradients(kl, (tp_var[]){p, q}, 2);
    const tp_var fused = tp_kl_div(tp_log(q), p, TP_SUM);
    EXPECT_NEAR(tp_item(fused), tp_item(kl), 1e-15);
    expect_gradients(fused, (tp_var[]){p, q}, 2);
    EXPECT_NEAR(tp_item(tp_cross_entropy(tp_log(q), p, TP_SUM)), tp_item(cross), 1e-15); /* log q are logits of q */
}
END_TEST

START_TEST(cross_entropy_of_given_probabilities)
{
    const tp_var o = leaf_of(tape, F64(TP_DIMS(3), log(.7), log(.2), log(.1)));
    const tp_var loss = tp_cross_entropy(o, tp_const(tape, 0), TP_SUM);
    EXPECT_NEAR(tp_item(loss), .3566749, 1e-7);
    EXPECT_STATUS(tp_backward(loss), TP_OK);
    EXPECT_TENSOR(tp_grad(o), 1e-15, -.3, .2, .1);
    const tp_var z = tp_scalar(tape, log(.7 / .3)), p = tp_sigmoid(z), binary = tp_neg(tp_log(p));
    EXPECT_NEAR(tp_item(binary), .3566749, 1e-7);
    EXPECT_STATUS(tp_backward(binary), TP_OK);
    EXPECT_NEAR(tp_grad_item(z), -.3, 1e-15); /* f - y */
    const tp_var one = tp_const(tape, 1);
    EXPECT_NEAR(tp_item(tp_bce_with_logits(z, one, TP_SUM)), .3566749, 1e-7);
    EXPECT_NEAR(tp_item(tp_bce(p, one, TP_SUM)), .3566749, 1e-7);
    EXPECT_NEAR(tp_item(tp_nll(o, tp_const(tape, 0), TP_SUM)), .3566749, 1e-7);
}
END_TEST

START_TEST(fused_losses_equal_composed_ones)
{
    const tp_var z = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(5, 4), 1, -3, 3)),
                 c = data_of(tape, I64(TP_DIMS(5), 0, 3, 1, 1, 2));
    const tp_var fused = tp_cross_entropy(z, c, TP_MEAN);
    const tp_var composed = tp_muls(tp_sum(tp_mul(tp_log(tp_softmax(z, 1)), tp_one_hot(c, 4, TP_F64))), -.2);
    const tp_var nll = tp_muls(tp_sum(tp_mul(tp_log_softmax(z, 1), tp_one_hot(c, 4, TP_F64))), -.2);
    tp_var g[3];
    EXPECT_STATUS(tp_gradients(fused, &z, 1, &g[0], 0), TP_OK);
    EXPECT_STATUS(tp_gradients(composed, &z, 1, &g[1], 0), TP_OK);
    EXPECT_STATUS(tp_gradients(nll, &z, 1, &g[2], TP_CREATE_GRAPH), TP_OK);
    EXPECT_NEAR(tp_item(fused), tp_item(composed), 1e-14);
    EXPECT_NEAR(tp_item(fused), tp_item(nll), 1e-14);
    expect_same(tp_value(g[0]), tp_value(g[1]), 1e-14);
    expect_same(tp_value(g[0]), tp_value(g[2]), 1e-14);
    for (double y = 0; y <= 1; y++) { /* -log f(y): f - y */
        const tp_var x = tp_scalar(tape, .4), f = tp_sigmoid(x);
        const tp_var loss = tp_neg(tp_add(tp_muls(tp_log(f), y), tp_muls(tp_log(tp_rsubs(1, f)), 1 - y)));
        EXPECT_STATUS(tp_backward(loss), TP_OK);
        EXPECT_NEAR(tp_grad_item(x), tp_item(f) - y, 1e-15);
    }
}
END_TEST

START_TEST(hinge_embedding_and_absolute_error)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(3), .3, .3, 1.4)), y = data_of(tape, F64(TP_DIMS(3), 1, -1, -1));
    const tp_var loss = tp_hinge_embedding(x, y, 1, TP_MEAN);
    EXPECT_NEAR(tp_item(loss), .3333333, 1e-7);
    EXPECT_STATUS(tp_backward(loss), TP_OK);
    EXPECT_TENSOR(tp_grad(x), 1e-15, 1. / 3, -1. / 3, 0);
    expect_gradients(loss, &x, 1);
    const tp_var l1 = tp_l1(x, y, TP_MEAN);
    EXPECT_NEAR(tp_item(l1), (.7 + 1.3 + 2.4) / 3, 1e-15);
    EXPECT_STATUS(tp_backward(l1), TP_OK);
    EXPECT_TENSOR(tp_grad(x), 1e-15, -1. / 3, 1. / 3, 1. / 3);
}
END_TEST

/* The margin losses of y f: half the square, logistic, hinge, and the general one that holds the last two. */
START_TEST(margin_losses_and_the_one_that_joins_them)
{
    const tp_var f = tp_scalar(tape, .5), y = tp_const(tape, 1);
    const tp_var linear = tp_muls(tp_mse(tp_mul(y, f), tp_const(tape, 1), TP_SUM), .5);
    const tp_var logit = tp_logistic(f, y, TP_SUM), general = tp_soft_hinge(f, y, .1, 1, TP_SUM);
    EXPECT_NEAR(tp_item(linear), .125, 1e-15);
    EXPECT_NEAR(tp_item(logit), .4740770, 1e-7);
    EXPECT_NEAR(tp_item(tp_hinge(f, y, TP_SUM)), .5, 1e-15);
    EXPECT_NEAR(tp_item(general), .5006715, 1e-7);
    EXPECT_STATUS(tp_backward(logit), TP_OK);
    EXPECT_NEAR(tp_grad_item(f), -.3775407, 1e-7);
    EXPECT_STATUS(tp_backward(general), TP_OK);
    EXPECT_NEAR(tp_grad_item(f), -.9933071, 1e-7);
    EXPECT_NEAR(tp_item(tp_soft_hinge(f, y, 1, 0, TP_SUM)), tp_item(logit), 1e-15);
    EXPECT_NEAR(tp_item(tp_soft_hinge(f, y, 1e-3, 1, TP_SUM)), .5, 1e-12);
    for (double far = -1e4; far <= 1e4; far += 2e4) {
        const tp_var away = tp_scalar(tape, far);
        EXPECT_NEAR(tp_item(tp_soft_hinge(away, y, .1, 1, TP_SUM)), far < 0 ? 1 - far : 0, 1e-11);
        EXPECT_NEAR(tp_item(tp_perceptron(away, y, TP_SUM)), far < 0 ? -far : 0, 0);
    }
}
END_TEST

START_TEST(loss_of_ones_own_is_checked)
{
    const tp_var x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(6), 1, -2, 2)),
                 t = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(6), 2, -2, 2));
    const tp_var d = tp_sub(x, t), loss = tp_mean(tp_adds(tp_sqrt(tp_adds(tp_square(d), 1)), -1)); /* pseudo-Huber */
    expect_gradients(loss, (tp_var[]){x, t}, 2);
}
END_TEST

TCase *seeds_losses_case(void)
{
    TCase *tcase = tcase_create("losses");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, multiclass_logistic_on_fixed_and_learned_features);
    tcase_add_test(tcase, squared_error_in_both_conventions);
    tcase_add_test(tcase, softmax_of_two_is_a_sigmoid);
    tcase_add_test(tcase, divergence_is_cross_entropy_less_entropy);
    tcase_add_test(tcase, cross_entropy_of_given_probabilities);
    tcase_add_test(tcase, fused_losses_equal_composed_ones);
    tcase_add_test(tcase, hinge_embedding_and_absolute_error);
    tcase_add_test(tcase, margin_losses_and_the_one_that_joins_them);
    tcase_add_test(tcase, loss_of_ones_own_is_checked);
    return tcase;
}
