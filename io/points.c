/* Synthetic points in the plane. */
#include <inttypes.h>
#include <math.h>

#include "core/element.h"
#include "core/tensor.h"
#include "io/dataset.h"

#include <tapir/io_datasets.h>

static const double pi = 3.141592653589793;

typedef struct point {
    double x, y;
    int label;
} point;

/* The i-th of n points of one class (of all, for xor). */
typedef point make_point(tp_rng *rng, int label, int64_t i, int64_t n, double noise);

static double uniform(tp_rng *rng, double low, double high)
{
    return low + (high - low) * tp_rng_uniform(rng);
}

static point circle_point(tp_rng *rng, int label, int64_t i, int64_t n, double noise)
{
    (void)i, (void)n;
    const double r = label ? uniform(rng, 0, 2.5) : uniform(rng, 3.5, 5), t = uniform(rng, 0, 2 * pi);
    point p = {.x = r * sin(t), .y = r * cos(t)};
    const double x = p.x + uniform(rng, -5, 5) * noise, y = p.y + uniform(rng, -5, 5) * noise;
    p.label = hypot(x, y) < 2.5;
    return p;
}

static double apart_from_0(double x)
{
    return x > 0 ? x + 0.3 : x - 0.3;
}

static point xor_point(tp_rng *rng, int label, int64_t i, int64_t n, double noise)
{
    (void)label, (void)i, (void)n;
    point p = {.x = apart_from_0(uniform(rng, -5, 5))};
    p.y = apart_from_0(uniform(rng, -5, 5));
    const double x = p.x + uniform(rng, -5, 5) * noise, y = p.y + uniform(rng, -5, 5) * noise;
    p.label = x * y >= 0;
    return p;
}

static point gaussian_point(tp_rng *rng, int label, int64_t i, int64_t n, double noise)
{
    (void)i, (void)n;
    const double centre = label ? 2 : -2, deviation = sqrt(0.5 + 7 * noise);
    point p = {.x = centre + deviation * tp_rng_normal(rng), .label = label};
    p.y = centre + deviation * tp_rng_normal(rng);
    return p;
}

static point spiral_point(tp_rng *rng, int label, int64_t i, int64_t n, double noise)
{
    const double part = (double)i / (double)n, r = 5 * part, t = 1.75 * part * 2 * pi + (label ? 0 : pi);
    point p = {.x = r * sin(t) + uniform(rng, -1, 1) * noise, .label = label};
    p.y = r * cos(t) + uniform(rng, -1, 1) * noise;
    return p;
}

static point moons_point(tp_rng *rng, int label, int64_t i, int64_t n, double noise)
{
    const double t = n > 1 ? pi * (double)i / (double)(n - 1) : 0;
    point p = {.x = (label ? 1 - cos(t) : cos(t)) + noise * tp_rng_normal(rng), .label = label};
    p.y = (label ? 0.5 - sin(t) : sin(t)) + noise * tp_rng_normal(rng);
    return p;
}

/* The first class gets the odd one. */
static void draw(make_point *make, int first, double noise, uint64_t seed, tp_tensor *points, tp_tensor *labels)
{
    const int64_t n = labels->count, half = make == xor_point ? n : n - n / 2;
    tp_rng rng = tp_rng_seed(seed);
    unsigned char *label = tp_tensor_data(labels);
    char *at = tp_tensor_data(points);
    const size_t size = tp_dtype_size((tp_dtype)points->dtype);
    for (int64_t i = 0; i < n; i++, at += 2 * size) {
        const point p = i < half ? make(&rng, first, i, half, noise) : make(&rng, !first, i - half, n - half, noise);
        tp_put((tp_dtype)points->dtype, at, p.x);
        tp_put((tp_dtype)points->dtype, at + size, p.y);
        label[i] = (unsigned char)p.label;
    }
}

static tp_dataset *points_of(const char *name, make_point *make, int first, int64_t n, double noise, uint64_t seed,
                             const tp_datasets_options *options, tp_error *error)
{
    const tp_datasets_options o = options ? *options : (tp_datasets_options){.folder = NULL};
    if (n < 0 || !(noise >= 0) || !isfinite(noise) || !tp_dtype_is_float(o.dtype)) {
        tp_fail(error, tp_dtype_is_float(o.dtype) ? TP_E_ARGUMENT : TP_E_DTYPE,
                "%s: %" PRId64 " points with noise %g in %s", name, n, noise, tp_dtype_name(o.dtype));
        return NULL;
    }
    tp_error local = {.status = TP_OK};
    tp_dataset *set = NULL;
    tp_tensor *points = tp_tensor_make(o.memory, o.dtype, TP_DIMS(n, 2), NULL, &local);
    tp_tensor *labels = points ? tp_tensor_make(o.memory, TP_U8, TP_DIMS(n), NULL, &local) : NULL;
    if (labels) {
        draw(make, first, noise, seed, points, labels);
        set = tp_dataset_from_tensors(2, (tp_tensor *[]){points, labels}, &local);
    }
    tp_tensor_release(points);
    tp_tensor_release(labels);
    if (!set) tp_fail(error, local.status, "%s: %.400s", name, local.message);
    return set;
}

#define POINTS(name, first)                                                                                            \
    tp_dataset *tp_points_##name(int64_t n, double noise, uint64_t seed, const tp_datasets_options *options,           \
                                 tp_error *error)                                                                      \
    {                                                                                                                  \
        return points_of("tp_points_" #name, name##_point, first, n, noise, seed, options, error);                     \
    }

POINTS(circle, 1)
POINTS(xor, 1)
POINTS(gaussian, 1)
POINTS(spiral, 1)
POINTS(moons, 0)
