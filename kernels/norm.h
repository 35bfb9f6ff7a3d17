/* Loops of the normalisations, for one float type. A run is n contiguous elements that share their statistics. */
#ifndef TAPIR_KERNELS_NORM_H
#define TAPIR_KERNELS_NORM_H

#include <stdint.h>

/* Local response normalisation of one sample, (channels, run): each channel sees `before` and `behind` others. */
typedef struct tp_lrn_shape {
    int64_t channels, run, before, behind;
    double scale, beta, k;
} tp_lrn_shape;

typedef struct tp_norm_loops {
    double (*sum)(int64_t n, const void *x);
    double (*squares)(int64_t n, const void *x, double mean); /* sum (x - mean)^2 */
    /* out = (x - mean) scale gain + bias, with a gain and a bias for each element; NULL: 1 and 0 */
    void (*apply)(int64_t n, void *out, const void *x, double mean, double scale, const void *gain, const void *bias);
    /* ... with one gain and one bias */
    void (*apply_one)(int64_t n, void *out, const void *x, double mean, double scale, double bias);
    /* Adds sum h and sum h (x - mean) to sums[0] and sums[1], with h = g gain; gain NULL: 1. */
    void (*dot)(int64_t n, const void *g, const void *x, double mean, const void *gain, double sums[2]);
    /* out = a h + b (x - mean) + c */
    void (*slope)(int64_t n, void *out, const void *g, const void *x, double mean, const void *gain, double a, double b,
                  double c);
    /* dgain += g (x - mean) scale,  dbias += g */
    void (*affine)(int64_t n, void *dgain, void *dbias, const void *g, const void *x, double mean, double scale);
    void (*add_wide)(int64_t n, double *sum, void *x); /* sum += x,  x = 0 */
    /* d = k + scale sum x^2 over what a channel sees,  out = x d^-beta */
    void (*lrn)(const tp_lrn_shape *shape, void *out, void *d, const void *x);
    /* dx = g d^-beta - 2 beta scale x sum of g x d^(-beta-1) over the channels that see it; `work` is of x's size */
    void (*lrn_slope)(const tp_lrn_shape *shape, void *dx, void *work, const void *g, const void *x, const void *d);
} tp_norm_loops;

#endif
