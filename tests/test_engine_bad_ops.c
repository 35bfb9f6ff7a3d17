/* A user's op whose closures do what they must not: an error each time, never a crash or a wrong gradient. */
#include "tests/helpers.h"

static tp_tape *tape;
static tp_mark early; /* for a rule that rewinds */
static tp_var other;  /* for a rule that walks */

typedef enum fault {
    NONE,
    FAILS,
    FAILS_SILENTLY,
    RESETS,
    REWINDS,
    WALKS,
    REPLAYS,
    CHECKS,
    GIVES_LONGER,
    GIVES_SHORTER,
    GIVES_HIGHER,
    GIVES_OUTSIDE,
    GIVES_STALE,
    REGION_OUTSIDE,
    REGION_MISFIT,
    REGION_BROAD,
    REGION_SCALAR,
    REGION_EARLY
} fault;
static fault in_forward, in_backward;

static void setup(void)
{
    tape = tp_tape_new(NULL);
    ck_assert_ptr_nonnull(tape);
    in_forward = in_backward = NONE;
}

static void teardown(void)
{
    tp_tape_free(tape);
}

static tp_status same_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    return tp_ctx_result(ctx, 0, tp_tensor_dtype(x), tp_tensor_rank(x), tp_tensor_dims(x));
}

static tp_status misbehave(tp_ctx *ctx, fault what)
{
    tp_tape *t = tp_ctx_tape(ctx);
    switch (what) {
    case FAILS: return tp_ctx_fail(ctx, TP_E_ARGUMENT, "does not like it");
    case FAILS_SILENTLY: return TP_E_LIMIT;
    case RESETS: tp_tape_reset(t); return TP_OK;
    case REWINDS: tp_tape_rewind(t, early); return TP_OK;
    case WALKS: tp_backward(other); return TP_OK;
    case REPLAYS: tp_replay(t, 0); return TP_OK;
    case CHECKS: tp_gradcheck(other, &other, 1, NULL, NULL); return TP_OK;
    case REGION_EARLY: return tp_give_region(ctx, 0, tp_ctx_input_var(ctx, 0), &(tp_region){.rank = 1, .dims = {1}});
    default: return TP_OK;
    }
}

static tp_status odd_forward(tp_ctx *ctx)
{
    const tp_status status = misbehave(ctx, in_forward);
    return status == TP_OK && in_forward == NONE ? tp_tensor_copy(tp_ctx_output(ctx, 0), tp_ctx_input(ctx, 0), NULL)
                                                 : status;
}

/* The operand has shape (4). */
static tp_status odd_backward(tp_ctx *ctx, tp_var g)
{
    const tp_status status = misbehave(ctx, in_backward);
    if (status != TP_OK) return status;
    switch (in_backward) {
    case GIVES_LONGER: return tp_give(ctx, 0, tp_concat((tp_var[]){g, g}, 2, 0));
    case GIVES_SHORTER: return tp_give(ctx, 0, tp_slice(g, 0, 0, 3, 1));
    case GIVES_HIGHER: return tp_give(ctx, 0, tp_reshape(g, TP_DIMS(2, 2)));
    case GIVES_OUTSIDE: return tp_give(ctx, 1, g);
    case GIVES_STALE: return tp_give(ctx, 0, other);
    case REGION_OUTSIDE:
        return tp_give_region(ctx, 0, g, &(tp_region){.offset = 1, .rank = 1, .dims = {4}, .strides = {1}});
    case REGION_MISFIT:
        return tp_give_region(ctx, 0, tp_slice(g, 0, 0, 2, 1), &(tp_region){.rank = 1, .dims = {4}, .strides = {1}});
    case REGION_BROAD:
        return tp_give_region(ctx, 0, tp_cast(g, TP_F32), &(tp_region){.rank = 1, .dims = {4}, .strides = {1}});
    case REGION_SCALAR: return tp_give_region(ctx, 0, tp_mean(g), &(tp_region){.rank = 1, .dims = {4}, .strides = {1}});
    default: return tp_give(ctx, 0, g);
    }
}

static const tp_op odd_op = {TP_OP_HEAD,          .name = "odd",          .arity = 1,
                             .shape = same_shape, .forward = odd_forward, .backward = odd_backward};

