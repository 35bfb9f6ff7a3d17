/* English text out of copyright as numbers of characters: the King James Bible, from Debian's package bible-kjv. */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct text {
    unsigned char *numbers; /* of characters, below `kinds` */
    int64_t size;
    int kinds;
    char character[256]; /* of a number */
} text;

/* The verses without their numbers, a line each. False where there are none, after saying where they come from. */
bool text_read(text *t);
void text_free(text *t);
/* Row b of `rows` reads on from first + b stride: x (steps, rows), and in `next` the character behind each. */
void text_fill(const text *t, int64_t first, int64_t stride, int64_t steps, int64_t rows, int64_t *x, int64_t *next);

#endif
