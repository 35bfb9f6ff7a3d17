/* Something told of each op: a table by descriptor. */
#ifndef TAPIR_AUTOGRAD_TALLY_H
#define TAPIR_AUTOGRAD_TALLY_H

#include <string.h>

#include "autograd/ctx.h"

typedef struct tp_tally {
    const tp_op *op; /* NULL: the place is free */
    tp_op_tally count;
    tp_op_profile profile;
} tp_tally;

/* Zero everywhere is an empty table. At most half of its places are taken. */
typedef struct tp_tallies {
    tp_tally *items;
    uint32_t count, capacity;
} tp_tallies;

/* The op's entry, made at its first use; it may move at the next one. NULL when out of memory. */
tp_tally *tp_tally_of(tp_tallies *tallies, const tp_allocator *memory, const tp_op *op);
bool tp_tallies_grow(tp_tallies *tallies, const tp_allocator *memory);
void tp_tallies_free(tp_tallies *tallies, const tp_allocator *memory);
/* Puts the entry that comes before all others from `place` on there: sorting, place by place; the table can only be
   read and freed afterwards. False when there is none. */
bool tp_tallies_first(tp_tallies *tallies, uint32_t place, bool (*before)(const tp_tally *a, const tp_tally *b));

/* Adds the elements and bytes of a node's value; the node of a tuple has none. */
void tp_node_size(const tp_tape *tape, uint32_t i, int64_t *elements, int64_t *bytes);

#endif
