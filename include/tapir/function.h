/* Derivatives of functions: f is called, differentiated at x, and what it recorded goes again unless it is wanted. A
   derivative may stand inside a function that is itself differentiated, in either mode and to any depth: each call
   differentiates by fresh aliases of x, so that no level takes another's variable for its own.
   In all of them `f` is called once, with n handles that have the values of x; what else it needs it gets through
   `user`, or from handles that it has captured, which count as constants of this level and as variables of the levels
   around it. It may rewind what it recorded itself, and no further; TP_E_ARGUMENT when it resets the tape. */
#ifndef TAPIR_FUNCTION_H
#define TAPIR_FUNCTION_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Flags, of which any sum will do:
   TP_CREATE_GRAPH    results can be differentiated again, by x and by what f captured, and all that f and the walk
                      recorded stays. It is implied inside a function that is being differentiated.
                      Otherwise results are constants, and nothing but them stays on the tape.
   TP_FORWARD         tp_value_and_grad by forward mode, one sweep over f for each x, which must be scalars. */
enum { TP_FORWARD = 1 << 8 };

/* y = f(x) and dy/dx_i of n differentiable nodes x, where y is a scalar or has one element. `value` may be NULL.
   Errors: what f makes; TP_E_ARGUMENT for NULL; TP_E_SHAPE when y has more than one element; TP_E_STALE for bad
   handles, also of f's result. After an error the results are poisoned, and what f recorded is gone. */
TP_API tp_status tp_value_and_grad(tp_function f, tp_tape *tape, const tp_var *x, int n, void *user, tp_var *value,
                                   tp_var *grads, unsigned flags);

/* y = f(x) of any shape, and the vector-Jacobian products sum_k seed_k dy_k/dx_i. The seed has y's shape, or is a
   scalar that is spread out. */
TP_API tp_status tp_vjp_of(tp_function f, tp_tape *tape, const tp_var *x, int n, void *user, tp_var seed, tp_var *value,
                           tp_var *grads, unsigned flags);

/* y = f(x) of any shape, and the Jacobian-vector product dy = sum_i (dy/dx_i) dx_i. dx[i] has the shape of x[i], or is
   a scalar that is spread out. */
TP_API tp_status tp_jvp_of(tp_function f, tp_tape *tape, const tp_var *x, const tp_var *dx, int n, void *user,
                           tp_var *value, tp_var *dy, unsigned flags);

/* y = f(x), a scalar or of one element, and the Hessian-vector products hv_i = sum_k (d2y/dx_i dx_k) v_k; v[i] has the
   shape of x[i], or is a scalar that is spread out. */
TP_API tp_status tp_hvp_of(tp_function f, tp_tape *tape, const tp_var *x, const tp_var *v, int n, void *user,
                           tp_var *value, tp_var *hv, unsigned flags);

/* y = f(x), and the matrix of tp_jacobian or tp_hessian (derive.h): rows are the numbers of y, for the Hessian those of
   x, columns those of x_0, x_1, ... one after another. The Hessian wants a scalar y, or one element. */
TP_API tp_status tp_jacobian_of(tp_function f, tp_tape *tape, const tp_var *x, int n, void *user, tp_var *value,
                                tp_var *jacobian, unsigned flags);
TP_API tp_status tp_hessian_of(tp_function f, tp_tape *tape, const tp_var *x, int n, void *user, tp_var *value,
                               tp_var *hessian, unsigned flags);

/* tp_tape_rewind, but for the values of n handles: keep[i] becomes a constant with the value that it has, put on the
   tape after the mark. It is how a loop goes on with its numbers and without its past. On failure the handles are
   poisoned where the tape was rewound already. */
TP_API tp_status tp_tape_rewind_keeping(tp_tape *tape, tp_mark mark, tp_var *keep, int n);

#ifdef __cplusplus
}
#endif
#endif
