/* How a layer is written: a kind, a state, and a constructor that lists the parameters.

       typedef struct scale_state { double power; } scale_state;
       static tp_var scale_forward(tp_module *module, tp_var x) { ... tp_module_use(module, "weight", x.tape) ... }
       static const tp_module_kind scale_kind = {TP_MODULE_HEAD, .name = "scale", ...};

       tp_module *tp_scale_layer(int64_t n, double power, const tp_layer_options *options, tp_error *error)
       {
           if (n < 1) return tp_layer_refuse(error, "tp_scale_layer: %lld numbers", (long long)n);
           tp_layer layer;
           tp_layer_begin(&layer, &scale_kind, &(scale_state){power}, options, error);
           tp_layer_constant(&layer, "weight", 1, TP_DIMS(n));
           return tp_layer_end(&layer);
       }

   Invariant: the module of a layer that is being made is NULL from the first failure on, and the error is told. */
#ifndef TAPIR_NN_LAYER_H
#define TAPIR_NN_LAYER_H

#include <tapir/nn.h>
#include <tapir/ops.h>

#include "core/memory.h"

typedef struct tp_layer {
    tp_module *module; /* NULL: it failed */
    tp_layer_options options;
    tp_rng own; /* drawn from where the options have none */
    tp_error *error;
} tp_layer;

/* A module of the kind with a copy of the state (kind->state bytes). */
void tp_layer_begin(tp_layer *layer, const tp_module_kind *kind, const void *state, const tp_layer_options *options,
                    tp_error *error);
/* Parameters of the options' dtype: from U(-bound, bound), from N(0, 1), all of one value. */
void tp_layer_uniform(tp_layer *layer, const char *name, double bound, int rank, const int64_t *dims);
void tp_layer_normal(tp_layer *layer, const char *name, int rank, const int64_t *dims);
void tp_layer_constant(tp_layer *layer, const char *name, double value, int rank, const int64_t *dims);
void tp_layer_buffer(tp_layer *layer, const char *name, tp_dtype dtype, double value, int rank, const int64_t *dims);
/* Takes the child over, also when the layer has failed. */
void tp_layer_child(tp_layer *layer, const char *name, tp_module *child);
/* The module, or NULL. */
tp_module *tp_layer_end(tp_layer *layer);

/* A layer without parameters, in one call. */
tp_module *tp_layer_plain(const tp_module_kind *kind, const void *state, const tp_layer_options *options,
                          tp_error *error);
/* NULL, with TP_E_ARGUMENT told. */
tp_module *tp_layer_refuse(tp_error *error, const char *format, ...) TP_PRINTF(2, 3);
/* tp_module_use, but tp_none() where there is nothing of that name. */
tp_var tp_layer_optional(tp_module *module, const char *name, tp_tape *tape);

#endif
