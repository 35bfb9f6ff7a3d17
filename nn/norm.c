/* Normalisation: batch and instance norm with running statistics, layer, group and RMS norm without. */
#include <math.h>
#include <string.h>

#include "autograd/tape.h"
#include "nn/layer.h"
#include "nn/track.h"

static double or_default(double number, double value)
{
    return number != 0 ? number : value;
}

static bool is_eps(double eps)
{
    return eps >= 0 && isfinite(eps);
}

/* Weight of ones and bias of zeros. */
static void add_affine(tp_layer *layer, int rank, const int64_t *dims)
{
    tp_layer_constant(layer, "weight", 1, rank, dims);
    if (!layer->options.no_bias) tp_layer_constant(layer, "bias", 0, rank, dims);
}

/* What tp_norm_options say of a channel's statistics. */
typedef struct channel_state {
    int64_t channels;
    double eps, momentum;
    bool cumulative, tracked;
} channel_state;

static tp_module *channel_layer(const char *name, const tp_module_kind *kind, int64_t channels,
                                const tp_norm_options *norm, bool affine, bool tracked, const tp_layer_options *options,
                                tp_error *error)
{
    const tp_norm_options o = norm ? *norm : (tp_norm_options){0};
    const channel_state state = {channels, or_default(o.eps, 1e-5), or_default(o.momentum, 0.1), o.cumulative, tracked};
    if (channels < 1 || !is_eps(state.eps) || !(state.momentum >= 0 && state.momentum <= 1))
        return tp_layer_refuse(error, "%s: %lld channels, eps %g, momentum %g", name, (long long)channels, state.eps,
                               state.momentum);
    tp_layer layer;
    tp_layer_begin(&layer, kind, &state, options, error);
    if (affine) add_affine(&layer, TP_DIMS(channels));
    if (tracked) {
        tp_layer_buffer(&layer, "running_mean", layer.options.dtype, 0, TP_DIMS(channels));
        tp_layer_buffer(&layer, "running_var", layer.options.dtype, 1, TP_DIMS(channels));
        tp_layer_buffer(&layer, "num_batches_tracked", TP_I64, 0, TP_DIMS());
    }
    return tp_layer_end(&layer);
}

/* The channels of x are those of the layer: without weights no op would see it. */
static bool fits(tp_module *module, tp_var x)
{
    const channel_state *state = tp_module_state(module);
    const int rank = tp_var_rank(x);
    if (!tp_ok(x) || (rank >= 2 && tp_var_dims(x)[1] == state->channels)) return true;
    if (rank < 2)
        tp_module_fail(module, x.tape, TP_E_SHAPE, "x of rank %d is not (N, %lld, ...)", rank,
                       (long long)state->channels);
    else
        tp_module_fail(module, x.tape, TP_E_SHAPE, "x has %lld channels, the layer has %lld",
                       (long long)tp_var_dims(x)[1], (long long)state->channels);
    return false;
}

/* By the running statistics. */
static tp_var by_running(tp_module *module, tp_var x, tp_var weight, tp_var bias)
{
    const channel_state *state = tp_module_state(module);
    return tp_batch_norm_fixed(x, tp_module_use(module, "running_mean", x.tape),
                               tp_module_use(module, "running_var", x.tape), weight, bias, state->eps);
}

/* The running statistics move towards those of x, of all axes but the second and, of `samples`, the first; of each
   sample they are averaged over the samples. */
static bool move_running(tp_module *module, tp_var x, bool samples)
{
    const channel_state *state = tp_module_state(module);
    const tp_track track = {samples ? NULL : tp_module_buffer(module, "num_batches_tracked"),
                            tp_module_buffer(module, "running_mean"), tp_module_buffer(module, "running_var"),
                            state->momentum, state->cumulative};
    static const int64_t axes[] = {0, 2, 3, 4, 5, 6, 7};
    const int n = tp_var_rank(x) - 1, skip = samples;
    const bool grad = tp_tape_set_grad(x.tape, false);
    tp_var mean = tp_mean_axes(x, n - skip, axes + skip, false);
    tp_var variance = tp_variance_axes(x, 1, n - skip, axes + skip, false);
    if (samples) {
        mean = tp_mean_axes(mean, TP_AXES(0), false);
        variance = tp_mean_axes(variance, TP_AXES(0), false);
    }
    const bool good = tp_track_statistics(x, mean, variance, &track);
    tp_tape_set_grad(x.tape, grad);
    return good;
}

