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
/* The largest and the smallest; elements that tie share the gradient equally; NaN if any is; of nothing: TP_E_SHAPE. */
TP_API tp_var tp_max(tp_var x);
TP_API tp_var tp_max_axes(tp_var x, int n, const int64_t *axes, bool keep);
TP_API tp_var tp_min(tp_var x);
TP_API tp_var tp_min_axes(tp_var x, int n, const int64_t *axes, bool keep);
/* The largest along one axis and where it is: i64 indices in *indices (which may be NULL). A tie takes the first, which
   gets the gradient. A rank-1 x gives two scalars. The gradient needs one dim more for a while: TP_E_LIMIT at rank 8.
 */
TP_API tp_var tp_max_with_indices(tp_var x, int axis, bool keep, tp_var *indices);

#ifdef __cplusplus
}
#endif
#endif
