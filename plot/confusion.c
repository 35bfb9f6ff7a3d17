/* Confusion matrices: a row is a true class, a column what it was taken for. */
#include <math.h>

#include "plot/plot.h"

enum { CLASSES_MOST = 64 };

static double names_width(const item *it)
{
    double most = 0;
    for (int64_t i = 0; i < it->n; i++) most = fmax(most, svg_text_width("", it->names[i]));
    return most;
}

/* What surrounds the cells. */
typedef struct margins {
    double left, top, right, bottom;
} margins;

static margins margins_of(const panel *p, const item *it)
{
    const double names = fmin(140, names_width(it));
    return (margins){names + 40, p->options.title ? 40 : 14, 14 + names / 3, names * .75 + 44};
}

static double confusion_height(const panel *p, const item *it, double width)
{
    const margins m = margins_of(p, it);
    return m.top + m.bottom + width - m.left - m.right;
}

static void put_count(svg *out, double x, double y, double cell, double count, double share)
{
    char text[SVG_NUMBER];
    if (fabs(count) < 1e15 && count == floor(count))
        svg_decimal(text, (int64_t)count, 0);
    else
        svg_decimal(text, (int64_t)lround(fmax(-1e15, fmin(1e15, count * 100))), -2);
    svg_text(out, share > .55 ? "k m" : "m", x + cell / 2, y + cell / 2 + 4, cell - 2, 0, text);
}

static void put_cells(svg *out, const item *it, double left, double top, double cell)
{
    for (int64_t t = 0; t < it->n; t++) {
        double sum = 0;
        for (int64_t k = 0; k < it->n; k++) sum += plot_shown(it->y[t * it->n + k]) ? fmax(0, it->y[t * it->n + k]) : 0;
        for (int64_t k = 0; k < it->n; k++) {
            const double count = it->y[t * it->n + k], x = left + cell * (double)k, y = top + cell * (double)t;
            if (!plot_shown(count)) continue;
            const double share = sum > 0 ? fmax(0, count) / sum : 0;
            if (share >= .005)
                svg_add(out, "<rect class='n c@d' fill-opacity='@n' x='@n' y='@n' width='@n' height='@n'/>\n",
                        k == t ? 1 : 2, fmin(1, .06 + .94 * share), x, y, cell, cell);
            if (count < 0 || count > 0) put_count(out, x, y, cell, count, share);
        }
    }
}

static void confusion_fill(svg *out, const panel *p, const item *it, double left, double top, double width,
                           double height)
{
    const margins m = margins_of(p, it);
    const double side = fmin(width - m.left - m.right, height - m.top - m.bottom);
    const double cell = side / (double)(it->n ? it->n : 1), names = m.left - 40;
    if (p->options.title) svg_text(out, "t m", left + width / 2, top + 22, width - 8, 0, p->options.title);
    left += (width - m.left - m.right - side) / 2 + m.left;
    top += m.top;
    put_cells(out, it, left, top, cell);
    svg_add(out, "<path class='g' d='");
    for (int64_t i = 1; i < it->n; i++)
        svg_add(out, "M@p @pv@pM@p @ph@p", left + cell * (double)i, top, side, left, top + cell * (double)i, side);
    svg_add(out, "'/>\n<rect class='a' x='@n' y='@n' width='@n' height='@n'/>\n", left, top, side, side);
    for (int64_t i = 0; i < it->n; i++) {
        const double middle = cell * ((double)i + .5);
        svg_text(out, "e", left - 7, top + middle + 4, names, 0, it->names[i]);
        if (names_width(it) < cell - 4)
            svg_text(out, "m", left + middle, top + side + 17, 0, 0, it->names[i]);
        else
            svg_text(out, "e", left + middle + 5, top + side + 14, names, -45, it->names[i]);
    }
    svg_text(out, "l m", left + side / 2, top + side + (names_width(it) < cell - 4 ? 20 : names * .75) + 26, side, 0,
             p->options.x_label ? p->options.x_label : "predicted");
    svg_text(out, "l m", left - names - 20, top + side / 2, side, -90,
             p->options.y_label ? p->options.y_label : "true");
}

static const item_kind confusion_kind = {.height = confusion_height, .fill = confusion_fill};

tp_status tp_plot_confusion(tp_plot *plot, const double *counts, int classes, const char *const *names)
{
    static const char name[] = "tp_plot_confusion";
    if (!plot || plot->status != TP_OK) return tp_plot_status(plot);
    if (classes < 0 || classes > CLASSES_MOST)
        return plot_fail(plot, name, TP_E_LIMIT, "classes is %d, not 0 to %d", classes, CLASSES_MOST);
    if (classes > 0 && !counts) return plot_fail(plot, name, TP_E_ARGUMENT, "counts is NULL");
    item *it = plot_item(plot, name, &confusion_kind, NULL, true);
    if (!it) return plot->status;
    const char *numbered[CLASSES_MOST];
    char digits[CLASSES_MOST][SVG_NUMBER];
    for (int i = 0; i < classes; i++) numbered[i] = names ? names[i] : svg_decimal(digits[i], i, 0);
    it->n = classes;
    it->y = plot_keep_numbers(plot, name, counts, (int64_t)classes * classes);
    it->names = plot_keep_texts(plot, name, numbered, classes);
    return plot_add(plot, it);
}
