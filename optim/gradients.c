/* Norms of gradients, and clipping by them and by value. */
#include <math.h>

#include <tapir/optim_gradients.h>

#include "core/tensor.h"
#include "kernels/kernels.h"

/* The gradient of one of n parameters; NULL where it has none. */
static const tp_tensor *gradient(const tp_tensor *parameter)
{
    return parameter ? tp_tensor_grad(parameter) : NULL;
}

static double norm_of(const tp_kernels *kernels, const tp_tensor *g, double power)
{
    double norm = 0;
    const bool largest = isinf(power);
    tp_reduce_args(kernels, &(tp_reduce_call){.how = largest ? TP_FOLD_ABS_MAX : TP_FOLD_NORM,
                                              .dtype = (tp_dtype)g->dtype,
                                              .rank = 1,
                                              .dims = &g->count,
                                              .strides = (const int64_t[]){1},
                                              .x = tp_tensor_read(g),
                                              .mask = 1,
                                              .out_dtype = TP_F64,
                                              .out = &norm,
                                              .power = power,
                                              .threads = 1});
    return norm;
}

/* The norm of two vectors together, by their norms: the larger one is taken out, so that no power overflows. */
static double joined(double a, double b, double power)
{
    const double top = a > b ? a : b, low = a > b ? b : a;
    if (isnan(a) || isnan(b)) return (double)NAN;
    if (isinf(power) || low == 0 || isinf(top)) return top;
    return power == 2 ? top * sqrt(1 + low / top * (low / top)) : top * pow(1 + pow(low / top, power), 1 / power);
}

static tp_status check(const char *call, tp_tensor *const *parameters, size_t n, tp_error *error)
{
    if (n > 0 && !parameters) return tp_fail(error, TP_E_ARGUMENT, "%s: the parameters are NULL", call);
    for (size_t i = 0; i < n; i++)
        if (!parameters[i]) return tp_fail(error, TP_E_ARGUMENT, "%s: parameter %zu is NULL", call, i);
    return TP_OK;
}

static tp_status find_norm(const char *call, tp_tensor *const *parameters, size_t n, const tp_clip_options *options,
                           double *norm, tp_error *error)
{
    const double power = options && options->power != 0 ? options->power : 2;
    *norm = (double)NAN;
    const tp_status status = check(call, parameters, n, error);
    if (status != TP_OK) return status;
    if (!(power > 0)) return tp_fail(error, TP_E_ARGUMENT, "%s: power is %g, which is not above 0", call, power);
    const tp_kernels *kernels = tp_kernels_pick();
    double all = 0;
    for (size_t i = 0; i < n; i++) {
        const tp_tensor *g = gradient(parameters[i]);
        if (g && g->count > 0) all = joined(all, norm_of(kernels, g, power), power);
    }
    if (options && options->error_nonfinite && !isfinite(all))
        return tp_fail(error, TP_E_NUMERIC, "%s: the norm of the gradients is %g", call, all);
    *norm = all;
    return TP_OK;
}

static void scale_all(tp_tensor *const *parameters, size_t n, double factor)
{
    const tp_kernels *kernels = tp_kernels_pick();
    for (size_t i = 0; i < n; i++) {
        tp_tensor *g = tp_tensor_grad_mutable(parameters[i]);
        if (g) kernels->of[g->dtype]->scale(g->count, tp_tensor_data(g), factor);
    }
}

double tp_gradient_norm(tp_tensor *const *parameters, size_t n, const tp_clip_options *options, tp_error *error)
{
    double norm;
    find_norm("tp_gradient_norm", parameters, n, options, &norm, error);
    return norm;
}

double tp_clip_gradient_norm(tp_tensor *const *parameters, size_t n, double limit, const tp_clip_options *options,
                             tp_error *error)
{
    double norm;
    if (!(limit >= 0)) {
        tp_fail(error, TP_E_ARGUMENT, "tp_clip_gradient_norm: limit is %g, which is not 0 or above", limit);
        return (double)NAN;
    }
    if (find_norm("tp_clip_gradient_norm", parameters, n, options, &norm, error) != TP_OK) return (double)NAN;
    const double factor = limit / (norm + 1e-6);
    if (!(factor >= 1)) scale_all(parameters, n, factor);
    return norm;
}

tp_status tp_scale_gradients(tp_tensor *const *parameters, size_t n, double factor, tp_error *error)
{
    const tp_status status = check("tp_scale_gradients", parameters, n, error);
    if (status == TP_OK) scale_all(parameters, n, factor);
    return status;
}

tp_status tp_clip_gradient_value(tp_tensor *const *parameters, size_t n, double limit, tp_error *error)
{
    const tp_status status = check("tp_clip_gradient_value", parameters, n, error);
    if (status != TP_OK) return status;
    if (!(limit >= 0))
        return tp_fail(error, TP_E_ARGUMENT, "tp_clip_gradient_value: limit is %g, which is not 0 or above", limit);
    const tp_kernels *kernels = tp_kernels_pick();
    for (size_t i = 0; i < n; i++) {
        tp_tensor *g = tp_tensor_grad_mutable(parameters[i]);
        if (!g) continue;
        const tp_update clip = {.n = g->count, .w = tp_tensor_data(g), .low = -limit, .high = limit};
        kernels->of[g->dtype]->updates[TP_UPDATE_clip](&clip);
    }
    return TP_OK;
}
