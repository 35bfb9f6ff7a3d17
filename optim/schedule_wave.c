/* Schedules along a cosine: annealing, warm restarts, one cycle. */
#include "optim/schedule.h"

static const double pi = 3.14159265358979323846;

static double annealed(double from, double to, double at)
{
    return to + (from - to) * (1 + cos(pi * at)) / 2;
}

static double cosine_rate(const tp_schedule *s, int group, double base, uint64_t t)
{
    (void)group;
    return annealed(base, s->rule.low, (double)t / (double)s->rule.period);
}
static const tp_schedule_kind cosine_kind = {.name = "cosine", .rate = cosine_rate};

tp_schedule *tp_cosine_schedule(tp_optim *optim, const tp_cosine_schedule_options *options, tp_error *error)
{
    const tp_cosine_schedule_options o = options ? *options : (tp_cosine_schedule_options){0};
    const tp_schedule_rule rule = {.period = o.period, .low = o.floor, .groups = o.groups};
    if (!tp_schedule_check("cosine", "period", (double)rule.period, 1, HUGE_VAL, error) ||
        !tp_schedule_check("cosine", "floor", rule.low, 0, HUGE_VAL, error))
        return NULL;
    return tp_schedule_begin(&cosine_kind, optim, &rule, error);
}

static double restarts_rate(const tp_schedule *s, int group, double base, uint64_t t)
{
    (void)group;
    const uint64_t factor = (uint64_t)s->rule.factor;
    uint64_t length = (uint64_t)s->rule.period;
    if (factor == 1) t %= length;
    while (t >= length) {
        t -= length;
        if (__builtin_mul_overflow(length, factor, &length)) length = UINT64_MAX;
    }
    return annealed(base, s->rule.low, (double)t / (double)length);
}
static const tp_schedule_kind restarts_kind = {.name = "restarts", .rate = restarts_rate};

tp_schedule *tp_restarts_schedule(tp_optim *optim, const tp_restarts_schedule_options *options, tp_error *error)
{
    const tp_restarts_schedule_options o = options ? *options : (tp_restarts_schedule_options){0};
    const tp_schedule_rule rule = {
        .period = o.period, .factor = o.factor != 0 ? o.factor : 1, .low = o.floor, .groups = o.groups};
    if (!tp_schedule_check("restarts", "period", (double)rule.period, 1, HUGE_VAL, error) ||
        !tp_schedule_check("restarts", "factor", (double)rule.factor, 1, HUGE_VAL, error) ||
        !tp_schedule_check("restarts", "floor", rule.low, 0, HUGE_VAL, error))
        return NULL;
    return tp_schedule_begin(&restarts_kind, optim, &rule, error);
}

/* ---- one cycle ---- */

enum { RISE, START, END, MOMENTUM_LOW, MOMENTUM_HIGH };

/* From `start` through `top` to `end`; with three phases it passes `start` again. */
static double cycle(const tp_schedule_rule *r, double start, double top, double end, uint64_t t)
{
    const double last = (double)r->period - 1, at = fmin((double)t, last),
                 peak = r->cycle[RISE] * (double)r->period - 1;
    const double back = r->three_phases ? fmin(2 * peak, last) : peak;
    double from = start, to = top, begin = 0, stop = peak;
    if (at > peak && at <= back) from = top, to = start, begin = peak, stop = back;
    if (at > peak && at > back) from = r->three_phases ? start : top, to = end, begin = back, stop = last;
    const double share = stop > begin ? (at - begin) / (stop - begin) : 1;
    return r->linear ? from + (to - from) * share : annealed(from, to, share);
}

static double one_cycle_rate(const tp_schedule *s, int group, double base, uint64_t t)
{
    (void)group;
    const double top = s->rule.high != 0 ? s->rule.high : base, start = top / s->rule.cycle[START];
    return cycle(&s->rule, start, top, start / s->rule.cycle[END], t);
}

/* The option that is cycled; NULL where the optimiser has none. */
static const char *momentum_of(const tp_optim *optim, int group)
{
    if (!isnan(tp_optim_option(optim, group, "beta1"))) return "beta1";
    return tp_optim_option(optim, group, "momentum") > 0 ? "momentum" : NULL;
}

static void one_cycle_apply(tp_schedule *s, uint64_t t)
{
    const double low = s->rule.cycle[MOMENTUM_LOW], high = s->rule.cycle[MOMENTUM_HIGH];
    const double momentum = cycle(&s->rule, high, low, high, t);
    for (int g = 0; g < s->groups && !s->rule.keep_momentum; g++)
        if (!isnan(s->base[g])) tp_optim_set_option(s->optim, g, momentum_of(s->optim, g), momentum, NULL);
}

static const tp_schedule_kind one_cycle_kind = {.name = "one_cycle", .rate = one_cycle_rate, .apply = one_cycle_apply};

static bool one_cycle_check(const tp_schedule_rule *r, tp_error *error)
{
    const char *name = one_cycle_kind.name;
    return tp_schedule_check(name, "steps", (double)r->period, 1, HUGE_VAL, error) &&
           tp_schedule_check(name, "peak", r->high, 0, HUGE_VAL, error) &&
           tp_schedule_check(name, "rise", r->cycle[RISE], 0, nextafter(1, 2), error) &&
           tp_schedule_check(name, "start_divisor", r->cycle[START], TP_ZERO, HUGE_VAL, error) &&
           tp_schedule_check(name, "end_divisor", r->cycle[END], TP_ZERO, HUGE_VAL, error) &&
           tp_schedule_check(name, "momentum_low", r->cycle[MOMENTUM_LOW], 0, 1, error) &&
           tp_schedule_check(name, "momentum_high", r->cycle[MOMENTUM_HIGH], 0, 1, error);
}

tp_schedule *tp_one_cycle_schedule(tp_optim *optim, const tp_one_cycle_schedule_options *options, tp_error *error)
{
    const tp_one_cycle_schedule_options o = options ? *options : (tp_one_cycle_schedule_options){0};
    const double given[] = {o.rise, o.start_divisor, o.end_divisor, o.momentum_low, o.momentum_high};
    tp_schedule_rule rule = {.period = o.steps,
                             .high = o.peak,
                             .linear = o.linear,
                             .three_phases = o.three_phases,
                             .keep_momentum = o.keep_momentum,
                             .cycle = {0.3, 25, 1e4, 0.85, 0.95},
                             .groups = o.groups};
    for (int i = 0; i < 5; i++)
        if (given[i] != 0) rule.cycle[i] = given[i];
    if (!one_cycle_check(&rule, error)) return NULL;
    tp_schedule *s = tp_schedule_make(&one_cycle_kind, optim, &rule, error);
    for (int g = 0; s && g < s->groups && !rule.keep_momentum; g++)
        if (!isnan(s->base[g]) && !momentum_of(optim, g)) {
            tp_fail(error, TP_E_ARGUMENT, "tp_one_cycle_schedule: group %d of %s has no momentum: keep_momentum", g,
                    tp_optim_name(optim));
            tp_schedule_free(s);
            return NULL;
        }
    if (s) tp_schedule_apply(s);
    return s;
}
