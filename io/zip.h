/* The directory of a zip archive (PKWARE's APPNOTE.TXT 6.3), and its entries as sources. Invariants, once it is open:
   names are unique; entries lie one after another between the start and the directory. */
#ifndef TAPIR_IO_ZIP_H
#define TAPIR_IO_ZIP_H

#include "io/extent.h"
#include "io/source.h"

enum { TP_ZIP_STORED = 0, TP_ZIP_DEFLATED = 8 };

typedef struct tp_zip_entry {
    char *name;                /* in the directory's block */
    uint64_t packed, unpacked; /* bytes */
    uint64_t header, data;     /* where it begins, and where its bytes do */
    uint32_t crc;
    uint16_t method, flags;
} tp_zip_entry;

typedef struct tp_zip {
    tp_allocator memory;
    tp_extent extent;
    char *directory;
    size_t directory_bytes;
    uint64_t directory_at;
    tp_zip_entry *entries;
    uint32_t count, capacity;
    uint32_t *by_name;
} tp_zip;

/* Opens and reads the directory. `suffix` is taken off the names that end in it. On failure there is nothing to
   close. */
tp_status tp_zip_open(tp_zip *zip, const tp_allocator *memory, const char *path, const void *bytes, size_t n,
                      const char *suffix, tp_error *error);
void tp_zip_close(tp_zip *zip);
/* The entry's bytes, unpacked; the last read says whether size and checksum are right. */
tp_status tp_zip_source(const tp_zip *zip, const tp_zip_entry *entry, tp_source *source, tp_error *error);

/* The checksum of bytes that follow those of which `crc` is the checksum, or nothing (0). */
uint32_t tp_crc32(uint32_t crc, const void *bytes, size_t n);

#endif
