/* Convolution, pooling and interpolation over one, two or three spatial axes: x is (N, C, spatial...), and so is the
   result. Options are passed by pointer, NULL for the defaults, and a field that is 0 has its default:

       y = tp_conv2d(x, w, b, &(tp_conv_options){.stride = {2, 2}, .padding = {1, 1}});

   A number for each spatial axis, in x's order; those past x's axes must be left out. An empty batch is fine. See ops.h
   for what all ops share. */
#ifndef TAPIR_OPS_CONV_H
#define TAPIR_OPS_CONV_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- convolution ----

   As in Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), chapters 2, 4 and 5. */

typedef struct tp_conv_options {
    int64_t stride[3];         /* [1] */
    int64_t padding[3];        /* [0] zeros at both ends of each axis */
    int64_t dilation[3];       /* [1] from tap to tap */
    int64_t output_padding[3]; /* [0] of a transposed convolution: places added to the end of the result */
    int64_t groups;            /* [1] channels fall into so many groups, which do not meet */
} tp_conv_options;

/* y[n, o, p] = bias[o] + sum over i and taps t of x[n, i, stride p + dilation t - padding] weight[o, i, t]
   x: (N, C, X...), weight: (O, C/groups, K...), bias: (O) or tp_none() -> (N, O, Y...) with
   Y = floor((X + 2 padding - dilation (K - 1) - 1) / stride) + 1.
   dx is the transposed convolution of g with the weight, dweight = sum over n and p of x and g, dbias = sum of g.
   TP_E_ARGUMENT for negative numbers and groups that do not divide the channels; TP_E_SHAPE for a wrong rank, channels
   that do not fit, a kernel that is empty or larger than the padded x. */
TP_API tp_var tp_conv1d(tp_var x, tp_var weight, tp_var bias, const tp_conv_options *options);
TP_API tp_var tp_conv2d(tp_var x, tp_var weight, tp_var bias, const tp_conv_options *options);
TP_API tp_var tp_conv3d(tp_var x, tp_var weight, tp_var bias, const tp_conv_options *options);

/* The adjoint of a convolution: y[n, o, stride p + dilation t - padding] collects x[n, i, p] weight[i, o, t].
   x: (N, C, X...), weight: (C, O/groups, K...), bias: (O) or tp_none() -> (N, O, Y...) with
   Y = (X - 1) stride - 2 padding + dilation (K - 1) + output_padding + 1, which must be at least 1;
   0 <= output_padding < max(stride, dilation). dx is the convolution of g with the weight. Errors as above. */
TP_API tp_var tp_conv_transpose1d(tp_var x, tp_var weight, tp_var bias, const tp_conv_options *options);
TP_API tp_var tp_conv_transpose2d(tp_var x, tp_var weight, tp_var bias, const tp_conv_options *options);
TP_API tp_var tp_conv_transpose3d(tp_var x, tp_var weight, tp_var bias, const tp_conv_options *options);

/* ---- pooling ----

   x: (N, C, X...) -> (N, C, Y...) with Y = floor((X + 2 padding - dilation (window - 1) - 1) / stride) + 1; ceil where
   ceil_mode, as long as the last window starts inside x or the padding before it. TP_E_ARGUMENT for a window below 1, a
   padding above half of it, negative numbers, an option that the kind of pooling does not have; TP_E_SHAPE for a wrong
   rank, an empty axis, a window larger than the padded x. */

typedef struct tp_pool_options {
    int64_t window[3];   /* no default */
    int64_t stride[3];   /* [the window's size] */
    int64_t padding[3];  /* [0] at both ends: -Inf to a maximum, 0 to a sum */
    int64_t dilation[3]; /* [1] of max pooling */
    bool ceil_mode;
    bool exclude_padding; /* of averages: places in the padding are not counted */
    int64_t divisor;      /* [0: the places counted] of averages */
} tp_pool_options;

/* The first NaN, else the first largest number of each window, which gets the gradient. Where in x's plane it lies, as
   one row-major number, goes to *indices (i64, shape of y) unless that is NULL. */
TP_API tp_var tp_max_pool1d(tp_var x, const tp_pool_options *options, tp_var *indices);
TP_API tp_var tp_max_pool2d(tp_var x, const tp_pool_options *options, tp_var *indices);
TP_API tp_var tp_max_pool3d(tp_var x, const tp_pool_options *options, tp_var *indices);

/* The mean of each window, or its sum over `divisor`; dx = g over the same number, spread over the window. */
TP_API tp_var tp_avg_pool1d(tp_var x, const tp_pool_options *options);
TP_API tp_var tp_avg_pool2d(tp_var x, const tp_pool_options *options);
TP_API tp_var tp_avg_pool3d(tp_var x, const tp_pool_options *options);

/* (sum |x|^p)^(1/p) over each window, p > 0 and finite; no gradient where that is 0. Without options of averages. */
TP_API tp_var tp_lp_pool1d(tp_var x, double p, const tp_pool_options *options);
TP_API tp_var tp_lp_pool2d(tp_var x, double p, const tp_pool_options *options);
TP_API tp_var tp_lp_pool3d(tp_var x, double p, const tp_pool_options *options);

/* Windows that make n spatial axes of the given size: position i's goes from floor(i X / Y) to before
   ceil((i + 1) X / Y), so that neighbours may overlap: tp_adaptive_avg_pool(x, TP_DIMS(1, 1)). */
TP_API tp_var tp_adaptive_avg_pool(tp_var x, int n, const int64_t *size);
TP_API tp_var tp_adaptive_max_pool(tp_var x, int n, const int64_t *size, tp_var *indices);

/* ---- interpolation ----

   x: (N, C, X...) -> (N, C, Y...), axis by axis, with Y given, or Y = floor(scale X). Position p of Y lies at
   (p + 1/2) r - 1/2 of X, or with align_corners, where the first and the last places of both fall together, at
   p (X - 1) / (Y - 1); r = X / Y, or 1 / scale where that is given. A place outside of x counts as the nearest inside.
   dx is the adjoint: each place gets what it gave. */

typedef enum tp_interpolation {
    TP_INTERPOLATE_NEAREST = 0,   /* the place at floor(p r) */
    TP_INTERPOLATE_NEAREST_EXACT, /* the place at floor((p + 1/2) r) */
    TP_INTERPOLATE_LINEAR,        /* of two places: linear, bilinear, trilinear */
    TP_INTERPOLATE_CUBIC          /* of four places: Keys, "Cubic convolution interpolation for digital image
                                     processing" (1981), with a = -3/4 */
} tp_interpolation;

typedef struct tp_interpolate_options {
    tp_interpolation mode; /* [nearest] */
    bool align_corners;    /* of linear and cubic */
    int64_t size[3];       /* Y; either this */
    double scale[3];       /* or this, for every axis */
} tp_interpolate_options;

/* TP_E_ARGUMENT for neither size nor scale, for both, for numbers that make no size of at least 1; TP_E_SHAPE for a
   wrong rank and an empty axis. */
TP_API tp_var tp_interpolate(tp_var x, const tp_interpolate_options *options);

#ifdef __cplusplus
}
#endif
#endif
