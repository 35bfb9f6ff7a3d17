/* Rows put in order: by insertion where they are short, else by radix, from the lowest byte of the keys to the highest.
   Both are stable. */
#include "kernels/order.h"

#include <math.h>
#include <string.h>

enum { SHORT = 48, BYTES = 8 };

/* A number that is in the order of doubles, zeros of either sign equal, NaN above all. */
static uint64_t key_of(double x)
{
    uint64_t bits;
    if (isnan(x)) return UINT64_MAX;
    x += 0; /* -0 becomes 0 */
    memcpy(&bits, &x, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static void insert_keys(int64_t n, tp_ranked *items)
{
    for (int64_t i = 1; i < n; i++) {
        const tp_ranked item = items[i];
        int64_t at = i;
        for (; at > 0 && items[at - 1].key > item.key; at--) items[at] = items[at - 1];
        items[at] = item;
    }
}

void tp_rank_keys(int64_t n, tp_ranked *work)
{
    if (n <= SHORT) {
        insert_keys(n, work);
        return;
    }
    int64_t counts[BYTES][256];
    memset(counts, 0, sizeof counts);
    for (int64_t i = 0; i < n; i++)
        for (int b = 0; b < BYTES; b++) counts[b][work[i].key >> 8 * b & 255]++;
    tp_ranked *from = work, *to = work + n;
    for (int b = 0; b < BYTES; b++) {
        int64_t *count = counts[b], start = 0;
        if (count[from[0].key >> 8 * b & 255] == n) continue; /* all alike in this byte */
        for (int v = 0; v < 256; v++) {
            const int64_t many = count[v];
            count[v] = start;
            start += many;
        }
        for (int64_t i = 0; i < n; i++) to[count[from[i].key >> 8 * b & 255]++] = from[i];
        tp_ranked *swap = from;
        from = to, to = swap;
    }
    if (from != work) memcpy(work, from, (size_t)n * sizeof *work);
}

void tp_rank(tp_dtype dtype, int64_t n, const void *px, int64_t stride, bool descending, tp_ranked *work)
{
    const char *x = px;
    const int64_t step = stride * (int64_t)tp_dtype_size(dtype);
    for (int64_t i = 0; i < n; i++) {
        const uint64_t key = key_of(tp_get(dtype, x + i * step));
        work[i] = (tp_ranked){descending ? ~key : key, i};
    }
    tp_rank_keys(n, work);
}

void tp_running_extreme(tp_dtype dtype, int64_t n, const void *px, int64_t stride, bool largest, int64_t *places)
{
    const char *x = px;
    const int64_t step = stride * (int64_t)tp_dtype_size(dtype);
    int64_t best = 0;
    double value = n > 0 ? tp_get(dtype, x) : 0;
    for (int64_t i = 0; i < n; i++) {
        const double candidate = tp_get(dtype, x + i * step);
        if (!isnan(value) && (isnan(candidate) || (largest ? candidate >= value : candidate <= value))) {
            best = i;
            value = candidate;
        }
        places[i] = best;
    }
}
