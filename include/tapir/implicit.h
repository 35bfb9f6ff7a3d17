/* Results of iterations, differentiated by what they satisfy and not through the iterations: fixed points and ordinary
   differential equations. (A linear system is tp_solve, whose gradient is another solution: dB = A^-T g, dA = -dB X^T.)
   Functions of the user's are called again by backward passes and replays: `user`, and what it points at, must live as
   long as the recording. They must give the same for the same operands. What they read
   besides their operands they capture as handles; tp_param is called before, not inside (TP_E_ARGUMENT). */
#ifndef TAPIR_IMPLICIT_H
#define TAPIR_IMPLICIT_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero means the default, given in brackets. Converged is |x' - x| <= absolute + relative |x'| in the 2-norm. */
typedef struct tp_fixed_point_options {
    double relative; /* [1e-12; 1e-6 for f32] */
    double absolute; /* the same */
    int limit;       /* [1000] iterations, and as many for the gradient */
} tp_fixed_point_options;

/* x = g(x, theta), from the start x0: g is called with n + 1 operands, x and the n nodes theta, and returns the next x,
   of the same shape and dtype. It is iterated without being recorded, so that memory does not depend on the number of
   iterations; the result depends on theta and on whatever g captures, not on x0. g has to be a contraction near x.
   The gradient for an upstream v solves w = v + (dg/dx)^T w at the result, by iteration through vector-Jacobian
   products of one recorded g, and goes on with w to theta and to what g captured (L. B. Almeida 1987; F. J. Pineda
   1987; B. Christianson, "Reverse accumulation and attractive fixed points", Optimization Methods and Software 3,
   1994). Derivatives of any order and both modes; a replay iterates again. Errors: what g makes; TP_E_SHAPE and
   TP_E_DTYPE where its result is not like x0; TP_E_NUMERIC when x or w does not converge, or becomes NaN. `options` may
   be NULL. */
TP_API tp_var tp_fixed_point(tp_function g, tp_tape *tape, tp_var x0, const tp_var *theta, int n, void *user,
                             const tp_fixed_point_options *options);

#ifdef __cplusplus
}
#endif
#endif
