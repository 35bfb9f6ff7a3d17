/* The inside of data sets and transforms, and memory for reading items.
   Invariants: fields were checked when the set was made; `scratch` and `depth` count everything below a set, so that
   reading neither takes memory nor goes deeper than TP_DATA_DEPTH. */
#ifndef TAPIR_IO_DATASET_H
#define TAPIR_IO_DATASET_H

#include <stdatomic.h>

#include <tapir/io_data.h>

#include "core/memory.h"

/* The largest block of memory that is asked for at once, with room for its head. */
#define TP_BYTES_MAX ((size_t)PTRDIFF_MAX / 2)

static inline size_t tp_aligned(size_t bytes)
{
    return (bytes + TP_ALIGNMENT - 1) / TP_ALIGNMENT * TP_ALIGNMENT;
}

struct tp_dataset {
    const tp_dataset_kind *kind;
    tp_allocator memory;
    atomic_uint refs;
    int depth; /* sets from here to the deepest source, this one included */
    int fields, sources;
    int64_t count;
    size_t scratch_here, scratch; /* bytes for this set's read, aligned; and together with those below */
    tp_field field[TP_DATA_FIELDS];
    tp_dataset **source;
};

struct tp_transform {
    const tp_transform_kind *kind;
    tp_allocator memory;
    atomic_uint refs;
};

static inline void *tp_dataset_inside(const tp_dataset *set)
{
    return (char *)(uintptr_t)set + tp_aligned(sizeof *set);
}

static inline const void *tp_transform_inside(const tp_transform *transform)
{
    return (const char *)transform + tp_aligned(sizeof *transform);
}

/* Checks a field; its elements and bytes go to *count and *bytes, which may be NULL. The message has no name. */
tp_status tp_field_check(const tp_field *field, int64_t *count, size_t *bytes, tp_error *error);
bool tp_field_equal(const tp_field *a, const tp_field *b);
/* Bytes of an item of a field that was checked. */
size_t tp_field_bytes(const tp_field *field);

/* The error of a function that was given no set, or no field that the set has. */
tp_status tp_field_missing(const char *function, const tp_dataset *set, int field, tp_error *error);

/* As tp_dataset_read, with what it needs given: set->scratch bytes of scratch. i is in the range. */
tp_status tp_dataset_read_into(const tp_dataset *set, int64_t i, void *const *to, tp_rng *rng, void *scratch,
                               tp_error *error);

/* Room for one item and the scratch of its read, in one block from the set's allocator. */
typedef struct tp_item_room {
    void *to[TP_DATA_FIELDS], *scratch;
    void *block;
    size_t bytes;
} tp_item_room;
tp_status tp_item_room_make(tp_item_room *room, const tp_dataset *set, tp_error *error);
void tp_item_room_free(tp_item_room *room, const tp_dataset *set);
/* Reads item i into it, drawing from tp_rng_stream(0, i). */
tp_status tp_item_room_read(tp_item_room *room, const tp_dataset *set, int64_t i, tp_error *error);

/* What goes out when `in` comes in, without a check of what the kind says. */
tp_status tp_transform_shape(const tp_transform *transform, const tp_field *in, tp_field *out, tp_error *error);
/* The transforms that make up a composed one, or the one itself. They stay where they are. */
int tp_transform_steps(tp_transform *const *transform, tp_transform *const **steps);

#endif
