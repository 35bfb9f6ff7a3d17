/* A panel with axes: ranges, margins, ticks, grid, items, and its legend. */
#include <math.h>

#include "plot/plot.h"
#include "plot/series.h"

/* What surrounds the frame; of the right side, the colour bar takes `bar`. */
typedef struct margins {
    double left, top, right, bottom, bar;
    bool turned; /* names below bars do not fit side by side */
} margins;

static const item *with_names(const panel *p)
{
    for (const item *it = p->first; it; it = it->next)
        if (it->kind == &plot_bars_kind && it->names) return it;
    return NULL;
}

static const item *with_bar(const panel *p)
{
    for (const item *it = p->first; it; it = it->next)
        if (it->kind == &plot_heat_kind && it->u.heat.options.bar && it->u.heat.options.map != TP_PLOT_CLASSES)
            return it;
    return NULL;
}

/* ---- ranges ---- */

typedef struct ranges {
    double x_low, x_high, y_low, y_high;
    bool tight, from_zero, marks, whole;
} ranges;

static ranges ranges_of(panel *p)
{
    ranges r = {(double)INFINITY, -(double)INFINITY, (double)INFINITY, -(double)INFINITY, false, false, false, true};
    for (item *it = p->first; it; it = it->next) {
        if (it->kind->prepare) it->kind->prepare(p, it);
        r.x_low = fmin(r.x_low, it->x_low);
        r.x_high = fmax(r.x_high, it->x_high);
        r.y_low = fmin(r.y_low, it->y_low);
        r.y_high = fmax(r.y_high, it->y_high);
        r.tight = r.tight || it->kind->tight;
        r.from_zero = r.from_zero || it->kind->y_from_zero;
        r.marks = r.marks || (it->kind->over && it->style.mark != TP_PLOT_MARK_AUTO);
        r.whole = r.whole && (it->whole || it->x_low > it->x_high);
    }
    if (r.from_zero && !p->options.y_log && r.y_low <= r.y_high) {
        r.y_low = fmin(r.y_low, 0);
        r.y_high = fmax(r.y_high, 0);
    }
    r.whole = r.whole && p->first;
    return r;
}

static bool given(double low, double high)
{
    return low < 0 || low > 0 || high < 0 || high > 0;
}

static void set_ranges(canvas *c, const ranges *r)
{
    const tp_plot_panel_options *o = &c->panel->options;
    const double x_room = r->tight ? 0 : r->marks ? .03 : 0;
    const bool heat = r->tight && !r->from_zero;
    const double y_room = heat ? 0 : .05, y_foot = r->from_zero && !(r->y_low < 0) ? 0 : y_room;
    c->x = given(o->x_low, o->x_high) ? axis_over(o->x_log, o->x_low, o->x_high, 0, 0)
                                      : axis_over(o->x_log, r->x_low, r->x_high, x_room, x_room);
    c->y = given(o->y_low, o->y_high) ? axis_over(o->y_log, o->y_low, o->y_high, 0, 0)
                                      : axis_over(o->y_log, r->y_low, r->y_high, y_foot, y_room);
    if (r->from_zero && !o->y_log && !given(o->y_low, o->y_high) && r->y_low <= 0 && r->y_high <= 0)
        c->y = axis_over(false, r->y_low < 0 ? r->y_low : 0, r->y_low < 0 ? 0 : 1, 0, 0);
}

/* ---- margins ---- */

static double labels_width(const axis *a)
{
    double most = 0;
    for (int i = 0; i < a->n_ticks; i++) most = fmax(most, svg_text_width("", a->ticks[i].text));
    return most;
}

static double names_width(const item *it)
{
    double most = 0;
    for (int64_t i = 0; i < it->n; i++) most = fmax(most, svg_text_width("", it->names[i]));
    return most;
}

static void place_axes(canvas *c, const margins *m, double left, double top)
{
    const panel *p = c->panel;
    c->x.from = left + m->left;
    c->x.to = fmax(c->x.from + 20, left + p->width - m->right);
    c->y.from = fmax(top + m->top + 20, top + p->height - m->bottom);
    c->y.to = top + m->top;
}

