/* Edge cases: the softmax family and losses. */
#include "tests/test_edges.h"

void edge_softmax_large(tp_tape *tape)
{
    const tp_var x = VECTOR(1e300, 1e300, -1e300);
    HOLDS(tp_softmax(x, 0), .5, .5, 0);
    HOLDS(tp_log_softmax(x, 0), -log(2), -log(2), -2e300);
    HOLDS(tp_logsumexp(x, 0, false), 1e300);
    SLOPE(tp_logsumexp(x, 0, false), x, .5, .5, 0);
}

void edge_softmax_minus_inf(tp_tape *tape)
{
    const tp_var x = VECTOR(1, 1, -INF);
    HOLDS(tp_softmax(x, 0), .5, .5, 0);
    SLOPE(tp_mul(tp_softmax(x, 0), VECTOR(1, 0, 0)), x, .25, -.25, 0);
    SLOPE(tp_logsumexp(x, 0, false), x, .5, .5, 0);
}

void edge_logsumexp_infinite(tp_tape *tape)
{
    HOLDS(tp_logsumexp(VECTOR(1, INF), 0, false), INF);
    HOLDS(tp_logsumexp(VECTOR(-INF, -INF), 0, false), -INF);
    HOLDS(tp_logsumexp(NO_NUMBERS, 0, false), -INF);
}

void edge_cross_entropy_large(tp_tape *tape)
{
    const tp_var x = VECTOR(1e4, 1e4, -1e4), far = VECTOR(-1e300, 1e300), label = tp_const(tape, 0);
    const tp_var loss = tp_cross_entropy(x, label, TP_MEAN);
    expect_elements("log 2", loss, 1, LIST_OF(log(2)), 1e-12); /* the difference of two numbers near 1e4 */
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_var g;
        ck_assert_int_eq(tp_gradients(loss, &x, 1, &g, flags), TP_OK);
        for (int i = 0; i < 3; i++) ck_assert_double_eq_tol(number_at(g, i), (i == 1) * .5 - (i == 0) * .5, 1e-12);
    }
    HOLDS(tp_cross_entropy(far, label, TP_SUM), 2e300);
    SLOPE(tp_cross_entropy(far, label, TP_SUM), far, -1, 1);
}

void edge_cross_entropy_f32(tp_tape *tape)
{
    const double shifts[] = {0, 1e4, -1e4, 65536};
    for (int i = 0; i < COUNT(shifts); i++) {
        const double logits[] = {shifts[i] + 1, shifts[i], shifts[i] - .5}, label[] = {1};
        const double sum = exp(1) + 1 + exp(-.5), slope[] = {exp(1) / sum, 1 / sum - 1, exp(-.5) / sum};
        const tp_var x = vector(tape, TP_F32, 3, logits, false), labels = vector(tape, TP_I64, 1, label, true);
        const tp_var loss = tp_cross_entropy(tp_reshape(x, TP_DIMS(1, 3)), labels, TP_SUM);
        expect_elements("the loss", loss, 1, LIST_OF(log(sum)), 1e-6);
        expect_elements("logsumexp", tp_adds(tp_logsumexp(x, 0, false), -shifts[i]), 1, LIST_OF(log(sum)), 1e-6);
        for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
            tp_var g;
            ck_assert_int_eq(tp_gradients(loss, &x, 1, &g, flags), TP_OK);
            expect_elements("the slope", g, 3, slope, 1e-6);
        }
    }
}

void edge_cross_entropy_label(tp_tape *tape)
{
    const tp_var x = leaf_tensor_on(tape, TP_DIMS(1, 3), NULL);
    REFUSED(tp_cross_entropy(x, INDICES(3), TP_MEAN), TP_E_INDEX);
    REFUSED(tp_cross_entropy(x, INDICES(-1), TP_MEAN), TP_E_INDEX);
}

void edge_bce_at_ends(tp_tape *tape)
{
    const tp_var x = VECTOR(0, 1, 0, 1), t = vector(tape, TP_F64, 4, LIST_OF(0, 1, 1, 0), true);
    HOLDS(tp_bce(x, t, TP_NONE), 0, 0, 100, 100);
    HOLDS(tp_bce(VECTOR(-.5, 1.5), VECTOR(1, 0), TP_NONE), NOT_A_NUMBER, NOT_A_NUMBER);
}

void edge_bce_with_logits_large(tp_tape *tape)
{
    const tp_var x = VECTOR(1e4, -1e4, 1e4, -1e4), t = vector(tape, TP_F64, 4, LIST_OF(1, 0, 0, 1), true);
    HOLDS(tp_bce_with_logits(x, t, TP_NONE), 0, 0, 1e4, 1e4);
    SLOPE(tp_bce_with_logits(x, t, TP_NONE), x, 0, 0, 1, -1);
}

void edge_hinge_at_kink(tp_tape *tape)
{
    const tp_var x = VECTOR(1, -1), label = vector(tape, TP_F64, 2, LIST_OF(1, -1), true), zero = VECTOR(0);
    SLOPE(tp_hinge(x, label, TP_NONE), x, 0, 0);
    SLOPE(tp_perceptron(zero, vector(tape, TP_F64, 1, LIST_OF(1), true), TP_NONE), zero, 0);
}

void edge_l1_at_zero(tp_tape *tape)
{
    const tp_var x = VECTOR(2, 3), t = VECTOR(2, 1);
    SLOPE(tp_l1(x, t, TP_SUM), x, 0, 1);
    SLOPE(tp_l1(x, t, TP_SUM), t, 0, -1);
}

void edge_kl_div_zero(tp_tape *tape)
{
    const tp_var q = VECTOR(log(.5), log(.5)), p = VECTOR(0, 1);
    HOLDS(tp_kl_div(q, p, TP_NONE), 0, log(2));
    SLOPE(tp_kl_div(q, p, TP_SUM), p, 0, 1 + log(2));
}

void edge_loss_of_nothing(tp_tape *tape)
{
    const tp_var x = NO_NUMBERS, t = NO_NUMBERS, logits = leaf_tensor_on(tape, TP_DIMS(0, 3), NULL);
    HOLDS(tp_mse(x, t, TP_MEAN), NOT_A_NUMBER);
    HOLDS(tp_mse(x, t, TP_SUM), 0);
    HOLDS(tp_bce_with_logits(x, t, TP_MEAN), NOT_A_NUMBER);
    HOLDS(tp_cross_entropy(logits, vector(tape, TP_I64, 0, LIST_OF(0), true), TP_MEAN), NOT_A_NUMBER);
}
