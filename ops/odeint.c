/* Initial value problems. An interval between two times is integrated in numbers first, where the step size is
   controlled; that leaves a list of steps. They are then recorded as a chain of checkpoints, whose gradient is that of
   the steps taken. */
#include <float.h>
#include <math.h>
#include <string.h>

#include <tapir/checkpoint.h>
#include <tapir/implicit.h>

#include "autograd/function.h"
#include "ops/runge_kutta.h"

typedef struct span {
    double t, h;
} span;

/* The steps of an interval: of one size from t on, or a list of them. It lives on the tape's stack, with the nodes. */
typedef struct steps {
    tp_ode ode;
    const tp_tableau *method;
    double t, h;
    span *list; /* NULL: of one size */
    int64_t count, room;
} steps;

/* ---- a chain of steps ---- */

static void take_step(tp_tape *tape, tp_var *state, int n, int64_t i, void *user)
{
    const steps *s = user;
    const double t = s->list ? s->list[i].t : s->t + (double)i * s->h, h = s->list ? s->list[i].h : s->h;
    tp_var k[TP_MAX_STAGES];
    (void)n;
    k[0] = tp_ode_slope(tape, &s->ode, t, state[0]);
    state[0] = tp_ok(k[0]) ? tp_ode_step(tape, &s->ode, s->method, t, h, state[0], k) : tp_poison(tape);
}

/* ---- control of the step size ---- */

typedef struct control {
    tp_tape *tape;
    tp_odeint_options o;
    int64_t tried; /* steps */
    double next;   /* size of the next step */
    double before; /* error of the latest step that was taken */
} control;

/* Where an interval stands: constants. */
typedef struct place {
    double t;
    tp_var y, slope;
} place;

/* The root mean square of x / (absolute + relative max(|y|, |z|)). */
static double scaled(const control *c, tp_var x, tp_var y, tp_var z)
{
    const tp_var size = tp_adds(tp_muls(tp_maximum(tp_abs(y), tp_abs(z)), c->o.relative), c->o.absolute);
    const tp_var ratio = tp_div(x, size);
    return tp_value(ratio) ? sqrt(tp_item(tp_mean(tp_square(ratio)))) : fabs(tp_item(ratio));
}

/* Hairer, Norsett and Wanner, II.4: such that a step of Euler's method would be small, and by f'. */
static double first_step(const control *c, const tp_ode *ode, const place *at, double length)
{
    const double d0 = scaled(c, at->y, at->y, at->y), d1 = scaled(c, at->slope, at->y, at->y);
    double h = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : .01 * d0 / d1;
    h = copysign(fmin(h, fabs(length)), length);
    const tp_var slope = tp_ode_slope(c->tape, ode, at->t + h, tp_add(at->y, tp_muls(at->slope, h)));
    const double d2 = scaled(c, tp_sub(slope, at->slope), at->y, at->y) / fabs(h), d = fmax(d1, d2);
    const double by_slope = d <= 1e-15 ? fmax(1e-6, fabs(h) * 1e-3) : pow(.01 / d, .2);
    const double size = fmin(fmin(100 * fabs(h), by_slope), fabs(length));
    return copysign(size > 0 ? size : fabs(length), length); /* NaN: the first step will see */
}

static bool add_span(control *c, steps *s, tp_mark *base, double t, double h)
{
    if (s->count == s->room) {
        const int64_t room = s->room ? 2 * s->room : 64;
        tp_chunks_pop_to(&c->tape->stack, base->chunk, base->used);
        span *list = tp_chunks_push(&c->tape->stack, (size_t)room * sizeof *list);
        if (!list) return tp_tape_out_of_memory(c->tape, "tp_odeint"), false;
        if (s->count) memcpy(list, s->list, (size_t)s->count * sizeof *list);
        s->list = list;
        s->room = room;
        base->chunk = c->tape->stack.chunk;
        base->used = c->tape->stack.used;
    }
    s->list[s->count++] = (span){t, h};
    return true;
}

