/* Unpacking gzip on the way in (RFC 1952): any number of members, each with its checksum, and nothing after them. */
#include "io/source.h"

#if defined(TP_WITH_ZLIB)

#include <string.h>

#include "io/deflate.h"

#define INPUT_BLOCK ((size_t)1 << 16)

typedef struct gzip_state {
    tp_source packed; /* where the compressed bytes come from */
    z_stream stream;
    bool between; /* a member has ended, the next has not begun */
    unsigned char input[INPUT_BLOCK];
} gzip_state;

/* zlib frees without saying how much: the size stands in front of the block. */
void *tp_zlib_allocate(void *user, unsigned items, unsigned size)
{
    const tp_allocator *memory = user;
    const size_t bytes = TP_ALIGNMENT + (size_t)items * size;
    unsigned char *block = tp_allocate(memory, bytes);
    if (!block) return NULL;
    memcpy(block, &bytes, sizeof bytes);
    return block + TP_ALIGNMENT;
}

void tp_zlib_free(void *user, void *address)
{
    unsigned char *block = (unsigned char *)address - TP_ALIGNMENT;
    size_t bytes;
    memcpy(&bytes, block, sizeof bytes);
    tp_deallocate(user, block, bytes);
}

/* Makes sure that there is input; *ended when there is no more. */
static tp_status refill(gzip_state *state, bool *ended, tp_error *error)
{
    *ended = false;
    if (state->stream.avail_in > 0) return TP_OK;
    size_t got = 0;
    const tp_status status = tp_source_read(&state->packed, state->input, INPUT_BLOCK, &got, error);
    state->stream.next_in = state->input;
    state->stream.avail_in = (unsigned)got;
    *ended = got == 0;
    return status;
}

static tp_status unpack_error(const tp_source *source, const z_stream *stream, int code, tp_error *error)
{
    if (code == Z_MEM_ERROR) return tp_fail(error, TP_E_MEMORY, "out of memory for gzip: %s", source->name);
    return tp_fail(error, TP_E_FORMAT, "the gzip stream is damaged (%s): %s", stream->msg ? stream->msg : "zlib",
                   source->name);
}

static tp_status gzip_read(tp_source *source, void *to, size_t n, size_t *got, tp_error *error)
{
    gzip_state *state = source->state;
    z_stream *stream = &state->stream;
    const unsigned room = n < INPUT_BLOCK * 16 ? (unsigned)n : (unsigned)INPUT_BLOCK * 16;
    *got = 0;
    stream->next_out = to;
    stream->avail_out = room;
    while (stream->avail_out == room) {
        bool ended;
        const tp_status status = refill(state, &ended, error);
        if (status != TP_OK) return status;
        if (ended && state->between) return TP_OK;
        if (ended) return tp_fail(error, TP_E_FORMAT, "the gzip stream ends early: %s", source->name);
        if (state->between) inflateReset(stream);
        const int code = inflate(stream, Z_NO_FLUSH);
        state->between = code == Z_STREAM_END;
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
            return unpack_error(source, stream, code, error);
    }
    *got = room - stream->avail_out;
    return TP_OK;
}

static void gzip_close(tp_source *source)
{
    gzip_state *state = source->state;
    inflateEnd(&state->stream);
    tp_source_close(&state->packed);
    tp_deallocate(&source->memory, state, sizeof *state);
}

tp_status tp_source_gunzip(tp_source *source, tp_error *error)
{
    gzip_state *state = tp_allocate_zeroed(&source->memory, sizeof *state);
    if (!state) return tp_fail(error, TP_E_MEMORY, "out of memory for gzip: %s", source->name);
    state->packed = *source;
    state->stream.zalloc = tp_zlib_allocate;
    state->stream.zfree = tp_zlib_free;
    state->stream.opaque = &state->packed.memory;
    const int code = inflateInit2(&state->stream, 15 + 16); /* the largest window, and gzip's header and trailer */
    if (code != Z_OK) {
        const tp_status status = unpack_error(source, &state->stream, code, error);
        tp_deallocate(&source->memory, state, sizeof *state);
        return status;
    }
    *source = (tp_source){.read = gzip_read,
                          .close = gzip_close,
                          .memory = state->packed.memory,
                          .name = state->packed.name,
                          .size = TP_SIZE_UNKNOWN,
                          .state = state};
    return TP_OK;
}

#else

tp_status tp_source_gunzip(tp_source *source, tp_error *error)
{
    return tp_fail(error, TP_E_UNSUPPORTED, "it is gzip, and this library was built without zlib: %s", source->name);
}

#endif
