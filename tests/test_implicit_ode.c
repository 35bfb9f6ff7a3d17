/* Initial value problems: orders of convergence, closed forms, gradients of the steps taken, failures. */
#include <tapir/function.h>
#include <tapir/implicit.h>

#include "tests/test_implicit.h"

#include "tests/tape_fixture.h"

static double span_of_two[] = {0, 2};

/* y at the second time. */
static tp_var end_of(tp_function f, tp_var y0, const double *times, const tp_var *theta, int n, void *user,
                     const tp_odeint_options *o)
{
    tp_var y[2];
    tp_odeint(f, y0.tape, y0, times, 2, theta, n, user, o, y);
    return y[1];
}

/* ---- problems ---- */

/* y' = -r y */
static tp_var decay(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n, (void)user;
    return tp_neg(tp_mul(x[2], x[1]));
}

/* y' = y cos t, y = e^sin t */
static tp_var swing(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n;
    if (user) ++*(int *)user;
    return tp_mul(x[1], tp_cos(x[0]));
}

/* x'' = -w^2 x as (x, v) */
static tp_var oscillator(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n, (void)user;
    const tp_var position = tp_index(x[1], 1, (int64_t[]){0}), velocity = tp_index(x[1], 1, (int64_t[]){1});
    const tp_var parts[] = {velocity, tp_neg(tp_mul(tp_square(x[2]), position))};
    return tp_stack(parts, 2, 0);
}

/* Lotka and Volterra: a' = a (p - q b), b' = b (s a - r), with p, q, r, s in one tensor. */
static tp_var prey(tp_tape *on, const tp_var *x, int n, void *user)
{
    tp_var p[4], y[2];
    (void)on, (void)n, (void)user;
    for (int i = 0; i < 4; i++) p[i] = tp_index(x[2], 1, (int64_t[]){i});
    for (int i = 0; i < 2; i++) y[i] = tp_index(x[1], 1, (int64_t[]){i});
    const tp_var parts[] = {tp_mul(y[0], tp_sub(p[0], tp_mul(p[1], y[1]))),
                            tp_mul(y[1], tp_sub(tp_mul(p[3], y[0]), p[2]))};
    return tp_stack(parts, 2, 0);
}

/* ---- convergence ---- */

static double error_of(tp_ode_method method, double step)
{
    const tp_odeint_options o = {.method = method, .step = step};
    const tp_var y = end_of(swing, tp_scalar(tape, 1), span_of_two, NULL, 0, NULL, &o);
    EXPECT_OK(tape);
    const double error = fabs(tp_item(y) - exp(sin(2)));
    tp_tape_reset(tape);
    return error;
}

START_TEST(methods_have_their_order)
{
    static const struct {
        tp_ode_method method;
        double order, step;
    } cases[] = {{TP_RK4, 4, .05}, {TP_DOPRI5_FIXED, 5, .05}};
    for (int i = 0; i < 2; i++) {
        const double coarse = error_of(cases[i].method, cases[i].step),
                     fine = error_of(cases[i].method, cases[i].step / 2);
        const double order = log2(coarse / fine);
        ck_assert_msg(fabs(order - cases[i].order) < .25, "order %g: %g, %g", order, coarse, fine);
    }
}
END_TEST

START_TEST(controlled_steps_keep_the_tolerance)
{
    int calls[3];
    for (int i = 0; i < 3; i++) {
        const double relative = pow(10, -4 - 3 * i);
        calls[i] = 0;
        const tp_odeint_options o = {.relative = relative, .absolute = relative};
        const tp_var y = end_of(swing, tp_const(tape, 1), (double[]){0, 10}, NULL, 0, &calls[i], &o);
        EXPECT_NEAR(tp_item(y), exp(sin(10)), 20 * relative);
        tp_tape_reset(tape);
    }
    ck_assert(calls[0] < calls[1] && calls[1] < calls[2]);
}
END_TEST