/* One unit as long on both axes: the frame is made smaller, about its middle. */
static void make_equal(canvas *c)
{
    const double wide = c->x.to - c->x.from, high = c->y.from - c->y.to;
    const double unit = fmin(wide / (c->x.high - c->x.low), high / (c->y.high - c->y.low));
    const double less_x = (wide - unit * (c->x.high - c->x.low)) / 2,
                 less_y = (high - unit * (c->y.high - c->y.low)) / 2;
    c->x.from += less_x;
    c->x.to -= less_x;
    c->y.from -= less_y;
    c->y.to += less_y;
}

/* What is known before the ticks are. */
static margins first_margins(const panel *p, bool outside)
{
    const tp_plot_panel_options *o = &p->options;
    const item *bar = with_bar(p);
    double width = 0, height;
    margins m = {.left = 50, .top = o->title ? 38 : 16, .right = 22, .bottom = o->x_label ? 50 : 30};
    if (outside) plot_legend_size(p, &width, &height);
    m.bar = bar ? plot_bar_width(bar) : 0;
    if (o->bare) m.left = m.right = 12, m.bottom = o->x_label ? 30 : 12;
    m.right += (width > 0 ? width + 12 : 0) + (bar ? m.bar - 10 : 0);
    return m;
}

static void ticks_up(canvas *c)
{
    axis_set_ticks(&c->y, (int)((c->y.from - c->y.to) / 44), false);
}

/* As many as their labels leave room for. */
static void ticks_across(canvas *c, bool whole)
{
    const double wide = c->x.to - c->x.from;
    for (int most = (int)fmax(2, wide / 54); most >= 2; most--) {
        axis_set_ticks(&c->x, most, whole);
        if (c->x.log || c->x.n_ticks < 2 || labels_width(&c->x) + 10 < wide / c->x.n_ticks) break;
    }
}

/* Two rounds: how many ticks fit depends on the frame, whose size depends on their labels. */
static margins fit(canvas *c, const ranges *r, bool outside, double left, double top)
{
    const panel *p = c->panel;
    const tp_plot_panel_options *o = &p->options;
    const item *names = with_names(p);
    margins m = first_margins(p, outside);
    for (int round = 0; round < 2 && !o->bare; round++) {
        place_axes(c, &m, left, top);
        ticks_up(c);
        m.left = 20 + labels_width(&c->y) + (o->y_label ? 22 : 0);
        if (!names) continue;
        place_axes(c, &m, left, top);
        const double wide = names_width(names), room = (c->x.to - c->x.from) / (double)names->n - 6;
        m.turned = wide > 1.25 * room; /* up to that, they are set smaller */
        m.bottom = (o->x_label ? 50 : 30) + (m.turned ? fmin(100, wide * .7) : 0);
    }
    place_axes(c, &m, left, top);
    if (o->equal && !c->x.log && !c->y.log) make_equal(c);
    ticks_up(c);
    ticks_across(c, r->whole);
    if (o->y_down) {
        const double from = c->y.from;
        c->y.from = c->y.to;
        c->y.to = from;
    }
    return m;
}

/* ---- drawing ---- */

static void draw_grid(const canvas *c)
{
    const double top = fmin(c->y.from, c->y.to), bottom = fmax(c->y.from, c->y.to);
    for (int minor = 1; minor >= 0; minor--) {
        svg_add(c->out, "<path class='@s' d='", minor ? "gm" : "g");
        for (int i = 0; i < c->x.n_ticks; i++)
            if (c->x.ticks[i].minor == minor && !with_names(c->panel))
                svg_add(c->out, "M@p @pV@p", axis_unit_place(&c->x, c->x.ticks[i].at), top, bottom);
        for (int i = 0; i < c->y.n_ticks; i++)
            if (c->y.ticks[i].minor == minor)
                svg_add(c->out, "M@p @pH@p", c->x.from, axis_unit_place(&c->y, c->y.ticks[i].at), c->x.to);
        svg_add(c->out, "'/>\n");
    }
}

/* Whether the label of a tick stands apart from all labels that matter more: of major ticks, and those before. */
static bool stands_apart(const axis *a, int i)
{
    const tick *t = &a->ticks[i];
    for (int k = 0; k < a->n_ticks; k++) {
        const tick *other = &a->ticks[k];
        if (k == i || !other->text[0] || (other->minor && !t->minor) || (other->minor == t->minor && k > i)) continue;
        const double room = (svg_text_width("", t->text) + svg_text_width("", other->text)) / 2 + 6;
        if (fabs(axis_unit_place(a, t->at) - axis_unit_place(a, other->at)) < room) return false;
    }
    return true;
}

