/* Derivatives beyond the gradient, of what is recorded: products with the Hessian, whole Jacobians and Hessians.
   tape.h has the products with the Jacobian, tp_vjp and tp_jvp. */
#ifndef TAPIR_DERIVE_H
#define TAPIR_DERIVE_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The Hessian-vector product of the scalar `y` (or a tensor of one element) by n nodes x, scalars and tensors mixed:
   hv_i = sum over k of (d2y / dx_i dx_k) v_k, in x_i's shape and dtype, by forward mode over the recorded gradient (see
   Pearlmutter, "Fast exact multiplication by the Hessian", 1994). v[i] has x[i]'s shape, or is a scalar that is spread
   out. It costs a few gradients, whatever the size of x. The products are constants and all that is left on the tape;
   with TP_CREATE_GRAPH they are differentiable, by x and by v, and the recorded gradient stays. A node that y does not
   depend on gets zeros. The adjoints of the latest walk are gone; parameters' gradients stay as they were. Errors: as
   tp_gradients and tp_jvp; every hv[i] is poisoned then. */
TP_API tp_status tp_hvp(tp_var y, const tp_var *x, const tp_var *v, int n, tp_var *hv, unsigned flags);

/* The Jacobian of m nodes y by n nodes x as one matrix, a constant on the tape of shape (M, N): M counts the elements
   of y_0, y_1, ... one after another in row-major order, N those of x_0, x_1, ...; a scalar counts as one. Element (r,
   c) is the derivative of the r-th number of y by the c-th of x: the shape that solvers want, whatever is mixed in x.
   It is f32 where all tensors in y and x are, else f64. By forward mode, 16 or fewer columns at a time, where N <= M;
   else by reverse mode, row by row. With TP_CREATE_GRAPH it is differentiable, and what it was made from stays on the
   tape; else it is all that is left. Zero where y does not depend on x. The adjoints of the latest walk are gone;
   parameters' gradients stay as they were. Errors: as tp_vjp and tp_jvp. */
TP_API tp_status tp_jacobian(const tp_var *y, int m, const tp_var *x, int n, tp_var *jacobian, unsigned flags);

/* The Hessian of the scalar `y` (or a tensor of one element) by n nodes x as one (N, N) matrix, counted as in
   tp_jacobian: the Jacobian of the gradient, whose columns are made as in tp_hvp, 16 or fewer at a time. Symmetric to
   the last bit: H and its transpose are averaged; with TP_CREATE_GRAPH, where it is differentiable, symmetric up to
   rounding only. */
TP_API tp_status tp_hessian(tp_var y, const tp_var *x, int n, tp_var *hessian, unsigned flags);

#ifdef __cplusplus
}
#endif
#endif
