/* A stack of chunks, each at least twice as large as the one before it. */
#include "core/chunks.h"

#include <string.h>

#define FIRST_CHUNK 4096

void tp_chunks_init(tp_chunks *stack, const tp_allocator *memory)
{
    memset(stack, 0, sizeof *stack);
    stack->memory = *memory;
}

void tp_chunks_free(tp_chunks *stack)
{
    for (uint32_t i = 0; i < stack->count; i++)
        tp_deallocate(&stack->memory, stack->chunks[i].memory, stack->chunks[i].size);
    tp_deallocate(&stack->memory, stack->chunks, stack->capacity * sizeof *stack->chunks);
    tp_chunks_init(stack, &stack->memory);
}

size_t tp_chunks_below(const tp_chunks *stack, uint32_t chunk, size_t used)
{
    for (uint32_t i = 0; i < chunk; i++) used += stack->chunks[i].size;
    return used;
}

static void *push_to_next(tp_chunks *stack, size_t size)
{
    while (stack->chunk + 1 < stack->count) {
        stack->chunk++;
        stack->used = 0;
        if (size <= stack->chunks[stack->chunk].size) {
            stack->used = size;
            return stack->chunks[stack->chunk].memory;
        }
    }
    void *chunks = stack->chunks;
    if (!tp_grow(&stack->memory, &chunks, &stack->capacity, stack->count + 1, sizeof *stack->chunks)) return NULL;
    stack->chunks = chunks;
    size_t room = stack->count ? 2 * stack->chunks[stack->count - 1].size : FIRST_CHUNK;
    if (room < size) room = size;
    char *memory = tp_allocate(&stack->memory, room);
    if (!memory) return NULL;
    stack->chunks[stack->count].memory = memory;
    stack->chunks[stack->count].size = room;
    stack->chunk = stack->count++;
    stack->held += room;
    stack->used = size;
    return memory;
}

void *tp_chunks_push(tp_chunks *stack, size_t size)
{
    if (size > PTRDIFF_MAX / 4) return NULL;
    size = (size + 15) & ~(size_t)15;
    if (TP_UNLIKELY(stack->count == 0 || size > stack->chunks[stack->chunk].size - stack->used))
        return push_to_next(stack, size);
    void *at = stack->chunks[stack->chunk].memory + stack->used;
    stack->used += size;
    return at;
}
