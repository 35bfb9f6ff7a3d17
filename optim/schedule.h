/* The inside of a schedule: a kind, its numbers, and the rates that the groups began with. */
#ifndef TAPIR_OPTIM_SCHEDULE_KIND_H
#define TAPIR_OPTIM_SCHEDULE_KIND_H

#include <tapir/optim_schedule.h>

#include "optim/optim.h"

/* Options of every kind, checked; each kind says which it has. */
typedef struct tp_schedule_rule {
    int64_t period, factor;
    double gamma, low, high, power, from, to;
    double cycle[5];
    bool linear, three_phases, keep_momentum, absolute, maximise;
    int64_t patience, cooldown;
    uint64_t groups;
    int milestone_count;
    const int64_t *milestones;
} tp_schedule_rule;

typedef struct tp_schedule_kind {
    const char *name;
    /* The rate at t; NULL: it follows a metric. */
    double (*rate)(const tp_schedule *s, int group, double base, uint64_t t);
    /* Sets what is beside the rates; may be NULL. */
    void (*apply)(tp_schedule *s, uint64_t t);
    void (*follow)(tp_schedule *s, double metric);
} tp_schedule_kind;

enum { TP_PLATEAU_BEST, TP_PLATEAU_BAD, TP_PLATEAU_COOL, TP_SCHEDULE_NUMBERS };

struct tp_schedule {
    const tp_schedule_kind *kind;
    tp_optim *optim;
    tp_schedule_rule rule; /* with milestones of its own */
    uint64_t t;
    int groups;          /* how many the optimiser had */
    double *base;        /* of each; NaN: it is not the schedule's */
    tp_schedule **parts; /* part_count of them, or NULL */
    int part_count;
    bool owned; /* it is a part itself */
    double numbers[TP_SCHEDULE_NUMBERS];
};

/* A schedule at t = 0 whose rates are not yet set; milestones are copied. */
tp_schedule *tp_schedule_make(const tp_schedule_kind *kind, tp_optim *optim, const tp_schedule_rule *rule,
                              tp_error *error);
/* Sets the rates of the present t. */
void tp_schedule_apply(tp_schedule *s);
/* The same, for the whole call of a constructor: makes it and applies it. */
tp_schedule *tp_schedule_begin(const tp_schedule_kind *kind, tp_optim *optim, const tp_schedule_rule *rule,
                               tp_error *error);

/* low <= value < high; the message has the kind's and the option's name. */
bool tp_schedule_check(const char *kind, const char *option, double value, double low, double high, tp_error *error);

#endif
