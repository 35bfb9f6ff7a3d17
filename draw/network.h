/* A multilayer perceptron's picture: what of each layer is shown. */
#ifndef TAPIR_DRAW_NETWORK_H
#define TAPIR_DRAW_NETWORK_H

#include "draw/diagram.h"

/* A column of circles. Of a layer with more units than are shown, the first `head` ones stand above the dots. */
typedef struct column {
    int64_t width; /* units */
    int shown, head;
    bool shortened, bias_node;
    const char *title;
    const char **name;    /* of those shown; NULL: none has one */
    const double *number; /* in the circles; NULL: none */
    const double *weight; /* from the column before, (shown here, shown there); NULL: not known */
    double strongest;     /* of them */
    double x, top;        /* middle of the first circle */
} column;

typedef struct network {
    int layers, digits;
    column *column;
    double radius, step; /* from circle to circle */
} network;

/* The unit that the i-th circle stands for. */
int64_t column_unit(const column *c, int i);
/* The middle of the i-th circle (of the bias unit: shown). */
double column_y(const network *n, const column *c, int i);

#endif
