/* Snapshots to files and back. A load reads everything, then sets the lists, which may refuse and are put back then,
   and copies the tensors last, which cannot fail. */
#include <inttypes.h>
#include <string.h>

#include <tapir/io_safetensors.h>

#include "core/tensor.h"
#include "train/snapshot.h"

#define VERSION_KEY "tapir.snapshot"
#define VERSION "1"

/* The present numbers of a list as a tensor, the caller's. */
static tp_tensor *tensor_of_list(const tp_snapshot *snapshot, const tp_snapshot_entry *entry, tp_error *error)
{
    const tp_snapshot_list *list = &entry->list;
    const int64_t n = list->get(list->user, NULL, 0);
    tp_tensor *made = tp_tensor_make(&snapshot->memory, list->dtype, 1, &n, NULL, error);
    if (made && n > 0 && list->get(list->user, tp_tensor_data(made), n) != n) {
        tp_fail(error, TP_E_ARGUMENT, "%.400s changes its length while it is read", entry->name);
        tp_tensor_release(made);
        return NULL;
    }
    return made;
}

/* An array of tensors, one an entry, all NULL. */
static tp_tensor **tensors_new(const tp_snapshot *snapshot, tp_error *error)
{
    tp_tensor **made = tp_allocate_zeroed(&snapshot->memory, (snapshot->count + 1) * sizeof *made);
    if (!made) tp_fail(error, TP_E_MEMORY, "out of memory for %u entries", snapshot->count);
    return made;
}

static void tensors_free(const tp_snapshot *snapshot, tp_tensor **tensors)
{
    for (uint32_t i = 0; tensors && i < snapshot->count; i++) tp_tensor_release(tensors[i]);
    tp_deallocate(&snapshot->memory, tensors, (snapshot->count + 1) * sizeof *tensors);
}

/* What the lists hold now. */
static tp_status read_lists(const tp_snapshot *snapshot, tp_tensor **to, tp_error *error)
{
    for (uint32_t i = 0; i < snapshot->count; i++) {
        if (snapshot->entries[i].tensor) continue;
        to[i] = tensor_of_list(snapshot, &snapshot->entries[i], error);
        if (!to[i]) return error->status;
    }
    return TP_OK;
}

static tp_status named(const char *name, const char *path, tp_status status, const tp_error *local, tp_error *error)
{
    return status == TP_OK ? TP_OK : tp_fail(error, status, "%s: %.100s: %.380s", name, path, local->message);
}

/* ---- saving ---- */

tp_status tp_snapshot_save(const tp_snapshot *snapshot, const char *path, tp_error *error)
{
    if (!snapshot || !path)
        return tp_fail(error, TP_E_ARGUMENT, "tp_snapshot_save: the %s is NULL", snapshot ? "path" : "snapshot");
    tp_error local = {.status = TP_OK};
    const size_t bytes = (snapshot->count + 1) * sizeof(tp_named_tensor);
    tp_named_tensor *list = tp_allocate(&snapshot->memory, bytes);
    tp_tensor **lists = tensors_new(snapshot, &local);
    tp_status status = list && lists ? read_lists(snapshot, lists, &local)
                                     : tp_fail(&local, TP_E_MEMORY, "out of memory for %u entries", snapshot->count);
    if (status == TP_OK) {
        for (uint32_t i = 0; i < snapshot->count; i++) {
            const tp_snapshot_entry *entry = &snapshot->entries[i];
            list[i] = (tp_named_tensor){entry->name, entry->tensor ? entry->tensor : lists[i]};
        }
        const tp_named_text version = {VERSION_KEY, VERSION};
        const tp_safetensors_contents contents = {list, snapshot->count, &version, 1};
        status = tp_safetensors_save(&snapshot->memory, path, &contents, &local);
    }
    tensors_free(snapshot, lists);
    tp_deallocate(&snapshot->memory, list, bytes);
    return named("tp_snapshot_save", path, status, &local, error);
}

/* ---- loading ---- */

static const char *encoding_of(tp_dtype dtype)
{
    static const char *const names[] = {
        [TP_F32] = "F32", [TP_F64] = "F64", [TP_I32] = "I32", [TP_I64] = "I64", [TP_U8] = "U8"};
    return names[dtype];
}

