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

/* ---- picking by integers ----------------------------------------------------------------------------------------
   An index is a tensor of i32, i64 or u8; a negative one counts from the end. TP_E_INDEX, with the index and its place,
   when one is outside the axis. An index may come any number of times: its gradients add up. */

/* y[i][j][k] = x[index[i][j][k]][j][k] for axis 0, and so on for the others. index has x's rank and is, on the other
   axes, no larger than x; y has its shape. (NumPy calls this take_along_axis.) */
TP_API tp_var tp_gather(tp_var x, int axis, tp_var index);
/* x, then at y[index[i][j][k]][j][k] for axis 0 (and so on) src[i][j][k] in its place, or added to it. src is at least
   as large as index, or a scalar that goes everywhere. Of several elements for one place tp_scatter keeps the last in
   row-major order, which alone gets that place's gradient. */
TP_API tp_var tp_scatter(tp_var x, int axis, tp_var index, tp_var src);
TP_API tp_var tp_scatter_add(tp_var x, int axis, tp_var index, tp_var src);
/* y[i] = x[index[i]] for axis 0, and so on for the others: index, of any shape, takes the place of the axis in the
   shape. tp_index_add: x with src[i] added to row index[i]; src has the shape of tp_index_select's result, or is a
   scalar. */
TP_API tp_var tp_index_select(tp_var x, int axis, tp_var index);
TP_API tp_var tp_index_add(tp_var x, int axis, tp_var index, tp_var src);
/* weight: (n, d) of floats, labels: (...) of integers 0 .. n-1 -> (..., d): row labels[i] of weight. The row `padding`
   (negative: from the end) gets no gradient; TP_NO_PADDING: every row does. */
#define TP_NO_PADDING INT64_MIN
TP_API tp_var tp_embedding(tp_var weight, tp_var labels, int64_t padding);

/* labels (...) of integers -> (..., classes) of `dtype`, 1 at the label and 0 elsewhere; no derivative. */
TP_API tp_var tp_one_hot(tp_var labels, int64_t classes, tp_dtype dtype);

#ifdef __cplusplus
}
#endif
#endif
