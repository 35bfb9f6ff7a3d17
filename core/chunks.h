/* Memory handed out in order and taken back in reverse: for what hangs on a tape's nodes besides tensors.
   Invariant: chunks are kept when the stack shrinks, so that a steady loop asks the allocator for nothing. */
#ifndef TAPIR_CORE_CHUNKS_H
#define TAPIR_CORE_CHUNKS_H

#include "core/memory.h"

typedef struct tp_chunks {
    tp_allocator memory;
    struct tp_chunk {
        char *memory;
        size_t size;
    } * chunks;
    uint32_t count, capacity; /* of chunks */
    uint32_t chunk;           /* the one being filled */
    size_t used;              /* of it */
    uint32_t top_chunk;       /* where it stood highest ... */
    size_t top_used;          /* ... before it last shrank */
    size_t held;
} tp_chunks;

void tp_chunks_init(tp_chunks *stack, const tp_allocator *memory);
void tp_chunks_free(tp_chunks *stack);
/* `size` bytes aligned to 16; NULL when out of memory. */
void *tp_chunks_push(tp_chunks *stack, size_t size);
/* Bytes below a place. */
size_t tp_chunks_below(const tp_chunks *stack, uint32_t chunk, size_t used);
/* Remembers the present height if there was none above. */
static inline void tp_chunks_note(tp_chunks *stack)
{
    if (stack->chunk < stack->top_chunk || (stack->chunk == stack->top_chunk && stack->used <= stack->top_used)) return;
    stack->top_chunk = stack->chunk;
    stack->top_used = stack->used;
}
/* Takes back everything pushed since `chunk` and `used` were as given. */
static inline void tp_chunks_pop_to(tp_chunks *stack, uint32_t chunk, size_t used)
{
    tp_chunks_note(stack);
    stack->chunk = chunk;
    stack->used = used;
}

#endif
