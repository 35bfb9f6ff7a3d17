/* Making layers: the module, its state and its parameters, with the first failure kept. */
#include "nn/layer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What was made is of no use any more. */
static void fail(tp_layer *layer)
{
    tp_module_free(layer->module);
    layer->module = NULL;
}

void tp_layer_begin(tp_layer *layer, const tp_module_kind *kind, const void *state, const tp_layer_options *options,
                    tp_error *error)
{
    *layer = (tp_layer){.own = tp_rng_seed(0), .error = error};
    if (options) layer->options = *options;
    layer->module = tp_module_new(kind, layer->options.memory, error);
    if (layer->module && kind->state) memcpy(tp_module_state(layer->module), state, kind->state);
}

/* A new tensor of zeros; NULL after a failure. */
static tp_tensor *make(tp_layer *layer, const char *name, tp_dtype dtype, int rank, const int64_t *dims)
{
    if (!layer->module) return NULL;
    tp_error local = {0};
    tp_tensor *tensor = tp_tensor_make(layer->options.memory, dtype, rank, dims, NULL, &local);
    if (tensor) return tensor;
    tp_fail(layer->error, local.status, "%s: \"%s\": %s", tp_module_kind_of(layer->module)->name, name, local.message);
    fail(layer);
    return NULL;
}

/* Adds the tensor that was filled, unless that failed. */
static void add(tp_layer *layer, const char *name, tp_tensor *tensor, tp_status filled)
{
    if (filled != TP_OK)
        tp_tensor_release(tensor);
    else
        filled = tp_module_add_parameter(layer->module, name, tensor, layer->error);
    if (filled != TP_OK) fail(layer);
}

static tp_rng *generator(tp_layer *layer)
{
    return layer->options.rng ? layer->options.rng : &layer->own;
}

void tp_layer_uniform(tp_layer *layer, const char *name, double bound, int rank, const int64_t *dims)
{
    tp_tensor *tensor = make(layer, name, layer->options.dtype, rank, dims);
    if (tensor) add(layer, name, tensor, tp_init_uniform(tensor, -bound, bound, generator(layer), layer->error));
}

void tp_layer_normal(tp_layer *layer, const char *name, int rank, const int64_t *dims)
{
    tp_tensor *tensor = make(layer, name, layer->options.dtype, rank, dims);
    if (tensor) add(layer, name, tensor, tp_init_normal(tensor, 0, 1, generator(layer), layer->error));
}

void tp_layer_constant(tp_layer *layer, const char *name, double value, int rank, const int64_t *dims)
{
    tp_tensor *tensor = make(layer, name, layer->options.dtype, rank, dims);
    if (tensor) add(layer, name, tensor, tp_init_constant(tensor, value, layer->error));
}

void tp_layer_buffer(tp_layer *layer, const char *name, tp_dtype dtype, double value, int rank, const int64_t *dims)
{
    tp_tensor *tensor = make(layer, name, dtype, rank, dims);
    if (!tensor) return;
    tp_tensor_fill(tensor, value);
    if (tp_module_add_buffer(layer->module, name, tensor, layer->error) != TP_OK) fail(layer);
}

void tp_layer_child(tp_layer *layer, const char *name, tp_module *child)
{
    if (!layer->module)
        tp_module_free(child);
    else if (tp_module_add_child(layer->module, name, child, layer->error) != TP_OK)
        fail(layer);
}

tp_module *tp_layer_end(tp_layer *layer)
{
    return layer->module;
}

tp_module *tp_layer_plain(const tp_module_kind *kind, const void *state, const tp_layer_options *options,
                          tp_error *error)
{
    tp_layer layer;
    tp_layer_begin(&layer, kind, state, options, error);
    return tp_layer_end(&layer);
}

tp_module *tp_layer_refuse(tp_error *error, const char *format, ...)
{
    char text[TP_ERROR_LENGTH];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    tp_fail(error, TP_E_ARGUMENT, "%s", text);
    return NULL;
}

tp_var tp_layer_optional(tp_module *module, const char *name, tp_tape *tape)
{
    if (!tp_module_parameter(module, name) && !tp_module_buffer(module, name)) return tp_none();
    return tp_module_use(module, name, tape);
}
