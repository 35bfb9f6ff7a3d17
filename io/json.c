/* The reader and writer of JSON, and UTF-8. */
#include "io/json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE 256

/* ---- UTF-8 ---- */

size_t tp_utf8(const char *at, size_t n)
{
    const unsigned char *c = (const unsigned char *)at;
    if (n == 0) return 0;
    if (c[0] < 0x80) return 1;
    const size_t length = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    if (c[0] < 0xc2 || c[0] > 0xf4 || length > n) return 0;
    /* the second byte excludes long forms, surrogates (U+D800..DFFF) and what lies past U+10FFFF */
    const unsigned char low = c[0] == 0xe0 ? 0xa0 : c[0] == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = c[0] == 0xed ? 0x9f : c[0] == 0xf4 ? 0x8f : 0xbf;
    if (c[1] < low || c[1] > high) return 0;
    for (size_t i = 2; i < length; i++)
        if ((c[i] & 0xc0) != 0x80) return 0;
    return length;
}

/* Writes the character's bytes and returns how many. */
static size_t write_utf8(char *to, uint32_t code)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    const size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length - 1; i > 0; i--) {
        to[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    to[0] = (char)(lead[length] | code);
    return length;
}

const char *tp_name_text(char text[TP_NAME_TEXT], const char *name)
{
    static const char more[] = "...";
    const size_t room = TP_NAME_TEXT - sizeof more, n = strlen(name);
    size_t used = 0;
    while (used < n) {
        const size_t length = tp_utf8(name + used, n - used), step = length ? length : 1;
        if (used + step > room) {
            memcpy(text + used, more, sizeof more);
            return text;
        }
        memcpy(text + used, name + used, step);
        if (!length || (unsigned char)name[used] < 0x20 || name[used] == 0x7f) text[used] = '?';
        used += step;
    }
    text[used] = 0;
    return text;
}

/* ---- pieces ---- */

bool tp_json_fail(tp_json *json, tp_status status, size_t at, const char *format, ...)
{
    if (json->error.status != TP_OK) return false;
    char text[MESSAGE];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    tp_fail(&json->error, status, "byte %" PRIu64 ": %s: %s", json->base + at, text, json->name);
    return false;
}

size_t tp_json_next(tp_json *json)
{
    while (json->at < json->n && memchr(" \t\n\r", json->text[json->at], 4)) json->at++;
    return json->at;
}

/* "'x'" for what can be printed, "a byte 1f", "the end". */
static const char *found(const tp_json *json, char text[16])
{
    const unsigned char c = json->at < json->n ? (unsigned char)json->text[json->at] : 0;
    if (json->at >= json->n) return "the header ends";
    snprintf(text, 16, c > 0x20 && c < 0x7f ? "there is '%c'" : "there is %02x", c);
    return text;
}

static bool unexpected(tp_json *json, const char *wanted)
{
    char text[16];
    return tp_json_fail(json, TP_E_FORMAT, json->at, "%s is wanted, and %s", wanted, found(json, text));
}

bool tp_json_take(tp_json *json, char character)
{
    const char wanted[] = {'\'', character, '\'', 0};
    if (json->error.status != TP_OK) return false;
    if (tp_json_next(json) >= json->n || json->text[json->at] != character) return unexpected(json, wanted);
    json->at++;
    return true;
}

int tp_json_item(tp_json *json, char close, bool first)
{
    const char wanted[] = {'\'', ',', '\'', ' ', 'o', 'r', ' ', '\'', close, '\'', 0};
    if (json->error.status != TP_OK) return -1;
    const char c = tp_json_next(json) < json->n ? json->text[json->at] : 0;
    if (c == close) {
        json->at++;
        return 0;
    }
    if (first) return 1;
    if (c != ',' || json->at >= json->n) return unexpected(json, wanted) - 1;
    json->at++;
    return 1;
}

/* Four hexadecimal digits at `at`; false when they are not there. */
static bool hexadecimal(const tp_json *json, size_t at, uint32_t *value)
{
    *value = 0;
    if (json->n < 4 || at > json->n - 4) return false;
    for (size_t i = 0; i < 4; i++) {
        const char c = json->text[at + i];
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) return false;
        *value = *value << 4 | (uint32_t)digit;
    }
    return true;
}

