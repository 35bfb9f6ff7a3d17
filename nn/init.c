/* First values of parameters. A draw depends on the element's place in row-major order, not on the strides. */
#include <math.h>

#include <tapir/nn.h>

#include "core/tensor.h"
#include "kernels/kernels.h"
#include "kernels/special.h"
#include "nn/init.h"

/* A number from a standard distribution. */
typedef double draw(tp_rng *rng);

tp_status tp_init_check(const char *name, const tp_tensor *tensor, const tp_rng *rng, int rank, tp_error *error)
{
    char text[TP_TENSOR_TEXT];
    if (!tensor || !rng)
        return tp_fail(error, TP_E_ARGUMENT, "%s: the %s is NULL", name, tensor ? "generator" : "tensor");
    if (!tp_dtype_is_float((tp_dtype)tensor->dtype))
        return tp_fail(error, TP_E_DTYPE, "%s: a tensor of %s", name, tp_dtype_name((tp_dtype)tensor->dtype));
    if (tensor->rank < rank)
        return tp_fail(error, TP_E_SHAPE, "%s: %s has no fans: dims (out, in, ...) are needed", name,
                       tp_tensor_text(text, tensor));
    return TP_OK;
}

static tp_status draw_all(tp_tensor *tensor, draw *next, double shift, double scale, tp_rng *rng)
{
    const tp_dtype dtype = (tp_dtype)tensor->dtype;
    const int64_t size = (int64_t)tp_dtype_size(dtype);
    char *data = tp_tensor_data(tensor);
    for (int64_t i = 0; i < tensor->count; i++)
        tp_put(dtype, data + tp_tensor_offset(tensor, i) * size, shift + scale * next(rng));
    return TP_OK;
}

tp_status tp_init_constant(tp_tensor *tensor, double value, tp_error *error)
{
    const tp_rng none = {0};
    const tp_status status = tp_init_check("tp_init_constant", tensor, &none, 0, error);
    return status == TP_OK ? tp_tensor_fill(tensor, value) : status;
}

tp_status tp_init_uniform(tp_tensor *tensor, double low, double high, tp_rng *rng, tp_error *error)
{
    const tp_status status = tp_init_check("tp_init_uniform", tensor, rng, 0, error);
    if (status != TP_OK) return status;
    if (!(low <= high) || !isfinite(high - low))
        return tp_fail(error, TP_E_ARGUMENT, "tp_init_uniform: from %g to %g", low, high);
    return draw_all(tensor, tp_rng_uniform, low, high - low, rng);
}

tp_status tp_init_normal(tp_tensor *tensor, double mean, double deviation, tp_rng *rng, tp_error *error)
{
    const tp_status status = tp_init_check("tp_init_normal", tensor, rng, 0, error);
    if (status != TP_OK) return status;
    if (!isfinite(mean) || !(deviation >= 0) || !isfinite(deviation))
        return tp_fail(error, TP_E_ARGUMENT, "tp_init_normal: mean %g, deviation %g", mean, deviation);
    return draw_all(tensor, tp_rng_normal, mean, deviation, rng);
}

/* By the inverse of the distribution: one uniform number an element. */
tp_status tp_init_truncated_normal(tp_tensor *tensor, double mean, double deviation, double low, double high,
                                   tp_rng *rng, tp_error *error)
{
    const tp_status status = tp_init_check("tp_init_truncated_normal", tensor, rng, 0, error);
    if (status != TP_OK) return status;
    if (!isfinite(mean) || !(deviation > 0) || !isfinite(deviation) || !(low < high) || !isfinite(low) ||
        !isfinite(high))
        return tp_fail(error, TP_E_ARGUMENT, "tp_init_truncated_normal: mean %g, deviation %g, from %g to %g", mean,
                       deviation, low, high);
    const tp_dtype dtype = (tp_dtype)tensor->dtype;
    const double from = erf((low - mean) / deviation / sqrt(2)), to = erf((high - mean) / deviation / sqrt(2));
    char *data = tp_tensor_data(tensor);
    for (int64_t i = 0; i < tensor->count; i++) {
        const double z = tp_erfinv_of(from + (to - from) * tp_rng_uniform(rng));
        const double value = fmin(fmax(mean + deviation * sqrt(2) * z, low), high);
        tp_put(dtype, data + tp_tensor_offset(tensor, i) * (int64_t)tp_dtype_size(dtype), value);
    }
    return TP_OK;
}

