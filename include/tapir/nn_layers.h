/* Layers, and containers of layers: linear, embedding, dropout, shapes. Others are in nn_activation.h, nn_conv.h,
   nn_norm.h. What a layer is, and how to write one: nn_module.h and docs/layers.md. */
#ifndef TAPIR_LAYERS_H
#define TAPIR_LAYERS_H

#include <tapir/nn_module.h>
#include <tapir/ops_shape.h>
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

/* All layers return NULL with `error` set: TP_E_ARGUMENT for numbers outside their range, TP_E_DTYPE, TP_E_LIMIT,
   TP_E_MEMORY. `options` and `error` may be NULL. An x that does not fit is an error of the tape. */

/* x: (..., in) -> x weight^T + bias: (..., out). Parameters "weight" (out, in) and "bias" (out), both drawn from U(-k,
   k) with k = 1/sqrt(in), weight first: what PyTorch's kaiming_uniform(a = sqrt 5) comes to. in, out >= 1. */
TP_API tp_module *tp_linear_layer(int64_t in, int64_t out, const tp_layer_options *options, tp_error *error);

/* x1: (..., in1), x2: (..., in2) -> y_o = sum over i, j of x1_i weight_oij x2_j + bias_o: (..., out). "weight" (out,
   in1, in2) and "bias" (out) from U(-k, k) with k = 1/sqrt(in1). tp_module_forward takes x for both. */
TP_API tp_module *tp_bilinear_layer(int64_t in1, int64_t in2, int64_t out, const tp_layer_options *options,
                                    tp_error *error);
TP_API tp_var tp_bilinear_forward(tp_module *bilinear, tp_var x1, tp_var x2);

/* x: (...) of integers 0 .. n-1 -> (..., width), rows of "weight" (n, width), which is drawn from N(0, 1). The row
   `padding` (negative: from the end) starts as zeros and gets no gradient; TP_NO_PADDING: there is none. */
TP_API tp_module *tp_embedding_layer(int64_t n, int64_t width, int64_t padding, const tp_layer_options *options,
                                     tp_error *error);

/* In training each element is 0 with probability p, in [0, 1], and x / (1 - p) otherwise, by the tape's generator
   (tp_tape_set_seed); in evaluation x. The second, for x: (N, C, ...), takes each channel of each sample as a whole. */
TP_API tp_module *tp_dropout_layer(double p, const tp_layer_options *options, tp_error *error);
TP_API tp_module *tp_dropout_channels_layer(double p, const tp_layer_options *options, tp_error *error);

/* The axes first .. last as one (1, -1: all but the batch's), and one axis as the n of `dims`, whose product it is:
   tp_unflatten_layer(1, TP_DIMS(16, 7, 7), ...). */
TP_API tp_module *tp_flatten_layer(int first, int last, const tp_layer_options *options, tp_error *error);
TP_API tp_module *tp_unflatten_layer(int axis, int n, const int64_t *dims, const tp_layer_options *options,
                                     tp_error *error);

/* ---- containers ---- */

/* Any function of one handle that the library has (tp_relu, tp_tanh, tp_sigmoid, ...) or that a program writes. */
typedef tp_var tp_activation(tp_var x);

/* Children one after the other; without children, the identity. tp_sequential_add names them "0", "1", ...; it takes
   the child over as tp_module_add_child does, and refuses other modules (TP_E_ARGUMENT). A network is written without
   a look at each call: what was NULL is passed on, and the first error stays in `error`, which starts as {0}. */
TP_API tp_module *tp_sequential(const tp_layer_options *options, tp_error *error);
TP_API tp_status tp_sequential_add(tp_module *sequential, tp_module *child, tp_error *error);
/* x + f(x), where both have one shape: TP_E_SHAPE on the tape else. f, which it takes over, is the child "body". He,
   Zhang, Ren, Sun: "Deep residual learning for image recognition", 2016. */
TP_API tp_module *tp_residual(tp_module *f, const tp_layer_options *options, tp_error *error);
/* A multilayer perceptron: linear layers between n widths (n >= 2), f (NULL: the identity) between them and none after
   the last: tp_mlp(TP_DIMS(784, 128, 10), tp_relu, NULL, &error). It is a sequential: the linear layers are "0", "2",
   ..., the activations "1", "3", ... */
TP_API tp_module *tp_mlp(int n, const int64_t *widths, tp_activation *f, const tp_layer_options *options,
                         tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
