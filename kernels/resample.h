/* One axis of a dense array made longer or shorter: every place of the result is a weighted sum of a few places. */
#ifndef TAPIR_KERNELS_RESAMPLE_H
#define TAPIR_KERNELS_RESAMPLE_H

#include <tapir/tensor.h>

/* y[o, p, i] = sum over t < taps of weight[p taps + t] x[o, place[p taps + t], i],
   x: (outer, extent, inner), y: (outer, count, inner); the weights are of x's dtype. */
typedef struct tp_resample {
    int64_t outer, extent, count, inner;
    int taps;
    const int64_t *place;
    const void *weight;
} tp_resample;

/* The loops of one processor level, for the o-th of `outer`. */
typedef struct tp_resample_loops {
    void (*forth)(const tp_resample *r, const void *x, void *y);
    void (*back)(const tp_resample *r, const void *y, void *x); /* the adjoint */
} tp_resample_loops;

struct tp_kernels;

/* The whole array; `back` computes x from y. Threads share `outer` out. */
void tp_resample_run(const struct tp_kernels *kernels, const tp_resample *r, tp_dtype dtype, bool back, void *x,
                     void *y, int threads);

#endif
