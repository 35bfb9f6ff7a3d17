/* What the tests of drawings share: a reader that takes a drawing apart, and what must hold of every one. */
#ifndef TAPIR_TESTS_DRAW_H
#define TAPIR_TESTS_DRAW_H

#include <tapir/draw.h>

#include "tests/test_plot.h"

TCase *draw_layout_case(void);
TCase *draw_circuit_case(void);
TCase *draw_module_case(void);
TCase *draw_network_case(void);
TCase *draw_errors_case(void);

/* The drawing's text, which must be well-formed; it goes with the diagram. */
const char *drawing_of(tp_diagram *diagram);
/* ... and this is one of its texts. */
void expect_label(const char *svg, const char *label);
#define EXPECT_LABELS(svg, ...)                                                                                        \
    do {                                                                                                               \
        const char *const labels_[] = {__VA_ARGS__};                                                                   \
        for (size_t i_ = 0; i_ < sizeof labels_ / sizeof *labels_; i_++) expect_label(svg, labels_[i_]);               \
    } while (0)

/* ---- a drawing taken apart ---- */

enum { SAMPLES = 24, MOST_LINES = 6000, MOST_AREAS = 6000 };

/* A wire, as a chain of points along it. */
typedef struct line {
    int n;
    double x[SAMPLES + 4], y[SAMPLES + 4];
} line;

/* A node's shape, or about what a text takes up. */
typedef struct area {
    double left, top, right, bottom, round; /* ... of its corners */
    char text[48];
} area;

typedef struct drawing {
    double width, height;
    int lines, nodes, texts;
    line *line;
    area *node, *text;
} drawing;

/* Reads the wires, nodes and texts of a graph; to be freed. */
drawing *read_drawing(const char *svg);
void free_drawing(drawing *d);

/* How often wires cross, but for those that begin or end at one point. */
int crossings_of(const drawing *d);
/* The text's place; the test fails when there is none. */
const area *text_of(const drawing *d, const char *text);
/* No two nodes overlap, nor do texts, and no wire runs through a node or a text; all lie on the page, and wires lead
   on: to the right, or where `down`, down. */
void expect_legible(const drawing *d, bool down);

#endif
