/* Results of iterations, differentiated by what they satisfy and not through the iterations: fixed points and ordinary
   differential equations. (A linear system is tp_solve, whose gradient is another solution: dB = A^-T g, dA = -dB X^T.)
   Functions of the user's are called again by backward passes and replays: `user`, and what it points at, must live as
   long as the recording. They must give the same for the same operands. What they read besides these they capture as
   handles; the map of a fixed point does not call tp_param itself (TP_E_ARGUMENT). */
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

typedef enum tp_ode_method {
    TP_DOPRI5 = 0,   /* Dormand and Prince 5(4), the step size controlled */
    TP_DOPRI5_FIXED, /* ... of order 5, in steps of one size */
    TP_RK4           /* the classical method of order 4, in steps of one size */
} tp_ode_method;

/* Zero means the default, given in brackets. */
typedef struct tp_odeint_options {
    tp_ode_method method;
    double step; /* [a hundredth of an interval between two times] steps of one size are at most so long; controlled
                    ones start with it [chosen by the size of f and f'] */
    double
        relative; /* [1e-6; 1e-4 for f32] TP_DOPRI5: the error of a step is to be below absolute + relative |y|, in */
    double absolute; /* [1e-9; 1e-6 for f32] ... the root mean square over the elements of y */
    int64_t limit;   /* [100000] steps, taken or not, over all */
    size_t bytes;    /* of copies of the state for the gradient: see tp_checkpoint_chain */
} tp_odeint_options;

/* Solves dy/dt = f(t, y, theta) from y(times[0]) = y0, and gives y at all `count` times, which go up or down:
   results[0] is y0. f is called with n + 2 operands, the scalar t, the state y and the n nodes theta, and returns
   dy/dt, of y's shape and dtype; it may capture others. Times are met exactly, by a shorter step before each. Gradients
   by y0, theta and what f captured are those of the steps that were taken, whose sizes count as constants (the discrete
   adjoint): exact for the numbers that come out. States are kept at some steps, and the steps between taken again in
   the walk back. A replay takes the same steps. Derivatives of any order and both modes. Step size control is that of
   DOPRI5: E. Hairer, S. P. Norsett and G. Wanner, "Solving Ordinary Differential Equations I", 2nd edition (1993), II.4
   and II.5; J. R. Dormand and P. J. Prince, "A family of embedded Runge-Kutta formulae", J. Comp. Appl. Math. 6 (1980).
   Errors: what f makes; TP_E_ARGUMENT for times that do not go one way or are not finite; TP_E_SHAPE and TP_E_DTYPE
   where f's result is not like y; TP_E_NUMERIC when the limit is reached, or the step size becomes 0 (f is NaN, say, or
   y goes to infinity). `options` may be NULL. */
TP_API tp_status tp_odeint(tp_function f, tp_tape *tape, tp_var y0, const double *times, int count, const tp_var *theta,
                           int n, void *user, const tp_odeint_options *options, tp_var *results);

#ifdef __cplusplus
}
#endif
#endif
