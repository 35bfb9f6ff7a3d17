/* Drawings of graphs as SVG, laid out by the library itself: circuits of scalars and tensors with values above the
   wires and gradients below, models by module, the textbook's picture of a multilayer perceptron, and graphs of one's
   own. Like every picture (see tapir/plot.h) they adapt to a light or a dark page, and their bytes depend on nothing
   but what is drawn. */
#ifndef TAPIR_DRAW_H
#define TAPIR_DRAW_H

#include <stdio.h>

#include <tapir/nn_module.h>
#include <tapir/plot.h>
#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A graph of nodes and edges without circles, drawn in columns from left to right (or in rows downwards): each edge
   leads to a later column, few edges cross, long ones run straight. Calls copy what they are given. A diagram keeps its
   *first* error: every later call returns it and adds nothing, and writing reports it. In options zero means the
   default, given in brackets; options may be NULL. Texts are UTF-8. */
typedef struct tp_diagram tp_diagram;

enum { TP_DIAGRAM_NODES = 4000, TP_DIAGRAM_EDGES = 16000, TP_DIAGRAM_FRAMES = 1000 }; /* the most of a diagram */

typedef struct tp_diagram_options {
    const char *title;          /* [none] */
    bool down;                  /* rows from the top instead of columns from the left */
    bool arrows;                /* at the ends of edges */
    const tp_allocator *memory; /* [malloc] copied */
} tp_diagram_options;

/* An empty diagram, to be freed with tp_diagram_free. NULL with `error` set: TP_E_MEMORY. */
TP_API tp_diagram *tp_diagram_new(const tp_diagram_options *options, tp_error *error);
TP_API void tp_diagram_free(tp_diagram *diagram);

typedef enum tp_diagram_shape {
    TP_DIAGRAM_BOX = 0,
    TP_DIAGRAM_CIRCLE, /* grows to a capsule where the label is long */
    TP_DIAGRAM_TEXT    /* the label alone */
} tp_diagram_shape;

typedef struct tp_diagram_style {
    tp_diagram_shape shape;
    int colour;                /* [none] 1 to 8, TP_PLOT_GREY, TP_PLOT_INK: see tapir/plot.h */
    const char *note;          /* [none] in a box, below the label, smaller; a newline begins another line */
    const char *caption;       /* [none] over the shape; to its right in a diagram that goes downwards */
    const char *above, *below; /* [none] on the wire that leaves the node: greenish above it, reddish below; not in a
                                  diagram that goes downwards */
    bool first;   /* in the first column, if no edge leads to it and little is lost by it, instead of near to
                     where it is used */
    bool ordered; /* edges arrive in the order in which they were added, from the top */
    int frame;    /* [none] the innermost frame around it */
} tp_diagram_style;

/* Adds a node and returns its number, from 0 on; -1 after an error: TP_E_ARGUMENT for a style out of its range,
   TP_E_LIMIT beyond TP_DIAGRAM_NODES. `label` may be NULL. */
TP_API int tp_diagram_node(tp_diagram *diagram, const char *label, const tp_diagram_style *style);
/* Adds an edge, with texts above and below it where they are not NULL. TP_E_ARGUMENT for numbers that no node has;
   TP_E_LIMIT beyond TP_DIAGRAM_EDGES. Edges that form a circle are found when the diagram is written. */
TP_API tp_status tp_diagram_edge(tp_diagram *diagram, int from, int to, const char *above, const char *below);
/* Begins a frame with a title inside the frame `parent` (0: inside none), and returns its number, from 1 on; -1 after
   an error. A frame is drawn around its nodes where nothing else is in its way. */
TP_API int tp_diagram_frame(tp_diagram *diagram, int parent, const char *title);

/* The first error and its message, as tp_plot_status and tp_plot_error. */
TP_API tp_status tp_diagram_status(const tp_diagram *diagram);
TP_API const char *tp_diagram_error(const tp_diagram *diagram);

/* Writes the drawing: to a file of that name; to an open one; to memory that belongs to the diagram, ends with a NUL
   and is good until the next call. Besides the diagram's own error: TP_E_ARGUMENT for edges that form a circle,
   TP_E_LIMIT where so many edges are so long that nothing could be made out, TP_E_IO (a file that could not be written
   to its end is left as it is), TP_E_MEMORY. */
