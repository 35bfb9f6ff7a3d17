/* Going through a tree of modules: without recursion, since a child knows its parent and its place there. */
#include <stdio.h>
#include <string.h>

#include "core/tensor.h"
#include "nn/module.h"

tp_entry *tp_entry_from(tp_entry *entry, tp_entry_role role)
{
    while (entry && entry->role != role) entry = entry->hh.next;
    return entry;
}

tp_module *tp_module_first_child(const tp_module *module)
{
    const tp_entry *entry = module ? tp_entry_from(module->entries, TP_ROLE_CHILD) : NULL;
    return entry ? entry->is.child : NULL;
}

tp_module *tp_module_next_child(const tp_module *child)
{
    const tp_entry *entry = child && child->entry ? tp_entry_from(child->entry->hh.next, TP_ROLE_CHILD) : NULL;
    return entry ? entry->is.child : NULL;
}

tp_module *tp_module_parent(const tp_module *module)
{
    return module ? module->parent : NULL;
}

tp_module *tp_module_after(const tp_module *root, const tp_module *at)
{
    tp_module *next = tp_module_first_child(at);
    for (; !next && at != root; at = at->parent) next = tp_module_next_child(at);
    return next;
}

int tp_module_depth(const tp_module *module)
{
    int depth = 0;
    for (; module; module = module->parent) depth++;
    return depth;
}

int tp_module_height(const tp_module *module)
{
    const int above = tp_module_depth(module) - 1;
    int height = 0;
    for (const tp_module *at = module; at; at = tp_module_after(module, at)) {
        const int depth = tp_module_depth(at) - above;
        if (depth > height) height = depth;
    }
    return height;
}

void tp_module_set_training(tp_module *module, bool training)
{
    for (tp_module *at = module; at; at = tp_module_after(module, at)) at->training = training;
}

bool tp_module_is_training(const tp_module *module)
{
    return module && module->training;
}

/* ---- parameters ---- */

/* The next entry of `role` in the tree: those of a module, then those of the modules below it. *at is the module that
   `entry` is in; NULL for `entry` starts with the module itself. */
static const tp_entry *next_entry(const tp_module *root, const tp_module **at, const tp_entry *entry,
                                  tp_entry_role role)
{
    const tp_entry *next = tp_entry_from(entry ? entry->hh.next : (*at)->entries, role);
    while (!next && (*at = tp_module_after(root, *at))) next = tp_entry_from((*at)->entries, role);
    return next;
}

char *tp_module_prefix(char path[TP_MODULE_PATH], const tp_module *root, const tp_module *module)
{
    const char *names[TP_MODULE_DEPTH];
    int count = 0;
    for (; module != root; module = module->parent) names[count++] = module->entry->name;
    while (count > 0) {
        const size_t length = strlen(names[--count]);
        memcpy(path, names[count], length);
        path += length;
        *path++ = '.';
    }
    *path = 0;
    return path;
}

tp_status tp_module_visit(const tp_module *module, unsigned what,
                          tp_status (*visit)(void *user, const char *path, tp_tensor *tensor), void *user)
{
    if (!module || !visit) return TP_E_ARGUMENT;
    char path[TP_MODULE_PATH];
    for (const tp_module *at = module; at; at = tp_module_after(module, at)) {
        char *name = tp_module_prefix(path, module, at);
        for (tp_entry_role role = TP_ROLE_PARAMETER; role <= TP_ROLE_BUFFER; role++) {
            if (!(what & (role == TP_ROLE_PARAMETER ? TP_VISIT_PARAMETERS : TP_VISIT_BUFFERS))) continue;
            for (tp_entry *entry = tp_entry_from(at->entries, role); entry;
                 entry = tp_entry_from(entry->hh.next, role)) {
                strcpy(name, entry->name);
                const tp_status status = visit(user, path, entry->is.tensor);
                if (status != TP_OK) return status;
            }
        }
    }
    return TP_OK;
}

size_t tp_module_parameters(const tp_module *module, tp_tensor **tensors, size_t n)
{
    if (!module) return 0;
    size_t count = 0;
    const tp_module *at = module;
    for (const tp_entry *entry = NULL; (entry = next_entry(module, &at, entry, TP_ROLE_PARAMETER)); count++)
        if (tensors && count < n) tensors[count] = entry->is.tensor;
    return count;
}

size_t tp_module_parameter_count(const tp_module *module)
{
    return tp_module_parameters(module, NULL, 0);
}

int64_t tp_module_element_count(const tp_module *module)
{
    if (!module) return 0;
    int64_t count = 0;
    const tp_module *at = module;
    for (const tp_entry *entry = NULL; (entry = next_entry(module, &at, entry, TP_ROLE_PARAMETER));)
        count += tp_tensor_count(entry->is.tensor);
    return count;
}

tp_tensor *tp_module_parameter_at(const tp_module *module, size_t i, char *path, size_t size)
{
    if (path && size) *path = 0;
    if (!module) return NULL;
    const tp_module *at = module;
    const tp_entry *entry = next_entry(module, &at, NULL, TP_ROLE_PARAMETER);
    while (entry && i-- > 0) entry = next_entry(module, &at, entry, TP_ROLE_PARAMETER);
    if (!entry) return NULL;
    char prefix[TP_MODULE_PATH];
    tp_module_prefix(prefix, module, at);
    if (path && size) snprintf(path, size, "%s%s", prefix, entry->name);
    return entry->is.tensor;
}

void tp_module_clear_grads(tp_module *module)
{
    if (!module) return;
    const tp_module *at = module;
    for (const tp_entry *entry = NULL; (entry = next_entry(module, &at, entry, TP_ROLE_PARAMETER));)
        tp_tensor_clear_grad(entry->is.tensor);
}

void tp_module_set_trainable(tp_module *module, bool trainable)
{
    for (tp_module *at = module; at; at = tp_module_after(module, at))
        for (tp_entry *entry = tp_entry_from(at->entries, TP_ROLE_PARAMETER); entry;
             entry = tp_entry_from(entry->hh.next, TP_ROLE_PARAMETER)) {
            entry->frozen = !trainable;
            if (!trainable) tp_tensor_clear_grad(entry->is.tensor);
        }
}
