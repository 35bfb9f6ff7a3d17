/* The transforms that come ready and change values: scale, reshape, normalise, one-hot, noise. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/element.h"
#include "core/tensor.h"
#include "io/dataset.h"

/* What all elements of `in` are, and how many. */
static int64_t elements(const tp_applying *applying)
{
    return (int64_t)(tp_field_bytes(applying->in) / tp_dtype_size(applying->in->dtype));
}

static tp_status want_float(const tp_field *in, tp_error *error)
{
    if (tp_dtype_is_float(in->dtype)) return TP_OK;
    return tp_fail(error, TP_E_DTYPE, "the field is %s, f32 or f64 is wanted: tp_transform_scale makes it so",
                   tp_dtype_name(in->dtype));
}

/* ---- scale ---- */

typedef struct scale_state {
    tp_dtype dtype;
    double scale;
} scale_state;

static tp_status scale_shape(const void *state, const tp_field *in, tp_field *out, tp_error *error)
{
    (void)in, (void)error;
    out->dtype = ((const scale_state *)state)->dtype;
    return TP_OK;
}

#define SCALE_LOOP(in_type, out_type)                                                                                  \
    for (int64_t i = 0; i < n; i++) ((out_type *)a->to)[i] = (out_type)((double)((const in_type *)a->from)[i] * scale)

/* One loop for each pair of dtypes; the product is in double. */
#define SCALE_TO(out_type)                                                                                             \
    switch (a->in->dtype) {                                                                                            \
    case TP_F32: SCALE_LOOP(float, out_type); break;                                                                   \
    case TP_F64: SCALE_LOOP(double, out_type); break;                                                                  \
    case TP_I32: SCALE_LOOP(int32_t, out_type); break;                                                                 \
    case TP_I64: SCALE_LOOP(int64_t, out_type); break;                                                                 \
    case TP_U8: SCALE_LOOP(uint8_t, out_type); break;                                                                  \
    }

static tp_status scale_apply(const tp_applying *a)
{
    const double scale = ((const scale_state *)a->state)->scale;
    const int64_t n = elements(a);
    if (a->out->dtype == TP_F32)
        SCALE_TO(float)
    else
        SCALE_TO(double)
    return TP_OK;
}

static const tp_transform_kind scale_kind = {TP_TRANSFORM_HEAD, .name = "scale", .state = sizeof(scale_state),
                                             .shape = scale_shape, .apply = scale_apply};

tp_transform *tp_transform_scale(tp_dtype dtype, double scale, tp_error *error)
{
    if (!tp_dtype_is_float(dtype) || !isfinite(scale)) {
        tp_fail(error, isfinite(scale) ? TP_E_DTYPE : TP_E_ARGUMENT, "tp_transform_scale: to %s by %g",
                tp_dtype_name(dtype), scale);
        return NULL;
    }
    tp_transform *made = tp_transform_new(&scale_kind, NULL, error);
    if (made) *(scale_state *)tp_transform_state(made) = (scale_state){dtype, scale};
    return made;
}

/* ---- reshape ---- */

static tp_status reshape_shape(const void *state, const tp_field *in, tp_field *out, tp_error *error)
{
    const tp_field *wanted = state;
    const tp_dtype dtype = in->dtype;
    char from[TP_SHAPE_TEXT], to[TP_SHAPE_TEXT];
    *out = *wanted;
    out->dtype = dtype;
    if (tp_shape_infer(tp_field_count(in), out->rank, out->dims)) return TP_OK;
    return tp_fail(error, TP_E_SHAPE, "%s cannot become %s", tp_shape_text(from, in->rank, in->dims),
                   tp_shape_text(to, wanted->rank, wanted->dims));
}

static tp_status copy_apply(const tp_applying *a)
{
    const size_t bytes = tp_field_bytes(a->in);
    if (bytes) memcpy(a->to, a->from, bytes);
    return TP_OK;
}

static const tp_transform_kind reshape_kind = {TP_TRANSFORM_HEAD, .name = "reshape", .state = sizeof(tp_field),
                                               .shape = reshape_shape, .apply = copy_apply};

