/* Tables of numbers between commas. Decimal numbers are read exactly: up to 15 digits divided by a power of ten that a
   double holds is rounded once (Clinger, "How to read floating point numbers accurately", PLDI 1990), and what needs
   more is refused. The program's locale plays no part. */
#include "io/table.h"

#include <inttypes.h>
#include <string.h>

#include "core/element.h"
#include "core/tensor.h"
#include "io/source.h"

#define DIGITS_MAX 15 /* 10^15 is below 2^53 */

typedef struct cursor {
    const char *at, *end, *begin;
    const char *name;
} cursor;

static tp_status damaged(const cursor *c, const char *what, tp_error *error)
{
    return tp_fail(error, TP_E_FORMAT, "%s at byte %zu: %.300s", what, (size_t)(c->at - c->begin), c->name);
}

static bool is_digit(const cursor *c)
{
    return c->at < c->end && *c->at >= '0' && *c->at <= '9';
}

static bool take(cursor *c, char wanted)
{
    if (c->at == c->end || *c->at != wanted) return false;
    c->at++;
    return true;
}

/* [-] digits [. digits] */
static tp_status read_number(cursor *c, double *number, tp_error *error)
{
    const bool minus = take(c, '-');
    int64_t digits = 0, tens = 1;
    int n = 0;
    bool point = false, any = false;
    for (;;) {
        if (!point && take(c, '.')) point = true;
        if (!is_digit(c)) break;
        n += n > 0 || *c->at != '0'; /* zeros in front are none */
        if (n > DIGITS_MAX || tens > INT64_C(100000000000000)) return damaged(c, "a number of too many digits", error);
        digits = digits * 10 + (*c->at++ - '0');
        if (point) tens *= 10;
        any = true;
    }
    if (!any) return damaged(c, "no number", error);
    *number = (minus ? -1 : 1) * ((double)digits / (double)tens);
    return TP_OK;
}

static tp_status read_count(cursor *c, int64_t *count, tp_error *error)
{
    double number = 0;
    const tp_status status = read_number(c, &number, error);
    *count = (int64_t)number;
    if (status == TP_OK && (number < 0 || (double)*count != number)) return damaged(c, "no count before", error);
    return status;
}

/* The header's line; *items is what it promises. */
static tp_status read_header(cursor *c, const tp_table_form *form, int64_t *items, tp_error *error)
{
    int64_t features = 0;
    tp_status status = read_count(c, items, error);
    if (status == TP_OK && !take(c, ',')) return damaged(c, "no comma", error);
    if (status == TP_OK) status = read_count(c, &features, error);
    if (status != TP_OK) return status;
    if (features != form->features)
        return tp_fail(error, TP_E_FORMAT, "the header tells of %" PRId64 " features, not %d: %.300s", features,
                       form->features, c->name);
    while (c->at < c->end && *c->at != '\n') c->at++;
    return take(c, '\n') ? TP_OK : damaged(c, "the header does not end", error);
}

static tp_status read_row(cursor *c, const tp_table_form *form, tp_dtype dtype, char *inputs, unsigned char *label,
                          tp_error *error)
{
    double number = 0;
    for (int k = 0; k < form->features; k++, inputs += tp_dtype_size(dtype)) {
        const tp_status status = read_number(c, &number, error);
        if (status != TP_OK) return status;
        if (!take(c, ',')) return damaged(c, "no comma", error);
        tp_put(dtype, inputs, number);
    }
    const tp_status status = read_number(c, &number, error);
    if (status != TP_OK) return status;
    if (!(number >= 0 && number < form->classes) || (double)(int)number != number)
        return damaged(c, "no such class before", error);
    *label = (unsigned char)number;
    take(c, '\r');
    return take(c, '\n') || c->at == c->end ? TP_OK : damaged(c, "no end of the line", error);
}

static int64_t count_lines(const cursor *c)
{
    int64_t lines = 0;
    for (const char *at = c->at; at < c->end; lines++) {
        const char *next = memchr(at, '\n', (size_t)(c->end - at));
        at = next ? next + 1 : c->end;
    }
    return lines;
}

static tp_status parse(cursor *c, const tp_table_form *form, tp_dtype dtype, const tp_allocator *memory,
                       tp_tensor **inputs, tp_tensor **labels, tp_error *error)
{
    int64_t promised = -1;
    const tp_status status = form->header ? read_header(c, form, &promised, error) : TP_OK;
    if (status != TP_OK) return status;
    const int64_t rows = count_lines(c);
    if (promised >= 0 && rows != promised)
        return tp_fail(error, TP_E_FORMAT, "the header tells of %" PRId64 " items, there are %" PRId64 ": %.300s",
                       promised, rows, c->name);
    if (rows == 0) return damaged(c, "no items", error);
    *inputs = tp_tensor_make(memory, dtype, TP_DIMS(rows, form->features), NULL, error);
    *labels = *inputs ? tp_tensor_make(memory, TP_U8, TP_DIMS(rows), NULL, error) : NULL;
    if (!*labels) return error->status;
    char *at = tp_tensor_data(*inputs);
    unsigned char *label = tp_tensor_data(*labels);
    for (int64_t i = 0; i < rows; i++, at += (size_t)form->features * tp_dtype_size(dtype)) {
        const tp_status read = read_row(c, form, dtype, at, label + i, error);
        if (read != TP_OK) return read;
    }
    return TP_OK;
}

tp_status tp_table_read(const char *path, const tp_table_form *form, tp_dtype dtype, const tp_allocator *memory,
                        tp_tensor **inputs, tp_tensor **labels, tp_error *error)
{
    tp_source source;
    unsigned char *block = NULL;
    size_t bytes = 0, got = 0;
    tp_tensor *x = NULL, *y = NULL;
    tp_status status = tp_source_file(&source, memory, path, error);
    if (status != TP_OK) return status;
    const uint64_t most = source.size == TP_SIZE_UNKNOWN ? UINT64_MAX : source.size;
    status = tp_source_take(&source, most, &block, &bytes, &got, error);
    const char *text = (const char *)block;
    cursor c = {.at = text, .begin = text, .end = text ? text + got : NULL, .name = path};
    if (status == TP_OK) status = parse(&c, form, dtype, memory, &x, &y, error);
    tp_deallocate(&source.memory, block, bytes);
    tp_source_close(&source);
    if (status != TP_OK) {
        tp_tensor_release(x);
        tp_tensor_release(y);
        return status;
    }
    *inputs = x;
    *labels = y;
    return TP_OK;
}
