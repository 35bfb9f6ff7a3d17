/* Guards: a replay that comes to a branch which the program would not take now is stopped, and what then holds. */
#include "tests/test_replay.h"

#include <stdio.h>

#include "tests/tape_fixture.h"

/* Newton's method for sqrt(a); the number of turns depends on a. */
static tp_var root_of(tp_var a)
{
    tp_var x = tp_adds(tp_muls(a, .5), .5);
    while (tp_guard(tp_greater(tp_abs(tp_sub(tp_square(x), a)), tp_const(a.tape, 1e-9))))
        x = tp_muls(tp_add(x, tp_div(a, x)), .5);
    return x;
}

START_TEST(loop_is_replayed_while_its_turns_are_the_same_and_else_recorded)
{
    tp_var a = tp_none(), root = tp_none();
    int recorded = 0;
    for (int k = 0; k <= 60; k++) {
        const double at = 2 + .1 * k;
        tp_set_item(a, at);
        if (k == 0 || tp_replay(tape, 0) == TP_E_GUARD) {
            tp_tape_reset(tape);
            a = tp_scalar(tape, at);
            root = root_of(a);
            recorded++;
        }
        EXPECT_STATUS(tp_backward(root), TP_OK);
        EXPECT_NEAR(tp_item(root), sqrt(at), 1e-9);
        EXPECT_NEAR(tp_grad_item(a), .5 / sqrt(at), 1e-8);
        tp_tape *other = tp_tape_new(NULL);
        const tp_var b = tp_scalar(other, at), anew = root_of(b);
        EXPECT_STATUS(tp_backward(anew), TP_OK);
        ck_assert_double_eq(tp_item(anew), tp_item(root));
        ck_assert_double_eq(tp_grad_item(a), tp_grad_item(b));
        tp_tape_free(other);
    }
    ck_assert_int_gt(recorded, 1);
    ck_assert_int_lt(recorded, 10);
}
END_TEST

START_TEST(guard_returns_whether_its_condition_is_not_zero)
{
    const tp_var nan = tp_const(tape, (double)NAN);
    ck_assert(tp_guard(tp_const(tape, 1)) && tp_guard(tp_const(tape, -.1)) && tp_guard(nan));
    ck_assert(!tp_guard(tp_const(tape, 0)) && !tp_guard(tp_const(tape, -0.)));
    ck_assert(!tp_guard(tp_greater(nan, tp_const(tape, 1))) && !tp_guard(tp_less_equal(nan, nan)));
    ck_assert(tp_guard(data_of(tape, F32(TP_DIMS(1, 1), .5))) && !tp_guard(data_of(tape, F64(TP_DIMS(1), 0))));
    ck_assert(tp_guard(data_of(tape, I64(TP_DIMS(1), -3))));
    const tp_var x = leaf_of(tape, F32(TP_DIMS(1), 2)), y = tp_greater(x, tp_const(tape, 1));
    ck_assert_int_eq(tp_var_dtype(y), TP_U8);
    ck_assert(tp_guard(y));
    EXPECT_OK(tape);
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
}
END_TEST

START_TEST(guard_int_returns_the_number_that_a_loop_turns_by)
{
    const tp_var n = tp_scalar(tape, 3.7), x = tp_scalar(tape, 2);
    tp_var y = tp_const(tape, 1);
    for (int64_t i = 0; i < tp_guard_int(n); i++) y = tp_mul(y, x);
    ck_assert_double_eq(tp_item(y), 8);
    ck_assert_int_eq(tp_guard_int(tp_const(tape, -2.9)), -2);
    ck_assert_int_eq(tp_guard_int(data_of(tape, I64(TP_DIMS(1), -7))), -7);
    tp_set_item(n, 3.1);
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    tp_set_item(n, 4);
    EXPECT_STATUS(tp_replay(tape, 0), TP_E_GUARD);
    ck_assert_ptr_nonnull(strstr(tp_tape_error(tape), "scalar (node 0) is 4 and was 3"));
    tp_set_item(n, (double)NAN);
    EXPECT_STATUS(tp_replay(tape, 0), TP_E_GUARD);
    tp_tape_reset(tape);
    ck_assert_int_eq(tp_guard_int(tp_const(tape, (double)NAN)), 0);
    expect_error(tape, TP_E_ARGUMENT, "tp_guard_int: node 0 is nan");
    ck_assert_int_eq(tp_guard_int(tp_const(tape, 0x1p63)), 0);
    expect_error(tape, TP_E_ARGUMENT, "tp_guard_int: node 1 is 9.22337e+18");
    ck_assert_uint_eq(tp_tape_stats(tape).nodes, 2);
}
END_TEST

