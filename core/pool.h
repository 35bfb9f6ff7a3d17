/* Tensor headers and buffers that a tape uses again and again, by size.
   Invariant: what the pool has handed out or holds is freed only by tp_pool_free; in a steady loop it asks the
   allocator for nothing. Not for use from two threads. */
#ifndef TAPIR_CORE_POOL_H
#define TAPIR_CORE_POOL_H

#include "core/tensor.h"

#define TP_POOL_BINS 232 /* four steps to each power of two */

typedef struct tp_pool {
    tp_allocator memory;
    struct tp_storage *bins[TP_POOL_BINS]; /* free buffers of one size each */
    tp_tensor *headers;                    /* free tensor headers */
    struct tp_header_block *blocks;        /* what the headers were cut from */
    size_t used, peak, held;               /* bytes of buffers */
} tp_pool;

void tp_pool_init(tp_pool *pool, const tp_allocator *memory);
/* Frees the buffers that lie in the pool. All tensors made from it must have been released. */
void tp_pool_free(tp_pool *pool);

/* A dense tensor with one reference whose elements are not initialised. The dims must have been checked and
   `count` be their product. NULL when out of memory. */
tp_tensor *tp_pool_tensor(tp_pool *pool, tp_dtype dtype, int rank, const int64_t *dims, int64_t count);
/* A header with one reference over `base`'s storage, shape and offset set by the caller. */
tp_tensor *tp_pool_view(tp_pool *pool, tp_tensor *base);
/* Gives one reference back; the last one returns header and buffer to the pool. For tensors of this pool only. */
void tp_pool_release(tp_pool *pool, tp_tensor *tensor);

#endif
