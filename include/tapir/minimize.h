/* Minimisation: of functions over plain memory by the methods of numerical optimisation, and on the tape. */
#ifndef TAPIR_MINIMIZE_H
#define TAPIR_MINIMIZE_H

#include <tapir/objective.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- over plain memory ----

     double x[] = {-1.2, 1};
     tp_objective *o = tp_objective_new(rosenbrock, NULL, 2, NULL, NULL, &error);
     if (tp_minimize(o, x, NULL, NULL, &error) != TP_OK) ...

   J. Nocedal and S. J. Wright, "Numerical Optimization", second edition (2006), has all four methods. */

typedef enum tp_method {
    /* Limited-memory BFGS (algorithm 7.4): a direction from the latest `history` steps, and a line search for the
       strong Wolfe conditions (algorithms 3.5 and 3.6, c1 = 1e-4, c2 = 0.9). One gradient a trial; the first choice. */
    TP_LBFGS = 0,
    /* Nonlinear conjugate gradients by Polak and Ribiere, restarted where a direction leads up (5.44; c2 = 0.1): memory
       for five vectors only. */
    TP_CONJUGATE_GRADIENTS,
    /* Newton's method in a trust region, its steps by conjugate gradients on products with the Hessian (algorithms 4.1
       and 7.2, Steihaug): few steps, each of some tp_objective_hvp. It leaves saddle points. */
    TP_NEWTON_CG,
    /* Levenberg and Marquardt (10.3), scaled as by J. J. More, "The Levenberg-Marquardt algorithm" (1978), the damping
       after H. B. Nielsen (1999): for a vector r of residuals, of which sum r^2 / 2 is minimised. One Jacobian a step,
       of m by n numbers, and a QR factorisation of it. */
    TP_LEVENBERG_MARQUARDT
} tp_method;

typedef enum tp_minimize_end {
    TP_END_GRADIENT = 0, /* the gradient is as small as asked for */
    TP_END_CHANGE,       /* a step has changed the value by less than asked for */
    TP_END_ROUNDING,     /* no step leads lower: numbers have no more digits, or f is not smooth there */
    TP_END_LIMIT,        /* iterations or evaluations are used up */
    TP_END_STOPPED       /* progress said so */
} tp_minimize_end;

typedef struct tp_minimize_result {
    tp_minimize_end end;
    int64_t iterations;  /* steps taken */
    int64_t evaluations; /* of f, most of them with its gradient */
    int64_t products;    /* with the Hessian; of Levenberg and Marquardt, Jacobians */
    double value;        /* f at x, or sum r^2 / 2 */
    double gradient;     /* the largest element of its gradient there, in size */
} tp_minimize_result;

/* Zero means the default, given in brackets; a negative tolerance is never reached. */
typedef struct tp_minimize_options {
    tp_method method;
    int history;                /* [10] of TP_LBFGS: steps that are remembered */
    int64_t iterations;         /* [1000] at the most */
    int64_t evaluations;        /* [20 times that] at the most */
    double gradient;            /* [1e-8] ends when no element of the gradient is larger in size */
    double change;              /* [1e-15] ends when a step makes f smaller by at most this times |f| */
    double radius;              /* [1] of TP_NEWTON_CG: the trust region at the start */
    const tp_allocator *memory; /* [malloc] */
    /* Called after each step with what has been reached and the point: false ends. NULL: nobody is told. */
    bool (*progress)(const tp_minimize_result *so_far, const double *x, void *user);
    void *user; /* of progress */
} tp_minimize_options;

/* Minimises from x, tp_objective_size(o) numbers, and leaves the best point there; the objective, and with it the
   tensors that it moves, stands there too. x NULL: from where the objective's tensors are. All memory is taken at the
   start. `options` and `result` may be NULL.
   Where f has no value at a trial (TP_E_NUMERIC, NaN or Inf) the trial is too far, and a shorter one is made. TP_OK for
   every kind of end: `result` says which. Errors, with the message in `error` (which may be NULL): TP_E_ARGUMENT for
   NULL and options out of range; TP_E_SHAPE for an f with more than one element (but for TP_LEVENBERG_MARQUARDT, whose
   number of residuals must not change); TP_E_NUMERIC when f or its gradient is not finite at the start; TP_E_MEMORY;
   what f makes. x is the best point so far then. */
TP_API tp_status tp_minimize(tp_objective *o, double *x, const tp_minimize_options *options, tp_minimize_result *result,
                             tp_error *error);
/* "gradient", "change", ... */
TP_API const char *tp_minimize_end_name(tp_minimize_end end);

/* ---- on the tape ---- */

/* Zero means the default, given in brackets. */
typedef struct tp_descend_options {
    double step;      /* [1e-5] the first step size */
    double tolerance; /* [1e-5] of the gradient's norm, and of a step's */
    int patience;     /* [10] steps accepted one after the other until the step size is doubled */
    int64_t limit;    /* [10^6] evaluations of f */
    bool maximise;    /* go up instead */
    unsigned flags;   /* of tp_value_and_grad: TP_FORWARD, TP_CREATE_GRAPH */
} tp_descend_options;

/* Gradient descent for a scalar y = f(x) from n differentiable nodes x, of any shape: x' = x - step dy/dx. A step that
   does not make y smaller is not taken, and halves the step size; after `patience` steps taken without such it doubles.
   Ends where gradient or step are shorter than the tolerance: minimum[i] is the last x[i]. The rule is that of the
   saddle and particle problems of J. M. Siskind and B. A. Pearlmutter, "Using polyvariant union-free flow analysis to
   compile a higher-order functional-programming language with a first-class derivative operator to efficient
   Fortran-like code", Purdue University ECE TR-367 (2008).
   Inside a function that is being differentiated, or with TP_CREATE_GRAPH, the steps taken stay on the tape and the
   minimum can be differentiated through them; what decides, norms and comparisons, is no part of that. Otherwise the
   tape holds nothing but the minimum, as constants, however many steps there were. `options` may be NULL.
   Errors: as tp_value_and_grad; TP_E_ARGUMENT for numbers out of range; TP_E_NUMERIC when the limit is reached or y is
   NaN at the start. */
TP_API tp_status tp_descend(tp_function f, tp_tape *tape, const tp_var *x, int n, void *user,
                            const tp_descend_options *options, tp_var *minimum);

#ifdef __cplusplus
}
#endif
#endif
