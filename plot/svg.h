/* A growing text and the elements of SVG. Numbers are formatted here, whatever the locale; lengths are in pixels, y
   grows downwards. Invariant: after a failed allocation nothing more is added and `failed` stays set. */
#ifndef TAPIR_PLOT_SVG_H
#define TAPIR_PLOT_SVG_H

#include "core/memory.h"

typedef struct svg {
    const tp_allocator *memory;
    char *text; /* NUL-terminated once svg_end was called */
    uint32_t length, capacity;
    bool failed;
} svg;

void svg_begin(svg *out, double width, double height);
/* The same with further rules for the stylesheet. */
void svg_begin_styled(svg *out, double width, double height, const char *rules);
void svg_end(svg *out);
void svg_free(svg *out);

/* Adds `format`, where @n is a double with at most two decimals, @p one with at most one, @d an int, @s a string as it
   is, @t a text, escaped. */
void svg_add(svg *out, const char *format, ...);

/* Text in one of the stylesheet's classes; `width` (0: any) is the room there is: the font gets smaller to keep to it.
   `turn` is in degrees, clockwise. */
void svg_text(svg *out, const char *class, double x, double y, double width, double turn, const char *text);
/* About how wide it is in the font of the class. */
double svg_text_width(const char *class, const char *text);

/* A PNG stretched over the rectangle. */
void svg_image(svg *out, double x, double y, double width, double height, bool smooth, const unsigned char *png,
               size_t n);

/* "1.5", "-3", "2·10⁶": value = digits * 10^exponent, written without rounding. */
#define SVG_NUMBER 48
const char *svg_decimal(char text[SVG_NUMBER], int64_t digits, int exponent);

#endif