/* Checks what the file has for an entry. */
static tp_status check_entry(const tp_snapshot_entry *entry, const tp_safetensors *file, tp_error *error)
{
    const size_t at = tp_safetensors_find(file, entry->name);
    tp_safetensors_info info;
    if (at == TP_SAFETENSORS_NONE || !tp_safetensors_describe(file, at, &info))
        return tp_fail(error, TP_E_FORMAT, "it has no %.300s", entry->name);
    const tp_dtype dtype = entry->tensor ? (tp_dtype)entry->tensor->dtype : entry->list.dtype;
    if (strcmp(info.encoding, encoding_of(dtype)) != 0)
        return tp_fail(error, TP_E_FORMAT, "%.300s is %s in the file, not %s", entry->name, info.encoding,
                       encoding_of(dtype));
    char a[TP_SHAPE_TEXT], b[TP_SHAPE_TEXT];
    tp_shape_text(a, info.rank, info.dims);
    if (!entry->tensor)
        return info.rank == 1 ? TP_OK : tp_fail(error, TP_E_FORMAT, "%.300s is %s, no list", entry->name, a);
    tp_shape_text(b, entry->tensor->rank, entry->tensor->dims);
    if (info.rank != entry->tensor->rank || memcmp(info.dims, entry->tensor->dims, (size_t)info.rank * 8) != 0)
        return tp_fail(error, TP_E_FORMAT, "%.200s is %s in the file, not %s", entry->name, a, b);
    return TP_OK;
}

static tp_status check_file(const tp_snapshot *snapshot, const tp_safetensors *file, tp_error *error)
{
    const char *version = tp_safetensors_metadata(file, VERSION_KEY);
    if (!version || strcmp(version, VERSION) != 0)
        return tp_fail(error, TP_E_FORMAT, version ? "it is a snapshot of version %.20s" : "it is no snapshot%s",
                       version ? version : "");
    for (uint32_t i = 0; i < snapshot->count; i++) {
        const tp_status status = check_entry(&snapshot->entries[i], file, error);
        if (status != TP_OK) return status;
    }
    if (tp_safetensors_count(file) == snapshot->count) return TP_OK;
    tp_safetensors_info info = {.name = ""};
    for (size_t i = 0; tp_safetensors_describe(file, i, &info); i++)
        if (tp_snapshot_find(snapshot, info.name) == snapshot->count) break;
    return tp_fail(error, TP_E_FORMAT, "it also has %.300s, which nothing here is called", info.name);
}

static tp_status set_list(const tp_snapshot_entry *entry, const tp_tensor *from, tp_error *error)
{
    tp_error local = {.status = TP_OK, .message = "it was refused"};
    const tp_status status = entry->list.set(entry->list.user, tp_tensor_read(from), from->count, &local);
    return status == TP_OK ? TP_OK : tp_fail(error, status, "%.100s: %.280s", entry->name, local.message);
}

static tp_status take_over(tp_snapshot *snapshot, tp_tensor *const *loaded, tp_tensor *const *before, tp_error *error)
{
    for (uint32_t i = 0; i < snapshot->count; i++) {
        if (snapshot->entries[i].tensor) continue;
        const tp_status status = set_list(&snapshot->entries[i], loaded[i], error);
        if (status == TP_OK) continue;
        while (i-- > 0)
            if (!snapshot->entries[i].tensor) set_list(&snapshot->entries[i], before[i], NULL);
        return status;
    }
    for (uint32_t i = 0; i < snapshot->count; i++)
        if (snapshot->entries[i].tensor) tp_tensor_copy(snapshot->entries[i].tensor, loaded[i], NULL);
    return TP_OK;
}

tp_status tp_snapshot_load(tp_snapshot *snapshot, const char *path, tp_error *error)
{
    if (!snapshot || !path)
        return tp_fail(error, TP_E_ARGUMENT, "tp_snapshot_load: the %s is NULL", snapshot ? "path" : "snapshot");
    tp_error local = {.status = TP_OK};
    tp_safetensors *file = tp_safetensors_open_into(&snapshot->memory, path, NULL, 0, &local);
    tp_tensor **loaded = file ? tensors_new(snapshot, &local) : NULL;
    tp_tensor **before = loaded ? tensors_new(snapshot, &local) : NULL;
    tp_status status = before ? check_file(snapshot, file, &local) : local.status;
    for (uint32_t i = 0; status == TP_OK && i < snapshot->count; i++) {
        loaded[i] = tp_safetensors_tensor(file, snapshot->entries[i].name, &local);
        if (!loaded[i]) status = local.status;
    }
    if (status == TP_OK) status = read_lists(snapshot, before, &local);
    if (status == TP_OK) status = take_over(snapshot, loaded, before, &local);
    tensors_free(snapshot, before);
    tensors_free(snapshot, loaded);
    tp_safetensors_close(file);
    return named("tp_snapshot_load", path, status, &local, error);
}
