/* safetensors: opening, looking up and reading elements. */
#include "io/safetensors.h"

#include <inttypes.h>
#include <string.h>

#include "core/tensor.h"
#include "io/json.h"

#define LENGTH_BYTES 8
#define CHUNK 16384

/* ---- opening ---- */

static tp_status read_length(tp_safetensors *file, uint64_t *length, tp_error *error)
{
    unsigned char bytes[LENGTH_BYTES];
    const tp_extent *extent = &file->extent;
    if (extent->size < LENGTH_BYTES)
        return tp_fail(error, TP_E_FORMAT, "byte 0: the header's length needs 8 bytes, there are %" PRIu64 ": %s",
                       extent->size, extent->name);
    const tp_status status = tp_extent_read(extent, 0, bytes, LENGTH_BYTES, error);
    if (status != TP_OK) return status;
    *length = 0;
    for (int i = LENGTH_BYTES; i-- > 0;) *length = *length << 8 | bytes[i];
    if (*length > TP_SAFETENSORS_HEADER)
        return tp_fail(error, TP_E_FORMAT, "byte 0: a header of %" PRIu64 " bytes, at most %d are allowed: %s", *length,
                       TP_SAFETENSORS_HEADER, extent->name);
    if (*length > extent->size - LENGTH_BYTES)
        return tp_fail(error, TP_E_FORMAT, "byte 0: a header of %" PRIu64 " bytes, %" PRIu64 " follow: %s", *length,
                       extent->size - LENGTH_BYTES, extent->name);
    return TP_OK;
}

static tp_status read_all(tp_safetensors *file, tp_error *error)
{
    uint64_t length = 0;
    tp_status status = read_length(file, &length, error);
    if (status != TP_OK) return status;
    file->data = LENGTH_BYTES + length;
    file->header_bytes = (size_t)length + 1;
    file->header = tp_allocate(&file->memory, file->header_bytes);
    if (!file->header) return tp_fail(error, TP_E_MEMORY, "out of memory for the header: %s", file->extent.name);
    status = tp_extent_read(&file->extent, LENGTH_BYTES, file->header, (size_t)length, error);
    return status == TP_OK ? tp_safetensors_read_header(file, error) : status;
}

static tp_safetensors *open_named(const char *name, const tp_allocator *memory, const char *path, const void *bytes,
                                  size_t n, tp_error *error)
{
    if (!memory) memory = &tp_default_allocator;
    tp_error local = {.status = TP_OK};
    tp_safetensors *file = tp_allocate_zeroed(memory, sizeof *file);
    tp_status status = file ? TP_OK : tp_fail(&local, TP_E_MEMORY, "out of memory");
    if (file) {
        file->memory = *memory;
        file->extent.file = -1;
    }
    if (status == TP_OK) status = tp_extent_open(&file->extent, memory, path, bytes, n, &local);
    if (status == TP_OK) status = read_all(file, &local);
    if (status == TP_OK) return file;
    tp_fail(error, status, "%s: %s", name, local.message);
    tp_safetensors_close(file);
    return NULL;
}

tp_safetensors *tp_safetensors_open(const char *path, tp_error *error)
{
    return open_named("tp_safetensors_open", NULL, path, NULL, 0, error);
}

tp_safetensors *tp_safetensors_parse(const void *bytes, size_t n, tp_error *error)
{
    return open_named("tp_safetensors_parse", NULL, NULL, bytes, n, error);
}

tp_safetensors *tp_safetensors_open_into(const tp_allocator *memory, const char *path, const void *bytes, size_t n,
                                         tp_error *error)
{
    return open_named("tp_safetensors_open_into", memory, path, bytes, n, error);
}

void tp_safetensors_close(tp_safetensors *file)
{
    if (!file) return;
    const tp_allocator memory = file->memory;
    tp_extent_close(&file->extent);
    tp_deallocate(&memory, file->header, file->header_bytes);
    tp_deallocate(&memory, file->entries, (size_t)file->capacity * sizeof *file->entries);
    tp_deallocate(&memory, file->pairs, (size_t)file->pair_capacity * sizeof *file->pairs);
    tp_deallocate(&memory, file->by_name, ((size_t)file->count + 1) * sizeof *file->by_name);
    tp_deallocate(&memory, file->pairs_by_key, ((size_t)file->pair_count + 1) * sizeof *file->pairs_by_key);
    tp_deallocate(&memory, file, sizeof *file);
}

/* ---- looking up ---- */

size_t tp_safetensors_count(const tp_safetensors *file)
{
    return file ? file->count : 0;
}

bool tp_safetensors_describe(const tp_safetensors *file, size_t i, tp_safetensors_info *info)
{
    if (!info) return false;
    *info = (tp_safetensors_info){.name = ""};
    if (!file || i >= file->count) return false;
    const tp_safetensors_entry *entry = &file->entries[i];
    const tp_encoding *encoding = tp_encoding_find(entry->type->kind, entry->type->size);
    *info = (tp_safetensors_info){.name = entry->name,
                                  .encoding = entry->type->name,
                                  .dtype = encoding ? encoding->dtype : TP_F32,
                                  .readable = encoding != NULL,
                                  .rank = entry->rank,
                                  .offset = file->data + entry->begin,
                                  .bytes = entry->end - entry->begin};
    memcpy(info->dims, entry->dims, sizeof info->dims);
    return true;
}

