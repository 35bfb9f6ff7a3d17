/* Convolution, pooling and interpolation as layers, over as many spatial axes as the kernel or the window has: one, two
   or three. x: (N, C, spatial...), and so is y. See nn_layers.h for what all layers share, ops_conv.h for the options,
   the sizes of y, and what is refused. */
#ifndef TAPIR_NN_CONV_H
#define TAPIR_NN_CONV_H

#include <tapir/nn_layers.h>
#include <tapir/ops_conv.h>

#ifdef __cplusplus
extern "C" {
#endif

/* From `in` channels to `out`: tp_conv_layer(1, 6, TP_DIMS(5, 5), &(tp_conv_options){.padding = {2, 2}}, NULL, &error).
   `conv` may be NULL. Parameters "weight" (out, in/groups, kernel...), of the transposed convolution (in, out/groups,
   kernel...), and "bias" (out), both from U(-k, k) with k = 1/sqrt(second dim of weight times the kernel's size), as
   PyTorch draws them. */
TP_API tp_module *tp_conv_layer(int64_t in, int64_t out, int n, const int64_t *kernel, const tp_conv_options *conv,
                                const tp_layer_options *options, tp_error *error);
TP_API tp_module *tp_conv_transpose_layer(int64_t in, int64_t out, int n, const int64_t *kernel,
                                          const tp_conv_options *conv, const tp_layer_options *options,
                                          tp_error *error);

/* The largest number, or the mean, of each window: tp_max_pool_layer(TP_DIMS(2, 2), NULL, NULL, &error). Other options
   come from `pooling`, which may be NULL and whose window is not looked at. */
TP_API tp_module *tp_max_pool_layer(int n, const int64_t *window, const tp_pool_options *pooling,
                                    const tp_layer_options *options, tp_error *error);
TP_API tp_module *tp_avg_pool_layer(int n, const int64_t *window, const tp_pool_options *pooling,
                                    const tp_layer_options *options, tp_error *error);
/* Windows that make spatial axes of the given size. */
TP_API tp_module *tp_adaptive_avg_pool_layer(int n, const int64_t *size, const tp_layer_options *options,
                                             tp_error *error);
TP_API tp_module *tp_adaptive_max_pool_layer(int n, const int64_t *size, const tp_layer_options *options,
                                             tp_error *error);
/* tp_interpolate with these options, which are copied. */
TP_API tp_module *tp_upsample_layer(const tp_interpolate_options *interpolate, const tp_layer_options *options,
                                    tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
