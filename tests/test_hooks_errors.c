/* Hooks that do wrong: each is an error that says so, the walk leaves nothing behind, the tape goes on. */
#include "tests/test_hooks.h"

/* What a hook is told to do. */
typedef struct deed {
    tp_var keep, other;
    tp_tape *elsewhere;
    tp_mark mark;
    int calls;
} deed;

static tp_var nothing(tp_var x, tp_var g, void *user)
{
    (void)x, (void)g, (void)user;
    return tp_none();
}

static tp_var foreign(tp_var x, tp_var g, void *user)
{
    (void)x, (void)g;
    return ((deed *)user)->other;
}

/* The handle of an earlier call: in numbers it has gone with that call. */
static tp_var hoarded(tp_var x, tp_var g, void *user)
{
    (void)x;
    deed *d = user;
    const tp_var old = d->keep;
    d->keep = tp_muls(g, 2);
    return d->calls++ ? old : g;
}

static tp_var integers(tp_var x, tp_var g, void *user)
{
    (void)x, (void)user;
    return tp_cast(g, TP_I64);
}

static tp_var longer(tp_var x, tp_var g, void *user)
{
    (void)x, (void)g;
    return data_of(((deed *)user)->elsewhere, F64(TP_DIMS(2, 3), 1, 2, 3, 4, 5, 6));
}

static tp_var wrong_call(tp_var x, tp_var g, void *user)
{
    (void)user;
    tp_transpose(x, 0, 5); /* sets the tape's error; its result is not even used */
    return g;
}

static tp_var poisoned(tp_var x, tp_var g, void *user)
{
    (void)x, (void)user;
    return tp_transpose(g, 0, 5);
}

static tp_var resets(tp_var x, tp_var g, void *user)
{
    (void)user;
    tp_tape_reset(x.tape);
    return g;
}

static tp_var rewinds(tp_var x, tp_var g, void *user)
{
    tp_tape_rewind(x.tape, ((deed *)user)->mark);
    return g;
}

static tp_var replays(tp_var x, tp_var g, void *user)
{
    (void)user;
    tp_replay(x.tape, 0);
    return g;
}

static tp_var walks(tp_var x, tp_var g, void *user)
{
    (void)user;
    tp_backward_from(x, g, 0);
    return g;
}

static tp_var differentiates(tp_var x, tp_var g, void *user)
{
    (void)user;
    tp_var out;
    return tp_vjp(x, g, &x, 1, &out, 0) == TP_OK ? out : g;
}

static tp_var hooks(tp_var x, tp_var g, void *user)
{
    tp_hook(x, hooks, user);
    return g;
}

static tp_var unhooks(tp_var x, tp_var g, void *user)
{
    tp_unhook(x, unhooks, user);
    return g;
}

static const struct wrong {
    tp_gradient_hook fn;
    tp_status status;
    const char *text;
    bool not_recorded; /* is fine in a recorded walk */
} wrongs[] = {
    {nothing, TP_E_ARGUMENT, "tp_hook: the hook of tanh (3) (node 1, h) returned no gradient", false},
    {foreign, TP_E_STALE, "tp_hook: the hook of tanh (3) (node 1, h) returned a handle of another tape", false},
    {hoarded, TP_E_STALE, "tp_hook: the hook of tanh (3) (node 1, h) returned a handle that is stale", true},
    {integers, TP_E_DTYPE, "tp_hook: the hook of tanh (3) (node 1, h) returned integers", false},
    {longer, TP_E_SHAPE, "tp_hook: the hook of tanh (3) (node 1, h) returned a gradient of shape (2,3)", false},
    {wrong_call, TP_E_INDEX, "tp_transpose", false},
    {poisoned, TP_E_INDEX, "tp_transpose", false},
    {resets, TP_E_ARGUMENT, "tp_tape_reset: a backward pass is running", false},
    {rewinds, TP_E_ARGUMENT, "tp_tape_rewind: a backward pass is running", false},
    {replays, TP_E_ARGUMENT, "tp_replay: a backward pass is running", false},
    {walks, TP_E_ARGUMENT, "tp_backward: a backward pass is running already", false},
    {differentiates, TP_E_ARGUMENT, "tp_gradients", false},
    {hooks, TP_E_ARGUMENT, "tp_hook: a backward pass is running that may use the hooks of tanh (node 1)", false},
    {unhooks, TP_E_ARGUMENT, "tp_unhook: a backward pass is running that may use the hooks of tanh (node 1)", false},
};

