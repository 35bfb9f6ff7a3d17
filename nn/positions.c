/* Sinusoidal positions: a table, and the layer that adds its first rows. */
#include <math.h>

#include "core/tensor.h"
#include "kernels/kernels.h"
#include "nn/layer.h"

typedef struct sinusoidal_state {
    bool time_first;
} sinusoidal_state;

tp_tensor *tp_sinusoidal_positions(int64_t length, int64_t width, double base, tp_dtype dtype,
                                   const tp_allocator *memory, tp_error *error)
{
    if (length < 1 || width < 1 || !isfinite(base) || base < 0) {
        tp_fail(error, TP_E_ARGUMENT, "tp_sinusoidal_positions: a length of %lld, a width of %lld, a base of %g",
                (long long)length, (long long)width, base);
        return NULL;
    }
    if (dtype != TP_F32 && dtype != TP_F64) {
        tp_fail(error, TP_E_DTYPE, "tp_sinusoidal_positions: needs f32 or f64, not %s", tp_dtype_name(dtype));
        return NULL;
    }
    tp_tensor *table = tp_tensor_make(memory, dtype, TP_DIMS(length, width), NULL, error);
    if (!table) return NULL;
    const int64_t size = (int64_t)tp_dtype_size(dtype);
    char *data = tp_tensor_data(table);
    for (int64_t i = 0; i < width; i++) {
        const double rate = pow(base > 0 ? base : 1e4, -(double)(i - i % 2) / (double)width);
        for (int64_t t = 0; t < length; t++)
            tp_put(dtype, data + (t * width + i) * size, i % 2 ? cos((double)t * rate) : sin((double)t * rate));
    }
    return table;
}

static tp_var sinusoidal_forward(tp_module *module, tp_var x)
{
    const sinusoidal_state *state = tp_module_state(module);
    const tp_tensor *table = tp_module_buffer(module, "positions");
    const int64_t longest = tp_tensor_dim(table, 0), width = tp_tensor_dim(table, 1);
    const int rank = tp_var_rank(x), axis = rank == 3 && !state->time_first ? 1 : 0;
    const int64_t *dims = tp_var_dims(x);
    if (rank < 0) return x;
    if (rank < 2 || rank > 3 || dims[rank - 1] != width || dims[axis] > longest) {
        char text[TP_SHAPE_TEXT];
        return tp_module_fail(module, x.tape, TP_E_SHAPE, "x is %s: needs %s with rows of %lld and T at most %lld",
                              tp_shape_text(text, rank, dims), state->time_first ? "(T, N, width)" : "(N, T, width)",
                              (long long)width, (long long)longest);
    }
    const tp_var rows = tp_slice(tp_module_use(module, "positions", x.tape), 0, 0, dims[axis], 1);
    return tp_add(x, rank == 3 && state->time_first ? tp_unsqueeze(rows, 1) : rows);
}

static const tp_module_kind sinusoidal_kind = {TP_MODULE_HEAD, .name = "sinusoidal_positions",
                                               .state = sizeof(sinusoidal_state), .forward = sinusoidal_forward};

tp_module *tp_sinusoidal_layer(int64_t length, int64_t width, bool time_first, const tp_layer_options *options,
                               tp_error *error)
{
    const tp_layer_options o = options ? *options : (tp_layer_options){0};
    tp_error local = {TP_OK, ""};
    tp_tensor *table = tp_sinusoidal_positions(length, width, 0, o.dtype, o.memory, &local);
    tp_module *module = table ? tp_module_new(&sinusoidal_kind, o.memory, &local) : NULL;
    if (module && tp_module_add_buffer(module, "positions", table, &local) == TP_OK) {
        sinusoidal_state *state = tp_module_state(module);
        state->time_first = time_first;
        return module;
    }
    if (!module) tp_tensor_release(table);
    tp_module_free(module);
    tp_fail(error, local.status, "%s", local.message);
    return NULL;
}
