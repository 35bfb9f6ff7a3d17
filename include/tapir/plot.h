/* Pictures as SVG: curves, scatters, heat maps, contour lines, image grids, histograms, bars, confusion matrices,
   several side by side. A picture adapts itself to a light or a dark page; its bytes depend on nothing but the calls
   (and, for embedded images, on the zlib that packs them). */
#ifndef TAPIR_PLOT_H
#define TAPIR_PLOT_H

#include <stdio.h>

#include <tapir/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A picture is a grid of panels, filled row by row. Calls add to the panel that was begun last (the first one begins by
   itself), and copy what they are given. The picture keeps its *first* error: every later call returns it and adds
   nothing, and writing reports it, so a picture can be made without looking at each status.
   In options zero means the default, given in brackets; options may be NULL. Texts are UTF-8; bytes that are not become
   U+FFFD. Numbers that are NaN, infinite or beyond 1e300 in magnitude are left out (a curve has a gap there), on a
   logarithmic axis also those that are not above 0. With nothing to show a panel is an empty frame. */
typedef struct tp_plot tp_plot;

typedef struct tp_plot_options {
    const char *title;          /* [none] above all panels */
    int columns;                /* [1] panels beside each other, at most 16 */
    double width, height;       /* [560], [380] of one panel with its labels, in pixels, 60 to 10000 */
    const tp_allocator *memory; /* [malloc] copied */
} tp_plot_options;

/* An empty picture, to be freed with tp_plot_free. NULL with `error` set: TP_E_ARGUMENT, TP_E_MEMORY. */
TP_API tp_plot *tp_plot_new(const tp_plot_options *options, tp_error *error);
TP_API void tp_plot_free(tp_plot *plot);

/* The first error; TP_OK while there is none; TP_E_ARGUMENT for NULL. */
TP_API tp_status tp_plot_status(const tp_plot *plot);
/* Its message; "" while there is none. */
TP_API const char *tp_plot_error(const tp_plot *plot);

/* Writes the picture: to a file of that name; to an open one; to memory that belongs to the picture, ends with a NUL
   and is good until the next call. A picture can be written again, and added to after. Besides the picture's own
   error: TP_E_IO (a file that could not be written to its end is left as it is), TP_E_MEMORY. */
TP_API tp_status tp_plot_save(tp_plot *plot, const char *path, tp_error *error);
TP_API tp_status tp_plot_print(tp_plot *plot, FILE *file, tp_error *error);
TP_API const char *tp_plot_svg(tp_plot *plot, size_t *length, tp_error *error);

/* ---- panels ---- */

typedef enum tp_plot_legend {
    TP_PLOT_LEGEND_AUTO =
        0, /* in the corner where it hides least, outside if that is not little; none without labels */
    TP_PLOT_LEGEND_TOP_RIGHT,
    TP_PLOT_LEGEND_TOP_LEFT,
    TP_PLOT_LEGEND_BOTTOM_LEFT,
    TP_PLOT_LEGEND_BOTTOM_RIGHT,
    TP_PLOT_LEGEND_OUTSIDE, /* to the right of the frame */
    TP_PLOT_LEGEND_NONE
} tp_plot_legend;

typedef struct tp_plot_panel_options {
    const char *title, *x_label, *y_label; /* [none] */
    bool x_log, y_log;                     /* logarithmic axes */
    bool y_down;                           /* y grows downwards, as rows of a matrix do */
    bool equal;                            /* one unit is as long on both axes (not with logarithmic ones) */
    bool bare;                             /* no axes, ticks and frame */
    double x_low, x_high;                  /* [what the data need, where both are 0] */
    double y_low, y_high;
    tp_plot_legend legend;
} tp_plot_panel_options;

/* Begins the next panel. TP_E_ARGUMENT for a range that is empty, not finite, or not above 0 on a logarithmic axis. */
TP_API tp_status tp_plot_panel(tp_plot *plot, const tp_plot_panel_options *options);

/* ---- curves, points, bars ---- */

/* The eight colours are those of Okabe and Ito ("Color Universal Design", 2008), which most colour-blind people tell
   apart, made lighter or darker where the ground asks for it. */
