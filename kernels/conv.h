/* Convolution of up to three spatial axes, and its two adjoints, over dense arrays.
 *
 * All three come from one trilinear form over images n, groups, channels i of x and o of y, positions p and taps t:
 *     sum x[n, i, stride p + dilation t - padding] w[o, i, t] y[n, o, p]
 * whose derivative by y is the convolution of x with w, by x the transposed convolution of y with w, and by w what a
 * step of learning needs. Places outside of x count as zero.
 * Invariant: the bits of a result do not depend on `threads`: images are shared out, sums are not. */
#ifndef TAPIR_KERNELS_CONV_H
#define TAPIR_KERNELS_CONV_H

#include <tapir/tensor.h>

/* Extents are those of axes z, y, x; an axis that is not there has 1, stride and dilation 1 and padding 0. */
typedef struct tp_conv_shape {
    int64_t batch, groups, in, out; /* channels of x and of y in one group */
    int64_t x[3], k[3], y[3];
    int64_t stride[3], padding[3], dilation[3];
} tp_conv_shape;

typedef enum tp_conv_part { TP_CONV_X, TP_CONV_W, TP_CONV_Y, TP_CONV_PARTS } tp_conv_part;

/* x: (batch, groups in, x...), w: (groups out, in, k...), y: (batch, groups out, y...) */
typedef struct tp_conv_call {
    tp_conv_part part; /* the array that is written; the other two are read */
    void *array[TP_CONV_PARTS];
    const void *bias; /* a number for each channel, added to x or y; or NULL */
} tp_conv_call;

/* The loops of one processor level: the taps of positions begin..end-1 of one group's channels as the rows of a matrix
 * (in * taps, end - begin), rows `lead` elements apart; and those rows added back to x. */
typedef struct tp_conv_loops {
    void (*unfold)(const tp_conv_shape *s, int64_t begin, int64_t end, const void *x, void *rows, int64_t lead);
    void (*fold)(const tp_conv_shape *s, int64_t begin, int64_t end, void *x, const void *rows, int64_t lead);
} tp_conv_loops;

struct tp_kernels;

/* What is kept between calls, for one tape: what a library made ready, by shape. */
typedef struct tp_conv_cache tp_conv_cache;
/* False when out of memory; *cache stays NULL where there is nothing to keep. */
bool tp_conv_cache_make(tp_conv_cache **cache, const tp_allocator *memory);
void tp_conv_cache_free(tp_conv_cache *cache);

/* How a call will be computed. `workspace` is the bytes of scratch that it wants, aligned to 64. */
typedef struct tp_conv_plan {
    const struct tp_kernels *kernels;
    const tp_conv_shape *s;
    tp_conv_part part;
    tp_dtype dtype;
    int threads;
    const struct tp_conv_lent *lent; /* by a library, or NULL */
    int64_t workspace;
} tp_conv_plan;

/* Fills in lent and workspace. False when out of memory. */
bool tp_conv_prepare(tp_conv_plan *plan, tp_conv_cache *cache, bool bias);
void tp_conv_run(const tp_conv_plan *plan, const tp_conv_call *call, void *workspace);

#endif
