/* Writing safetensors. */
#include <inttypes.h>
#include <string.h>

#include "core/tensor.h"
#include "io/json.h"
#include "io/order.h"
#include "io/safetensors.h"
#include "io/write.h"

/* ---- checks ---- */

static bool is_text(const char *text)
{
    const size_t n = strlen(text);
    for (size_t i = 0, length; i < n; i += length)
        if (!(length = tp_utf8(text + i, n - i))) return false;
    return true;
}

static tp_status check_text(const char *what, const char *text, size_t i, tp_error *error)
{
    if (!text) return tp_fail(error, TP_E_ARGUMENT, "%s %zu is NULL", what, i);
    char shown[TP_NAME_TEXT];
    return is_text(text)
               ? TP_OK
               : tp_fail(error, TP_E_ARGUMENT, "%s %zu is not UTF-8: \"%s\"", what, i, tp_name_text(shown, text));
}

static tp_status check_contents(const tp_safetensors_contents *c, tp_error *error)
{
    if (!c || (!c->tensors && c->tensor_count) || (!c->metadata && c->metadata_count))
        return tp_fail(error, TP_E_ARGUMENT, "the contents are NULL");
    if (c->tensor_count > UINT32_MAX / 2 || c->metadata_count > UINT32_MAX / 2)
        return tp_fail(error, TP_E_LIMIT, "more than 2^31 names");
    tp_status status = TP_OK;
    for (size_t i = 0; i < c->tensor_count && status == TP_OK; i++) {
        status = check_text("name", c->tensors[i].name, i, error);
        if (status == TP_OK && !c->tensors[i].tensor) status = tp_fail(error, TP_E_ARGUMENT, "tensor %zu is NULL", i);
        if (status == TP_OK && strcmp(c->tensors[i].name, "__metadata__") == 0)
            status = tp_fail(error, TP_E_ARGUMENT, "no tensor can be named \"__metadata__\"");
    }
    for (size_t i = 0; i < c->metadata_count && status == TP_OK; i++) {
        status = check_text("metadata key", c->metadata[i].name, i, error);
        if (status == TP_OK) status = check_text("metadata text", c->metadata[i].text, i, error);
    }
    return status;
}

static int by_tensor_name(const void *items, uint32_t a, uint32_t b)
{
    const tp_named_tensor *tensors = items;
    return strcmp(tensors[a].name, tensors[b].name);
}

static int by_text_name(const void *items, uint32_t a, uint32_t b)
{
    const tp_named_text *texts = items;
    return strcmp(texts[a].name, texts[b].name);
}

/* Widest elements first. */
static int by_width(const void *items, uint32_t a, uint32_t b)
{
    const tp_named_tensor *tensors = items;
    const size_t x = tp_dtype_size((tp_dtype)tensors[a].tensor->dtype);
    const size_t y = tp_dtype_size((tp_dtype)tensors[b].tensor->dtype);
    return x > y ? -1 : x < y;
}

/* Sorts n items by name into `table`, and looks for neighbours that are equal; *twice is one of them, or n. */
static bool find_twice(const tp_allocator *memory, uint32_t *table, uint32_t n, const void *items, tp_compare *compare,
                       uint32_t *twice)
{
    *twice = n;
    if (!tp_order(memory, table, n, items, compare)) return false;
    for (uint32_t i = 1; i < n; i++)
        if (compare(items, table[i - 1], table[i]) == 0) *twice = table[i];
    return true;
}

static tp_status check_unique(const tp_allocator *memory, const tp_safetensors_contents *c, uint32_t *table,
                              tp_error *error)
{
    uint32_t twice;
    char text[TP_NAME_TEXT];
    if (!find_twice(memory, table, (uint32_t)c->tensor_count, c->tensors, by_tensor_name, &twice))
        return tp_fail(error, TP_E_MEMORY, "out of memory");
    if (twice < c->tensor_count)
        return tp_fail(error, TP_E_ARGUMENT, "the name \"%s\" comes twice", tp_name_text(text, c->tensors[twice].name));
    if (!find_twice(memory, table, (uint32_t)c->metadata_count, c->metadata, by_text_name, &twice))
        return tp_fail(error, TP_E_MEMORY, "out of memory");
    if (twice < c->metadata_count)
        return tp_fail(error, TP_E_ARGUMENT, "the metadata key \"%s\" comes twice",
                       tp_name_text(text, c->metadata[twice].name));
    return TP_OK;
}

/* ---- the header ---- */

