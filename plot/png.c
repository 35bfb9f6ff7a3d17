/* Rows that each begin with filter type 0 (none), as one zlib stream: packed where zlib is, else in stored blocks
   (RFC 1950 and 1951). */
#include "plot/png.h"

#include <string.h>

#if defined(TP_WITH_ZLIB)
#include <zlib.h>
#endif

enum { STORED_MOST = 65535 };

static unsigned char *put(unsigned char *at, const void *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

static unsigned char *put_u32(unsigned char *at, uint32_t x)
{
    for (int i = 0; i < 4; i++) at[i] = (unsigned char)(x >> (24 - 8 * i));
    return at + 4;
}

/* CRC-32 of ISO 3309, four bits at a time. */
static uint32_t crc_of(const unsigned char *bytes, size_t n)
{
    uint32_t table[16], crc = 0xffffffffu;
    for (uint32_t i = 0; i < 16; i++) {
        table[i] = i;
        for (int bit = 0; bit < 4; bit++) table[i] = table[i] & 1 ? (table[i] >> 1) ^ 0xedb88320u : table[i] >> 1;
    }
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        crc = (crc >> 4) ^ table[crc & 15];
        crc = (crc >> 4) ^ table[crc & 15];
    }
    return ~crc;
}

/* Ends the chunk whose data, of n bytes, lie at `start` + 8. */
static unsigned char *end_chunk(unsigned char *start, const char *kind, size_t n)
{
    put_u32(start, (uint32_t)n);
    put(start + 4, kind, 4);
    return put_u32(start + 8 + n, crc_of(start + 4, n + 4));
}

#if defined(TP_WITH_ZLIB)

/* zlib frees without saying how much: the size stands in front of the block. */
static void *zlib_allocate(void *user, unsigned items, unsigned size)
{
    const size_t bytes = TP_ALIGNMENT + (size_t)items * size;
    unsigned char *block = tp_allocate(user, bytes);
    if (!block) return NULL;
    memcpy(block, &bytes, sizeof bytes);
    return block + TP_ALIGNMENT;
}

static void zlib_free(void *user, void *address)
{
    unsigned char *block = (unsigned char *)address - TP_ALIGNMENT;
    size_t bytes;
    memcpy(&bytes, block, sizeof bytes);
    tp_deallocate(user, block, bytes);
}

/* An upper bound, as zlib documents deflateBound for default settings. */
static size_t packed_most(size_t n)
{
    return n + n / 1000 + (n >> 12) + (n >> 14) + (n >> 25) + 64;
}

/* Returns the stream's length; 0 when memory is short. */
static size_t pack(const tp_allocator *memory, unsigned char *to, size_t room, const unsigned char *rows, size_t n)
{
    tp_allocator user = *memory;
    z_stream stream = {.zalloc = zlib_allocate, .zfree = zlib_free, .opaque = &user};
    if (deflateInit(&stream, Z_BEST_COMPRESSION) != Z_OK) return 0;
    stream.next_in = (Bytef *)(uintptr_t)rows; /* zlib's header has no const, and zlib does not write */
    stream.avail_in = (uInt)n;
    stream.next_out = to;
    stream.avail_out = (uInt)room;
    const int code = deflate(&stream, Z_FINISH);
    const size_t length = room - stream.avail_out;
    deflateEnd(&stream);
    return code == Z_STREAM_END ? length : 0;
}

#else

static uint32_t adler_of(const unsigned char *bytes, size_t n)
{
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < n; i++) {
        a = (a + bytes[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static size_t packed_most(size_t n)
{
    return 2 + n + 5 * ((n + STORED_MOST - 1) / STORED_MOST) + 4;
}

static size_t pack(const tp_allocator *memory, unsigned char *to, size_t room, const unsigned char *rows, size_t n)
{
    (void)memory, (void)room;
    unsigned char *at = put(to, "\x78\x01", 2);
    for (size_t done = 0; done < n; done += STORED_MOST) {
        const size_t length = n - done < STORED_MOST ? n - done : STORED_MOST;
        const unsigned char low = (unsigned char)(length & 255), high = (unsigned char)(length >> 8);
        *at++ = done + length == n;
        *at++ = low;
        *at++ = high;
        *at++ = low ^ 255;
        *at++ = high ^ 255;
        at = put(at, rows + done, length);
    }
    at = put_u32(at, adler_of(rows, n));
    return (size_t)(at - to);
}

#endif

/* Repeated pixels cost nothing where they are packed. */
#if defined(TP_WITH_ZLIB)
enum { FACTOR_MOST = 1024 };
#else
enum { FACTOR_MOST = 1 };
#endif

static unsigned char *put_head(unsigned char *at, uint32_t width, uint32_t height, int channels)
{
    const unsigned char kind = channels == 1 ? 0 : channels == 3 ? 2 : 6;
    at = put(at, "\x89PNG\r\n\x1a\n", 8);
    put_u32(at + 8, width);
    put_u32(at + 12, height);
    put(at + 16, (unsigned char[]){8, kind, 0, 0, 0}, 5); /* 8 bits; the only compression and filters; one pass */
    at = end_chunk(at, "IHDR", 13);
    if (channels == 4) return at;
    for (int c = 0; c < channels; c++) put(at + 8 + 2 * c, (unsigned char[]){0, PNG_KEY}, 2);
    return end_chunk(at, "tRNS", 2 * (size_t)channels);
}

/* The rows of the file. */
static void spread(unsigned char *to, uint32_t width, uint32_t height, size_t channels, uint32_t factor,
                   const unsigned char *pixels)
{
    const size_t row = (size_t)width * factor * channels + 1;
    for (uint32_t y = 0; y < height; y++, to += row * factor) {
        unsigned char *at = to;
        *at++ = 0;
        for (uint32_t x = 0; x < width; x++, pixels += channels)
            for (uint32_t i = 0; i < factor; i++) at = put(at, pixels, channels);
        for (uint32_t i = 1; i < factor; i++) memcpy(to + i * row, to, row);
    }
}

unsigned char *png_encode(const tp_allocator *memory, uint32_t width, uint32_t height, int channels, uint32_t factor,
                          const unsigned char *pixels, size_t *size, size_t *bytes)
{
    factor = factor < FACTOR_MOST ? factor : FACTOR_MOST;
    const size_t raw = ((size_t)width * factor * (size_t)channels + 1) * height * factor, most = packed_most(raw);
    unsigned char *rows = tp_allocate(memory, raw), *file = NULL;
    *bytes = most + 128; /* head, key, chunks and end */
    if (rows) file = tp_allocate(memory, *bytes);
    if (file) {
        spread(rows, width, height, (size_t)channels, factor, pixels);
        unsigned char *at = put_head(file, width * factor, height * factor, channels);
        const size_t packed = pack(memory, at + 8, most, rows, raw);
        if (packed == 0) {
            tp_deallocate(memory, file, *bytes);
            file = NULL;
        } else {
            at = end_chunk(end_chunk(at, "IDAT", packed), "IEND", 0);
            *size = (size_t)(at - file);
        }
    }
    tp_deallocate(memory, rows, raw);
    return file;
}
