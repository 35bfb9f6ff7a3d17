/* Bar charts and histograms. */
#include <math.h>

#include "plot/plot.h"

enum { BARS_MOST = 1000 };

/* A bar from y = 0 (on a logarithmic axis, from its low end) to `height`. */
static void put_bar(const canvas *c, double left, double right, double height)
{
    if (!axis_takes(&c->y, height)) return;
    const double foot = c->y.log ? c->y.from : axis_place(&c->y, 0), head = axis_place(&c->y, height);
    svg_add(c->out, "M@p @pV@pH@pV@pz", left, foot, head, right, foot);
}

/* ---- bars: number i stands at x = i + 1 ---- */

static void bars_draw(const canvas *c, const item *it)
{
    const double step = axis_place(&c->x, 1) - axis_place(&c->x, 0), wide = .8 * step / c->panel->bar_series;
    svg_add(c->out, "<path class='n c@d' d='", it->style.colour);
    for (int64_t i = 0; i < it->n; i++) {
        const double left = axis_place(&c->x, (double)(i + 1)) - .4 * step + wide * it->slot;
        put_bar(c, left, left + wide * (c->panel->bar_series > 1 ? .94 : 1), it->y[i]);
    }
    svg_add(c->out, "'/>\n");
}

static void bars_key(svg *out, const item *it, double x, double y)
{
    svg_add(out, "<rect class='n c@d' x='@n' y='@n' width='14' height='12'/>\n", it->style.colour, x - 7, y - 6);
}

const item_kind plot_bars_kind = {.draw = bars_draw, .key = bars_key, .y_from_zero = true, .tight = true};

tp_status tp_plot_bars(tp_plot *plot, const double *heights, const char *const *names, int64_t n,
                       const tp_plot_style *style)
{
    static const char name[] = "tp_plot_bars";
    if (!plot || plot->status != TP_OK) return tp_plot_status(plot);
    if (n < 0 || n > BARS_MOST)
        return plot_fail(plot, name, TP_E_LIMIT, "n is %lld, not 0 to %d", (long long)n, BARS_MOST);
    if (n > 0 && !heights) return plot_fail(plot, name, TP_E_ARGUMENT, "heights is NULL");
    if (plot_panel(plot) && plot_panel(plot)->options.x_log)
        return plot_fail(plot, name, TP_E_UNSUPPORTED, "the panel's x axis is logarithmic");
    item *it = plot_item(plot, name, &plot_bars_kind, style, false);
    if (!it) return plot->status;
    it->n = n;
    it->whole = true;
    it->y = plot_keep_numbers(plot, name, heights, n);
    it->names = plot_keep_texts(plot, name, names, n);
    if (n > 0) it->x_low = .5, it->x_high = (double)n + .5;
    plot_extend_axis(&it->y_low, &it->y_high, heights, n, plot_panel(plot)->options.y_log);
    return plot_add(plot, it);
}

/* ---- histograms ---- */

static void sift(double *x, int64_t root, int64_t n)
{
    for (int64_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && x[child] < x[child + 1]) child++;
        if (x[root] >= x[child]) return;
        const double held = x[root];
        x[root] = x[child];
        x[child] = held;
    }
}

/* Heapsort (Williams, 1964). */
static void sort(double *x, int64_t n)
{
    for (int64_t i = n / 2 - 1; i >= 0; i--) sift(x, i, n);
    for (int64_t i = n - 1; i > 0; i--) {
        const double held = x[0];
        x[0] = x[i];
        x[i] = held;
        sift(x, 0, i);
    }
}

/* Of sorted values, by linear interpolation. */
static double quantile(const double *x, int64_t n, double q)
{
    const double at = q * (double)(n - 1);
    const int64_t i = (int64_t)at;
    return i + 1 < n ? x[i] + (at - (double)i) * (x[i + 1] - x[i]) : x[n - 1];
}

static int bins_by_rule(const item *it, double range)
{
    const double *x = it->u.histogram.values, n = (double)it->u.histogram.n_values;
    const double spread = quantile(x, it->u.histogram.n_values, .75) - quantile(x, it->u.histogram.n_values, .25);
    const double wanted = spread > 0 && range > 0 ? ceil(range / (2 * spread / cbrt(n))) : ceil(1 + log2(n));
    return (int)fmin(PLOT_BINS_MOST, fmax(1, wanted));
}

static const item_kind histogram_kind;

/* The bins are what all histograms of the panel ask for together. */
static int common_bins(const panel *p, double *low, double *high)
{
    int bins = 1;
    *low = (double)INFINITY;
    *high = -(double)INFINITY;
    for (const item *it = p->first; it; it = it->next)
        if (it->kind == &histogram_kind) {
            *low = fmin(*low, it->u.histogram.low);
            *high = fmax(*high, it->u.histogram.high);
        }
    if (!(*low <= *high)) *low = 0, *high = 1;
    if (!(*low < *high)) *low -= .5, *high += .5;
    for (const item *it = p->first; it; it = it->next)
        if (it->kind == &histogram_kind && it->u.histogram.n_values > 0) {
            const int wanted = it->u.histogram.options.bins;
            bins = (int)fmax(bins, wanted ? wanted : bins_by_rule(it, *high - *low));
        }
    return bins;
}

