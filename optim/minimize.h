/* What the methods of tp_minimize share: the present point, evaluation with its counts and failures, the line search,
   and when to end. Invariant: x, g and value belong together, and value is the lowest that has been seen. */
#ifndef TAPIR_OPTIM_MINIMIZE_H
#define TAPIR_OPTIM_MINIMIZE_H

#include <math.h>
#include <tapir/minimize.h>

typedef struct tp_search {
    tp_objective *o;
    const tp_minimize_options *options; /* defaults filled in */
    tp_minimize_result *result;
    tp_status status; /* not TP_OK: f cannot go on */
    int64_t n;
    double *x, *g;           /* the present point, and the gradient there */
    double *trial, *trial_g; /* of the line search */
    double *work;            /* what the method asked for */
    double value;
    int64_t m; /* residuals */
} tp_search;

/* One method. `work` says how many numbers it wants besides; `run` goes on until an end. */
typedef struct tp_minimizer {
    size_t (*work)(const tp_search *s);
    tp_minimize_end (*run)(tp_search *s);
} tp_minimizer;

extern const tp_minimizer tp_minimizer_lbfgs, tp_minimizer_cg, tp_minimizer_newton, tp_minimizer_lm;

/* f at x and, where g is not NULL, its gradient: HUGE_VAL where it has none. After a failure that a shorter step cannot
   mend s->status is set. */
double tp_search_at(tp_search *s, const double *x, double *g);
/* Whether the gradient is as small as asked for; notes how large it is. */
bool tp_search_flat(tp_search *s);
/* After a step from `before`: whether to end, and how. */
bool tp_search_ends(tp_search *s, double before, tp_minimize_end *end);
/* Along d, first by *step: to a point where the strong Wolfe conditions hold with c2. False when there is none lower.
 *step is the step that was taken. */
bool tp_search_line(tp_search *s, const double *d, double c2, double *step);

static inline double tp_dot(int64_t n, const double *a, const double *b)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static inline double tp_norm(int64_t n, const double *a)
{
    return sqrt(tp_dot(n, a, a));
}

/* y += a x */
static inline void tp_axpy(int64_t n, double a, const double *x, double *y)
{
    for (int64_t i = 0; i < n; i++) y[i] += a * x[i];
}

#endif
