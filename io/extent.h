/* Bytes that are read at any place: a file, or memory. */
#ifndef TAPIR_IO_EXTENT_H
#define TAPIR_IO_EXTENT_H

#include "core/memory.h"

typedef struct tp_extent {
    const unsigned char *bytes; /* NULL: they lie in the file */
    int file;                   /* -1: they lie in memory */
    uint64_t size;
    const char *name; /* for messages: "memory" or the path, in a block of its own */
    size_t name_bytes;
    tp_allocator memory;
} tp_extent;

/* Of `path` and `bytes` one is NULL. The path is copied. Only regular files have places; on failure there is nothing to
   close. */
tp_status tp_extent_open(tp_extent *extent, const tp_allocator *memory, const char *path, const void *bytes, size_t n,
                         tp_error *error);
void tp_extent_close(tp_extent *extent);
/* Reads exactly n bytes from `at`. TP_E_FORMAT when they do not all lie inside, or the file has become shorter. */
tp_status tp_extent_read(const tp_extent *extent, uint64_t at, void *to, size_t n, tp_error *error);

#endif
