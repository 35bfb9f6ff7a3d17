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
/* Axes of one element taken out: those named, or all of them (n = 0; of a tensor of one element a scalar is left).
   TP_E_SHAPE when one of them has more. tp_unsqueeze puts one in, so that it is `axis` of the result. */
TP_API tp_var tp_squeeze(tp_var x, int n, const int64_t *axes);
TP_API tp_var tp_unsqueeze(tp_var x, int axis);
/* The axes first .. last as one; a scalar becomes (1). */
TP_API tp_var tp_flatten(tp_var x, int first, int last);
/* The same elements laid out densely: x itself where it is dense, else a copy. */
TP_API tp_var tp_contiguous(tp_var x);
/* Views: two axes swapped (swapaxes); all axes in the order given; one axis moved, the others in their order. */
TP_API tp_var tp_transpose(tp_var x, int axis_a, int axis_b);
TP_API tp_var tp_permute(tp_var x, int n, const int64_t *axes);
TP_API tp_var tp_movedim(tp_var x, int from, int to);
/* A view of elements start, start+step, ... before stop along an axis; with a negative step they go down, to after
   stop. Negative start and stop count from the end. TP_END as stop: as far as there are elements; as start of a
   negative step: the last one, so that TP_END, TP_END, -1 turns the axis round. TP_E_INDEX when 0 <= start <= stop <=
   dim (for a negative step, dim > start >= stop >= 0) does not hold, or step is 0. */
#define TP_END INT64_MAX
TP_API tp_var tp_slice(tp_var x, int axis, int64_t start, int64_t stop, int64_t step);
/* Consecutive slices that cover an axis. tp_split: of the sizes given, whose sum must be the dim. tp_chunk: at most n
   of equal size, the last perhaps smaller; returns how many there are, 0 after an error. parts: room for n handles. */
TP_API tp_status tp_split(tp_var x, int axis, int n, const int64_t *sizes, tp_var *parts);
TP_API int tp_chunk(tp_var x, int axis, int n, tp_var *parts);
/* A view with the axes turned round (n = 0: all of them). */
TP_API tp_var tp_flip(tp_var x, int n, const int64_t *axes);
/* y[(i + shift) mod dim] = x[i] along each of n axes, by its shift. */
TP_API tp_var tp_roll(tp_var x, int n, const int64_t *shifts, const int64_t *axes);
/* n tensors joined along an axis that they have; all other dims must agree. */
TP_API tp_var tp_concat(const tp_var *x, int n, int axis);
/* n scalars as an f64 tensor (n), or n tensors of one shape along a new axis. */
TP_API tp_var tp_stack(const tp_var *x, int n, int axis);
/* x repeated along its last n axes, or as many times along new axes in front: y[i] = x[i mod dim]. A scalar gives a
   tensor. tp_repeat_interleave: each element so many times, one after another. */
TP_API tp_var tp_tile(tp_var x, int n, const int64_t *times);
TP_API tp_var tp_repeat_interleave(tp_var x, int axis, int64_t times);
/* n vectors (or scalars) spread over their common grid: (d0, ..., dn-1), of which vector i varies along axis i; with
   `xy`, axes 0 and 1 are swapped. grids: room for n handles to views. */
TP_API tp_status tp_meshgrid(const tp_var *x, int n, bool xy, tp_var *grids);
/* A border around the last n/2 axes: amounts are before and after of the first of them, before and after of the next,
   ... TP_PAD_CONSTANT: of `value`; negative amounts crop. The others take it from x: abc becomes, by two before, cb|abc
   (reflect), aa|abc (replicate), bc|abc (circular). TP_E_SHAPE when more is taken than there is. */
typedef enum tp_pad_mode { TP_PAD_CONSTANT, TP_PAD_REFLECT, TP_PAD_REPLICATE, TP_PAD_CIRCULAR } tp_pad_mode;
TP_API tp_var tp_pad(tp_var x, int n, const int64_t *amounts, tp_pad_mode mode, double value);

/* ---- matrices and their diagonals ---- */

/* The elements of matrices (..., n, m) on and below the k-th diagonal (j <= i + k), and on and above it; else 0. */
TP_API tp_var tp_tril(tp_var x, int64_t k);
TP_API tp_var tp_triu(tp_var x, int64_t k);
/* A view of the k-th diagonal, x[i][i + k] (x[i - k][i] for negative k), of the matrices that two axes make; it becomes
   the last axis. */
TP_API tp_var tp_diagonal(tp_var x, int64_t k, int axis_a, int axis_b);
/* Vectors (..., n) as the k-th diagonals of matrices (..., n + |k|, n + |k|), with zeros elsewhere. */
TP_API tp_var tp_diag_embed(tp_var x, int64_t k);
/* Of a vector the matrix, of a matrix the vector. */
TP_API tp_var tp_diag(tp_var x, int64_t k);

/* ---- constants ----

   Tensors of `dtype` on a tape that need no gradient. With rank 0 they are scalar nodes. */

TP_API tp_var tp_full(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims, double value);
TP_API tp_var tp_zeros(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims);
TP_API tp_var tp_ones(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims);
/* With the dtype and dims of x. */
TP_API tp_var tp_full_like(tp_var x, double value);
TP_API tp_var tp_zeros_like(tp_var x);
TP_API tp_var tp_ones_like(tp_var x);
/* 1 on the diagonal of (rows, columns), 0 elsewhere. */
TP_API tp_var tp_eye(tp_tape *tape, tp_dtype dtype, int64_t rows, int64_t columns);
/* start, start + step, ... before stop; n numbers from first to last. TP_E_ARGUMENT for a step of 0 and what is not
   finite. */
TP_API tp_var tp_arange(tp_tape *tape, tp_dtype dtype, double start, double stop, double step);
TP_API tp_var tp_linspace(tp_tape *tape, tp_dtype dtype, double first, double last, int64_t n);

/* One element of a float tensor as a scalar: an index for each axis, negative ones from the end. */
TP_API tp_var tp_index(tp_var x, int n, const int64_t *index);

/* ---- picking by integers ----
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

/* ---- masks: u8, where anything but 0 chooses ---- */

/* y = value where the mask chooses, else x. x and mask broadcast. */
TP_API tp_var tp_masked_fill(tp_var x, tp_var mask, double value);
/* The elements that the mask chooses, one after another: (n), where n depends on the mask. x and mask broadcast. A
   replay fails when n has changed. */
TP_API tp_var tp_masked_select(tp_var x, tp_var mask);

/* ---- windows ----

   Height, then width. A stride or dilation of 0 means 1. */
typedef struct tp_window_options {
    int64_t kernel[2];
    int64_t stride[2];   /* [1] */
    int64_t padding[2];  /* [0] zeros on each side */
    int64_t dilation[2]; /* [1] from place to place of a window */
} tp_window_options;
/* x: (N, C, H, W) or (C, H, W) -> (N, C kh kw, L) or (C kh kw, L): the L windows of x as columns, row by row of
   windows; im2col. A signal (N, C, L) is an image of height 1. TP_E_SHAPE when the kernel is larger than the padded
   image. */
TP_API tp_var tp_unfold(tp_var x, const tp_window_options *options);
/* The adjoint: columns added up into an image (N, C, height, width), where windows overlap; col2im. */
TP_API tp_var tp_fold(tp_var x, int64_t height, int64_t width, const tp_window_options *options);

/* labels (...) of integers -> (..., classes) of `dtype`, 1 at the label and 0 elsewhere; no derivative. */
TP_API tp_var tp_one_hot(tp_var labels, int64_t classes, tp_dtype dtype);

#ifdef __cplusplus
}
#endif
#endif
