#include "lib_ledger.h"

#include <stdlib.h>

static void *take(void *user, size_t size, size_t alignment)
{
    ledger *l = user;
    if (l->count == (int)(sizeof l->blocks / sizeof *l->blocks)) return NULL;
    void *block = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (!block) return NULL;
    l->blocks[l->count++] = block;
    l->taken++;
    return block;
}

static void give_back(void *user, void *memory, size_t size)
{
    ledger *l = user;
    (void)size;
    for (int i = 0; i < l->count; i++)
        if (l->blocks[i] == memory) {
            l->blocks[i] = l->blocks[--l->count];
            l->returned++;
            free(memory);
            return;
        }
    l->strays++;
}

tp_allocator ledger_allocator(ledger *l)
{
    return (tp_allocator){take, give_back, l};
}
