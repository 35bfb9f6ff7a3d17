/* Hooks on gradients: what they see, and what becomes of what they return; and the suite's list of cases. */
#include <tapir/checkpoint.h>

#include "tests/test_hooks.h"

/* What a hook saw, call by call. */
typedef struct record {
    int calls;
    double seen[8];
    bool needs[8];
    uint32_t node;
    double factor;
} record;

static tp_var watch(tp_var x, tp_var g, void *user)
{
    record *r = user;
    r->seen[r->calls & 7] = tp_value(g) ? tp_tensor_item(tp_value(g), 0) : tp_item(g);
    r->needs[r->calls++ & 7] = tp_needs_grad(g);
    r->node = x.node;
    return g;
}

static tp_var scale(tp_var x, tp_var g, void *user)
{
    watch(x, g, user);
    return tp_muls(g, ((record *)user)->factor);
}

static tp_var clip(tp_var x, tp_var g, void *user)
{
    (void)x;
    const double *bound = user;
    return tp_clamp(g, -*bound, *bound);
}

/* y = 3 h + h^2 with h = x^2 at x = 2: dy/dh = 3 + 2 h = 11, dy/dx = 4 dy/dh. */
START_TEST(a_hook_sees_the_whole_gradient_of_a_scalar_and_replaces_it)
{
    tp_tape *tape = tp_tape_new(NULL);
    record r = {.factor = .5};
    const tp_var x = tp_scalar(tape, 2), h = tp_hook(tp_square(x), scale, &r);
    const tp_var y = tp_add(tp_muls(h, 3), tp_square(h));
    EXPECT_STATUS(tp_backward(y), TP_OK);
    ck_assert_int_eq(r.calls, 1);
    ck_assert_uint_eq(r.node, h.node);
    ck_assert(!r.needs[0]);
    EXPECT_NEAR(r.seen[0], 11, 0);
    EXPECT_NEAR(tp_grad_item(h), 5.5, 0);
    EXPECT_NEAR(tp_grad_item(x), 22, 0);
    tp_var g[2];
    EXPECT_STATUS(tp_gradients(y, (tp_var[]){x, h}, 2, g, 0), TP_OK);
    EXPECT_NEAR(tp_item(g[0]), 22, 0);
    EXPECT_NEAR(tp_item(g[1]), 5.5, 0);
    EXPECT_STATUS(tp_backward_from(y, tp_none(), TP_CREATE_GRAPH), TP_OK);
    ck_assert(r.needs[2]);
    EXPECT_NEAR(tp_grad_item(x), 22, 0);
    tp_tape_free(tape);
}
END_TEST

/* The recorded gradient holds what the hook made of it: g_x = 2 x (3 + 2 x^2) / 2, g_x' = 3 + 6 x^2. */
START_TEST(what_a_hook_returns_in_a_recorded_walk_is_differentiated)
{
    tp_tape *tape = tp_tape_new(NULL);
    record r = {.factor = .5};
    const tp_var x = tp_scalar(tape, 2), h = tp_hook(tp_square(x), scale, &r);
    const tp_var y = tp_add(tp_muls(h, 3), tp_square(h));
    tp_var g, second;
    EXPECT_STATUS(tp_gradients(y, &x, 1, &g, TP_CREATE_GRAPH), TP_OK);
    EXPECT_NEAR(tp_item(g), 22, 0);
    EXPECT_STATUS(tp_unhook(h, scale, &r), TP_OK);
    EXPECT_STATUS(tp_gradients(g, &x, 1, &second, 0), TP_OK);
    EXPECT_NEAR(tp_item(second), 27, 1e-12);
    tp_tape_free(tape);
}
END_TEST

START_TEST(several_hooks_run_in_order_each_on_what_the_one_before_returned)
{
    tp_tape *tape = tp_tape_new(NULL);
    record a = {.factor = 3}, b = {.factor = -2}, c = {.factor = 1};
    const tp_var x = tp_scalar(tape, 1), y = tp_muls(x, 5);
    tp_hook(tp_hook(tp_hook(x, scale, &a), scale, &b), watch, &c);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_NEAR(a.seen[0], 5, 0);
    EXPECT_NEAR(b.seen[0], 15, 0);
    EXPECT_NEAR(c.seen[0], -30, 0);
    EXPECT_NEAR(tp_grad_item(x), -30, 0);
    EXPECT_STATUS(tp_unhook(x, scale, &a), TP_OK);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_NEAR(tp_grad_item(x), -10, 0);
    ck_assert_int_eq(a.calls, 1);
    EXPECT_STATUS(tp_unhook(x, scale, &a), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "tp_unhook: scalar (node 0) has no such hook");
    /* the latest of two that are equal goes first; the other stays */
    tp_hook(x, scale, &b);
    EXPECT_STATUS(tp_unhook(x, scale, &b), TP_OK);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_NEAR(tp_grad_item(x), -10, 0);
    tp_tape_free(tape);
}
END_TEST

