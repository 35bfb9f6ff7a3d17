/* Segments that do what they must not, and calls that are wrong; and the least of what they may do. */
#include "tests/test_checkpoint.h"

#include "tests/tape_fixture.h"

/* What the function does, the first time and from the second time on. */
typedef enum deed {
    SQUARES,
    FAILS,
    NOTHING,
    OUTSIDE,
    OTHER_TAPE,
    STALE,
    OTHER_SHAPE,
    OTHER_DTYPE,
    OTHER_PARAM,
    RESETS,
    REWINDS,
    REWINDS_ITSELF,
    WALKS,
    BY_X,
    BY_PARAM,
    REPLAYS
} deed;

typedef struct script {
    deed first, later;
    int calls;
    tp_tensor *w, *data;
    tp_var outside, other;
    tp_mark mark;
} script;

static tp_var by(tp_var y, tp_var x)
{
    tp_var g;
    tp_gradients(tp_sum(y), &x, 1, &g, 0);
    return y;
}

static tp_var act(deed what, script *s, tp_var x, tp_var y)
{
    switch (what) {
    case FAILS: return tp_add(y, tp_slice(y, 0, 0, 2, 1));
    case NOTHING: return tp_none();
    case OUTSIDE: return s->outside;
    case OTHER_TAPE: return s->other;
    case OTHER_SHAPE: return tp_slice(y, 0, 0, 2, 1);
    case OTHER_DTYPE: return tp_cast(y, TP_F32);
    case OTHER_PARAM: return tp_mul(y, tp_param(x.tape, s->data));
    case RESETS: tp_tape_reset(x.tape); return y;
    case REWINDS: tp_tape_rewind(x.tape, s->mark); return y;
    case WALKS: tp_backward(tp_sum(y)); return y;
    case BY_X: return by(y, x);
    case BY_PARAM: {
        const tp_var p = tp_param(x.tape, s->w);
        return by(tp_mul(p, x), p);
    }
    case REPLAYS: tp_replay(x.tape, 0); return y;
    case REWINDS_ITSELF:
    case STALE: {
        const tp_mark mark = tp_tape_mark(x.tape);
        const tp_var z = tp_sin(y);
        tp_tape_rewind(x.tape, mark);
        return what == STALE ? z : y;
    }
    default: return y;
    }
}

static tp_var scripted(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)n;
    script *s = user;
    const tp_var y = tp_mul(tp_mul(x[0], x[0]), tp_mul(tp_param(on, s->w), tp_data(on, s->data)));
    return act(s->calls++ == 0 ? s->first : s->later, s, x[0], y);
}

static void prepare(script *s)
{
    s->w = F64(TP_DIMS(3), 1, 2, 3);
    s->data = F64(TP_DIMS(3), .5, 1, 2);
    s->mark = tp_tape_mark(tape);
    s->outside = tp_scalar(tape, 3);
}

static void discard(script *s)
{
    tp_tensor_release(s->w);
    tp_tensor_release(s->data);
}

/* x^2 w d: the tape is good again. */
static void expect_good(script *s)
{
    *s = (script){.w = s->w, .data = s->data};
    tp_tape_reset(tape);
    tp_tensor_clear_grad(s->w);
    const tp_var x = leaf_of(tape, F64(TP_DIMS(3), 1, 2, 3)), y = tp_checkpoint(scripted, tape, &x, 1, s);
    ck_assert_msg(tp_backward(tp_sum(y)) == TP_OK, "%s", tp_tape_error(tape));
    EXPECT_TENSOR(tp_grad(x), 0, 1, 8, 36);
    EXPECT_TENSOR(tp_tensor_grad(s->w), 0, .5, 4, 18);
}

typedef struct misdeed {
    deed what;
    tp_status status;
    const char *text;
} misdeed;

