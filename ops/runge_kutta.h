/* Steps of explicit Runge-Kutta methods, recorded. */
#ifndef TAPIR_OPS_RUNGE_KUTTA_H
#define TAPIR_OPS_RUNGE_KUTTA_H

#include "ops/ops.h"

enum { TP_MAX_STAGES = 7 };

/* The derivative that is integrated. */
typedef struct tp_ode {
    tp_function f;
    void *user;
    int n;         /* of theta */
    tp_var *theta; /* on the tape's stack */
} tp_ode;

/* k_s = f(t + c_s h, y + h sum_j a_sj k_j); the last row of `a` gives the result. */
typedef struct tp_tableau {
    int stages; /* that a step needs; the next row is the result's */
    double c[TP_MAX_STAGES], a[TP_MAX_STAGES + 1][TP_MAX_STAGES];
    double error[TP_MAX_STAGES]; /* weights of the difference to the embedded result, which uses one stage more */
} tp_tableau;

extern const tp_tableau tp_rk4, tp_dopri5;

/* f(t, y): poisoned, with the error set, where it is not like y. */
tp_var tp_ode_slope(tp_tape *tape, const tp_ode *ode, double t, tp_var y);
/* y after a step from t to t + h; k[0] is the slope at t, the others are written. */
tp_var tp_ode_step(tp_tape *tape, const tp_ode *ode, const tp_tableau *method, double t, double h, tp_var y, tp_var *k);
/* y + h sum w_j k_j; without the y where it is no handle. */
tp_var tp_ode_combine(tp_tape *tape, tp_var y, double h, const double *w, const tp_var *k, int n);

#endif
