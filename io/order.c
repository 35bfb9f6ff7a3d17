/* A merge sort that goes up from pairs. */
#include "io/order.h"

#include <string.h>

static void merge(uint32_t *to, const uint32_t *from, size_t low, size_t middle, size_t high, const void *items,
                  tp_compare *compare)
{
    size_t left = low, right = middle;
    for (size_t i = low; i < high; i++) {
        const bool take_left = left < middle && (right >= high || compare(items, from[left], from[right]) <= 0);
        to[i] = take_left ? from[left++] : from[right++];
    }
}

static bool sorted(uint32_t n, const void *items, tp_compare *compare)
{
    for (uint32_t i = 1; i < n; i++)
        if (compare(items, i - 1, i) > 0) return false;
    return true;
}

bool tp_order(const tp_allocator *memory, uint32_t *order, uint32_t n, const void *items, tp_compare *compare)
{
    for (uint32_t i = 0; i < n; i++) order[i] = i;
    if (sorted(n, items, compare)) return true; /* as most files are */
    const size_t bytes = (size_t)n * sizeof *order;
    uint32_t *spare = tp_allocate(memory, bytes), *from = order, *to = spare;
    if (!spare) return false;
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t low = 0; low < n; low += 2 * width) {
            const size_t middle = low + width < n ? low + width : n, high = middle + width < n ? middle + width : n;
            merge(to, from, low, middle, high, items, compare);
        }
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != order) memcpy(order, from, bytes);
    tp_deallocate(memory, spare, bytes);
    return true;
}