static void draw_x_labels(const canvas *c, double bottom)
{
    for (int i = 0; i < c->x.n_ticks; i++)
        if (c->x.ticks[i].text[0] && stands_apart(&c->x, i))
            svg_text(c->out, "m", axis_unit_place(&c->x, c->x.ticks[i].at), bottom + 18, 0, 0, c->x.ticks[i].text);
}

static void draw_names(const canvas *c, const item *it, const margins *m, double bottom)
{
    for (int64_t i = 0; i < it->n; i++) {
        const double x = axis_place(&c->x, (double)(i + 1));
        if (m->turned)
            svg_text(c->out, "e", x + 4, bottom + 14, 140, -45, it->names[i]);
        else
            svg_text(c->out, "m", x, bottom + 18, (c->x.to - c->x.from) / (double)it->n - 6, 0, it->names[i]);
    }
}

static void draw_axes(const canvas *c, const margins *m, double left)
{
    const tp_plot_panel_options *o = &c->panel->options;
    const double top = fmin(c->y.from, c->y.to), bottom = fmax(c->y.from, c->y.to);
    const item *names = with_names(c->panel);
    const double middle = (c->x.from + c->x.to) / 2;
    if (o->title)
        svg_text(c->out, "t m", middle, top - 14, 2 * fmin(middle - left, left + c->panel->width - middle) - 6, 0,
                 o->title);
    const double below = bottom + (o->bare ? 20 : 38) + (m->turned ? m->bottom - 50 : 0);
    if (o->x_label) svg_text(c->out, "l m", middle, below, c->x.to - c->x.from + 40, 0, o->x_label);
    if (o->bare) return;
    svg_add(c->out, "<path class='a' d='M@p @pV@pH@p'/>\n", c->x.from, top, bottom, c->x.to);
    if (names)
        draw_names(c, names, m, bottom);
    else
        draw_x_labels(c, bottom);
    for (int i = 0; i < c->y.n_ticks; i++)
        svg_text(c->out, "e", c->x.from - 7, axis_unit_place(&c->y, c->y.ticks[i].at) + 4, 0, 0, c->y.ticks[i].text);
    if (o->y_label)
        svg_text(c->out, "l m", c->x.from - labels_width(&c->y) - 20, (top + bottom) / 2, bottom - top + 30, -90,
                 o->y_label);
}

/* Where the legend would take too much of the width: room above all that is drawn, if the range may be widened. */
static bool make_room(canvas *c, const ranges *r)
{
    const tp_plot_panel_options *o = &c->panel->options;
    double width, height;
    plot_legend_size(c->panel, &width, &height);
    const double part = (height + 14) / fabs(c->y.from - c->y.to);
    if (width < c->panel->width / 3) return false;
    if (part < .6 && (!r->tight || r->from_zero) && !given(o->y_low, o->y_high))
        c->y.high += part / (1 - part) * (c->y.high - c->y.low);
    return true;
}

void plot_draw_frame(svg *out, panel *p, double left, double top)
{
    const ranges r = ranges_of(p);
    canvas c = {.out = out, .panel = p};
    tp_plot_legend legend = p->options.legend;
    set_ranges(&c, &r);
    margins m = fit(&c, &r, legend == TP_PLOT_LEGEND_OUTSIDE, left, top);
    if (!plot_legend_fits(&c) && !make_room(&c, &r)) legend = TP_PLOT_LEGEND_OUTSIDE;
    m = fit(&c, &r, legend == TP_PLOT_LEGEND_OUTSIDE, left, top);
    const double x = c.x.from, y = fmin(c.y.from, c.y.to), width = c.x.to - x, height = fabs(c.y.to - c.y.from);
    if (!p->options.bare) draw_grid(&c);
    /* an inner svg clips without needing a name that is unique on its page */
    svg_add(out, "<svg x='@n' y='@n' width='@n' height='@n' viewBox='@n @n @n @n'>\n", x, y, width, height, x, y, width,
            height);
    for (const item *it = p->first; it; it = it->next)
        if (it->kind->draw) it->kind->draw(&c, it);
    svg_add(out, "</svg>\n");
    draw_axes(&c, &m, left);
    for (const item *it = p->first; it; it = it->next)
        if (it->kind->over) it->kind->over(&c, it);
    if (with_bar(p)) plot_draw_bar(&c, with_bar(p), c.x.to);
    plot_draw_legend(&c, legend, c.x.to + (m.bar > 0 ? m.bar : 0) + 12);
}