START_TEST(hooks_of_many_nodes_run_from_the_last_to_the_first)
{
    tp_tape *tape = tp_tape_new(NULL);
    record r[100];
    tp_var x[101] = {tp_scalar(tape, 1)};
    for (int i = 0; i < 100; i++) r[i] = (record){.factor = 2}, x[i + 1] = tp_muls(x[i], 1);
    for (int i = 0; i < 100; i++) tp_hook(x[(i * 37) % 100], scale, &r[(i * 37) % 100]); /* in no order */
    EXPECT_STATUS(tp_backward(x[100]), TP_OK);
    for (int i = 0; i < 100; i++) EXPECT_NEAR(r[i].seen[0], ldexp(1, 99 - i), 0);
    EXPECT_NEAR(tp_grad_item(x[0]), ldexp(1, 100), 0);
    tp_tape_free(tape);
}
END_TEST

static tp_var loss_of(tp_var w, tp_var x)
{
    return tp_sum(tp_square(tp_mul(w, x)));
}

static void check_parameter(tp_dtype dtype, bool private_grads, unsigned flags)
{
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.private_grads = private_grads});
    tp_tensor *w = tensor_of(dtype, TP_DIMS(3), NUMBERS(1, 2, 3)), *s = tensor_of(dtype, TP_DIMS(), NUMBERS(2));
    record r = {.factor = 10}, rs = {.factor = -1};
    double bound = 300;
    for (int pass = 1; pass <= 3; pass++) { /* the gradient is 2 w s^2 = 8, 16, 24; that of s: 4 s = 56 */
        tp_tape_reset(tape);
        const tp_var p = tp_param(tape, w), q = tp_param(tape, s);
        tp_hook(tp_hook(p, scale, &r), clip, &bound);
        tp_hook(q, scale, &rs);
        const tp_var y = tp_add(loss_of(p, q), tp_muls(tp_sum(p), 1)); /* one more use */
        EXPECT_STATUS(tp_backward_from(y, tp_none(), flags), TP_OK);
        EXPECT_NEAR(r.seen[(pass - 1) & 7], 9, 0); /* not what has added up before */
        EXPECT_NEAR(rs.seen[(pass - 1) & 7], 56, 0);
        if (private_grads) EXPECT_STATUS(tp_reduce_grads(&tape, 1), TP_OK);
        EXPECT_TENSOR(tp_tensor_grad(w), 0, 90. * pass, 170. * pass, 250. * pass);
        EXPECT_NEAR(tp_tensor_item(tp_tensor_grad(s), 0), -56. * pass, 0);
        EXPECT_NEAR(tp_grad_item(q), -56, 0);
    }
    tp_tape_free(tape);
    tp_tensor_release(w);
    tp_tensor_release(s);
}

START_TEST(a_parameter_adds_up_what_its_hooks_return)
{
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++)
        for (int private_grads = 0; private_grads < 2; private_grads++) {
            check_parameter(TP_F64, private_grads, flags);
            check_parameter(TP_F32, private_grads, flags);
        }
}
END_TEST

static tp_var zero(tp_var x, tp_var g, void *user)
{
    (void)x, (void)user;
    return tp_const(g.tape, 0);
}

static tp_var as_f64(tp_var x, tp_var g, void *user)
{
    (void)x, (void)user;
    return tp_cast(g, TP_F64);
}

static tp_var itself(tp_var x, tp_var g, void *user)
{
    (void)g, (void)user;
    return x;
}

START_TEST(what_a_hook_returns_is_fitted)
{
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_tape *tape = tp_tape_new(NULL);
        const tp_var x = leaf_of(tape, F32(TP_DIMS(2, 2), 1, 2, 3, 4)), h = tp_square(x), y = tp_sum(tp_square(h));
        tp_retain_grad(h);
        tp_hook(h, as_f64, NULL);
        EXPECT_STATUS(tp_backward_from(y, tp_none(), flags), TP_OK);
        EXPECT_TENSOR(tp_grad(x), 0, 4, 32, 108, 256);
        ck_assert_int_eq(tp_tensor_dtype(tp_grad(h)), TP_F32);
        EXPECT_STATUS(tp_unhook(h, as_f64, NULL), TP_OK);
        tp_hook(h, itself, NULL); /* a node of the program: it must not be written to by others */
        tp_hook(x, zero, NULL);
        EXPECT_STATUS(tp_backward_from(y, tp_none(), flags), TP_OK);
        EXPECT_TENSOR(tp_grad(h), 0, 1, 4, 9, 16);
        EXPECT_TENSOR(tp_grad(x), 0, 0, 0, 0, 0);
        EXPECT_TENSOR(tp_value(h), 0, 1, 4, 9, 16);
        tp_tape_free(tape);
    }
}
END_TEST