double tp_gain_leaky_relu(double slope)
{
    return sqrt(2 / (1 + slope * slope));
}

/* ---- by fans ---- */

typedef struct fans {
    double in, out;
} fans;

/* An empty tensor has fans of 1, so that they can be divided by. */
static tp_status find_fans(const char *name, const tp_tensor *tensor, double gain, const tp_rng *rng, fans *found,
                           tp_error *error)
{
    *found = (fans){1, 1};
    const tp_status status = tp_init_check(name, tensor, rng, 2, error);
    if (status != TP_OK) return status;
    if (!(gain >= 0) || !isfinite(gain)) return tp_fail(error, TP_E_ARGUMENT, "%s: a gain of %g", name, gain);
    double receptive = 1;
    for (int i = 2; i < tensor->rank; i++) receptive *= (double)tensor->dims[i];
    if (tensor->count) *found = (fans){(double)tensor->dims[1] * receptive, (double)tensor->dims[0] * receptive};
    return TP_OK;
}

tp_status tp_init_xavier_uniform(tp_tensor *tensor, double gain, tp_rng *rng, tp_error *error)
{
    fans fan;
    const tp_status status = find_fans("tp_init_xavier_uniform", tensor, gain, rng, &fan, error);
    if (status != TP_OK) return status;
    const double bound = gain * sqrt(6 / (fan.in + fan.out));
    return tp_init_uniform(tensor, -bound, bound, rng, error);
}

tp_status tp_init_xavier_normal(tp_tensor *tensor, double gain, tp_rng *rng, tp_error *error)
{
    fans fan;
    const tp_status status = find_fans("tp_init_xavier_normal", tensor, gain, rng, &fan, error);
    if (status != TP_OK) return status;
    return tp_init_normal(tensor, 0, gain * sqrt(2 / (fan.in + fan.out)), rng, error);
}

static tp_status kaiming_deviation(const char *name, const tp_tensor *tensor, tp_fan fan, double gain,
                                   const tp_rng *rng, double *deviation, tp_error *error)
{
    fans found;
    const tp_status status = find_fans(name, tensor, gain, rng, &found, error);
    if (status != TP_OK) return status;
    if (fan != TP_FAN_IN && fan != TP_FAN_OUT)
        return tp_fail(error, TP_E_ARGUMENT, "%s: fan %d is neither TP_FAN_IN nor TP_FAN_OUT", name, (int)fan);
    *deviation = gain / sqrt(fan == TP_FAN_IN ? found.in : found.out);
    return TP_OK;
}

tp_status tp_init_kaiming_uniform(tp_tensor *tensor, tp_fan fan, double gain, tp_rng *rng, tp_error *error)
{
    double deviation = 0;
    const tp_status status = kaiming_deviation("tp_init_kaiming_uniform", tensor, fan, gain, rng, &deviation, error);
    if (status != TP_OK) return status;
    const double bound = sqrt(3) * deviation;
    return tp_init_uniform(tensor, -bound, bound, rng, error);
}

tp_status tp_init_kaiming_normal(tp_tensor *tensor, tp_fan fan, double gain, tp_rng *rng, tp_error *error)
{
    double deviation = 0;
    const tp_status status = kaiming_deviation("tp_init_kaiming_normal", tensor, fan, gain, rng, &deviation, error);
    return status == TP_OK ? tp_init_normal(tensor, 0, deviation, rng, error) : status;
}
