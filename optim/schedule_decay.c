/* Schedules that multiply the base: steps, powers, ramps. */
#include "optim/schedule.h"

/* How far t is on the way to `steps`, 0..1. */
static double part(uint64_t t, int64_t steps)
{
    return t >= (uint64_t)steps ? 1 : (double)t / (double)steps;
}

static double step_rate(const tp_schedule *s, int group, double base, uint64_t t)
{
    (void)group;
    return base * pow(s->rule.gamma, (double)(t / (uint64_t)s->rule.period));
}
static const tp_schedule_kind step_kind = {.name = "step", .rate = step_rate};

tp_schedule *tp_step_schedule(tp_optim *optim, const tp_step_schedule_options *options, tp_error *error)
{
    const tp_step_schedule_options o = options ? *options : (tp_step_schedule_options){0};
    const tp_schedule_rule rule = {.period = o.period, .gamma = o.gamma != 0 ? o.gamma : 0.1, .groups = o.groups};
    if (!tp_schedule_check("step", "period", (double)rule.period, 1, HUGE_VAL, error) ||
        !tp_schedule_check("step", "gamma", rule.gamma, 0, HUGE_VAL, error))
        return NULL;
    return tp_schedule_begin(&step_kind, optim, &rule, error);
}

static double multistep_rate(const tp_schedule *s, int group, double base, uint64_t t)
{
    (void)group;
    int passed = 0;
    while (passed < s->rule.milestone_count && (uint64_t)s->rule.milestones[passed] <= t) passed++;
    return base * pow(s->rule.gamma, passed);
}
static const tp_schedule_kind multistep_kind = {.name = "multistep", .rate = multistep_rate};

tp_schedule *tp_multistep_schedule(tp_optim *optim, const tp_multistep_schedule_options *options, tp_error *error)
{
    const tp_multistep_schedule_options o = options ? *options : (tp_multistep_schedule_options){0};
    const tp_schedule_rule rule = {.milestones = o.milestones,
                                   .milestone_count = o.milestone_count,
                                   .gamma = o.gamma != 0 ? o.gamma : 0.1,
                                   .groups = o.groups};
    if (!tp_schedule_check("multistep", "gamma", rule.gamma, 0, HUGE_VAL, error) ||
        !tp_schedule_check("multistep", "milestone_count", rule.milestone_count, 0, HUGE_VAL, error))
        return NULL;
    bool good = rule.milestone_count == 0 || rule.milestones;
    for (int i = 0; good && i < rule.milestone_count; i++)
        good = rule.milestones[i] >= (i > 0 ? rule.milestones[i - 1] : 0);
    if (!good) {
        tp_fail(error, TP_E_ARGUMENT, "tp_multistep_schedule: milestones are NULL, negative or not in ascending order");
        return NULL;
    }
    return tp_schedule_begin(&multistep_kind, optim, &rule, error);
}

static double exponential_rate(const tp_schedule *s, int group, double base, uint64_t t)
{
    (void)group;
    return base * pow(s->rule.gamma, (double)t);
}
static const tp_schedule_kind exponential_kind = {.name = "exponential", .rate = exponential_rate};

tp_schedule *tp_exponential_schedule(tp_optim *optim, const tp_exponential_schedule_options *options, tp_error *error)
{
    const tp_exponential_schedule_options o = options ? *options : (tp_exponential_schedule_options){0};
    const tp_schedule_rule rule = {.gamma = o.gamma, .groups = o.groups};
    if (o.gamma == 0) {
        tp_fail(error, TP_E_ARGUMENT, "tp_exponential_schedule: gamma is missing");
        return NULL;
    }
    if (!tp_schedule_check("exponential", "gamma", rule.gamma, 0, HUGE_VAL, error)) return NULL;
    return tp_schedule_begin(&exponential_kind, optim, &rule, error);
}

static double constant_rate(const tp_schedule *s, int group, double base, uint64_t t)
{
    (void)group;
    return t < (uint64_t)s->rule.period ? base * s->rule.gamma : base;
}
static const tp_schedule_kind constant_kind = {.name = "constant", .rate = constant_rate};

tp_schedule *tp_constant_schedule(tp_optim *optim, const tp_constant_schedule_options *options, tp_error *error)
{
    const tp_constant_schedule_options o = options ? *options : (tp_constant_schedule_options){0};
    const tp_schedule_rule rule = {
        .gamma = o.factor != 0 ? o.factor : 1.0 / 3, .period = o.steps != 0 ? o.steps : 5, .groups = o.groups};
    if (!tp_schedule_check("constant", "factor", rule.gamma, 0, HUGE_VAL, error) ||
        !tp_schedule_check("constant", "steps", (double)rule.period, 1, HUGE_VAL, error))
        return NULL;
    return tp_schedule_begin(&constant_kind, optim, &rule, error);
}

static double linear_rate(const tp_schedule *s, int group, double base, uint64_t t)
{
    (void)group;
    return base * (s->rule.from + (s->rule.to - s->rule.from) * part(t, s->rule.period));
}
static const tp_schedule_kind linear_kind = {.name = "linear", .rate = linear_rate};

tp_schedule *tp_linear_schedule(tp_optim *optim, const tp_linear_schedule_options *options, tp_error *error)
{
    const tp_linear_schedule_options o = options ? *options : (tp_linear_schedule_options){0};
    const tp_schedule_rule rule = {.from = o.from != 0 ? o.from : 1.0 / 3,
                                   .to = o.to != 0 ? o.to : 1,
                                   .period = o.steps != 0 ? o.steps : 5,
                                   .groups = o.groups};
    if (!tp_schedule_check("linear", "from", rule.from, 0, HUGE_VAL, error) ||
        !tp_schedule_check("linear", "to", rule.to, 0, HUGE_VAL, error) ||
        !tp_schedule_check("linear", "steps", (double)rule.period, 1, HUGE_VAL, error))
        return NULL;
    return tp_schedule_begin(&linear_kind, optim, &rule, error);
}

static double polynomial_rate(const tp_schedule *s, int group, double base, uint64_t t)
{
    (void)group;
    return base * pow(1 - part(t, s->rule.period), s->rule.power);
}
static const tp_schedule_kind polynomial_kind = {.name = "polynomial", .rate = polynomial_rate};

tp_schedule *tp_polynomial_schedule(tp_optim *optim, const tp_polynomial_schedule_options *options, tp_error *error)
{
    const tp_polynomial_schedule_options o = options ? *options : (tp_polynomial_schedule_options){0};
    const tp_schedule_rule rule = {
        .power = o.power != 0 ? o.power : 1, .period = o.steps != 0 ? o.steps : 5, .groups = o.groups};
    if (!tp_schedule_check("polynomial", "power", rule.power, 0, HUGE_VAL, error) ||
        !tp_schedule_check("polynomial", "steps", (double)rule.period, 1, HUGE_VAL, error))
        return NULL;
    return tp_schedule_begin(&polynomial_kind, optim, &rule, error);
}
