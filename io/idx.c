/* IDX: header, checks, and the elements in the host's byte order. */
#include <tapir/io_idx.h>

#include <inttypes.h>
#include <string.h>

#include "core/tensor.h"
#include "io/source.h"

#define RANK_MAX TP_MAX_RANK
#define HEAD_BYTES 4
#define DIM_BYTES 4

/* An element type of the format and what it becomes. */
typedef struct element {
    unsigned char code;
    uint8_t size; /* in the file */
    tp_dtype dtype;
    void (*convert)(void *to, const unsigned char *from, int64_t n);
} element;

typedef struct header {
    const element *element;
    int rank;
    int64_t dims[RANK_MAX];
    int64_t count;
    uint64_t head_bytes, data_bytes;
} header;

/* ---- elements ---- */

static void convert_u8(void *to, const unsigned char *from, int64_t n)
{
    memcpy(to, from, (size_t)n);
}

static void convert_i8(void *to, const unsigned char *from, int64_t n)
{
    int32_t *out = to;
    for (int64_t i = 0; i < n; i++) out[i] = (from[i] ^ 0x80) - 0x80;
}

static void convert_i16(void *to, const unsigned char *from, int64_t n)
{
    int32_t *out = to;
    for (int64_t i = 0; i < n; i++) out[i] = ((int32_t)tp_big_endian(from + 2 * i, 2) ^ 0x8000) - 0x8000;
}

static void convert_32(void *to, const unsigned char *from, int64_t n)
{
    unsigned char *out = to;
    for (int64_t i = 0; i < n; i++) {
        const uint32_t bits = (uint32_t)tp_big_endian(from + 4 * i, 4);
        memcpy(out + 4 * i, &bits, 4);
    }
}

static void convert_64(void *to, const unsigned char *from, int64_t n)
{
    unsigned char *out = to;
    for (int64_t i = 0; i < n; i++) {
        const uint64_t bits = tp_big_endian(from + 8 * i, 8);
        memcpy(out + 8 * i, &bits, 8);
    }
}

static const element elements[] = {
    {0x08, 1, TP_U8, convert_u8},  {0x09, 1, TP_I32, convert_i8}, {0x0B, 2, TP_I32, convert_i16},
    {0x0C, 4, TP_I32, convert_32}, {0x0D, 4, TP_F32, convert_32}, {0x0E, 8, TP_F64, convert_64},
};

static const element *find_element(unsigned char code)
{
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (elements[i].code == code) return &elements[i];
    return NULL;
}

/* ---- header ---- */

static tp_status read_header_part(tp_source *source, unsigned char *to, size_t n, const char *what, tp_error *error)
{
    size_t got;
    const tp_status status = tp_source_read(source, to, n, &got, error);
    if (status != TP_OK || got == n) return status;
    return tp_fail(error, TP_E_FORMAT, "%s needs %zu bytes, there are %zu: %s", what, n, got, source->name);
}

static tp_status read_header(tp_source *source, header *head, tp_error *error)
{
    unsigned char magic[HEAD_BYTES], dims[RANK_MAX * DIM_BYTES];
    tp_status status = read_header_part(source, magic, HEAD_BYTES, "the magic number", error);
    if (status != TP_OK) return status;
    head->element = find_element(magic[2]);
    head->rank = magic[3];
    if (magic[0] != 0 || magic[1] != 0)
        return tp_fail(error, TP_E_FORMAT, "it begins with %02x %02x, not with two zero bytes: %s", magic[0], magic[1],
                       source->name);
    if (!head->element)
        return tp_fail(error, TP_E_FORMAT, "there is no element type 0x%02x: %s", magic[2], source->name);
    if (head->rank == 0) return tp_fail(error, TP_E_FORMAT, "it has no dims: %s", source->name);
    if (head->rank > RANK_MAX)
        return tp_fail(error, TP_E_LIMIT, "it has %d dims, more than %d: %s", head->rank, RANK_MAX, source->name);
    status = read_header_part(source, dims, (size_t)head->rank * DIM_BYTES, "the dims", error);
    if (status != TP_OK) return status;
    for (int i = 0; i < head->rank; i++) head->dims[i] = (int64_t)tp_big_endian(dims + i * DIM_BYTES, DIM_BYTES);
    tp_error local;
    status = tp_tensor_check(head->element->dtype, head->rank, head->dims, &head->count, &local);
    if (status != TP_OK) return tp_fail(error, status, "%.200s: %s", local.message, source->name);
    head->head_bytes = HEAD_BYTES + (uint64_t)head->rank * DIM_BYTES;
    head->data_bytes = (uint64_t)head->count * head->element->size; /* at most what was checked */
    return TP_OK;
}

