/* Convolutions and their transposes over one to three spatial axes. */
#include <math.h>

#include "nn/layer.h"

typedef tp_var convolve(tp_var x, tp_var weight, tp_var bias, const tp_conv_options *options);

typedef struct conv_state {
    convolve *apply;
    tp_conv_options options;
} conv_state;

static tp_var conv_forward(tp_module *module, tp_var x)
{
    const conv_state *state = tp_module_state(module);
    const tp_var weight = tp_module_use(module, "weight", x.tape);
    return state->apply(x, weight, tp_layer_optional(module, "bias", x.tape), &state->options);
}

#define KIND(text)                                                                                                     \
    {                                                                                                                  \
        TP_MODULE_HEAD, .name = (text), .state = sizeof(conv_state), .forward = conv_forward                           \
    }

/* By whether it is transposed, and by spatial axes. */
static const tp_module_kind kinds[2][3] = {
    {KIND("conv1d"), KIND("conv2d"), KIND("conv3d")},
    {KIND("conv_transpose1d"), KIND("conv_transpose2d"), KIND("conv_transpose3d")}};
static convolve *const convolutions[2][3] = {{tp_conv1d, tp_conv2d, tp_conv3d},
                                             {tp_conv_transpose1d, tp_conv_transpose2d, tp_conv_transpose3d}};

static bool no_numbers(const int64_t numbers[3], int n, int64_t least)
{
    for (int i = 0; i < 3; i++)
        if (i < n ? numbers[i] < least : numbers[i] != 0) return true;
    return false;
}

/* What is wrong, or NULL. */
static const char *wrong(int n, const int64_t *kernel, const tp_conv_options *o, bool transposed)
{
    if (n < 1 || n > 3 || !kernel) return "the kernel must have 1 to 3 axes";
    for (int i = 0; i < n; i++)
        if (kernel[i] < 1) return "the kernel is empty";
    if (no_numbers(o->stride, n, 0)) return "a stride is negative, or not of a spatial axis";
    if (no_numbers(o->padding, n, 0)) return "a padding is negative, or not of a spatial axis";
    if (no_numbers(o->dilation, n, 0)) return "a dilation is negative, or not of a spatial axis";
    if (no_numbers(o->output_padding, transposed ? n : 0, 0))
        return "an output padding is negative, or not of a spatial axis of a transposed convolution";
    return NULL;
}

static tp_module *conv_layer(const char *name, bool transposed, int64_t in, int64_t out, int n, const int64_t *kernel,
                             const tp_conv_options *conv, const tp_layer_options *options, tp_error *error)
{
    const tp_conv_options o = conv ? *conv : (tp_conv_options){0};
    const int64_t groups = o.groups ? o.groups : 1;
    const char *why = wrong(n, kernel, &o, transposed);
    if (why) return tp_layer_refuse(error, "%s: %s", name, why);
    if (in < 1 || out < 1 || groups < 1 || in % groups || out % groups)
        return tp_layer_refuse(error, "%s: %lld channels in, %lld out and %lld groups", name, (long long)in,
                               (long long)out, (long long)groups);
    int64_t dims[5] = {transposed ? in : out, (transposed ? out : in) / groups};
    double taps = 1;
    for (int i = 0; i < n; i++) taps *= (double)(dims[2 + i] = kernel[i]);
    const double bound = 1 / sqrt((double)dims[1] * taps);
    tp_layer layer;
    tp_layer_begin(&layer, &kinds[transposed][n - 1], &(conv_state){convolutions[transposed][n - 1], o}, options,
                   error);
    tp_layer_uniform(&layer, "weight", bound, 2 + n, dims);
    if (!layer.options.no_bias) tp_layer_uniform(&layer, "bias", bound, TP_DIMS(out));
    return tp_layer_end(&layer);
}

tp_module *tp_conv_layer(int64_t in, int64_t out, int n, const int64_t *kernel, const tp_conv_options *conv,
                         const tp_layer_options *options, tp_error *error)
{
    return conv_layer("tp_conv_layer", false, in, out, n, kernel, conv, options, error);
}

tp_module *tp_conv_transpose_layer(int64_t in, int64_t out, int n, const int64_t *kernel, const tp_conv_options *conv,
                                   const tp_layer_options *options, tp_error *error)
{
    return conv_layer("tp_conv_transpose_layer", true, in, out, n, kernel, conv, options, error);
}