enum { TP_PLOT_COLOURS = 8, TP_PLOT_GREY = 9, TP_PLOT_INK = 10 };

typedef enum tp_plot_dash {
    TP_PLOT_DASH_AUTO = 0, /* solid; dashed from the ninth series on */
    TP_PLOT_SOLID,
    TP_PLOT_DASHED,
    TP_PLOT_DOTTED,
    TP_PLOT_DASH_DOTTED
} tp_plot_dash;

typedef enum tp_plot_mark {
    TP_PLOT_MARK_AUTO = 0, /* a curve has none; points are discs, from the ninth series on squares, then triangles */
    TP_PLOT_DISC,
    TP_PLOT_SQUARE,
    TP_PLOT_TRIANGLE,
    TP_PLOT_DIAMOND,
    TP_PLOT_RING,
    TP_PLOT_CROSS
} tp_plot_mark;

typedef struct tp_plot_style {
    const char *label;  /* [none] in the legend */
    int colour;         /* [the next] 1 to 8, TP_PLOT_GREY, TP_PLOT_INK */
    tp_plot_dash dash;  /* of a curve */
    tp_plot_mark mark;  /* of points; on a curve, at each of its points */
    double width, size; /* [2] of a line, [7] of a mark, in pixels, at most 100 */
} tp_plot_style;

/* A line through (x_i, y_i), i < n; x NULL is 1, 2, ..., n. Of a long curve whose x never falls, each pixel's first,
   lowest, highest and last point is kept, so the picture looks the same; of any other, at most 20,000 points. */
TP_API tp_status tp_plot_curve(tp_plot *plot, const double *x, const double *y, int64_t n, const tp_plot_style *style);
/* The points alone; of those that fall on the same half pixel, one. */
TP_API tp_status tp_plot_points(tp_plot *plot, const double *x, const double *y, int64_t n, const tp_plot_style *style);
/* The area between two curves, pale: of a curve's deviation, say. */
TP_API tp_status tp_plot_band(tp_plot *plot, const double *x, const double *low, const double *high, int64_t n,
                              const tp_plot_style *style);
/* A line across the whole panel: at y = `at`, or, upright, at x = `at`. */
TP_API tp_status tp_plot_rule(tp_plot *plot, bool upright, double at, const tp_plot_style *style);
/* The rows of `points`, (n, 2), any dtype, as points, class by class. `classes`, (n), holds numbers 0 .. count-1 with
   names[class] in the legend (names NULL: no legend); classes NULL: all one. Class c has colour 1 + c mod 8, or
   style->colour + c. TP_E_SHAPE, TP_E_INDEX for a class outside, TP_E_LIMIT for count over 64. */
TP_API tp_status tp_plot_scatter(tp_plot *plot, const tp_tensor *points, const tp_tensor *classes,
                                 const char *const *names, int count, const tp_plot_style *style);

/* A bar for each height, from 0. names (or NULL) stand below. Several series stand side by side; the first one's names
   count. At most 1000 bars. */
TP_API tp_status tp_plot_bars(tp_plot *plot, const double *heights, const char *const *names, int64_t n,
                              const tp_plot_style *style);

typedef struct tp_plot_histogram_options {
    int bins;         /* [a rule] at most 256 */
    double low, high; /* [least and greatest value, where both are 0] */
    bool density;     /* the area is 1; else the heights are counts */
} tp_plot_histogram_options;

/* How often values fall into bins of equal width (low end included, the last bin's high end too). The rule is Freedman
   and Diaconis's, width 2 IQR / n^(1/3) ("On the histogram as a density estimator", 1981), or Sturges's, 1 + log2 n
   bins, where the interquartile range is 0. All histograms of a panel share the bins: the range covers all, the number
   is the greatest wanted. */
TP_API tp_status tp_plot_histogram(tp_plot *plot, const double *values, int64_t n,
                                   const tp_plot_histogram_options *options, const tp_plot_style *style);

/* ---- grids of values, contour lines, images, confusion matrices ---- */

