/* Handles, epochs, marks, and what a poisoned or stale handle does. */
#include "autograd/tape.h"
#include "tests/helpers.h"

#include "tests/tape_fixture.h"

START_TEST(handle_is_sixteen_bytes)
{
    ck_assert_uint_eq(sizeof(tp_var), 16);
    ck_assert_uint_eq(sizeof(tp_node), 32);
}
END_TEST

START_TEST(rewind_keeps_handles_before_the_mark_and_makes_later_ones_stale)
{
    const tp_var x = tp_scalar(tape, 3), y = tp_square(x);
    const tp_mark mark = tp_tape_mark(tape);
    const tp_var z = tp_mul(y, y);
    EXPECT_STATUS(tp_tape_rewind(tape, mark), TP_OK);
    ck_assert(tp_ok(x) && tp_ok(y) && !tp_ok(z));
    ck_assert_double_eq(tp_item(y), 9);
    ck_assert(isnan(tp_item(z)));
    const tp_var w = tp_neg(y); /* takes z's place */
    ck_assert_uint_eq(w.node, z.node);
    ck_assert(tp_ok(w) && !tp_ok(z));
    ck_assert(!tp_ok(tp_exp(z)));
    expect_error(tape, TP_E_STALE, "tp_exp");
    EXPECT_STATUS(tp_backward(w), TP_OK);
    ck_assert_double_eq(tp_grad_item(x), -6);
}
END_TEST

START_TEST(nested_marks_rewind_one_after_the_other)
{
    const tp_var x = tp_scalar(tape, 2);
    const tp_mark outer = tp_tape_mark(tape);
    const tp_var y = tp_square(x);
    const tp_mark inner = tp_tape_mark(tape);
    tp_mul(y, x);
    EXPECT_STATUS(tp_tape_rewind(tape, inner), TP_OK);
    ck_assert(tp_ok(y));
    const tp_var z = tp_mul(y, y);
    EXPECT_STATUS(tp_backward(z), TP_OK);
    ck_assert_double_eq(tp_grad_item(x), 32);
    EXPECT_STATUS(tp_tape_rewind(tape, inner), TP_OK);
    EXPECT_STATUS(tp_tape_rewind(tape, inner), TP_OK);
    EXPECT_STATUS(tp_tape_rewind(tape, outer), TP_OK);
    ck_assert(tp_ok(x) && !tp_ok(y) && !tp_ok(z));
    ck_assert_uint_eq(tp_tape_stats(tape).nodes, 1);
    EXPECT_STATUS(tp_tape_rewind(tape, inner), TP_E_STALE);
    expect_error(tape, TP_E_STALE, "tp_tape_rewind");
}
END_TEST

START_TEST(stale_mark_is_refused_when_its_place_was_recorded_anew)
{
    tp_scalar(tape, 1);
    const tp_mark first = tp_tape_mark(tape);
    tp_scalar(tape, 2);
    const tp_mark second = tp_tape_mark(tape);
    EXPECT_STATUS(tp_tape_rewind(tape, first), TP_OK);
    for (int i = 0; i < 5; i++) tp_scalar(tape, i);
    EXPECT_STATUS(tp_tape_rewind(tape, second), TP_E_STALE);
    expect_error(tape, TP_E_STALE, "tp_tape_rewind");
    const tp_mark last = tp_tape_mark(tape);
    tp_tape_reset(tape);
    for (int i = 0; i < 20; i++) tp_scalar(tape, i);
    EXPECT_STATUS(tp_tape_rewind(tape, first), TP_E_STALE);
    expect_error(tape, TP_E_STALE, "tp_tape_rewind");
    EXPECT_STATUS(tp_tape_rewind(tape, last), TP_E_STALE);
    expect_error(tape, TP_E_STALE, "tp_tape_rewind");
    EXPECT_STATUS(tp_tape_rewind(tape, (tp_mark){0}), TP_E_STALE);
    expect_error(tape, TP_E_STALE, "tp_tape_rewind");
    ck_assert_uint_eq(tp_tape_stats(tape).nodes, 20);
}
END_TEST