TP_API tp_status tp_diagram_save(tp_diagram *diagram, const char *path, tp_error *error);
TP_API tp_status tp_diagram_print(tp_diagram *diagram, FILE *file, tp_error *error);
TP_API const char *tp_diagram_svg(tp_diagram *diagram, size_t *length, tp_error *error);

/* ---- circuits ---- */

typedef struct tp_draw_options {
    const char *title;            /* [none] */
    bool no_values, no_gradients; /* leaves them out */
    bool branches;                /* where a wire forks, the part of its gradient that comes back along each branch */
    int digits;                   /* [4] significant ones, at most 17 */
    const tp_allocator *memory;   /* [malloc] */
} tp_draw_options;

/* The circuit that ends in `root`, from left to right: an op is a circle with its symbol and its plain numbers, an
   input its name (tp_name), a constant grey. Above each wire stands its value, below it the gradient of the latest
   walk, where there is one. Of tensors the shape is shown, of small ones the elements. Nothing is recorded. The diagram
   can be added to, and is to be freed. NULL with `error` set: TP_E_ARGUMENT for a handle that is none or digits out of
   range, TP_E_STALE, the tape's error for a poisoned handle, TP_E_LIMIT for more than TP_DIAGRAM_NODES nodes (draw by
   module then), TP_E_MEMORY. */
TP_API tp_diagram *tp_circuit_diagram(tp_var root, const tp_draw_options *options, tp_error *error);
/* The same, written to a file. */
TP_API tp_status tp_draw_circuit(tp_var root, const tp_draw_options *options, const char *path, tp_error *error);

/* ---- modules ---- */

/* What `module` did to make `output`, in rows from the top: a box for each layer (a module that has parameters or no
   children) with the shape of its output and how many parameters it holds, the containers around them as frames, what
   is computed outside of layers as gates, and what comes in. Works on what is recorded, by whichever function, so any
   forward pass does, with its loss too. Views outside of layers are left out, and so are layers that do nothing, like
   dropout in evaluation. Of the options, title and memory count. Nothing is recorded. Errors as tp_circuit_diagram's;
   TP_E_ARGUMENT also when the output does not come from the module; TP_E_LIMIT for more than TP_DIAGRAM_NODES boxes. */
TP_API tp_diagram *tp_module_diagram(tp_module *module, tp_var output, const tp_draw_options *options, tp_error *error);
/* The same, written to a file. */
TP_API tp_status tp_draw_module(tp_module *module, tp_var output, const tp_draw_options *options, const char *path,
                                tp_error *error);

/* ---- networks ---- */

typedef struct tp_draw_network_options {
    const char *title;          /* [none] */
    const char *const *inputs;  /* [none] widths[0] names */
    const char *const *outputs; /* [none] widths[layers - 1] names */
    const char *const *titles;  /* [none] one above each layer; a newline begins another line */
    const tp_tensor *const
        *weights; /* [none] layers - 1 matrices (to, from) as tp_linear_layer has them: on the edges */
    const tp_tensor *const *biases; /* [none] layers - 1 vectors: in the circles; NULL for none */
    const double *const *values;    /* [none] one list a layer: in the circles, instead of biases; NULL for none */
    bool bias_nodes;                /* a unit of constant 1 below each layer but the last */
    int most;                       /* [8] circles in a column, at least 3; wider layers are shortened with dots */
    int digits;                     /* [3] significant ones, at most 17 */
    const tp_allocator *memory;     /* [malloc] */
} tp_draw_network_options;

/* A multilayer perceptron as textbooks draw it: a column of circles for each of `layers` layers (at least 1, at most
   64), every circle joined to every circle of the next column; widths[i] >= 1. Weights stand on the edges as numbers
   where there is room (at most 16 edges between two layers), and elsewhere as their strength and, by colour, their
   sign. TP_E_ARGUMENT; TP_E_SHAPE for weights and biases that do not fit; TP_E_LIMIT; TP_E_MEMORY; TP_E_IO. */
TP_API tp_diagram *tp_network_diagram(const int64_t *widths, int layers, const tp_draw_network_options *options,
                                      tp_error *error);
TP_API tp_status tp_draw_network(const int64_t *widths, int layers, const tp_draw_network_options *options,
                                 const char *path, tp_error *error);

#ifdef __cplusplus
}
#endif
#endif
