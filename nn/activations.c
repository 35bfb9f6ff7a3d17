/* Activations as layers: any function of one handle, functions with numbers (a row each), and PReLU, which learns. */
#include <math.h>

#include "nn/layer.h"

/* ---- functions of one handle ---- */

typedef struct activation_state {
    tp_activation *f; /* NULL: the identity */
} activation_state;

static tp_var activation_forward(tp_module *module, tp_var x)
{
    const activation_state *state = tp_module_state(module);
    return state->f ? state->f(x) : x;
}

#define KIND(text)                                                                                                     \
    {                                                                                                                  \
        TP_MODULE_HEAD, .name = (text), .state = sizeof(activation_state), .forward = activation_forward               \
    }
#define NAMED(name)                                                                                                    \
    {                                                                                                                  \
        tp_##name, KIND(#name)                                                                                         \
    }

/* Functions that have a name; all others are a "function". */
static const struct {
    tp_activation *f;
    tp_module_kind kind;
} activations[] = {{NULL, KIND("identity")}, NAMED(relu),     NAMED(relu6),    NAMED(tanh),        NAMED(sigmoid),
                   NAMED(logsigmoid),        NAMED(softplus), NAMED(softsign), NAMED(selu),        NAMED(gelu),
                   NAMED(gelu_tanh),         NAMED(silu),     NAMED(mish),     NAMED(hardsigmoid), NAMED(hardswish),
                   NAMED(tanhshrink)};
static const tp_module_kind function_kind = KIND("function");

tp_module *tp_activation_layer(tp_activation *f, const tp_layer_options *options, tp_error *error)
{
    const tp_module_kind *kind = &function_kind;
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++)
        if (activations[i].f == f) kind = &activations[i].kind;
    return tp_layer_plain(kind, &(activation_state){f}, options, error);
}

tp_var tp_tanhshrink(tp_var x)
{
    return tp_sub(x, tp_tanh(x));
}

/* ---- functions with numbers ---- */

typedef struct numbers {
    double a, b;
} numbers;

