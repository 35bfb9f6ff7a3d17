/* The softmax family along an axis whose elements lie apart, for one float type: n elements `step` apart, for each of
   `columns` contiguous places at once. */
#ifndef TAPIR_KERNELS_SOFTMAX_H
#define TAPIR_KERNELS_SOFTMAX_H

#include <stdbool.h>
#include <stdint.h>

typedef struct tp_softmax_loops {
    /* out = softmax(x), or its log */
    void (*columns)(int64_t n, int64_t step, int64_t columns, void *out, const void *x, bool logs);
    /* out = y (g - sum g y), or g - e^y sum g; 0 in a column whose g is all 0 */
    void (*slope_columns)(int64_t n, int64_t step, int64_t columns, void *out, const void *y, const void *g, bool logs);
} tp_softmax_loops;

#endif
