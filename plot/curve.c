/* Curves, points, bands and rules: what the calls keep, and which of the drawings of series.c shows it. */
#include <math.h>

#include "core/tensor.h"
#include "plot/series.h"

enum { CLASSES_MOST = 64 };

void plot_extend(double *low, double *high, const double *numbers, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (!plot_shown(numbers[i])) continue;
        *low = fmin(*low, numbers[i]);
        *high = fmax(*high, numbers[i]);
    }
}

void plot_extend_axis(double *low, double *high, const double *numbers, int64_t n, bool log)
{
    if (!log) {
        plot_extend(low, high, numbers, n);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        if (numbers[i] > 0) plot_extend(low, high, &numbers[i], 1);
}

/* ---- kinds ---- */

static void curve_draw(const canvas *c, const item *it)
{
    series_line(c, it);
}

static void curve_over(const canvas *c, const item *it)
{
    if (it->style.mark != TP_PLOT_MARK_AUTO) series_marks(c, it);
}

static void curve_key(svg *out, const item *it, double x, double y)
{
    series_begin_line(out, it);
    svg_add(out, "M@p @ph28'/>\n", x - 14, y);
    if (it->style.mark != TP_PLOT_MARK_AUTO) series_mark(out, it, x, y);
}

static void band_draw(const canvas *c, const item *it)
{
    svg_add(c->out, "<path class='n c@d' fill-opacity='.22' d='", it->style.colour);
    for (int64_t i = 0, start = 0; i <= it->n; i++) {
        if (i < it->n && axis_takes(&c->x, series_x(it, i)) && axis_takes(&c->y, it->y[i]) &&
            axis_takes(&c->y, it->low[i]))
            continue;
        /* a run without gaps: there along the upper end, back along the lower */
        const int64_t step = (i - start) / 4000 + 1;
        for (int64_t k = start; k < i; k += step)
            svg_add(c->out, k == start ? "M@p @p" : " @p @p", axis_place(&c->x, series_x(it, k)),
                    axis_place(&c->y, it->y[k]));
        for (int64_t k = i - 1; k >= start; k -= step)
            svg_add(c->out, " @p @p", axis_place(&c->x, series_x(it, k)), axis_place(&c->y, it->low[k]));
        if (i > start) svg_add(c->out, "z");
        start = i + 1;
    }
    svg_add(c->out, "'/>\n");
}

static void band_key(svg *out, const item *it, double x, double y)
{
    svg_add(out, "<rect class='n c@d' fill-opacity='.3' x='@n' y='@n' width='28' height='10'/>\n", it->style.colour,
            x - 14, y - 5);
}

static void rule_draw(const canvas *c, const item *it)
{
    const axis *a = it->upright ? &c->x : &c->y;
    const double at = it->upright ? it->x_low : it->y_low;
    if (!axis_takes(a, at)) return;
    const double place = axis_place(a, at);
    series_begin_line(c->out, it);
    if (it->upright)
        svg_add(c->out, "M@p @pV@p'/>\n", place, c->y.from, c->y.to);
    else
        svg_add(c->out, "M@p @pH@p'/>\n", c->x.from, place, c->x.to);
}

static const item_kind curve_kind = {.draw = curve_draw, .over = curve_over, .key = curve_key},
                       points_kind = {.over = series_marks, .key = series_mark},
                       band_kind = {.draw = band_draw, .key = band_key},
                       rule_kind = {.draw = rule_draw, .key = curve_key};

const item_kind plot_contour_kind = {.draw = curve_draw, .key = curve_key, .tight = true};

/* ---- calls ---- */

/* An item with copies of the arrays; NULL, with the error noted, when that cannot be. */
static item *series_item(tp_plot *plot, const char *function, const item_kind *kind, const double *x, const double *y,
                         int64_t n, const tp_plot_style *style)
{
    if (!plot || plot->status != TP_OK) return NULL;
    if (n < 0 || n > PTRDIFF_MAX / 8) {
        plot_fail(plot, function, TP_E_ARGUMENT, "n is %lld", (long long)n);
        return NULL;
    }
    if (n > 0 && !y) {
        plot_fail(plot, function, TP_E_ARGUMENT, "the values of %lld points are NULL", (long long)n);
        return NULL;
    }
    item *it = plot_item(plot, function, kind, style, false);
    if (!it) return NULL;
    const tp_plot_panel_options *o = &plot_panel(plot)->options;
    it->n = n;
    it->whole = !x;
    it->x = plot_keep_numbers(plot, function, x, n);
    it->y = plot_keep_numbers(plot, function, y, n);
    if (x)
        plot_extend_axis(&it->x_low, &it->x_high, x, n, o->x_log);
    else if (n > 0)
        it->x_low = 1, it->x_high = (double)n;
    plot_extend_axis(&it->y_low, &it->y_high, y, n, o->y_log);
    return plot->status == TP_OK ? it : NULL;
}

tp_status tp_plot_curve(tp_plot *plot, const double *x, const double *y, int64_t n, const tp_plot_style *style)
{
    item *it = series_item(plot, "tp_plot_curve", &curve_kind, x, y, n, style);
    return it ? plot_add(plot, it) : tp_plot_status(plot);
}

static tp_status add_points(tp_plot *plot, const char *function, const double *x, const double *y, int64_t n,
                            const tp_plot_style *style)
{
    static const tp_plot_mark marks[] = {TP_PLOT_DISC, TP_PLOT_SQUARE, TP_PLOT_TRIANGLE, TP_PLOT_DIAMOND,
                                         TP_PLOT_CROSS};
    item *it = series_item(plot, function, &points_kind, x, y, n, style);
    if (!it) return tp_plot_status(plot);
    const int series = it->slot ? plot_panel(plot)->series : 0;
    if (it->style.mark == TP_PLOT_MARK_AUTO) it->style.mark = marks[series / TP_PLOT_COLOURS % 5];
    return plot_add(plot, it);
}

tp_status tp_plot_points(tp_plot *plot, const double *x, const double *y, int64_t n, const tp_plot_style *style)
{
    return add_points(plot, "tp_plot_points", x, y, n, style);
}

tp_status tp_plot_band(tp_plot *plot, const double *x, const double *low, const double *high, int64_t n,
                       const tp_plot_style *style)
{
    static const char name[] = "tp_plot_band";
    if (n > 0 && !low) return plot_fail(plot, name, TP_E_ARGUMENT, "low is NULL");
    item *it = series_item(plot, name, &band_kind, x, high, n, style);
    if (!it) return tp_plot_status(plot);
    it->low = plot_keep_numbers(plot, name, low, n);
    plot_extend_axis(&it->y_low, &it->y_high, low, n, plot_panel(plot)->options.y_log);
    return plot_add(plot, it);
}

tp_status tp_plot_rule(tp_plot *plot, bool upright, double at, const tp_plot_style *style)
{
    item *it = plot_item(plot, "tp_plot_rule", &rule_kind, style, false);
    if (!it) return tp_plot_status(plot);
    it->upright = upright;
    const tp_plot_panel_options *o = &plot_panel(plot)->options;
    if (plot_shown(at) && (at > 0 || !(upright ? o->x_log : o->y_log))) {
        if (upright)
            it->x_low = it->x_high = at;
        else
            it->y_low = it->y_high = at;
    } else {
        it->kind = &band_kind; /* nothing to draw, but its key */
    }
    return plot_add(plot, it);
}

/* ---- scatter ---- */

static tp_status check_scatter(tp_plot *plot, const char *name, const tp_tensor *points, const tp_tensor *classes,
                               int count)
{
    char a[TP_SHAPE_TEXT], b[TP_SHAPE_TEXT];
    if (!points) return plot_fail(plot, name, TP_E_ARGUMENT, "points is NULL");
    if (points->rank != 2 || points->dims[1] != 2)
        return plot_fail(plot, name, TP_E_SHAPE, "points is %s, not (n,2)", tp_tensor_text(a, points));
    if (!classes) return TP_OK;
    if (classes->rank != 1 || classes->dims[0] != points->dims[0])
        return plot_fail(plot, name, TP_E_SHAPE, "points is %s, classes is %s, not (n)", tp_tensor_text(a, points),
                         tp_tensor_text(b, classes));
    if (count < 1 || count > CLASSES_MOST)
        return plot_fail(plot, name, TP_E_LIMIT, "count is %d, not 1 to %d", count, CLASSES_MOST);
    for (int64_t i = 0; i < classes->count; i++) {
        const double class = tp_tensor_item(classes, i);
        if (!(class >= 0 && class < count))
            return plot_fail(plot, name, TP_E_INDEX, "class %g of point %lld is not 0 to %d", class, (long long)i,
                             count - 1);
    }
    return TP_OK;
}

/* The points of a class into x and y; returns their number. */
static int64_t gather(const tp_tensor *points, const tp_tensor *classes, int class, double *x, double *y)
{
    int64_t n = 0;
    for (int64_t i = 0; i < points->dims[0]; i++) {
        if (classes && (int)tp_tensor_item(classes, i) != class) continue;
        x[n] = tp_tensor_item(points, 2 * i);
        y[n++] = tp_tensor_item(points, 2 * i + 1);
    }
    return n;
}

tp_status tp_plot_scatter(tp_plot *plot, const tp_tensor *points, const tp_tensor *classes, const char *const *names,
                          int count, const tp_plot_style *style)
{
    static const char name[] = "tp_plot_scatter";
    static const tp_plot_mark marks[] = {TP_PLOT_DISC, TP_PLOT_SQUARE, TP_PLOT_TRIANGLE, TP_PLOT_DIAMOND};
    if (!plot || plot->status != TP_OK) return tp_plot_status(plot);
    if (check_scatter(plot, name, points, classes, count) != TP_OK) return plot->status;
    const size_t n = (size_t)points->dims[0];
    double *x = plot_keep(plot, name, 2 * n * sizeof *x + 1), *y = x ? x + n : NULL;
    if (!x) return plot->status;
    for (int class = 0; class < (classes ? count : 1); class ++) {
        tp_plot_style s = style ? *style : (tp_plot_style){0};
        if (classes) {
            const int colour = (s.colour ? s.colour - 1 : 0) + class;
            s.colour = 1 + colour % TP_PLOT_COLOURS;
            if (s.mark == TP_PLOT_MARK_AUTO) s.mark = marks[colour / TP_PLOT_COLOURS % 4];
            s.label = names ? names[class] : NULL;
        }
        if (add_points(plot, name, x, y, gather(points, classes, class, x, y), &s) != TP_OK) break;
    }
    return plot->status;
}
