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

/* ---- convolution ------------------------------------------------------------------------------------------------

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

#ifdef __cplusplus
}
#endif
#endif