static void check_wrong(const struct wrong *wrong, unsigned flags)
{
    tp_tape *tape = tp_tape_new(NULL), *elsewhere = tp_tape_new(NULL);
    tp_tensor *w = F64(TP_DIMS(3), .1, .2, .3);
    deed d = {.elsewhere = tape, .mark = tp_tape_mark(tape), .other = tp_scalar(elsewhere, 1)};
    const tp_var p = tp_param(tape, w), h = tp_name(tp_tanh(p), "h"), y = tp_sum(tp_mul(h, h));
    if (wrong->fn == hoarded) tp_backward_from(tp_hook(y, hoarded, &d), tp_none(), flags), tp_tensor_clear_grad(w);
    tp_hook(h, wrong->fn, &d);
    d.keep = wrong->fn == hoarded ? d.keep : tp_none();
    const tp_status status = tp_backward_from(y, tp_none(), flags);
    if (wrong->fn == hoarded) {
        EXPECT_STATUS(status, TP_E_STALE);
        tp_tape_clear_error(tape);
    } else {
        EXPECT_STATUS(status, wrong->status);
        expect_error(tape, wrong->status, wrong->text);
    }
    ck_assert_ptr_null(tp_tensor_grad(w));
    if (wrong->fn == hoarded) EXPECT_STATUS(tp_unhook(y, wrong->fn, &d), TP_OK);
    EXPECT_STATUS(tp_unhook(h, wrong->fn, &d), TP_OK);
    EXPECT_STATUS(tp_backward_from(y, tp_none(), flags), TP_OK);
    EXPECT_NEAR(tp_tensor_item(tp_tensor_grad(w), 0), 2 * tanh(.1) * (1 - tanh(.1) * tanh(.1)), 1e-15);
    tp_tape_free(tape);
    tp_tape_free(elsewhere);
    tp_tensor_release(w);
}

START_TEST(a_hook_that_does_wrong_is_named)
{
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++)
        for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++)
            if (!(flags && wrongs[i].not_recorded)) check_wrong(&wrongs[i], flags);
}
END_TEST

static tp_var leaves(tp_var x, tp_var g, void *user)
{
    (void)x, (void)user;
    return g;
}

START_TEST(wrong_arguments_are_refused)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = tp_scalar(tape, 1);
    EXPECT_REFUSED(tp_hook(x, NULL, NULL), TP_E_ARGUMENT, "tp_hook: the function is NULL");
    ck_assert(!tp_ok(tp_hook(tp_none(), leaves, NULL)));
    EXPECT_STATUS(tp_unhook(tp_none(), leaves, NULL), TP_E_ARGUMENT);
    tp_tape_reset(tape);
    tp_scalar(tape, 1);
    EXPECT_REFUSED(tp_hook(x, leaves, NULL), TP_E_STALE, "tp_hook: operand 0 (node 0) is from before a reset");
    EXPECT_STATUS(tp_unhook(x, leaves, NULL), TP_E_STALE);
    expect_error(tape, TP_E_STALE, "tp_unhook");
    tp_tape_free(tape);
}
END_TEST

static tp_var busy(tp_var x, tp_var g, void *user)
{
    (void)x, (void)user;
    for (int i = 0; i < 5000; i++) g = tp_muls(g, 1); /* more nodes than there is room for now */
    return g;
}

START_TEST(a_hook_may_record_much)
{
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_tape *tape = tp_tape_new(NULL);
        const tp_var x = tp_scalar(tape, 3), v = leaf_of(tape, F64(TP_DIMS(2), 1, 2));
        const tp_var h = tp_hook(tp_square(x), busy, NULL), u = tp_hook(tp_square(v), busy, NULL);
        const uint32_t nodes = tp_tape_mark(tape).node;
        EXPECT_STATUS(tp_backward_from(tp_add(h, tp_sum(u)), tp_none(), flags), TP_OK);
        EXPECT_NEAR(tp_grad_item(x), 6, 0);
        EXPECT_TENSOR(tp_grad(v), 0, 2, 4);
        ck_assert_uint_eq(tp_tape_mark(tape).node > nodes + 10, flags == TP_CREATE_GRAPH);
        tp_tape_free(tape);
    }
}
END_TEST

TCase *hooks_errors_case(void)
{
    TCase *tcase = tcase_create("errors of hooks");
    tcase_add_test(tcase, a_hook_that_does_wrong_is_named);
    tcase_add_test(tcase, wrong_arguments_are_refused);
    tcase_add_test(tcase, a_hook_may_record_much);
    return tcase;
}
