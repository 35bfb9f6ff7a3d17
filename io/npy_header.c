/* What stands before the elements of an npy file: magic, version, length, and a dictionary as Python writes it. */
#include "io/npy_header.h"

#include <inttypes.h>
#include <string.h>

#include "core/tensor.h"
#include "io/json.h"

#define MAGIC "\x93NUMPY"
#define MAGIC_BYTES 6
#define LONGEST 65535 /* bytes of a header: what a version 1 can say, and far more than eight dims need */

/* The dictionary's text. Errors count bytes from the file's start. */
typedef struct scanner {
    const char *text, *name;
    size_t n, at;
    uint64_t base;
    tp_error *error;
} scanner;

static bool wrong(const scanner *s, tp_status status, const char *what)
{
    tp_fail(s->error, status, "byte %" PRIu64 ": %s: %s", s->base + s->at, what, s->name);
    return false;
}

static char next(scanner *s)
{
    while (s->at < s->n && memchr(" \t\r\n", s->text[s->at], 4)) s->at++;
    return s->at < s->n ? s->text[s->at] : 0;
}

/* Passes over the character if it comes. */
static bool comes(scanner *s, char character)
{
    if (next(s) != character) return false;
    s->at++;
    return true;
}

/* A string between ' or ", without escapes. */
static bool read_string(scanner *s, const char **text, size_t *n)
{
    const char quote = next(s);
    if (quote != '\'' && quote != '"') return wrong(s, TP_E_FORMAT, "a string is wanted");
    *text = s->text + ++s->at;
    const char *end = memchr(*text, quote, s->n - s->at);
    if (!end) return wrong(s, TP_E_FORMAT, "the string is not closed");
    *n = (size_t)(end - *text);
    if (memchr(*text, '\\', *n)) return wrong(s, TP_E_FORMAT, "a string with a backslash");
    s->at += *n + 1;
    return true;
}

static bool is(const char *text, size_t n, const char *word)
{
    return strlen(word) == n && memcmp(text, word, n) == 0;
}

/* "<f4": byte order, kind, size. */
static bool read_descr(scanner *s, tp_npy_header *header)
{
    const char *text;
    size_t n, start = s->at;
    if (next(s) == '[') return wrong(s, TP_E_UNSUPPORTED, "an array of records, for which there is no dtype");
    if (!read_string(s, &text, &n)) return false;
    const bool ordered = n > 0 && memchr("<>|=", text[0], 4);
    const char order = ordered ? text[0] : '=', *kind = text + ordered;
    const size_t size = n == (size_t)ordered + 2 && kind[1] >= '0' && kind[1] <= '9' ? (size_t)(kind[1] - '0') : 0;
    header->encoding = size && kind[0] != 'B' ? tp_encoding_find(kind[0], size) : NULL;
    if (header->encoding) {
        if (size > 1 && order == '|') return wrong(s, TP_E_FORMAT, "an element type without byte order");
        header->swapped = size > 1 && order != '=' && (order == '>') != TP_HOST_BIG;
        return true;
    }
    char name[TP_NAME_TEXT], copy[TP_NAME_TEXT];
    const size_t shown = n < sizeof copy - 1 ? n : sizeof copy - 1;
    memcpy(copy, text, shown);
    copy[shown] = 0;
    tp_fail(s->error, TP_E_UNSUPPORTED, "byte %" PRIu64 ": elements \"%s\", for which there is no dtype: %s",
            s->base + start, tp_name_text(name, copy), s->name);
    return false;
}

static bool read_order(scanner *s, tp_npy_header *header)
{
    static const char *const words[] = {"False", "True"};
    next(s);
    for (int i = 0; i < 2; i++) {
        const size_t n = strlen(words[i]);
        if (s->n - s->at < n || memcmp(s->text + s->at, words[i], n) != 0) continue;
        s->at += n;
        header->fortran = i == 1;
        return true;
    }
    return wrong(s, TP_E_FORMAT, "True or False is wanted");
}

static bool read_dim(scanner *s, int64_t *dim)
{
    const char first = next(s);
    if (first < '0' || first > '9') return wrong(s, TP_E_FORMAT, "a whole number, 0 or more, is wanted");
    for (*dim = 0; s->at < s->n && s->text[s->at] >= '0' && s->text[s->at] <= '9'; s->at++) {
        const int digit = s->text[s->at] - '0';
        if (*dim > (INT64_MAX - digit) / 10) return wrong(s, TP_E_LIMIT, "a dim of 2^63 or more");
        *dim = *dim * 10 + digit;
    }
    if (s->at < s->n && s->text[s->at] == 'L') s->at++; /* as Python 2 wrote long integers */
    return true;
}

