/* Functions of elements: what f does to one element is done to all elements of tensors, as one node. */
#ifndef TAPIR_MAP_H
#define TAPIR_MAP_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What happens to one element: m scalars y from n scalars x. */
typedef void (*tp_element_function)(tp_tape *tape, const tp_var *x, int n, tp_var *y, int m, void *user);

/* y[...] = f(x_0[...], ..., x_n-1[...]) for every element of n operands, scalars and tensors of one float dtype, which
   broadcast as those of tp_add do: of their common shape (d...) where m is 1, else (m, d...), one result of f behind
   another.
   f is called once, here, with n scalars, and forgotten; what it recorded is run over the elements, some hundred at a
   time, so that what it computes on the way stays in the processor's nearest memory: none of it is kept, and a walk
   back computes it again. Values are those of the same ops recorded on the tensors; gradients too, up to rounding.
   f uses ops_math.h (but no comparisons), constants of its own (tp_const), and derivatives of what it has recorded:
   tp_gradients with TP_CREATE_GRAPH, tp_value_and_grad. It takes no other handles than x. No branch and no constant of
   it may depend on their values, which are those of the first elements. What it records while tp_tape_set_grad is off
   has no gradient.
   Derivatives of any order and both modes; a second one is recorded op by op. A replay does not call f.
   Errors: what f makes; TP_E_ARGUMENT for NULL, n or m below 1, a result that is no good handle, an operand of an op
   that f takes from outside; TP_E_UNSUPPORTED for an op that is no elementwise one; TP_E_SHAPE and TP_E_DTYPE as for
   tp_add; TP_E_LIMIT for rank 8 and m above 1. */
TP_API tp_var tp_map(tp_element_function f, tp_tape *tape, const tp_var *x, int n, int m, void *user);

#ifdef __cplusplus
}
#endif
#endif
