/* Rows of attention's weights, for one float type. */
#ifndef TAPIR_KERNELS_ATTENTION_H
#define TAPIR_KERNELS_ATTENTION_H

#include <stdint.h>

typedef struct tp_attention_loops {
    /* out = softmax(scale x + added) over the first `seen` of n elements for which `allowed` is not 0, and 0 elsewhere;
       all 0 where none is left, or all are -Inf. allowed and added may be NULL; out may be x. */
    void (*weights)(int64_t n, int64_t seen, void *out, const void *x, double scale, const uint8_t *allowed,
                    const void *added);
    /* out = scale y (g - sum g y); out may be g */
    void (*slope)(int64_t n, void *out, const void *y, const void *g, double scale);
} tp_attention_loops;

#endif
