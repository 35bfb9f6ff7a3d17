/* CTC at its edges, and wrong calls of losses. */
#include "tests/helpers.h"
#include "tests/test_ops.h"

#include "tests/tape_fixture.h"

#define INF HUGE_VAL

/* ---- wrong calls ---- */

START_TEST(elementwise_losses_refuse_what_does_not_fit)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), three = leaf_of(tape, F64(TP_DIMS(3), 1, 2, 3));
    const tp_var narrow = leaf_of(tape, F32(TP_DIMS(2), 1, 2)), labels = data_of(tape, I64(TP_DIMS(2), 0, 1));
    ck_assert(!tp_ok(tp_huber(x, three, 1, TP_MEAN)));
    expect_error(tape, TP_E_SHAPE, "tp_huber: the shapes differ: (2) and (3)");
    tp_bce_with_logits(x, narrow, TP_MEAN);
    expect_error(tape, TP_E_DTYPE, "tp_bce_with_logits: dtypes differ: operand 0 is f64, operand 1 f32");
    tp_hinge(x, labels, TP_SUM);
    expect_error(tape, TP_E_DTYPE, "tp_hinge: needs f32 or f64, not i64 (2)");
    tp_l1(x, x, (tp_reduction)7);
    expect_error(tape, TP_E_ARGUMENT, "tp_l1: there is no reduction 7");
    tp_huber(x, x, 0, TP_MEAN);
    expect_error(tape, TP_E_ARGUMENT, "tp_huber: delta 0 is not above 0");
    tp_smooth_l1(x, x, -1, TP_MEAN);
    expect_error(tape, TP_E_ARGUMENT, "tp_smooth_l1: beta -1 is negative");
    tp_soft_hinge(x, x, 0, 1, TP_MEAN);
    expect_error(tape, TP_E_ARGUMENT, "tp_soft_hinge: epsilon 0 is not above 0");
    tp_focal(x, x, -1, .5, TP_MEAN);
    expect_error(tape, TP_E_ARGUMENT, "tp_focal: gamma -1 is negative");
    tp_focal(x, x, 1, 2, TP_MEAN);
    expect_error(tape, TP_E_ARGUMENT, "tp_focal: alpha 2 is above 1");
    tp_gaussian_nll(x, x, three, TP_MEAN);
    expect_error(tape, TP_E_SHAPE, "tp_gaussian_nll: (3) does not broadcast to (2)");
    tp_gaussian_nll(x, x, narrow, TP_MEAN);
    expect_error(tape, TP_E_DTYPE, "tp_gaussian_nll: dtypes differ: operand 0 is f64, operand 2 f32");
    tp_weighed_loss(tp_mse(x, x, TP_NONE), three, TP_MEAN);
    expect_error(tape, TP_E_SHAPE, "tp_mul: shapes do not broadcast");
    ck_assert(!tp_ok(tp_mse(tp_none(), x, TP_MEAN)) && !tp_ok(tp_mse(x, tp_none(), TP_MEAN)));
    tp_tape_clear_error(tape);
    ck_assert(!tp_ok(tp_mse(tp_none(), tp_none(), TP_MEAN)));
    EXPECT_OK(tape);
}
END_TEST

