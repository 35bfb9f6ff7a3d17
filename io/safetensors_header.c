/* The header of a safetensors file: what it says, and whether it can be true. Linear in its length but for sorting. */
#include <inttypes.h>
#include <string.h>

#include "core/shape.h"
#include "core/tensor.h"
#include "io/json.h"
#include "io/order.h"
#include "io/safetensors.h"

static const char metadata_key[] = "__metadata__";

static const tp_safetensors_type types[] = {
    {"F32", 'f', 4}, {"F64", 'f', 8},  {"I32", 'i', 4},  {"I64", 'i', 8},   {"U8", 'u', 1}, /* as tp_dtype counts */
    {"F16", 'f', 2}, {"BF16", 'B', 2}, {"I8", 'i', 1},   {"I16", 'i', 2},   {"U16", 'u', 2},
    {"U32", 'u', 4}, {"U64", 'u', 8},  {"BOOL", 'b', 1}, {"F8_E4M3", 0, 1}, {"F8_E5M2", 0, 1},
};

const char *tp_safetensors_type_name(tp_dtype dtype)
{
    return types[dtype].name;
}

/* ---- one tensor ---- */

static bool read_type(tp_json *json, tp_safetensors_entry *entry)
{
    const size_t at = tp_json_next(json);
    const char *name = tp_json_string(json);
    if (!name) return false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0) entry->type = &types[i];
    char text[TP_NAME_TEXT];
    return entry->type ||
           tp_json_fail(json, TP_E_FORMAT, at, "there is no element type \"%s\"", tp_name_text(text, name));
}

static bool read_shape(tp_json *json, tp_safetensors_entry *entry)
{
    int more;
    const size_t start = tp_json_next(json);
    if (!tp_json_take(json, '[')) return false;
    for (entry->rank = 0; (more = tp_json_item(json, ']', entry->rank == 0)) > 0; entry->rank++) {
        uint64_t dim;
        if (entry->rank == TP_MAX_RANK) return tp_json_fail(json, TP_E_LIMIT, start, "more than %d dims", TP_MAX_RANK);
        if (!tp_json_count(json, &dim)) return false;
        entry->dims[entry->rank] = (int64_t)dim;
    }
    return more == 0;
}

static bool read_offsets(tp_json *json, tp_safetensors_entry *entry)
{
    return tp_json_take(json, '[') && tp_json_count(json, &entry->begin) && tp_json_take(json, ',') &&
           tp_json_count(json, &entry->end) && tp_json_take(json, ']');
}

static bool read_member(tp_json *json, tp_safetensors_entry *entry, unsigned *seen)
{
    static const char *const keys[] = {"dtype", "shape", "data_offsets"};
    const size_t at = tp_json_next(json);
    const char *key = tp_json_key(json);
    unsigned which = 0;
    char text[TP_NAME_TEXT];
    if (!key) return false;
    while (which < 3 && strcmp(keys[which], key) != 0) which++;
    if (which == 3)
        return tp_json_fail(json, TP_E_FORMAT, at, "there is no key \"%s\" of a tensor", tp_name_text(text, key));
    if (*seen & 1u << which) return tp_json_fail(json, TP_E_FORMAT, at, "the key \"%s\" comes twice", key);
    *seen |= 1u << which;
    return which == 0 ? read_type(json, entry) : which == 1 ? read_shape(json, entry) : read_offsets(json, entry);
}

/* What dtype and shape ask for are the bytes between the offsets. */
static bool check_entry(tp_json *json, tp_safetensors_entry *entry)
{
    char text[TP_SHAPE_TEXT];
    tp_error local;
    const tp_dtype widest = TP_F64; /* so that it fits whatever the elements become */
    if (tp_tensor_check(widest, entry->rank, entry->dims, &entry->count, &local) != TP_OK)
        return tp_json_fail(json, TP_E_LIMIT, entry->at, "the size of %s overflows",
                            tp_shape_text(text, entry->rank, entry->dims));
    const uint64_t bytes = (uint64_t)entry->count * entry->type->size;
    if (entry->end < entry->begin || entry->end - entry->begin != bytes)
        return tp_json_fail(
            json, TP_E_FORMAT, entry->at, "%s %s makes %" PRIu64 " bytes, the offsets are %" PRIu64 " and %" PRIu64,
            entry->type->name, tp_shape_text(text, entry->rank, entry->dims), bytes, entry->begin, entry->end);
    return true;
}

static bool read_entry(tp_safetensors *file, tp_json *json, const char *name, size_t at)
{
    if (file->count == UINT32_MAX - 1 ||
        !tp_grow(&file->memory, (void **)&file->entries, &file->capacity, file->count + 1, sizeof *file->entries))
        return tp_json_fail(json, TP_E_MEMORY, at, "out of memory");
    tp_safetensors_entry *entry = &file->entries[file->count++];
    *entry = (tp_safetensors_entry){.name = name, .at = at};
    unsigned seen = 0;
    int more;
    if (!tp_json_take(json, '{')) return false;
    for (bool first = true; (more = tp_json_item(json, '}', first)) > 0; first = false)
        if (!read_member(json, entry, &seen)) return false;
    if (more < 0) return false;
    if (seen != 7) return tp_json_fail(json, TP_E_FORMAT, at, "a tensor needs dtype, shape and data_offsets");
    return check_entry(json, entry);
}

/* ---- the whole text ---- */

