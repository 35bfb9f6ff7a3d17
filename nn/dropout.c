/* Dropout: in training elements or whole channels are 0 at random, in evaluation x passes. */
#include "nn/layer.h"

typedef struct dropout_state {
    double p;
} dropout_state;

static tp_var dropout_forward(tp_module *module, tp_var x)
{
    const dropout_state *state = tp_module_state(module);
    return tp_module_is_training(module) ? tp_dropout(x, state->p) : x;
}

static tp_var channels_forward(tp_module *module, tp_var x)
{
    const dropout_state *state = tp_module_state(module);
    return tp_module_is_training(module) ? tp_dropout_channels(x, state->p) : x;
}

static tp_module *dropout_layer(const char *name, const tp_module_kind *kind, double p, const tp_layer_options *options,
                                tp_error *error)
{
    if (!(p >= 0 && p <= 1)) return tp_layer_refuse(error, "%s: the probability %g is not in [0, 1]", name, p);
    return tp_layer_plain(kind, &(dropout_state){p}, options, error);
}

tp_module *tp_dropout_layer(double p, const tp_layer_options *options, tp_error *error)
{
    static const tp_module_kind kind = {TP_MODULE_HEAD, .name = "dropout", .state = sizeof(dropout_state),
                                        .forward = dropout_forward};
    return dropout_layer("tp_dropout_layer", &kind, p, options, error);
}

tp_module *tp_dropout_channels_layer(double p, const tp_layer_options *options, tp_error *error)
{
    static const tp_module_kind kind = {TP_MODULE_HEAD, .name = "dropout_channels", .state = sizeof(dropout_state),
                                        .forward = channels_forward};
    return dropout_layer("tp_dropout_channels_layer", &kind, p, options, error);
}
