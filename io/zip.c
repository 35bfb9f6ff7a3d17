/* Reading a zip archive's directory. */
#include "io/zip.h"

#include <inttypes.h>
#include <string.h>

#include "io/json.h"
#include "io/order.h"

#define END_BYTES 22
#define TAIL_BYTES (END_BYTES + 65535 + LOCATOR_BYTES) /* with the longest comment */
#define LOCATOR 0x07064b50
#define LOCATOR_BYTES 20
#define END64_BYTES 56
#define CENTRAL_BYTES 46
#define LOCAL_BYTES 30

static uint64_t little(const unsigned char *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;) value = value << 8 | at[i];
    return value;
}

static tp_status wrong(const tp_zip *zip, uint64_t at, const char *what, tp_error *error)
{
    return tp_fail(error, TP_E_FORMAT, "byte %" PRIu64 ": %s: %s", at, what, zip->extent.name);
}

/* ---- the end ---- */

/* Where the directory lies and how many entries it has. */
typedef struct end_record {
    uint64_t at; /* where the first of the end's records begins: the directory must end there */
    uint64_t entries, bytes, directory;
} end_record;

static tp_status read_end64(const tp_zip *zip, uint64_t locator, end_record *end, tp_error *error)
{
    unsigned char b[END64_BYTES];
    tp_status status = tp_extent_read(&zip->extent, locator, b, LOCATOR_BYTES, error);
    if (status != TP_OK) return status;
    const uint64_t at = little(b + 8, 8);
    if (little(b, 4) != LOCATOR || little(b + 4, 4) != 0 || at > locator || locator - at < END64_BYTES)
        return wrong(zip, locator, "no locator of a zip64 record", error);
    status = tp_extent_read(&zip->extent, at, b, END64_BYTES, error);
    if (status != TP_OK) return status;
    if (little(b, 4) != 0x06064b50 || little(b + 4, 8) != locator - at - 12 || little(b + 16, 8) != 0 ||
        little(b + 24, 8) != little(b + 32, 8))
        return wrong(zip, at, "no end record of zip64", error);
    *end = (end_record){at, little(b + 32, 8), little(b + 40, 8), little(b + 48, 8)};
    return TP_OK;
}

/* The record is at the file's end, before a comment whose length it tells. */
static tp_status find_end(const tp_zip *zip, end_record *end, tp_error *error)
{
    const uint64_t size = zip->extent.size;
    const size_t n = (size_t)(size < TAIL_BYTES ? size : TAIL_BYTES);
    if (n < END_BYTES) return wrong(zip, size, "too short for a zip archive", error);
    unsigned char *tail = tp_allocate(&zip->memory, n), *b = NULL;
    if (!tail) return tp_fail(error, TP_E_MEMORY, "out of memory: %s", zip->extent.name);
    tp_status status = tp_extent_read(&zip->extent, size - n, tail, n, error);
    for (size_t i = n - END_BYTES + 1; status == TP_OK && !b && i-- > 0;)
        if (little(tail + i, 4) == 0x06054b50 && little(tail + i + 20, 2) == n - END_BYTES - i) b = tail + i;
    if (status == TP_OK && !b) status = wrong(zip, size, "no end record of a zip archive", error);
    if (b) {
        *end = (end_record){size - n + (uint64_t)(b - tail), little(b + 10, 2), little(b + 12, 4), little(b + 16, 4)};
        const bool large = end->entries == 0xffff || end->bytes == 0xffffffff || end->directory == 0xffffffff;
        const bool located = b - tail >= LOCATOR_BYTES && little(b - LOCATOR_BYTES, 4) == LOCATOR;
        if (large || located)
            status = end->at >= LOCATOR_BYTES ? read_end64(zip, end->at - LOCATOR_BYTES, end, error)
                                              : wrong(zip, end->at, "no locator of a zip64 record", error);
        else if (little(b + 4, 4) != 0 || little(b + 8, 2) != end->entries)
            status = wrong(zip, end->at, "an archive in several parts", error);
    }
    tp_deallocate(&zip->memory, tail, n);
    return status;
}

/* ---- entries ---- */