/* ---- batch norm ---- */

static tp_var batch_norm_forward(tp_module *module, tp_var x)
{
    const channel_state *state = tp_module_state(module);
    const bool moves = state->tracked && tp_module_is_training(module), direct = moves && !state->cumulative;
    if (!fits(module, x)) return tp_poison(x.tape);
    const tp_var weight = tp_layer_optional(module, "weight", x.tape);
    const tp_var bias = tp_layer_optional(module, "bias", x.tape);
    if (state->tracked && !moves) return by_running(module, x, weight, bias);
    const tp_var y =
        tp_batch_norm(x, weight, bias, direct ? tp_module_buffer(module, "running_mean") : NULL,
                      direct ? tp_module_buffer(module, "running_var") : NULL, state->momentum, state->eps);
    if (!moves || !tp_ok(y)) return y;
    const tp_track count = {.batches = tp_module_buffer(module, "num_batches_tracked")};
    const bool good = direct ? tp_track_statistics(y, tp_none(), tp_none(), &count) : move_running(module, x, false);
    return good ? y : tp_poison(x.tape);
}

tp_module *tp_batch_norm_layer(int64_t channels, const tp_norm_options *norm, const tp_layer_options *options,
                               tp_error *error)
{
    static const tp_module_kind kind = {TP_MODULE_HEAD, .name = "batch_norm", .state = sizeof(channel_state),
                                        .forward = batch_norm_forward};
    return channel_layer("tp_batch_norm_layer", &kind, channels, norm, !(norm && norm->no_affine),
                         !(norm && norm->no_tracking), options, error);
}

/* ---- instance norm ---- */

static tp_var instance_norm_forward(tp_module *module, tp_var x)
{
    const channel_state *state = tp_module_state(module);
    if (!fits(module, x)) return tp_poison(x.tape);
    const tp_var weight = tp_layer_optional(module, "weight", x.tape);
    const tp_var bias = tp_layer_optional(module, "bias", x.tape);
    if (state->tracked && !tp_module_is_training(module)) return by_running(module, x, weight, bias);
    const tp_var y = tp_instance_norm(x, weight, bias, state->eps);
    if (!state->tracked || !tp_ok(y)) return y;
    int64_t places = 1;
    for (int i = 2; i < tp_var_rank(x); i++) places *= tp_var_dims(x)[i];
    if (places == 1) return tp_module_fail(module, x.tape, TP_E_SHAPE, "one value a channel has no unbiased variance");
    return move_running(module, x, true) ? y : tp_poison(x.tape);
}

tp_module *tp_instance_norm_layer(int64_t channels, const tp_norm_options *norm, const tp_layer_options *options,
                                  tp_error *error)
{
    static const tp_module_kind kind = {TP_MODULE_HEAD, .name = "instance_norm", .state = sizeof(channel_state),
                                        .forward = instance_norm_forward};
    if (norm && norm->cumulative)
        return tp_layer_refuse(error, "tp_instance_norm_layer: there is no cumulative average");
    return channel_layer("tp_instance_norm_layer", &kind, channels, norm, norm && norm->affine, norm && norm->tracking,
                         options, error);
}

/* ---- layer norm, RMS norm ---- */

typedef struct row_state {
    int rank;
    int64_t dims[TP_MAX_RANK];
    double eps;
} row_state;

static bool rows_fit(tp_module *module, tp_var x)
{
    const row_state *state = tp_module_state(module);
    const int rank = tp_var_rank(x);
    if (!tp_ok(x)) return true;
    if (rank >= state->rank &&
        memcmp(tp_var_dims(x) + rank - state->rank, state->dims, (size_t)state->rank * sizeof *state->dims) == 0)
        return true;
    tp_module_fail(module, x.tape, TP_E_SHAPE, "the last %d dims of x are not the layer's (the last is %lld)",
                   state->rank, (long long)state->dims[state->rank - 1]);
    return false;
}

