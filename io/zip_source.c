/* One entry of a zip archive as a source: stored or deflated (RFC 1951), with its size and its checksum. */
#include <inttypes.h>
#include <string.h>

#include "io/deflate.h"
#include "io/json.h"
#include "io/zip.h"

#define INPUT_BLOCK ((size_t)1 << 15)

uint32_t tp_crc32(uint32_t crc, const void *bytes, size_t n)
{
#if defined(TP_WITH_ZLIB)
    const unsigned char *at = bytes;
    while (n > 0) {
        const unsigned now = n < (1u << 30) ? (unsigned)n : 1u << 30;
        crc = (uint32_t)crc32(crc, at, now);
        at += now;
        n -= now;
    }
    return crc;
#else
    /* four bits at a time, of the polynomial 0xedb88320 */
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                       0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    const unsigned char *at = bytes;
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc = table[(crc ^ at[i]) & 15] ^ crc >> 4;
        crc = table[(crc ^ (unsigned)at[i] >> 4) & 15] ^ crc >> 4;
    }
    return ~crc;
#endif
}

typedef struct entry_state {
    const tp_zip *zip;
    const tp_zip_entry *entry;
    uint64_t taken, given; /* bytes of the packed and of the unpacked entry */
    uint32_t crc;
#if defined(TP_WITH_ZLIB)
    tp_allocator memory; /* the stream's */
    z_stream stream;
    bool ended;
    unsigned char input[INPUT_BLOCK];
#endif
} entry_state;

static tp_status damaged(const entry_state *state, const char *what, tp_error *error)
{
    char text[TP_NAME_TEXT];
    return tp_fail(error, TP_E_FORMAT, "byte %" PRIu64 ": the entry \"%s\" %s: %s", state->entry->header,
                   tp_name_text(text, state->entry->name), what, state->zip->extent.name);
}

static tp_status give(entry_state *state, const void *bytes, size_t n, tp_error *error)
{
    state->crc = tp_crc32(state->crc, bytes, n);
    state->given += n;
    if (n == 0 && state->given < state->entry->unpacked) return damaged(state, "is shorter than it promises", error);
    if (state->given > state->entry->unpacked) return damaged(state, "is longer than it promises", error);
    if (n == 0 && state->crc != state->entry->crc) return damaged(state, "has another checksum", error);
    return TP_OK;
}

static tp_status read_stored(tp_source *source, void *to, size_t n, size_t *got, tp_error *error)
{
    entry_state *state = source->state;
    const uint64_t left = state->entry->packed - state->taken;
    *got = n < left ? n : (size_t)left;
    const tp_status status = tp_extent_read(&state->zip->extent, state->entry->data + state->taken, to, *got, error);
    state->taken += *got;
    return status == TP_OK ? give(state, to, *got, error) : status;
}

static void close_entry(tp_source *source)
{
    tp_deallocate(&source->memory, source->state, sizeof(entry_state));
}

#if defined(TP_WITH_ZLIB)

static tp_status refill(entry_state *state, tp_error *error)
{
    const uint64_t left = state->entry->packed - state->taken;
    const size_t n = left < INPUT_BLOCK ? (size_t)left : INPUT_BLOCK;
    if (state->stream.avail_in > 0) return TP_OK;
    if (n == 0) return damaged(state, "ends early", error);
    const tp_status status =
        tp_extent_read(&state->zip->extent, state->entry->data + state->taken, state->input, n, error);
    state->taken += n;
    state->stream.next_in = state->input;
    state->stream.avail_in = (unsigned)n;
    return status;
}

static tp_status read_deflated(tp_source *source, void *to, size_t n, size_t *got, tp_error *error)
{
    entry_state *state = source->state;
    const unsigned room = n < (1u << 30) ? (unsigned)n : 1u << 30;
    *got = 0;
    state->stream.next_out = to;
    state->stream.avail_out = room;
    while (!state->ended && state->stream.avail_out == room) {
        const tp_status status = refill(state, error);
        if (status != TP_OK) return status;
        const int code = inflate(&state->stream, Z_NO_FLUSH);
        state->ended = code == Z_STREAM_END;
        if (code == Z_MEM_ERROR) return tp_fail(error, TP_E_MEMORY, "out of memory: %s", source->name);
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
            return damaged(state, state->stream.msg ? state->stream.msg : "is damaged", error);
    }
    *got = room - state->stream.avail_out;
    if (*got == 0 && (state->stream.avail_in > 0 || state->taken < state->entry->packed))
        return damaged(state, "goes on past its end", error);
    return give(state, to, *got, error);
}

static void close_deflated(tp_source *source)
{
    inflateEnd(&((entry_state *)source->state)->stream);
    close_entry(source);
}

static tp_status begin_deflated(tp_source *source, entry_state *state, tp_error *error)
{
    state->memory = source->memory;
    state->stream.zalloc = tp_zlib_allocate;
    state->stream.zfree = tp_zlib_free;
    state->stream.opaque = &state->memory;
    if (inflateInit2(&state->stream, -15) != Z_OK) /* the largest window, and no header */
        return tp_fail(error, TP_E_MEMORY, "out of memory: %s", source->name);
    source->read = read_deflated;
    source->close = close_deflated;
    source->size = TP_SIZE_UNKNOWN; /* what it promises is not believed */
    return TP_OK;
}

#else

static tp_status begin_deflated(tp_source *source, entry_state *state, tp_error *error)
{
    (void)state;
    return tp_fail(error, TP_E_UNSUPPORTED, "it is deflated, and this library was built without zlib: %s",
                   source->name);
}

#endif

tp_status tp_zip_source(const tp_zip *zip, const tp_zip_entry *entry, tp_source *source, tp_error *error)
{
    char text[TP_NAME_TEXT];
    const bool known = entry->method == TP_ZIP_STORED || entry->method == TP_ZIP_DEFLATED;
    if (entry->flags & 1 || !known)
        return tp_fail(error, TP_E_UNSUPPORTED, "byte %" PRIu64 ": the entry \"%s\" %s: %s", entry->header,
                       tp_name_text(text, entry->name),
                       known ? "is encrypted" : "is packed by a method that is not known", zip->extent.name);
    entry_state *state = tp_allocate_zeroed(&zip->memory, sizeof *state);
    if (!state) return tp_fail(error, TP_E_MEMORY, "out of memory: %s", zip->extent.name);
    state->zip = zip;
    state->entry = entry;
    *source = (tp_source){.read = read_stored,
                          .close = close_entry,
                          .memory = zip->memory,
                          .name = zip->extent.name,
                          .size = entry->unpacked,
                          .state = state};
    const tp_status status = entry->method == TP_ZIP_DEFLATED ? begin_deflated(source, state, error) : TP_OK;
    if (status != TP_OK) tp_deallocate(&zip->memory, state, sizeof *state);
    return status;
}
