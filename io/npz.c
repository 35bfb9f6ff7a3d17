/* npz: zip archives of npy files. */
#include <tapir/io_npy.h>

#include <string.h>

#include "core/tensor.h"
#include "io/json.h"
#include "io/npy.h"
#include "io/zip.h"

struct tp_npz {
    tp_allocator memory;
    tp_zip zip;
};

static tp_npz *open_named(const char *function, const tp_allocator *memory, const char *path, const void *bytes,
                          size_t n, tp_error *error)
{
    if (!memory) memory = &tp_default_allocator;
    tp_error local = {.status = TP_OK};
    tp_npz *archive = tp_allocate(memory, sizeof *archive);
    if (!archive) {
        tp_fail(error, TP_E_MEMORY, "%s: out of memory", function);
        return NULL;
    }
    archive->memory = *memory;
    if (tp_zip_open(&archive->zip, memory, path, bytes, n, ".npy", &local) == TP_OK) return archive;
    tp_fail(error, local.status, "%s: %s", function, local.message);
    tp_deallocate(memory, archive, sizeof *archive);
    return NULL;
}

tp_npz *tp_npz_open(const char *path, tp_error *error)
{
    return open_named("tp_npz_open", NULL, path, NULL, 0, error);
}

tp_npz *tp_npz_open_into(const tp_allocator *memory, const char *path, const void *bytes, size_t n, tp_error *error)
{
    return open_named("tp_npz_open_into", memory, path, bytes, n, error);
}

void tp_npz_close(tp_npz *archive)
{
    if (!archive) return;
    const tp_allocator memory = archive->memory;
    tp_zip_close(&archive->zip);
    tp_deallocate(&memory, archive, sizeof *archive);
}

size_t tp_npz_count(const tp_npz *archive)
{
    return archive ? archive->zip.count : 0;
}

const char *tp_npz_name(const tp_npz *archive, size_t i)
{
    return i < tp_npz_count(archive) ? archive->zip.entries[i].name : NULL;
}

static tp_tensor *read_entry(const char *function, const tp_npz *archive, size_t i, tp_error *error)
{
    const tp_zip_entry *entry = &archive->zip.entries[i];
    tp_error local = {.status = TP_OK};
    tp_source source;
    tp_tensor *tensor = NULL;
    char text[TP_NAME_TEXT];
    if (tp_zip_source(&archive->zip, entry, &source, &local) == TP_OK) {
        tensor = tp_npy_read(&source, &local);
        tp_source_close(&source);
    }
    if (!tensor)
        tp_fail(error, local.status, "%s: \"%s\": %s", function, tp_name_text(text, entry->name), local.message);
    return tensor;
}

tp_tensor *tp_npz_tensor_at(const tp_npz *archive, size_t i, tp_error *error)
{
    static const char function[] = "tp_npz_tensor_at";
    if (i < tp_npz_count(archive)) return read_entry(function, archive, i, error);
    tp_fail(error, TP_E_ARGUMENT, "%s: array %zu of %zu", function, i, tp_npz_count(archive));
    return NULL;
}

tp_tensor *tp_npz_tensor(const tp_npz *archive, const char *name, tp_error *error)
{
    static const char function[] = "tp_npz_tensor";
    char text[TP_NAME_TEXT];
    if (!archive || !name) {
        tp_fail(error, TP_E_ARGUMENT, "%s: the %s NULL", function, archive ? "name is" : "archive is");
        return NULL;
    }
    const tp_zip *zip = &archive->zip;
    for (uint32_t low = 0, high = zip->count; low < high;) {
        const uint32_t middle = low + (high - low) / 2, i = zip->by_name[middle];
        const int order = strcmp(name, zip->entries[i].name);
        if (order == 0) return read_entry(function, archive, i, error);
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    tp_fail(error, TP_E_ARGUMENT, "%s: there is no \"%s\" among %u arrays: %s", function, tp_name_text(text, name),
            zip->count, zip->extent.name);
    return NULL;
}
