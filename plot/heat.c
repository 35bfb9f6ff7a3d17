/* Heat maps: the colours are fixed when the call is made, and kept as a PNG. */
#include <math.h>
#include <string.h>

#include "core/tensor.h"
#include "plot/colour.h"
#include "plot/plot.h"
#include "plot/png.h"

enum { CELLS_MOST = 1024, BAR_WIDTH = 14, BAR_STEPS = 128 };

/* ---- drawing ---- */

static void heat_draw(const canvas *c, const item *it)
{
    if (it->u.heat.size == 0) return;
    const double x1 = axis_place(&c->x, it->u.heat.options.x_low), x2 = axis_place(&c->x, it->u.heat.options.x_high);
    const double y1 = axis_place(&c->y, it->u.heat.options.y_low), y2 = axis_place(&c->y, it->u.heat.options.y_high);
    /* rows of the PNG run downwards on the page where y_low lies above y_high */
    const bool turned = y1 < y2;
    if (turned) svg_add(c->out, "<g transform='matrix(1 0 0 -1 0 @n)'>", y1 + y2);
    svg_image(c->out, x1, fmin(y1, y2), x2 - x1, fabs(y2 - y1), it->u.heat.options.smooth, it->u.heat.png,
              it->u.heat.size);
    if (turned) svg_add(c->out, "</g>\n");
}

const item_kind plot_heat_kind = {.draw = heat_draw, .tight = true};

static axis bar_axis(const item *it, double from, double to)
{
    const tp_plot_heat_options *o = &it->u.heat.options;
    axis a = axis_over(false, o->low, o->high, 0, 0);
    a.from = from;
    a.to = to;
    axis_set_ticks(&a, (int)(fabs(to - from) / 42), false);
    return a;
}

static double labels_width(const axis *a)
{
    double most = 0;
    for (int i = 0; i < a->n_ticks; i++) most = fmax(most, svg_text_width("", a->ticks[i].text));
    return most;
}

double plot_bar_width(const item *it)
{
    const axis a = bar_axis(it, 300, 0);
    return 14 + BAR_WIDTH + 8 + labels_width(&a) + (it->u.heat.options.label ? 20 : 0);
}

void plot_draw_bar(const canvas *c, const item *it, double left)
{
    unsigned char pixels[BAR_STEPS][4];
    size_t size = 0, bytes = 0;
    const double top = c->y.log ? c->y.to : fmin(c->y.from, c->y.to), bottom = fmax(c->y.from, c->y.to);
    const axis a = bar_axis(it, bottom, top);
    for (int i = 0; i < BAR_STEPS; i++) colour_at(it->u.heat.options.map, 1 - i / (BAR_STEPS - 1.), pixels[i]);
    unsigned char *png = png_encode(c->out->memory, 1, BAR_STEPS, 4, 1, pixels[0], &size, &bytes);
    if (!png) {
        c->out->failed = true;
        return;
    }
    left += 14;
    svg_image(c->out, left, top, BAR_WIDTH, bottom - top, true, png, size);
    tp_deallocate(c->out->memory, png, bytes);
    svg_add(c->out, "<rect class='a' x='@n' y='@n' width='@n' height='@n'/>\n", left, top, (double)BAR_WIDTH,
            bottom - top);
    for (int i = 0; i < a.n_ticks; i++) {
        const double y = axis_unit_place(&a, a.ticks[i].at);
        svg_add(c->out, "<path class='a' d='M@p @ph4'/>", left + BAR_WIDTH, y);
        svg_text(c->out, "", left + BAR_WIDTH + 7, y + 4, 0, 0, a.ticks[i].text);
    }
    if (it->u.heat.options.label)
        svg_text(c->out, "l m", left + BAR_WIDTH + 8 + labels_width(&a) + 14, (top + bottom) / 2, bottom - top, -90,
                 it->u.heat.options.label);
}

/* ---- calls ---- */

/* Where the numbers of a heat map come from. */
typedef struct source {
    const double *values;
    const tp_tensor *tensor;
    int64_t rows, columns;
} source;

static double value_at(const source *s, int64_t row, int64_t column)
{
    const int64_t i = row * s->columns + column;
    return s->values ? s->values[i] : tp_tensor_item(s->tensor, i);
}

