/* Sources of bytes: files and memory, and what is common to all. */
#include "io/source.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <tapir/io_file.h>

#define FIRST_BLOCK ((size_t)1 << 16)

/* ---- files ---- */

static tp_status file_read(tp_source *source, void *to, size_t n, size_t *got, tp_error *error)
{
    FILE *file = source->state;
    errno = 0;
    *got = fread(to, 1, n, file);
    if (*got > 0 || !ferror(file)) return TP_OK;
    return tp_fail(error, TP_E_IO, "cannot read: %s: %s", strerror(errno), source->name);
}

static void file_close(tp_source *source)
{
    fclose(source->state);
}

/* A pipe cannot tell its size, and what the system makes up as it is read says 0. */
static uint64_t file_size(FILE *file)
{
    if (fseek(file, 0, SEEK_END) != 0) return TP_SIZE_UNKNOWN;
    const long end = ftell(file);
    if (fseek(file, 0, SEEK_SET) != 0 || end <= 0 || end == LONG_MAX) return TP_SIZE_UNKNOWN;
    return (uint64_t)end;
}

/* ---- memory ---- */

typedef struct bytes_state {
    const unsigned char *at;
    size_t left;
} bytes_state;

static tp_status bytes_read(tp_source *source, void *to, size_t n, size_t *got, tp_error *error)
{
    (void)error;
    bytes_state *state = source->state;
    *got = n < state->left ? n : state->left;
    if (*got) memcpy(to, state->at, *got);
    if (*got) state->at += *got;
    state->left -= *got;
    return TP_OK;
}

static void bytes_close(tp_source *source)
{
    tp_deallocate(&source->memory, source->state, sizeof(bytes_state));
}

/* ---- both ---- */

/* Looks at the first bytes, which stay to be read, and unpacks gzip (RFC 1952: it begins with 1f 8b). */
static tp_status begin(tp_source *source, tp_error *error)
{
    size_t got = 0;
    tp_status status = tp_source_read(source, source->peeked, TP_SOURCE_PEEK, &got, error);
    source->peek_end = got;
    if (status == TP_OK && got == 2 && source->peeked[0] == 0x1f && source->peeked[1] == 0x8b)
        status = tp_source_gunzip(source, error);
    if (status != TP_OK) tp_source_close(source);
    return status;
}

tp_status tp_source_file(tp_source *source, const tp_allocator *memory, const char *path, tp_error *error)
{
    if (!path) return tp_fail(error, TP_E_ARGUMENT, "the path is NULL");
    errno = 0;
    FILE *file = fopen(path, "rb");
    if (!file) return tp_fail(error, TP_E_IO, "cannot open: %s: %s", strerror(errno), path);
    *source = (tp_source){.read = file_read,
                          .close = file_close,
                          .memory = memory ? *memory : tp_default_allocator,
                          .name = path,
                          .size = file_size(file),
                          .state = file};
    return begin(source, error);
}

tp_status tp_source_bytes(tp_source *source, const tp_allocator *memory, const void *bytes, size_t n, tp_error *error)
{
    if (!bytes && n > 0) return tp_fail(error, TP_E_ARGUMENT, "the bytes are NULL");
    *source = (tp_source){.read = bytes_read,
                          .close = bytes_close,
                          .memory = memory ? *memory : tp_default_allocator,
                          .name = "memory",
                          .size = n};
    bytes_state *state = tp_allocate(&source->memory, sizeof *state);
    if (!state) return tp_fail(error, TP_E_MEMORY, "out of memory");
    *state = (bytes_state){bytes, n};
    source->state = state;
    return begin(source, error);
}

void tp_source_close(tp_source *source)
{
    if (source->close) source->close(source);
    source->close = NULL;
}

tp_status tp_source_read(tp_source *source, void *to, size_t n, size_t *got, tp_error *error)
{
    unsigned char *at = to;
    for (*got = 0; *got < n && source->peek_at < source->peek_end;) at[(*got)++] = source->peeked[source->peek_at++];
    while (*got < n) {
        size_t more = 0;
        const tp_status status = source->read(source, at + *got, n - *got, &more, error);
        if (status != TP_OK) return status;
        if (more == 0) break;
        *got += more;
    }
    return TP_OK;
}

