/* Reductions: over all elements to a scalar carried in f64, or over the axes given (TP_AXES(0, -1); none named: all of
   them), which go, or stay with size 1 when `keep`. TP_E_INDEX for an axis outside or named twice. See ops.h. */
#ifndef TAPIR_OPS_REDUCE_H
#define TAPIR_OPS_REDUCE_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

TP_API tp_var tp_sum(tp_var x); /* of nothing: 0 */
TP_API tp_var tp_sum_axes(tp_var x, int n, const int64_t *axes, bool keep);
TP_API tp_var tp_mean(tp_var x); /* of nothing: NaN */
TP_API tp_var tp_mean_axes(tp_var x, int n, const int64_t *axes, bool keep);
/* The product; of nothing: 1. dx is g times the product of the others: right where elements are 0, to every order. */
TP_API tp_var tp_prod(tp_var x);
TP_API tp_var tp_prod_axes(tp_var x, int n, const int64_t *axes, bool keep);
/* sum (x - mean)^2 / (n - correction) in two passes, and its square root (whose slope at 0 is 0); NaN where n <=
   correction. Correction 1 gives the estimate from a sample, 0 the variance of the numbers themselves. */
TP_API tp_var tp_variance(tp_var x, double correction);
TP_API tp_var tp_variance_axes(tp_var x, double correction, int n, const int64_t *axes, bool keep);
TP_API tp_var tp_std(tp_var x, double correction);
TP_API tp_var tp_std_axes(tp_var x, double correction, int n, const int64_t *axes, bool keep);
/* (sum |x|^p)^(1/p) for p > 0; p = HUGE_VAL and -HUGE_VAL: the largest and the smallest |x|; p = 0: how many elements
   are not 0. No overflow on the way; slope 0 where x or the norm is 0; ties at infinite p share the gradient equally.
   TP_E_ARGUMENT for another p; TP_E_SHAPE for an infinite p of nothing, else that is 0. */
TP_API tp_var tp_norm(tp_var x, double p);
TP_API tp_var tp_norm_axes(tp_var x, double p, int n, const int64_t *axes, bool keep);
/* log sum e^x, without overflow; of nothing: -Inf. (tp_logsumexp is over one axis.) */
TP_API tp_var tp_logsumexp_axes(tp_var x, int n, const int64_t *axes, bool keep);

/* ---- the largest and the smallest ----
   NaN if any is; of nothing: TP_E_SHAPE. */

/* Elements that tie share the gradient equally. */
TP_API tp_var tp_max(tp_var x);
TP_API tp_var tp_max_axes(tp_var x, int n, const int64_t *axes, bool keep);
TP_API tp_var tp_min(tp_var x);
TP_API tp_var tp_min_axes(tp_var x, int n, const int64_t *axes, bool keep);
/* The largest (smallest) along one axis and where it is: i64 indices in *indices (which may be NULL). A tie takes the
   first, which gets the gradient; so does the first NaN. A rank-1 x gives two scalars unless `keep`. */
TP_API tp_var tp_max_with_indices(tp_var x, int axis, bool keep, tp_var *indices);
TP_API tp_var tp_min_with_indices(tp_var x, int axis, bool keep, tp_var *indices);
/* Where it is, without a derivative: i64 along an axis; over all elements a scalar that counts them in row-major order.
   x may hold integers. */
TP_API tp_var tp_argmax(tp_var x);
TP_API tp_var tp_argmax_axis(tp_var x, int axis, bool keep);
TP_API tp_var tp_argmin(tp_var x);
TP_API tp_var tp_argmin_axis(tp_var x, int axis, bool keep);

/* Which row of a table is the nearest: x: (..., d), table: (k, d), k > 0 -> (...) of i64, j with the least sum_l (x_l -
   table_jl)^2, the first of equal ones; 0 where none is finite. No derivative. TP_E_SHAPE, TP_E_DTYPE. */
TP_API tp_var tp_nearest(tp_var x, tp_var table);

/* ---- truth ----
   x of any dtype; NaN is not 0. No derivative. */

TP_API tp_var tp_all(tp_var x); /* u8 (or a scalar): 1 if none is 0; of nothing: 1 */
TP_API tp_var tp_all_axes(tp_var x, int n, const int64_t *axes, bool keep);
TP_API tp_var tp_any(tp_var x); /* u8 (or a scalar): 1 if one is not 0; of nothing: 0 */
TP_API tp_var tp_any_axes(tp_var x, int n, const int64_t *axes, bool keep);
TP_API tp_var tp_count_nonzero(tp_var x); /* i64 (or a scalar) */
TP_API tp_var tp_count_nonzero_axes(tp_var x, int n, const int64_t *axes, bool keep);

/* ---- running results along an axis: y has x's shape; carried in f64 ----
   x: a tensor; TP_E_INDEX for an axis outside. */

TP_API tp_var tp_cumsum(tp_var x, int axis);       /* y_i = x_0 + ... + x_i */
TP_API tp_var tp_cumprod(tp_var x, int axis);      /* y_i = x_0 ... x_i; derivatives right at zeros, to every order */
TP_API tp_var tp_logcumsumexp(tp_var x, int axis); /* y_i = log(e^x_0 + ... + e^x_i), without overflow */

/* The largest (smallest) so far and where it is: i64 indices in *indices (which may be NULL), the last
   of equal ones. */
TP_API tp_var tp_cummax(tp_var x, int axis, tp_var *indices);
TP_API tp_var tp_cummin(tp_var x, int axis, tp_var *indices);

/* ---- order along an axis ----
   x: a float tensor; NaN counts as the largest, equal elements keep their order. Indices are i64 and go to *indices,
   which may be NULL. The gradient of a value goes to the element that it was. TP_E_INDEX for an axis outside. */

TP_API tp_var tp_sort(tp_var x, int axis, bool descending, tp_var *indices);
TP_API tp_var tp_argsort(tp_var x, int axis, bool descending);
/* The k largest (smallest): in descending (ascending) order if `sorted`, else in that of their places. TP_E_ARGUMENT
   for k < 0, TP_E_INDEX where the axis has less than k. */
TP_API tp_var tp_topk(tp_var x, int64_t k, int axis, bool largest, bool sorted, tp_var *indices);
/* The one in the middle, the lower of two; NaN, and the place of the first, if any is. Of nothing: TP_E_SHAPE. */
TP_API tp_var tp_median(tp_var x); /* of all elements */
TP_API tp_var tp_median_axis(tp_var x, int axis, bool keep, tp_var *indices);

#ifdef __cplusplus
}
#endif
#endif
