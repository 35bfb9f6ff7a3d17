/* Scopes in which nothing needs a gradient. */
#include "tests/test_hooks.h"

#include "tests/tape_fixture.h"

/* What is recorded now needs a gradient. */
static bool on(void)
{
    return tp_needs_grad(tp_exp(tp_scalar(tape, 1)));
}

START_TEST(a_scope_turns_gradients_off_and_on_again)
{
    const tp_var x = tp_scalar(tape, 2);
    tp_var y = tp_none();
    int turns = 0;
    TP_NO_GRAD(tape) {
        y = tp_square(x);
        ck_assert(!on());
        turns++;
    }
    ck_assert_int_eq(turns, 1);
    ck_assert(on());
    ck_assert(!tp_needs_grad(y));
    const tp_var z = tp_mul(x, y);
    EXPECT_STATUS(tp_backward(z), TP_OK);
    EXPECT_NEAR(tp_grad_item(x), 4, 0); /* y counts as a constant */
}
END_TEST

START_TEST(scopes_nest_and_restore_what_was)
{
    TP_NO_GRAD(tape) {
        TP_NO_GRAD(tape) ck_assert(!on());
        ck_assert(!on());
        const bool was = tp_tape_set_grad(tape, true); /* an island */
        ck_assert(!was && on());
        TP_NO_GRAD(tape) ck_assert(!on());
        ck_assert(on());
        tp_tape_set_grad(tape, was);
    }
    ck_assert(on());
    tp_tape_set_grad(tape, false);
    TP_NO_GRAD(tape) ck_assert(!on());
    ck_assert(!on());
    tp_tape_set_grad(tape, true);
}
END_TEST

static void leaves_early(tp_no_grad *kept)
{
    *kept = tp_no_grad_begin(tape);
    TP_NO_GRAD(tape) return;
}

START_TEST(break_and_continue_leave_a_scope_return_does_not)
{
    for (int i = 0; i < 3; i++) {
        TP_NO_GRAD(tape) {
            if (i == 0) break;
            if (i == 1) continue;
            ck_assert(!on());
        }
        ck_assert(on());
    }
    tp_no_grad kept;
    leaves_early(&kept);
    ck_assert(!on());
    tp_no_grad_end(&kept);
    ck_assert(on());
    tp_tape_set_grad(tape, false);
    tp_no_grad_end(&kept); /* a second end does nothing */
    ck_assert(!on());
    tp_no_grad_end(NULL);
    TP_NO_GRAD(NULL) ck_assert(!on());
    tp_tape_set_grad(tape, true);
}
END_TEST

START_TEST(detach_and_scopes_agree)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), d = tp_detach(tp_square(x));
    ck_assert(!tp_needs_grad(d));
    EXPECT_STATUS(tp_backward(tp_sum(tp_mul(x, d))), TP_OK);
    EXPECT_TENSOR(tp_grad(x), 0, 1, 4);
}
END_TEST

/* ---- within closures ---- */

static tp_status square_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    return tp_ctx_result(ctx, 0, TP_F64, tp_tensor_rank(x), tp_tensor_dims(x));
}

static tp_status square_forward(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    double *y = tp_tensor_data(tp_ctx_output(ctx, 0));
    for (int64_t i = 0; i < tp_tensor_count(x); i++) y[i] = tp_tensor_item(x, i) * tp_tensor_item(x, i);
    return TP_OK;
}

/* dx = 2 x g, of which 2 x counts as a constant: the second derivative is 0. */
static tp_status square_backward(tp_ctx *ctx, tp_var g)
{
    tp_var slope = tp_none();
    TP_NO_GRAD(tp_ctx_tape(ctx)) slope = tp_muls(tp_ctx_input_var(ctx, 0), 2);
    return tp_give(ctx, 0, tp_mul(g, slope));
}

static const tp_op square_op = {TP_OP_HEAD,
                                .name = "square_once",
                                .arity = 1,
                                .shape = square_shape,
                                .forward = square_forward,
                                .backward = square_backward};

static tp_var hook(tp_var x, tp_var g, void *user)
{
    (void)x, (void)user;
    tp_no_grad_begin(x.tape); /* never ended: what the hook leaves does not outlive it */
    return g;
}

START_TEST(scopes_work_within_closures)
{
    const tp_var x = tp_scalar(tape, 3), y = tp_hook(tp_apply(&square_op, &x, 1, NULL), hook, NULL);
    tp_var g, second;
    EXPECT_STATUS(tp_gradients(tp_mul(y, x), &x, 1, &g, 0), TP_OK);
    EXPECT_NEAR(tp_item(g), 27, 0);
    ck_assert(on());
    EXPECT_STATUS(tp_gradients(y, &x, 1, &g, TP_CREATE_GRAPH), TP_OK);
    EXPECT_NEAR(tp_item(g), 6, 0);
    ck_assert(on());
    EXPECT_STATUS(tp_gradients(tp_add(g, x), &x, 1, &second, 0), TP_OK);
    EXPECT_NEAR(tp_item(second), 1, 0);
}
END_TEST

TCase *no_grad_case(void)
{
    TCase *tcase = tcase_create("no gradients");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_scope_turns_gradients_off_and_on_again);
    tcase_add_test(tcase, scopes_nest_and_restore_what_was);
    tcase_add_test(tcase, break_and_continue_leave_a_scope_return_does_not);
    tcase_add_test(tcase, detach_and_scopes_agree);
    tcase_add_test(tcase, scopes_work_within_closures);
    return tcase;
}