tp_transform *tp_transform_reshape(int rank, const int64_t *dims, tp_error *error)
{
    int unknown = 0;
    bool good = rank >= 0 && rank < TP_MAX_RANK && (rank == 0 || dims);
    for (int i = 0; good && i < rank; i++) {
        unknown += dims[i] == -1;
        good = dims[i] >= -1 && unknown <= 1;
    }
    if (!good) {
        tp_fail(error, TP_E_ARGUMENT, "tp_transform_reshape: rank %d (0 to %d), dims %s, with at most one -1", rank,
                TP_MAX_RANK - 1, dims ? "given" : "NULL");
        return NULL;
    }
    tp_transform *made = tp_transform_new(&reshape_kind, NULL, error);
    tp_field *field = tp_transform_state(made);
    if (made) field->rank = rank;
    for (int i = 0; made && i < rank; i++) field->dims[i] = dims[i];
    return made;
}

/* ---- normalise ---- */

typedef struct normalise_state {
    int n;
    double *mean, *deviation; /* one block, from malloc's allocator */
} normalise_state;

static tp_status normalise_shape(const void *state, const tp_field *in, tp_field *out, tp_error *error)
{
    const normalise_state *s = state;
    (void)out;
    if (s->n == 1 || (in->rank > 0 && in->dims[0] == s->n)) return want_float(in, error);
    char text[TP_SHAPE_TEXT];
    return tp_fail(error, TP_E_SHAPE, "%d means for an item of shape %s, whose first dim they must match", s->n,
                   tp_shape_text(text, in->rank, in->dims));
}

#define NORMALISE_LOOP(type)                                                                                           \
    for (int64_t i = 0; i < inner; i++)                                                                                \
    ((type *)a->to)[at + i] = (type)(((double)((const type *)a->from)[at + i] - s->mean[c]) / s->deviation[c])

static tp_status normalise_apply(const tp_applying *a)
{
    const normalise_state *s = a->state;
    const int64_t inner = elements(a) / s->n;
    int64_t at = 0;
    for (int c = 0; c < s->n; c++, at += inner) {
        if (a->in->dtype == TP_F32)
            NORMALISE_LOOP(float);
        else
            NORMALISE_LOOP(double);
    }
    return TP_OK;
}

static void normalise_free(void *state)
{
    const normalise_state *s = state;
    tp_deallocate(&tp_default_allocator, s->mean, 2 * (size_t)s->n * sizeof *s->mean);
}

static const tp_transform_kind normalise_kind = {
    TP_TRANSFORM_HEAD,        .name = "normalise",      .state = sizeof(normalise_state),
    .shape = normalise_shape, .apply = normalise_apply, .free = normalise_free};

static tp_status check_statistics(int n, const double *means, const double *deviations, tp_error *error)
{
    if (n < 1 || !means || !deviations)
        return tp_fail(error, TP_E_ARGUMENT, "tp_transform_normalise: %d means, %s", n,
                       means && deviations ? "given" : "NULL");
    for (int i = 0; i < n; i++)
        if (!isfinite(means[i]) || !isfinite(deviations[i]) || deviations[i] == 0)
            return tp_fail(error, TP_E_ARGUMENT, "tp_transform_normalise: mean %g and deviation %g at %d", means[i],
                           deviations[i], i);
    return TP_OK;
}

tp_transform *tp_transform_normalise(int n, const double *means, const double *deviations, tp_error *error)
{
    if (check_statistics(n, means, deviations, error) != TP_OK) return NULL;
    const size_t bytes = (size_t)n * sizeof(double);
    tp_transform *made = tp_transform_new(&normalise_kind, NULL, error);
    if (!made) return NULL;
    normalise_state *s = tp_transform_state(made);
    s->n = n;
    s->mean = tp_allocate(&tp_default_allocator, 2 * bytes);
    if (!s->mean) {
        tp_fail(error, TP_E_MEMORY, "tp_transform_normalise: out of memory for %d means", n);
        tp_transform_release(made);
        return NULL;
    }
    s->deviation = s->mean + n;
    memcpy(s->mean, means, bytes);
    memcpy(s->deviation, deviations, bytes);
    return made;
}

/* ---- one-hot ---- */

typedef struct one_hot_state {
    int64_t classes;
    tp_dtype dtype;
} one_hot_state;

