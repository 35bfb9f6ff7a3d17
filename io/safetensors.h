/* The inside of a safetensors file. Invariants, once it is open: names and keys are unique; the tensors' bytes lie side
   by side from `data` to the end of the extent and are what dtype and shape ask for. */
#ifndef TAPIR_IO_SAFETENSORS_INSIDE_H
#define TAPIR_IO_SAFETENSORS_INSIDE_H

#include <tapir/io_safetensors.h>

#include "io/encoding.h"
#include "io/extent.h"

#define TP_SAFETENSORS_HEADER 100000000 /* bytes at most */

/* An element type's name in the format. */
typedef struct tp_safetensors_type {
    const char *name;
    char kind; /* as tp_encoding_find knows it; 0: none */
    uint8_t size;
} tp_safetensors_type;

typedef struct tp_safetensors_entry {
    const char *name; /* in the header's block */
    const tp_safetensors_type *type;
    uint64_t begin, end; /* from `data` */
    int64_t count;
    size_t at; /* where it stands in the header */
    int rank;
    int64_t dims[TP_MAX_RANK];
} tp_safetensors_entry;

typedef struct tp_safetensors_pair {
    const char *key, *text; /* in the header's block */
    size_t at;
} tp_safetensors_pair;

struct tp_safetensors {
    tp_allocator memory;
    tp_extent extent;
    char *header; /* one byte more than its length */
    size_t header_bytes;
    uint64_t data; /* where the elements begin in the file */
    tp_safetensors_entry *entries;
    tp_safetensors_pair *pairs;
    uint32_t count, capacity, pair_count, pair_capacity;
    uint32_t *by_name, *pairs_by_key; /* sorted; of count and pair_count */
};

/* Reads the header's text into entries and pairs, and checks it and what it says of the data. */
tp_status tp_safetensors_read_header(tp_safetensors *file, tp_error *error);
/* The dtype's name in the format. */
const char *tp_safetensors_type_name(tp_dtype dtype);

#endif