/* What follows "\u": one code, or two that are a pair of surrogates. */
static bool unicode_escape(tp_json *json, uint32_t *code)
{
    const size_t start = json->at - 2;
    uint32_t low;
    if (!hexadecimal(json, json->at, code))
        return tp_json_fail(json, TP_E_FORMAT, start, "\\u needs four hexadecimal digits");
    json->at += 4;
    if (*code == 0) return tp_json_fail(json, TP_E_FORMAT, start, "a NUL in a text");
    if (*code < 0xd800 || *code > 0xdfff) return true;
    const bool pair = *code < 0xdc00 && json->n - json->at >= 6 && json->text[json->at] == '\\' &&
                      json->text[json->at + 1] == 'u' && hexadecimal(json, json->at + 2, &low) && low >= 0xdc00 &&
                      low <= 0xdfff;
    if (!pair) return tp_json_fail(json, TP_E_FORMAT, start, "half a pair of surrogates");
    *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
    json->at += 6;
    return true;
}

/* The character that an escape stands for. */
static bool escape(tp_json *json, uint32_t *code)
{
    static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char c = ++json->at < json->n ? json->text[json->at] : 0;
    const char *name = c ? strchr(names, c) : NULL;
    if (c != 'u' && !name) return tp_json_fail(json, TP_E_FORMAT, json->at - 1, "there is no such escape");
    json->at++;
    if (c == 'u') return unicode_escape(json, code);
    *code = (uint32_t)meant[name - names];
    return true;
}

char *tp_json_string(tp_json *json)
{
    if (json->error.status == TP_OK && (tp_json_next(json) >= json->n || json->text[json->at] != '"'))
        unexpected(json, "a text");
    if (json->error.status != TP_OK) return NULL;
    char *const start = json->text + ++json->at, *to = start;
    for (;;) {
        const char *c = json->text + json->at;
        const size_t length = json->at < json->n ? tp_utf8(c, json->n - json->at) : 0;
        uint32_t code;
        if (json->at >= json->n) {
            tp_json_fail(json, TP_E_FORMAT, json->at, "the header ends in a text");
        } else if (!length) {
            tp_json_fail(json, TP_E_FORMAT, json->at, "the text is not UTF-8");
        } else if (*c == '"') {
            json->at++;
            *to = 0; /* at the latest over the quotation mark */
            return start;
        } else if (*c == '\\') {
            if (escape(json, &code)) to += write_utf8(to, code); /* never longer than the escape */
        } else if ((unsigned char)*c < 0x20) {
            tp_json_fail(json, TP_E_FORMAT, json->at, "a control character %02x in a text", (unsigned char)*c);
        } else {
            memmove(to, c, length);
            to += length;
            json->at += length;
        }
        if (json->error.status != TP_OK) return NULL;
    }
}

char *tp_json_key(tp_json *json)
{
    char *key = tp_json_string(json);
    return tp_json_take(json, ':') ? key : NULL;
}

bool tp_json_count(tp_json *json, uint64_t *value)
{
    if (json->error.status != TP_OK) return false;
    const size_t start = tp_json_next(json);
    *value = 0;
    for (; json->at < json->n && json->text[json->at] >= '0' && json->text[json->at] <= '9'; json->at++) {
        const unsigned digit = (unsigned)(json->text[json->at] - '0');
        if (*value > ((uint64_t)INT64_MAX - digit) / 10)
            return tp_json_fail(json, TP_E_LIMIT, start, "a number of 2^63 or more");
        *value = *value * 10 + digit;
    }
    if (json->at == start) return unexpected(json, "a whole number, 0 or more,");
    if (json->text[start] == '0' && json->at > start + 1)
        return tp_json_fail(json, TP_E_FORMAT, start, "a number that begins with 0");
    return true;
}

bool tp_json_end(tp_json *json)
{
    if (json->error.status != TP_OK) return false;
    return tp_json_next(json) >= json->n || unexpected(json, "nothing more");
}

/* ---- writing ---- */

void tp_buffer_json(tp_buffer *buffer, const char *text)
{
    static const char names[] = "\"\\bfnrt", meant[] = "\"\\\b\f\n\r\t";
    const char *plain = text;
    tp_buffer_add(buffer, "\"", 1);
    for (; *text; text++) {
        const char *known = strchr(meant, *text);
        if (!known && (unsigned char)*text >= 0x20) continue;
        tp_buffer_add(buffer, plain, (size_t)(text - plain));
        if (known)
            tp_buffer_text(buffer, "\\%c", names[known - meant]);
        else
            tp_buffer_text(buffer, "\\u%04x", (unsigned)*text);
        plain = text + 1;
    }
    tp_buffer_add(buffer, plain, (size_t)(text - plain));
    tp_buffer_add(buffer, "\"", 1);
}
