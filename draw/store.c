#include "draw/store.h"

#include <string.h>

typedef struct store_block {
    struct store_block *next;
    size_t size;
} store_block;

#define HEAD ((sizeof(store_block) + TP_ALIGNMENT - 1) / TP_ALIGNMENT * TP_ALIGNMENT)

void *store_take(store *s, size_t n, size_t size)
{
    size_t bytes;
    store_block *block = NULL;
    if (tp_size_mul(n, size, &bytes) && bytes <= SIZE_MAX / 2) block = tp_allocate_zeroed(s->memory, HEAD + bytes);
    if (!block) {
        s->failed = true;
        return NULL;
    }
    *block = (store_block){s->blocks, HEAD + bytes};
    s->blocks = block;
    return (char *)block + HEAD;
}

const char *store_text(store *s, const char *text)
{
    if (!text) return NULL;
    const size_t n = strlen(text) + 1;
    char *copy = store_take(s, n, 1);
    return copy ? memcpy(copy, text, n) : NULL;
}

void store_free(store *s)
{
    for (store_block *block = s->blocks; block;) {
        store_block *next = block->next;
        tp_deallocate(s->memory, block, block->size);
        block = next;
    }
    s->blocks = NULL;
    s->failed = false;
}
