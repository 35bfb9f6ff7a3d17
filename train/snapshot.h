/* The inside of a snapshot. Invariants: an entry has a tensor or a list, not both; names differ. */
#ifndef TAPIR_TRAIN_SNAPSHOT_H_
#define TAPIR_TRAIN_SNAPSHOT_H_

#include <tapir/train_snapshot.h>

#include "core/memory.h"

typedef struct tp_snapshot_entry {
    char *name;
    size_t bytes;      /* of the name's block */
    tp_tensor *tensor; /* a reference; NULL for a list */
    tp_snapshot_list list;
    void *owned; /* the list's user, to be freed with the entry */
    size_t owned_bytes;
} tp_snapshot_entry;

struct tp_snapshot {
    tp_allocator memory;
    tp_snapshot_entry *entries;
    uint32_t count, room;
    char *scratch; /* TP_SNAPSHOT_NAME + 1 bytes: names are put together here */
};

/* Forgets the entries from number `count` on. */
void tp_snapshot_rewind(tp_snapshot *snapshot, uint32_t count);
/* The number of the entry with that name; `count` when there is none. */
uint32_t tp_snapshot_find(const tp_snapshot *snapshot, const char *name);
/* Whether the tensor is an entry. */
bool tp_snapshot_has(const tp_snapshot *snapshot, const tp_tensor *tensor);

#endif