/* "()", "(3,)", "(3, 4)"; one number in brackets would be no tuple. */
static bool read_shape(scanner *s, tp_npy_header *header)
{
    bool comma = true;
    if (!comes(s, '(')) return wrong(s, TP_E_FORMAT, "'(' is wanted");
    for (header->rank = 0; next(s) != ')'; header->rank++) {
        if (!comma) return wrong(s, TP_E_FORMAT, "',' or ')' is wanted");
        if (header->rank == TP_MAX_RANK) return wrong(s, TP_E_LIMIT, "more than 8 dims");
        if (!read_dim(s, &header->dims[header->rank])) return false;
        comma = comes(s, ',');
    }
    s->at++;
    return header->rank != 1 || comma || wrong(s, TP_E_FORMAT, "a shape that is no tuple");
}

static bool read_item(scanner *s, tp_npy_header *header, unsigned *seen)
{
    const char *key;
    size_t n;
    if (!read_string(s, &key, &n)) return false;
    const unsigned which = is(key, n, "descr") ? 1 : is(key, n, "fortran_order") ? 2 : is(key, n, "shape") ? 4 : 0;
    if (!which) return wrong(s, TP_E_FORMAT, "there is no such key");
    if (*seen & which) return wrong(s, TP_E_FORMAT, "a key that comes twice");
    *seen |= which;
    if (!comes(s, ':')) return wrong(s, TP_E_FORMAT, "':' is wanted");
    return which == 1 ? read_descr(s, header) : which == 2 ? read_order(s, header) : read_shape(s, header);
}

static bool read_dictionary(scanner *s, tp_npy_header *header)
{
    unsigned seen = 0;
    bool comma = true;
    if (!comes(s, '{')) return wrong(s, TP_E_FORMAT, "'{' is wanted");
    while (next(s) != '}') {
        if (!comma) return wrong(s, TP_E_FORMAT, "',' or '}' is wanted");
        if (!read_item(s, header, &seen)) return false;
        comma = comes(s, ',');
    }
    s->at++;
    if (next(s) || s->at < s->n) return wrong(s, TP_E_FORMAT, "nothing more is wanted");
    return seen == 7 || wrong(s, TP_E_FORMAT, "descr, fortran_order and shape are wanted");
}

/* Reads n bytes that stand at `at`. */
static tp_status read_exactly(tp_source *source, void *to, size_t n, uint64_t at, const char *what, tp_error *error)
{
    size_t got;
    const tp_status status = tp_source_read(source, to, n, &got, error);
    if (status != TP_OK || got == n) return status;
    return tp_fail(error, TP_E_FORMAT, "byte %" PRIu64 ": %s needs %zu bytes, there are %zu: %s", at, what, n, got,
                   source->name);
}

/* Magic, version and length: *head bytes, after which `length` bytes of text come. */
static tp_status read_length(tp_source *source, size_t *head, size_t *length, tp_error *error)
{
    unsigned char start[MAGIC_BYTES + 2], size[4] = {0};
    tp_status status = read_exactly(source, start, sizeof start, 0, "the magic number", error);
    if (status != TP_OK) return status;
    if (memcmp(start, MAGIC, MAGIC_BYTES) != 0)
        return tp_fail(error, TP_E_FORMAT, "byte 0: it does not begin with \"\\x93NUMPY\": %s", source->name);
    const unsigned char major = start[MAGIC_BYTES], minor = start[MAGIC_BYTES + 1];
    if (major < 1 || major > 3 || minor != 0)
        return tp_fail(error, TP_E_UNSUPPORTED, "byte 6: version %d.%d, 1.0 to 3.0 are known: %s", major, minor,
                       source->name);
    const size_t bytes = major == 1 ? 2 : 4;
    status = read_exactly(source, size, bytes, sizeof start, "the header's length", error);
    *head = sizeof start + bytes;
    *length = (size_t)size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16 | (size_t)size[3] << 24;
    if (status == TP_OK && *length > LONGEST)
        return tp_fail(error, TP_E_LIMIT, "byte 8: a header of %zu bytes, more than %d: %s", *length, LONGEST,
                       source->name);
    return status;
}

tp_status tp_npy_read_header(tp_source *source, tp_npy_header *header, tp_error *error)
{
    size_t head = 0, length = 0;
    *header = (tp_npy_header){0};
    tp_status status = read_length(source, &head, &length, error);
    if (status != TP_OK) return status;
    char *text = tp_allocate(&source->memory, length + 1);
    if (!text) return tp_fail(error, TP_E_MEMORY, "out of memory for the header: %s", source->name);
    status = read_exactly(source, text, length, head, "the header", error);
    scanner s = {.text = text, .name = source->name, .n = length, .base = head, .error = error};
    tp_error local = {.status = TP_OK};
    if (!error) s.error = &local;
    if (status == TP_OK && !read_dictionary(&s, header)) status = s.error->status;
    tp_deallocate(&source->memory, text, length + 1);
    if (status != TP_OK) return status;
    header->data = head + length;
    char shape[TP_SHAPE_TEXT];
    if (tp_tensor_check(TP_F64, header->rank, header->dims, &header->count, NULL) == TP_OK) return TP_OK;
    return tp_fail(error, TP_E_LIMIT, "byte %zu: the size of %s overflows: %s", head,
                   tp_shape_text(shape, header->rank, header->dims), source->name);
}