static tp_var odd(tp_var x)
{
    return tp_apply(&odd_op, &x, 1, NULL);
}

/* A walk in which the op's rule misbehaves, with uses of a param on both sides of it, in numbers and recorded. */
static void expect_walk_fails(fault what, tp_status status, const char *text)
{
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags += TP_CREATE_GRAPH) {
        tp_tape_reset(tape);
        tp_tensor *w = F64(TP_DIMS(4), 1, 2, 3, 4), *u = F64(TP_DIMS(4), 5, 6, 7, 8);
        early = tp_tape_mark(tape);
        const tp_var p = tp_param(tape, w), q = tp_param(tape, u), x = leaf_of(tape, F64(TP_DIMS(4), 1, 1, 1, 1));
        other = tp_sum(p);
        in_backward = NONE;
        const tp_var z = odd(tp_mul(tp_mul(q, x), p)), y = tp_sum(tp_mul(z, p));
        EXPECT_STATUS(tp_backward(tp_add(tp_sum(p), tp_sum(q))), TP_OK);
        in_backward = what;
        if (what == GIVES_STALE) {
            const tp_mark mark = tp_tape_mark(tape);
            other = tp_exp(p);
            tp_tape_rewind(tape, mark);
        }
        EXPECT_STATUS(tp_backward_from(y, tp_none(), flags), status);
        if (flags) /* nothing had been added to */
            EXPECT_TENSOR(tp_tensor_grad(w), 0, 1, 1, 1, 1);
        else
            ck_assert_ptr_null(tp_tensor_grad(w));
        if (tp_tensor_grad(u)) EXPECT_TENSOR(tp_tensor_grad(u), 0, 1, 1, 1, 1);
        ck_assert_ptr_null(tp_grad(x));
        expect_error(tape, status, text);
        in_backward = NONE; /* the tape goes on */
        tp_tensor_clear_grad(w);
        tp_tensor_clear_grad(u);
        EXPECT_STATUS(tp_backward_from(y, tp_none(), flags), TP_OK);
        EXPECT_TENSOR(tp_tensor_grad(w), 0, 10, 24, 42, 64);
        EXPECT_TENSOR(tp_tensor_grad(u), 0, 1, 4, 9, 16);
        EXPECT_TENSOR(tp_grad(x), 0, 5, 24, 63, 128);
        tp_tensor_release(w);
        tp_tensor_release(u);
    }
}

START_TEST(failing_rule_ends_the_walk)
{
    expect_walk_fails(FAILS, TP_E_ARGUMENT, "tp_odd: does not like it [node");
    expect_walk_fails(FAILS_SILENTLY, TP_E_LIMIT, "tp_odd: backward failed");
}
END_TEST

START_TEST(rule_that_resets_or_rewinds_the_tape_gets_an_error)
{
    expect_walk_fails(RESETS, TP_E_ARGUMENT, "tp_tape_reset: a backward pass is running");
    expect_walk_fails(REWINDS, TP_E_ARGUMENT, "tp_tape_rewind: a backward pass is running");
}
END_TEST

START_TEST(rule_that_walks_or_replays_gets_an_error)
{
    expect_walk_fails(WALKS, TP_E_ARGUMENT, "a backward pass is running");
    expect_walk_fails(REPLAYS, TP_E_ARGUMENT, "tp_replay: a backward pass is running");
}
END_TEST

START_TEST(rule_that_gives_a_wrong_shape_gets_an_error)
{
    expect_walk_fails(GIVES_LONGER, TP_E_SHAPE, "(8)");
    expect_walk_fails(GIVES_SHORTER, TP_E_SHAPE, "(3)");
    expect_walk_fails(GIVES_HIGHER, TP_E_SHAPE, "(2,2)");
}
END_TEST

START_TEST(rule_that_gives_to_the_wrong_place_gets_an_error)
{
    expect_walk_fails(GIVES_OUTSIDE, TP_E_INDEX, "tp_odd: gives to operand 1");
    expect_walk_fails(GIVES_STALE, TP_E_STALE, "tp_odd");
}
END_TEST

START_TEST(rule_that_gives_to_a_wrong_region_gets_an_error)
{
    expect_walk_fails(REGION_OUTSIDE, TP_E_INDEX, "tp_odd: gives to a region outside of operand 0");
    expect_walk_fails(REGION_MISFIT, TP_E_SHAPE, "tp_odd");
}
END_TEST