/* One try from `at`; the next size, and where the step was taken the next place, above the base. */
static tp_status attempt(control *c, steps *s, tp_mark *base, double h, place *at, bool *taken)
{
    tp_tape *tape = c->tape;
    tp_var k[TP_MAX_STAGES] = {at->slope}, keep[2];
    const tp_var y = tp_ode_step(tape, &s->ode, s->method, at->t, h, at->y, k);
    k[6] = tp_ok(y) ? tp_ode_slope(tape, &s->ode, at->t + h, y) : tp_poison(tape);
    const double error = scaled(c, tp_ode_combine(tape, tp_none(), h, s->method->error, k, 7), at->y, y);
    if (tape->error.status != TP_OK) return tape->error.status;
    *taken = error <= 1;
    const double by_error = isfinite(error) ? pow(error, .2 - .75 * .04) : (double)INFINITY;
    const double factor = *taken ? by_error / pow(c->before, .04) : by_error;
    c->next = h / fmin(5, fmax(*taken ? .1 : 1, factor / .9));
    keep[0] = *taken ? y : at->y;
    keep[1] = *taken ? k[6] : at->slope;
    const tp_status status = tp_keep(tape, base, keep, 2);
    if (status == TP_OK && *taken && !add_span(c, s, base, at->t, h)) return TP_E_MEMORY;
    if (*taken) {
        c->before = fmax(error, 1e-4);
        at->t += h;
    }
    at->y = keep[0];
    at->slope = keep[1];
    return status;
}

static tp_status too_many(const control *c, double t)
{
    return tp_tape_fail(c->tape, TP_E_NUMERIC, "tp_odeint: not at the end after %lld steps: t = %g",
                        (long long)c->o.limit, t);
}

/* To `end`, in numbers: what stays is the list of steps. */
static tp_status integrate(control *c, steps *s, tp_mark *base, place *at, double end)
{
    tp_tape *tape = c->tape;
    tp_status status = TP_OK;
    bool after_refusal = false;
    while (at->t != end && status == TP_OK) {
        const double left = end - at->t, usual = c->next;
        const bool last = fabs(usual) * 1.01 >= fabs(left);
        const double h = last ? left : usual;
        if (c->tried++ == c->o.limit) return too_many(c, at->t);
        if (!(fabs(h) > 4 * DBL_EPSILON * fabs(at->t)))
            return tp_tape_fail(tape, TP_E_NUMERIC, "tp_odeint: the step size has become %g at t = %g", h, at->t);
        bool taken = false;
        status = attempt(c, s, base, h, at, &taken);
        if (taken && last) at->t = end;
        if (taken && last && fabs(c->next) < fabs(usual)) c->next = usual; /* it was cut to meet the end */
        if (taken && after_refusal && fabs(c->next) > fabs(h)) c->next = h;
        after_refusal = !taken;
    }
    return status;
}

/* The list of steps from times[0] to times[1], and no nodes. */
static tp_status control_interval(control *c, steps *s, tp_var y, const double *times)
{
    tp_tape *tape = c->tape;
    tp_mark base = tp_tape_mark(tape);
    const uint32_t mask = tape->grad_mask;
    tape->grad_mask = 0;
    place at = {times[0], y, tp_ode_slope(tape, &s->ode, times[0], y)};
    tp_status status = tape->error.status;
    if (status == TP_OK && c->next == 0) {
        c->next =
            c->o.step > 0 ? copysign(c->o.step, times[1] - times[0]) : first_step(c, &s->ode, &at, times[1] - times[0]);
        status = tape->error.status;
    }
    if (status == TP_OK) status = integrate(c, s, &base, &at, times[1]);
    tape->grad_mask = mask;
    tp_drop_recording(tape, &base);
    return status;
}

/* ---- the call ---- */

static tp_status check_times(tp_tape *tape, const double *times, int count)
{
    if (count < 1 || !times) return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_odeint: there are no times");
    for (int i = 0; i < count; i++) {
        if (!isfinite(times[i])) return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_odeint: times[%d] is %g", i, times[i]);
        if (i == 0) continue;
        const double step = times[i] - times[i - 1], first = times[1] - times[0];
        if (step == 0 || (step > 0) != (first > 0) || !isfinite(step))
            return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_odeint: times[%d] = %g does not follow %g", i, times[i],
                                times[i - 1]);
    }
    return TP_OK;
}

