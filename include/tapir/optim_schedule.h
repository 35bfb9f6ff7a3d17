/* Schedules: what changes the rates of an optimiser's groups from epoch to epoch, or from step to step.

   A schedule counts its steps t from 0, and rate = f(base, t), where base is the rate that the group had when the
   schedule was made. Making it sets the rates of t = 0; tp_schedule_step goes on to t + 1. Rates that someone else sets
   in between are overwritten (not by tp_plateau_schedule, which multiplies what it finds). Groups that are added to the
   optimiser later are left alone.

     tp_schedule *s = tp_cosine_schedule(optim, &(tp_cosine_schedule_options){.period = epochs}, &error);
     for (...) { an epoch; tp_schedule_step(s); }
     tp_schedule_free(s);

   In options, zero means the default, in brackets; TP_ZERO a zero that is meant. `groups` has a bit for each group,
   1 << 0 for group 0; 0 means all of them. Constructors give NULL with `error` set: TP_E_ARGUMENT for NULL and, by its
   name, an option outside its range or one without default that is missing; TP_E_MEMORY. Memory is the optimiser's,
   which may be freed before its schedules. */
#ifndef TAPIR_OPTIM_SCHEDULE_H
#define TAPIR_OPTIM_SCHEDULE_H

#include <tapir/optim_common.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tp_schedule tp_schedule;

/* Frees the schedule, and those that it is made of. The rates stay as they are. NULL is ignored. */
TP_API void tp_schedule_free(tp_schedule *schedule);

/* The next step. TP_E_ARGUMENT for NULL; TP_E_UNSUPPORTED for tp_plateau_schedule, which wants a metric. */
TP_API tp_status tp_schedule_step(tp_schedule *schedule);
/* The same, for schedules of every kind: all but tp_plateau_schedule do not look at the metric. */
TP_API tp_status tp_schedule_step_metric(tp_schedule *schedule, double metric);
/* t; 0 for NULL. */
TP_API uint64_t tp_schedule_steps(const tp_schedule *schedule);
/* The rate of a group at any t, without going there; NaN where the schedule has no such group, and of plateaus. */
TP_API double tp_schedule_rate(const tp_schedule *schedule, int group, uint64_t t);
TP_API const char *tp_schedule_name(const tp_schedule *schedule); /* "cosine"; "" for NULL */

/* Everything that changes: writes the first n numbers to `state`, which may be NULL when n is 0, and returns how many
   there are, which never changes; 0 for NULL. */
TP_API int tp_schedule_state(const tp_schedule *schedule, double *state, int n);
/* Takes over the state of a schedule that was made in the same way, and sets the rates (a plateau's are left to the
   optimiser's own state). On failure nothing was changed: TP_E_ARGUMENT for NULL, another count, a number out of range.
 */
TP_API tp_status tp_schedule_set_state(tp_schedule *schedule, const double *state, int n, tp_error *error);

/* ---- the kinds ---- */

/* base gamma^floor(t / period) */
typedef struct tp_step_schedule_options {
    int64_t period; /* >= 1, no default */
    double gamma;   /* [0.1], >= 0 */
    uint64_t groups;
} tp_step_schedule_options;
TP_API tp_schedule *tp_step_schedule(tp_optim *optim, const tp_step_schedule_options *options, tp_error *error);

/* base gamma^(how many of the milestones are <= t) */
typedef struct tp_multistep_schedule_options {
    const int64_t *milestones; /* copied; in ascending order; one that is there twice counts twice */
    int milestone_count;
    double gamma; /* [0.1], >= 0 */
    uint64_t groups;
} tp_multistep_schedule_options;
TP_API tp_schedule *tp_multistep_schedule(tp_optim *optim, const tp_multistep_schedule_options *options,
                                          tp_error *error);

/* base gamma^t */
typedef struct tp_exponential_schedule_options {
    double gamma; /* > 0, no default */
    uint64_t groups;
} tp_exponential_schedule_options;
TP_API tp_schedule *tp_exponential_schedule(tp_optim *optim, const tp_exponential_schedule_options *options,
                                            tp_error *error);

/* base factor while t < steps, then base */
typedef struct tp_constant_schedule_options {
    double factor; /* [1/3], >= 0 */
    int64_t steps; /* [5] */
    uint64_t groups;
} tp_constant_schedule_options;
TP_API tp_schedule *tp_constant_schedule(tp_optim *optim, const tp_constant_schedule_options *options, tp_error *error);

