/* Sets of inputs: on which of n numbers something depends. A set is named by a number: 0 is empty, 1 .. n hold one
   input each, above them are unions. Invariants: a set never changes; the elements of one lie sorted in the pool,
   unless it is a long one with a few more, which is kept as just that (so that a running sum of n terms costs n and not
   n^2). Source for the propagation of such sets: Griewank and Walther, Evaluating Derivatives (2008), section 7.1. */
#ifndef TAPIR_AUTOGRAD_SETS_H
#define TAPIR_AUTOGRAD_SETS_H

#include "core/memory.h"

#define TP_SETS_LIMIT 0xfffffff0u

typedef struct tp_set {
    uint64_t start; /* of its elements in the pool; of a long one with more, how many its beginning has */
    uint32_t count; /* of them, or an upper bound */
    uint32_t base;  /* 0, or the long one */
    uint32_t more;  /* ... and the one that is added */
} tp_set;

typedef struct tp_set_pair {
    uint32_t a, b, both;
} tp_set_pair;

#define TP_SET_MEMO 16384

typedef struct tp_sets {
    const tp_allocator *memory;
    uint32_t inputs;
    tp_set *set; /* of number inputs + 1 + i */
    uint32_t count, capacity;
    uint32_t *pool;
    uint64_t used, room;
    uint32_t *list; /* what is being collected */
    uint32_t listed, list_room;
    uint32_t *seen; /* of each input, the round in which it was collected last */
    uint32_t round;
    uint32_t *waiting; /* sets still to be collected, or marked */
    uint32_t wait_count, wait_room;
    tp_set_pair *memo;
    uint64_t kept;  /* of the pool, when it was last swept */
    uint32_t *live; /* bits, while it is swept */
    uint32_t free;  /* the first number that is free again, plus one */
    bool failed;    /* memory was short, or there are too many: what came after means nothing */
} tp_sets;

/* Everything is zero before; false when out of memory. tp_sets_free takes back what was made also then. */
bool tp_sets_init(tp_sets *sets, const tp_allocator *memory, uint32_t inputs);
void tp_sets_free(tp_sets *sets);

uint32_t tp_sets_join(tp_sets *sets, uint32_t a, uint32_t b);
static inline uint32_t tp_sets_union(tp_sets *sets, uint32_t a, uint32_t b)
{
    return a == b || b == 0 ? a : (a == 0 ? b : tp_sets_join(sets, a, b));
}

/* The union of the n sets whose numbers stand in `numbers`. */
uint32_t tp_sets_union_all(tp_sets *sets, int64_t n, const double *numbers);
/* Its elements, 0 .. inputs - 1, sorted; they stay until the next call. */
const uint32_t *tp_sets_elements(tp_sets *sets, uint32_t set, uint32_t *count);

/* Sweeping: where it pays, begin, mark all that is still needed, end. The numbers of others are used again. */
bool tp_sets_full(const tp_sets *sets);
bool tp_sets_sweep_begin(tp_sets *sets);
void tp_sets_mark(tp_sets *sets, uint32_t set);
void tp_sets_sweep_end(tp_sets *sets);

#endif