START_TEST(a_hook_on_the_result_sees_the_seed)
{
    tp_tape *tape = tp_tape_new(NULL);
    record r = {.factor = 2};
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), y = tp_hook(tp_muls(x, 3), scale, &r);
    const tp_var seed = data_of(tape, F64(TP_DIMS(2), 5, 7));
    EXPECT_STATUS(tp_backward_from(y, seed, 0), TP_OK);
    EXPECT_NEAR(r.seen[0], 5, 0);
    EXPECT_TENSOR(tp_grad(x), 0, 30, 42);
    EXPECT_TENSOR(tp_value(seed), 0, 5, 7);
    tp_tape_free(tape);
}
END_TEST

START_TEST(parts_of_a_tuple_have_hooks)
{
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_tape *tape = tp_tape_new(NULL);
        record r = {.factor = 10};
        const tp_var x = leaf_of(tape, F64(TP_DIMS(4), 3, 1, 4, 2));
        tp_var where, top = tp_hook(tp_max_with_indices(x, 0, true, &where), scale, &r);
        tp_hook(where, scale, &r); /* integers: never called */
        EXPECT_STATUS(tp_backward_from(tp_sum(tp_muls(top, 3)), tp_none(), flags), TP_OK);
        ck_assert_int_eq(r.calls, 1);
        EXPECT_NEAR(r.seen[0], 3, 0);
        EXPECT_TENSOR(tp_grad(x), 0, 0, 0, 30, 0);
        tp_tape_free(tape);
    }
}
END_TEST

START_TEST(gradients_given_in_parts_are_put_together_first)
{
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_tape *tape = tp_tape_new(NULL);
        record r = {.factor = 2};
        const tp_var x = leaf_of(tape, F64(TP_DIMS(3), 1, 2, 3));
        tp_var sum = tp_hook(x, scale, &r);
        sum = tp_const(tape, 0);
        for (int64_t i = 0; i < 3; i++) sum = tp_add(sum, tp_muls(tp_index(x, 1, &i), (double)i + 1));
        EXPECT_STATUS(tp_backward_from(sum, tp_none(), flags), TP_OK);
        ck_assert_int_eq(r.calls, 1);
        EXPECT_TENSOR(tp_grad(x), 0, 2, 4, 6);
        tp_tape_free(tape);
    }
}
END_TEST

START_TEST(hooks_are_silent_where_no_gradient_comes)
{
    tp_tape *tape = tp_tape_new(NULL);
    record r = {.factor = 2};
    const tp_var x = tp_scalar(tape, 1), c = tp_hook(tp_const(tape, 2), scale, &r);
    const tp_var aside = tp_hook(tp_exp(x), scale, &r), y = tp_mul(x, c), later = tp_hook(tp_exp(y), scale, &r);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    ck_assert_int_eq(r.calls, 0);
    ck_assert(tp_ok(aside) && tp_ok(later));
    tp_tape_free(tape);
}
END_TEST

START_TEST(hooks_go_with_their_nodes)
{
    tp_tape *tape = tp_tape_new(NULL);
    record r = {.factor = 2};
    const tp_var x = tp_hook(tp_scalar(tape, 1), scale, &r);
    const tp_mark mark = tp_tape_mark(tape);
    tp_hook(tp_exp(x), scale, &r);
    tp_tape_rewind(tape, mark);
    EXPECT_STATUS(tp_backward(tp_muls(x, 1)), TP_OK);
    ck_assert_int_eq(r.calls, 1);
    tp_tape_reset(tape);
    EXPECT_STATUS(tp_backward(tp_muls(tp_scalar(tape, 1), 1)), TP_OK);
    ck_assert_int_eq(r.calls, 1);
    tp_tape_free(tape);
}
END_TEST

/* h = x^2 with a hook on it, y = h^2: recorded again in the walk, the hook with it. */
static tp_var hooked_segment(tp_tape *tape, const tp_var *x, int n, void *user)
{
    (void)tape, (void)n;
    return tp_square(tp_hook(tp_square(x[0]), scale, user));
}

static tp_var bad_segment(tp_tape *tape, const tp_var *x, int n, void *user)
{
    (void)tape, (void)n, (void)user;
    return tp_square(tp_sqrt(x[0]));
}