START_TEST(gradient_of_a_region_is_cast_and_a_scalar_is_spread)
{
    const fault kinds[] = {REGION_BROAD, REGION_SCALAR};
    for (int i = 0; i < 2; i++)
        for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags += TP_CREATE_GRAPH) {
            const tp_var x = leaf_of(tape, F64(TP_DIMS(4), 1, 2, 3, 4)), y = tp_sum(odd(tp_muls(x, 3)));
            in_backward = kinds[i];
            EXPECT_STATUS(tp_backward_from(y, tp_none(), flags), TP_OK);
            EXPECT_TENSOR(tp_grad(x), 0, 3, 3, 3, 3);
        }
}
END_TEST

START_TEST(failing_rule_in_gradients_poisons_every_handle)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(4), 1, 2, 3, 4)), s = tp_scalar(tape, 2), y = tp_sum(odd(tp_mul(x, s)));
    in_backward = FAILS;
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags += TP_CREATE_GRAPH) {
        tp_var g[2] = {x, s};
        EXPECT_STATUS(tp_gradients(y, (tp_var[]){x, s}, 2, g, flags), TP_E_ARGUMENT);
        ck_assert(!tp_ok(g[0]) && !tp_ok(g[1]));
        expect_error(tape, TP_E_ARGUMENT, "tp_odd: does not like it");
    }
}
END_TEST

START_TEST(failing_forward_leaves_the_tape_as_it_was)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(4), 1, 2, 3, 4));
    const tp_stats before = tp_tape_stats(tape);
    in_forward = FAILS;
    ck_assert(!tp_ok(odd(x)));
    expect_error(tape, TP_E_ARGUMENT, "tp_odd: does not like it [node 0]");
    in_forward = FAILS_SILENTLY;
    ck_assert(!tp_ok(odd(x)));
    expect_error(tape, TP_E_LIMIT, "tp_odd: failed");
    in_forward = REGION_EARLY;
    ck_assert(!tp_ok(odd(x)));
    expect_error(tape, TP_E_ARGUMENT, "tp_odd");
    ck_assert_uint_eq(tp_tape_stats(tape).nodes, before.nodes);
    ck_assert_uint_eq(tp_tape_stats(tape).tensor.now, before.tensor.now);
    in_forward = NONE;
    const tp_var y = odd(x);
    in_forward = FAILS;
    EXPECT_STATUS(tp_replay(tape, 0), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "tp_odd");
    const tp_var sum = tp_sum(y);
    EXPECT_STATUS(tp_backward(sum), TP_E_CHANGED);
    expect_error(tape, TP_E_CHANGED, "stopped at node 1 (odd): node 2 has its old value");
    in_forward = NONE;
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    EXPECT_STATUS(tp_backward(sum), TP_OK);
}
END_TEST

START_TEST(forward_that_takes_its_own_node_away_gets_an_error)
{
    const fault faults[] = {RESETS, REWINDS};
    for (int i = 0; i < 2; i++)
        for (int replay = 0; replay < 2; replay++) {
            in_forward = NONE;
            tp_tape_reset(tape);
            early = tp_tape_mark(tape);
            const tp_var x = leaf_of(tape, F64(TP_DIMS(4), 1, 2, 3, 4));
            if (replay) odd(odd(x));
            in_forward = faults[i];
            if (replay)
                EXPECT_STATUS(tp_replay(tape, 0), TP_E_ARGUMENT);
            else
                ck_assert(!tp_ok(tp_exp(odd(x))));
            ck_assert(tp_ok(x));
            expect_error(tape, TP_E_ARGUMENT, "tp_tape_re");
        }
}
END_TEST

