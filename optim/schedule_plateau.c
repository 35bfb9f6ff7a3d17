/* A schedule that lowers the rates when a metric stops becoming better. */
#include "optim/schedule.h"

static bool better(const tp_schedule_rule *r, double metric, double best)
{
    if (r->maximise) return metric > (r->absolute ? best + r->gamma : best * (1 + r->gamma));
    return metric < (r->absolute ? best - r->gamma : best * (1 - r->gamma));
}

static void lower(tp_schedule *s)
{
    for (int g = 0; g < s->groups; g++) {
        const double old = tp_optim_rate(s->optim, g), rate = fmax(old * s->rule.power, s->rule.low);
        if (!isnan(s->base[g]) && old - rate > s->rule.high) tp_optim_set_rate(s->optim, g, rate);
    }
}

static void plateau_follow(tp_schedule *s, double metric)
{
    double *best = &s->numbers[TP_PLATEAU_BEST], *bad = &s->numbers[TP_PLATEAU_BAD];
    double *cool = &s->numbers[TP_PLATEAU_COOL];
    if (better(&s->rule, metric, *best))
        *best = metric, *bad = 0;
    else
        ++*bad;
    if (*cool > 0) --*cool, *bad = 0;
    if (*bad <= (double)s->rule.patience) return;
    lower(s);
    *cool = (double)s->rule.cooldown;
    *bad = 0;
}

static const tp_schedule_kind plateau_kind = {.name = "plateau", .follow = plateau_follow};

tp_schedule *tp_plateau_schedule(tp_optim *optim, const tp_plateau_schedule_options *options, tp_error *error)
{
    const tp_plateau_schedule_options o = options ? *options : (tp_plateau_schedule_options){0};
    const tp_schedule_rule rule = {.power = o.factor != 0 ? o.factor : 0.1,
                                   .patience = o.patience == 0    ? 10
                                               : o.patience == -1 ? 0
                                                                  : o.patience,
                                   .cooldown = o.cooldown,
                                   .gamma = o.threshold != 0 ? o.threshold : 1e-4,
                                   .absolute = o.absolute,
                                   .maximise = o.maximise,
                                   .low = o.floor,
                                   .high = o.epsilon != 0 ? o.epsilon : 1e-8,
                                   .groups = o.groups};
    const char *name = plateau_kind.name;
    if (!tp_schedule_check(name, "factor", rule.power, 0, 1, error) ||
        !tp_schedule_check(name, "patience", (double)rule.patience, 0, HUGE_VAL, error) ||
        !tp_schedule_check(name, "cooldown", (double)rule.cooldown, 0, HUGE_VAL, error) ||
        !tp_schedule_check(name, "threshold", rule.gamma, 0, HUGE_VAL, error) ||
        !tp_schedule_check(name, "floor", rule.low, 0, HUGE_VAL, error) ||
        !tp_schedule_check(name, "epsilon", rule.high, 0, HUGE_VAL, error))
        return NULL;
    tp_schedule *s = tp_schedule_make(&plateau_kind, optim, &rule, error);
    if (s) s->numbers[TP_PLATEAU_BEST] = rule.maximise ? -HUGE_VAL : HUGE_VAL;
    return s;
}