/* Sizes and place that did not fit stand in the extra field 0x0001, in this order. */
static bool read_extra(tp_zip_entry *entry, const unsigned char *extra, size_t n)
{
    const bool wide[] = {entry->unpacked == 0xffffffff, entry->packed == 0xffffffff, entry->header == 0xffffffff};
    uint64_t *const to[] = {&entry->unpacked, &entry->packed, &entry->header};
    if (!wide[0] && !wide[1] && !wide[2]) return true;
    while (n >= 4) {
        const size_t length = (size_t)little(extra + 2, 2);
        if (length > n - 4) return false;
        if (little(extra, 2) != 1) {
            extra += 4 + length;
            n -= 4 + length;
            continue;
        }
        size_t at = 0;
        for (int i = 0; i < 3; i++) {
            if (!wide[i]) continue;
            if (length - at < 8) return false;
            *to[i] = little(extra + 4 + at, 8);
            at += 8;
        }
        return true;
    }
    return false;
}

static bool is_text(const char *text, size_t n)
{
    for (size_t i = 0, length; i < n; i += length)
        if (!text[i] || !(length = tp_utf8(text + i, n - i))) return false;
    return n > 0;
}

/* The entry at `at` of the directory, whose length goes to *length. The name is terminated where its record's next
   field or the next record's signature began, which has been read by then: so it is moved one byte down. */
static tp_status read_entry(tp_zip *zip, size_t at, size_t *length, const char *suffix, tp_error *error)
{
    unsigned char *b = (unsigned char *)zip->directory + at;
    const size_t left = zip->directory_bytes - at;
    const uint64_t place = zip->directory_at + at;
    if (left < CENTRAL_BYTES || little(b, 4) != 0x02014b50)
        return wrong(zip, place, "no entry of the directory", error);
    const size_t n = (size_t)little(b + 28, 2), extra = (size_t)little(b + 30, 2);
    *length = CENTRAL_BYTES + n + extra + (size_t)little(b + 32, 2);
    if (*length > left) return wrong(zip, place, "an entry that goes on past the directory", error);
    tp_zip_entry entry = {.packed = little(b + 20, 4),
                          .unpacked = little(b + 24, 4),
                          .header = little(b + 42, 4),
                          .crc = (uint32_t)little(b + 16, 4),
                          .method = (uint16_t)little(b + 10, 2),
                          .flags = (uint16_t)little(b + 8, 2)};
    if (!read_extra(&entry, b + CENTRAL_BYTES + n, extra))
        return wrong(zip, place, "an entry without its zip64 sizes", error);
    entry.name = (char *)b + CENTRAL_BYTES - 1;
    memmove(entry.name, b + CENTRAL_BYTES, n);
    entry.name[n] = 0;
    if (!is_text(entry.name, n)) return wrong(zip, place, "a name that is not UTF-8", error);
    const size_t suffix_n = strlen(suffix);
    if (n > suffix_n && strcmp(entry.name + n - suffix_n, suffix) == 0) entry.name[n - suffix_n] = 0;
    if (!tp_grow(&zip->memory, (void **)&zip->entries, &zip->capacity, zip->count + 1, sizeof *zip->entries))
        return tp_fail(error, TP_E_MEMORY, "out of memory: %s", zip->extent.name);
    zip->entries[zip->count++] = entry;
    return TP_OK;
}

static tp_status read_directory(tp_zip *zip, const char *suffix, tp_error *error)
{
    end_record end = {0};
    tp_status status = find_end(zip, &end, error);
    if (status != TP_OK) return status;
    if (end.directory > end.at || end.at - end.directory != end.bytes || end.entries > end.bytes / CENTRAL_BYTES ||
        end.entries > UINT32_MAX / 2)
        return wrong(zip, end.at, "the directory does not end where its end record begins", error);
    zip->directory_at = end.directory;
    zip->directory_bytes = (size_t)end.bytes;
    zip->directory = tp_allocate(&zip->memory, zip->directory_bytes + 1);
    if (!zip->directory) return tp_fail(error, TP_E_MEMORY, "out of memory: %s", zip->extent.name);
    status = tp_extent_read(&zip->extent, zip->directory_at, zip->directory, zip->directory_bytes, error);
    size_t at = 0, length = 0;
    for (uint64_t i = 0; status == TP_OK && i < end.entries; i++, at += length)
        status = read_entry(zip, at, &length, suffix, error);
    if (status == TP_OK && at != zip->directory_bytes)
        return wrong(zip, zip->directory_at + at, "the directory goes on past its entries", error);
    return status;
}