START_TEST(missing_closures_are_named)
{
    static const tp_op no_shape = {TP_OP_HEAD, .name = "shapeless", .arity = 1, .forward = odd_forward};
    static const tp_op no_forward = {TP_OP_HEAD, .name = "idle", .arity = 1, .shape = same_shape};
    static const tp_op no_backward = {TP_OP_HEAD, .name = "oneway", .arity = 1, .shape = same_shape,
                                      .forward = odd_forward};
    const tp_var x = leaf_of(tape, F64(TP_DIMS(4), 1, 2, 3, 4));
    ck_assert(!tp_ok(tp_apply(&no_shape, &x, 1, NULL)));
    expect_error(tape, TP_E_UNSUPPORTED, "tp_shapeless: the op has no shape closure");
    ck_assert(!tp_ok(tp_apply(&no_forward, &x, 1, NULL)));
    expect_error(tape, TP_E_UNSUPPORTED, "tp_idle: the op has no forward closure");
    const tp_var y = tp_sum(tp_apply(&no_backward, &x, 1, NULL));
    EXPECT_STATUS(tp_backward(y), TP_E_UNSUPPORTED);
    expect_error(tape, TP_E_UNSUPPORTED, "tp_oneway: the op has no backward closure");
    EXPECT_STATUS(tp_backward_from(y, tp_none(), TP_CREATE_GRAPH), TP_E_UNSUPPORTED);
    expect_error(tape, TP_E_UNSUPPORTED, "tp_oneway: the op has no backward closure");
}
END_TEST

START_TEST(too_many_results_are_refused)
{
    static const tp_op many = {TP_OP_HEAD,   .name = "many",      .arity = 1,
                               .results = 9, .shape = same_shape, .forward = odd_forward};
    const tp_var x = leaf_of(tape, F64(TP_DIMS(4), 1, 2, 3, 4));
    tp_var r[9] = {{0}};
    EXPECT_STATUS(tp_apply_all(&many, &x, 1, NULL, r), TP_E_LIMIT);
    ck_assert(!tp_ok(r[0]) && !tp_ok(r[8]));
    expect_error(tape, TP_E_LIMIT, "tp_many");
    ck_assert(!tp_ok(tp_apply(&many, &x, 1, NULL)));
    expect_error(tape, TP_E_LIMIT, "tp_many");
}
END_TEST

static tp_status confused_shape(tp_ctx *ctx)
{
    ck_assert_ptr_nonnull(tp_ctx_save(ctx, 0));
    ck_assert_ptr_null(tp_ctx_save(ctx, 8)); /* once a call */
    ck_assert_ptr_null(tp_ctx_input(ctx, 1));
    ck_assert_ptr_null(tp_ctx_input(ctx, -1));
    ck_assert_ptr_null(tp_ctx_output(ctx, 0)); /* not there yet */
    ck_assert(!tp_ok(tp_ctx_input_var(ctx, 7)) && !tp_ok(tp_ctx_output_var(ctx, 0)));
    const tp_status status = same_shape(ctx);
    return status == TP_OK ? same_shape(ctx) : status;
}

START_TEST(result_set_twice_is_an_error)
{
    static const tp_op confused = {TP_OP_HEAD, .name = "confused", .arity = 1, .shape = confused_shape,
                                   .forward = odd_forward};
    const tp_var x = leaf_of(tape, F64(TP_DIMS(4), 1, 2, 3, 4));
    ck_assert(!tp_ok(tp_apply(&confused, &x, 1, NULL)));
    expect_error(tape, TP_E_ARGUMENT, "tp_confused: the op's shape closure sets result 0 wrongly");
}
END_TEST

TCase *engine_bad_ops_case(void)
{
    TCase *tcase = tcase_create("bad ops");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, failing_rule_ends_the_walk);
    tcase_add_test(tcase, rule_that_resets_or_rewinds_the_tape_gets_an_error);
    tcase_add_test(tcase, rule_that_walks_or_replays_gets_an_error);
    tcase_add_test(tcase, rule_that_gives_a_wrong_shape_gets_an_error);
    tcase_add_test(tcase, rule_that_gives_to_the_wrong_place_gets_an_error);
    tcase_add_test(tcase, rule_that_gives_to_a_wrong_region_gets_an_error);
    tcase_add_test(tcase, gradient_of_a_region_is_cast_and_a_scalar_is_spread);
    tcase_add_test(tcase, failing_rule_in_gradients_poisons_every_handle);
    tcase_add_test(tcase, failing_forward_leaves_the_tape_as_it_was);
    tcase_add_test(tcase, forward_that_takes_its_own_node_away_gets_an_error);
    tcase_add_test(tcase, missing_closures_are_named);
    tcase_add_test(tcase, too_many_results_are_refused);
    tcase_add_test(tcase, result_set_twice_is_an_error);
    return tcase;
}