static tp_status check(tp_tape *tape, const tp_ode *ode, tp_var y0, const tp_var *theta, const tp_odeint_options *o)
{
    if (!ode->f || ode->n < 0 || (ode->n > 0 && !theta))
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_odeint: f, theta or results are NULL, or n is %d", ode->n);
    if (o->method < TP_DOPRI5 || o->method > TP_RK4 || !(o->step >= 0) || !(o->relative >= 0) || !(o->absolute >= 0) ||
        o->limit < 0)
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_odeint: an option is out of range");
    if (!tp_check_operand(tape, "odeint", y0, 0)) return tape->error.status;
    if (!tp_dtype_is_float(tp_var_dtype(y0)))
        return tp_tape_fail(tape, TP_E_DTYPE, "tp_odeint: the state is of %s", tp_dtype_name(tp_var_dtype(y0)));
    for (int i = 0; i < ode->n; i++)
        if (!tp_check_operand(tape, "odeint", theta[i], i + 1)) return tape->error.status;
    return tape->error.status;
}

/* What the steps of an interval need, for as long as the nodes live. */
static steps *new_steps(tp_tape *tape, const tp_ode *ode, const tp_var *theta, tp_ode_method method)
{
    steps *s = tp_chunks_push(&tape->stack, sizeof *s);
    tp_var *own = tp_chunks_push(&tape->stack, ((size_t)ode->n + 1) * sizeof *own);
    if (!s || !own) return tp_tape_out_of_memory(tape, "tp_odeint"), NULL;
    for (int i = 0; i < ode->n; i++) own[i] = theta[i];
    *s = (steps){.ode = *ode, .method = method == TP_RK4 ? &tp_rk4 : &tp_dopri5};
    s->ode.theta = own;
    return s;
}

static tp_status interval(control *c, const tp_ode *ode, const tp_var *theta, const double *times, tp_var *y)
{
    tp_tape *tape = c->tape;
    steps *s = new_steps(tape, ode, theta, c->o.method);
    if (!s) return tape->error.status;
    const double length = times[1] - times[0];
    tp_status status = TP_OK;
    if (c->o.method == TP_DOPRI5) {
        status = control_interval(c, s, y[0], times);
    } else {
        const double count = c->o.step > 0 ? ceil(fabs(length) / c->o.step * (1 - 1e-12)) : 100;
        if (!(count <= (double)(c->o.limit - c->tried))) return too_many(c, times[0]);
        s->count = count < 1 ? 1 : (int64_t)count;
        s->t = times[0];
        s->h = length / (double)s->count;
        c->tried += s->count;
    }
    y[1] = y[0];
    return status == TP_OK ? tp_checkpoint_chain(take_step, tape, &y[1], 1, s->count, s, c->o.bytes) : status;
}

tp_status tp_odeint(tp_function f, tp_tape *tape, tp_var y0, const double *times, int count, const tp_var *theta, int n,
                    void *user, const tp_odeint_options *options, tp_var *results)
{
    for (int i = 0; i < count && results; i++) results[i] = tp_poison(tape);
    if (!tape) return TP_E_ARGUMENT;
    control c = {.tape = tape, .before = 1e-4, .o = options ? *options : (tp_odeint_options){0}};
    const bool single = tp_ok(y0) && tp_var_dtype(y0) == TP_F32;
    const tp_ode ode = {.f = results ? f : NULL, .user = user, .n = n};
    if (c.o.relative == 0) c.o.relative = single ? 1e-4 : 1e-6;
    if (c.o.absolute == 0) c.o.absolute = single ? 1e-6 : 1e-9;
    if (c.o.limit == 0) c.o.limit = 100000;
    tp_status status = check(tape, &ode, y0, theta, &c.o);
    if (status == TP_OK) status = check_times(tape, times, count);
    if (status != TP_OK) return status;
    const tp_mark mark = tp_tape_mark(tape);
    results[0] = y0;
    for (int i = 1; i < count && status == TP_OK; i++)
        status = interval(&c, &ode, theta, &times[i - 1], &results[i - 1]);
    if (status == TP_OK) return TP_OK;
    tp_drop_recording(tape, &mark);
    for (int i = 0; i < count; i++) results[i] = tp_poison(tape);
    return status;
}