START_TEST(mark_of_another_tape_does_not_reach_past_the_end)
{
    tp_tape *other = tp_tape_new(NULL);
    for (int i = 0; i < 100; i++) tp_scalar(other, i);
    const tp_mark far = tp_tape_mark(other);
    EXPECT_STATUS(tp_tape_rewind(tape, far), TP_E_STALE);
    expect_error(tape, TP_E_STALE, "tp_tape_rewind");
    tp_tape_free(other);
}
END_TEST

START_TEST(many_rewinds_at_growing_marks_keep_every_survivor)
{
    enum { N = 2000 };
    static tp_var kept[N], lost[N];
    tp_tensor *data = F64(TP_DIMS(3), 1, 2, 3);
    for (int i = 0; i < N; i++) {
        kept[i] = i % 3 ? tp_scalar(tape, i) : tp_leaf(tape, data);
        const tp_mark mark = tp_tape_mark(tape);
        lost[i] = tp_square(kept[i]);
        for (int k = 0; k < i % 7; k++) tp_exp(lost[i]);
        EXPECT_STATUS(tp_tape_rewind(tape, mark), TP_OK);
    }
    tp_tensor_release(data);
    for (int i = 0; i < N; i++) {
        ck_assert(tp_ok(kept[i]));
        ck_assert(!tp_ok(lost[i]));
        if (i % 3) ck_assert_double_eq(tp_item(kept[i]), i);
    }
    ck_assert_uint_eq(tp_tape_stats(tape).nodes, N);
    ck_assert_uint_eq(tp_tape_stats(tape).tensor.now, 0);
}
END_TEST

START_TEST(reset_makes_every_handle_stale)
{
    const tp_var x = tp_scalar(tape, 1), y = tp_exp(x);
    tp_tape_reset(tape);
    ck_assert(!tp_ok(x) && !tp_ok(y));
    const tp_var z = tp_scalar(tape, 7);
    ck_assert(!tp_ok(x));
    ck_assert(!tp_ok(tp_add(z, x)));
    expect_error(tape, TP_E_STALE, "tp_add: operand 1 (node 0)");
    EXPECT_STATUS(tp_backward(x), TP_E_STALE);
    tp_tape_reset(tape);
    EXPECT_OK(tape);
}
END_TEST

START_TEST(poisoned_handle_passes_through_and_the_first_error_stays)
{
    const tp_var a = data_of(tape, F64(TP_DIMS(2, 3), 1, 2, 3, 4, 5, 6));
    const tp_var b = data_of(tape, F64(TP_DIMS(4), 1, 2, 3, 4));
    const uint32_t nodes = tp_tape_stats(tape).nodes;
    const tp_var bad = tp_add(a, b);
    const tp_var y = tp_sum(tp_exp(tp_matmul(tp_mul(bad, a), tp_reshape(bad, TP_DIMS(9)))));
    ck_assert(!tp_ok(bad) && !tp_ok(y));
    ck_assert_uint_eq(tp_tape_stats(tape).nodes, nodes);
    ck_assert(isnan(tp_item(y)));
    ck_assert(isnan(tp_grad_item(y)));
    ck_assert_ptr_null(tp_value(y));
    ck_assert_ptr_null(tp_grad(y));
    ck_assert_int_eq(tp_var_rank(y), -1);
    ck_assert_int_eq(tp_var_dtype(y), TP_F32);
    ck_assert_ptr_null(tp_var_dims(y));
    ck_assert(!tp_needs_grad(y));
    EXPECT_STATUS(tp_backward(y), TP_E_SHAPE);
    tp_cross_entropy(a, b, TP_MEAN); /* another error: the first one stays */
    expect_error(tape, TP_E_SHAPE, "tp_add: shapes do not broadcast: f64 (2,3) and f64 (4)");
    EXPECT_STATUS(tp_backward(y), TP_E_ARGUMENT);
}
END_TEST

