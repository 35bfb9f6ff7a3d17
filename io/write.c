/* Sinks of bytes. */
#include "io/write.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/tensor.h"
#include "io/encoding.h"

#define FIRST_CAPACITY 4096
#define CHUNK 8192

/* ---- buffers ---- */

static bool make_room(tp_buffer *buffer, size_t n)
{
    if (buffer->failed) return false;
    if (n <= buffer->capacity - buffer->n) return true;
    const size_t needed = n <= PTRDIFF_MAX / 2 - buffer->n ? buffer->n + n : 0;
    size_t capacity = buffer->capacity ? buffer->capacity * 2 : FIRST_CAPACITY;
    if (capacity < needed) capacity = needed;
    unsigned char *grown = needed ? tp_allocate(&buffer->memory, capacity) : NULL;
    if (!grown) {
        buffer->failed = true;
        return false;
    }
    if (buffer->n) memcpy(grown, buffer->bytes, buffer->n);
    tp_deallocate(&buffer->memory, buffer->bytes, buffer->capacity);
    buffer->bytes = grown;
    buffer->capacity = capacity;
    return true;
}

void tp_buffer_add(tp_buffer *buffer, const void *bytes, size_t n)
{
    if (n == 0 || !make_room(buffer, n)) return;
    memcpy(buffer->bytes + buffer->n, bytes, n);
    buffer->n += n;
}

void tp_buffer_text(tp_buffer *buffer, const char *format, ...)
{
    char text[256];
    va_list list;
    va_start(list, format);
    const int n = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    tp_buffer_add(buffer, text, n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

void tp_buffer_free(tp_buffer *buffer)
{
    tp_deallocate(&buffer->memory, buffer->bytes, buffer->capacity);
    *buffer = (tp_buffer){.memory = buffer->memory};
}

/* ---- sinks ---- */

void tp_sink_write(tp_sink *sink, const void *bytes, size_t n)
{
    sink->n += n;
    if (sink->writer) tp_writer_write(sink->writer, bytes, n, NULL);
    if (sink->buffer) tp_buffer_add(sink->buffer, bytes, n);
    if (sink->take) sink->take(sink->user, bytes, n);
}

/* The elements first .. first+n-1 in row-major order, one after another. */
static void gather(const tp_tensor *tensor, int64_t first, int64_t n, unsigned char *to)
{
    const size_t size = tp_dtype_size((tp_dtype)tensor->dtype);
    for (int64_t i = 0; i < n; i++) {
        memcpy(to, tensor->data + tp_tensor_offset(tensor, first + i) * (int64_t)size, size);
        to += size;
    }
}

void tp_sink_tensor(tp_sink *sink, const tp_tensor *tensor)
{
    const size_t size = tp_dtype_size((tp_dtype)tensor->dtype);
    if (tensor->dense && (size == 1 || !TP_HOST_BIG)) {
        tp_sink_write(sink, tensor->data, (size_t)tensor->count * size);
        return;
    }
    unsigned char chunk[CHUNK];
    const int64_t most = (int64_t)(CHUNK / size);
    for (int64_t first = 0; first < tensor->count; first += most) {
        const int64_t n = tensor->count - first < most ? tensor->count - first : most;
        gather(tensor, first, n, chunk);
        if (TP_HOST_BIG) tp_swap(chunk, size, n);
        tp_sink_write(sink, chunk, (size_t)n * size);
    }
}
