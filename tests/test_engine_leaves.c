/* Leaves: bound scalars, versions, names in messages, clones that outlive the tape. */
#include "tests/helpers.h"

#include "tests/tape_fixture.h"

START_TEST(rank_zero_param_is_a_scalar_whose_gradient_is_cast_on_store)
{
    tp_tensor *w = F32(TP_DIMS(), 3), *c = I64(TP_DIMS(), 2);
    const tp_var p = tp_param(tape, w), k = tp_data(tape, c), l = tp_leaf(tape, w);
    ck_assert_int_eq(tp_var_rank(p), 0);
    ck_assert_int_eq(tp_var_dtype(p), TP_F64);
    ck_assert(tp_needs_grad(p) && !tp_needs_grad(k) && tp_needs_grad(l));
    const tp_var y = tp_mul(tp_mul(p, p), tp_mul(k, l));
    EXPECT_NEAR(tp_item(y), 54, 0);
    for (int i = 1; i <= 4; i++) {
        EXPECT_STATUS(tp_backward_from(y, tp_none(), i % 2 ? 0 : TP_CREATE_GRAPH), TP_OK);
        EXPECT_NEAR(tp_grad_item(p), 36, 0);
        EXPECT_NEAR(tp_grad_item(l), 18, 0);
        ck_assert_int_eq(tp_tensor_dtype(tp_tensor_grad(w)), TP_F32);
        ck_assert_int_eq(tp_tensor_rank(tp_tensor_grad(w)), 0);
        EXPECT_TENSOR(tp_tensor_grad(w), 0, 36. * i);
    }
    *(float *)tp_tensor_data(w) = 2;
    EXPECT_STATUS(tp_backward(y), TP_E_CHANGED);
    expect_error(tape, TP_E_CHANGED, "tp_backward: param () (node 0)");
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    EXPECT_NEAR(tp_item(y), 16, 0);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_NEAR(tp_grad_item(p), 16, 0);
    tp_tensor_release(w);
    tp_tensor_release(c);
}
END_TEST

START_TEST(gradient_of_zero_is_stored_in_a_bound_scalar_too)
{
    tp_tensor *w = F64(TP_DIMS(), 3), *v = F64(TP_DIMS(1), 3);
    const tp_var y = tp_add(tp_step(tp_param(tape, w)), tp_muls(tp_param(tape, w), 0));
    const tp_var z = tp_sum(tp_muls(tp_param(tape, v), 0));
    EXPECT_STATUS(tp_backward(tp_add(y, z)), TP_OK);
    EXPECT_TENSOR(tp_tensor_grad(v), 0, 0);
    EXPECT_TENSOR(tp_tensor_grad(w), 0, 0);
    tp_tensor_release(w);
    tp_tensor_release(v);
}
END_TEST

START_TEST(tensor_written_between_use_and_backward_is_an_error)
{
    tp_tensor *w = F64(TP_DIMS(2), 1, 2), *view = tp_tensor_slice(w, 0, 1, 2, 1, NULL);
    const tp_var p = tp_name(tp_param(tape, w), "weights"), y = tp_sum(tp_square(p));
    EXPECT_STATUS(tp_backward(y), TP_OK);
    ck_assert_ptr_nonnull(tp_tensor_read(w));
    EXPECT_STATUS(tp_backward(y), TP_OK);
    tp_tensor_fill(view, 7); /* through a view: the storage is the same */
    EXPECT_STATUS(tp_backward(y), TP_E_CHANGED);
    expect_error(tape, TP_E_CHANGED, "param (2) (node 0, weights) was written to after its use");
    tp_var g;
    EXPECT_STATUS(tp_gradients(y, &p, 1, &g, TP_CREATE_GRAPH), TP_E_CHANGED);
    ck_assert(!tp_ok(g));
    expect_error(tape, TP_E_CHANGED, "weights");
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_NEAR(tp_item(y), 50, 0);
    tp_tensor_touch(w);
    EXPECT_STATUS(tp_backward(y), TP_E_CHANGED);
    tp_tensor_release(view);
    tp_tensor_release(w);
}
END_TEST

START_TEST(data_written_after_use_is_an_error_for_later_roots_only)
{
    tp_tensor *d = F64(TP_DIMS(2), 1, 2);
    const tp_var x = tp_scalar(tape, 2), early = tp_square(x);
    const tp_var late = tp_sum(tp_mul(tp_data(tape, d), early));
    tp_tensor_touch(d);
    EXPECT_STATUS(tp_backward(early), TP_OK);
    EXPECT_STATUS(tp_backward(late), TP_E_CHANGED);
    tp_tensor_release(d);
}
END_TEST