START_TEST(handle_of_a_null_tape_is_poisoned_everywhere)
{
    tp_tensor *data = F64(TP_DIMS(2), 1, 2);
    const tp_var zero = {0};
    ck_assert(!tp_ok(tp_scalar(NULL, 1)) && !tp_ok(tp_const(NULL, 1)));
    ck_assert(!tp_ok(tp_param(NULL, data)) && !tp_ok(tp_data(NULL, data)) && !tp_ok(tp_leaf(NULL, data)));
    ck_assert(!tp_ok(zero) && isnan(tp_item(zero)) && isnan(tp_grad_item(zero)));
    ck_assert(!tp_ok(tp_exp(zero)) && !tp_ok(tp_add(zero, zero)) && !tp_ok(tp_sum(zero)));
    EXPECT_STATUS(tp_backward(zero), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_backward_from(zero, zero, 0), TP_E_ARGUMENT);
    tp_tensor_release(data);
}
END_TEST

START_TEST(epochs_that_wrap_keep_handles_and_marks_apart)
{
    tp_tape_reset(tape);
    tape->epoch = tape->reset_epoch = UINT32_MAX - 2;
    tape->segments.items[0].epoch = tape->epoch;
    const tp_var x = tp_scalar(tape, 3);
    for (int i = 0; i < 6; i++) {
        const tp_mark mark = tp_tape_mark(tape);
        const tp_var y = tp_square(x);
        EXPECT_STATUS(tp_tape_rewind(tape, mark), TP_OK);
        ck_assert(tp_ok(x) && !tp_ok(y));
    }
    const tp_mark before = tp_tape_mark(tape);
    const tp_var v = leaf_of(tape, F64(TP_DIMS(3), 1, 2, 3));
    EXPECT_STATUS(tp_backward(tp_sum(tp_sum_axes(v, TP_AXES(0), true))), TP_OK);
    EXPECT_STATUS(tp_tape_rewind(tape, before), TP_OK);
}
END_TEST

START_TEST(tapes_do_not_mix)
{
    tp_tape *other = tp_tape_new(NULL);
    const tp_var x = tp_scalar(tape, 1), y = tp_scalar(other, 2);
    ck_assert(!tp_ok(tp_add(x, y)));
    expect_error(tape, TP_E_STALE, "tp_add: operand 1 is on another tape");
    EXPECT_OK(other);
    ck_assert(!tp_ok(tp_concat((tp_var[]){leaf_of(tape, F64(TP_DIMS(1), 1)), y}, 2, 0)));
    expect_error(tape, TP_E_STALE, "tp_concat");
    tp_tape_free(other);
    ck_assert(!tp_ok(tp_add(x, y))); /* y's tape is gone: it is not looked at */
    expect_error(tape, TP_E_STALE, "another tape");
}
END_TEST

TCase *engine_handles_case(void)
{
    TCase *tcase = tcase_create("handles");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, handle_is_sixteen_bytes);
    tcase_add_test(tcase, rewind_keeps_handles_before_the_mark_and_makes_later_ones_stale);
    tcase_add_test(tcase, nested_marks_rewind_one_after_the_other);
    tcase_add_test(tcase, stale_mark_is_refused_when_its_place_was_recorded_anew);
    tcase_add_test(tcase, mark_of_another_tape_does_not_reach_past_the_end);
    tcase_add_test(tcase, many_rewinds_at_growing_marks_keep_every_survivor);
    tcase_add_test(tcase, reset_makes_every_handle_stale);
    tcase_add_test(tcase, poisoned_handle_passes_through_and_the_first_error_stays);
    tcase_add_test(tcase, handle_of_a_null_tape_is_poisoned_everywhere);
    tcase_add_test(tcase, epochs_that_wrap_keep_handles_and_marks_apart);
    tcase_add_test(tcase, tapes_do_not_mix);
    return tcase;
}
