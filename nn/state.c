/* Saving and loading what a module holds. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/tensor.h"
#include "nn/module.h"

/* ---- all tensors with their paths ---- */

/* Invariant: the paths lie one after another in `text`, each with its NUL, in the order of the tensors. */
typedef struct listing {
    tp_named_tensor *tensors;
    char *text;
    size_t n, bytes, filled, used;
} listing;

enum { BOTH = TP_VISIT_PARAMETERS | TP_VISIT_BUFFERS };

static tp_status measure(void *user, const char *path, tp_tensor *tensor)
{
    listing *list = user;
    (void)tensor;
    list->n++;
    list->bytes += strlen(path) + 1;
    return TP_OK;
}

static tp_status fill(void *user, const char *path, tp_tensor *tensor)
{
    listing *list = user;
    const size_t bytes = strlen(path) + 1;
    char *name = memcpy(list->text + list->used, path, bytes);
    list->used += bytes;
    list->tensors[list->filled++] = (tp_named_tensor){name, tensor};
    return TP_OK;
}

static void free_listing(const tp_module *module, listing *list)
{
    tp_deallocate(&module->memory, list->tensors, (list->n + 1) * sizeof *list->tensors);
    tp_deallocate(&module->memory, list->text, list->bytes + 1);
}

static tp_status make_listing(const tp_module *module, listing *list, tp_error *error)
{
    *list = (listing){0};
    tp_module_visit(module, BOTH, measure, list);
    list->tensors = tp_allocate(&module->memory, (list->n + 1) * sizeof *list->tensors);
    list->text = tp_allocate(&module->memory, list->bytes + 1);
    if (list->tensors && list->text) return tp_module_visit(module, BOTH, fill, list);
    free_listing(module, list);
    return tp_fail(error, TP_E_MEMORY, "out of memory for %zu names", list->n);
}

static tp_status told(tp_error *error, const char *function, const tp_error *from)
{
    return from->status == TP_OK ? TP_OK : tp_fail(error, from->status, "%s: %s", function, from->message);
}

tp_status tp_module_save(const tp_module *module, const char *path, tp_error *error)
{
    static const tp_named_text format = {"format", "pt"};
    if (!module || !path) return tp_fail(error, TP_E_ARGUMENT, "tp_module_save: the module or the path is NULL");
    tp_error local = {.status = TP_OK};
    listing list;
    if (make_listing(module, &list, &local) == TP_OK) {
        const tp_safetensors_contents contents = {list.tensors, list.n, &format, 1};
        tp_safetensors_save(&module->memory, path, &contents, &local);
        free_listing(module, &list);
    }
    return told(error, "tp_module_save", &local);
}

/* ---- loading ---- */

/* What is wrong with the names: a line that ends in "..." when it gets too long. */
typedef struct complaint {
    tp_status status;
    size_t length;
    const char *kind; /* of the latest */
    bool full;
    char text[320];
} complaint;

static void complain(complaint *c, tp_status status, const char *kind, const char *format, ...) TP_PRINTF(4, 5);

static void complain(complaint *c, tp_status status, const char *kind, const char *format, ...)
{
    static const char more[] = ", ...";
    if (c->status == TP_OK || status == TP_E_ARGUMENT) c->status = status;
    if (c->full) return;
    char text[160];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    const bool same = c->kind == kind;
    const char *between = same ? ", " : c->kind ? "; " : "";
    const size_t room = sizeof c->text - c->length;
    const int n = snprintf(c->text + c->length, room, "%s%s%s%s", between, same ? "" : kind, same ? "" : " ", text);
    c->full = n < 0 || (size_t)n >= room - sizeof more;
    if (c->full)
        memcpy(c->text + c->length, c->kind ? more : more + 2, c->kind ? sizeof more : sizeof more - 2);
    else
        c->length += (size_t)n;
    c->kind = kind;
}

typedef struct loading {
    tp_module *module;
    const tp_safetensors *file;
    const char *prefix;
    bool strict;
    listing list;
    tp_tensor **read; /* for each of the list what comes from the file; NULL: nothing does */
} loading;

static const char missing[] = "missing in the file:", beyond[] = "not in the module:", shapes[] = "other dims:";

static size_t find_in_file(const loading *l, const char *path)
{
    char name[512 + TP_MODULE_PATH];
    const int n = snprintf(name, sizeof name, "%s%s", l->prefix, path);
    return n < 0 || (size_t)n >= sizeof name ? TP_SAFETENSORS_NONE : tp_safetensors_find(l->file, name);
}

static void check_missing(const loading *l, complaint *c)
{
    for (size_t i = 0; i < l->list.n; i++)
        if (find_in_file(l, l->list.tensors[i].name) == TP_SAFETENSORS_NONE)
            complain(c, TP_E_ARGUMENT, missing, "%.64s", l->list.tensors[i].name);
}