/* Warm-up: base (from + (to - from) min(t, steps) / steps) */
typedef struct tp_linear_schedule_options {
    double from, to; /* [1/3], [1], >= 0 */
    int64_t steps;   /* [5] */
    uint64_t groups;
} tp_linear_schedule_options;
TP_API tp_schedule *tp_linear_schedule(tp_optim *optim, const tp_linear_schedule_options *options, tp_error *error);

/* base (1 - min(t, steps) / steps)^power */
typedef struct tp_polynomial_schedule_options {
    int64_t steps; /* [5] */
    double power;  /* [1], >= 0 */
    uint64_t groups;
} tp_polynomial_schedule_options;
TP_API tp_schedule *tp_polynomial_schedule(tp_optim *optim, const tp_polynomial_schedule_options *options,
                                           tp_error *error);

/* floor + (base - floor) (1 + cos(pi t / period)) / 2; past the period it climbs again.
   Loshchilov, Hutter: "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, equation 5 without restarts.
 */
typedef struct tp_cosine_schedule_options {
    int64_t period; /* >= 1, no default */
    double floor;   /* [0], >= 0 */
    uint64_t groups;
} tp_cosine_schedule_options;
TP_API tp_schedule *tp_cosine_schedule(tp_optim *optim, const tp_cosine_schedule_options *options, tp_error *error);

/* The same with restarts: the first after `period` steps, each next period `factor` times as long as the one before. */
typedef struct tp_restarts_schedule_options {
    int64_t period; /* >= 1, no default */
    int64_t factor; /* [1], >= 1 */
    double floor;   /* [0], >= 0 */
    uint64_t groups;
} tp_restarts_schedule_options;
TP_API tp_schedule *tp_restarts_schedule(tp_optim *optim, const tp_restarts_schedule_options *options, tp_error *error);

/* One cycle of `steps` steps: from peak / start_divisor to the peak at t = rise steps - 1, then down to peak /
   start_divisor / end_divisor at t = steps - 1, where it stays. With three phases it comes down to the start as fast as
   it went up, and goes to the end from there. Momentum (of SGD and RMSProp; beta1 of those that have one) moves the
   other way, from momentum_high to momentum_low at the peak and back.
   Smith, Topin: "Super-convergence: very fast training of neural networks using large learning rates",
   arXiv:1708.07120; the defaults are fastai's. */
typedef struct tp_one_cycle_schedule_options {
    int64_t steps;                      /* >= 1, no default */
    double peak;                        /* [each group's rate], >= 0 */
    double rise;                        /* [0.3], 0..1 */
    double start_divisor, end_divisor;  /* [25], [1e4], > 0 */
    double momentum_low, momentum_high; /* [0.85], [0.95], 0..1 */
    bool linear;                        /* [false: by a cosine] */
    bool three_phases;                  /* [false] */
    bool keep_momentum;                 /* [false] do not touch it */
    uint64_t groups;
} tp_one_cycle_schedule_options;
TP_API tp_schedule *tp_one_cycle_schedule(tp_optim *optim, const tp_one_cycle_schedule_options *options,
                                          tp_error *error);

/* rate = max(rate factor, floor) when the metric has not become better for more than `patience` steps; then `cooldown`
   steps do not count. Better than the best so far is: metric < best (1 - threshold), or < best - threshold where
   absolute; when maximising: > best (1 + threshold), > best + threshold. A change of a rate by epsilon or less is not
   made. */
typedef struct tp_plateau_schedule_options {
    double factor;    /* [0.1], below 1 */
    int64_t patience; /* [10]; -1: none */
    int64_t cooldown; /* [0], >= 0 */
    double threshold; /* [1e-4], >= 0 */
    bool absolute;    /* [false] */
    bool maximise;    /* [false: the metric is a loss] */
    double floor;     /* [0], >= 0 */
    double epsilon;   /* [1e-8], >= 0 */
    uint64_t groups;
} tp_plateau_schedule_options;
TP_API tp_schedule *tp_plateau_schedule(tp_optim *optim, const tp_plateau_schedule_options *options, tp_error *error);

/* Several schedules of one optimiser as one. Chained: each takes for its base the rate that the one before gives at t.
   Sequential: schedules[i] from t = milestones[i - 1] on, where its own t begins with 0; all have the same base, and
   n - 1 milestones are in ascending order. Groups have their base from the first schedule that has them.
   The new schedule takes over all n *in every case*: on failure they are freed. TP_E_ARGUMENT for n < 1, NULL, one that
   is there twice, another optimiser's, a plateau, and one that is itself made of several. */
TP_API tp_schedule *tp_chained_schedule(tp_schedule *const *schedules, int n, tp_error *error);
TP_API tp_schedule *tp_sequential_schedule(tp_schedule *const *schedules, int n, const int64_t *milestones,
                                           tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
