/* Random transforms of images: the last two axes are rows and columns. They move elements of any dtype. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/element.h"
#include "core/tensor.h"
#include "io/dataset.h"

#define SIDE_MAX ((int64_t)1 << 24) /* sums of sides and paddings stay far from overflow, also as random numbers */

static tp_status want_image(const tp_field *in, tp_error *error)
{
    char text[TP_SHAPE_TEXT];
    if (in->rank >= 2) return TP_OK;
    return tp_fail(error, TP_E_SHAPE, "an item of shape %s is no image: (..., height, width) is wanted",
                   tp_shape_text(text, in->rank, in->dims));
}

/* ---- flip ---- */

static tp_status flip_shape(const void *state, const tp_field *in, tp_field *out, tp_error *error)
{
    (void)state, (void)out;
    return want_image(in, error);
}

/* Draws one number, whatever the probability. */
static tp_status flip_apply(const tp_applying *a)
{
    const size_t size = tp_dtype_size(a->in->dtype), bytes = tp_field_bytes(a->in);
    const bool flip = tp_rng_uniform(a->rng) < *(const double *)a->state;
    const size_t width = (size_t)a->in->dims[a->in->rank - 1];
    if (bytes == 0) return TP_OK;
    if (!flip) {
        memcpy(a->to, a->from, bytes);
        return TP_OK;
    }
    for (size_t row = 0; row < bytes; row += width * size)
        for (size_t j = 0; j < width; j++)
            memcpy((char *)a->to + row + j * size, (const char *)a->from + row + (width - 1 - j) * size, size);
    return TP_OK;
}

static const tp_transform_kind flip_kind = {TP_TRANSFORM_HEAD, .name = "flip", .state = sizeof(double),
                                            .shape = flip_shape, .apply = flip_apply};

tp_transform *tp_transform_flip(double probability, tp_error *error)
{
    if (!(probability >= 0 && probability <= 1)) {
        tp_fail(error, TP_E_ARGUMENT, "tp_transform_flip: the probability is %g", probability);
        return NULL;
    }
    tp_transform *made = tp_transform_new(&flip_kind, NULL, error);
    if (made) *(double *)tp_transform_state(made) = probability;
    return made;
}

/* ---- crop ---- */

typedef struct crop_state {
    int64_t padding, height, width;
    double fill;
} crop_state;

static tp_status crop_shape(const void *state, const tp_field *in, tp_field *out, tp_error *error)
{
    const crop_state *s = state;
    const tp_status status = want_image(in, error);
    if (status != TP_OK) return status;
    const int64_t height = in->dims[in->rank - 2], width = in->dims[in->rank - 1];
    if (s->height) out->dims[in->rank - 2] = s->height;
    if (s->width) out->dims[in->rank - 1] = s->width;
    if (height > SIDE_MAX || width > SIDE_MAX)
        return tp_fail(error, TP_E_LIMIT, "an image of %" PRId64 " x %" PRId64 " is too large", height, width);
    if (s->height > height + 2 * s->padding || s->width > width + 2 * s->padding)
        return tp_fail(error, TP_E_SHAPE,
                       "%" PRId64 " x %" PRId64 " cannot be cut out of %" PRId64 " x %" PRId64 " with padding %" PRId64,
                       s->height, s->width, height, width, s->padding);
    return TP_OK;
}

/* A row of the window that begins at column `left` of the image's row `from` (NULL: all fill). */
static void crop_row(char *to, const char *from, int64_t left, int64_t width, int64_t window, size_t size,
                     const void *fill)
{
    int64_t first = left < 0 ? -left : 0, end = width - left < window ? width - left : window;
    if (!from || first > window) first = window;
    if (!from || end < first) end = first;
    for (int64_t j = 0; j < first; j++) memcpy(to + (size_t)j * size, fill, size);
    if (end > first)
        memcpy(to + (size_t)first * size, from + (size_t)(left + first) * size, (size_t)(end - first) * size);
    for (int64_t j = end; j < window; j++) memcpy(to + (size_t)j * size, fill, size);
}

static tp_status crop_apply(const tp_applying *a)
{
    const crop_state *s = a->state;
    const int rank = a->in->rank;
    const int64_t height = a->in->dims[rank - 2], width = a->in->dims[rank - 1];
    const int64_t rows = a->out->dims[rank - 2], columns = a->out->dims[rank - 1];
    const size_t size = tp_dtype_size(a->in->dtype);
    const int64_t top = tp_rng_below(a->rng, (uint32_t)(height + 2 * s->padding - rows + 1)) - s->padding;
    const int64_t left = tp_rng_below(a->rng, (uint32_t)(width + 2 * s->padding - columns + 1)) - s->padding;
    int64_t images = 1;
    unsigned char fill[8];
    tp_put(a->in->dtype, fill, s->fill);
    for (int i = 0; i < rank - 2; i++) images *= a->in->dims[i];
    char *to = a->to;
    const char *from = a->from;
    for (int64_t image = 0; image < images; image++, from += (size_t)(height * width) * size)
        for (int64_t i = 0; i < rows; i++, to += (size_t)columns * size) {
            const int64_t row = top + i;
            const bool inside = row >= 0 && row < height;
            crop_row(to, inside ? from + (size_t)(row * width) * size : NULL, left, width, columns, size, fill);
        }
    return TP_OK;
}

static const tp_transform_kind crop_kind = {TP_TRANSFORM_HEAD, .name = "crop", .state = sizeof(crop_state),
                                            .shape = crop_shape, .apply = crop_apply};

tp_transform *tp_transform_crop(int64_t padding, int64_t height, int64_t width, double fill, tp_error *error)
{
    if (padding < 0 || padding > SIDE_MAX || height < 0 || height > SIDE_MAX || width < 0 || width > SIDE_MAX) {
        tp_fail(error, TP_E_ARGUMENT, "tp_transform_crop: padding %" PRId64 ", %" PRId64 " x %" PRId64, padding, height,
                width);
        return NULL;
    }
    tp_transform *made = tp_transform_new(&crop_kind, NULL, error);
    if (made) *(crop_state *)tp_transform_state(made) = (crop_state){padding, height, width, fill};
    return made;
}
