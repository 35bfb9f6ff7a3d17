/* Ops that move elements: views, joins, picks. See ops.h for what all ops share. */
#ifndef TAPIR_OPS_SHAPE_H
#define TAPIR_OPS_SHAPE_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The same elements in row-major order under other dims, one of which may be -1. A view where strides allow, else a
   copy. A scalar is one element; reshaping to rank 0 gives a scalar. */
TP_API tp_var tp_reshape(tp_var x, int rank, const int64_t *dims);
/* Views: two axes swapped; all axes in the order given. */
TP_API tp_var tp_transpose(tp_var x, int axis_a, int axis_b);
TP_API tp_var tp_permute(tp_var x, int n, const int64_t *axes);
/* A view of elements start, start+step, ... before stop along an axis. Negative start and stop count from the end,
   TP_END is the end; step >= 1. TP_E_INDEX when 0 <= start <= stop <= dim does not hold. */
#define TP_END INT64_MAX
TP_API tp_var tp_slice(tp_var x, int axis, int64_t start, int64_t stop, int64_t step);
/* n tensors joined along an axis that they have; all other dims must agree. */
TP_API tp_var tp_concat(const tp_var *x, int n, int axis);
/* n scalars as an f64 tensor (n), or n tensors of one shape along a new axis. */
TP_API tp_var tp_stack(const tp_var *x, int n, int axis);
/* One element of a float tensor as a scalar: an index for each axis, negative ones from the end. */
TP_API tp_var tp_index(tp_var x, int n, const int64_t *index);

/* labels (...) of integers -> (..., classes) of `dtype`, 1 at the label and 0 elsewhere; no derivative. */
TP_API tp_var tp_one_hot(tp_var labels, int64_t classes, tp_dtype dtype);

#ifdef __cplusplus
}
#endif
#endif
