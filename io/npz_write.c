/* Writing npz: each array's header and bytes, then the directory. */
#include <inttypes.h>
#include <string.h>

#include "core/tensor.h"
#include "io/deflate.h"
#include "io/json.h"
#include "io/npy.h"
#include "io/order.h"
#include "io/zip.h"

#define MOST_ENTRIES 65534
#define LONGEST_NAME 65000
#define MOST_BYTES 0xfffffffe /* what fits without zip64 */
#define UTF8_FLAG 0x800
#define NEW_YEAR_1980 0x21 /* the first day that there is */

/* ---- checks ---- */

static int by_name(const void *items, uint32_t a, uint32_t b)
{
    const tp_named_tensor *tensors = items;
    return strcmp(tensors[a].name, tensors[b].name);
}

static bool is_name(const char *name)
{
    const size_t n = strlen(name);
    for (size_t i = 0, length; i < n; i += length)
        if (!(length = tp_utf8(name + i, n - i))) return false;
    return n > 0 && n <= LONGEST_NAME;
}

static tp_status check(const tp_allocator *memory, const tp_named_tensor *tensors, size_t n, uint32_t *order,
                       tp_error *error)
{
    char text[TP_NAME_TEXT];
    for (size_t i = 0; i < n; i++) {
        if (!tensors[i].name || !tensors[i].tensor)
            return tp_fail(error, TP_E_ARGUMENT, "the %s %zu is NULL", tensors[i].name ? "tensor" : "name", i);
        if (!is_name(tensors[i].name))
            return tp_fail(error, TP_E_ARGUMENT, "name %zu is empty, too long or not UTF-8: \"%s\"", i,
                           tp_name_text(text, tensors[i].name));
    }
    if (!tp_order(memory, order, (uint32_t)n, tensors, by_name)) return tp_fail(error, TP_E_MEMORY, "out of memory");
    for (size_t i = 1; i < n; i++)
        if (by_name(tensors, order[i - 1], order[i]) == 0)
            return tp_fail(error, TP_E_ARGUMENT, "the name \"%s\" comes twice",
                           tp_name_text(text, tensors[order[i]].name));
    return TP_OK;
}

/* ---- one entry ---- */

/* An array on its way into the archive: counted, its checksum taken, deflated if so wished. */
typedef struct packing {
    uint32_t crc;
    tp_buffer packed;
#if defined(TP_WITH_ZLIB)
    z_stream stream;
#endif
    bool deflate;
} packing;

#if defined(TP_WITH_ZLIB)

static void deflate_into(packing *p, const unsigned char *bytes, size_t n, int flush)
{
    unsigned char out[16384];
    int code = Z_OK;
    do {
        const unsigned now = n < (1u << 30) ? (unsigned)n : 1u << 30;
        p->stream.next_in = (unsigned char *)bytes;
        p->stream.avail_in = now;
        do {
            p->stream.next_out = out;
            p->stream.avail_out = sizeof out;
            code = deflate(&p->stream, n == now ? flush : Z_NO_FLUSH);
            tp_buffer_add(&p->packed, out, sizeof out - p->stream.avail_out);
        } while (p->stream.avail_out == 0);
        bytes += now;
        n -= now;
    } while (n > 0 && code == Z_OK);
}

#endif

static void take(void *user, const void *bytes, size_t n)
{
    packing *p = user;
    p->crc = tp_crc32(p->crc, bytes, n);
#if defined(TP_WITH_ZLIB)
    if (p->deflate && n > 0) deflate_into(p, bytes, n, Z_NO_FLUSH);
#endif
}

