/* Pooling, interpolation, and layers that give the same elements another shape. */
#include <string.h>

#include "nn/layer.h"

/* ---- pooling ---- */

static tp_var max_pool1d(tp_var x, const tp_pool_options *options)
{
    return tp_max_pool1d(x, options, NULL);
}

static tp_var max_pool2d(tp_var x, const tp_pool_options *options)
{
    return tp_max_pool2d(x, options, NULL);
}

static tp_var max_pool3d(tp_var x, const tp_pool_options *options)
{
    return tp_max_pool3d(x, options, NULL);
}

typedef tp_var pool(tp_var x, const tp_pool_options *options);

typedef struct pool_state {
    pool *apply;
    tp_pool_options options;
} pool_state;

static tp_var pool_forward(tp_module *module, tp_var x)
{
    const pool_state *state = tp_module_state(module);
    return state->apply(x, &state->options);
}

#define KIND(text, state_, forward_)                                                                                   \
    {                                                                                                                  \
        TP_MODULE_HEAD, .name = (text), .state = sizeof(state_), .forward = (forward_)                                 \
    }
#define POOL(name) KIND(name, pool_state, pool_forward)

static const tp_module_kind max_kinds[] = {POOL("max_pool1d"), POOL("max_pool2d"), POOL("max_pool3d")};
static const tp_module_kind avg_kinds[] = {POOL("avg_pool1d"), POOL("avg_pool2d"), POOL("avg_pool3d")};
static pool *const max_pools[] = {max_pool1d, max_pool2d, max_pool3d};
static pool *const avg_pools[] = {tp_avg_pool1d, tp_avg_pool2d, tp_avg_pool3d};

static tp_module *pool_layer(const char *name, const tp_module_kind kinds[], pool *const pools[], int n,
                             const int64_t *window, const tp_pool_options *given, const tp_layer_options *options,
                             tp_error *error)
{
    if (n < 1 || n > 3 || !window) return tp_layer_refuse(error, "%s: the window must have 1 to 3 axes", name);
    tp_pool_options o = given ? *given : (tp_pool_options){0};
    for (int i = 0; i < n; i++) {
        if (window[i] < 1)
            return tp_layer_refuse(error, "%s: a window of %lld along axis %d", name, (long long)window[i], i);
        o.window[i] = window[i];
    }
    return tp_layer_plain(&kinds[n - 1], &(pool_state){pools[n - 1], o}, options, error);
}

tp_module *tp_max_pool_layer(int n, const int64_t *window, const tp_pool_options *pooling,
                             const tp_layer_options *options, tp_error *error)
{
    return pool_layer("tp_max_pool_layer", max_kinds, max_pools, n, window, pooling, options, error);
}

tp_module *tp_avg_pool_layer(int n, const int64_t *window, const tp_pool_options *pooling,
                             const tp_layer_options *options, tp_error *error)
{
    return pool_layer("tp_avg_pool_layer", avg_kinds, avg_pools, n, window, pooling, options, error);
}

/* ---- shapes that are told: adaptive pooling, unflatten ---- */

typedef struct dims_state {
    int axis, n;
    int64_t dims[TP_MAX_RANK];
} dims_state;

/* NULL for no such number of dims, or one of them below `least`. */
static tp_module *dims_layer(const char *name, const tp_module_kind *kind, int axis, int n, const int64_t *dims,
                             int most, int64_t least, const tp_layer_options *options, tp_error *error)
{
    if (n < 1 || n > most || !dims)
        return tp_layer_refuse(error, "%s: %d dims, or they are NULL: from 1 to %d", name, n, most);
    dims_state state = {.axis = axis, .n = n};
    for (int i = 0; i < n; i++) {
        if (dims[i] < least) return tp_layer_refuse(error, "%s: dim %d is %lld", name, i, (long long)dims[i]);
        state.dims[i] = dims[i];
    }
    return tp_layer_plain(kind, &state, options, error);
}

