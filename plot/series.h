/* Drawing many points in few bytes. */
#ifndef TAPIR_PLOT_SERIES_H
#define TAPIR_PLOT_SERIES_H

#include "plot/plot.h"

/* The path of a curve through n points of the canvas, in the item's style. y NULL: it->y. */
void series_line(const canvas *c, const item *it);
/* The marks at the points that lie inside the frame. */
void series_marks(const canvas *c, const item *it);
/* One mark, for the legend. */
void series_mark(svg *out, const item *it, double x, double y);
/* "class='c3'"'s number and the attributes of a line in the item's style. */
void series_begin_line(svg *out, const item *it);

static inline double series_x(const item *it, int64_t i)
{
    return it->x ? it->x[i] : (double)(i + 1);
}

#endif