/* The ends of the colours, where they are not given. */
static void fit_colours(tp_plot_heat_options *o, const source *s, const item *it)
{
    double low = (double)INFINITY, high = -(double)INFINITY;
    if (o->low < 0 || o->low > 0 || o->high < 0 || o->high > 0) return;
    for (int64_t r = 0; r < it->u.heat.rows; r++)
        for (int64_t c = 0; c < it->u.heat.columns; c++) {
            const double v = value_at(s, r * s->rows / it->u.heat.rows, c * s->columns / it->u.heat.columns);
            plot_extend(&low, &high, &v, 1);
        }
    if (low > high) low = 0, high = 1;
    if (o->map == TP_PLOT_DIVERGING) {
        high = fmax(fabs(low), fabs(high));
        low = -high;
    }
    if (!(low < high)) low -= .5, high += .5;
    o->low = low;
    o->high = high;
}

/* Rows from the top of the page: the last one first. */
static void paint(unsigned char *pixels, const tp_plot_heat_options *o, const source *s, const item *it)
{
    const int64_t rows = it->u.heat.rows, columns = it->u.heat.columns;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++) {
            const double v = value_at(s, r * s->rows / rows, c * s->columns / columns);
            unsigned char *to = pixels + 4 * ((rows - 1 - r) * columns + c);
            if (o->map == TP_PLOT_CLASSES) {
                if (v >= 0 && v < 1e9) colour_of_class((int64_t)v, to);
            } else if (!isnan(v)) {
                colour_at(o->map, (v - o->low) / (o->high - o->low), to);
            }
        }
}

bool plot_side_fits(double *low, double *high, double cells)
{
    if (*low == 0 && *high == 0) *high = cells > 0 ? cells : 1;
    return plot_shown(*low) && plot_shown(*high) && *low < *high;
}

static tp_status check_heat(tp_plot *plot, const char *name, const source *s, tp_plot_heat_options *o)
{
    if (s->rows < 0 || s->columns < 0)
        return plot_fail(plot, name, TP_E_ARGUMENT, "rows and columns are %lld and %lld", (long long)s->rows,
                         (long long)s->columns);
    if (!s->values && !s->tensor && s->rows > 0 && s->columns > 0)
        return plot_fail(plot, name, TP_E_ARGUMENT, "values is NULL");
    if ((int)o->map < 0 || o->map > TP_PLOT_GREYS)
        return plot_fail(plot, name, TP_E_ARGUMENT, "there is no colour map %d", (int)o->map);
    if (!plot_side_fits(&o->x_low, &o->x_high, (double)s->columns) ||
        !plot_side_fits(&o->y_low, &o->y_high, (double)s->rows))
        return plot_fail(plot, name, TP_E_ARGUMENT, "x %g to %g, y %g to %g is no rectangle", o->x_low, o->x_high,
                         o->y_low, o->y_high);
    if (!(o->low == 0 && o->high == 0) && !(plot_shown(o->low) && plot_shown(o->high) && o->low < o->high))
        return plot_fail(plot, name, TP_E_ARGUMENT, "low to high, %g to %g, is no range", o->low, o->high);
    const panel *p = plot_panel(plot);
    if (p && (p->options.x_log || p->options.y_log))
        return plot_fail(plot, name, TP_E_UNSUPPORTED, "the panel has a logarithmic axis");
    return TP_OK;
}

/* Cells of the PNG have several pixels, unless neighbours are to be blended. */
static uint32_t factor_of(const item *it)
{
    const uint32_t most = it->u.heat.rows > it->u.heat.columns ? it->u.heat.rows : it->u.heat.columns;
    return it->u.heat.options.smooth || most > 240 ? 1 : 480 / most;
}

