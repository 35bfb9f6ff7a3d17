/* Decoding elements; IEEE 754 half precision and bfloat16 are widened exactly. */
#include "io/encoding.h"

#include <string.h>

/* The tensor's memory is aligned, the file's bytes need not be. */
#define DECODE(name, stored, held, value)                                                                              \
    static void name(void *to, const unsigned char *from, int64_t n)                                                   \
    {                                                                                                                  \
        held *out = to;                                                                                                \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            stored x;                                                                                                  \
            memcpy(&x, from + (size_t)i * sizeof x, sizeof x);                                                         \
            out[i] = (held)(value);                                                                                    \
        }                                                                                                              \
    }

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Sign, 5 bits of exponent (bias 15), 10 of fraction. Below the normal numbers it is fraction * 2^-24. */
static float half(uint16_t x)
{
    const uint32_t sign = (uint32_t)(x & 0x8000) << 16, rest = x & 0x7fff;
    const uint32_t bias = rest >= 0x7c00 ? 224u << 23 : 112u << 23; /* infinity and NaN keep the largest exponent */
    const float small = (float)rest * 0x1p-24f;
    uint32_t bits;
    memcpy(&bits, &small, sizeof bits);
    if (rest >= 0x400) bits = (rest << 13) + bias;
    return float_of(bits | sign);
}

DECODE(decode_f16, uint16_t, float, half(x))
DECODE(decode_bf16, uint16_t, float, float_of((uint32_t)x << 16))
DECODE(decode_i8, int8_t, int32_t, x)
DECODE(decode_i16, int16_t, int32_t, x)
DECODE(decode_u16, uint16_t, int32_t, x)
DECODE(decode_u32, uint32_t, int64_t, x)
DECODE(decode_bool, uint8_t, uint8_t, x != 0)

static const tp_encoding encodings[] = {
    {'f', 4, TP_F32, NULL},        {'f', 8, TP_F64, NULL},       {'f', 2, TP_F32, decode_f16},
    {'B', 2, TP_F32, decode_bf16}, {'i', 4, TP_I32, NULL},       {'i', 8, TP_I64, NULL},
    {'i', 1, TP_I32, decode_i8},   {'i', 2, TP_I32, decode_i16}, {'u', 1, TP_U8, NULL},
    {'u', 2, TP_I32, decode_u16},  {'u', 4, TP_I64, decode_u32}, {'u', 8, TP_I64, NULL},
    {'b', 1, TP_U8, decode_bool},
};

const tp_encoding *tp_encoding_find(char kind, size_t size)
{
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
        if (encodings[i].kind == kind && encodings[i].size == size) return &encodings[i];
    return NULL;
}

/* The number of the first of n that has its highest bit set; n when none has. */
static int64_t first_too_large(const int64_t *x, int64_t n)
{
    int64_t all = 0, i = 0;
    for (i = 0; i < n; i++) all |= x[i];
    if (all >= 0) return n;
    for (i = 0; x[i] >= 0;) i++;
    return i;
}

int64_t tp_decode(const tp_encoding *encoding, void *to, const void *from, int64_t n)
{
    if (encoding->decode)
        encoding->decode(to, from, n);
    else if (to != from && n > 0)
        memcpy(to, from, (size_t)n * encoding->size);
    return encoding->kind == 'u' && encoding->size == 8 ? first_too_large(to, n) : n;
}

void tp_swap(void *elements, size_t size, int64_t n)
{
    unsigned char *at = elements;
    for (int64_t i = 0; i < n; i++, at += size)
        for (size_t low = 0, high = size - 1; low < high; low++, high--) {
            const unsigned char byte = at[low];
            at[low] = at[high];
            at[high] = byte;
        }
}