START_TEST(failed_backward_marks_touched_gradients_invalid)
{
    tp_tensor *w = F64(TP_DIMS(2), 1, 2), *u = F64(TP_DIMS(2), 3, 4);
    const tp_var p = tp_param(tape, w);
    EXPECT_STATUS(tp_backward(tp_sum(tp_square(p))), TP_OK);
    EXPECT_TENSOR(tp_tensor_grad(w), 0, 2, 4);
    /* an op without a backward closure below the param's use */
    tp_tensor *first = tensor_of(TP_F64, TP_DIMS(2), NULL);
    const tp_var a = tp_mul(tp_param(tape, u), leaf_of(tape, first));
    tp_tensor_touch(first); /* changed: fails before anything is touched */
    EXPECT_STATUS(tp_backward(tp_sum(tp_mul(p, a))), TP_E_CHANGED);
    EXPECT_TENSOR(tp_tensor_grad(w), 0, 2, 4);
    ck_assert_ptr_null(tp_tensor_grad(u));
    tp_tensor_release(w);
    tp_tensor_release(u);
}
END_TEST

START_TEST(names_are_cut_and_replaced_and_appear_in_messages)
{
    const tp_var a = tp_name(data_of(tape, F64(TP_DIMS(2, 3), 1, 2, 3, 4, 5, 6)), "pixels");
    const tp_var w = tp_name(data_of(tape, F64(TP_DIMS(4, 2), 1, 2, 3, 4, 5, 6, 7, 8)), "first name");
    tp_name(w, "kernel");
    tp_name(a, "pixels"); /* out of order of nodes */
    tp_matmul(a, w);
    expect_error(tape, TP_E_SHAPE, "inner dimensions differ: f64 (2,3) x f64 (4,2) [pixels: node 0, kernel: node 1]");
    char name[200];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    tp_name(a, name);
    tp_matmul(a, w);
    name[47] = 0;
    ck_assert_ptr_nonnull(strstr(tp_tape_error(tape), name));
    name[47] = 'n', name[48] = 0;
    ck_assert_ptr_null(strstr(tp_tape_error(tape), name));
    tp_tape_clear_error(tape);
    ck_assert(tp_ok(tp_name(a, NULL)));
    ck_assert(tp_ok(tp_name(a, "")));
    tp_matmul(a, w);
    expect_error(tape, TP_E_SHAPE, "kernel");
}
END_TEST

START_TEST(tape_tensors_are_cloned_not_taken)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), y = tp_square(x);
    tp_tensor *clone = tp_tensor_clone(tp_value(y)), *kept = tp_tensor_retain((tp_tensor *)tp_value(y));
    ck_assert(!tp_ok(tp_data(tape, (tp_tensor *)tp_value(y))));
    expect_error(tape, TP_E_ARGUMENT, "tp_data: the tensor belongs to a tape: clone it");
    tp_tensor_release((tp_tensor *)tp_value(y)); /* ignored: it is the tape's */
    EXPECT_STATUS(tp_backward(tp_sum(y)), TP_OK);
    tp_tensor *grad = tp_tensor_clone(tp_grad(x));
    tp_tape_reset(tape);
    tp_exp(leaf_of(tape, F64(TP_DIMS(2), 8, 9)));
    EXPECT_TENSOR(clone, 0, 1, 4);
    EXPECT_TENSOR(kept, 0, 1, 4);
    EXPECT_TENSOR(grad, 0, 2, 4);
    tp_tensor_release(clone);
    tp_tensor_release(kept);
    tp_tensor_release(grad);
}
END_TEST

START_TEST(param_outlives_its_owner_while_the_tape_uses_it)
{
    tp_tensor *w = F64(TP_DIMS(2), 1, 2);
    const tp_var p = tp_param(tape, w);
    tp_tensor_release(w);
    const tp_var y = tp_sum(tp_square(p));
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_TENSOR(tp_grad(p), 0, 2, 4);
}
END_TEST

START_TEST(view_of_a_param_lives_until_the_tape_lets_go)
{
    tp_tensor *w = F64(TP_DIMS(4), 1, 2, 3, 4);
    const tp_var s = tp_slice(tp_data(tape, w), 0, 1, 3, 1);
    tp_tensor_release(w);
    EXPECT_TENSOR(tp_value(s), 0, 2, 3);
    tp_tape_reset(tape);
}
END_TEST

TCase *engine_leaves_case(void)
{
    TCase *tcase = tcase_create("leaves");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, rank_zero_param_is_a_scalar_whose_gradient_is_cast_on_store);
    tcase_add_test(tcase, gradient_of_zero_is_stored_in_a_bound_scalar_too);
    tcase_add_test(tcase, tensor_written_between_use_and_backward_is_an_error);
    tcase_add_test(tcase, data_written_after_use_is_an_error_for_later_roots_only);
    tcase_add_test(tcase, failed_backward_marks_touched_gradients_invalid);
    tcase_add_test(tcase, names_are_cut_and_replaced_and_appear_in_messages);
    tcase_add_test(tcase, tape_tensors_are_cloned_not_taken);
    tcase_add_test(tcase, param_outlives_its_owner_while_the_tape_uses_it);
    tcase_add_test(tcase, view_of_a_param_lives_until_the_tape_lets_go);
    return tcase;
}
