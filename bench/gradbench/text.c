/* A text that grows, and numbers as JSON. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gradbench/gradbench.h"

static char *text_room(gb_text *text, size_t n)
{
    if (text->short_of_memory) return NULL;
    if (text->room - text->used < n) {
        const size_t room = 2 * text->room + n + 256;
        char *bytes = room > text->room ? realloc(text->bytes, room) : NULL;
        if (!bytes) {
            text->short_of_memory = true;
            return NULL;
        }
        text->bytes = bytes, text->room = room;
    }
    return text->bytes + text->used;
}

void gb_put_bytes(gb_text *text, const char *bytes, size_t n)
{
    char *at = text_room(text, n);
    if (!at) return;
    memcpy(at, bytes, n);
    text->used += n;
}

void gb_put(gb_text *text, const char *words)
{
    gb_put_bytes(text, words, strlen(words));
}

void gb_put_char(gb_text *text, char c)
{
    gb_put_bytes(text, &c, 1);
}

void gb_put_int(gb_text *text, int64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0) digits[--at] = '-';
    gb_put_bytes(text, digits + at, sizeof digits - at);
}

void gb_put_number(gb_text *text, double value)
{
    if (!isfinite(value)) {
        text->not_finite = true;
        gb_put(text, "null");
    } else if (fabs(value) < 1e15 && value == trunc(value)) {
        gb_put_int(text, (int64_t)value);
    } else {
        char digits[32];
        gb_put_bytes(text, digits, (size_t)snprintf(digits, sizeof digits, "%.17g", value));
    }
}

void gb_put_string(gb_text *text, const char *words)
{
    gb_put_char(text, '"');
    for (const unsigned char *c = (const unsigned char *)words; *c; c++) {
        if (*c == '"' || *c == '\\') {
            gb_put_bytes(text, (const char[]){'\\', (char)*c}, 2);
        } else {
            gb_put_char(text, *c < ' ' || *c > '~' ? '?' : (char)*c);
        }
    }
    gb_put_char(text, '"');
}

void gb_put_list(gb_text *text, const double *values, int64_t n)
{
    gb_put_char(text, '[');
    for (int64_t i = 0; i < n; i++) {
        if (i) gb_put_char(text, ',');
        gb_put_number(text, values[i]);
    }
    gb_put_char(text, ']');
}

void gb_put_matrix(gb_text *text, const double *values, int64_t rows, int64_t columns)
{
    gb_put_char(text, '[');
    for (int64_t i = 0; i < rows; i++) {
        if (i) gb_put_char(text, ',');
        gb_put_list(text, values + i * columns, columns);
    }
    gb_put_char(text, ']');
}

void gb_put_tensor(gb_text *text, const tp_tensor *tensor)
{
    const double *values = tp_tensor_read(tensor);
    const int rank = tp_tensor_rank(tensor);
    const int64_t *dims = tp_tensor_dims(tensor), n = tp_tensor_count(tensor);
    if (!values || tp_tensor_dtype(tensor) != TP_F64 || !tp_tensor_dense(tensor)) {
        gb_put_number(text, (double)NAN);
    } else if (rank == 0) {
        gb_put_number(text, values[0]);
    } else {
        for (int64_t i = 0; i < n; i++) {
            int64_t block = 1; /* as many brackets are opened as blocks begin here */
            if (i) gb_put_char(text, ',');
            for (int d = rank - 1; d >= 0; d--) {
                block *= dims[d];
                if (i % block == 0) gb_put_char(text, '[');
            }
            gb_put_number(text, values[i]);
            block = 1;
            for (int d = rank - 1; d >= 0; d--) {
                block *= dims[d];
                if ((i + 1) % block == 0) gb_put_char(text, ']');
            }
        }
        if (n == 0) gb_put(text, "[]");
    }
}

void gb_put_var(gb_text *text, tp_var value)
{
    if (tp_var_rank(value) > 0)
        gb_put_tensor(text, tp_value(value));
    else
        gb_put_number(text, tp_item(value));
}

void gb_text_free(gb_text *text)
{
    free(text->bytes);
    *text = (gb_text){0};
}
