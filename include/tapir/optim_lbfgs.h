/* L-BFGS: quasi-Newton steps over all parameters at once, for losses that are the same function at every call. */
#ifndef TAPIR_OPTIM_LBFGS_H
#define TAPIR_OPTIM_LBFGS_H

#include <tapir/optim_common.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Steps by tp_optim_step_with alone (tp_optim_step: TP_E_UNSUPPORTED), each of up to `iterations` iterations. Each has
   the direction d = -H g, where H comes from the latest `history` pairs s of steps and y of changes of the gradient by
   the two-loop recursion, from (s y / y y) I; pairs with s y <= 1e-10 are left out. The step is t d, t = rate (at the
   very first min(1, 1 / sum |g|) rate); with strong_wolfe that is where a line search begins, by cubic interpolation,
   for f(t) <= f(0) + 1e-4 t g d and |g(t) d| <= 0.9 |g d|. It ends early when max |g| <= tolerance_gradient, the step
   or the change of the loss is at most tolerance_change, or the closure was called `evaluations` times. The algorithm
   is PyTorch's. A loss that is no number counts as infinite in the line search. Liu, Nocedal: "On the limited memory
   BFGS method for large scale optimization", Math. Programming 45 (1989); Nocedal, Wright: "Numerical optimization",
   algorithms 7.4, 3.5, 3.6. There is one group. Vectors are held in f64 whatever the parameters are: 10 + 2 pairs of
   all elements, the pairs as they come; once there are `history` of them, steps ask for no memory. A step that fails
   forgets them. There are no state tensors: tp_optim_numbers holds everything. A parameter that is added later makes it
   begin anew. */
typedef struct tp_lbfgs_options {
    double rate;               /* [1], >= 0 */
    double tolerance_gradient; /* [1e-7], >= 0 */
    double tolerance_change;   /* [1e-9], >= 0 */
    int iterations;            /* [20], >= 1: of one step */
    int evaluations;           /* [iterations * 5 / 4], >= 1: of one step */
    int history;               /* [100], >= 1 */
    bool strong_wolfe;         /* [false: steps of the length that the rate says] */
    const tp_allocator *memory;
} tp_lbfgs_options;
/* As the constructors in optim_rules.h. */
TP_API tp_optim *tp_lbfgs(const tp_lbfgs_options *options, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
