/* A line search for the strong Wolfe conditions, over a function of one number t: f(x + t d) and its gradient there. */
#ifndef TAPIR_OPTIM_LINE_SEARCH_H
#define TAPIR_OPTIM_LINE_SEARCH_H

#include "kernels/kernels.h"

typedef struct tp_line {
    const tp_float_loops *loops; /* of f64 */
    int64_t n;
    const double *d;
    double *gradient;                    /* n each: at t = 0, and in the end at the t that was found */
    double *before, *trial, *bracket[2]; /* for the search alone */
    double slope;                        /* of f at t = 0: gradient d */
    double tolerance;                    /* a bracket whose length times max |d| is below is done */
    tp_status (*evaluate)(void *user, double t, double *f, double *gradient);
    void *user;
    int evaluations; /* counted */
} tp_line;

/* From *t and *f = f(0) to the t that was found and f there. The first status of `evaluate` that is not TP_OK. */
tp_status tp_strong_wolfe(tp_line *line, double *t, double *f);

#endif