static bool read_metadata(tp_safetensors *file, tp_json *json)
{
    int more;
    if (!tp_json_take(json, '{')) return false;
    for (bool first = true; (more = tp_json_item(json, '}', first)) > 0; first = false) {
        tp_safetensors_pair pair = {.at = tp_json_next(json)};
        pair.key = tp_json_key(json);
        pair.text = pair.key ? tp_json_string(json) : NULL;
        if (!pair.text) return false;
        if (file->pair_count == UINT32_MAX - 1 || !tp_grow(&file->memory, (void **)&file->pairs, &file->pair_capacity,
                                                           file->pair_count + 1, sizeof *file->pairs))
            return tp_json_fail(json, TP_E_MEMORY, pair.at, "out of memory");
        file->pairs[file->pair_count++] = pair;
    }
    return more == 0;
}

static bool read_text(tp_safetensors *file, tp_json *json)
{
    bool metadata = false;
    int more;
    if (json->n == 0 || json->text[0] != '{')
        return tp_json_fail(json, TP_E_FORMAT, 0, "the header does not begin with '{'");
    json->at = 1;
    for (bool first = true; (more = tp_json_item(json, '}', first)) > 0; first = false) {
        const size_t at = tp_json_next(json);
        const char *name = tp_json_key(json);
        if (!name) return false;
        if (strcmp(name, metadata_key) != 0) {
            if (!read_entry(file, json, name, at)) return false;
            continue;
        }
        if (metadata) return tp_json_fail(json, TP_E_FORMAT, at, "the key \"%s\" comes twice", name);
        metadata = true;
        if (!read_metadata(file, json)) return false;
    }
    return more == 0 && tp_json_end(json);
}

/* ---- all tensors together ---- */

static int by_name(const void *items, uint32_t a, uint32_t b)
{
    const tp_safetensors_entry *entries = items;
    return strcmp(entries[a].name, entries[b].name);
}

static int by_key(const void *items, uint32_t a, uint32_t b)
{
    const tp_safetensors_pair *pairs = items;
    return strcmp(pairs[a].key, pairs[b].key);
}

static int by_place(const void *items, uint32_t a, uint32_t b)
{
    const tp_safetensors_entry *x = (const tp_safetensors_entry *)items + a,
                               *y = (const tp_safetensors_entry *)items + b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* Sorts n items into a new table; NULL, and the error set, when memory is short. */
static uint32_t *order(const tp_safetensors *file, tp_json *json, uint32_t n, const void *items, tp_compare *compare)
{
    uint32_t *table = tp_allocate(&file->memory, ((size_t)n + 1) * sizeof *table);
    if (table && tp_order(&file->memory, table, n, items, compare)) return table;
    tp_deallocate(&file->memory, table, ((size_t)n + 1) * sizeof *table);
    tp_json_fail(json, TP_E_MEMORY, 0, "out of memory");
    return NULL;
}

static bool check_names(tp_safetensors *file, tp_json *json)
{
    char text[TP_NAME_TEXT];
    file->by_name = order(file, json, file->count, file->entries, by_name);
    file->pairs_by_key = file->by_name ? order(file, json, file->pair_count, file->pairs, by_key) : NULL;
    if (!file->pairs_by_key) return false;
    for (uint32_t i = 1; i < file->count; i++) {
        const tp_safetensors_entry *entry = &file->entries[file->by_name[i]];
        if (by_name(file->entries, file->by_name[i - 1], file->by_name[i]) == 0)
            return tp_json_fail(json, TP_E_FORMAT, entry->at, "the name \"%s\" comes twice",
                                tp_name_text(text, entry->name));
    }
    for (uint32_t i = 1; i < file->pair_count; i++) {
        const tp_safetensors_pair *pair = &file->pairs[file->pairs_by_key[i]];
        if (by_key(file->pairs, file->pairs_by_key[i - 1], file->pairs_by_key[i]) == 0)
            return tp_json_fail(json, TP_E_FORMAT, pair->at, "the key \"%s\" comes twice",
                                tp_name_text(text, pair->key));
    }
    return true;
}

/* Each tensor begins where the one before ended, the last one ends where the file does. */
static bool check_places(tp_safetensors *file, tp_json *json)
{
    uint32_t *table = order(file, json, file->count, file->entries, by_place);
    const uint64_t size = file->extent.size - file->data;
    uint64_t end = 0;
    bool right = table != NULL;
    char text[TP_NAME_TEXT];
    for (uint32_t i = 0; right && i < file->count; i++) {
        const tp_safetensors_entry *entry = &file->entries[table[i]];
        if (entry->begin != end)
            right = tp_json_fail(json, TP_E_FORMAT, entry->at,
                                 "\"%s\" begins at %" PRIu64 " of the data, %s what ends at %" PRIu64,
                                 tp_name_text(text, entry->name), entry->begin,
                                 entry->begin < end ? "in the midst of" : "with a hole after", end);
        else if (entry->end > size)
            right = tp_json_fail(json, TP_E_FORMAT, entry->at,
                                 "\"%s\" ends at %" PRIu64 " of the data, which has %" PRIu64 " bytes",
                                 tp_name_text(text, entry->name), entry->end, size);
        end = entry->end;
    }
    tp_deallocate(&file->memory, table, ((size_t)file->count + 1) * sizeof *table);
    if (right && end != size)
        return tp_json_fail(json, TP_E_FORMAT, file->header_bytes - 1 + end,
                            "the data has %" PRIu64 " bytes, the tensors end at %" PRIu64, size, end);
    return right;
}

tp_status tp_safetensors_read_header(tp_safetensors *file, tp_error *error)
{
    tp_json json = {.text = file->header, .n = file->header_bytes - 1, .base = 8, .name = file->extent.name};
    const bool right = read_text(file, &json) && check_names(file, &json) && check_places(file, &json);
    if (!right) tp_fail(error, json.error.status, "%s", json.error.message);
    return json.error.status;
}
