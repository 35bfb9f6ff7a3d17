/* How much room nodes and the texts on wires take. */
#ifndef TAPIR_DRAW_MEASURE_H
#define TAPIR_DRAW_MEASURE_H

#include "draw/diagram.h"

enum {
    GATE = 19,       /* radius of a circle */
    VALUE_HIGH = 19, /* of the text above a wire, or below */
    STEM_PAD = 6     /* before and after a text on a wire */
};

/* The widest line of a text, and how many lines it has; 0 for NULL. */
double lines_width(const char *class, const char *text);
int lines_count(const char *text);
/* Writes its lines one below the other: the first has its base line at y. */
void lines_write(svg *out, const char *class, double x, double y, double step, const char *text);

/* A diagram's title: its first line large, the others below it. */
void title_write(svg *out, double x, const char *title);

/* Fills in the extents of the shape. */
void node_measure(vertex *n);
/* The font of the label. */
const char *node_font(const vertex *n);
/* How long the wire is on which a node's texts stand; 0 without any. */
double stem_length(const char *above, const char *below);
/* What the node takes up, as the layout wants it. */
spot node_spot(const tp_diagram *d, const vertex *n);

#endif
