/* The inside of a module. Invariants: an entry's role says which member of its union counts; child->parent and
   child->entry agree with the parent's table; no path from a root is longer than TP_MODULE_DEPTH modules. */
#ifndef TAPIR_NN_MODULE_H
#define TAPIR_NN_MODULE_H

#include <tapir/nn.h>

#include "core/memory.h"

/* The table of names takes its memory from the `module` in scope, and tells of none left through `oom` in scope. */
#define HASH_NONFATAL_OOM 1
#define uthash_malloc(size) tp_allocate(&module->memory, (size))
#define uthash_free(block, size) tp_deallocate(&module->memory, (block), (size))
#define uthash_nonfatal_oom(entry) (oom = true)
#include <uthash.h>

typedef enum tp_entry_role { TP_ROLE_PARAMETER, TP_ROLE_BUFFER, TP_ROLE_CHILD } tp_entry_role;

/* One name in a module. The hash table links entries in the order in which they were added. */
typedef struct tp_entry {
    tp_entry_role role;
    bool frozen; /* a parameter that does not learn */
    union {
        tp_tensor *tensor;
        tp_module *child;
    } is;
    UT_hash_handle hh;
    size_t bytes; /* of this block */
    char name[];
} tp_entry;

struct tp_module {
    const tp_module_kind *kind;
    tp_allocator memory;
    tp_entry *entries; /* the head of the table */
    tp_module *parent; /* NULL for a root */
    tp_entry *entry;   /* the parent's */
    bool training;
    tp_module_row *row; /* NULL, but while a summary is made */
};

/* The first entry of `role` from `entry` on, in order. */
tp_entry *tp_entry_from(tp_entry *entry, tp_entry_role role);
/* The module after `at` when those below `root` are gone through parents first; `root` itself is the first. */
tp_module *tp_module_after(const tp_module *root, const tp_module *at);
/* Writes the path of `module` below `root`, with a dot after each name, and returns its end. */
char *tp_module_prefix(char path[TP_MODULE_PATH], const tp_module *root, const tp_module *module);
/* Notes the output of a module of which a summary is made; returns y. */
tp_var tp_module_seen(tp_module *module, tp_var y);
/* How many modules lie on the way from the module's root to it, and on the longest way down, itself included. */
int tp_module_depth(const tp_module *module);
int tp_module_height(const tp_module *module);

#endif