START_TEST(times_are_met_forwards_and_backwards)
{
    const double up[] = {0, .3, .30001, 1.7, 4}, down[] = {4, 1.7, .3, 0};
    for (int method = TP_DOPRI5; method <= TP_RK4; method++) {
        const tp_odeint_options o = {
            .method = (tp_ode_method)method, .relative = 1e-10, .absolute = 1e-10, .step = .01};
        tp_var y[5], z[4];
        EXPECT_STATUS(tp_odeint(swing, tape, tp_const(tape, 1), up, 5, NULL, 0, NULL, &o, y), TP_OK);
        for (int i = 0; i < 5; i++) EXPECT_NEAR(tp_item(y[i]), exp(sin(up[i])), 1e-8);
        EXPECT_STATUS(tp_odeint(swing, tape, y[4], down, 4, NULL, 0, NULL, &o, z), TP_OK);
        for (int i = 0; i < 4; i++) EXPECT_NEAR(tp_item(z[i]), exp(sin(down[i])), 1e-8);
        tp_tape_reset(tape);
    }
}
END_TEST

/* ---- gradients ---- */

START_TEST(decay_has_its_closed_derivatives)
{
    for (int method = TP_DOPRI5; method <= TP_RK4; method++) {
        const tp_odeint_options o = {
            .method = (tp_ode_method)method, .relative = 1e-11, .absolute = 1e-12, .step = .01};
        const tp_var x[] = {tp_scalar(tape, 3), tp_scalar(tape, .7)};
        const tp_var y = end_of(decay, x[0], span_of_two, &x[1], 1, NULL, &o);
        const double e = exp(-1.4);
        tp_var g[2], h[2], dy;
        EXPECT_NEAR(tp_item(y), 3 * e, 1e-9);
        EXPECT_STATUS(tp_gradients(y, x, 2, g, 0), TP_OK);
        EXPECT_NEAR(tp_item(g[0]), e, 1e-9);
        EXPECT_NEAR(tp_item(g[1]), -6 * e, 1e-8);
        EXPECT_STATUS(tp_gradients(y, x, 2, g, TP_CREATE_GRAPH), TP_OK);
        EXPECT_STATUS(tp_gradients(g[1], x, 2, h, 0), TP_OK);
        EXPECT_NEAR(tp_item(h[0]), -2 * e, 1e-8);
        EXPECT_NEAR(tp_item(h[1]), 12 * e, 1e-7);
        const tp_var one = tp_const(tape, 1);
        EXPECT_STATUS(tp_jvp(y, &x[1], &one, 1, &dy, 0), TP_OK);
        EXPECT_NEAR(tp_item(dy), -6 * e, 1e-8);
        tp_tape_reset(tape);
    }
}
END_TEST

/* The period is 2 pi / w: where x(T) = 0 on the way down, T = pi / 2w, dT/dw = -(dx/dw) / v. */
START_TEST(oscillator_and_its_period)
{
    const double w = 1.3, T = acos(-1) / (2 * w), times[] = {0, T};
    const tp_odeint_options o = {.relative = 1e-11, .absolute = 1e-12};
    const tp_var x[] = {leaf_of(tape, F64(TP_DIMS(2), 1, 0)), tp_scalar(tape, w)};
    const tp_var y = end_of(oscillator, x[0], times, &x[1], 1, NULL, &o);
    EXPECT_TENSOR(tp_value(y), 1e-9, 0, -w);
    tp_var g[2];
    EXPECT_STATUS(tp_gradients(tp_index(y, 1, (int64_t[]){0}), x, 2, g, 0), TP_OK);
    EXPECT_NEAR(-tp_item(g[1]) / tp_item(tp_index(y, 1, (int64_t[]){1})), -acos(-1) / (2 * w * w), 1e-8);
    EXPECT_TENSOR(tp_value(g[0]), 1e-9, 0, 1 / w); /* x(t) = x0 cos wt + v0 sin(wt) / w */
}
END_TEST

START_TEST(gradients_of_the_steps_are_exact)
{
    const double times[] = {0, .5, 1.1};
    for (int method = TP_DOPRI5; method <= TP_RK4; method++) {
        const tp_odeint_options o = {.method = (tp_ode_method)method, .step = .2};
        const tp_var x[] = {leaf_of(tape, F64(TP_DIMS(2), 1, 1)), leaf_of(tape, F64(TP_DIMS(4), 1.5, 1, 3, 1))};
        tp_var y[3];
        EXPECT_STATUS(tp_odeint(prey, tape, x[0], times, 3, &x[1], 1, NULL, &o, y), TP_OK);
        expect_gradients(tp_sum(tp_add(tp_square(y[1]), tp_mul(y[2], y[1]))), x, 2);
        tp_tape_reset(tape);
    }
}
END_TEST