START_TEST(guard_on_what_is_no_condition_is_false)
{
    ck_assert(!tp_guard(tp_none()) && tp_guard_int(tp_none()) == 0);
    ck_assert(!tp_guard(data_of(tape, F32(TP_DIMS(2), 1, 1))));
    expect_error(tape, TP_E_SHAPE, "tp_guard: node 0 has not one element, but (2)");
    ck_assert(!tp_guard(data_of(tape, tensor_of(TP_F32, TP_DIMS(0, 3), NULL))));
    expect_error(tape, TP_E_SHAPE, "tp_guard: node 1 has not one element, but (0,3)");
    ck_assert_int_eq(tp_guard_int(tp_value(tp_const(tape, 1)) ? tp_none() : (tp_var){tape, 0, 1}), 0);
    expect_error(tape, TP_E_SHAPE, "tp_guard_int: node 0");
    const tp_var old = tp_const(tape, 1);
    tp_tape_reset(tape);
    ck_assert(!tp_guard(old));
    expect_error(tape, TP_E_STALE, "tp_guard: operand 0");
    ck_assert_uint_eq(tp_tape_stats(tape).nodes, 0);
}
END_TEST

/* y = x^2 if x > 1 (as c says), else -x; z comes before the branch. */
typedef struct branch {
    tp_var x, z, condition, y;
    tp_mark mark;
} branch;

static tp_var taken(const branch *b)
{
    return tp_guard(b->condition) ? tp_square(b->x) : tp_neg(b->x);
}

static branch record(double at)
{
    branch b = {.x = tp_scalar(tape, at)};
    b.z = tp_exp(b.x);
    b.condition = tp_name(tp_greater(b.x, tp_const(tape, 1)), "big");
    b.mark = tp_tape_mark(tape);
    b.y = taken(&b);
    return b;
}

START_TEST(error_names_the_guard_its_condition_and_the_op)
{
    const branch b = record(2);
    tp_set_item(b.x, .5);
    EXPECT_STATUS(tp_replay(tape, 0), TP_E_GUARD);
    EXPECT_STATUS(tp_tape_status(tape), TP_E_GUARD);
    ck_assert_str_eq(tp_tape_error(tape), "tp_replay: what was recorded after node 4 (guard) is not what to do now: "
                                          "greater (node 3, big) is 0 and was true");
    ck_assert_str_eq(tp_status_name(TP_E_GUARD), "guard");
}
END_TEST

START_TEST(walk_from_behind_a_failed_guard_is_refused_until_a_replay_succeeds)
{
    const branch b = record(2);
    tp_var slope;
    tp_set_item(b.x, .5);
    EXPECT_STATUS(tp_replay(tape, 0), TP_E_GUARD);
    EXPECT_STATUS(tp_backward(b.z), TP_E_GUARD); /* the tape's error, as ever */
    tp_tape_clear_error(tape);
    EXPECT_STATUS(tp_backward(b.y), TP_E_CHANGED);
    expect_error(tape, TP_E_CHANGED, "stopped at node 4 (guard): node 5 has its old value");
    EXPECT_STATUS(tp_jvp(b.y, &b.x, &b.x, 1, &slope, 0), TP_E_CHANGED);
    tp_tape_clear_error(tape);
    EXPECT_STATUS(tp_gradients(b.y, &b.x, 1, &slope, TP_CREATE_GRAPH), TP_E_CHANGED);
    tp_tape_clear_error(tape);
    EXPECT_STATUS(tp_gradcheck(b.y, &b.x, 1, NULL, NULL), TP_E_CHANGED);
    tp_tape_clear_error(tape);
    ck_assert_double_eq(tp_item(b.z), exp(.5)); /* before the guard all is new, */
    EXPECT_STATUS(tp_backward(b.z), TP_OK);
    ck_assert_double_eq(tp_grad_item(b.x), exp(.5));
    ck_assert_double_eq(tp_item(b.y), 4); /* behind it all is old */
    tp_set_item(b.x, 3);
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    EXPECT_STATUS(tp_backward(b.y), TP_OK);
    ck_assert_double_eq(tp_item(b.y), 9);
    ck_assert_double_eq(tp_grad_item(b.x), 6);
}
END_TEST