static void add_tensor(tp_buffer *header, const char *name, const tp_tensor *tensor, uint64_t *offset)
{
    const uint64_t begin = *offset;
    *offset += (uint64_t)tensor->count * tp_dtype_size((tp_dtype)tensor->dtype);
    tp_buffer_json(header, name);
    tp_buffer_text(header, ":{\"dtype\":\"%s\",\"shape\":[", tp_safetensors_type_name((tp_dtype)tensor->dtype));
    for (int i = 0; i < tensor->rank; i++) tp_buffer_text(header, i ? ",%" PRId64 : "%" PRId64, tensor->dims[i]);
    tp_buffer_text(header, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", begin, *offset);
}

/* Length, text and padding. */
static tp_status write_header(tp_buffer *header, const tp_safetensors_contents *c, const uint32_t *table,
                              tp_error *error)
{
    uint64_t offset = 0;
    tp_buffer_add(header, "\0\0\0\0\0\0\0\0{", 9);
    if (c->metadata_count) tp_buffer_text(header, "\"__metadata__\":{");
    for (size_t i = 0; i < c->metadata_count; i++) {
        if (i) tp_buffer_add(header, ",", 1);
        tp_buffer_json(header, c->metadata[i].name);
        tp_buffer_add(header, ":", 1);
        tp_buffer_json(header, c->metadata[i].text);
    }
    if (c->metadata_count) tp_buffer_text(header, c->tensor_count ? "}," : "}");
    for (size_t i = 0; i < c->tensor_count; i++) {
        if (i) tp_buffer_add(header, ",", 1);
        add_tensor(header, c->tensors[table[i]].name, c->tensors[table[i]].tensor, &offset);
    }
    tp_buffer_add(header, "}", 1);
    while (header->n % 8 && !header->failed) tp_buffer_add(header, " ", 1);
    if (header->failed) return tp_fail(error, TP_E_MEMORY, "out of memory for the header");
    const uint64_t length = header->n - 8;
    if (length > TP_SAFETENSORS_HEADER)
        return tp_fail(error, TP_E_LIMIT, "the header has %" PRIu64 " bytes, at most %d are allowed", length,
                       TP_SAFETENSORS_HEADER);
    for (int i = 0; i < 8; i++) header->bytes[i] = (unsigned char)(length >> 8 * i);
    return TP_OK;
}

/* Checks, orders and describes the contents. The caller frees header and table, also on failure. */
static tp_status prepare(const tp_safetensors_contents *c, tp_buffer *header, uint32_t **table, size_t *table_bytes,
                         tp_error *error)
{
    tp_status status = check_contents(c, error);
    if (status != TP_OK) return status;
    *table_bytes = (c->tensor_count + c->metadata_count + 1) * sizeof **table;
    *table = tp_allocate(&header->memory, *table_bytes);
    if (!*table) return tp_fail(error, TP_E_MEMORY, "out of memory");
    status = check_unique(&header->memory, c, *table, error);
    if (status != TP_OK) return status;
    if (!tp_order(&header->memory, *table, (uint32_t)c->tensor_count, c->tensors, by_width))
        return tp_fail(error, TP_E_MEMORY, "out of memory");
    return write_header(header, c, *table, error);
}

static void write_data(tp_sink *sink, const tp_safetensors_contents *c, const uint32_t *table)
{
    for (size_t i = 0; i < c->tensor_count; i++) tp_sink_tensor(sink, c->tensors[table[i]].tensor);
}

/* ---- to a file, to memory ---- */

tp_status tp_safetensors_save(const tp_allocator *memory, const char *path, const tp_safetensors_contents *contents,
                              tp_error *error)
{
    tp_error local = {.status = TP_OK};
    tp_buffer header = {.memory = memory ? *memory : tp_default_allocator};
    uint32_t *table = NULL;
    size_t table_bytes = 0;
    tp_status status = prepare(contents, &header, &table, &table_bytes, &local);
    tp_sink sink = {.writer = status == TP_OK ? tp_writer_open(memory, path, &local) : NULL};
    if (sink.writer) {
        tp_sink_write(&sink, header.bytes, header.n);
        write_data(&sink, contents, table);
        tp_writer_commit(sink.writer, &local);
    }
    tp_buffer_free(&header);
    tp_deallocate(&header.memory, table, table_bytes);
    return local.status == TP_OK ? TP_OK : tp_fail(error, local.status, "tp_safetensors_save: %s", local.message);
}

/* A block that is one byte larger than all that comes, as tp_free_file wants it. */
static tp_status make_block(tp_buffer *all, const tp_safetensors_contents *c, size_t header, tp_error *error)
{
    size_t n = header;
    for (size_t i = 0; i < c->tensor_count; i++) {
        const tp_tensor *tensor = c->tensors[i].tensor;
        const size_t bytes = (size_t)tensor->count * tp_dtype_size((tp_dtype)tensor->dtype);
        if (bytes > PTRDIFF_MAX - 1 - n) return tp_fail(error, TP_E_LIMIT, "the size overflows");
        n += bytes;
    }
    all->bytes = tp_allocate(&all->memory, n + 1);
    if (!all->bytes) return tp_fail(error, TP_E_MEMORY, "out of memory for %zu bytes", n);
    all->capacity = n + 1;
    all->bytes[n] = 0;
    return TP_OK;
}

void *tp_safetensors_pack(const tp_allocator *memory, const tp_safetensors_contents *contents, size_t *n,
                          tp_error *error)
{
    tp_error local = {.status = TP_OK};
    tp_buffer header = {.memory = memory ? *memory : tp_default_allocator}, all = header;
    uint32_t *table = NULL;
    size_t table_bytes = 0;
    if (n) *n = 0;
    tp_status status = n ? TP_OK : tp_fail(&local, TP_E_ARGUMENT, "n is NULL");
    if (status == TP_OK) status = prepare(contents, &header, &table, &table_bytes, &local);
    if (status == TP_OK) status = make_block(&all, contents, header.n, &local);
    if (status == TP_OK) {
        tp_sink sink = {.buffer = &all};
        tp_sink_write(&sink, header.bytes, header.n);
        write_data(&sink, contents, table);
        *n = all.n;
    } else {
        tp_fail(error, status, "tp_safetensors_pack: %s", local.message);
    }
    tp_buffer_free(&header);
    tp_deallocate(&header.memory, table, table_bytes);
    return all.bytes;
}
