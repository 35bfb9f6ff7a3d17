/* Writing SVG pictures: a few shapes, escaped text, embedded PNGs. Lengths are in pixels, y grows downwards. */
#ifndef LIB_SVG_H
#define LIB_SVG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct svg {
    FILE *file;
} svg;

/* Begins a picture on a white ground. False when the file cannot be written. */
bool svg_begin(svg *picture, const char *path, double width, double height);
/* Ends and closes it. False when anything could not be written. */
bool svg_end(svg *picture);

void svg_line(svg *picture, double x1, double y1, double x2, double y2, const char *colour, double width);
/* `dash` is SVG's stroke-dasharray, "none" for a full line. */
void svg_polyline(svg *picture, int n, const double *x, const double *y, const char *colour, const char *dash);
void svg_rect(svg *picture, double x, double y, double width, double height, const char *fill, const char *stroke);
void svg_circle(svg *picture, double x, double y, double radius, const char *fill, const char *stroke);

typedef enum svg_anchor { SVG_START = 0, SVG_MIDDLE, SVG_END } svg_anchor;
typedef struct svg_font {
    double size;
    const char *colour;
    svg_anchor anchor;
    bool bold;
    double turn; /* degrees, clockwise */
} svg_font;
/* `text` is UTF-8; what XML gives a meaning is escaped. */
void svg_text(svg *picture, double x, double y, svg_font font, const char *text);

/* A PNG of `n` bytes stretched over the rectangle, its pixels kept square. */
void svg_png(svg *picture, double x, double y, double width, double height, const unsigned char *png, size_t n);

#endif