static tp_var layer_norm_forward(tp_module *module, tp_var x)
{
    const row_state *state = tp_module_state(module);
    if (!rows_fit(module, x)) return tp_poison(x.tape);
    const tp_var weight = tp_layer_optional(module, "weight", x.tape);
    return tp_layer_norm(x, state->rank, weight, tp_layer_optional(module, "bias", x.tape), state->eps);
}

static tp_var rms_norm_forward(tp_module *module, tp_var x)
{
    const row_state *state = tp_module_state(module);
    if (!rows_fit(module, x)) return tp_poison(x.tape);
    return tp_rms_norm(x, state->rank, tp_layer_optional(module, "weight", x.tape), state->eps);
}

static tp_module *row_layer(const char *name, const tp_module_kind *kind, int rank, const int64_t *dims,
                            const tp_norm_options *norm, bool biased, const tp_layer_options *options, tp_error *error)
{
    row_state state = {.rank = rank, .eps = or_default(norm ? norm->eps : 0, 1e-5)};
    if (rank < 1 || rank > TP_MAX_RANK || !dims || !is_eps(state.eps))
        return tp_layer_refuse(error, "%s: %d dims, or they are NULL, or eps %g", name, rank, state.eps);
    for (int i = 0; i < rank; i++)
        if ((state.dims[i] = dims[i]) < 1)
            return tp_layer_refuse(error, "%s: dim %d is %lld", name, i, (long long)dims[i]);
    tp_layer layer;
    tp_layer_begin(&layer, kind, &state, options, error);
    if (!biased) layer.options.no_bias = true;
    if (!(norm && norm->no_affine)) add_affine(&layer, rank, dims);
    return tp_layer_end(&layer);
}

tp_module *tp_layer_norm_layer(int rank, const int64_t *dims, const tp_norm_options *norm,
                               const tp_layer_options *options, tp_error *error)
{
    static const tp_module_kind kind = {TP_MODULE_HEAD, .name = "layer_norm", .state = sizeof(row_state),
                                        .forward = layer_norm_forward};
    return row_layer("tp_layer_norm_layer", &kind, rank, dims, norm, true, options, error);
}

tp_module *tp_rms_norm_layer(int rank, const int64_t *dims, const tp_norm_options *norm,
                             const tp_layer_options *options, tp_error *error)
{
    static const tp_module_kind kind = {TP_MODULE_HEAD, .name = "rms_norm", .state = sizeof(row_state),
                                        .forward = rms_norm_forward};
    return row_layer("tp_rms_norm_layer", &kind, rank, dims, norm, false, options, error);
}

/* ---- group norm ---- */

typedef struct group_state {
    channel_state channel; /* first: see fits */
    int64_t groups;
} group_state;

static tp_var group_norm_forward(tp_module *module, tp_var x)
{
    const group_state *state = tp_module_state(module);
    if (!fits(module, x)) return tp_poison(x.tape);
    const tp_var weight = tp_layer_optional(module, "weight", x.tape);
    return tp_group_norm(x, state->groups, weight, tp_layer_optional(module, "bias", x.tape), state->channel.eps);
}

tp_module *tp_group_norm_layer(int64_t groups, int64_t channels, const tp_norm_options *norm,
                               const tp_layer_options *options, tp_error *error)
{
    static const tp_module_kind kind = {TP_MODULE_HEAD, .name = "group_norm", .state = sizeof(group_state),
                                        .forward = group_norm_forward};
    const group_state state = {{.channels = channels, .eps = or_default(norm ? norm->eps : 0, 1e-5)}, groups};
    if (groups < 1 || channels < 1 || channels % groups || !is_eps(state.channel.eps))
        return tp_layer_refuse(error, "tp_group_norm_layer: %lld channels in %lld groups, eps %g", (long long)channels,
                               (long long)groups, state.channel.eps);
    tp_layer layer;
    tp_layer_begin(&layer, &kind, &state, options, error);
    if (!(norm && norm->no_affine)) add_affine(&layer, TP_DIMS(channels));
    return tp_layer_end(&layer);
}
