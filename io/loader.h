/* The inside of a loader. What makes a batch (the maker) is used by one thread alone: the loader's own if there is one,
   else the caller's; so there is nothing to lock. Invariant: what goes into a batch depends on the seed and the batch's
   place alone. */
#ifndef TAPIR_IO_LOADER_H
#define TAPIR_IO_LOADER_H

#include "io/dataset.h"

typedef struct tp_batch_maker {
    const tp_dataset *set; /* transforms included */
    uint64_t seed;
    int64_t batch, batches; /* items in a full one; batches in an epoch */
    bool shuffle;
    uint32_t *order; /* of `epoch`; NULL without shuffle */
    uint64_t epoch, key;
    bool begun; /* order and key are those of `epoch` */
    void *scratch;
    size_t bytes[TP_DATA_FIELDS]; /* of an item's field */
} tp_batch_maker;

/* A thread that makes batches ahead. */
typedef struct tp_prefetch tp_prefetch;

struct tp_loader {
    tp_allocator memory;
    tp_dataset *set;
    tp_batch_maker maker;
    tp_tensor *full[TP_DATA_FIELDS], *rest[TP_DATA_FIELDS]; /* rest: the first rows of full, NULL where none is short */
    int64_t *index;
    tp_data_position at;
    tp_error error;
    tp_prefetch *prefetch; /* NULL: batches are made when they are asked for */
};

/* How many items the batch has. */
int64_t tp_batch_items(const tp_batch_maker *maker, int64_t batch);
/* Makes the batch: field k to to[k], the items' numbers to `index`. */
tp_status tp_batch_make(tp_batch_maker *maker, tp_data_position at, void *const *to, int64_t *index, tp_error *error);

/* Starts the thread, which makes `depth` batches from `at` on; NULL with `error` set. `maker` must stay where it is. */
tp_prefetch *tp_prefetch_start(tp_batch_maker *maker, int depth, tp_data_position at, const tp_allocator *memory,
                               tp_error *error);
/* Waits for the next batch, which is the one at the loader's position, and copies it. */
tp_status tp_prefetch_take(tp_prefetch *prefetch, void *const *to, int64_t *index, tp_error *error);
/* Drops what was made and goes on from `at`. */
void tp_prefetch_seek(tp_prefetch *prefetch, tp_data_position at);
void tp_prefetch_stop(tp_prefetch *prefetch);

#endif
