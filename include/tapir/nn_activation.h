/* Activations as layers. See nn_layers.h for what all layers share. */
#ifndef TAPIR_NN_ACTIVATION_H
#define TAPIR_NN_ACTIVATION_H

#include <tapir/nn_layers.h>

#ifdef __cplusplus
extern "C" {
#endif

/* y = f(x): tp_activation_layer(tp_relu, NULL, &error). NULL for f is the identity. Of the library: tp_relu, tp_relu6,
   tp_tanh, tp_sigmoid, tp_logsigmoid, tp_softplus, tp_softsign, tp_selu, tp_gelu, tp_gelu_tanh, tp_silu, tp_mish,
   tp_hardsigmoid, tp_hardswish (ops_math.h), tp_tanhshrink; and any other, as tp_square or a program's own. */
TP_API tp_module *tp_activation_layer(tp_activation *f, const tp_layer_options *options, tp_error *error);
TP_API tp_var tp_tanhshrink(tp_var x); /* x - tanh x */

/* Numbers must be finite. */

/* x for x > 0, else slope x. */
TP_API tp_module *tp_leaky_relu_layer(double slope, const tp_layer_options *options, tp_error *error);
/* x for x > 0, else alpha (e^x - 1); and alpha (e^(x/alpha) - 1), alpha not 0. */
TP_API tp_module *tp_elu_layer(double alpha, const tp_layer_options *options, tp_error *error);
TP_API tp_module *tp_celu_layer(double alpha, const tp_layer_options *options, tp_error *error);
/* log(1 + e^(beta x)) / beta, beta > 0. */
TP_API tp_module *tp_softplus_layer(double beta, const tp_layer_options *options, tp_error *error);
/* x where |x| > bound, else 0; and x less what of it lies within the bounds: x - min(max(x, -bound), bound). bound >=
   0. */
TP_API tp_module *tp_hardshrink_layer(double bound, const tp_layer_options *options, tp_error *error);
TP_API tp_module *tp_softshrink_layer(double bound, const tp_layer_options *options, tp_error *error);
/* x where x > bound, else value. */
TP_API tp_module *tp_threshold_layer(double bound, double value, const tp_layer_options *options, tp_error *error);
/* min(max(x, low), high), low <= high. */
TP_API tp_module *tp_hardtanh_layer(double low, double high, const tp_layer_options *options, tp_error *error);
/* x for x > 0, else slope x, where each element's slope is drawn from U(low, high) in training, and is (low + high) / 2
   in evaluation. Xu, Wang, Chen, Li: "Empirical evaluation of rectified activations", 2015. */
TP_API tp_module *tp_rrelu_layer(double low, double high, const tp_layer_options *options, tp_error *error);
/* x for x > 0, else weight x. "weight" (channels), 0.25 at first, is one number for all, or one for each channel of x:
   (N, C, ...). He, Zhang, Ren, Sun, "Delving deep into rectifiers", 2015. */
TP_API tp_module *tp_prelu_layer(int64_t channels, const tp_layer_options *options, tp_error *error);

/* Along an axis, negative ones from the end: e^x / sum e^x; the same of -x; its logarithm; and the first half of x
   times the sigmoid of the second (Dauphin, Fan, Auli, Grangier: "Language modeling with gated convolutional networks",
   2017). */
TP_API tp_module *tp_softmax_layer(int axis, const tp_layer_options *options, tp_error *error);
TP_API tp_module *tp_softmin_layer(int axis, const tp_layer_options *options, tp_error *error);
TP_API tp_module *tp_log_softmax_layer(int axis, const tp_layer_options *options, tp_error *error);
TP_API tp_module *tp_glu_layer(int axis, const tp_layer_options *options, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
