/* The allocator seam inside the library, checked size arithmetic, and the pool of tensor buffers.
   Invariant: whatever is taken from an allocator goes back to it with the same size. */
#ifndef TAPIR_CORE_MEMORY_H
#define TAPIR_CORE_MEMORY_H

#include <tapir/base.h>

#define TP_LIKELY(x) __builtin_expect(!!(x), 1)
#define TP_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Widest vector and cache line: every tensor buffer is aligned to it. */
#define TP_ALIGNMENT 64

/* malloc and free behind the seam. */
extern const tp_allocator tp_default_allocator;

void *tp_allocate(const tp_allocator *memory, size_t size);
void *tp_allocate_zeroed(const tp_allocator *memory, size_t size);
void tp_deallocate(const tp_allocator *memory, void *block, size_t size);

/* Counts what is taken from another allocator and given back to it. */
typedef struct tp_account {
    tp_allocator under;
    size_t now, peak;    /* bytes */
    size_t arena;        /* what a tp_arena would have handed out at most */
    size_t arena_used;   /* ... and has handed out now */
    size_t latest_start; /* where the latest block lies in it */
    void *latest;        /* NULL when it was given back: an arena takes back no other */
} tp_account;

/* The allocator that draws on `account->under`; the account must stay where it is. */
tp_allocator tp_account_allocator(tp_account *account);

/* a * b in *product; false when it overflows. */
static inline bool tp_size_mul(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

/* Makes room for exactly `wanted` items, if there is less. The old items are kept. False, and nothing changed, when
   memory is short. */
bool tp_grow_to(const tp_allocator *memory, void **items, uint32_t *capacity, uint32_t wanted, size_t size);

/* Makes room for at least `needed` items of `size` bytes in the array at `*items`, doubling it. The old items are kept.
   False, and nothing changed, when memory is short. */
bool tp_grow(const tp_allocator *memory, void **items, uint32_t *capacity, uint32_t needed, size_t size);

/* Sets *error unless it is NULL; returns the status. */
tp_status tp_fail(tp_error *error, tp_status status, const char *format, ...) TP_PRINTF(3, 4);

#endif
