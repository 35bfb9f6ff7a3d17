/* npy: elements of either byte order and in either order of indices. */
#include "io/npy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/tensor.h"
#include "io/npy_header.h"

/* ---- Fortran's order ---- */

#define SPREAD(type)                                                                                                   \
    for (int64_t j = 0; j < inner; j++) ((type *)to)[j] = ((const type *)from)[j * stride]

/* `inner` elements that lie `stride` apart, one after another. */
static void spread(char *to, const char *from, int64_t inner, int64_t stride, size_t size)
{
    if (size == 8)
        SPREAD(uint64_t);
    else if (size == 4)
        SPREAD(uint32_t);
    else
        SPREAD(uint8_t);
}

/* From first index fastest to last index fastest. */
static void to_row_major(tp_tensor *to, const char *from)
{
    const size_t size = tp_dtype_size((tp_dtype)to->dtype);
    const int last = to->rank - 1;
    int64_t strides[TP_MAX_RANK], index[TP_MAX_RANK] = {0}, stride = 1, offset = 0;
    for (int i = 0; i <= last; i++) {
        strides[i] = stride;
        stride *= to->dims[i];
    }
    const int64_t inner = to->dims[last];
    for (int64_t done = 0; done < to->count; done += inner) {
        spread(to->data + (size_t)done * size, from + (size_t)offset * size, inner, strides[last], size);
        for (int i = last - 1; i >= 0; i--) {
            offset += strides[i];
            if (++index[i] < to->dims[i]) break;
            offset -= strides[i] * to->dims[i];
            index[i] = 0;
        }
    }
}

/* ---- elements ---- */

static tp_status check_size(const tp_source *source, const tp_npy_header *header, uint64_t there, bool more,
                            tp_error *error)
{
    const uint64_t wanted = header->data + (uint64_t)header->count * header->encoding->size;
    char text[TP_SHAPE_TEXT];
    if (there == wanted && !more) return TP_OK;
    return tp_fail(error, TP_E_FORMAT,
                   "byte %" PRIu64 ": shape %s ends at byte %" PRIu64 ", the file %s %" PRIu64 ": %s",
                   there < wanted ? there : wanted, tp_shape_text(text, header->rank, header->dims), wanted,
                   more ? "goes on past" : "ends at", there, source->name);
}

/* Reads `bytes` bytes of elements: into `to` where that is not NULL, else into a block that grows. */
static tp_status read_elements(tp_source *source, const tp_npy_header *header, void *to, unsigned char **block,
                               size_t *block_bytes, tp_error *error)
{
    const uint64_t bytes = (uint64_t)header->count * header->encoding->size;
    size_t got = 0, more = 0;
    unsigned char byte;
    tp_status status = to ? tp_source_read(source, to, (size_t)bytes, &got, error)
                          : tp_source_take(source, bytes, block, block_bytes, &got, error);
    if (status == TP_OK) status = check_size(source, header, header->data + got, false, error);
    if (status == TP_OK) status = tp_source_read(source, &byte, 1, &more, error);
    if (status == TP_OK && more) status = check_size(source, header, header->data + got, true, error);
    return status;
}

static tp_status decode(const tp_source *source, const tp_npy_header *header, void *to, unsigned char *from,
                        tp_error *error)
{
    if (header->swapped) tp_swap(from, header->encoding->size, header->count);
    const int64_t fits = tp_decode(header->encoding, to, from, header->count);
    if (fits == header->count) return TP_OK;
    return tp_fail(error, TP_E_LIMIT, "byte %" PRIu64 ": an unsigned number that does not fit into i64: %s",
                   header->data + (uint64_t)fits * 8, source->name);
}

/* The elements in the file's order of indices. */
static tp_tensor *read_in_order(tp_source *source, const tp_npy_header *header, tp_error *error)
{
    tp_tensor *tensor = NULL;
    unsigned char *block = NULL;
    size_t bytes = 0;
    tp_status status = TP_OK;
    /* with a size that is known, and the same bytes in memory: at once where they belong */
    const bool direct = source->size != TP_SIZE_UNKNOWN && !header->encoding->decode;
    if (source->size != TP_SIZE_UNKNOWN) status = check_size(source, header, source->size, false, error);
    if (status == TP_OK && !direct) status = read_elements(source, header, NULL, &block, &bytes, error);
    if (status == TP_OK)
        tensor = tp_tensor_make_unset(&source->memory, header->encoding->dtype, header->rank, header->dims, error);
    if (tensor && direct) status = read_elements(source, header, tensor->data, &block, &bytes, error);
    if (tensor && status == TP_OK)
        status = decode(source, header, tensor->data, direct ? (unsigned char *)tensor->data : block, error);
    tp_deallocate(&source->memory, block, bytes);
    if (status == TP_OK) return tensor;
    tp_tensor_release(tensor);
    return NULL;
}

