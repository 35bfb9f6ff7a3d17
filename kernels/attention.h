/* Rows of attention's weights, and rows whose pairs are rotated, for one float type. */
#ifndef TAPIR_KERNELS_ATTENTION_H
#define TAPIR_KERNELS_ATTENTION_H

#include <stdbool.h>
#include <stdint.h>

typedef struct tp_attention_loops {
    /* out = softmax(scale x + added) over the first `seen` of n elements for which `allowed` is not 0, and 0 elsewhere;
       all 0 where none is left, or all are -Inf. allowed and added may be NULL; out may be x. */
    void (*weights)(int64_t n, int64_t seen, void *out, const void *x, double scale, const uint8_t *allowed,
                    const void *added);
    /* out = scale y (g - sum g y); out may be g */
    void (*slope)(int64_t n, void *out, const void *y, const void *g, double scale);
    /* cosines and sines of position rates[i] */
    void (*angles)(int64_t n, void *cosines, void *sines, double position, const double *rates);
    /* out = x with pair i turned by the i-th angle, or back by it. A pair is elements 2 i and 2 i + 1 of 2 pairs, or,
       as halves, i and pairs + i; those of x lie `step` apart. */
    void (*rotate)(int64_t pairs, bool halves, bool back, void *out, const void *x, int64_t step, const void *cosines,
                   const void *sines);
} tp_attention_loops;

#endif
