/* How element types lie in files, and what becomes of them. */
#ifndef TAPIR_IO_ENCODING_H
#define TAPIR_IO_ENCODING_H

#include <tapir/tensor.h>

#if defined(__BYTE_ORDER__) && defined(__ORDER_BIG_ENDIAN__)
#define TP_HOST_BIG (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
#else
#define TP_HOST_BIG 0
#endif

typedef struct tp_encoding {
    char kind;    /* as NumPy says: 'f' float, 'i' signed, 'u' unsigned, 'b' truth value; and 'B' for bfloat16 */
    uint8_t size; /* bytes */
    tp_dtype dtype;
    void (*decode)(void *to, const unsigned char *from, int64_t n); /* NULL: the same bytes */
} tp_encoding;

/* NULL when no dtype holds it. */
const tp_encoding *tp_encoding_find(char kind, size_t size);

/* Turns n elements of the host's byte order at `from` into the dtype's at `to`. Returns n, or the number of the first
   that does not fit: only an unsigned one of 8 bytes may not. */
int64_t tp_decode(const tp_encoding *encoding, void *to, const void *from, int64_t n);

/* Turns the bytes of each of n elements round. */
void tp_swap(void *elements, size_t size, int64_t n);

#endif