static const misdeed misdeeds[] = {
    {FAILS, TP_E_SHAPE, "tp_add: shapes do not broadcast"},
    {NOTHING, TP_E_ARGUMENT, "tp_checkpoint: result 0 is no handle of this tape"},
    {OUTSIDE, TP_E_ARGUMENT, "(scalar), which the function has not recorded"},
    {OTHER_TAPE, TP_E_ARGUMENT, "tp_checkpoint: result 0 is no handle of this tape"},
    {STALE, TP_E_STALE, "tp_checkpoint: result 0 is a stale handle"},
    {RESETS, TP_E_ARGUMENT, "tp_tape_reset: "},
    {REWINDS, TP_E_ARGUMENT, "tp_tape_rewind: "},
    {WALKS, TP_E_ARGUMENT, "tp_backward: "},
    {BY_X, TP_E_ARGUMENT, "tp_gradients: operand 1 (node 1, leaf) is older than what is running"},
    {BY_PARAM, TP_E_ARGUMENT, "tp_gradients: operand 1"},
    {REPLAYS, TP_E_ARGUMENT, "tp_replay: "},
    {OTHER_SHAPE, TP_E_SHAPE, "tp_checkpoint: result 0 has shape (2) now, and had (3) before"},
    {OTHER_DTYPE, TP_E_DTYPE, "tp_checkpoint: result 0 is f32 now, and was f64 before"},
    {OTHER_PARAM, TP_E_ARGUMENT, "takes a parameter (3) that it did not take before"},
};

START_TEST(a_first_run_that_misbehaves_is_refused)
{
    const misdeed *m = &misdeeds[_i];
    if (m->what >= OTHER_SHAPE && m->what <= OTHER_PARAM) return; /* wrong only by being different */
    tp_tape *another = tp_tape_new(NULL);
    script s = {.first = m->what, .other = tp_scalar(another, 1)};
    prepare(&s);
    const tp_var x = leaf_of(tape, F64(TP_DIMS(3), 1, 2, 3));
    const uint32_t nodes = tp_tape_stats(tape).nodes;
    const size_t bytes = tp_tape_stats(tape).tensor.now;
    EXPECT_REFUSED(tp_checkpoint(scripted, tape, &x, 1, &s), m->status, m->text);
    ck_assert_uint_eq(tp_tape_stats(tape).nodes, nodes);
    ck_assert_uint_eq(tp_tape_stats(tape).tensor.now, bytes);
    expect_good(&s);
    discard(&s);
    tp_tape_free(another);
}
END_TEST

static void expect_failing_walk(const misdeed *m, unsigned flags)
{
    tp_tape *another = tp_tape_new(NULL);
    script s = {.later = m->what, .other = tp_scalar(another, 1)};
    prepare(&s);
    const tp_var x = leaf_of(tape, F64(TP_DIMS(3), 1, 2, 3)), y = tp_checkpoint(scripted, tape, &x, 1, &s);
    EXPECT_OK(tape);
    const tp_var through = tp_param(tape, s.w); /* has its gradient before the segment fails */
    EXPECT_STATUS(tp_backward_from(tp_sum(tp_mul(y, through)), tp_none(), flags), m->status);
    expect_error(tape, m->status, m->text);
    ck_assert_ptr_null(tp_tensor_grad(s.w));
    expect_good(&s);
    discard(&s);
    tp_tape_free(another);
    tp_tape_reset(tape);
}

START_TEST(a_later_run_that_misbehaves_is_refused)
{
    expect_failing_walk(&misdeeds[_i], 0);
    expect_failing_walk(&misdeeds[_i], TP_CREATE_GRAPH);
}
END_TEST

START_TEST(a_later_run_in_a_replay_is_checked_too)
{
    script s = {.later = OTHER_SHAPE};
    prepare(&s);
    const tp_var x = leaf_of(tape, F64(TP_DIMS(3), 1, 2, 3));
    ck_assert(tp_ok(tp_checkpoint(scripted, tape, &x, 1, &s)));
    EXPECT_STATUS(tp_replay(tape, 0), TP_E_SHAPE);
    expect_error(tape, TP_E_SHAPE, "has shape (2) now");
    expect_good(&s);
    discard(&s);
}
END_TEST