/* With a captured rate, in f32, under a replay. */
typedef struct capturing {
    tp_var rate;
} capturing;

static tp_var decay_captured(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n;
    return tp_neg(tp_mul(((const capturing *)user)->rate, x[1]));
}

START_TEST(captured_parameters_and_replay)
{
    for (int single = 0; single <= 1; single++) {
        const double tolerance = single ? 1e-4 : 1e-7;
        const tp_var y0 = leaf_of(tape, single ? F32(TP_DIMS(2), 3, 5) : F64(TP_DIMS(2), 3, 5));
        const tp_var base = tp_scalar(tape, .35);
        capturing c = {tp_muls(base, 2)};
        const tp_odeint_options o = {.relative = single ? 0 : 1e-9, .absolute = single ? 0 : 1e-9};
        const tp_var y = end_of(decay_captured, y0, span_of_two, NULL, 0, &c, &o);
        for (int i = 0; i < 2; i++) {
            const double e = exp(-4 * tp_item(base));
            EXPECT_TENSOR(tp_value(y), tolerance, 3 * e, 5 * e);
            EXPECT_STATUS(tp_backward(tp_sum(y)), TP_OK);
            EXPECT_NEAR(tp_grad_item(base), -32 * e, 10 * tolerance);
            EXPECT_TENSOR(tp_grad(y0), tolerance, e, e);
            tp_set_item(base, .3);
            EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
        }
        tp_tape_reset(tape);
    }
}
END_TEST

/* ---- derivatives inside, and inside derivatives ---- */

/* w^2 x^2 / 2 + v^2 / 2 */
static tp_var energy(tp_tape *on, const tp_var *state, int n, void *user)
{
    const tp_var *w = user;
    (void)on, (void)n;
    return tp_muls(tp_add(tp_square(tp_mul(*w, state[0])), tp_square(state[1])), .5);
}

/* Hamilton's equations: x' = dH/dv, v' = -dH/dx */
static tp_var hamilton(tp_tape *on, const tp_var *x, int n, void *user)
{
    tp_var w = x[2], slopes[2];
    const tp_var state[] = {tp_index(x[1], 1, (int64_t[]){0}), tp_index(x[1], 1, (int64_t[]){1})};
    (void)n, (void)user;
    if (tp_value_and_grad(energy, on, state, 2, &w, NULL, slopes, 0) != TP_OK) return tp_none();
    return tp_stack((tp_var[]){slopes[1], tp_neg(slopes[0])}, 2, 0);
}

static tp_var place_after(tp_tape *on, const tp_var *w, int n, void *user)
{
    const tp_odeint_options o = {.method = TP_RK4, .step = .01};
    const tp_var y0 = tp_stack((tp_var[]){tp_const(on, 1), tp_const(on, 0)}, 2, 0);
    return tp_index(end_of(hamilton, y0, span_of_two, w, n, user, &o), 1, (int64_t[]){0});
}

START_TEST(derivatives_stand_inside_and_around)
{
    const double w = 1.3;
    for (int forward = 0; forward <= 1; forward++) {
        const tp_var omega = tp_scalar(tape, w);
        tp_var y, g;
        EXPECT_STATUS(tp_value_and_grad(place_after, tape, &omega, 1, NULL, &y, &g, forward ? TP_FORWARD : 0), TP_OK);
        EXPECT_NEAR(tp_item(y), cos(2 * w), 1e-8);
        EXPECT_NEAR(tp_item(g), -2 * sin(2 * w), 1e-8);
        tp_tape_reset(tape);
    }
}
END_TEST

/* ---- memory ---- */

static size_t peak_of(double step, size_t bytes)
{
    tp_tape *on = tp_tape_new(NULL);
    tp_tensor *at = random_tensor(TP_F64, TP_DIMS(512), 3, 1, 2);
    const tp_var y0 = tp_leaf(on, at), rate = tp_scalar(on, .7);
    const tp_odeint_options o = {.method = TP_RK4, .step = step, .bytes = bytes};
    const tp_var y = end_of(decay, y0, span_of_two, &rate, 1, NULL, &o);
    EXPECT_STATUS(tp_backward(tp_sum(y)), TP_OK);
    EXPECT_NEAR(tp_tensor_item(tp_grad(y0), 0), exp(-1.4), 1e-6);
    const size_t peak = tp_tape_stats(on).tensor.peak;
    tp_tape_free(on);
    tp_tensor_release(at);
    return peak;
}

