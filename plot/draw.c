/* The picture as a whole: how high each row of panels is, and the panels in it. */
#include <math.h>

#include "plot/plot.h"

enum { TITLE = 38 };

/* The item that fills the panel alone, or NULL. */
static const item *filler(const panel *p)
{
    return p->first && p->first->kind->fill ? p->first : NULL;
}

static double row_height(const tp_plot *plot, const panel *first)
{
    double most = 0;
    int i = 0;
    for (const panel *p = first; p && i < plot->options.columns; p = p->next, i++) {
        const item *it = filler(p);
        most = fmax(most, it ? it->kind->height(p, it, plot->options.width) : plot->options.height);
    }
    return most;
}

static void draw_panel(tp_plot *plot, panel *p, double left, double top, double height)
{
    const item *it = filler(p);
    p->width = plot->options.width;
    p->height = height;
    if (it)
        it->kind->fill(&plot->out, p, it, left, top, p->width, height);
    else
        plot_draw_frame(&plot->out, p, left, top);
}

void plot_draw(tp_plot *plot)
{
    const tp_plot_options *o = &plot->options;
    const double head = o->title ? TITLE : 0;
    double height = 0;
    int panels = 0;
    for (panel *p = plot->first; p; p = p->next, panels++)
        if (panels % o->columns == 0) height += row_height(plot, p);
    if (panels == 0) height = o->height;
    const int columns = panels < o->columns && panels > 0 ? panels : o->columns;
    svg_begin(&plot->out, ceil(columns * o->width), ceil(head + height));
    if (o->title) svg_text(&plot->out, "h m", columns * o->width / 2, 27, columns * o->width - 16, 0, o->title);
    double top = head, row = 0;
    int i = 0;
    for (panel *p = plot->first; p; p = p->next, i++) {
        if (i % o->columns == 0) {
            top += row;
            row = row_height(plot, p);
        }
        draw_panel(plot, p, i % o->columns * o->width, top, row);
    }
    svg_end(&plot->out);
}
