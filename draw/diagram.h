/* The inside of a diagram: what was added, and how it is painted. */
#ifndef TAPIR_DRAW_DIAGRAM_H
#define TAPIR_DRAW_DIAGRAM_H

#include <tapir/draw.h>

#include "draw/layout.h"
#include "plot/svg.h"

typedef struct vertex {
    const char *label;
    tp_diagram_style style;
    double wide, high;  /* half of the shape's extents */
    bool reached, left; /* an edge leads to it, from it */
} vertex;

typedef struct edge {
    int from, to;
    const char *above, *below;
} edge;

typedef struct frame {
    int parent; /* 0: none */
    const char *title;
} frame;

struct tp_diagram {
    tp_allocator memory;
    tp_diagram_options options;
    store kept; /* texts */
    vertex *nodes;
    edge *edges;
    frame *frames; /* number 1 is the first */
    uint32_t node_count, node_room, edge_count, edge_room, frame_count, frame_room;
    struct network *network; /* drawn instead of the graph; NULL: none */
    tp_status status;
    char message[TP_ERROR_LENGTH];
    svg out;
};

/* Keeps the first error. */
tp_status diagram_fail(tp_diagram *d, const char *function, tp_status status, const char *format, ...) TP_PRINTF(4, 5);
/* Writes the graph, or the network, to d->out. */
tp_status diagram_paint(tp_diagram *d, const char *function, tp_error *error);
tp_status network_paint(tp_diagram *d, const char *function, tp_error *error);
/* Writes the diagram to the file and frees it; NULL passes the error on that it left. */
tp_status diagram_finish(tp_diagram *d, const char *function, const char *path, tp_error *error);

/* The colours of drawings, as rules for the stylesheet. */
extern const char diagram_rules[];

/* "-0.25", "1.5·10⁻⁷", "NaN", "∞": with so many significant digits. */
#define NUMBER_TEXT SVG_NUMBER
const char *number_text(char text[NUMBER_TEXT], double x, int digits);

#endif
