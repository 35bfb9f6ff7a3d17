/* Pooling over up to three spatial axes of dense arrays (planes, spatial...), and what its rules need.
   Invariant: planes are shared out between threads, a plane is one thread's. */
#ifndef TAPIR_KERNELS_POOLING_H
#define TAPIR_KERNELS_POOLING_H

#include <tapir/tensor.h>

/* Extents are those of axes z, y, x; an axis that is not there has 1, and a window of 1. Position p's window has taps
   stride p + dilation t - padding for t below `window`; an adaptive one goes from floor(p x / y) to before
   ceil((p + 1) x / y). Taps outside of x do not take part. */
typedef struct tp_pool_shape {
    int64_t planes;
    int64_t x[3], y[3], window[3], stride[3], padding[3], dilation[3];
    bool adaptive;
    bool exclude_padding; /* an average counts the places in x alone; else those in the padding too */
    int64_t divisor;      /* what an average divides by; 0: the places that it counts */
} tp_pool_shape;

/* The loops of one processor level, for one plane. `room` is how many elements may be read from x on. */
typedef struct tp_pooling_loops {
    /* y = the first NaN, else the first largest of each window, index = where it lies in the plane. A window without a
       place in x: -Inf and -1. */
    void (*max)(const tp_pool_shape *s, const void *x, int64_t room, void *y, int64_t *index);
    void (*average)(const tp_pool_shape *s, const void *x, int64_t room, void *y);
    void (*spread)(const tp_pool_shape *s, const void *y, void *x); /* the adjoint of average */
    /* Of the n numbers of y: x[index] += y, with x cleared first, and y = x[index]; an index outside has no element. */
    void (*scatter)(const tp_pool_shape *s, const void *y, const int64_t *index, void *x);
    void (*gather)(const tp_pool_shape *s, const void *x, const int64_t *index, void *y);
} tp_pooling_loops;

struct tp_kernels;

typedef enum tp_pooling { TP_POOL_MAX, TP_POOL_AVERAGE, TP_POOL_SPREAD, TP_POOL_SCATTER, TP_POOL_GATHER } tp_pooling;

/* One of the loops over all planes; index is for those that take one. */
void tp_pool_run(const struct tp_kernels *kernels, tp_pooling what, const tp_pool_shape *s, tp_dtype dtype, void *x,
                 void *y, int64_t *index, int threads);

#endif
