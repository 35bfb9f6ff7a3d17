/* Data sets, what is made of them, and the loader that cuts them into batches. */
#ifndef TAPIR_IO_DATA_H
#define TAPIR_IO_DATA_H

#include <tapir/io_transform.h>
#include <tapir/random.h>
#include <tapir/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- data sets ----

   A data set is a number of items, 0 .. count - 1; each item has the same fields (an image and its label, say), and a
   field has the same dtype and shape in every item. Data sets are reference-counted as tensors are, and hold references
   to what they read from. Nothing about one changes after it was made, so that several loaders and threads may read it.

   Functions that make something return NULL, or a status, with `error` set (it may be NULL): TP_E_ARGUMENT for NULL and
   numbers outside their range, TP_E_INDEX for no such item or field, TP_E_SHAPE, TP_E_DTYPE, TP_E_LIMIT, TP_E_MEMORY.
 */
typedef struct tp_dataset tp_dataset;

#define TP_DATA_FIELDS 8 /* fields in an item, at most */
#define TP_DATA_DEPTH 32 /* data sets that read from one another, at most */

/* What `read` of a data set is given beside the number of the item. */
typedef struct tp_reading {
    const tp_dataset *set;
    void *state;     /* the kind's */
    tp_rng *rng;     /* to draw from: under a loader it depends on seed, epoch and item alone */
    void *scratch;   /* spec.scratch bytes, aligned to 64, not zeroed; for this read alone */
    tp_error *error; /* for tp_data_fail; not NULL under a loader */
} tp_reading;

/* What a data set is. Make one `static const` for each kind; it must outlive its data sets.
   read: writes field k of item i, dense and row-major, to to[k], which is aligned for its elements. i is in the range.
   It may be called from another thread than the one that made the set, and from several at once: keep what a read
   changes in `scratch`. */
typedef struct tp_dataset_kind {
    size_t size;      /* sizeof(tp_dataset_kind): TP_DATASET_HEAD */
    const char *name; /* "squares": for messages */
    size_t state;     /* bytes of the kind's own state, zeroed at the start */
    tp_status (*read)(const tp_reading *reading, int64_t i, void *const *to);
    void (*free)(void *state); /* gives back what the state holds; may be NULL */
} tp_dataset_kind;
#define TP_DATASET_HEAD .size = sizeof(tp_dataset_kind)

typedef struct tp_dataset_spec {
    int64_t count;
    int fields; /* 1 .. TP_DATA_FIELDS */
    tp_field field[TP_DATA_FIELDS];
    int sources;                /* data sets that `read` reads from, with tp_reading_source; 0: none */
    tp_dataset *const *source;  /* the set takes references of its own */
    size_t scratch;             /* bytes that a read wants for itself */
    const tp_allocator *memory; /* [malloc] copied */
} tp_dataset_spec;

/* A new data set; the caller owns one reference. Its state is for the caller to fill in, before anybody reads. */
TP_API tp_dataset *tp_dataset_new(const tp_dataset_kind *kind, const tp_dataset_spec *spec, tp_error *error);
TP_API void *tp_dataset_state(tp_dataset *set); /* kind->state bytes, aligned to 64; NULL when there are none */
/* For `read`: item i of the set's k-th source, with all its fields. */
TP_API tp_status tp_reading_source(const tp_reading *reading, int k, int64_t i, void *const *to);

/* One more reference, for another owner; gives one back. NULL is passed through and ignored. */
TP_API tp_dataset *tp_dataset_retain(tp_dataset *set);
TP_API void tp_dataset_release(tp_dataset *set);

TP_API int64_t tp_dataset_count(const tp_dataset *set);                    /* items; 0 for NULL */
TP_API int tp_dataset_fields(const tp_dataset *set);                       /* 0 for NULL */
TP_API const tp_field *tp_dataset_field(const tp_dataset *set, int field); /* NULL outside */
/* Reads item i: field k goes to to[k], which has room for it and is aligned for its elements. `rng` is for random
   transforms; NULL: tp_rng_stream(0, i). Takes memory when the set wants scratch. */
TP_API tp_status tp_dataset_read(const tp_dataset *set, int64_t i, void *const *to, tp_rng *rng, tp_error *error);
/* All items of one field, one below the other: (count, dims of the field). A new tensor, the caller's; its memory and
   that of the reads come from the set's allocator. Item i draws from tp_rng_stream(0, i). */
TP_API tp_tensor *tp_dataset_tensor(const tp_dataset *set, int field, tp_error *error);

/* Item i is row i along axis 0 of each of n tensors, of any dtypes and of rank 1 or more, with the same number of rows.
   The set takes references: it sees what is written to the tensors later, which must not happen while a loader's
   thread reads. A tensor that is not dense is copied. */