START_TEST(memory_of_the_adjoint_is_bounded)
{
    const size_t state = 512 * sizeof(double), few = peak_of(.02, 0), many = peak_of(.002, 0),
                 least = peak_of(.002, 8 * state);
    ck_assert_msg(few < 100 * state, "%zu states", few / state);
    ck_assert_msg(many < 3 * few, "%zu states for 100 steps, %zu for 1000", few / state, many / state);
    ck_assert_msg(least < 60 * state, "%zu states", least / state);
}
END_TEST

static tp_status ode_run(counter *c, double *result)
{
    tp_tape *on = counted_tape(c);
    if (!on) return TP_E_MEMORY;
    const tp_var x[] = {tp_scalar(on, 3), tp_scalar(on, .7)};
    tp_var y[3], g[2], h;
    tp_status status = tp_odeint(decay, on, x[0], (double[]){0, .5, 1}, 3, &x[1], 1, NULL, NULL, y);
    if (status == TP_OK) status = tp_gradients(y[2], x, 2, g, 0);
    if (status == TP_OK) *result = tp_item(g[0]);
    if (status == TP_OK) status = tp_gradients(y[1], x, 2, g, TP_CREATE_GRAPH);
    if (status == TP_OK) status = tp_gradients(g[1], x, 1, &h, 0);
    if (status == TP_OK) *result += tp_item(h);
    tp_tape_free(on);
    return status;
}

START_TEST(each_allocation_may_fail)
{
    counter c = {0};
    double good = 0, result = 0;
    EXPECT_STATUS(ode_run(&c, &good), TP_OK);
    for (size_t i = 1, calls = c.calls; i <= calls; i++) {
        c = (counter){.fail_at = i};
        const tp_status status = ode_run(&c, &result);
        ck_assert_msg(c.bytes == 0, "allocation %zu: %zu bytes leak", i, c.bytes);
        ck_assert_msg(status == TP_E_MEMORY || (status == TP_OK && result == good), "allocation %zu: %d", i, status);
    }
}
END_TEST

/* ---- what fails ---- */

typedef enum bad { EXPLODES, IS_NAN, OTHER_SHAPE, RESETS, REWINDS, NO_HANDLE, STALE, FAILS } bad;

typedef struct badly {
    bad how;
    tp_mark mark;
} badly;

static tp_var bad_slope(tp_tape *on, const tp_var *x, int n, void *user)
{
    const badly *b = user;
    const tp_mark inside = tp_tape_mark(on);
    (void)n;
    const tp_var y = tp_neg(x[1]);
    if (b->how == EXPLODES) return tp_square(x[1]);
    if (b->how == IS_NAN) return tp_log(tp_adds(x[1], -2));
    if (b->how == OTHER_SHAPE) return tp_expand(x[1], 1, (int64_t[]){2});
    if (b->how == RESETS) tp_tape_reset(on);
    if (b->how == REWINDS) tp_tape_rewind(on, b->mark);
    if (b->how == NO_HANDLE) return tp_none();
    if (b->how == STALE) tp_tape_rewind(on, inside);
    if (b->how == FAILS) return tp_index(x[1], 1, (int64_t[]){3});
    return y;
}

