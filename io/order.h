/* Sorting numbers by what they stand for: n log n comparisons whatever the data, which a file chooses, and stable. */
#ifndef TAPIR_IO_ORDER_H
#define TAPIR_IO_ORDER_H

#include "core/memory.h"

/* Negative, 0 or positive as item a comes before, with or after b. */
typedef int tp_compare(const void *items, uint32_t a, uint32_t b);
/* Writes 0 .. n-1 to `order`, sorted; false when memory is short. */
bool tp_order(const tp_allocator *memory, uint32_t *order, uint32_t n, const void *items, tp_compare *compare);

#endif
