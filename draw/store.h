/* Memory that goes together: blocks taken one by one, given back all at once. */
#ifndef TAPIR_DRAW_STORE_H
#define TAPIR_DRAW_STORE_H

#include "core/memory.h"

typedef struct store {
    const tp_allocator *memory;
    struct store_block *blocks;
    bool failed; /* something was asked for that there was no memory for */
} store;

/* n items of `size` bytes, all zero; NULL (and `failed`) when out of memory. Never NULL for n = 0. */
void *store_take(store *s, size_t n, size_t size);
/* A copy of a text; NULL for NULL, or when out of memory. */
const char *store_text(store *s, const char *text);
/* Gives everything back; the store can be used again. */
void store_free(store *s);

#endif
