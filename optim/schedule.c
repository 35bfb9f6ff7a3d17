/* Schedules of every kind: making, stepping, state. */
#include "optim/schedule.h"

#include <string.h>

bool tp_schedule_check(const char *kind, const char *option, double value, double low, double high, tp_error *error)
{
    if (value >= low && value < high) return true;
    tp_fail(error, TP_E_ARGUMENT, "tp_%s_schedule: %s is %g, outside [%g, %g)", kind, option, value, low, high);
    return false;
}

/* ---- making and freeing ---- */

static size_t milestone_bytes(const tp_schedule *s)
{
    return (size_t)s->rule.milestone_count * sizeof *s->rule.milestones;
}

static void release(tp_schedule *s)
{
    tp_optim *optim = s->optim;
    const tp_allocator *memory = &optim->memory;
    if (s->rule.milestones) tp_deallocate(memory, (void *)s->rule.milestones, milestone_bytes(s));
    if (s->parts) tp_deallocate(memory, s->parts, (size_t)s->part_count * sizeof *s->parts);
    if (s->base) tp_deallocate(memory, s->base, (size_t)s->groups * sizeof *s->base);
    tp_deallocate(memory, s, sizeof *s);
    tp_optim_free(optim);
}

/* Parts have no parts. */
void tp_schedule_free(tp_schedule *s)
{
    if (!s || s->owned) return;
    for (int i = 0; i < s->part_count; i++) release(s->parts[i]);
    release(s);
}

static tp_schedule *allocate(const tp_schedule_kind *kind, tp_optim *optim, const tp_schedule_rule *rule)
{
    tp_schedule *s = tp_allocate_zeroed(&optim->memory, sizeof *s);
    if (!s) return NULL;
    s->kind = kind;
    s->optim = optim;
    s->rule = *rule;
    s->rule.milestones = NULL;
    s->groups = tp_optim_group_count(optim);
    optim->users++;
    s->base = tp_allocate_zeroed(&optim->memory, (size_t)s->groups * sizeof *s->base);
    bool good = s->base != NULL;
    if (good && rule->milestones && rule->milestone_count > 0) {
        int64_t *copy = tp_allocate_zeroed(&optim->memory, milestone_bytes(s));
        if (copy) memcpy(copy, rule->milestones, milestone_bytes(s));
        s->rule.milestones = copy;
        good = copy != NULL;
    }
    if (good) return s;
    release(s);
    return NULL;
}

tp_schedule *tp_schedule_make(const tp_schedule_kind *kind, tp_optim *optim, const tp_schedule_rule *rule,
                              tp_error *error)
{
    if (!optim) {
        tp_fail(error, TP_E_ARGUMENT, "tp_%s_schedule: the optimiser is NULL", kind->name);
        return NULL;
    }
    const int groups = tp_optim_group_count(optim);
    if (rule->groups != 0 && (groups < 64 ? rule->groups >> groups : 0) != 0) {
        tp_fail(error, TP_E_ARGUMENT, "tp_%s_schedule: groups is 0x%llx, and there are %d groups", kind->name,
                (unsigned long long)rule->groups, groups);
        return NULL;
    }
    tp_schedule *s = allocate(kind, optim, rule);
    if (!s) {
        tp_fail(error, TP_E_MEMORY, "tp_%s_schedule: out of memory", kind->name);
        return NULL;
    }
    for (int g = 0; g < groups; g++) {
        const bool mine = rule->groups == 0 || (g < 64 && (rule->groups >> g & 1) != 0);
        s->base[g] = mine ? tp_optim_rate(optim, g) : (double)NAN;
    }
    return s;
}

void tp_schedule_apply(tp_schedule *s)
{
    for (int g = 0; g < s->groups && s->kind->rate; g++)
        if (!isnan(s->base[g])) tp_optim_set_rate(s->optim, g, s->kind->rate(s, g, s->base[g], s->t));
    if (s->kind->apply) s->kind->apply(s, s->t);
}

tp_schedule *tp_schedule_begin(const tp_schedule_kind *kind, tp_optim *optim, const tp_schedule_rule *rule,
                               tp_error *error)
{
    tp_schedule *s = tp_schedule_make(kind, optim, rule, error);
    if (s) tp_schedule_apply(s);
    return s;
}

/* ---- stepping ---- */

tp_status tp_schedule_step_metric(tp_schedule *s, double metric)
{
    if (!s) return TP_E_ARGUMENT;
    s->t++;
    if (s->kind->follow)
        s->kind->follow(s, metric);
    else
        tp_schedule_apply(s);
    return TP_OK;
}

tp_status tp_schedule_step(tp_schedule *s)
{
    if (s && s->kind->follow) return TP_E_UNSUPPORTED;
    return tp_schedule_step_metric(s, 0);
}

uint64_t tp_schedule_steps(const tp_schedule *s)
{
    return s ? s->t : 0;
}

double tp_schedule_rate(const tp_schedule *s, int group, uint64_t t)
{
    if (!s || !s->kind->rate || group < 0 || group >= s->groups || isnan(s->base[group])) return (double)NAN;
    return s->kind->rate(s, group, s->base[group], t);
}

const char *tp_schedule_name(const tp_schedule *s)
{
    return s ? s->kind->name : "";
}

/* ---- state: t; the base of each group, -1 where it has none; what follows a metric, its numbers ---- */

static int own_numbers(const tp_schedule *s)
{
    return s->kind->follow ? TP_SCHEDULE_NUMBERS : 0;
}

int tp_schedule_state(const tp_schedule *s, double *state, int n)
{
    if (!s) return 0;
    const int count = 1 + s->groups + own_numbers(s);
    for (int i = 0; state && i < n && i < count; i++)
        state[i] = i == 0           ? (double)s->t
                   : i <= s->groups ? (isnan(s->base[i - 1]) ? -1 : s->base[i - 1])
                                    : s->numbers[i - 1 - s->groups];
    return count;
}

static bool state_fits(const tp_schedule *s, const double *state)
{
    if (!(state[0] >= 0 && state[0] <= 0x1p53 && state[0] == floor(state[0]))) return false;
    for (int g = 0; g < s->groups; g++) {
        const double base = state[1 + g];
        if (isnan(s->base[g]) ? base != -1 : !(base >= 0 && isfinite(base))) return false;
    }
    const double *numbers = state + 1 + s->groups;
    for (int i = TP_PLATEAU_BAD; i < own_numbers(s); i++)
        if (!(numbers[i] >= 0 && numbers[i] <= 0x1p53)) return false;
    return true;
}

tp_status tp_schedule_set_state(tp_schedule *s, const double *state, int n, tp_error *error)
{
    if (!s || !state)
        return tp_fail(error, TP_E_ARGUMENT, "tp_schedule_set_state: the %s is NULL", s ? "state" : "schedule");
    const int count = tp_schedule_state(s, NULL, 0);
    if (n != count)
        return tp_fail(error, TP_E_ARGUMENT, "tp_schedule_set_state: %d numbers, where this %s schedule has %d", n,
                       s->kind->name, count);
    if (!state_fits(s, state))
        return tp_fail(error, TP_E_ARGUMENT, "tp_schedule_set_state: the numbers are no state of this %s schedule",
                       s->kind->name);
    s->t = (uint64_t)state[0];
    for (int g = 0; g < s->groups; g++)
        if (!isnan(s->base[g])) s->base[g] = state[1 + g];
    for (int i = 0; i < own_numbers(s); i++) s->numbers[i] = state[1 + s->groups + i];
    if (!s->kind->follow) tp_schedule_apply(s);
    return TP_OK;
}
