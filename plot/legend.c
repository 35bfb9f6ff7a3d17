/* The legend, and the corner in which it hides least. */
#include <math.h>

#include "plot/plot.h"
#include "plot/series.h"

enum { LINE = 20, KEY = 28, PAD = 8, INSET = 8 };

static bool named(const item *it)
{
    return it->kind->key && it->style.label && it->style.label[0];
}

void plot_legend_size(const panel *p, double *width, double *height)
{
    int lines = 0;
    *width = 0;
    for (const item *it = p->first; it; it = it->next) {
        if (!named(it)) continue;
        *width = fmax(*width, svg_text_width("l", it->style.label) + KEY + 8 + 2 * PAD);
        lines++;
    }
    *height = lines * LINE + 2 * PAD - 4;
}

typedef struct box {
    double left, top, right, bottom;
} box;

static bool inside(const box *b, double x, double y)
{
    return x > b->left && x < b->right && y > b->top && y < b->bottom;
}

/* How much of an item lies under the box: of at most 2000 points, and places between them, the part inside. Contour
   lines are ground, as heat maps are. */
static double hidden(const canvas *c, const item *it, const box *b)
{
    const int64_t step = it->n / 2000 + 1;
    const int between = it->n < 100 ? 16 : 4;
    double sum = 0, last_x = 0, last_y = 0;
    bool before = false;
    if (it->kind == &plot_contour_kind) return 0;
    for (int64_t i = 0; it->y && i < it->n; i += step) {
        const double at = series_x(it, i);
        if (!axis_takes(&c->x, at) || !axis_takes(&c->y, it->y[i])) {
            before = false;
            continue;
        }
        const double x = axis_place(&c->x, at), y = axis_place(&c->y, it->y[i]);
        sum += it->kind->y_from_zero ? x > b->left && x < b->right && y < b->bottom : inside(b, x, y);
        for (int k = 1; k < between && before && it->kind->draw && !it->kind->y_from_zero; k++)
            sum +=
                inside(b, last_x + (x - last_x) * k / between, last_y + (y - last_y) * k / between) / (double)between;
        before = true;
        last_x = x;
        last_y = y;
    }
    return it->n > 0 ? sum / (double)(it->n / step + 1) : 0;
}

static box corner(const canvas *c, tp_plot_legend place, double width, double height)
{
    const double top = fmin(c->y.from, c->y.to), bottom = fmax(c->y.from, c->y.to);
    const bool right = place == TP_PLOT_LEGEND_TOP_RIGHT || place == TP_PLOT_LEGEND_BOTTOM_RIGHT;
    const bool low = place == TP_PLOT_LEGEND_BOTTOM_LEFT || place == TP_PLOT_LEGEND_BOTTOM_RIGHT;
    box b = {.left = right ? c->x.to - INSET - width : c->x.from + INSET,
             .top = low ? bottom - INSET - height : top + INSET};
    b.right = b.left + width;
    b.bottom = b.top + height;
    return b;
}

/* What it hides of the items, each taken as 1, goes to *hides. */
static box best_corner(const canvas *c, double width, double height, double *hides)
{
    box best = {0};
    double least = (double)INFINITY;
    for (int place = TP_PLOT_LEGEND_TOP_RIGHT; place <= TP_PLOT_LEGEND_BOTTOM_RIGHT; place++) {
        const box b = corner(c, (tp_plot_legend)place, width, height);
        double sum = 0;
        for (const item *it = c->panel->first; it; it = it->next) sum += hidden(c, it, &b);
        if (sum < least - 1e-9) {
            least = sum;
            best = b;
        }
    }
    *hides = least;
    return best;
}

bool plot_legend_fits(const canvas *c)
{
    double width, height, hides;
    plot_legend_size(c->panel, &width, &height);
    if (c->panel->options.legend != TP_PLOT_LEGEND_AUTO || !(width > 0)) return true;
    best_corner(c, width, height, &hides);
    return hides < .02;
}

void plot_draw_legend(const canvas *c, tp_plot_legend place, double left)
{
    double width, height, hides;
    plot_legend_size(c->panel, &width, &height);
    if (!(width > 0) || place == TP_PLOT_LEGEND_NONE) return;
    box b = {left, fmin(c->y.from, c->y.to), left + width, 0};
    if (place == TP_PLOT_LEGEND_AUTO)
        b = best_corner(c, width, height, &hides);
    else if (place != TP_PLOT_LEGEND_OUTSIDE)
        b = corner(c, place, width, height);
    if (place != TP_PLOT_LEGEND_OUTSIDE)
        svg_add(c->out, "<rect class='lg' x='@n' y='@n' width='@n' height='@n' rx='3'/>\n", b.left, b.top, width,
                height);
    double y = b.top + PAD + LINE / 2. - 2;
    for (const item *it = c->panel->first; it; it = it->next) {
        if (!named(it)) continue;
        it->kind->key(c->out, it, b.left + PAD + KEY / 2., y);
        svg_text(c->out, "l", b.left + PAD + KEY + 8, y + 4.5, 0, 0, it->style.label);
        y += LINE;
    }
}
