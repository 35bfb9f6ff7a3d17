/* Text that grows, numbers as text, and what a terminal makes of UTF-8. Memory comes from the allocator given; a text
   that could not grow says so in `failed` and stays valid. */
#ifndef TAPIR_CLI_TEXT_H
#define TAPIR_CLI_TEXT_H

#include <stdio.h>

#include <tapir/base.h>

/* The program's own: malloc. */
tp_allocator cli_malloc(void);

/* Room for `need` items of `size` bytes behind *items, which has room for *room; what is there stays. False when memory
   is short: then nothing changed. */
bool cli_reserve(const tp_allocator *memory, void *items, size_t *room, size_t need, size_t size);
void cli_release(const tp_allocator *memory, void *items, size_t room, size_t size);

typedef struct cli_text {
    const tp_allocator *memory;
    char *at; /* ends in a NUL; NULL while nothing was put */
    size_t length, room;
    bool failed;
} cli_text;

/* What was put, "" for nothing. */
const char *cli_string(const cli_text *text);
void cli_put(cli_text *text, const char *string);
void cli_put_bytes(cli_text *text, const char *bytes, size_t n);
void cli_putf(cli_text *text, const char *format, ...) TP_PRINTF(2, 3);
/* To `digits` significant ones, as %g; -0 as 0. */
void cli_put_number(cli_text *text, double x, int digits);
/* Foreign bytes made fit for a line on a terminal: tabs and ends of lines become blanks, other control characters and
   what is no UTF-8 '?'. */
void cli_put_plain(cli_text *text, const char *bytes, size_t n);
void cli_clear(cli_text *text);
void cli_text_free(cli_text *text);

/* The code point at `bytes` (n > 0) and in *length how many bytes it takes; -1, and 1 byte, where there is none. */
int32_t cli_decode(const char *bytes, size_t n, size_t *length);
/* Columns that it takes: 0, 1 or 2. */
int cli_columns(int32_t point);
/* Columns of a whole text. */
size_t cli_width(const char *bytes, size_t n);

#endif