tp_tensor *tp_npy_read(tp_source *source, tp_error *error)
{
    tp_npy_header header;
    if (tp_npy_read_header(source, &header, error) != TP_OK) return NULL;
    tp_tensor *tensor = read_in_order(source, &header, error);
    if (!tensor || !header.fortran || header.rank < 2) return tensor;
    tp_tensor *turned = tp_tensor_make_unset(&source->memory, (tp_dtype)tensor->dtype, header.rank, header.dims, error);
    if (turned) to_row_major(turned, tensor->data);
    tp_tensor_release(tensor);
    return turned;
}

/* ---- one file ---- */

static tp_tensor *read_named(const char *function, const tp_allocator *memory, const char *path, const void *bytes,
                             size_t n, tp_error *error)
{
    tp_source source;
    tp_error local = {.status = TP_OK};
    tp_tensor *tensor = NULL;
    tp_status status;
    if (path && bytes)
        status = tp_fail(&local, TP_E_ARGUMENT, "both the path and the bytes are given");
    else
        status = bytes || n ? tp_source_bytes(&source, memory, bytes, n, &local)
                            : tp_source_file(&source, memory, path, &local);
    if (status == TP_OK) {
        tensor = tp_npy_read(&source, &local);
        tp_source_close(&source);
    }
    if (!tensor) tp_fail(error, local.status, "%s: %s", function, local.message);
    return tensor;
}

tp_tensor *tp_read_npy(const char *path, tp_error *error)
{
    return read_named("tp_read_npy", NULL, path, NULL, 0, error);
}

tp_tensor *tp_parse_npy(const void *bytes, size_t n, tp_error *error)
{
    return read_named("tp_parse_npy", NULL, NULL, bytes ? bytes : "", bytes ? n : 0, error);
}

tp_tensor *tp_read_npy_into(const tp_allocator *memory, const char *path, const void *bytes, size_t n, tp_error *error)
{
    return read_named("tp_read_npy_into", memory, path, bytes, n, error);
}

/* ---- writing ---- */

/* The bytes are those of numpy.save: after the dictionary there is room for the first dim to grow; then spaces up to a
   multiple of 64 bytes, and 64 of them where it is one already. */
void tp_npy_write(tp_sink *sink, const tp_tensor *tensor)
{
    enum { HEAD = 10, ALIGNMENT = 64, GROWTH = 21 };
    static const char *const descr[] = {"<f4", "<f8", "<i4", "<i8", "|u1"}; /* as tp_dtype counts */
    char text[512], first[GROWTH + 1];
    int n = snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr[tensor->dtype]);
    for (int i = 0; i < tensor->rank; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, i ? ", %" PRId64 : "%" PRId64, tensor->dims[i]);
    n += snprintf(text + n, sizeof text - (size_t)n, tensor->rank == 1 ? ",), }" : "), }");
    int spaces = tensor->rank ? GROWTH - snprintf(first, sizeof first, "%" PRId64, tensor->dims[0]) : 0;
    spaces += ALIGNMENT - (HEAD + n + spaces + 1) % ALIGNMENT;
    memset(text + n, ' ', (size_t)spaces);
    n += spaces;
    text[n++] = '\n';
    const unsigned char head[HEAD] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)n, (unsigned char)(n >> 8)};
    tp_sink_write(sink, head, HEAD);
    tp_sink_write(sink, text, (size_t)n);
    tp_sink_tensor(sink, tensor);
}

tp_status tp_write_npy(const char *path, const tp_tensor *tensor, tp_error *error)
{
    tp_error local = {.status = TP_OK};
    if (!path || !tensor)
        return tp_fail(error, TP_E_ARGUMENT, "tp_write_npy: the %s NULL", path ? "tensor is" : "path is");
    tp_sink sink = {.writer = tp_writer_open(NULL, path, &local)};
    if (sink.writer) {
        tp_npy_write(&sink, tensor);
        tp_writer_commit(sink.writer, &local);
    }
    return local.status == TP_OK ? TP_OK : tp_fail(error, local.status, "tp_write_npy: %s", local.message);
}
