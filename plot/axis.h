/* A range of numbers on a line of pixels, and the round numbers on it. */
#ifndef TAPIR_PLOT_AXIS_H
#define TAPIR_PLOT_AXIS_H

#include "plot/svg.h"

#define AXIS_TICKS_MOST 48

typedef struct tick {
    double at; /* in units of the axis: of a logarithmic one, the power of ten */
    bool minor;
    char text[SVG_NUMBER]; /* "" without a number */
} tick;

typedef struct axis {
    bool log;
    double low, high; /* in units of the axis */
    double from, to;  /* where these lie */
    int n_ticks;
    tick ticks[AXIS_TICKS_MOST];
} axis;

/* The axis over [low, high], in the data's units; nothing (low > high) gives [0, 1] or [1, 10], a single number gets
   some room around it; `room` is what is added at the low and the high end, as a part of the whole. */
axis axis_over(bool log, double low, double high, double room_low, double room_high);
/* Sets the ticks: about `most` of them; `whole`: at whole numbers only. */
void axis_set_ticks(axis *a, int most, bool whole);

/* Whether the axis has a place for it at all; inside its ends; which place. */
bool axis_takes(const axis *a, double value);
bool axis_holds(const axis *a, double value);
double axis_place(const axis *a, double value);
/* The place of a number in units of the axis. */
double axis_unit_place(const axis *a, double unit);

/* The step 1, 2 or 5 times 10^exponent that makes at most `most` steps of `range` > 0. */
void axis_nice_step(double range, int most, int *factor, int *exponent);

#endif
