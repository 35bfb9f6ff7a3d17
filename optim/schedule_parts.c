/* Schedules made of several: one on top of the other, or one after the other. */
#include "optim/schedule.h"

static bool has_group(const tp_schedule *s, int group)
{
    return group < s->groups && !isnan(s->base[group]);
}

static double chained_rate(const tp_schedule *s, int group, double base, uint64_t t)
{
    for (int i = 0; i < s->part_count; i++)
        if (has_group(s->parts[i], group)) base = s->parts[i]->kind->rate(s->parts[i], group, base, t);
    return base;
}

static void chained_apply(tp_schedule *s, uint64_t t)
{
    for (int i = 0; i < s->part_count; i++)
        if (s->parts[i]->kind->apply) s->parts[i]->kind->apply(s->parts[i], t);
}

static const tp_schedule_kind chained_kind = {.name = "chained", .rate = chained_rate, .apply = chained_apply};

/* The part that counts at t, and its own t. */
static tp_schedule *present(const tp_schedule *s, uint64_t *t)
{
    int i = 0;
    while (i + 1 < s->part_count && (uint64_t)s->rule.milestones[i] <= *t) i++;
    if (i > 0) *t -= (uint64_t)s->rule.milestones[i - 1];
    return s->parts[i];
}

static double sequential_rate(const tp_schedule *s, int group, double base, uint64_t t)
{
    const tp_schedule *part = present(s, &t);
    return has_group(part, group) ? part->kind->rate(part, group, base, t) : base;
}

static void sequential_apply(tp_schedule *s, uint64_t t)
{
    tp_schedule *part = present(s, &t);
    if (part->kind->apply) part->kind->apply(part, t);
}

static const tp_schedule_kind sequential_kind = {
    .name = "sequential", .rate = sequential_rate, .apply = sequential_apply};

/* ---- putting together ---- */

/* Whether schedules[i] is free to become a part: NULL when it is, else what is wrong. */
static const char *refused(tp_schedule *const *schedules, int i)
{
    const tp_schedule *s = schedules[i];
    if (!s) return "NULL";
    for (int k = 0; k < i; k++)
        if (schedules[k] == s) return "there twice";
    if (s->owned) return "part of another";
    if (s->parts) return "itself made of several";
    if (!s->kind->rate) return "one that follows a metric";
    return s->optim != schedules[0]->optim ? "of another optimiser" : NULL;
}

static tp_status check(const char *name, tp_schedule *const *schedules, int n, const int64_t *milestones,
                       tp_error *error)
{
    if (n < 1 || !schedules) return tp_fail(error, TP_E_ARGUMENT, "tp_%s_schedule: there are no schedules", name);
    for (int i = 0; i < n; i++) {
        const char *why = refused(schedules, i);
        if (why) return tp_fail(error, TP_E_ARGUMENT, "tp_%s_schedule: schedule %d is %s", name, i, why);
    }
    for (int i = 0; milestones && i < n - 1; i++)
        if (milestones[i] < (i > 0 ? milestones[i - 1] : 0))
            return tp_fail(error, TP_E_ARGUMENT, "tp_%s_schedule: milestone %d is %lld: negative or not ascending",
                           name, i, (long long)milestones[i]);
    return TP_OK;
}

static void free_all(tp_schedule *const *schedules, int n)
{
    for (int i = 0; schedules && i < n; i++) {
        bool again = false;
        for (int k = 0; k < i; k++) again |= schedules[k] == schedules[i];
        if (!again) tp_schedule_free(schedules[i]);
    }
}

/* Bases are those of the parts: the groups' own rates have been set by them meanwhile. */
static void take_over(tp_schedule *s, tp_schedule *const *schedules)
{
    for (int g = 0; g < s->groups; g++) s->base[g] = (double)NAN;
    for (int i = 0; i < s->part_count; i++) {
        s->parts[i] = schedules[i];
        s->parts[i]->owned = true;
        for (int g = 0; g < s->groups && g < s->parts[i]->groups; g++)
            if (isnan(s->base[g])) s->base[g] = s->parts[i]->base[g];
    }
}

static tp_schedule *combine(const tp_schedule_kind *kind, tp_schedule *const *schedules, int n,
                            const int64_t *milestones, tp_error *error)
{
    if (check(kind->name, schedules, n, milestones, error) != TP_OK) {
        free_all(schedules, n);
        return NULL;
    }
    tp_optim *optim = schedules[0]->optim;
    const tp_schedule_rule rule = {.milestone_count = n - 1, .milestones = milestones};
    tp_schedule *s = tp_schedule_make(kind, optim, &rule, error);
    tp_schedule **parts = s ? tp_allocate_zeroed(&optim->memory, (size_t)n * sizeof *parts) : NULL;
    if (!parts) {
        if (s) tp_fail(error, TP_E_MEMORY, "tp_%s_schedule: out of memory", kind->name);
        tp_schedule_free(s);
        free_all(schedules, n);
        return NULL;
    }
    s->part_count = n;
    s->parts = parts;
    take_over(s, schedules);
    tp_schedule_apply(s);
    return s;
}

tp_schedule *tp_chained_schedule(tp_schedule *const *schedules, int n, tp_error *error)
{
    return combine(&chained_kind, schedules, n, NULL, error);
}

tp_schedule *tp_sequential_schedule(tp_schedule *const *schedules, int n, const int64_t *milestones, tp_error *error)
{
    if (n > 1 && !milestones) {
        tp_fail(error, TP_E_ARGUMENT, "tp_sequential_schedule: the milestones are NULL");
        free_all(schedules, n);
        return NULL;
    }
    return combine(&sequential_kind, schedules, n, milestones, error);
}
