/* Modules: making and freeing them, adding what they hold, finding it by path, running them. */
#include "nn/module.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "autograd/scope.h"

#define MODULE_HEAD ((sizeof(tp_module) + TP_ALIGNMENT - 1) / TP_ALIGNMENT * TP_ALIGNMENT)

tp_module *tp_module_new(const tp_module_kind *kind, const tp_allocator *memory, tp_error *error)
{
    if (!memory) memory = &tp_default_allocator;
    if (!kind || kind->size < sizeof *kind || !kind->name) {
        tp_fail(error, TP_E_ARGUMENT, "tp_module_new: the kind is NULL, or has no TP_MODULE_HEAD or no name");
        return NULL;
    }
    tp_module *module =
        kind->state <= PTRDIFF_MAX - MODULE_HEAD ? tp_allocate_zeroed(memory, MODULE_HEAD + kind->state) : NULL;
    if (!module) {
        tp_fail(error, TP_E_MEMORY, "tp_module_new: out of memory for a module (%s)", kind->name);
        return NULL;
    }
    module->kind = kind;
    module->memory = *memory;
    module->training = true;
    return module;
}

static void remove_entry(tp_module *module, tp_entry *entry)
{
    HASH_DELETE(hh, module->entries, entry);
    tp_deallocate(&module->memory, entry, entry->bytes);
}

static void detach(tp_module *child)
{
    if (!child->parent) return;
    remove_entry(child->parent, child->entry);
    child->parent = NULL;
    child->entry = NULL;
}

/* Frees a module that has no children and no parent. */
static void destroy(tp_module *module)
{
    if (module->kind->free) module->kind->free(module);
    while (module->entries) {
        tp_tensor_release(module->entries->is.tensor);
        remove_entry(module, module->entries);
    }
    const tp_allocator memory = module->memory;
    tp_deallocate(&memory, module, MODULE_HEAD + module->kind->state);
}

void tp_module_free(tp_module *module)
{
    if (!module) return;
    detach(module);
    for (tp_module *at = module; at;) {
        tp_module *child = tp_module_first_child(at);
        if (child) {
            at = child;
            continue;
        }
        tp_module *parent = at->parent;
        detach(at);
        destroy(at);
        at = parent;
    }
}

void *tp_module_state(tp_module *module)
{
    return module && module->kind->state ? (char *)module + MODULE_HEAD : NULL;
}

const tp_module_kind *tp_module_kind_of(const tp_module *module)
{
    return module ? module->kind : NULL;
}

const char *tp_module_name(const tp_module *module)
{
    return module && module->entry ? module->entry->name : "";
}

/* ---- adding ---- */

static tp_entry *find_here(const tp_module *module, const char *name, size_t length)
{
    tp_entry *entry = NULL;
    HASH_FIND(hh, module->entries, name, length, entry);
    return entry;
}

static tp_status check_name(const tp_module *module, const char *name, tp_error *error)
{
    if (!module || !name) return tp_fail(error, TP_E_ARGUMENT, "tp_module_add: the module or the name is NULL");
    const size_t length = strlen(name);
    if (length == 0 || length > TP_MODULE_NAME || strchr(name, '.'))
        return tp_fail(error, TP_E_ARGUMENT, "%s: \"%.64s\" is no name: 1 to %d bytes without a dot",
                       module->kind->name, name, TP_MODULE_NAME);
    if (find_here(module, name, length))
        return tp_fail(error, TP_E_ARGUMENT, "%s: the name \"%s\" is taken", module->kind->name, name);
    return TP_OK;
}

/* A new entry in the table, for the caller to fill in. */
static tp_status add_entry(tp_module *module, const char *name, tp_entry **made, tp_error *error)
{
    const tp_status status = check_name(module, name, error);
    if (status != TP_OK) return status;
    const size_t length = strlen(name), bytes = sizeof(tp_entry) + length + 1;
    tp_entry *entry = tp_allocate_zeroed(&module->memory, bytes);
    bool oom = !entry;
    if (entry) {
        entry->bytes = bytes;
        memcpy(entry->name, name, length + 1);
        HASH_ADD_KEYPTR(hh, module->entries, entry->name, length, entry);
    }
    if (!oom) {
        *made = entry;
        return TP_OK;
    }
    tp_deallocate(&module->memory, entry, bytes);
    return tp_fail(error, TP_E_MEMORY, "%s: out of memory for \"%s\"", module->kind->name, name);
}

/* Something that should be added is not there: whoever failed to make it has told why, if anybody did. */
static tp_status nothing_to_add(const char *name, tp_error *error)
{
    if (error && error->status != TP_OK) return error->status;
    return tp_fail(error, TP_E_ARGUMENT, "tp_module_add: \"%.64s\" is NULL", name ? name : "");
}

static tp_status add_tensor(tp_module *module, const char *name, tp_tensor *tensor, tp_entry_role role, tp_error *error)
{
    if (!tensor) return nothing_to_add(name, error);
    tp_entry *entry = NULL;
    tp_status status;
    if (tensor->pool)
        status = tp_fail(error, TP_E_ARGUMENT, "tp_module_add: the tensor belongs to a tape: clone it");
    else if (role == TP_ROLE_PARAMETER && !tp_dtype_is_float((tp_dtype)tensor->dtype))
        status = tp_fail(error, TP_E_DTYPE, "tp_module_add_parameter: \"%.64s\" is %s: make it a buffer",
                         name ? name : "", tp_dtype_name((tp_dtype)tensor->dtype));
    else
        status = add_entry(module, name, &entry, error);
    if (!entry) {
        tp_tensor_release(tensor);
        return status;
    }
    entry->role = role;
    entry->is.tensor = tensor;
    return TP_OK;
}

