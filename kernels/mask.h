/* Elements chosen by a mask of bytes; any byte that is not 0 chooses. Everything is dense. */
#ifndef TAPIR_KERNELS_MASK_H
#define TAPIR_KERNELS_MASK_H

#include "core/element.h"

/* How many of n are chosen. */
int64_t tp_mask_count(int64_t n, const uint8_t *mask);
/* x = value where chosen. */
void tp_mask_fill(int64_t n, tp_dtype dtype, void *x, const uint8_t *mask, double value);
/* out = the chosen ones of n, one after another. */
void tp_mask_pack(int64_t n, tp_dtype dtype, void *out, const void *x, const uint8_t *mask);
/* out, n elements: where chosen, the next of x; elsewhere 0. */
void tp_mask_spread(int64_t n, tp_dtype dtype, void *out, const void *x, const uint8_t *mask);

#endif
