/* How much room nodes and the texts on wires take. */
#ifndef TAPIR_DRAW_MEASURE_H
#define TAPIR_DRAW_MEASURE_H

#include "draw/diagram.h"

enum {
    GATE = 19,    /* radius of a circle */
    CAPTION = 15, /* height of the text over a shape */
    TEXT_GAP = 4, /* from a wire to a label without a shape */
    STEM_PAD = 6  /* before and after a text on a wire */
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
/* A text on a wire: lines, or with tabs between cells a matrix in brackets. */
double block_width(const char *text);
double block_height(const char *text);
/* Writes it in the middle of x, above y or below it. */
void block_write(svg *out, const char *class, double x, double y, bool above, const char *text);
/* How long the wire is on which a node's texts stand; 0 without any. */
double stem_length(const char *above, const char *below);
/* Of a label without a shape: how far it goes on after its line. It ends where circles in its rank end, so that their
   wires begin one below the other; one that an edge leads to begins there. */
double text_after(const vertex *n);
/* What the node takes up, as the layout wants it. */
spot node_spot(const tp_diagram *d, const vertex *n);

#endif
