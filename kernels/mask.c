/* Elements chosen by a mask of bytes, both dense: set to one number, packed together, spread out again. */
#include "kernels/mask.h"

#include <string.h>

int64_t tp_mask_count(int64_t n, const uint8_t *mask)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) count += mask[i] != 0;
    return count;
}

#define MASK_LOOPS(name, type)                                                                                         \
    static void fill_##name(int64_t n, type *x, const uint8_t *mask, type value)                                       \
    {                                                                                                                  \
        for (int64_t i = 0; i < n; i++) x[i] = mask[i] ? value : x[i];                                                 \
    }                                                                                                                  \
    static void pack_##name(int64_t n, type *out, const type *x, const uint8_t *mask)                                  \
    {                                                                                                                  \
        for (int64_t i = 0; i < n; i++)                                                                                \
            if (mask[i]) *out++ = x[i];                                                                                \
    }                                                                                                                  \
    static void spread_##name(int64_t n, type *out, const type *x, const uint8_t *mask)                                \
    {                                                                                                                  \
        for (int64_t i = 0; i < n; i++) out[i] = mask[i] ? *x++ : 0;                                                   \
    }
MASK_LOOPS(1, uint8_t)
MASK_LOOPS(4, uint32_t)
MASK_LOOPS(8, uint64_t)

void tp_mask_fill(int64_t n, tp_dtype dtype, void *x, const uint8_t *mask, double value)
{
    uint64_t bits = 0;
    uint32_t half;
    uint8_t byte;
    tp_put(dtype, &bits, value);
    memcpy(&half, &bits, sizeof half);
    memcpy(&byte, &bits, sizeof byte);
    switch (tp_dtype_size(dtype)) {
    case 1: fill_1(n, x, mask, byte); break;
    case 4: fill_4(n, x, mask, half); break;
    default: fill_8(n, x, mask, bits); break;
    }
}

void tp_mask_pack(int64_t n, tp_dtype dtype, void *out, const void *x, const uint8_t *mask)
{
    switch (tp_dtype_size(dtype)) {
    case 1: pack_1(n, out, x, mask); break;
    case 4: pack_4(n, out, x, mask); break;
    default: pack_8(n, out, x, mask); break;
    }
}

void tp_mask_spread(int64_t n, tp_dtype dtype, void *out, const void *x, const uint8_t *mask)
{
    switch (tp_dtype_size(dtype)) {
    case 1: spread_1(n, out, x, mask); break;
    case 4: spread_4(n, out, x, mask); break;
    default: spread_8(n, out, x, mask); break;
    }
}
