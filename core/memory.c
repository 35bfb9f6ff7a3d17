/* The default allocator, the arena over a caller's buffer, and growing arrays. */
#include "core/memory.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *default_allocate(void *user, size_t size, size_t alignment)
{
    (void)user;
    if (size > PTRDIFF_MAX - alignment) return NULL;
    if (alignment <= _Alignof(max_align_t)) return malloc(size);
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void default_free(void *user, void *memory, size_t size)
{
    (void)user, (void)size;
    free(memory);
}

const tp_allocator tp_default_allocator = {default_allocate, default_free, NULL};

void *tp_allocate(const tp_allocator *memory, size_t size)
{
    return memory->allocate(memory->user, size, TP_ALIGNMENT);
}

void *tp_allocate_zeroed(const tp_allocator *memory, size_t size)
{
    void *block = tp_allocate(memory, size);
    if (block) memset(block, 0, size);
    return block;
}

void tp_deallocate(const tp_allocator *memory, void *block, size_t size)
{
    if (block) memory->free(memory->user, block, size);
}

/* ---- counted ---- */

/* The arena's own arithmetic, from a start that is aligned. */
static void account_take(tp_account *account, void *block, size_t size, size_t alignment)
{
    account->now += size;
    if (account->now > account->peak) account->peak = account->now;
    account->latest = block;
    account->latest_start = (account->arena_used + alignment - 1) & ~(alignment - 1);
    account->arena_used = account->latest_start + size;
    if (account->arena_used > account->arena) account->arena = account->arena_used;
}

static void *account_allocate(void *user, size_t size, size_t alignment)
{
    tp_account *account = user;
    void *block = account->under.allocate(account->under.user, size, alignment);
    if (block) account_take(account, block, size, alignment);
    return block;
}

static void account_free(void *user, void *memory, size_t size)
{
    tp_account *account = user;
    account->now -= size;
    if (memory == account->latest) {
        account->arena_used = account->latest_start;
        account->latest = NULL;
    }
    account->under.free(account->under.user, memory, size);
}

tp_allocator tp_account_allocator(tp_account *account)
{
    return (tp_allocator){account_allocate, account_free, account};
}

bool tp_grow_to(const tp_allocator *memory, void **items, uint32_t *capacity, uint32_t wanted, size_t size)
{
    if (wanted <= *capacity) return true;
    if (wanted > SIZE_MAX / size) return false;
    const size_t old_bytes = (size_t)*capacity * size, bytes = (size_t)wanted * size;
    void *grown;
    tp_account *account = memory->allocate == account_allocate ? memory->user : NULL;
    if ((account ? account->under.allocate : memory->allocate) == default_allocate) {
        grown = realloc(*items, bytes); /* moves large blocks by their pages: no copy, no fresh faults */
        if (grown && account) {
            account->now -= old_bytes;
            account_take(account, grown, bytes, TP_ALIGNMENT);
        }
    } else if ((grown = tp_allocate(memory, bytes))) {
        if (old_bytes) memcpy(grown, *items, old_bytes);
        tp_deallocate(memory, *items, old_bytes);
    }
    if (!grown) return false;
    *items = grown;
    *capacity = wanted;
    return true;
}

bool tp_grow(const tp_allocator *memory, void **items, uint32_t *capacity, uint32_t needed, size_t size)
{
    if (needed <= *capacity) return true;
    uint64_t wanted = *capacity ? *capacity : 16;
    while (wanted < needed) wanted *= 2;
    return wanted <= UINT32_MAX && tp_grow_to(memory, items, capacity, (uint32_t)wanted, size);
}

static void *arena_allocate(void *user, size_t size, size_t alignment)
{
    tp_arena *arena = user;
    const uintptr_t base = (uintptr_t)arena->memory;
    const size_t start = (size_t)(((base + arena->used + alignment - 1) & ~(uintptr_t)(alignment - 1)) - base);
    if (start > arena->size || size > arena->size - start) return NULL;
    arena->used = start + size;
    return arena->memory + start;
}

static void arena_free(void *user, void *memory, size_t size)
{
    tp_arena *arena = user;
    if ((unsigned char *)memory + size == arena->memory + arena->used)
        arena->used = (size_t)((unsigned char *)memory - arena->memory);
}

tp_arena tp_arena_over(void *memory, size_t size)
{
    return (tp_arena){.memory = memory, .size = memory ? size : 0};
}

tp_allocator tp_arena_allocator(tp_arena *arena)
{
    return (tp_allocator){arena_allocate, arena_free, arena};
}

void tp_arena_reset(tp_arena *arena)
{
    if (arena) arena->used = 0;
}