/* The layer tp_<name>_layer of one number: what holds of it, and y. */
#define NUMBER(name_, a_, holds, y)                                                                                    \
    static tp_var name_##_forward(tp_module *module, tp_var x)                                                         \
    {                                                                                                                  \
        const double a_ = ((const numbers *)tp_module_state(module))->a;                                               \
        return y;                                                                                                      \
    }                                                                                                                  \
    tp_module *tp_##name_##_layer(double a_, const tp_layer_options *options, tp_error *error)                         \
    {                                                                                                                  \
        static const tp_module_kind kind = {TP_MODULE_HEAD, .name = #name_, .state = sizeof(numbers),                  \
                                            .forward = name_##_forward};                                               \
        if (!(holds)) return tp_layer_refuse(error, "tp_" #name_ "_layer: " #a_ " %g", a_);                            \
        return tp_layer_plain(&kind, &(numbers){.a = a_}, options, error);                                             \
    }

/* ... of two. `module` is in scope. */
#define NUMBERS(name_, a_, b_, holds, y)                                                                               \
    static tp_var name_##_forward(tp_module *module, tp_var x)                                                         \
    {                                                                                                                  \
        const numbers *const state = tp_module_state(module);                                                          \
        const double a_ = state->a, b_ = state->b;                                                                     \
        return y;                                                                                                      \
    }                                                                                                                  \
    tp_module *tp_##name_##_layer(double a_, double b_, const tp_layer_options *options, tp_error *error)              \
    {                                                                                                                  \
        static const tp_module_kind kind = {TP_MODULE_HEAD, .name = #name_, .state = sizeof(numbers),                  \
                                            .forward = name_##_forward};                                               \
        if (!(holds)) return tp_layer_refuse(error, "tp_" #name_ "_layer: " #a_ " %g, " #b_ " %g", a_, b_);            \
        return tp_layer_plain(&kind, &(numbers){a_, b_}, options, error);                                              \
    }

/* ... along an axis. */
#define AXIS(name_, y)                                                                                                 \
    static tp_var name_##_forward(tp_module *module, tp_var x)                                                         \
    {                                                                                                                  \
        const int axis = (int)((const numbers *)tp_module_state(module))->a;                                           \
        return y;                                                                                                      \
    }                                                                                                                  \
    tp_module *tp_##name_##_layer(int axis, const tp_layer_options *options, tp_error *error)                          \
    {                                                                                                                  \
        static const tp_module_kind kind = {TP_MODULE_HEAD, .name = #name_, .state = sizeof(numbers),                  \
                                            .forward = name_##_forward};                                               \
        return tp_layer_plain(&kind, &(numbers){.a = axis}, options, error);                                           \
    }

static tp_var glu(tp_module *module, tp_var x, int axis)
{
    tp_var half[2] = {x, x};
    const int rank = tp_var_rank(x), at = axis < 0 ? axis + rank : axis;
    if (at >= 0 && at < rank && (tp_var_dims(x)[at] % 2 || tp_var_dims(x)[at] == 0))
        return tp_module_fail(module, x.tape, TP_E_SHAPE, "%lld elements along axis %d have no two halves",
                              (long long)tp_var_dims(x)[at], axis);
    return tp_chunk(x, axis, 2, half) == 2
               ? tp_mul(half[0], tp_sigmoid(half[1]))
               : tp_module_fail(module, x.tape, TP_E_INDEX, "axis %d of rank %d", axis, rank);
}

/* The slope of each element drawn anew in training, else the one in the middle. */
static tp_var rrelu(bool draws, tp_var x, double low, double high)
{
    if (!draws) return tp_leaky_relu(x, (low + high) / 2);
    const tp_var slope = tp_uniform(x.tape, tp_var_dtype(x), tp_var_rank(x), tp_var_dims(x), low, high);
    return tp_where(tp_greater(x, tp_const(x.tape, 0)), x, tp_mul(x, slope));
}

/* x where it is above the bound, else `other`. */
static tp_var above(tp_var magnitude, double bound, tp_var x, double other)
{
    return tp_where(tp_greater(magnitude, tp_const(x.tape, bound)), x, tp_const(x.tape, other));
}

NUMBER(leaky_relu, slope, isfinite(slope), tp_leaky_relu(x, slope))
NUMBER(elu, alpha, isfinite(alpha), tp_elu(x, alpha))
NUMBER(celu, alpha, isfinite(alpha) && alpha != 0, tp_celu(x, alpha))
NUMBER(softplus, beta, isfinite(beta) && beta > 0, tp_muls(tp_softplus(tp_muls(x, beta)), 1 / beta))
NUMBER(hardshrink, bound, isfinite(bound) && bound >= 0, above(tp_abs(x), bound, x, 0))
NUMBER(softshrink, bound, isfinite(bound) && bound >= 0, tp_sub(x, tp_clamp(x, -bound, bound)))
NUMBERS(threshold, bound, value, isfinite(bound) && isfinite(value), above(x, bound, x, value))
NUMBERS(hardtanh, low, high, isfinite(low) && isfinite(high) && low <= high, tp_hardtanh(x, low, high))
NUMBERS(rrelu, low, high, isfinite(low) && isfinite(high) && low <= high,
        rrelu(tp_module_is_training(module), x, low, high))
AXIS(softmax, tp_softmax(x, axis))
AXIS(softmin, tp_softmax(tp_neg(x), axis))
AXIS(log_softmax, tp_log_softmax(x, axis))
AXIS(glu, glu(module, x, axis))

/* ---- PReLU ---- */

static tp_var prelu_forward(tp_module *module, tp_var x)
{
    const int64_t n = tp_tensor_count(tp_module_parameter(module, "weight"));
    const int rank = tp_var_rank(x);
    tp_var weight = tp_module_use(module, "weight", x.tape);
    if (!tp_ok(x)) return x;
    if (rank < 1 || (n > 1 && (rank < 2 || tp_var_dims(x)[1] != n)))
        return tp_module_fail(module, x.tape, TP_E_SHAPE, "weight (%lld) does not fit x of rank %d: (N, %lld, ...)",
                              (long long)n, rank, (long long)n);
    if (n > 1) weight = tp_reshape(weight, rank - 1, (const int64_t[TP_MAX_RANK]){n, 1, 1, 1, 1, 1, 1, 1});
    return tp_where(tp_greater(x, tp_const(x.tape, 0)), x, tp_mul(weight, x));
}

static const tp_module_kind prelu_kind = {TP_MODULE_HEAD, .name = "prelu", .forward = prelu_forward};

tp_module *tp_prelu_layer(int64_t channels, const tp_layer_options *options, tp_error *error)
{
    if (channels < 1) return tp_layer_refuse(error, "tp_prelu_layer: %lld channels", (long long)channels);
    tp_layer layer;
    tp_layer_begin(&layer, &prelu_kind, NULL, options, error);
    tp_layer_constant(&layer, "weight", 0.25, TP_DIMS(channels));
    return tp_layer_end(&layer);
}
