/* Layered layout of a graph without circles, after Sugiyama, Tagawa and Toda ("Methods for visual understanding of
   hierarchical system structures", 1981): nodes get ranks (columns), edges over several ranks a spot in each column
   that they pass, the spots of a rank an order with few crossings, and then coordinates. Here the flow goes along x and
   a rank's spots stand above each other along y. Everything is deterministic. */
#ifndef TAPIR_DRAW_LAYOUT_H
#define TAPIR_DRAW_LAYOUT_H

#include "draw/store.h"

/* A node, or the place where a wire passes a rank. A node's line is y, where its wires leave: what it takes up lies
   `above` and `below` that line, and `before` and `after` the line x of its rank. */
typedef struct spot {
    double before, after, above, below;
    double margin; /* that neighbours in its rank keep to it */
    double reach;  /* how far from its line wires may arrive */
    bool first;    /* in the first rank, if it has no inputs */
    bool ordered;  /* its inputs arrive in the order of their edges */
    int group;     /* the innermost of those that it lies in */
    int source;    /* the node whose wire passes; of a node, itself */
    int rank, place;
    double x, y;
} spot;

/* From a spot to one of the next rank (before layout_run: from a node to another). */
typedef struct wire {
    int from, to;
    int input;   /* the number among the inputs of the node `to`, in the order of the edges */
    double port; /* how far from the line of `to` it arrives, along y */
} wire;

/* Lists of numbers, one for each of n: those of i are item[start[i]] to item[start[i + 1] - 1]. */
typedef struct lists {
    int *start, *item;
} lists;

typedef struct layout {
    store *store;
    int nodes, spots, wires, ranks;
    spot *spot; /* the nodes come first */
    wire *wire;
    lists inputs, outputs;                     /* wires of each spot */
    lists rank;                                /* spots of each rank, from the top */
    const int *group_parent;                   /* the group around each, a smaller number; 0 is around all */
    int groups;                                /* besides 0 */
    double group_low, group_high, group_along; /* room at the edges of a group: above and below, and along */
    double *left, *right;                      /* of each rank: where its spots begin and end along x */
    double width, above, below;                /* all lies in 0..width, -above..below */
} layout;

typedef enum layout_result { LAYOUT_DONE, LAYOUT_MEMORY, LAYOUT_CIRCLE, LAYOUT_LARGE } layout_result;

/* Room for so many nodes and edges, all zero, for the caller to fill in; false when out of memory. */
bool layout_begin(layout *l, store *s, int nodes, int edges);
layout_result layout_run(layout *l);

/* ---- its parts ---- */

/* Gives the nodes their ranks. */
layout_result layout_ranks(layout *l);
/* Cuts the edges at the ranks that they pass; the wires of one node share the spots. */
layout_result layout_routes(layout *l);
/* Gives the spots their places. */
bool layout_order(layout *l);
/* Gives the spots their y. */
bool layout_align(layout *l);
/* Moves what does not belong to a group out of its rectangle, where the order allows that. */
bool layout_separate(layout *l);
/* Fills in lists of `wires` wires by the spot at their end (`by_target`) or their start. */
bool layout_lists(layout *l, lists *made, bool by_target);
/* How many pairs of wires cross. */
int64_t layout_crossings(layout *l);
/* The innermost group that holds both; adds to *of_a and *of_b (or NULL) how many groups of each it does not hold. */
int layout_common(const layout *l, int a, int b, int *of_a, int *of_b);
/* What lies between the lines of two spots, the first right above the second. */
double layout_separation(const layout *l, int upper, int lower);

#endif
