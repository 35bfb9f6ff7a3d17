/* Tensor headers and buffers that a tape uses again and again, by size.
   Invariant: what the pool has handed out or holds is freed only by tp_pool_free; in a steady loop it asks the
   allocator for nothing. Not for use from two threads. */
#ifndef TAPIR_CORE_POOL_H
#define TAPIR_CORE_POOL_H

#include "core/tensor.h"

/* What buffers are taken for: values of nodes; gradients and what rules need for them, in a walk; what a tape keeps to
   work with. */
typedef enum tp_use { TP_FOR_VALUES, TP_FOR_WALK, TP_FOR_WORK, TP_USES } tp_use;

#define TP_POOL_BINS 232 /* four steps to each power of two */

typedef struct tp_pool {
    tp_allocator memory;
    struct tp_storage *bins[TP_POOL_BINS]; /* free buffers of one size each */
    tp_tensor *headers;                    /* free tensor headers */
    struct tp_header_block *blocks;        /* what the headers were cut from */
    tp_use use;                            /* what the next buffers are for */
    size_t used, of[TP_USES], held;        /* bytes of buffers: in use, by what for, and with those that are free */
    size_t high;                           /* the most that was used since tp_pool_watch */
    size_t peak;                           /* ... before that */
} tp_pool;

/* What a buffer of that many bytes takes. */
size_t tp_pool_bytes(size_t bytes);
void tp_pool_init(tp_pool *pool, const tp_allocator *memory);
/* Frees the buffers that lie in the pool. All tensors made from it must have been released. */
void tp_pool_free(tp_pool *pool);

/* A dense tensor with one reference whose elements are not initialised. The dims must have been checked and
   `count` be their product. NULL when out of memory. */
tp_tensor *tp_pool_tensor(tp_pool *pool, tp_dtype dtype, int rank, const int64_t *dims, int64_t count);
/* Starts `high` anew; returns what it was, for tp_pool_watched, which puts it back at the end of a part of the work and
   returns the most that was used in it. So parts may lie in parts. */
static inline size_t tp_pool_watch(tp_pool *pool)
{
    const size_t outer = pool->high;
    if (outer > pool->peak) pool->peak = outer;
    pool->high = pool->used;
    return outer;
}
static inline size_t tp_pool_watched(tp_pool *pool, size_t outer)
{
    const size_t high = pool->high;
    if (outer > high) pool->high = outer;
    return high;
}
/* The buffer of `tensor` is for something else than was said when it was taken. */
void tp_pool_use(tp_pool *pool, tp_tensor *tensor, tp_use use);

/* What a buffer for so many bytes takes. */
size_t tp_pool_bytes(size_t bytes);
/* A header with one reference over `base`'s storage, shape and offset set by the caller. */
tp_tensor *tp_pool_view(tp_pool *pool, tp_tensor *base);
/* Gives one reference back; the last one returns header and buffer to the pool. For tensors of this pool only. */
void tp_pool_release(tp_pool *pool, tp_tensor *tensor);

#endif
