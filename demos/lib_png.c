/* PNG with stored (uncompressed) deflate blocks: RFC 1950 and 1951 around rows that each begin with filter type 0. */
#include "lib_png.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STORED = 65535 };

/* Where the next byte goes. */
typedef struct cursor {
    unsigned char *at;
} cursor;

static void put(cursor *out, const void *bytes, size_t n)
{
    memcpy(out->at, bytes, n);
    out->at += n;
}

static void put_u32(cursor *out, uint32_t x)
{
    put(out,
        (unsigned char[]){(unsigned char)(x >> 24), (unsigned char)(x >> 16), (unsigned char)(x >> 8),
                          (unsigned char)x},
        4);
}

/* CRC-32 of ISO 3309, a bit at a time. */
static uint32_t crc32_of(const unsigned char *bytes, size_t n)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}

static uint32_t adler32_of(const unsigned char *bytes, size_t n)
{
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < n; i++) {
        a = (a + bytes[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static void put_chunk(cursor *out, const char *kind, const unsigned char *data, size_t n)
{
    put_u32(out, (uint32_t)n);
    const unsigned char *start = out->at;
    put(out, kind, 4);
    if (n) put(out, data, n);
    put_u32(out, crc32_of(start, n + 4));
}

static size_t stored_blocks(size_t n)
{
    return (n + MOST_STORED - 1) / MOST_STORED;
}

/* The rows as a zlib stream; returns its length. */
static size_t store(unsigned char *stream, const unsigned char *rows, size_t n)
{
    cursor out = {stream};
    put(&out, "\x78\x01", 2);
    for (size_t done = 0; done < n; done += MOST_STORED) {
        const size_t length = n - done < MOST_STORED ? n - done : MOST_STORED;
        const unsigned low = (unsigned)length & 255, high = (unsigned)length >> 8;
        put(&out,
            (unsigned char[]){done + length == n, (unsigned char)low, (unsigned char)high, (unsigned char)(low ^ 255),
                              (unsigned char)(high ^ 255)},
            5);
        put(&out, rows + done, length);
    }
    put_u32(&out, adler32_of(rows, n));
    return (size_t)(out.at - stream);
}

unsigned char *png_grey(int width, int height, const unsigned char *pixels, size_t *size)
{
    const size_t across = (size_t)width, down = (size_t)height, raw = down * (across + 1);
    const size_t stored = 2 + raw + 5 * stored_blocks(raw) + 4;
    unsigned char *rows = malloc(raw + stored), *file = malloc(8 + 25 + 12 + stored + 12);
    if (rows && file) {
        for (size_t y = 0; y < down; y++) {
            rows[y * (across + 1)] = 0;
            memcpy(rows + y * (across + 1) + 1, pixels + y * across, across);
        }
        cursor out = {file}, header = {(unsigned char[13]){0}};
        const unsigned char *dims = header.at;
        put_u32(&header, (uint32_t)width);
        put_u32(&header, (uint32_t)height);
        put(&header, "\x08\0\0\0\0", 5); /* 8 bits, greyscale, the only compression and filter, not interlaced */
        put(&out, "\x89PNG\r\n\x1a\n", 8);
        put_chunk(&out, "IHDR", dims, 13);
        put_chunk(&out, "IDAT", rows + raw, store(rows + raw, rows, raw));
        put_chunk(&out, "IEND", NULL, 0);
        *size = (size_t)(out.at - file);
    } else {
        free(file);
        file = NULL;
    }
    free(rows);
    return file;
}