START_TEST(losses_of_classes_refuse_what_does_not_fit)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2, 3), 1, 2, 3, 4, 5, 6)), bad = data_of(tape, I64(TP_DIMS(2), 0, 3));
    const tp_var labels = data_of(tape, I64(TP_DIMS(2), 0, 1)), two = leaf_of(tape, F64(TP_DIMS(2), 1, 2));
    const tp_var narrow = leaf_of(tape, F32(TP_DIMS(3), 1, 2, 3));
    tp_cross_entropy(x, bad, TP_MEAN);
    expect_error(tape, TP_E_INDEX, "tp_cross_entropy: label 3 (number 1) is not in 0..2");
    tp_nll(x, bad, TP_MEAN);
    expect_error(tape, TP_E_INDEX, "tp_nll: label 3 (number 1) is not in 0..2");
    tp_multi_margin(x, bad, 1, 1, tp_none(), TP_MEAN);
    expect_error(tape, TP_E_INDEX, "tp_multi_margin: label 3 (number 1) is not in 0..2");
    tp_nll(x, two, TP_MEAN);
    expect_error(tape, TP_E_DTYPE, "tp_nll: labels must be integers, not f64 (2)");
    tp_cross_entropy_with(x, labels, &(tp_cross_entropy_options){.weight = two});
    expect_error(tape, TP_E_SHAPE, "tp_cross_entropy: the weight (2) is not one for each class of (2,3)");
    tp_cross_entropy_with(x, labels, &(tp_cross_entropy_options){.weight = narrow});
    expect_error(tape, TP_E_DTYPE, "tp_cross_entropy: dtypes differ: operand 0 is f64, operand 2 f32");
    tp_cross_entropy_with(x, labels, &(tp_cross_entropy_options){.label_smoothing = 1.5});
    expect_error(tape, TP_E_ARGUMENT, "tp_cross_entropy: label smoothing 1.5 is not in 0..1");
    tp_cross_entropy_with(two, labels, &(tp_cross_entropy_options){.channels_first = true});
    expect_error(tape, TP_E_SHAPE, "tp_cross_entropy: (2) has no axis 1");
    tp_nll_with(x, labels, &(tp_cross_entropy_options){.label_smoothing = .1});
    expect_error(tape, TP_E_ARGUMENT, "tp_nll: there is no label smoothing");
    tp_cross_entropy(x, leaf_of(tape, F64(TP_DIMS(3, 2), 1, 2, 3, 4, 5, 6)), TP_MEAN);
    expect_error(tape, TP_E_SHAPE, "the shapes of logits (2,3) and probabilities (3,2) differ");
    tp_cross_entropy(x, labels, (tp_reduction)-1);
    expect_error(tape, TP_E_ARGUMENT, "tp_cross_entropy: there is no reduction");
    tp_multi_margin(x, labels, 3, 1, tp_none(), TP_MEAN);
    expect_error(tape, TP_E_ARGUMENT, "tp_multi_margin: p is 1 or 2, not 3");
    tp_focal_classes(x, labels, -1, tp_none(), TP_MEAN);
    expect_error(tape, TP_E_ARGUMENT, "tp_focal_classes: gamma -1 is negative");
    ck_assert(!tp_ok(tp_cross_entropy(x, tp_none(), TP_MEAN)));
    tp_tape_clear_error(tape);
    ck_assert(!tp_ok(tp_cross_entropy(tp_none(), labels, TP_MEAN)));
    EXPECT_OK(tape);
}
END_TEST

START_TEST(losses_of_pairs_refuse_what_does_not_fit)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2, 2), 1, 2, 3, 4)), y = leaf_of(tape, F64(TP_DIMS(2), 1, -1));
    tp_cosine_embedding(x, y, y, 0, TP_MEAN);
    expect_error(tape, TP_E_SHAPE,
                 "tp_cosine_embedding: needs vectors along the last axis, of one shape: (2,2) and (2)");
    tp_triplet(x, x, y, 1, TP_MEAN);
    expect_error(tape, TP_E_SHAPE, "tp_triplet: needs vectors along the last axis, of one shape: (2,2) and (2)");
    tp_triplet_with(x, x, x, 1, &(tp_triplet_options){.p = -1});
    expect_error(tape, TP_E_ARGUMENT, "tp_triplet: p -1 is not above 0");
    tp_triplet(tp_const(tape, 1), tp_const(tape, 1), tp_const(tape, 2), 1, TP_MEAN);
    expect_error(tape, TP_E_SHAPE, "tp_triplet: needs vectors");
}
END_TEST

/* ---- CTC ---- */

START_TEST(ctc_without_an_alignment_is_infinite_with_no_gradient)
{
    const tp_var x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(2, 1, 3), 1, -3, -.1));
    const tp_var targets = data_of(tape, I64(TP_DIMS(1, 2), 1, 1)), two = data_of(tape, I64(TP_DIMS(1), 2));
    for (int zero = 0; zero < 2; zero++) {
        const tp_ctc_options o = {.reduction = TP_SUM, .zero_infinity = zero};
        const tp_var loss = tp_ctc_with(x, targets, two, two, &o);
        EXPECT_NEAR(tp_item(loss), zero ? 0 : INF, 0);
        for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
            tp_var g;
            EXPECT_STATUS(tp_gradients(loss, &x, 1, &g, flags), TP_OK);
            EXPECT_TENSOR(tp_value(g), 0, 0, 0, 0, 0, 0, 0);
        }
    }
}
END_TEST