START_TEST(a_segment_may_rewind_what_it_records)
{
    script s = {.first = REWINDS_ITSELF, .later = REWINDS_ITSELF};
    prepare(&s);
    const tp_var x = leaf_of(tape, F64(TP_DIMS(3), 1, 2, 3)), y = tp_checkpoint(scripted, tape, &x, 1, &s);
    ck_assert_msg(tp_backward(tp_sum(y)) == TP_OK, "%s", tp_tape_error(tape));
    EXPECT_TENSOR(tp_grad(x), 0, 1, 8, 36);
    discard(&s);
}
END_TEST

START_TEST(a_write_between_the_runs_is_noticed)
{
    for (int data = 0; data < 2; data++) {
        script s = {0};
        prepare(&s);
        const tp_var x = leaf_of(tape, F64(TP_DIMS(3), 1, 2, 3)), y = tp_sum(tp_checkpoint(scripted, tape, &x, 1, &s));
        tp_name(x, "x");
        EXPECT_STATUS(tp_backward(y), TP_OK);
        ((double *)tp_tensor_data(data ? s.data : s.w))[0] = 7;
        EXPECT_STATUS(tp_backward(y), TP_E_CHANGED);
        expect_error(tape, TP_E_CHANGED, data ? "a tensor that the function reads was written to" : "param (3)");
        EXPECT_STATUS(tp_replay(tape, 0), TP_OK); /* takes note of it */
        tp_tensor_clear_grad(s.w);
        EXPECT_STATUS(tp_backward(y), TP_OK);
        EXPECT_TENSOR(tp_grad(x), 0, data ? 14 : 7, 8, 36);
        discard(&s);
        tp_tape_reset(tape);
    }
}
END_TEST

/* ---- calls ---- */

static tp_var identity(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n, (void)user;
    return x[0];
}

static tp_var taken(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)x, (void)n;
    return tp_param(on, user);
}

static tp_var highest(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n, (void)user;
    return tp_argmax(x[0]);
}

START_TEST(wrong_calls_are_refused)
{
    const tp_var x = tp_scalar(tape, 2);
    ck_assert(!tp_ok(tp_checkpoint(identity, NULL, &x, 1, NULL)));
    EXPECT_REFUSED(tp_checkpoint(NULL, tape, &x, 1, NULL), TP_E_ARGUMENT, "tp_checkpoint: the function or x is NULL");
    EXPECT_REFUSED(tp_checkpoint(identity, tape, NULL, 1, NULL), TP_E_ARGUMENT, "x is NULL");
    EXPECT_REFUSED(tp_checkpoint(identity, tape, &x, -1, NULL), TP_E_ARGUMENT, "x is NULL");
    const tp_var none = tp_none();
    EXPECT_REFUSED(tp_checkpoint(identity, tape, &none, 1, NULL), TP_E_ARGUMENT, "tp_checkpoint: operand 0");
}
END_TEST

START_TEST(the_simplest_segments_work)
{
    tp_tensor *w = F64(TP_DIMS(2), 3, 4);
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), same = tp_checkpoint(identity, tape, &x, 1, NULL);
    const tp_var p = tp_checkpoint(taken, tape, NULL, 0, w), top = tp_checkpoint(highest, tape, &x, 1, NULL);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        ck_assert_msg(tp_backward_from(tp_sum(tp_mul(tp_mul(same, x), p)), tp_none(), flags) == TP_OK, "%s",
                      tp_tape_error(tape));
        EXPECT_TENSOR(tp_grad(x), 0, 6, 16);
        EXPECT_TENSOR(tp_tensor_grad(w), 0, 1, 4);
        tp_tensor_clear_grad(w);
    }
    EXPECT_NEAR(tp_item(top), 1, 0);
    ck_assert(!tp_needs_grad(top));
    tp_tape_set_grad(tape, false);
    const tp_var off = tp_checkpoint(taken, tape, NULL, 0, w);
    tp_tape_set_grad(tape, true);
    ck_assert(tp_ok(off) && !tp_needs_grad(off));
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    tp_tensor_release(w);
}
END_TEST

/* ---- chains ---- */

