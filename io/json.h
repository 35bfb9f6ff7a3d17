/* A strict reader of JSON (RFC 8259) for text that is not trusted: it goes forward over the text, piece by piece, as
   the caller's format asks for pieces; so there is no nesting to recurse into, and nothing that was not asked for.
   Strings are decoded where they stand, which destroys the text. */
#ifndef TAPIR_IO_JSON_H
#define TAPIR_IO_JSON_H

#include <tapir/base.h>

#include "io/write.h"

typedef struct tp_json {
    char *text;
    size_t n, at;
    uint64_t base;    /* where the text begins in the file: messages count from the file's start */
    const char *name; /* of the file */
    tp_error error;   /* the first; all calls fail after it */
} tp_json;

/* Sets the error "byte <at in the file>: <message>: <name>"; returns false. */
bool tp_json_fail(tp_json *json, tp_status status, size_t at, const char *format, ...) TP_PRINTF(4, 5);
/* Over white space: the given character must come. */
bool tp_json_take(tp_json *json, char character);
/* In an object or array, after its bracket (first) or an item: 1 when another item follows, 0 after the bracket
   `close`, -1 after an error. */
int tp_json_item(tp_json *json, char close, bool first);
/* A string without NUL; it is UTF-8, NUL-terminated, and lives in the text. NULL after an error. */
char *tp_json_string(tp_json *json);
/* A string and the colon after it. */
char *tp_json_key(tp_json *json);
/* An integer from 0 to 2^63 - 1 without sign, fraction, exponent or leading zero. */
bool tp_json_count(tp_json *json, uint64_t *value);
/* There must be nothing more. */
bool tp_json_end(tp_json *json);
/* The place of the next piece. */
size_t tp_json_next(tp_json *json);

/* Bytes of the UTF-8 character at `at`, of which n can be read; 0 when it is none: too long a form, a surrogate, past
   U+10FFFF. */
size_t tp_utf8(const char *at, size_t n);
/* Adds a string with its quotation marks. Escaped are ", \ and what lies below U+0020. */
void tp_buffer_json(tp_buffer *buffer, const char *text);

/* A name from a file as part of a message: cut off, without control characters. */
#define TP_NAME_TEXT 84
const char *tp_name_text(char text[TP_NAME_TEXT], const char *name);

#endif