/* Goes through the array once: its size, its checksum, and its packed bytes in `p`. */
static tp_status pack(packing *p, const tp_tensor *tensor, uint64_t *size, tp_error *error)
{
    tp_sink sink = {.take = take, .user = p};
#if defined(TP_WITH_ZLIB)
    p->stream.zalloc = tp_zlib_allocate;
    p->stream.zfree = tp_zlib_free;
    p->stream.opaque = &p->packed.memory;
    if (p->deflate && deflateInit2(&p->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return tp_fail(error, TP_E_MEMORY, "out of memory");
#endif
    tp_npy_write(&sink, tensor);
    *size = sink.n;
#if defined(TP_WITH_ZLIB)
    if (p->deflate) {
        deflate_into(p, (const unsigned char *)"", 0, Z_FINISH);
        deflateEnd(&p->stream);
    }
#endif
    return p->packed.failed ? tp_fail(error, TP_E_MEMORY, "out of memory") : TP_OK;
}

static void add_number(tp_buffer *buffer, uint64_t value, int size)
{
    unsigned char bytes[8];
    for (int i = 0; i < size; i++) bytes[i] = (unsigned char)(value >> 8 * i);
    tp_buffer_add(buffer, bytes, (size_t)size);
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80) return false;
    return true;
}

/* What stands alike in an entry's own header and in the directory. */
static void add_fields(tp_buffer *to, const tp_zip_entry *entry, size_t name)
{
    add_number(to, 20, 2); /* the version that is needed */
    add_number(to, is_ascii(entry->name) ? 0 : UTF8_FLAG, 2);
    add_number(to, entry->method, 2);
    add_number(to, 0, 2); /* midnight */
    add_number(to, NEW_YEAR_1980, 2);
    add_number(to, entry->crc, 4);
    add_number(to, entry->packed, 4);
    add_number(to, entry->unpacked, 4);
    add_number(to, name + strlen(".npy"), 2);
    add_number(to, 0, 2); /* no extra field */
}

static void add_central(tp_buffer *to, const tp_zip_entry *entry)
{
    const size_t name = strlen(entry->name);
    tp_buffer_add(to, "PK\1\2\24\3", 6); /* made by version 2.0 on Unix */
    add_fields(to, entry, name);
    add_number(to, 0, 2); /* no comment */
    add_number(to, 0, 2); /* the first part */
    add_number(to, 0, 2);
    add_number(to, 0100644u << 16, 4); /* a plain file, rw-r--r-- */
    add_number(to, entry->header, 4);
    tp_buffer_add(to, entry->name, name);
    tp_buffer_add(to, ".npy", 4);
}

static tp_status write_entry(tp_sink *sink, tp_buffer *directory, const tp_named_tensor *named, bool compressed,
                             tp_error *error)
{
    packing p = {.packed.memory = directory->memory, .deflate = compressed};
    tp_buffer head = {.memory = directory->memory};
    tp_zip_entry entry = {.name = (char *)named->name, .header = sink->n};
    entry.method = compressed ? TP_ZIP_DEFLATED : TP_ZIP_STORED;
    tp_status status = pack(&p, named->tensor, &entry.unpacked, error);
    entry.packed = compressed ? p.packed.n : entry.unpacked;
    entry.crc = p.crc;
    if (status == TP_OK && (entry.unpacked > MOST_BYTES || sink->n + entry.packed > MOST_BYTES - LONGEST_NAME * 2))
        status = tp_fail(error, TP_E_LIMIT, "the archive gets larger than 4 GiB");
    if (status == TP_OK) {
        tp_buffer_add(&head, "PK\3\4", 4);
        add_fields(&head, &entry, strlen(named->name));
        tp_buffer_add(&head, named->name, strlen(named->name));
        tp_buffer_add(&head, ".npy", 4);
        tp_sink_write(sink, head.bytes, head.n);
        if (compressed)
            tp_sink_write(sink, p.packed.bytes, p.packed.n);
        else
            tp_npy_write(sink, named->tensor);
        add_central(directory, &entry);
        if (head.failed || directory->failed) status = tp_fail(error, TP_E_MEMORY, "out of memory");
    }
    tp_buffer_free(&head);
    tp_buffer_free(&p.packed);
    return status;
}

/* ---- the archive ---- */

static tp_status write_all(const tp_allocator *memory, tp_sink *sink, const tp_named_tensor *tensors, size_t n,
                           bool compressed, tp_error *error)
{
    tp_buffer directory = {.memory = *memory};
    tp_status status = TP_OK;
    for (size_t i = 0; i < n && status == TP_OK; i++)
        status = write_entry(sink, &directory, &tensors[i], compressed, error);
    const size_t bytes = directory.n;
    const uint64_t at = sink->n;
    if (status == TP_OK && at + bytes > MOST_BYTES)
        status = tp_fail(error, TP_E_LIMIT, "the archive gets larger than 4 GiB");
    tp_buffer_add(&directory, "PK\5\6\0\0\0\0", 8);
    add_number(&directory, n, 2);
    add_number(&directory, n, 2);
    add_number(&directory, bytes, 4);
    add_number(&directory, at, 4);
    add_number(&directory, 0, 2);
    if (status == TP_OK && directory.failed) status = tp_fail(error, TP_E_MEMORY, "out of memory");
    if (status == TP_OK) tp_sink_write(sink, directory.bytes, directory.n);
    tp_buffer_free(&directory);
    return status;
}

static tp_status check_all(const tp_allocator *memory, const tp_named_tensor *tensors, size_t n, bool compressed,
                           tp_error *error)
{
    if (!tensors && n) return tp_fail(error, TP_E_ARGUMENT, "the tensors are NULL");
    if (n > MOST_ENTRIES) return tp_fail(error, TP_E_LIMIT, "%zu arrays, at most %d are possible", n, MOST_ENTRIES);
#if !defined(TP_WITH_ZLIB)
    if (compressed) return tp_fail(error, TP_E_UNSUPPORTED, "this library was built without zlib");
#endif
    (void)compressed;
    const size_t bytes = (n + 1) * sizeof(uint32_t);
    uint32_t *order = tp_allocate(memory, bytes);
    const tp_status status =
        order ? check(memory, tensors, n, order, error) : tp_fail(error, TP_E_MEMORY, "out of memory");
    tp_deallocate(memory, order, bytes);
    return status;
}

tp_status tp_write_npz(const tp_allocator *memory, const char *path, const tp_named_tensor *tensors, size_t n,
                       bool compressed, tp_error *error)
{
    if (!memory) memory = &tp_default_allocator;
    tp_error local = {.status = TP_OK};
    tp_sink sink = {0};
    if (check_all(memory, tensors, n, compressed, &local) == TP_OK) sink.writer = tp_writer_open(memory, path, &local);
    if (sink.writer && write_all(memory, &sink, tensors, n, compressed, &local) == TP_OK)
        tp_writer_commit(sink.writer, &local);
    else
        tp_writer_abandon(sink.writer);
    return local.status == TP_OK ? TP_OK : tp_fail(error, local.status, "tp_write_npz: %s", local.message);
}