static tp_status one_hot_shape(const void *state, const tp_field *in, tp_field *out, tp_error *error)
{
    const one_hot_state *s = state;
    if (tp_dtype_is_float(in->dtype))
        return tp_fail(error, TP_E_DTYPE, "the field is %s, an integer dtype is wanted", tp_dtype_name(in->dtype));
    if (in->rank >= TP_MAX_RANK - 1)
        return tp_fail(error, TP_E_LIMIT, "the field has rank %d and would get one axis more", in->rank);
    out->dtype = s->dtype;
    out->dims[out->rank++] = s->classes;
    return TP_OK;
}

static tp_status one_hot_apply(const tp_applying *a)
{
    const one_hot_state *s = a->state;
    const size_t size = tp_dtype_size(a->in->dtype);
    const int64_t n = elements(a);
    memset(a->to, 0, tp_field_bytes(a->out));
    for (int64_t i = 0; i < n; i++) {
        const double label = tp_get(a->in->dtype, (const char *)a->from + (size_t)i * size);
        if (!(label >= 0 && label < (double)s->classes))
            return tp_fail(a->error, TP_E_INDEX, "one_hot: there is no class %.17g of %" PRId64, label, s->classes);
        if (s->dtype == TP_F32)
            ((float *)a->to)[i * s->classes + (int64_t)label] = 1;
        else
            ((double *)a->to)[i * s->classes + (int64_t)label] = 1;
    }
    return TP_OK;
}

static const tp_transform_kind one_hot_kind = {TP_TRANSFORM_HEAD, .name = "one_hot", .state = sizeof(one_hot_state),
                                               .shape = one_hot_shape, .apply = one_hot_apply};

tp_transform *tp_transform_one_hot(int64_t classes, tp_dtype dtype, tp_error *error)
{
    if (classes < 1 || classes > INT32_MAX || !tp_dtype_is_float(dtype)) {
        tp_fail(error, tp_dtype_is_float(dtype) ? TP_E_ARGUMENT : TP_E_DTYPE,
                "tp_transform_one_hot: %" PRId64 " classes in %s", classes, tp_dtype_name(dtype));
        return NULL;
    }
    tp_transform *made = tp_transform_new(&one_hot_kind, NULL, error);
    if (made) *(one_hot_state *)tp_transform_state(made) = (one_hot_state){classes, dtype};
    return made;
}

/* ---- noise ---- */

static tp_status noise_shape(const void *state, const tp_field *in, tp_field *out, tp_error *error)
{
    (void)state, (void)out;
    return want_float(in, error);
}

/* Two standard normal numbers (Box and Muller) from two words: 32 bits each, so none is beyond 6.7. */
static void draw_pair(tp_rng *rng, double pair[2])
{
    const double u = ((double)tp_rng_u32(rng) + 1) * 0x1p-32,
                 angle = (double)tp_rng_u32(rng) * (6.283185307179586 * 0x1p-32);
    const double r = sqrt(-2 * log(u));
    pair[0] = r * cos(angle);
    pair[1] = r * sin(angle);
}

static tp_status noise_apply(const tp_applying *a)
{
    const double deviation = *(const double *)a->state;
    const int64_t n = elements(a);
    double pair[2] = {0, 0};
    for (int64_t i = 0; i < n; i++) {
        if (!(i & 1)) draw_pair(a->rng, pair);
        const double drawn = deviation * pair[i & 1];
        if (a->in->dtype == TP_F32)
            ((float *)a->to)[i] = (float)((double)((const float *)a->from)[i] + drawn);
        else
            ((double *)a->to)[i] = ((const double *)a->from)[i] + drawn;
    }
    return TP_OK;
}

static const tp_transform_kind noise_kind = {TP_TRANSFORM_HEAD, .name = "noise", .state = sizeof(double),
                                             .shape = noise_shape, .apply = noise_apply};

tp_transform *tp_transform_noise(double deviation, tp_error *error)
{
    if (!(deviation >= 0) || !isfinite(deviation)) {
        tp_fail(error, TP_E_ARGUMENT, "tp_transform_noise: the deviation is %g", deviation);
        return NULL;
    }
    tp_transform *made = tp_transform_new(&noise_kind, NULL, error);
    if (made) *(double *)tp_transform_state(made) = deviation;
    return made;
}