static void halve(tp_tape *on, tp_var *state, int n, int64_t k, void *user)
{
    (void)on;
    for (int i = 0; i < n; i++) state[i] = tp_muls(state[i], .5);
    if (user && k == *(int64_t *)user) state[n - 1] = tp_const(on, 1);
}

static void expect_refused_chain(tp_step_function step, tp_var *state, int n, int64_t steps, void *user,
                                 tp_status status, const char *text)
{
    EXPECT_STATUS(tp_checkpoint_chain(step, tape, state, n, steps, user, 1), status);
    if (state && n > 0) ck_assert(!tp_ok(state[0]));
    expect_error(tape, status, text);
}

START_TEST(wrong_chains_are_refused)
{
    tp_var x[9];
    int64_t at = 3;
    ck_assert_int_eq(tp_checkpoint_chain(halve, NULL, x, 1, 4, NULL, 0), TP_E_ARGUMENT);
    for (int k = 0; k < 5; k++) {
        for (int i = 0; i < 9; i++) x[i] = leaf_of(tape, F64(TP_DIMS(2), 1, 2));
        if (k == 0) expect_refused_chain(NULL, x, 1, 4, NULL, TP_E_ARGUMENT, "the function or x is NULL");
        if (k == 1) expect_refused_chain(halve, NULL, 1, 4, NULL, TP_E_ARGUMENT, "the function or x is NULL");
        if (k == 2) expect_refused_chain(halve, x, 9, 4, NULL, TP_E_LIMIT, "9 states, of 1 to 8");
        if (k == 3) expect_refused_chain(halve, x, 2, -1, NULL, TP_E_ARGUMENT, "-1 steps");
        if (k == 4)
            expect_refused_chain(halve, x, 2, 8, &at, TP_E_SHAPE,
                                 "tp_checkpoint_chain: result 1 has shape () now, and had (2) before");
    }
    tp_var y = tp_scalar(tape, 3);
    EXPECT_STATUS(tp_checkpoint_chain(halve, tape, &y, 1, 0, NULL, 0), TP_OK);
    EXPECT_NEAR(tp_item(y), 3, 0);
}
END_TEST

START_TEST(a_chain_has_up_to_eight_states)
{
    tp_var x[8], y[8], g[8];
    for (int i = 0; i < 8; i++) x[i] = i & 1 ? tp_scalar(tape, i) : leaf_of(tape, tensor_of(TP_F64, TP_DIMS(2), NULL));
    memcpy(y, x, sizeof y);
    EXPECT_STATUS(tp_checkpoint_chain(halve, tape, y, 8, 5, NULL, 1), TP_OK);
    tp_var sum = tp_const(tape, 0);
    for (int i = 0; i < 7; i++) sum = tp_add(sum, tp_sum(y[i])); /* nothing comes back from the last */
    EXPECT_STATUS(tp_gradients(sum, x, 8, g, 0), TP_OK);
    for (int i = 0; i < 8; i++)
        if (i & 1)
            EXPECT_NEAR(tp_item(g[i]), i == 7 ? 0 : 1. / 32, 0);
        else
            EXPECT_TENSOR(tp_value(g[i]), 0, 1. / 32, 1. / 32);
}
END_TEST

TCase *checkpoint_errors_case(void)
{
    TCase *tcase = tcase_create("errors");
    tcase_add_checked_fixture(tcase, setup, teardown);
    const int n = sizeof misdeeds / sizeof *misdeeds;
    tcase_add_loop_test(tcase, a_first_run_that_misbehaves_is_refused, 0, n);
    tcase_add_loop_test(tcase, a_later_run_that_misbehaves_is_refused, 0, n);
    tcase_add_test(tcase, a_later_run_in_a_replay_is_checked_too);
    tcase_add_test(tcase, a_segment_may_rewind_what_it_records);
    tcase_add_test(tcase, a_write_between_the_runs_is_noticed);
    tcase_add_test(tcase, wrong_calls_are_refused);
    tcase_add_test(tcase, the_simplest_segments_work);
    tcase_add_test(tcase, wrong_chains_are_refused);
    tcase_add_test(tcase, a_chain_has_up_to_eight_states);
    return tcase;
}