static void histogram_prepare(panel *p, item *it)
{
    double low, high, *counts = it->u.histogram.counts, most = 0, inside = 0;
    const int bins = common_bins(p, &low, &high);
    const double width = (high - low) / bins;
    for (int b = 0; b < bins; b++) {
        counts[b] = 0;
        it->u.histogram.middles[b] = low + (b + .5) * width;
    }
    for (int64_t i = 0; i < it->u.histogram.n_values; i++) {
        const double v = it->u.histogram.values[i];
        if (v < low || v > high) continue;
        counts[(int)fmin(bins - 1, (v - low) / width)]++;
        inside++;
    }
    for (int b = 0; b < bins; b++) {
        if (it->u.histogram.options.density && inside > 0) counts[b] /= inside * width;
        most = fmax(most, counts[b]);
    }
    it->x = it->u.histogram.middles;
    it->y = counts;
    it->n = it->u.histogram.n_values > 0 ? bins : 0;
    it->u.histogram.first = it->x_low = low;
    it->u.histogram.width = width;
    it->x_high = high;
    it->y_low = p->options.y_log ? (most > 0 ? fmin(.5, .5 * most) : 1) : 0;
    it->y_high = fmax(most, it->y_low);
}

static void histogram_draw(const canvas *c, const item *it)
{
    const double first = it->u.histogram.first, width = it->u.histogram.width;
    const double foot = c->y.log ? c->y.from : axis_place(&c->y, 0);
    if (it->n == 0) return;
    svg_add(c->out, "<path class='s c@d' stroke-width='1.2' style='fill:currentColor' fill-opacity='.3' d='M@p @p",
            it->style.colour, axis_place(&c->x, first), foot);
    for (int64_t b = 0; b < it->n; b++) {
        const double top = axis_takes(&c->y, it->y[b]) ? axis_place(&c->y, it->y[b]) : foot;
        svg_add(c->out, "V@pH@p", top, axis_place(&c->x, first + width * (double)(b + 1)));
    }
    svg_add(c->out, "V@pz'/>\n", foot);
}

static void histogram_key(svg *out, const item *it, double x, double y)
{
    svg_add(out,
            "<rect class='s c@d' style='fill:currentColor' fill-opacity='.3' x='@n' y='@n' width='22' height='11'/>\n",
            it->style.colour, x - 11, y - 5.5);
}

static const item_kind histogram_kind = {
    .prepare = histogram_prepare, .draw = histogram_draw, .key = histogram_key, .y_from_zero = true, .tight = true};

tp_status tp_plot_histogram(tp_plot *plot, const double *values, int64_t n, const tp_plot_histogram_options *options,
                            const tp_plot_style *style)
{
    static const char name[] = "tp_plot_histogram";
    const tp_plot_histogram_options o = options ? *options : (tp_plot_histogram_options){0};
    if (!plot || plot->status != TP_OK) return tp_plot_status(plot);
    if (n < 0 || n > PTRDIFF_MAX / 8) return plot_fail(plot, name, TP_E_ARGUMENT, "n is %lld", (long long)n);
    if (n > 0 && !values) return plot_fail(plot, name, TP_E_ARGUMENT, "values is NULL");
    if (o.bins < 0 || o.bins > PLOT_BINS_MOST)
        return plot_fail(plot, name, TP_E_LIMIT, "bins is %d, not 0 to %d", o.bins, PLOT_BINS_MOST);
    const bool given = o.low < 0 || o.low > 0 || o.high < 0 || o.high > 0;
    if (isnan(o.low) || isnan(o.high) || (given && !(plot_shown(o.low) && plot_shown(o.high) && o.low < o.high)))
        return plot_fail(plot, name, TP_E_ARGUMENT, "low to high, %g to %g, is no range", o.low, o.high);
    if (plot_panel(plot) && plot_panel(plot)->options.x_log)
        return plot_fail(plot, name, TP_E_UNSUPPORTED, "the panel's x axis is logarithmic");
    item *it = plot_item(plot, name, &histogram_kind, style, false);
    double *kept = it ? plot_keep(plot, name, (size_t)n * sizeof *kept + 1) : NULL;
    if (kept) it->u.histogram.counts = plot_keep(plot, name, 2 * PLOT_BINS_MOST * sizeof *kept);
    if (plot->status != TP_OK) return plot->status;
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++)
        if (plot_shown(values[i]) && (!given || (values[i] >= o.low && values[i] <= o.high))) kept[m++] = values[i];
    sort(kept, m);
    it->u.histogram.values = kept;
    it->u.histogram.n_values = m;
    it->u.histogram.middles = it->u.histogram.counts + PLOT_BINS_MOST;
    it->u.histogram.options = o;
    it->u.histogram.low = given ? o.low : m > 0 ? kept[0] : (double)INFINITY;
    it->u.histogram.high = given ? o.high : m > 0 ? kept[m - 1] : -(double)INFINITY;
    return plot_add(plot, it);
}