size_t tp_safetensors_find(const tp_safetensors *file, const char *name)
{
    if (!file || !name) return TP_SAFETENSORS_NONE;
    for (uint32_t low = 0, high = file->count; low < high;) {
        const uint32_t middle = low + (high - low) / 2, i = file->by_name[middle];
        const int order = strcmp(name, file->entries[i].name);
        if (order == 0) return i;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return TP_SAFETENSORS_NONE;
}

const char *tp_safetensors_metadata(const tp_safetensors *file, const char *key)
{
    if (!file || !key) return NULL;
    for (uint32_t low = 0, high = file->pair_count; low < high;) {
        const uint32_t middle = low + (high - low) / 2, i = file->pairs_by_key[middle];
        const int order = strcmp(key, file->pairs[i].key);
        if (order == 0) return file->pairs[i].text;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

size_t tp_safetensors_metadata_count(const tp_safetensors *file)
{
    return file ? file->pair_count : 0;
}

bool tp_safetensors_metadata_at(const tp_safetensors *file, size_t i, const char **key, const char **text)
{
    const bool there = file && i < file->pair_count;
    if (key) *key = there ? file->pairs[i].key : NULL;
    if (text) *text = there ? file->pairs[i].text : NULL;
    return there;
}

/* ---- elements ---- */

/* Reads elements whose bytes are not the dtype's own, piece by piece. */
static tp_status read_decoded(const tp_safetensors *file, const tp_safetensors_entry *entry,
                              const tp_encoding *encoding, char *to, tp_error *error)
{
    _Alignas(16) unsigned char chunk[CHUNK];
    const int64_t most = CHUNK / encoding->size;
    for (int64_t first = 0; first < entry->count; first += most) {
        const int64_t n = entry->count - first < most ? entry->count - first : most;
        const uint64_t at = file->data + entry->begin + (uint64_t)first * encoding->size;
        const tp_status status = tp_extent_read(&file->extent, at, chunk, (size_t)n * encoding->size, error);
        if (status != TP_OK) return status;
        if (TP_HOST_BIG) tp_swap(chunk, encoding->size, n);
        const int64_t fits = tp_decode(encoding, to + (size_t)first * tp_dtype_size(encoding->dtype), chunk, n);
        if (fits < n)
            return tp_fail(error, TP_E_LIMIT, "byte %" PRIu64 ": a U64 that does not fit into i64: %s",
                           at + (uint64_t)fits * 8, file->extent.name);
    }
    return TP_OK;
}

static tp_tensor *read_entry(const tp_safetensors *file, const tp_safetensors_entry *entry, tp_error *error)
{
    char text[TP_NAME_TEXT];
    const tp_encoding *encoding = tp_encoding_find(entry->type->kind, entry->type->size);
    if (!encoding) {
        tp_fail(error, TP_E_UNSUPPORTED, "\"%s\" is %s, for which there is no dtype: %s",
                tp_name_text(text, entry->name), entry->type->name, file->extent.name);
        return NULL;
    }
    tp_tensor *tensor = tp_tensor_make_unset(&file->memory, encoding->dtype, entry->rank, entry->dims, error);
    if (!tensor) return NULL;
    const bool plain = !encoding->decode && encoding->kind != 'u' && !TP_HOST_BIG;
    const tp_status status = plain ? tp_extent_read(&file->extent, file->data + entry->begin, tensor->data,
                                                    (size_t)(entry->end - entry->begin), error)
                                   : read_decoded(file, entry, encoding, tensor->data, error);
    if (status == TP_OK) return tensor;
    tp_tensor_release(tensor);
    return NULL;
}

static tp_tensor *tensor_at(const char *function, const tp_safetensors *file, size_t i, tp_error *error)
{
    tp_error local = {.status = TP_OK};
    tp_tensor *tensor = read_entry(file, &file->entries[i], &local);
    if (!tensor) tp_fail(error, local.status, "%s: %s", function, local.message);
    return tensor;
}

tp_tensor *tp_safetensors_tensor_at(const tp_safetensors *file, size_t i, tp_error *error)
{
    static const char function[] = "tp_safetensors_tensor_at";
    if (file && i < file->count) return tensor_at(function, file, i, error);
    if (!file)
        tp_fail(error, TP_E_ARGUMENT, "%s: the file is NULL", function);
    else
        tp_fail(error, TP_E_ARGUMENT, "%s: tensor %zu of %u: %s", function, i, file->count, file->extent.name);
    return NULL;
}

tp_tensor *tp_safetensors_tensor(const tp_safetensors *file, const char *name, tp_error *error)
{
    static const char function[] = "tp_safetensors_tensor";
    const size_t i = tp_safetensors_find(file, name);
    char text[TP_NAME_TEXT];
    if (i != TP_SAFETENSORS_NONE) return tensor_at(function, file, i, error);
    if (!file || !name)
        tp_fail(error, TP_E_ARGUMENT, "%s: the %s NULL", function, file ? "name is" : "file is");
    else
        tp_fail(error, TP_E_ARGUMENT, "%s: there is no \"%s\" among %u tensors: %s", function, tp_name_text(text, name),
                file->count, file->extent.name);
    return NULL;
}