/* ---- places ---- */

static int by_name(const void *items, uint32_t a, uint32_t b)
{
    const tp_zip_entry *entries = items;
    return strcmp(entries[a].name, entries[b].name);
}

static int by_place(const void *items, uint32_t a, uint32_t b)
{
    const tp_zip_entry *entries = items;
    return entries[a].header < entries[b].header ? -1 : entries[a].header > entries[b].header;
}

/* Finds the entry's bytes behind its own header, whose name must be the directory's. */
static tp_status find_data(const tp_zip *zip, tp_zip_entry *entry, uint64_t end, tp_error *error)
{
    unsigned char b[LOCAL_BYTES];
    if (entry->header > end || end - entry->header < LOCAL_BYTES)
        return wrong(zip, entry->header, "an entry that does not lie before the next one or the directory", error);
    const tp_status status = tp_extent_read(&zip->extent, entry->header, b, LOCAL_BYTES, error);
    if (status != TP_OK) return status;
    if (little(b, 4) != 0x04034b50) return wrong(zip, entry->header, "no header of an entry", error);
    if (little(b + 8, 2) != entry->method)
        return wrong(zip, entry->header, "an entry whose method is not the directory's", error);
    entry->data = entry->header + LOCAL_BYTES + little(b + 26, 2) + little(b + 28, 2);
    if (entry->data > end || entry->packed > end - entry->data)
        return wrong(zip, entry->header, "an entry that does not end before the next one or the directory", error);
    if (entry->method == TP_ZIP_STORED && entry->packed != entry->unpacked)
        return wrong(zip, entry->header, "a stored entry with two sizes", error);
    return TP_OK;
}

static tp_status check_entries(tp_zip *zip, tp_error *error)
{
    const size_t bytes = ((size_t)zip->count + 1) * sizeof(uint32_t);
    uint32_t *places = tp_allocate(&zip->memory, bytes);
    zip->by_name = places ? tp_allocate(&zip->memory, bytes) : NULL;
    tp_status status = TP_OK;
    if (!zip->by_name || !tp_order(&zip->memory, places, zip->count, zip->entries, by_place) ||
        !tp_order(&zip->memory, zip->by_name, zip->count, zip->entries, by_name))
        status = tp_fail(error, TP_E_MEMORY, "out of memory: %s", zip->extent.name);
    for (uint32_t i = 0; status == TP_OK && i < zip->count; i++) {
        const uint64_t next = i + 1 < zip->count ? zip->entries[places[i + 1]].header : zip->directory_at;
        const uint64_t end = next < zip->directory_at ? next : zip->directory_at;
        char text[TP_NAME_TEXT];
        status = find_data(zip, &zip->entries[places[i]], end, error);
        if (status == TP_OK && i > 0 && by_name(zip->entries, zip->by_name[i - 1], zip->by_name[i]) == 0)
            status = tp_fail(error, TP_E_FORMAT, "byte %" PRIu64 ": the name \"%s\" comes twice: %s",
                             zip->entries[zip->by_name[i]].header,
                             tp_name_text(text, zip->entries[zip->by_name[i]].name), zip->extent.name);
    }
    tp_deallocate(&zip->memory, places, bytes);
    return status;
}

tp_status tp_zip_open(tp_zip *zip, const tp_allocator *memory, const char *path, const void *bytes, size_t n,
                      const char *suffix, tp_error *error)
{
    *zip = (tp_zip){.memory = memory ? *memory : tp_default_allocator, .extent.file = -1};
    tp_status status = tp_extent_open(&zip->extent, memory, path, bytes, n, error);
    if (status == TP_OK) status = read_directory(zip, suffix, error);
    if (status == TP_OK) status = check_entries(zip, error);
    if (status != TP_OK) tp_zip_close(zip);
    return status;
}

void tp_zip_close(tp_zip *zip)
{
    tp_extent_close(&zip->extent);
    tp_deallocate(&zip->memory, zip->directory, zip->directory_bytes + 1);
    tp_deallocate(&zip->memory, zip->by_name, ((size_t)zip->count + 1) * sizeof *zip->by_name);
    tp_deallocate(&zip->memory, zip->entries, (size_t)zip->capacity * sizeof *zip->entries);
    *zip = (tp_zip){.memory = zip->memory, .extent.file = -1};
}
