/* Where a reader's bytes come from: a file or memory, plain or gzip. Formats know nothing but this.
   Invariant: a source that was opened is closed once, whatever reading from it gave. */
#ifndef TAPIR_IO_SOURCE_H
#define TAPIR_IO_SOURCE_H

#include "core/memory.h"

#define TP_SIZE_UNKNOWN UINT64_MAX
#define TP_SOURCE_PEEK 2

typedef struct tp_source {
    /* Reads up to n bytes and says how many there were: 0 < *got <= n, or 0 at the end. */
    tp_status (*read)(struct tp_source *source, void *to, size_t n, size_t *got, tp_error *error);
    void (*close)(struct tp_source *source);
    tp_allocator memory;
    const char *name; /* for messages */
    uint64_t size;    /* of all there is to read, or TP_SIZE_UNKNOWN */
    void *state;
    unsigned char peeked[TP_SOURCE_PEEK]; /* read ahead, and not handed out yet */
    size_t peek_at, peek_end;
} tp_source;

/* `path`, `bytes` and `name` must outlive the source. A gzip source unpacks what the bytes hold. On failure there is
   nothing to close. */
tp_status tp_source_file(tp_source *source, const tp_allocator *memory, const char *path, tp_error *error);
tp_status tp_source_bytes(tp_source *source, const tp_allocator *memory, const void *bytes, size_t n, tp_error *error);
void tp_source_close(tp_source *source);

/* Reads until n bytes are there or the source ends. */
tp_status tp_source_read(tp_source *source, void *to, size_t n, size_t *got, tp_error *error);
/* Reads at most n bytes into a block of *bytes bytes from source->memory that grows as they arrive, so that it is never
   more than a few times as large as what there is. *got says how many came. The caller frees *block, also on failure.
 */
tp_status tp_source_take(tp_source *source, uint64_t n, unsigned char **block, size_t *bytes, size_t *got,
                         tp_error *error);

/* Makes `source`, which reads gzip, into one that reads what is in it; the size is then unknown. On failure `source` is
 * as it was. */
tp_status tp_source_gunzip(tp_source *source, tp_error *error);

/* The big-endian number of `size` bytes (at most 8) at `at`, on any host. */
static inline uint64_t tp_big_endian(const unsigned char *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) value = value << 8 | at[i];
    return value;
}

#endif