static void check_beyond(const loading *l, complaint *c)
{
    const size_t skip = strlen(l->prefix);
    tp_safetensors_info info;
    for (size_t i = 0; tp_safetensors_describe(l->file, i, &info); i++) {
        const char *path = info.name + skip;
        if (strncmp(info.name, l->prefix, skip) == 0 && !tp_module_parameter(l->module, path) &&
            !tp_module_buffer(l->module, path))
            complain(c, TP_E_ARGUMENT, beyond, "%.64s", path);
    }
}

static void check_dims(const loading *l, complaint *c)
{
    tp_safetensors_info info;
    char here[TP_SHAPE_TEXT], there[TP_SHAPE_TEXT];
    for (size_t i = 0; i < l->list.n; i++) {
        const tp_named_tensor *own = &l->list.tensors[i];
        if (tp_safetensors_describe(l->file, find_in_file(l, own->name), &info) &&
            !tp_shape_equal(info.rank, info.dims, own->tensor->rank, own->tensor->dims))
            complain(c, TP_E_SHAPE, shapes, "%.64s is %.40s, in the file %.40s", own->name,
                     tp_tensor_text(here, own->tensor), tp_shape_text(there, info.rank, info.dims));
    }
}

static tp_status check_names(const loading *l, tp_error *error)
{
    complaint c = {.status = TP_OK};
    if (l->strict) check_missing(l, &c);
    if (l->strict) check_beyond(l, &c);
    check_dims(l, &c);
    return c.status == TP_OK ? TP_OK : tp_fail(error, c.status, "%s", c.text);
}

/* Reads everything that the module has a place for. */
static tp_status read_all(loading *l, tp_error *error)
{
    for (size_t i = 0; i < l->list.n; i++) {
        const tp_named_tensor *own = &l->list.tensors[i];
        const size_t at = find_in_file(l, own->name);
        if (at == TP_SAFETENSORS_NONE) continue;
        l->read[i] = tp_safetensors_tensor_at(l->file, at, error);
        if (!l->read[i]) return error->status;
        const tp_dtype from = (tp_dtype)l->read[i]->dtype, to = (tp_dtype)own->tensor->dtype;
        if (tp_dtype_is_float(from) && !tp_dtype_is_float(to))
            return tp_fail(error, TP_E_DTYPE, "%.64s is %s, in the file %s", own->name, tp_dtype_name(to),
                           tp_dtype_name(from));
    }
    return TP_OK;
}

static tp_status load(loading *l, tp_error *error)
{
    tp_status status = check_names(l, error);
    if (status != TP_OK) return status;
    const tp_allocator *memory = &l->module->memory;
    const size_t bytes = (l->list.n + 1) * sizeof(tp_tensor *);
    l->read = tp_allocate_zeroed(memory, bytes);
    if (!l->read) return tp_fail(error, TP_E_MEMORY, "out of memory for %zu tensors", l->list.n);
    status = read_all(l, error);
    for (size_t i = 0; i < l->list.n; i++) {
        if (status == TP_OK && l->read[i]) /* dims are equal: this cannot fail */
            tp_tensor_copy((tp_tensor *)l->list.tensors[i].tensor, l->read[i], NULL);
        tp_tensor_release(l->read[i]);
    }
    tp_deallocate(memory, l->read, bytes);
    return status;
}

static void load_named(tp_module *module, const tp_safetensors *file, const char *prefix, bool strict, tp_error *error)
{
    loading l = {.module = module, .file = file, .prefix = prefix ? prefix : "", .strict = strict};
    if (make_listing(module, &l.list, error) != TP_OK) return;
    load(&l, error);
    free_listing(module, &l.list);
}

tp_status tp_module_load_from(tp_module *module, const tp_safetensors *file, const char *prefix, bool strict,
                              tp_error *error)
{
    if (!module || !file)
        return tp_fail(error, TP_E_ARGUMENT, "tp_module_load_from: the %s NULL", module ? "file is" : "module is");
    tp_error local = {.status = TP_OK};
    load_named(module, file, prefix, strict, &local);
    return told(error, "tp_module_load_from", &local);
}

tp_status tp_module_load(tp_module *module, const char *path, bool strict, tp_error *error)
{
    if (!module || !path) return tp_fail(error, TP_E_ARGUMENT, "tp_module_load: the module or the path is NULL");
    tp_error local = {.status = TP_OK};
    tp_safetensors *file = tp_safetensors_open_into(&module->memory, path, NULL, 0, &local);
    if (file) load_named(module, file, NULL, strict, &local);
    if (file && local.status != TP_OK && !strstr(local.message, path)) {
        const tp_error without = local;
        tp_fail(&local, without.status, "%s: %s", without.message, path);
    }
    tp_safetensors_close(file);
    return told(error, "tp_module_load", &local);
}