tp_status tp_source_take(tp_source *source, uint64_t n, unsigned char **block, size_t *bytes, size_t *got,
                         tp_error *error)
{
    *block = NULL;
    *bytes = *got = 0;
    while (*got < n) {
        uint64_t wanted = *bytes ? (uint64_t)*bytes * 2 : FIRST_BLOCK;
        if (wanted > n || source->size != TP_SIZE_UNKNOWN) wanted = n; /* a size that is known was checked */
        unsigned char *grown = wanted <= PTRDIFF_MAX ? tp_allocate(&source->memory, (size_t)wanted) : NULL;
        if (!grown) return tp_fail(error, TP_E_MEMORY, "out of memory: %s", source->name);
        if (*got) memcpy(grown, *block, *got);
        tp_deallocate(&source->memory, *block, *bytes);
        *block = grown;
        *bytes = (size_t)wanted;
        size_t more = 0;
        const tp_status status = tp_source_read(source, grown + *got, *bytes - *got, &more, error);
        if (status != TP_OK) return status;
        *got += more;
        if (*got < *bytes) return TP_OK;
    }
    return TP_OK;
}

/* ---- whole files ---- */

/* Reads all there is, at most `most` bytes, and puts a NUL behind it; *bytes is one more than what was read. */
static tp_status read_all(tp_source *source, size_t most, unsigned char **block, size_t *bytes, size_t *got,
                          tp_error *error)
{
    const size_t limit = most < PTRDIFF_MAX - 1 ? most : PTRDIFF_MAX - 1;
    if (source->size != TP_SIZE_UNKNOWN && source->size > limit)
        return tp_fail(error, TP_E_LIMIT, "it has %" PRIu64 " bytes, more than %zu: %s", source->size, limit,
                       source->name);
    const uint64_t wanted = source->size != TP_SIZE_UNKNOWN ? source->size : limit;
    const tp_status status = tp_source_take(source, wanted + 1, block, bytes, got, error);
    if (status != TP_OK) return status;
    if (*got > wanted && source->size != TP_SIZE_UNKNOWN)
        return tp_fail(error, TP_E_IO, "it grew while it was read: %s", source->name);
    if (*got > wanted) return tp_fail(error, TP_E_LIMIT, "it has more than %zu bytes: %s", limit, source->name);
    return TP_OK;
}

/* A block of exactly got + 1 bytes, so that the number of bytes tells its size. */
static unsigned char *fit(const tp_allocator *memory, unsigned char *block, size_t bytes, size_t got)
{
    if (bytes == got + 1) return block;
    unsigned char *exact = tp_allocate(memory, got + 1);
    if (exact && got) memcpy(exact, block, got);
    tp_deallocate(memory, block, bytes);
    return exact;
}

void *tp_read_file(const tp_allocator *memory, const char *path, size_t most, size_t *n, tp_error *error)
{
    tp_source source;
    tp_error local = {.status = TP_OK};
    unsigned char *block = NULL;
    size_t bytes = 0, got = 0;
    if (n) *n = 0;
    tp_status status = n ? TP_OK : tp_fail(&local, TP_E_ARGUMENT, "n is NULL");
    if (status == TP_OK) status = tp_source_file(&source, memory, path, &local);
    if (status == TP_OK) {
        status = read_all(&source, most, &block, &bytes, &got, &local);
        if (status != TP_OK)
            tp_deallocate(&source.memory, block, bytes);
        else if (!(block = fit(&source.memory, block, bytes, got)))
            status = tp_fail(&local, TP_E_MEMORY, "out of memory: %s", path);
        tp_source_close(&source);
    }
    if (status != TP_OK) {
        tp_fail(error, status, "tp_read_file: %s", local.message);
        return NULL;
    }
    block[got] = 0;
    *n = got;
    return block;
}

void tp_free_file(const tp_allocator *memory, void *bytes, size_t n)
{
    tp_deallocate(memory ? memory : &tp_default_allocator, bytes, n + 1);
}
