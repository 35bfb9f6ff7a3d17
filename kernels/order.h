/* Which elements of a row: extremes, and rows in order. NaN counts as the largest where rows are put in order. */
#ifndef TAPIR_KERNELS_ORDER_H
#define TAPIR_KERNELS_ORDER_H

#include "kernels/kernels.h"

/* An element to be put in order: its place, and a number that is in the order of the values. */
typedef struct tp_ranked {
    uint64_t key;
    int64_t place;
} tp_ranked;

/* The places of n floats that lie `stride` apart, in ascending or descending order; equal ones keep theirs. `work` has
   room for 2 n, and the order is in its first n. */
void tp_rank(tp_dtype dtype, int64_t n, const void *x, int64_t stride, bool descending, tp_ranked *work);
/* Puts n items in the order of their keys; the others in `work` are scratch. */
void tp_rank_keys(int64_t n, tp_ranked *work);
/* The place of the largest (smallest) so far, for each of n: the last of equal ones, the first NaN. */
void tp_running_extreme(tp_dtype dtype, int64_t n, const void *x, int64_t stride, bool largest, int64_t *places);

#endif