typedef enum tp_plot_map {
    TP_PLOT_VIRIDIS = 0, /* from dark blue over green to yellow: even steps of lightness */
    TP_PLOT_DIVERGING,   /* colour 1 below, the ground at the middle, colour 2 above */
    TP_PLOT_CLASSES,     /* value c in the pale colour 1 + c mod 8 */
    TP_PLOT_GREYS        /* from black to white */
} tp_plot_map;

typedef struct tp_plot_heat_options {
    double x_low, x_high; /* [0, columns] the rectangle that the cells fill */
    double y_low, y_high; /* [0, rows] */
    double low, high;     /* [least and greatest value; diverging: symmetric about 0] the ends of the colours */
    tp_plot_map map;
    bool smooth;       /* blends neighbouring cells */
    bool bar;          /* a colour bar to the right (not of classes) */
    const char *label; /* [none] beside the bar */
} tp_plot_heat_options;

/* values[r * columns + c] as a colour; row 0 at y_low. Of more than 1024 rows or columns, 1024 evenly spaced ones are
   drawn. TP_E_UNSUPPORTED in a panel with a logarithmic axis. */
TP_API tp_status tp_plot_heat(tp_plot *plot, const double *values, int64_t rows, int64_t columns,
                              const tp_plot_heat_options *options);
/* The same from a tensor (rows, columns) of any dtype. */
TP_API tp_status tp_plot_heat_tensor(tp_plot *plot, const tp_tensor *values, const tp_plot_heat_options *options);
/* f at the middles of `cells` times `cells` cells of the rectangle, [0, 1] on a side that is not given. At most 1024.
 */
TP_API tp_status tp_plot_heat_function(tp_plot *plot, double (*f)(double x, double y, void *user), void *user,
                                       int cells, const tp_plot_heat_options *options);

typedef struct tp_plot_contour_options {
    double x_low, x_high; /* [0, columns] the rectangle that the cells fill, as of a heat map */
    double y_low, y_high; /* [0, rows] */
    const double *levels; /* [about eight round numbers] the values of the lines */
    int count;            /* of levels, at most 64 */
} tp_plot_contour_options;

/* Lines where the values, at the middles of the cells and linear between them, cross each level: above a heat map of
   the same numbers, or, of a network's output at the level that parts two classes, the boundary between them. In the
   style's colour [TP_PLOT_GREY], dash and width [1]. A square of values of which one is no number has no lines.
   TP_E_LIMIT for more than 1024 rows or columns. */
TP_API tp_status tp_plot_contour(tp_plot *plot, const double *values, int64_t rows, int64_t columns,
                                 const tp_plot_contour_options *options, const tp_plot_style *style);
/* The same from a tensor (rows, columns) of any dtype. */
TP_API tp_status tp_plot_contour_tensor(tp_plot *plot, const tp_tensor *values, const tp_plot_contour_options *options,
                                        const tp_plot_style *style);

typedef struct tp_plot_images_options {
    int columns;                 /* [near to a square] */
    double low, high;            /* [0 and 255 of u8, else the least and greatest of all] black and white */
    bool inverted;               /* low is white */
    double scale;                /* [what fills the panel] pixels of the page for one of an image, 0.01 to 100 */
    const char *const *captions; /* [none] below each; a newline begins a second line */
    const bool *marked;          /* [none] these get a frame, and a bold caption */
} tp_plot_images_options;

/* Images beside each other, by rows: (n,H,W), (n,H,W,1), (n,H,W,3), (n,1,H,W), (n,3,H,W), or one (H,W); any dtype. The
   panel gets as high as they need. A panel with images shows nothing else. TP_E_SHAPE; TP_E_LIMIT beyond 2^26 pixels.
 */
TP_API tp_status tp_plot_images(tp_plot *plot, const tp_tensor *images, const tp_plot_images_options *options);

/* counts[t * classes + p]: how often class t was taken for p. Each cell has its number; its colour is the share of its
   row. names may be NULL. A panel with a matrix shows nothing else. At most 64 classes. */
TP_API tp_status tp_plot_confusion(tp_plot *plot, const double *counts, int classes, const char *const *names);

#ifdef __cplusplus
}
#endif
#endif
