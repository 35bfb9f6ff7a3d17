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

#ifdef __cplusplus
}
#endif
#endif
