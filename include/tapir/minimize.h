/* Minimisation on the tape. */
#ifndef TAPIR_MINIMIZE_H
#define TAPIR_MINIMIZE_H

#include <tapir/function.h>

#ifdef __cplusplus
extern "C" {
#endif

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