tp_status tp_module_add_parameter(tp_module *module, const char *name, tp_tensor *tensor, tp_error *error)
{
    return add_tensor(module, name, tensor, TP_ROLE_PARAMETER, error);
}

tp_status tp_module_add_buffer(tp_module *module, const char *name, tp_tensor *tensor, tp_error *error)
{
    return add_tensor(module, name, tensor, TP_ROLE_BUFFER, error);
}

static tp_status check_child(const tp_module *module, const tp_module *child, tp_error *error)
{
    const tp_module *root = module;
    while (root && root->parent) root = root->parent;
    if (root == child) return tp_fail(error, TP_E_ARGUMENT, "%s: a module cannot be its own child", module->kind->name);
    if (tp_module_depth(module) + tp_module_height(child) > TP_MODULE_DEPTH)
        return tp_fail(error, TP_E_LIMIT, "%s: modules would be nested deeper than %d", module->kind->name,
                       TP_MODULE_DEPTH);
    return TP_OK;
}

tp_status tp_module_add_child(tp_module *module, const char *name, tp_module *child, tp_error *error)
{
    if (!child) return nothing_to_add(name, error);
    if (child->parent)
        return tp_fail(error, TP_E_ARGUMENT, "tp_module_add_child: \"%.64s\" is a child already, as \"%s\"",
                       name ? name : "", tp_module_name(child));
    tp_entry *entry = NULL;
    tp_status status = module ? check_child(module, child, error) : TP_OK;
    if (status == TP_E_ARGUMENT) return status; /* the child holds the module, and stays */
    if (status == TP_OK) status = add_entry(module, name, &entry, error);
    if (!entry) {
        tp_module_free(child);
        return status;
    }
    entry->role = TP_ROLE_CHILD;
    entry->is.child = child;
    child->parent = module;
    child->entry = entry;
    return TP_OK;
}

/* ---- finding ---- */

static tp_entry *find(const tp_module *module, const char *path)
{
    if (!module || !path) return NULL;
    for (;;) {
        const char *dot = strchr(path, '.');
        tp_entry *entry = find_here(module, path, dot ? (size_t)(dot - path) : strlen(path));
        if (!dot || !entry) return entry;
        if (entry->role != TP_ROLE_CHILD) return NULL;
        module = entry->is.child;
        path = dot + 1;
    }
}

tp_tensor *tp_module_parameter(const tp_module *module, const char *path)
{
    tp_entry *entry = find(module, path);
    return entry && entry->role == TP_ROLE_PARAMETER ? entry->is.tensor : NULL;
}

tp_tensor *tp_module_buffer(const tp_module *module, const char *path)
{
    tp_entry *entry = find(module, path);
    return entry && entry->role == TP_ROLE_BUFFER ? entry->is.tensor : NULL;
}

tp_module *tp_module_child(const tp_module *module, const char *path)
{
    tp_entry *entry = find(module, path);
    return entry && entry->role == TP_ROLE_CHILD ? entry->is.child : NULL;
}

/* ---- running ---- */

tp_var tp_module_fail(const tp_module *module, tp_tape *tape, tp_status status, const char *format, ...)
{
    if (!tape) return tp_poison(NULL);
    char text[TP_ERROR_LENGTH];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format ? format : "(no message)", list);
    va_end(list);
    tp_tape_fail(tape, status, "%s: %s", module ? module->kind->name : "tp_module", text);
    return tp_poison(tape);
}

/* Says in the tape's error, which came up in the module, where that is; of modules in each other the innermost. */
static void say_where(const tp_module *module, tp_tape *tape)
{
    const tp_module *root = module;
    while (root->parent) root = root->parent;
    char path[TP_MODULE_PATH], *message = tape->error.message;
    if (root == module || strstr(message, " [in module ")) return;
    *(tp_module_prefix(path, root, module) - 1) = 0;
    const size_t length = strlen(message);
    snprintf(message + length, sizeof tape->error.message - length, " [in module \"%.128s\"]", path);
}

tp_var tp_module_forward(tp_module *module, tp_var x)
{
    if (!module) return tp_module_fail(NULL, x.tape, TP_E_ARGUMENT, "the module is NULL");
    if (!module->kind->forward) return tp_module_fail(module, x.tape, TP_E_UNSUPPORTED, "this kind has no forward");
    const bool good = tp_tape_status(x.tape) == TP_OK;
    const uint32_t scope = tp_scope_begin(x.tape, module);
    const tp_var y = module->kind->forward(module, x);
    tp_scope_end(x.tape, scope, module);
    if (x.tape && good && tp_tape_status(x.tape) != TP_OK) say_where(module, x.tape);
    return tp_module_seen(module, y);
}

tp_var tp_module_use(tp_module *module, const char *path, tp_tape *tape)
{
    const tp_entry *entry = find(module, path);
    if (!entry || entry->role == TP_ROLE_CHILD)
        return tp_module_fail(module, tape, TP_E_ARGUMENT, "there is no parameter or buffer \"%.128s\"",
                              path ? path : "");
    const bool learns = entry->role == TP_ROLE_PARAMETER && !entry->frozen;
    return learns ? tp_param(tape, entry->is.tensor) : tp_data(tape, entry->is.tensor);
}