static tp_var adaptive_avg_forward(tp_module *module, tp_var x)
{
    const dims_state *state = tp_module_state(module);
    return tp_adaptive_avg_pool(x, state->n, state->dims);
}

static tp_var adaptive_max_forward(tp_module *module, tp_var x)
{
    const dims_state *state = tp_module_state(module);
    return tp_adaptive_max_pool(x, state->n, state->dims, NULL);
}

tp_module *tp_adaptive_avg_pool_layer(int n, const int64_t *size, const tp_layer_options *options, tp_error *error)
{
    static const tp_module_kind kind = KIND("adaptive_avg_pool", dims_state, adaptive_avg_forward);
    return dims_layer("tp_adaptive_avg_pool_layer", &kind, 0, n, size, 3, 1, options, error);
}

tp_module *tp_adaptive_max_pool_layer(int n, const int64_t *size, const tp_layer_options *options, tp_error *error)
{
    static const tp_module_kind kind = KIND("adaptive_max_pool", dims_state, adaptive_max_forward);
    return dims_layer("tp_adaptive_max_pool_layer", &kind, 0, n, size, 3, 1, options, error);
}

static tp_var unflatten_forward(tp_module *module, tp_var x)
{
    const dims_state *state = tp_module_state(module);
    const int rank = tp_var_rank(x), at = state->axis < 0 ? state->axis + rank : state->axis;
    if (!tp_ok(x)) return x;
    if (at < 0 || at >= rank || rank - 1 + state->n > TP_MAX_RANK)
        return tp_module_fail(module, x.tape, TP_E_SHAPE, "axis %d of rank %d as %d axes", state->axis, rank, state->n);
    int64_t dims[TP_MAX_RANK], product = 1;
    for (int i = 0; i < state->n; i++)
        if (__builtin_mul_overflow(product, state->dims[i], &product)) product = -1;
    if (product != tp_var_dims(x)[at])
        return tp_module_fail(module, x.tape, TP_E_SHAPE, "%lld elements along axis %d are not the %lld of the dims",
                              (long long)tp_var_dims(x)[at], at, (long long)product);
    for (int i = 0; i < at; i++) dims[i] = tp_var_dims(x)[i];
    memcpy(dims + at, state->dims, (size_t)state->n * sizeof *dims);
    for (int i = at + 1; i < rank; i++) dims[i - 1 + state->n] = tp_var_dims(x)[i];
    return tp_reshape(x, rank - 1 + state->n, dims);
}

tp_module *tp_unflatten_layer(int axis, int n, const int64_t *dims, const tp_layer_options *options, tp_error *error)
{
    static const tp_module_kind kind = KIND("unflatten", dims_state, unflatten_forward);
    return dims_layer("tp_unflatten_layer", &kind, axis, n, dims, TP_MAX_RANK, 1, options, error);
}

typedef struct flatten_state {
    int first, last;
} flatten_state;

static tp_var flatten_forward(tp_module *module, tp_var x)
{
    const flatten_state *state = tp_module_state(module);
    return tp_flatten(x, state->first, state->last);
}

tp_module *tp_flatten_layer(int first, int last, const tp_layer_options *options, tp_error *error)
{
    static const tp_module_kind kind = KIND("flatten", flatten_state, flatten_forward);
    return tp_layer_plain(&kind, &(flatten_state){first, last}, options, error);
}

/* ---- interpolation ---- */

static tp_var upsample_forward(tp_module *module, tp_var x)
{
    return tp_interpolate(x, tp_module_state(module));
}

tp_module *tp_upsample_layer(const tp_interpolate_options *interpolate, const tp_layer_options *options,
                             tp_error *error)
{
    static const tp_module_kind kind = KIND("upsample", tp_interpolate_options, upsample_forward);
    if (!interpolate) return tp_layer_refuse(error, "tp_upsample_layer: neither a size nor a scale");
    return tp_layer_plain(&kind, interpolate, options, error);
}