TP_API tp_dataset *tp_dataset_from_tensors(int n, tp_tensor *const *tensors, tp_error *error);
/* Item i is item indices[i] of `set`; the n indices are copied and may repeat. */
TP_API tp_dataset *tp_dataset_subset(tp_dataset *set, int64_t n, const int64_t *indices, tp_error *error);
/* The items of n sets with the same fields, one set after the other; n >= 1. */
TP_API tp_dataset *tp_dataset_concat(int n, tp_dataset *const *sets, tp_error *error);
/* The same items with `field` sent through the transform. */
TP_API tp_dataset *tp_dataset_map(tp_dataset *set, int field, tp_transform *transform, tp_error *error);

typedef struct tp_split_options {
    uint64_t seed;   /* of the shuffle before the cut */
    bool ordered;    /* [false] no shuffle: the first part gets the first items */
    bool stratified; /* [false] each part gets the same share of each label, as far as the numbers allow; not ordered */
    int label;       /* stratified: the field that holds the label, one element of an integer dtype */
} tp_split_options;
/* Cuts `set` into n parts, written to parts[0 .. n-1], each the caller's. Part k gets fractions[k] of the items,
   rounded so that the parts differ from their exact share by less than one; fractions are in [0, 1] and sum to 1 or
   less (what is left over is in no part). No item is in two parts. On failure all parts are NULL. At most 2^32 - 1
   items. */
TP_API tp_status tp_dataset_split(tp_dataset *set, int n, const double *fractions, const tp_split_options *options,
                                  tp_dataset **parts, tp_error *error);

/* The transform that normalises `field` of the set's items: by_channel, each index along the item's first axis has a
   mean and a deviation of its own, else there is one for all. Population statistics in double, over all items, which
   are read once; a deviation of 0 counts as 1. f32 or f64 (tp_transform_scale makes it so first); no item is
   TP_E_ARGUMENT. Fit it on the training set alone. */
TP_API tp_transform *tp_dataset_fit_normalise(tp_dataset *set, int field, bool by_channel, tp_error *error);

/* ---- the loader ----

   A loader goes over a data set epoch by epoch, in batches. With `shuffle` the order of epoch e is a random permutation
   that depends on the seed and e alone; what a random transform draws for an item depends on seed, epoch and the item's
   number alone. So neither the thread nor where a run was taken up changes a bit. At most 2^32 - 1 items.

   With prefetch = d > 0 a thread of the loader's own makes up to d batches ahead, also over the end of an epoch. A
   loader itself belongs to one thread. It asks for no memory after it was made. */
typedef struct tp_loader tp_loader;

typedef struct tp_loader_options {
    int64_t batch;  /* [1] items in a batch */
    bool shuffle;   /* [false] */
    bool drop_last; /* [false] a last batch that would be shorter is left out */
    uint64_t seed;
    int prefetch;                            /* [0] 0 .. 1024 */
    tp_transform *transform[TP_DATA_FIELDS]; /* [none] of each field: as tp_dataset_map does */
    const tp_allocator *memory;              /* [malloc] copied */
} tp_loader_options;

/* A batch: tensor k is (items, dims of field k). Tensors and numbers are the loader's and valid until its next call:
   clone what is to stay. All batches of full length come in the same tensors, so that a recording can be replayed; the
   shorter last one has tensors of its own shape. */
typedef struct tp_batch {
    int64_t items;
    int fields;
    tp_tensor *field[TP_DATA_FIELDS];
    const int64_t *index; /* the number of each item in the data set */
} tp_batch;

/* Where a loader stands: the batch that tp_loader_next gives next. */
typedef struct tp_data_position {
    uint64_t epoch;
    int64_t batch; /* 0 .. tp_loader_batches: there, the epoch has no more */
} tp_data_position;

TP_API tp_loader *tp_loader_new(tp_dataset *set, const tp_loader_options *options, tp_error *error);
/* Stops the thread and frees the batches. NULL is ignored. */
TP_API void tp_loader_free(tp_loader *loader);

/* The next batch. False at the end of an epoch, once: the call after it begins the next epoch. False also after an
   error, until tp_loader_seek; tp_loader_status tells. So a program reads

       for (int epoch = 0; epoch < epochs; epoch++)
           while (tp_loader_next(loader, &batch)) train(batch.field[0], batch.field[1]);
       if (tp_loader_status(loader) != TP_OK) puts(tp_loader_error(loader)); */
TP_API bool tp_loader_next(tp_loader *loader, tp_batch *batch);
TP_API tp_status tp_loader_status(const tp_loader *loader);  /* TP_E_ARGUMENT for NULL */
TP_API const char *tp_loader_error(const tp_loader *loader); /* "" when there is none */

TP_API int64_t tp_loader_batches(const tp_loader *loader);     /* in an epoch; 0 for NULL */
TP_API tp_dataset *tp_loader_dataset(const tp_loader *loader); /* the loader's, transforms included; NULL for NULL */
/* Save the one and give it to the other, in a loader made alike: it goes on as if it had run there. Seeking forgets an
   error. TP_E_ARGUMENT for NULL and a batch outside 0 .. tp_loader_batches. */
TP_API tp_data_position tp_loader_position(const tp_loader *loader);
TP_API tp_status tp_loader_seek(tp_loader *loader, tp_data_position position, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