START_TEST(ctc_of_impossible_classes_stays_finite)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(3, 1, 3), -1e4, 0, -INF, 0, -1e4, -INF, -1e4, -1e4, 0));
    const tp_var targets = data_of(tape, I64(TP_DIMS(2), 1, 2)), three = data_of(tape, I64(TP_DIMS(1), 3));
    const tp_var loss = tp_ctc(x, targets, three, data_of(tape, I64(TP_DIMS(1), 2)), TP_SUM);
    EXPECT_NEAR(tp_item(loss), 0, 1e-12);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_var g;
        EXPECT_STATUS(tp_gradients(loss, &x, 1, &g, flags), TP_OK);
        EXPECT_TENSOR(tp_value(g), 1e-12, 0, -1, 0, -1, 0, 0, 0, 0, -1);
    }
}
END_TEST

START_TEST(ctc_refuses_what_does_not_fit)
{
    const tp_var x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(3, 1, 3), 1, -3, -.1));
    const tp_var targets = data_of(tape, I64(TP_DIMS(1, 2), 1, 2)), one = data_of(tape, I64(TP_DIMS(1), 1));
    const tp_var three = data_of(tape, I64(TP_DIMS(1), 3)), zero = data_of(tape, I64(TP_DIMS(1), 0));
    const tp_var four = data_of(tape, I64(TP_DIMS(1), 4)), two = data_of(tape, I64(TP_DIMS(2), 1, 1));
    tp_ctc(x, targets, four, one, TP_SUM);
    expect_error(tape, TP_E_INDEX, "tp_ctc: input length 4 (number 0) is not in 1..3");
    tp_ctc(x, targets, zero, one, TP_SUM);
    expect_error(tape, TP_E_INDEX, "tp_ctc: input length 0 (number 0) is not in 1..3");
    tp_ctc(x, targets, three, three, TP_SUM);
    expect_error(tape, TP_E_INDEX, "tp_ctc: target length 3 (number 0) is not in 0..2");
    tp_ctc(x, data_of(tape, I64(TP_DIMS(1, 2), 1, 0)), three, data_of(tape, I64(TP_DIMS(1), 2)), TP_SUM);
    expect_error(tape, TP_E_INDEX, "tp_ctc: label 0 (number 1 of target 0) is not in 0..2, or the blank");
    tp_ctc(x, data_of(tape, I64(TP_DIMS(1, 2), 1, 3)), three, data_of(tape, I64(TP_DIMS(1), 2)), TP_SUM);
    expect_error(tape, TP_E_INDEX, "tp_ctc: label 3 (number 1 of target 0)");
    tp_ctc(x, targets, two, one, TP_SUM);
    expect_error(tape, TP_E_SHAPE, "targets (1,2), input lengths (2), target lengths (1) do not fit a batch of 1");
    tp_ctc(leaf_of(tape, F64(TP_DIMS(2), -1, -2)), targets, three, one, TP_SUM);
    expect_error(tape, TP_E_SHAPE, "tp_ctc: log-probabilities must be (frames, batch, classes), not (2)");
    tp_ctc_with(x, targets, three, one, &(tp_ctc_options){.blank = 3});
    expect_error(tape, TP_E_INDEX, "tp_ctc: blank 3 is not in 0..2");
    tp_ctc(x, leaf_of(tape, F64(TP_DIMS(1, 2), 1, 2)), three, one, TP_SUM);
    expect_error(tape, TP_E_DTYPE, "tp_ctc: targets must be integers, not f64 (1,2)");
    ck_assert(!tp_ok(tp_ctc(tp_none(), targets, three, one, TP_SUM)));
}
END_TEST

TCase *loss_errors_case(void)
{
    TCase *tcase = tcase_create("loss_errors");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, elementwise_losses_refuse_what_does_not_fit);
    tcase_add_test(tcase, losses_of_classes_refuse_what_does_not_fit);
    tcase_add_test(tcase, losses_of_pairs_refuse_what_does_not_fit);
    tcase_add_test(tcase, ctc_without_an_alignment_is_infinite_with_no_gradient);
    tcase_add_test(tcase, ctc_of_impossible_classes_stays_finite);
    tcase_add_test(tcase, ctc_refuses_what_does_not_fit);
    return tcase;
}
