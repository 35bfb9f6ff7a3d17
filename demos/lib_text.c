/* Reading the text through the program that prints it. */
#define _POSIX_C_SOURCE 200809L
#include "lib_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char command[] = "echo gen1:1-rev22:21 | bible -f 2>/dev/null";

enum { LONGEST = 4096, LEAST = 1 << 20 };

/* "Ge1:1 In the beginning": what stands behind the number; NULL for what is no verse. */
static const char *verse_of(const char *line)
{
    const char *space = strchr(line, ' '), *colon = strchr(line, ':');
    return space && colon && colon < space && strncmp(line, "bible", 5) != 0 ? space + 1 : NULL;
}

static void add(text *t, size_t *room, const char *verse)
{
    const size_t n = strlen(verse), used = (size_t)t->size;
    if (used + n > *room) {
        unsigned char *more = realloc(t->numbers, 2 * *room + LONGEST);
        if (!more) return;
        t->numbers = more;
        *room = 2 * *room + LONGEST;
    }
    memcpy(t->numbers + used, verse, n);
    t->size += (int64_t)n;
}

static void number(text *t)
{
    unsigned char numbers[256] = {0};
    for (int64_t i = 0; i < t->size; i++) numbers[t->numbers[i]] = 1;
    for (int k = 0; k < 256; k++) {
        if (!numbers[k]) continue;
        numbers[k] = (unsigned char)t->kinds;
        t->character[t->kinds++] = (char)k;
    }
    for (int64_t i = 0; i < t->size; i++) t->numbers[i] = numbers[t->numbers[i]];
}

bool text_read(text *t)
{
    char line[LONGEST];
    size_t room = 0;
    *t = (text){0};
    FILE *stream = popen(command, "r");
    while (stream && fgets(line, sizeof line, stream)) {
        const char *verse = verse_of(line);
        if (verse) add(t, &room, verse);
    }
    if (stream) pclose(stream);
    number(t);
    if (t->size >= LEAST) return true;
    printf("There is no text to read: it comes with Debian's package bible-kjv.\n");
    text_free(t);
    return false;
}

void text_free(text *t)
{
    free(t->numbers);
    *t = (text){0};
}

void text_fill(const text *t, int64_t first, int64_t stride, int64_t steps, int64_t rows, int64_t *x, int64_t *next)
{
    for (int64_t i = 0; i < steps * rows; i++) {
        const unsigned char *at = t->numbers + first + i % rows * stride + i / rows;
        x[i] = at[0];
        next[i] = at[1];
    }
}
