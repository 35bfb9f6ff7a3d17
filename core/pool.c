/* The pool behind a tape: buffers by size class, headers from blocks. */
#include "core/pool.h"

#include <string.h>

#define HEADERS_A_BLOCK 32

typedef struct tp_header_block {
    struct tp_header_block *next;
    tp_tensor headers[HEADERS_A_BLOCK];
} tp_header_block;

/* Size classes 64·{4,5,6,7}/4·2^k: at most a quarter is wasted. */
static size_t bin_bytes(int bin)
{
    return ((size_t)64 << bin / 4) / 4 * (size_t)(4 + bin % 4);
}

static int bin_of(size_t bytes)
{
    if (bytes <= 64) return 0;
    const size_t last = bytes - 1;
    const int power = 63 - __builtin_clzll((unsigned long long)last);
    return (power - 6) * 4 + (int)(last >> (power - 2) & 3) + 1;
}

size_t tp_pool_bytes(size_t bytes)
{
    return bin_bytes(bin_of(bytes));
}

void tp_pool_init(tp_pool *pool, const tp_allocator *memory)
{
    memset(pool, 0, sizeof *pool);
    pool->memory = *memory;
}

void tp_pool_free(tp_pool *pool)
{
    for (int bin = 0; bin < TP_POOL_BINS; bin++)
        for (tp_storage *next, *storage = pool->bins[bin]; storage; storage = next) {
            next = storage->next;
            tp_deallocate(&pool->memory, storage, TP_STORAGE_HEAD + storage->bytes);
        }
    for (tp_header_block *next, *block = pool->blocks; block; block = next) {
        next = block->next;
        tp_deallocate(&pool->memory, block, sizeof *block);
    }
    tp_pool_init(pool, &pool->memory);
}

static tp_tensor *take_header(tp_pool *pool)
{
    if (TP_UNLIKELY(!pool->headers)) {
        tp_header_block *block = tp_allocate(&pool->memory, sizeof *block);
        if (!block) return NULL;
        block->next = pool->blocks;
        pool->blocks = block;
        for (int i = 0; i < HEADERS_A_BLOCK; i++) {
            block->headers[i].next = pool->headers;
            pool->headers = &block->headers[i];
        }
    }
    tp_tensor *header = pool->headers;
    pool->headers = header->next;
    atomic_init(&header->refs, 1);
    header->grad_state = TP_GRAD_NONE;
    header->pool = pool;
    header->grad = NULL;
    return header;
}

static void give_header(tp_pool *pool, tp_tensor *header)
{
    header->next = pool->headers;
    pool->headers = header;
}

static tp_storage *take_storage(tp_pool *pool, size_t bytes)
{
    const int bin = bin_of(bytes);
    tp_storage *storage = pool->bins[bin];
    if (TP_LIKELY(storage != NULL)) {
        pool->bins[bin] = storage->next;
    } else {
        const size_t room = bin_bytes(bin);
        storage = tp_allocate(&pool->memory, TP_STORAGE_HEAD + room);
        if (!storage) return NULL;
        storage->bytes = room;
        storage->bin = bin;
        storage->device = 0;
        pool->held += room;
    }
    storage->use = (int)pool->use;
    atomic_init(&storage->refs, 1);
    atomic_init(&storage->version, 0);
    pool->used += storage->bytes;
    pool->of[storage->use] += storage->bytes;
    if (pool->used > pool->high) pool->high = pool->used;
    return storage;
}

tp_tensor *tp_pool_tensor(tp_pool *pool, tp_dtype dtype, int rank, const int64_t *dims, int64_t count)
{
    tp_tensor *tensor = take_header(pool);
    if (TP_UNLIKELY(!tensor)) return NULL;
    tensor->storage = take_storage(pool, (size_t)count * tp_dtype_size(dtype));
    if (TP_UNLIKELY(!tensor->storage)) {
        give_header(pool, tensor);
        return NULL;
    }
    tensor->data = tp_storage_data(tensor->storage);
    tensor->dtype = (uint8_t)dtype;
    tp_tensor_set_dense(tensor, rank, dims, count);
    return tensor;
}

void tp_pool_use(tp_pool *pool, tp_tensor *tensor, tp_use use)
{
    tp_storage *storage = tensor->storage;
    pool->of[storage->use] -= storage->bytes;
    pool->of[use] += storage->bytes;
    storage->use = (int)use;
}

tp_tensor *tp_pool_view(tp_pool *pool, tp_tensor *base)
{
    tp_tensor *view = take_header(pool);
    if (TP_UNLIKELY(!view)) return NULL;
    atomic_fetch_add_explicit(&base->storage->refs, 1, memory_order_relaxed);
    view->storage = base->storage;
    view->data = base->data;
    view->dtype = base->dtype;
    return view;
}

void tp_pool_release(tp_pool *pool, tp_tensor *tensor)
{
    if (!tensor) return;
    const unsigned refs = atomic_load_explicit(&tensor->refs, memory_order_relaxed);
    if (refs > 1) {
        atomic_store_explicit(&tensor->refs, refs - 1, memory_order_relaxed);
        return;
    }
    tp_storage *storage = tensor->storage;
    /* Storage of a pool has one thread; storage from outside, seen through a view, may have several. */
    if (storage->bin < 0) {
        if (atomic_fetch_sub_explicit(&storage->refs, 1, memory_order_acq_rel) == 1) {
            tp_allocator memory = storage->memory;
            tp_deallocate(&memory, storage, TP_STORAGE_HEAD + storage->bytes);
        }
    } else {
        const unsigned users = atomic_load_explicit(&storage->refs, memory_order_relaxed);
        atomic_store_explicit(&storage->refs, users - 1, memory_order_relaxed);
        if (users == 1) {
            pool->used -= storage->bytes;
            pool->of[storage->use] -= storage->bytes;
            storage->next = pool->bins[storage->bin];
            pool->bins[storage->bin] = storage;
        }
    }
    give_header(pool, tensor);
}
