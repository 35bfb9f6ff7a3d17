/* The inside of a picture. Invariants: everything that a picture holds lies in its list of blocks; an item's numbers
   are copies; `status` is the first error and its message is in `message`. */
#ifndef TAPIR_PLOT_PLOT_H
#define TAPIR_PLOT_PLOT_H

#include <tapir/plot.h>

#include "plot/axis.h"
#include "plot/svg.h"

#define PLOT_VALUE_MOST 1e300
#define PLOT_BINS_MOST 256

typedef struct panel panel;
typedef struct item item;

/* What is drawn where: the frame in pixels is x.from .. x.to, y.to .. y.from. */
typedef struct canvas {
    svg *out;
    const panel *panel;
    axis x, y;
} canvas;

/* What a kind of item does. Each may be NULL. */
typedef struct item_kind {
    void (*prepare)(panel *p, item *it);                            /* before the ranges are known */
    void (*draw)(const canvas *c, const item *it);                  /* inside the frame, clipped to it */
    void (*over)(const canvas *c, const item *it);                  /* not clipped, above all that is */
    void (*key)(svg *out, const item *it, double x, double y);      /* in the legend, 28 wide, centred there */
    double (*height)(const panel *p, const item *it, double width); /* of a panel that it fills alone */
    void (*fill)(svg *out, const panel *p, const item *it, double left, double top, double width, double height);
    bool y_from_zero, tight; /* the range begins at 0; it ends where the data end */
} item_kind;

struct item {
    const item_kind *kind;
    item *next;
    tp_plot_style style; /* complete: colour, dash, mark, width and size are set */
    int64_t n;
    const double *x, *y, *low;           /* n each, or NULL */
    bool whole;                          /* x counts 1, 2, ... */
    double x_low, x_high, y_low, y_high; /* what it needs of the axes; low > high: nothing */
    int slot;                            /* of a series of bars */
    bool upright;
    const char *const *names; /* n */
    union {
        struct {
            tp_plot_histogram_options options;
            const double *values; /* sorted */
            int64_t n_values;
            double *middles, *counts, low, high; /* PLOT_BINS_MOST of each: the item's x and y */
            double first, width;                 /* of the bins */
        } histogram;
        struct {
            tp_plot_heat_options options;
            uint32_t rows, columns;
            unsigned char *png;
            size_t size;
        } heat;
        struct {
            const bool *marked;
            uint32_t columns, rows, width, height, step_x, step_y; /* of the grid, an image, a step; in image pixels */
            double scale;
            int lines; /* of a caption */
            unsigned char *png;
            size_t size;
        } images;
    } u;
};

struct panel {
    panel *next;
    tp_plot_panel_options options; /* texts are copies */
    item *first, *last;
    int series, bar_series; /* colours and slots handed out */
    double width, height;   /* of the whole panel; set when drawn */
};

typedef struct block {
    struct block *next;
    size_t size;
} block;

struct tp_plot {
    tp_allocator memory;
    tp_plot_options options;
    block *blocks;
    panel *first, *last;
    svg out;
    tp_status status;
    char message[TP_ERROR_LENGTH];
};

/* Notes the first error, with the name of the public function before it; returns the status. */
tp_status plot_fail(tp_plot *plot, const char *function, tp_status status, const char *format, ...) TP_PRINTF(4, 5);
/* Memory that goes with the picture. NULL, and the error noted, when there is none. */
void *plot_keep(tp_plot *plot, const char *function, size_t size);
/* Copies; NULL of NULL, or when memory is short, which plot->status then tells. */
const char *plot_keep_text(tp_plot *plot, const char *function, const char *text);
const double *plot_keep_numbers(tp_plot *plot, const char *function, const double *numbers, int64_t n);
const char *const *plot_keep_texts(tp_plot *plot, const char *function, const char *const *texts, int64_t n);

/* A new item at the end of the current panel, not linked in yet; NULL when the picture has an error or memory is short.
   `alone` and other items do not share a panel. */
item *plot_item(tp_plot *plot, const char *function, const item_kind *kind, const tp_plot_style *style, bool alone);
/* Links it in, if there was no error since. */
tp_status plot_add(tp_plot *plot, item *it);
/* The panel that calls add to; NULL when there is none yet. */
panel *plot_panel(const tp_plot *plot);

static inline bool plot_shown(double v)
{
    return v >= -PLOT_VALUE_MOST && v <= PLOT_VALUE_MOST;
}

/* Widens [*low, *high] to what is shown of n numbers. */
void plot_extend(double *low, double *high, const double *numbers, int64_t n);
/* ... on an axis that may be logarithmic. */
void plot_extend_axis(double *low, double *high, const double *numbers, int64_t n, bool log);

/* One side of a rectangle of cells, both ends 0: [0, cells], or [0, 1] of none. False for one that cannot be drawn. */
bool plot_side_fits(double *low, double *high, double cells);

/* Draws the whole picture into plot->out. */
void plot_draw(tp_plot *plot);
/* Draws one panel's frame, axes, items and legend. */
void plot_draw_frame(svg *out, panel *p, double left, double top);
/* `left`: where it begins when its place is outside of the frame. */
void plot_draw_legend(const canvas *c, tp_plot_legend place, double left);
/* Whether some corner is free enough, where the legend is to look for one. */
bool plot_legend_fits(const canvas *c);
/* The legend's size; 0 wide when there is nothing to tell. */
void plot_legend_size(const panel *p, double *width, double *height);
/* The colour bar of a heat map, from `left` on, as high as the frame; its width. */
double plot_bar_width(const item *it);
void plot_draw_bar(const canvas *c, const item *it, double left);

extern const item_kind plot_heat_kind, plot_bars_kind, plot_contour_kind;

#endif