/* ---- the whole ---- */

static tp_status check_size(const tp_source *source, const header *head, tp_error *error)
{
    const uint64_t wanted = head->head_bytes + head->data_bytes;
    char text[TP_SHAPE_TEXT];
    if (source->size == TP_SIZE_UNKNOWN || source->size == wanted) return TP_OK;
    return tp_fail(error, TP_E_FORMAT, "dims %s make %" PRIu64 " bytes, there are %" PRIu64 ": %s",
                   tp_shape_text(text, head->rank, head->dims), wanted, source->size, source->name);
}

static tp_status check_end(tp_source *source, const header *head, size_t got, tp_error *error)
{
    char text[TP_SHAPE_TEXT];
    tp_shape_text(text, head->rank, head->dims);
    if (got < head->data_bytes)
        return tp_fail(error, TP_E_FORMAT, "dims %s make %" PRIu64 " bytes, there are %" PRIu64 ": %s", text,
                       head->head_bytes + head->data_bytes, head->head_bytes + got, source->name);
    unsigned char more;
    const tp_status status = tp_source_read(source, &more, 1, &got, error);
    if (status != TP_OK || got == 0) return status;
    return tp_fail(error, TP_E_FORMAT, "dims %s make %" PRIu64 " bytes, there are more: %s", text,
                   head->head_bytes + head->data_bytes, source->name);
}

static tp_tensor *read_idx(tp_source *source, tp_error *error)
{
    header head = {0};
    unsigned char *block = NULL;
    size_t bytes = 0, got = 0;
    tp_tensor *tensor = NULL;
    tp_status status = read_header(source, &head, error);
    if (status == TP_OK) status = check_size(source, &head, error);
    if (status == TP_OK) status = tp_source_take(source, head.data_bytes, &block, &bytes, &got, error);
    if (status == TP_OK) status = check_end(source, &head, got, error);
    if (status == TP_OK)
        tensor = tp_tensor_make(&source->memory, head.element->dtype, head.rank, head.dims, NULL, error);
    if (tensor && head.count > 0) head.element->convert(tp_tensor_data(tensor), block, head.count);
    tp_deallocate(&source->memory, block, bytes);
    tp_source_close(source);
    return tensor;
}

/* Puts the function's name before the message. */
static tp_tensor *named(const char *name, tp_tensor *tensor, const tp_error *local, tp_error *error)
{
    if (!tensor) tp_fail(error, local->status, "%s: %s", name, local->message);
    return tensor;
}

tp_tensor *tp_read_idx_into(const tp_allocator *memory, const char *path, tp_error *error)
{
    tp_source source;
    tp_error local = {0};
    tp_tensor *tensor = NULL;
    if (tp_source_file(&source, memory, path, &local) == TP_OK) tensor = read_idx(&source, &local);
    return named("tp_read_idx", tensor, &local, error);
}

tp_tensor *tp_read_idx(const char *path, tp_error *error)
{
    return tp_read_idx_into(NULL, path, error);
}

tp_tensor *tp_parse_idx(const void *bytes, size_t n, tp_error *error)
{
    tp_source source;
    tp_error local = {0};
    tp_tensor *tensor = NULL;
    if (tp_source_bytes(&source, NULL, bytes, n, &local) == TP_OK) tensor = read_idx(&source, &local);
    return named("tp_parse_idx", tensor, &local, error);
}
