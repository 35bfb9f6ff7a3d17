/* Linear layers, activations, and the containers that put them one after the other. */
#include <math.h>
#include <stdio.h>

#include <tapir/nn.h>
#include <tapir/ops.h>

#include "core/memory.h"

static const tp_layer_options default_options;

/* ---- linear ---- */

typedef struct linear_state {
    bool has_bias;
} linear_state;

static tp_var linear_forward(tp_module *module, tp_var x)
{
    const linear_state *state = tp_module_state(module);
    const tp_var weight = tp_module_use(module, "weight", x.tape);
    return tp_linear(x, weight, state->has_bias ? tp_module_use(module, "bias", x.tape) : tp_none());
}

static const tp_module_kind linear_kind = {TP_MODULE_HEAD, .name = "linear", .state = sizeof(linear_state),
                                           .forward = linear_forward};

/* A new parameter with values from U(-bound, bound). */
static tp_status add_uniform(tp_module *module, const char *name, int rank, const int64_t *dims, double bound,
                             const tp_layer_options *options, tp_rng *rng, tp_error *error)
{
    tp_error local = {0};
    tp_tensor *tensor = tp_tensor_make(options->memory, options->dtype, rank, dims, NULL, &local);
    if (!tensor) return tp_fail(error, local.status, "%s", local.message);
    const tp_status status = tp_init_uniform(tensor, -bound, bound, rng, error);
    if (status == TP_OK) return tp_module_add_parameter(module, name, tensor, error);
    tp_tensor_release(tensor);
    return status;
}

tp_module *tp_linear_layer(int64_t in, int64_t out, const tp_layer_options *options, tp_error *error)
{
    if (!options) options = &default_options;
    if (in < 1 || out < 1) {
        tp_fail(error, TP_E_ARGUMENT, "tp_linear_layer: %lld inputs and %lld outputs", (long long)in, (long long)out);
        return NULL;
    }
    tp_module *module = tp_module_new(&linear_kind, options->memory, error);
    if (!module) return NULL;
    tp_rng own = tp_rng_seed(0), *rng = options->rng ? options->rng : &own;
    const double bound = 1 / sqrt((double)in);
    linear_state *state = tp_module_state(module);
    state->has_bias = !options->no_bias;
    tp_status status = add_uniform(module, "weight", TP_DIMS(out, in), bound, options, rng, error);
    if (status == TP_OK && state->has_bias)
        status = add_uniform(module, "bias", TP_DIMS(out), bound, options, rng, error);
    if (status == TP_OK) return module;
    tp_module_free(module);
    return NULL;
}

/* ---- activations ---- */

typedef struct activation_state {
    tp_activation *f; /* NULL: the identity */
} activation_state;

static tp_var activation_forward(tp_module *module, tp_var x)
{
    const activation_state *state = tp_module_state(module);
    return state->f ? state->f(x) : x;
}

#define ACTIVATION(text)                                                                                               \
    {                                                                                                                  \
        TP_MODULE_HEAD, .name = (text), .state = sizeof(activation_state), .forward = activation_forward               \
    }

/* Functions that have a name; all others are a "function". */
static const struct {
    tp_activation *f;
    tp_module_kind kind;
} activations[] = {{NULL, ACTIVATION("identity")},
                   {tp_relu, ACTIVATION("relu")},
                   {tp_tanh, ACTIVATION("tanh")},
                   {tp_sigmoid, ACTIVATION("sigmoid")}};
static const tp_module_kind function_kind = ACTIVATION("function");

tp_module *tp_activation_layer(tp_activation *f, const tp_layer_options *options, tp_error *error)
{
    const tp_module_kind *kind = &function_kind;
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++)
        if (activations[i].f == f) kind = &activations[i].kind;
    tp_module *module = tp_module_new(kind, options ? options->memory : NULL, error);
    if (!module) return NULL;
    activation_state *state = tp_module_state(module);
    state->f = f;
    return module;
}

typedef struct leaky_relu_state {
    double slope;
} leaky_relu_state;

static tp_var leaky_relu_forward(tp_module *module, tp_var x)
{
    const leaky_relu_state *state = tp_module_state(module);
    return tp_leaky_relu(x, state->slope);
}

static const tp_module_kind leaky_relu_kind = {TP_MODULE_HEAD, .name = "leaky_relu", .state = sizeof(leaky_relu_state),
                                               .forward = leaky_relu_forward};

tp_module *tp_leaky_relu_layer(double slope, const tp_layer_options *options, tp_error *error)
{
    if (!isfinite(slope)) {
        tp_fail(error, TP_E_ARGUMENT, "tp_leaky_relu_layer: a slope of %g", slope);
        return NULL;
    }
    tp_module *module = tp_module_new(&leaky_relu_kind, options ? options->memory : NULL, error);
    if (!module) return NULL;
    leaky_relu_state *state = tp_module_state(module);
    state->slope = slope;
    return module;
}

/* ---- containers ---- */

typedef struct sequential_state {
    uint64_t next; /* the number that the next child gets */
} sequential_state;

static tp_var sequential_forward(tp_module *module, tp_var x)
{
    for (tp_module *child = tp_module_first_child(module); child; child = tp_module_next_child(child))
        x = tp_module_forward(child, x);
    return x;
}

static const tp_module_kind sequential_kind = {TP_MODULE_HEAD, .name = "sequential", .state = sizeof(sequential_state),
                                               .forward = sequential_forward};

tp_module *tp_sequential(const tp_layer_options *options, tp_error *error)
{
    return tp_module_new(&sequential_kind, options ? options->memory : NULL, error);
}

tp_status tp_sequential_add(tp_module *sequential, tp_module *child, tp_error *error)
{
    if (tp_module_kind_of(sequential) != &sequential_kind) {
        if (child && !tp_module_parent(child)) tp_module_free(child);
        return tp_fail(error, TP_E_ARGUMENT, "tp_sequential_add: the module is no sequential");
    }
    sequential_state *state = tp_module_state(sequential);
    char name[TP_MODULE_NAME + 1];
    snprintf(name, sizeof name, "%llu", (unsigned long long)state->next);
    const tp_status status = tp_module_add_child(sequential, name, child, error);
    if (status == TP_OK) state->next++;
    return status;
}

static tp_status add_mlp_layer(tp_module *mlp, int i, const int64_t *widths, tp_activation *f,
                               const tp_layer_options *options, tp_error *error)
{
    tp_error local = {0};
    tp_status status = TP_OK;
    if (i > 0) status = tp_sequential_add(mlp, tp_activation_layer(f, options, &local), &local);
    if (status == TP_OK)
        status = tp_sequential_add(mlp, tp_linear_layer(widths[i], widths[i + 1], options, &local), &local);
    return status == TP_OK ? TP_OK : tp_fail(error, status, "%s", local.message);
}

tp_module *tp_mlp(int n, const int64_t *widths, tp_activation *f, const tp_layer_options *options, tp_error *error)
{
    if (n < 2 || !widths) {
        tp_fail(error, TP_E_ARGUMENT, "tp_mlp: %d widths, or widths are NULL", n);
        return NULL;
    }
    tp_rng own = tp_rng_seed(0);
    tp_layer_options with_rng = options ? *options : default_options;
    if (!with_rng.rng) with_rng.rng = &own;
    tp_module *mlp = tp_sequential(&with_rng, error);
    for (int i = 0; mlp && i + 1 < n; i++) {
        if (add_mlp_layer(mlp, i, widths, f, &with_rng, error) == TP_OK) continue;
        tp_module_free(mlp);
        mlp = NULL;
    }
    return mlp;
}