START_TEST(failed_guard_is_forgotten_by_the_next_replay)
{
    const branch b = record(2);
    for (int i = 0; i < 4; i++) {
        tp_set_item(b.x, i % 2 ? 5 : -5);
        EXPECT_STATUS(tp_replay(tape, 0), i % 2 ? TP_OK : TP_E_GUARD);
        EXPECT_STATUS(tp_backward(b.y), i % 2 ? TP_OK : TP_E_GUARD);
    }
    ck_assert_double_eq(tp_grad_item(b.x), 10);
}
END_TEST

START_TEST(only_what_follows_the_guard_is_recorded_anew)
{
    branch b = record(2);
    for (int i = 0; i < 6; i++) {
        const double at = i % 2 ? i : -i;
        tp_set_item(b.x, at);
        if (tp_replay(tape, 0) == TP_E_GUARD) {
            tp_tape_clear_error(tape);
            EXPECT_STATUS(tp_tape_rewind(tape, b.mark), TP_OK);
            b.y = taken(&b);
        }
        EXPECT_STATUS(tp_backward(b.y), TP_OK);
        ck_assert_double_eq(tp_item(b.y), at > 1 ? at * at : -at);
        ck_assert_double_eq(tp_grad_item(b.x), at > 1 ? 2 * at : -1);
    }
}
END_TEST

START_TEST(what_is_recorded_upon_old_values_is_refused_too)
{
    const branch b = record(2);
    tp_set_item(b.x, .5);
    EXPECT_STATUS(tp_replay(tape, 0), TP_E_GUARD);
    tp_tape_clear_error(tape);
    const tp_var more = tp_square(b.y);
    EXPECT_STATUS(tp_backward(more), TP_E_CHANGED);
    tp_tape_clear_error(tape);
    tp_set_item(b.x, 2);
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    EXPECT_STATUS(tp_backward(more), TP_OK);
    ck_assert_double_eq(tp_grad_item(b.x), 32);
}
END_TEST

START_TEST(leaves_before_a_failed_guard_are_stamped_and_those_behind_are_not)
{
    tp_tensor *first = F64(TP_DIMS(2), 1, 2), *second = F64(TP_DIMS(2), 3, 4);
    const tp_var a = tp_leaf(tape, first), sum = tp_sum(tp_square(a));
    const bool small = tp_guard(tp_less(sum, tp_const(tape, 10)));
    const tp_var y = small ? tp_sum(tp_mul(a, tp_leaf(tape, second))) : sum;
    tp_tensor_fill(first, 3);
    tp_tensor_fill(second, 3);
    EXPECT_STATUS(tp_replay(tape, 0), TP_E_GUARD);
    tp_tape_clear_error(tape);
    EXPECT_STATUS(tp_backward(sum), TP_OK);
    EXPECT_TENSOR(tp_grad(a), 0, 6, 6);
    tp_tensor_fill(first, 1);
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_TENSOR(tp_grad(a), 0, 3, 3);
    tp_tensor_release(first);
    tp_tensor_release(second);
}
END_TEST

START_TEST(guards_do_not_disturb_walks_and_drawings)
{
    const branch b = record(2);
    tp_var slope, again;
    EXPECT_STATUS(tp_gradients(b.y, &b.x, 1, &slope, TP_CREATE_GRAPH), TP_OK);
    EXPECT_STATUS(tp_gradients(slope, &b.x, 1, &again, 0), TP_OK);
    ck_assert_double_eq(tp_item(again), 2);
    const tp_var one = tp_const(tape, 1);
    EXPECT_STATUS(tp_jvp(b.y, &b.x, &one, 1, &again, 0), TP_OK);
    ck_assert_double_eq(tp_item(again), 4);
    expect_gradients(b.y, &b.x, 1);
    FILE *out = tmpfile();
    ck_assert_ptr_nonnull(out);
    EXPECT_STATUS(tp_draw_dot(b.y, out), TP_OK);
    fclose(out);
}
END_TEST

