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

/* Bytes of scratch for a call, aligned to 64. */
int64_t tp_conv_workspace(const tp_conv_shape *s, tp_conv_part part, tp_dtype dtype, int threads);
void tp_conv_run(const struct tp_kernels *kernels, const tp_conv_shape *s, tp_dtype dtype, const tp_conv_call *call,
                 void *workspace, int threads);

#endif