START_TEST(checkpoints_run_the_hooks_within_and_on_them)
{
    tp_tape *tape = tp_tape_new(NULL);
    record within = {.factor = .5}, on = {.factor = 3};
    const tp_var x = tp_scalar(tape, 2), y = tp_checkpoint(hooked_segment, tape, &x, 1, &within);
    EXPECT_STATUS(tp_backward(tp_hook(y, scale, &on)), TP_OK);
    ck_assert_int_eq(on.calls, 1);
    ck_assert_int_ge(within.calls, 1);
    EXPECT_NEAR(within.seen[within.calls - 1], 3 * 8, 0);
    EXPECT_NEAR(tp_grad_item(x), 3 * 8 * .5 * 4, 0);
    tp_tape_reset(tape);
    tp_tape_set_anomaly(tape, TP_ANOMALY);
    const tp_var z = tp_scalar(tape, 0), w = leaf_of(tape, F64(TP_DIMS(2), 0, 1));
    const tp_var bad[2] = {tp_checkpoint(bad_segment, tape, &z, 1, NULL),
                           tp_checkpoint(bad_segment, tape, &w, 1, NULL)};
    for (int i = 0; i < 2; i++) EXPECT_STATUS(tp_backward(tp_sum(bad[i])), TP_OK); /* 0 times Inf: masked */
    tp_tape_free(tape);
}
END_TEST

/* ---- failing allocations ---- */

static tp_status clipped_step(const tp_allocator *memory, tp_tensor *w, double *result, unsigned flags)
{
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.memory = memory});
    if (!tape) return TP_E_MEMORY;
    double bound = 9;
    tp_tape_set_anomaly(tape, TP_ANOMALY);
    tp_var p = tp_hook(tp_at(tp_param(tape, w), "a.c", 1), clip, &bound), h = p;
    for (int i = 0; i < 20; i++) h = tp_at(tp_hook(tp_muls(h, 1.1), clip, &bound), "a.c", i);
    tp_status status = tp_backward_from(tp_sum(tp_mul(h, p)), tp_none(), flags);
    if (status == TP_OK) status = tp_unhook(h, clip, &bound);
    if (status == TP_OK) *result = tp_tensor_item(tp_tensor_grad(w), 2);
    if (status != TP_OK && !tp_tensor_grad(w)) *result = 0;
    tp_tape_free(tape);
    return status;
}

START_TEST(each_allocation_may_fail)
{
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        counter c = {0};
        const tp_allocator memory = counted(&c);
        tp_tensor *w = F64(TP_DIMS(3), 1, 2, 3);
        double good = 0, other = 0;
        EXPECT_STATUS(clipped_step(&memory, w, &good, flags), TP_OK);
        const size_t calls = c.calls;
        ck_assert_uint_gt(calls, 10);
        for (size_t i = 1; i <= calls; i++) {
            c = (counter){.fail_at = i};
            tp_tensor_clear_grad(w);
            const tp_status status = clipped_step(&memory, w, &other, flags);
            ck_assert_uint_eq(c.blocks, 0);
            ck_assert_msg(status == TP_E_MEMORY || (status == TP_OK && other == good), "allocation %zu: %s, %g", i,
                          tp_status_name(status), other);
        }
        tp_tensor_release(w);
    }
}
END_TEST

TCase *hooks_case(void)
{
    TCase *tcase = tcase_create("hooks");
    tcase_add_test(tcase, a_hook_sees_the_whole_gradient_of_a_scalar_and_replaces_it);
    tcase_add_test(tcase, what_a_hook_returns_in_a_recorded_walk_is_differentiated);
    tcase_add_test(tcase, several_hooks_run_in_order_each_on_what_the_one_before_returned);
    tcase_add_test(tcase, hooks_of_many_nodes_run_from_the_last_to_the_first);
    tcase_add_test(tcase, a_parameter_adds_up_what_its_hooks_return);
    tcase_add_test(tcase, what_a_hook_returns_is_fitted);
    tcase_add_test(tcase, a_hook_on_the_result_sees_the_seed);
    tcase_add_test(tcase, parts_of_a_tuple_have_hooks);
    tcase_add_test(tcase, gradients_given_in_parts_are_put_together_first);
    tcase_add_test(tcase, hooks_are_silent_where_no_gradient_comes);
    tcase_add_test(tcase, hooks_go_with_their_nodes);
    tcase_add_test(tcase, checkpoints_run_the_hooks_within_and_on_them);
    tcase_add_test(tcase, each_allocation_may_fail);
    return tcase;
}

Suite *hooks_suite(void)
{
    Suite *suite = suite_create("hooks");
    suite_add_tcase(suite, hooks_case());
    suite_add_tcase(suite, hooks_errors_case());
    suite_add_tcase(suite, hooks_table_case());
    suite_add_tcase(suite, anomaly_case());
    suite_add_tcase(suite, trace_case());
    suite_add_tcase(suite, own_ops_case());
    suite_add_tcase(suite, no_grad_case());
    return suite;
}