START_TEST(gradcheck_across_a_branch_says_so_and_leaves_the_tape_as_it_was)
{
    const branch b = record(1 + 1e-6);
    tp_error error = {0};
    const double before = tp_item(b.y);
    EXPECT_STATUS(tp_gradcheck(b.y, &b.x, 1, NULL, &error), TP_E_GUARD);
    ck_assert_ptr_nonnull(strstr(error.message, "greater (node 3, big)"));
    EXPECT_OK(tape);
    ck_assert_double_eq(tp_item(b.y), before);
    EXPECT_STATUS(tp_backward(b.y), TP_OK);
    ck_assert_double_eq(tp_grad_item(b.x), 2 * (1 + 1e-6));
}
END_TEST

static int told;

static void meddle(void *user, const char *message)
{
    tp_tape **of = user;
    if (!*of || told++ > 3) return;
    ck_assert_ptr_nonnull(strstr(message, "guard"));
    ck_assert_int_ne(tp_replay(*of, 0), TP_OK);
    tp_tape_reset(*of);
    ck_assert_int_ne(tp_backward(tp_scalar(*of, 1)), TP_OK);
}

START_TEST(log_that_meddles_with_the_tape_does_no_harm)
{
    tp_tape *of = NULL, *logged = tp_tape_new(&(tp_tape_options){.log = meddle, .log_user = &of});
    ck_assert_ptr_nonnull(logged);
    const tp_var x = tp_scalar(logged, 1);
    const tp_var y = tp_guard(x) ? tp_exp(x) : x;
    of = logged;
    tp_set_item(x, 0);
    EXPECT_STATUS(tp_replay(logged, 0), TP_E_GUARD);
    ck_assert_int_eq(told, 1);
    ck_assert(tp_ok(y));
    tp_set_item(x, 2);
    EXPECT_STATUS(tp_replay(logged, 0), TP_OK);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    ck_assert_double_eq(tp_grad_item(x), exp(2));
    tp_tape_free(logged);
}
END_TEST

START_TEST(wrong_calls_of_replay_are_refused)
{
    EXPECT_STATUS(tp_replay(NULL, 0), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_replay(tape, 6), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "tp_replay: there is no flag 0x6");
    EXPECT_STATUS(tp_replay(tape, TP_REPLAY_ADVANCE), TP_OK);
    const tp_var x = tp_scalar(tape, 1);
    (void)tp_reshape(x, TP_DIMS(3));
    EXPECT_STATUS(tp_replay(tape, 0), TP_E_SHAPE); /* an error made while recording stands in the way */
}
END_TEST

TCase *guards_case(void)
{
    TCase *tcase = tcase_create("guards");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, loop_is_replayed_while_its_turns_are_the_same_and_else_recorded);
    tcase_add_test(tcase, guard_returns_whether_its_condition_is_not_zero);
    tcase_add_test(tcase, guard_int_returns_the_number_that_a_loop_turns_by);
    tcase_add_test(tcase, guard_on_what_is_no_condition_is_false);
    tcase_add_test(tcase, error_names_the_guard_its_condition_and_the_op);
    tcase_add_test(tcase, walk_from_behind_a_failed_guard_is_refused_until_a_replay_succeeds);
    tcase_add_test(tcase, failed_guard_is_forgotten_by_the_next_replay);
    tcase_add_test(tcase, only_what_follows_the_guard_is_recorded_anew);
    tcase_add_test(tcase, what_is_recorded_upon_old_values_is_refused_too);
    tcase_add_test(tcase, leaves_before_a_failed_guard_are_stamped_and_those_behind_are_not);
    tcase_add_test(tcase, guards_do_not_disturb_walks_and_drawings);
    tcase_add_test(tcase, gradcheck_across_a_branch_says_so_and_leaves_the_tape_as_it_was);
    tcase_add_test(tcase, log_that_meddles_with_the_tape_does_no_harm);
    tcase_add_test(tcase, wrong_calls_of_replay_are_refused);
    return tcase;
}
