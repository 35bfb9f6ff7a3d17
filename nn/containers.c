/* Containers: children one after the other, around which x may go, and the multilayer perceptron. */
#include <stdio.h>
#include <string.h>

#include "nn/layer.h"

/* ---- sequential ---- */

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
    return tp_layer_plain(&sequential_kind, &(sequential_state){0}, options, error);
}

tp_status tp_sequential_add(tp_module *sequential, tp_module *child, tp_error *error)
{
    if (tp_module_kind_of(sequential) != &sequential_kind) {
        if (child && !tp_module_parent(child)) tp_module_free(child);
        if (!sequential && error && error->status != TP_OK) return error->status;
        return tp_fail(error, TP_E_ARGUMENT, "tp_sequential_add: the module is no sequential");
    }
    sequential_state *state = tp_module_state(sequential);
    char name[TP_MODULE_NAME + 1];
    snprintf(name, sizeof name, "%llu", (unsigned long long)state->next);
    const tp_status status = tp_module_add_child(sequential, name, child, error);
    if (status == TP_OK) state->next++;
    return status;
}

/* ---- residual ---- */

static bool same_shape(tp_var a, tp_var b)
{
    const int rank = tp_var_rank(a);
    return rank == tp_var_rank(b) &&
           (rank == 0 || memcmp(tp_var_dims(a), tp_var_dims(b), (size_t)rank * sizeof(int64_t)) == 0);
}

static tp_var residual_forward(tp_module *module, tp_var x)
{
    const tp_var y = tp_module_forward(tp_module_child(module, "body"), x);
    if (tp_ok(x) && tp_ok(y) && !same_shape(x, y))
        return tp_module_fail(module, x.tape, TP_E_SHAPE, "x and f(x) have different shapes");
    return tp_add(x, y);
}

static const tp_module_kind residual_kind = {TP_MODULE_HEAD, .name = "residual", .forward = residual_forward};

tp_module *tp_residual(tp_module *f, const tp_layer_options *options, tp_error *error)
{
    tp_layer layer;
    tp_layer_begin(&layer, &residual_kind, NULL, options, error);
    tp_layer_child(&layer, "body", f);
    return tp_layer_end(&layer);
}

/* ---- multilayer perceptron ---- */

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
    if (n < 2 || !widths) return tp_layer_refuse(error, "tp_mlp: %d widths, or widths are NULL", n);
    tp_rng own = tp_rng_seed(0);
    tp_layer_options with_rng = options ? *options : (tp_layer_options){0};
    if (!with_rng.rng) with_rng.rng = &own;
    tp_module *mlp = tp_sequential(&with_rng, error);
    for (int i = 0; mlp && i + 1 < n; i++) {
        if (add_mlp_layer(mlp, i, widths, f, &with_rng, error) == TP_OK) continue;
        tp_module_free(mlp);
        mlp = NULL;
    }
    return mlp;
}
