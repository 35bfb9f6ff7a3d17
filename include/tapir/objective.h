/* A function over plain memory: what a minimiser calls. It goes to a point, and there gives value, gradient, products
   with Hessian and Jacobian, as often as wanted, all as arrays of double; in a steady loop it allocates nothing.

     tp_objective *o = tp_objective_new(f, user, 2, NULL, NULL, NULL);
     tp_objective_at(o, (double[]){1, 2});
     value = tp_objective_value(o);
     tp_objective_gradient(o, g);
     tp_objective_hvp(o, v, hv);                 for Newton-CG
     tp_objective_jacobian(o, j);                of a vector of residuals, for Levenberg-Marquardt

   Functions give TP_E_ARGUMENT for NULL, and before the first point; tp_objective_error has the message. After an error
   the next point starts afresh, so that a line search may go on from a point at which f has no value. */
#ifndef TAPIR_OBJECTIVE_H
#define TAPIR_OBJECTIVE_H

#include <tapir/function.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tp_objective tp_objective;

/* Zero everywhere is the default. */
typedef struct tp_objective_options {
    const tp_allocator *memory; /* copied; NULL: malloc */
    int threads;                /* of the tape; 0 means 1 */
    uint64_t seed;              /* of what ops draw at random */
    bool replay;                /* f takes the same path for every x: it is called once, then replayed */
} tp_objective_options;

/* y = f(x), for n tensors x of f32 or f64, which f gets as n handles in this order and which move from point to point
   (a reference to each is taken); or, where x is NULL, for n scalars. `user` is handed to f. NULL with `error` set
   (which may be NULL) for bad arguments and when out of memory. */
TP_API tp_objective *tp_objective_new(tp_function f, void *user, int n, tp_tensor *const *x,
                                      const tp_objective_options *options, tp_error *error);
/* Frees it; the tensors stay with the last point. NULL is ignored. */
TP_API void tp_objective_free(tp_objective *o);

/* How many numbers x holds: n scalars, or the elements of all tensors, one tensor after the other in row-major order.
 */
TP_API int64_t tp_objective_size(const tp_objective *o);
/* How many numbers y holds at the present point; 0 before the first. */
TP_API int64_t tp_objective_count(const tp_objective *o);

/* Goes to x (NULL: to where the tensors are now) and computes y there. */
TP_API tp_status tp_objective_at(tp_objective *o, const double *x);
/* The present point: writes tp_objective_size numbers. */
TP_API tp_status tp_objective_point(const tp_objective *o, double *x);
/* y where it has one element, else NaN; and all tp_objective_count numbers of it. */
TP_API double tp_objective_value(const tp_objective *o);
TP_API tp_status tp_objective_values(tp_objective *o, double *y);

/* g = dy/dx, of y with one element. */
TP_API tp_status tp_objective_gradient(tp_objective *o, double *g);
/* hv = (d2y/dx2) v, of y with one element, forward over reverse: the gradient is recorded at the first call at a point,
   each call is one sweep over that. */
TP_API tp_status tp_objective_hvp(tp_objective *o, const double *v, double *hv);
/* jv_k = sum_i dy_k/dx_i v_i, and uj_i = sum_k u_k dy_k/dx_i. */
TP_API tp_status tp_objective_jvp(tp_objective *o, const double *v, double *jv);
TP_API tp_status tp_objective_vjp(tp_objective *o, const double *u, double *uj);
/* j[k * size + i] = dy_k/dx_i, by rows or by columns, whichever costs less. */
TP_API tp_status tp_objective_jacobian(tp_objective *o, double *j);

/* The tape it records on, for its statistics; reset it never. NULL for NULL. */
TP_API const tp_tape *tp_objective_tape(const tp_objective *o);
/* The message of the latest error; "" when there is none. */
TP_API const char *tp_objective_error(const tp_objective *o);

#ifdef __cplusplus
}
#endif
#endif
