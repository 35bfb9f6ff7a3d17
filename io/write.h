/* Where a format's bytes go: a file that is written atomically, or memory. */
#ifndef TAPIR_IO_WRITE_H
#define TAPIR_IO_WRITE_H

#include <tapir/io_file.h>

#include "core/memory.h"

/* Bytes that grow. A failed allocation is remembered: it is enough to look at the end. */
typedef struct tp_buffer {
    tp_allocator memory;
    unsigned char *bytes;
    size_t n, capacity;
    bool failed;
} tp_buffer;

void tp_buffer_add(tp_buffer *buffer, const void *bytes, size_t n);
void tp_buffer_text(tp_buffer *buffer, const char *format, ...) TP_PRINTF(2, 3);
void tp_buffer_free(tp_buffer *buffer);

/* Takes bytes one after another, for a file, a buffer or a function, whichever are not NULL. */
typedef struct tp_sink {
    tp_writer *writer;
    tp_buffer *buffer;
    void (*take)(void *user, const void *bytes, size_t n);
    void *user;
    uint64_t n; /* so far */
} tp_sink;

/* What goes wrong is remembered by writer and buffer. */
void tp_sink_write(tp_sink *sink, const void *bytes, size_t n);

struct tp_tensor;
/* All elements, row-major, each with its lowest byte first. */
void tp_sink_tensor(tp_sink *sink, const struct tp_tensor *tensor);

#endif