static tp_status add_heat(tp_plot *plot, const char *name, const source *s, const tp_plot_heat_options *options)
{
    if (!plot || plot->status != TP_OK) return tp_plot_status(plot);
    tp_plot_heat_options o = options ? *options : (tp_plot_heat_options){0};
    if (check_heat(plot, name, s, &o) != TP_OK) return plot->status;
    item *it = plot_item(plot, name, &plot_heat_kind, NULL, false);
    if (!it) return plot->status;
    it->u.heat.rows = (uint32_t)(s->rows < CELLS_MOST ? s->rows : CELLS_MOST);
    it->u.heat.columns = (uint32_t)(s->columns < CELLS_MOST ? s->columns : CELLS_MOST);
    fit_colours(&o, s, it);
    o.label = plot_keep_text(plot, name, o.label);
    it->u.heat.options = o;
    it->x_low = o.x_low, it->x_high = o.x_high;
    it->y_low = o.y_low, it->y_high = o.y_high;
    const size_t n = (size_t)it->u.heat.rows * it->u.heat.columns;
    if (n > 0) {
        size_t size = 0, bytes = 0;
        unsigned char *pixels = tp_allocate_zeroed(&plot->memory, 4 * n), *png = NULL;
        if (pixels) {
            paint(pixels, &o, s, it);
            png =
                png_encode(&plot->memory, it->u.heat.columns, it->u.heat.rows, 4, factor_of(it), pixels, &size, &bytes);
        }
        tp_deallocate(&plot->memory, pixels, 4 * n);
        it->u.heat.png = png ? plot_keep(plot, name, size) : NULL;
        if (it->u.heat.png) memcpy(it->u.heat.png, png, size);
        it->u.heat.size = size;
        if (!png) plot_fail(plot, name, TP_E_MEMORY, "out of memory for the colours");
        tp_deallocate(&plot->memory, png, bytes);
    }
    return plot_add(plot, it);
}

tp_status tp_plot_heat(tp_plot *plot, const double *values, int64_t rows, int64_t columns,
                       const tp_plot_heat_options *options)
{
    return add_heat(plot, "tp_plot_heat", &(source){values, NULL, rows, columns}, options);
}

tp_status tp_plot_heat_tensor(tp_plot *plot, const tp_tensor *values, const tp_plot_heat_options *options)
{
    static const char name[] = "tp_plot_heat_tensor";
    char text[TP_SHAPE_TEXT];
    if (!plot || plot->status != TP_OK) return tp_plot_status(plot);
    if (!values) return plot_fail(plot, name, TP_E_ARGUMENT, "values is NULL");
    if (values->rank != 2)
        return plot_fail(plot, name, TP_E_SHAPE, "values is %s, not (rows,columns)", tp_tensor_text(text, values));
    return add_heat(plot, name, &(source){NULL, values, values->dims[0], values->dims[1]}, options);
}

tp_status tp_plot_heat_function(tp_plot *plot, double (*f)(double x, double y, void *user), void *user, int cells,
                                const tp_plot_heat_options *options)
{
    static const char name[] = "tp_plot_heat_function";
    if (!plot || plot->status != TP_OK) return tp_plot_status(plot);
    tp_plot_heat_options o = options ? *options : (tp_plot_heat_options){0};
    if (!f) return plot_fail(plot, name, TP_E_ARGUMENT, "f is NULL");
    if (cells < 1 || cells > CELLS_MOST)
        return plot_fail(plot, name, TP_E_LIMIT, "cells is %d, not 1 to %d", cells, CELLS_MOST);
    if (!plot_side_fits(&o.x_low, &o.x_high, 1) || !plot_side_fits(&o.y_low, &o.y_high, 1))
        return plot_fail(plot, name, TP_E_ARGUMENT, "x %g to %g, y %g to %g is no rectangle", o.x_low, o.x_high,
                         o.y_low, o.y_high);
    const size_t bytes = (size_t)cells * (size_t)cells * sizeof(double);
    double *values = tp_allocate(&plot->memory, bytes);
    if (!values) return plot_fail(plot, name, TP_E_MEMORY, "out of memory for %d x %d cells", cells, cells);
    for (int r = 0; r < cells; r++)
        for (int c = 0; c < cells; c++)
            values[(size_t)r * (size_t)cells + (size_t)c] = f(o.x_low + (c + .5) / cells * (o.x_high - o.x_low),
                                                              o.y_low + (r + .5) / cells * (o.y_high - o.y_low), user);
    const tp_status status = add_heat(plot, name, &(source){values, NULL, cells, cells}, &o);
    tp_deallocate(&plot->memory, values, bytes);
    return status;
}
