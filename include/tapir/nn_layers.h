/* Layers, and containers of layers. */
#ifndef TAPIR_LAYERS_H
#define TAPIR_LAYERS_H

#include <tapir/nn_module.h>
#include <tapir/random.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero everywhere is the default. */
typedef struct tp_layer_options {
    const tp_allocator *memory; /* copied; NULL: malloc */
    tp_rng *rng;                /* drawn from for the first values; NULL: tp_rng_seed(0), anew for each call */
    tp_dtype dtype;             /* of the parameters: TP_F32 or TP_F64 */
    bool no_bias;
} tp_layer_options;

/* Any function of one handle that the library has (tp_relu, tp_tanh, tp_sigmoid, ...) or that a program writes. */
typedef tp_var tp_activation(tp_var x);

/* All of these return NULL with `error` set: TP_E_ARGUMENT for numbers outside their range, TP_E_DTYPE, TP_E_LIMIT,
   TP_E_MEMORY. `options` and `error` may be NULL. */

/* x: (..., in) -> x weight^T + bias: (..., out). Parameters "weight" (out, in) and "bias" (out), both drawn from U(-k,
   k) with k = 1/sqrt(in), weight first: what PyTorch's kaiming_uniform(a = sqrt 5) comes to. in, out >= 1. */
TP_API tp_module *tp_linear_layer(int64_t in, int64_t out, const tp_layer_options *options, tp_error *error);
/* y = f(x): tp_activation_layer(tp_relu, NULL, &error). NULL for f is the identity. */
TP_API tp_module *tp_activation_layer(tp_activation *f, const tp_layer_options *options, tp_error *error);
/* x for x > 0, else slope x. */
TP_API tp_module *tp_leaky_relu_layer(double slope, const tp_layer_options *options, tp_error *error);
/* Children one after the other; without children, the identity. tp_sequential_add names them "0", "1", ...; it takes
   the child over as tp_module_add_child does, and refuses other modules (TP_E_ARGUMENT). */
TP_API tp_module *tp_sequential(const tp_layer_options *options, tp_error *error);
TP_API tp_status tp_sequential_add(tp_module *sequential, tp_module *child, tp_error *error);
/* A multilayer perceptron: linear layers between n widths (n >= 2), f (NULL: the identity) between them and none after
   the last: tp_mlp(TP_DIMS(784, 128, 10), tp_relu, NULL, &error). It is a sequential: the linear layers are "0", "2",
   ..., the activations "1", "3", ... */
TP_API tp_module *tp_mlp(int n, const int64_t *widths, tp_activation *f, const tp_layer_options *options,
                         tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
