/* Layers that multiply by a matrix: linear, bilinear; and embeddings, which pick rows of one. */
#include <math.h>
#include <string.h>

#include "nn/layer.h"

/* ---- linear ---- */

static tp_var linear_forward(tp_module *module, tp_var x)
{
    const tp_var weight = tp_module_use(module, "weight", x.tape);
    return tp_linear(x, weight, tp_layer_optional(module, "bias", x.tape));
}

static const tp_module_kind linear_kind = {TP_MODULE_HEAD, .name = "linear", .forward = linear_forward};

tp_module *tp_linear_layer(int64_t in, int64_t out, const tp_layer_options *options, tp_error *error)
{
    if (in < 1 || out < 1)
        return tp_layer_refuse(error, "tp_linear_layer: %lld inputs and %lld outputs", (long long)in, (long long)out);
    const double bound = 1 / sqrt((double)in);
    tp_layer layer;
    tp_layer_begin(&layer, &linear_kind, NULL, options, error);
    tp_layer_uniform(&layer, "weight", bound, TP_DIMS(out, in));
    if (!layer.options.no_bias) tp_layer_uniform(&layer, "bias", bound, TP_DIMS(out));
    return tp_layer_end(&layer);
}

/* ---- bilinear ---- */

static tp_var bilinear_of_one(tp_module *module, tp_var x)
{
    return tp_bilinear_forward(module, x, x);
}

static const tp_module_kind bilinear_kind = {TP_MODULE_HEAD, .name = "bilinear", .forward = bilinear_of_one};

tp_module *tp_bilinear_layer(int64_t in1, int64_t in2, int64_t out, const tp_layer_options *options, tp_error *error)
{
    if (in1 < 1 || in2 < 1 || out < 1)
        return tp_layer_refuse(error, "tp_bilinear_layer: %lld and %lld inputs and %lld outputs", (long long)in1,
                               (long long)in2, (long long)out);
    const double bound = 1 / sqrt((double)in1);
    tp_layer layer;
    tp_layer_begin(&layer, &bilinear_kind, NULL, options, error);
    tp_layer_uniform(&layer, "weight", bound, TP_DIMS(out, in1, in2));
    if (!layer.options.no_bias) tp_layer_uniform(&layer, "bias", bound, TP_DIMS(out));
    return tp_layer_end(&layer);
}

/* x1^T (W x2) of each output: W as a matrix of out in1 rows, the products with x2 as one of out rows. */
tp_var tp_bilinear_forward(tp_module *module, tp_var x1, tp_var x2)
{
    const tp_tensor *weight = tp_module_parameter(module, "weight");
    if (tp_module_kind_of(module) != &bilinear_kind || !weight)
        return tp_module_fail(module, x2.tape, TP_E_ARGUMENT, "tp_bilinear_forward: the module is no bilinear layer");
    const int64_t out = tp_tensor_dim(weight, 0), in1 = tp_tensor_dim(weight, 1), in2 = tp_tensor_dim(weight, 2);
    const int rank = tp_var_rank(x2);
    if (!tp_ok(x1) || !tp_ok(x2)) return tp_add(x1, x2);
    if (rank < 1 || rank == TP_MAX_RANK || tp_var_rank(x1) != rank || tp_var_dims(x1)[rank - 1] != in1 ||
        tp_var_dims(x2)[rank - 1] != in2)
        return tp_module_fail(module, x2.tape, TP_E_SHAPE, "x1 must be (..., %lld) and x2 (..., %lld)", (long long)in1,
                              (long long)in2);
    const tp_var rows = tp_reshape(tp_module_use(module, "weight", x2.tape), TP_DIMS(out * in1, in2));
    int64_t dims[TP_MAX_RANK];
    for (int i = 0; i + 1 < rank; i++) dims[i] = tp_var_dims(x2)[i];
    dims[rank - 1] = out;
    dims[rank] = in1;
    const tp_var y = tp_matvec(tp_reshape(tp_linear(x2, rows, tp_none()), rank + 1, dims), x1);
    const tp_var bias = tp_layer_optional(module, "bias", x2.tape);
    return tp_module_parameter(module, "bias") ? tp_add(y, bias) : y;
}

/* ---- embedding ---- */

typedef struct embedding_state {
    int64_t padding;
} embedding_state;

static tp_var embedding_forward(tp_module *module, tp_var x)
{
    const embedding_state *state = tp_module_state(module);
    return tp_embedding(tp_module_use(module, "weight", x.tape), x, state->padding);
}

static const tp_module_kind embedding_kind = {TP_MODULE_HEAD, .name = "embedding", .state = sizeof(embedding_state),
                                              .forward = embedding_forward};

tp_module *tp_embedding_layer(int64_t n, int64_t width, int64_t padding, const tp_layer_options *options,
                              tp_error *error)
{
    if (n < 1 || width < 1)
        return tp_layer_refuse(error, "tp_embedding_layer: %lld rows of %lld", (long long)n, (long long)width);
    if (padding != TP_NO_PADDING && (padding < -n || padding >= n))
        return tp_layer_refuse(error, "tp_embedding_layer: the padding %lld is none of %lld rows", (long long)padding,
                               (long long)n);
    tp_layer layer;
    tp_layer_begin(&layer, &embedding_kind, &(embedding_state){padding}, options, error);
    tp_layer_normal(&layer, "weight", TP_DIMS(n, width));
    tp_module *module = tp_layer_end(&layer);
    if (!module || padding == TP_NO_PADDING) return module;
    const int64_t row = padding < 0 ? padding + n : padding;
    const size_t bytes = tp_dtype_size(layer.options.dtype) * (size_t)width;
    memset((char *)tp_tensor_data(tp_module_parameter(module, "weight")) + (size_t)row * bytes, 0, bytes);
    return module;
}