START_TEST(failures_have_their_messages)
{
    static const struct {
        bad how;
        tp_status status;
        const char *text;
    } cases[] = {{EXPLODES, TP_E_NUMERIC, "tp_odeint: "},
                 {IS_NAN, TP_E_NUMERIC, "tp_odeint: the step size has become"},
                 {OTHER_SHAPE, TP_E_SHAPE, "tp_odeint: f gives shape (2) for a state of shape ()"},
                 {RESETS, TP_E_ARGUMENT, "tp_tape_reset"},
                 {REWINDS, TP_E_ARGUMENT, "tp_tape_rewind"},
                 {NO_HANDLE, TP_E_ARGUMENT, "tp_odeint: what the function returned is no handle"},
                 {STALE, TP_E_STALE, "tp_odeint: what the function returned is a stale handle"},
                 {FAILS, TP_E_INDEX, "tp_index"}};
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        const size_t k = i / 2;
        if ((i & 1) && k < 2) continue; /* steps of one size go on */
        badly b = {.how = cases[k].how, .mark = tp_tape_mark(tape)};
        const tp_var x = tp_scalar(tape, 1);
        const tp_odeint_options o = {.method = i & 1 ? TP_RK4 : TP_DOPRI5, .limit = 1000};
        EXPECT_REFUSED(end_of(bad_slope, x, span_of_two, NULL, 0, &b, &o), cases[k].status, cases[k].text);
        ck_assert(tp_ok(x));
        ck_assert_uint_eq(tp_tape_stats(tape).nodes, 1);
        tp_tape_reset(tape);
    }
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    const tp_var x = tp_scalar(tape, 1), v = data_of(tape, I64(TP_DIMS(1), 1)), stale = tp_none();
    tp_var y[3];
    EXPECT_REFUSED(end_of(NULL, x, span_of_two, NULL, 0, NULL, NULL), TP_E_ARGUMENT, "tp_odeint: f, theta or results");
    EXPECT_REFUSED(end_of(decay, x, span_of_two, NULL, 1, NULL, NULL), TP_E_ARGUMENT, "are NULL");
    EXPECT_REFUSED(end_of(decay, x, span_of_two, &stale, 1, NULL, NULL), TP_E_ARGUMENT, "operand 1 is no handle");
    EXPECT_REFUSED(end_of(decay, x, NULL, &x, 1, NULL, NULL), TP_E_ARGUMENT, "there are no times");
    EXPECT_REFUSED(end_of(decay, x, (double[]){1, 1}, &x, 1, NULL, NULL), TP_E_ARGUMENT,
                   "times[1] = 1 does not follow 1");
    EXPECT_REFUSED(end_of(decay, x, (double[]){1, (double)NAN}, &x, 1, NULL, NULL), TP_E_ARGUMENT, "times[1] is nan");
    EXPECT_REFUSED(end_of(decay, x, (double[]){-1e308, 1.7e308}, &x, 1, NULL, NULL), TP_E_ARGUMENT, "times[1]");
    EXPECT_REFUSED(end_of(decay, v, span_of_two, &x, 1, NULL, NULL), TP_E_DTYPE, "tp_odeint: the state is of i64");
    const tp_odeint_options wrong[] = {
        {.step = -1}, {.relative = -1}, {.absolute = (double)NAN}, {.limit = -1}, {.method = (tp_ode_method)7}};
    for (int i = 0; i < 5; i++)
        EXPECT_REFUSED(end_of(decay, x, span_of_two, &x, 1, NULL, &wrong[i]), TP_E_ARGUMENT, "out of range");
    EXPECT_REFUSED(end_of(decay, x, span_of_two, &x, 1, NULL, &(tp_odeint_options){.method = TP_RK4, .step = 1e-9}),
                   TP_E_NUMERIC, "tp_odeint: not at the end after 100000 steps");
    EXPECT_STATUS(tp_odeint(decay, tape, x, (double[]){0, 1, .5}, 3, &x, 1, NULL, NULL, y), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "times[2] = 0.5 does not follow 1");
    EXPECT_STATUS(tp_odeint(decay, tape, x, span_of_two, 1, &x, 1, NULL, NULL, y), TP_OK);
    EXPECT_NEAR(tp_item(y[0]), 1, 0);
    EXPECT_STATUS(tp_odeint(decay, tape, x, span_of_two, 2, &x, 1, NULL, NULL, NULL), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "are NULL");
    EXPECT_STATUS(tp_odeint(decay, NULL, x, span_of_two, 2, &x, 1, NULL, NULL, y), TP_E_ARGUMENT);
}
END_TEST

TCase *implicit_ode_case(void)
{
    TCase *tcase = tcase_create("differential equations");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, methods_have_their_order);
    tcase_add_test(tcase, controlled_steps_keep_the_tolerance);
    tcase_add_test(tcase, times_are_met_forwards_and_backwards);
    tcase_add_test(tcase, decay_has_its_closed_derivatives);
    tcase_add_test(tcase, oscillator_and_its_period);
    tcase_add_test(tcase, gradients_of_the_steps_are_exact);
    tcase_add_test(tcase, captured_parameters_and_replay);
    tcase_add_test(tcase, derivatives_stand_inside_and_around);
    tcase_add_test(tcase, memory_of_the_adjoint_is_bounded);
    tcase_add_test(tcase, each_allocation_may_fail);
    tcase_add_test(tcase, failures_have_their_messages);
    tcase_add_test(tcase, bad_arguments_are_refused);
    return tcase;
}
