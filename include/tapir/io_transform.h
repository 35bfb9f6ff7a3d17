/* Transforms: what is done to one field of an item on its way from a data set into a batch. */
#ifndef TAPIR_IO_TRANSFORM_H
#define TAPIR_IO_TRANSFORM_H

#include <tapir/random.h>
#include <tapir/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One field of the items of a data set: element type and shape, without the axis of the batch. */
typedef struct tp_field {
    tp_dtype dtype;
    int rank; /* 0 .. TP_MAX_RANK - 1 */
    int64_t dims[TP_MAX_RANK - 1];
} tp_field;

/* Elements of one item; 0 for NULL or what is no field. */
TP_API int64_t tp_field_count(const tp_field *field);

/* Sets *error (unless it is NULL) to the status and the message, and returns the status: for transforms and data sets
   of one's own. */
TP_API tp_status tp_data_fail(tp_error *error, tp_status status, const char *format, ...) TP_PRINTF(3, 4);

/* A transform is reference-counted; nothing about it changes after it was made, so that threads may share it. */
typedef struct tp_transform tp_transform;

/* What `apply` of a transform is given: dense, row-major elements at `from` to make into those at `to`; the two do not
   overlap, and are aligned for their elements. */
typedef struct tp_applying {
    const void *state; /* the kind's */
    const tp_field *in, *out;
    const void *from;
    void *to;
    tp_rng *rng;     /* to draw from: under a loader it depends on seed, epoch and item alone */
    tp_error *error; /* for tp_data_fail */
} tp_applying;

/* What a transform is. Make one `static const` for each kind; it must outlive its transforms.
   shape: checks what comes in and says what goes out; *out is *in at first. NULL: anything, and it stays as it is.
   apply: may be called from several threads at once. */
typedef struct tp_transform_kind {
    size_t size;      /* sizeof(tp_transform_kind): TP_TRANSFORM_HEAD */
    const char *name; /* "flip": for messages */
    size_t state;     /* bytes of the kind's own state, zeroed at the start */
    tp_status (*shape)(const void *state, const tp_field *in, tp_field *out, tp_error *error);
    tp_status (*apply)(const tp_applying *applying);
    void (*free)(void *state); /* gives back what the state holds; may be NULL */
} tp_transform_kind;
#define TP_TRANSFORM_HEAD .size = sizeof(tp_transform_kind)

/* All of these return NULL with `error` set: TP_E_ARGUMENT for NULL or numbers outside their range, TP_E_DTYPE,
   TP_E_LIMIT, TP_E_MEMORY. The caller owns one reference. A field that does not fit (TP_E_SHAPE, TP_E_DTYPE) is refused
   where the transform is given to a data set or a loader. */

/* A transform of one's own; its state is for the caller to fill in, before anybody uses it. `memory` is copied; NULL
   means malloc. */
TP_API tp_transform *tp_transform_new(const tp_transform_kind *kind, const tp_allocator *memory, tp_error *error);
TP_API void *tp_transform_state(tp_transform *transform); /* aligned to 64; NULL when there is none */
/* One more reference, for another owner; gives one back. NULL is passed through and ignored. */
TP_API tp_transform *tp_transform_retain(tp_transform *transform);
TP_API void tp_transform_release(tp_transform *transform);

/* n transforms, the first one first; it holds references of its own. n = 0 is the identity. */
TP_API tp_transform *tp_transform_compose(int n, tp_transform *const *transforms, tp_error *error);

/* y = scale x in TP_F32 or TP_F64, from any dtype: 1/255 brings bytes to [0, 1]. */
TP_API tp_transform *tp_transform_scale(tp_dtype dtype, double scale, tp_error *error);
/* The same elements in the shape given; one dim may be -1. */
TP_API tp_transform *tp_transform_reshape(int rank, const int64_t *dims, tp_error *error);
/* y = (x - mean[c]) / deviation[c] of f32 or f64, where c is the index along the item's first axis and n the dim of
   that axis; n = 1: the same for all. Deviations are not 0. */
TP_API tp_transform *tp_transform_normalise(int n, const double *means, const double *deviations, tp_error *error);
/* A class k = 0 .. classes - 1 of an integer dtype becomes a row with 1 at k and 0 elsewhere: dims (...) to (...,
   classes), in f32 or f64. Another number is TP_E_INDEX, when the item is read. */
TP_API tp_transform *tp_transform_one_hot(int64_t classes, tp_dtype dtype, tp_error *error);

/* The random ones work on images (H, W) or (C, H, W), or with more axes before, of any dtype.
   flip: mirrors the last axis with the probability.
   crop: a window of height x width (0: as the image is) at a place drawn uniformly from all that lie within the image
   after `padding` elements of `fill` were put around it: 4 and 0, 0 is usual for 32 x 32.
   noise: adds N(0, deviation^2) to each element; f32 or f64, any shape. */
TP_API tp_transform *tp_transform_flip(double probability, tp_error *error);
TP_API tp_transform *tp_transform_crop(int64_t padding, int64_t height, int64_t width, double fill, tp_error *error);
TP_API tp_transform *tp_transform_noise(double deviation, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
