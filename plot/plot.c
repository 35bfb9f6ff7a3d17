/* Pictures: their memory, their panels, their first error, and where they are written. */
#include "plot/plot.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { COLUMNS_MOST = 16 };
#define BLOCK_HEAD ((sizeof(block) + TP_ALIGNMENT - 1) / TP_ALIGNMENT * TP_ALIGNMENT)

/* ---- errors and memory ---- */

tp_status plot_fail(tp_plot *plot, const char *function, tp_status status, const char *format, ...)
{
    if (!plot) return TP_E_ARGUMENT;
    if (plot->status != TP_OK) return plot->status;
    const int head = snprintf(plot->message, sizeof plot->message, "%s: ", function);
    va_list list;
    va_start(list, format);
    vsnprintf(plot->message + head, sizeof plot->message - (size_t)head, format, list);
    va_end(list);
    plot->status = status;
    return status;
}

void *plot_keep(tp_plot *plot, const char *function, size_t size)
{
    block *b = size <= SIZE_MAX - BLOCK_HEAD ? tp_allocate(&plot->memory, BLOCK_HEAD + size) : NULL;
    if (!b) {
        plot_fail(plot, function, TP_E_MEMORY, "out of memory for %zu bytes", size);
        return NULL;
    }
    *b = (block){plot->blocks, BLOCK_HEAD + size};
    plot->blocks = b;
    return memset((char *)b + BLOCK_HEAD, 0, size);
}

const char *plot_keep_text(tp_plot *plot, const char *function, const char *text)
{
    if (!text) return NULL;
    const size_t n = strlen(text) + 1;
    char *copy = plot_keep(plot, function, n);
    return copy ? memcpy(copy, text, n) : NULL;
}

const double *plot_keep_numbers(tp_plot *plot, const char *function, const double *numbers, int64_t n)
{
    if (!numbers || n == 0) return NULL;
    double *copy = plot_keep(plot, function, (size_t)n * sizeof *copy);
    return copy ? memcpy(copy, numbers, (size_t)n * sizeof *copy) : NULL;
}

const char *const *plot_keep_texts(tp_plot *plot, const char *function, const char *const *texts, int64_t n)
{
    if (!texts || n == 0) return NULL;
    const char **copy = plot_keep(plot, function, (size_t)n * sizeof *copy);
    for (int64_t i = 0; copy && i < n; i++) {
        copy[i] = plot_keep_text(plot, function, texts[i] ? texts[i] : "");
        if (!copy[i]) return NULL;
    }
    return copy;
}

/* ---- the picture ---- */

tp_plot *tp_plot_new(const tp_plot_options *options, tp_error *error)
{
    static const char name[] = "tp_plot_new";
    tp_plot_options o = options ? *options : (tp_plot_options){0};
    if (!(o.width != 0)) o.width = 560;
    if (!(o.height != 0)) o.height = 380;
    if (o.columns == 0) o.columns = 1;
    if (o.columns < 1 || o.columns > COLUMNS_MOST) {
        tp_fail(error, TP_E_ARGUMENT, "%s: columns is %d, not 1 to %d", name, o.columns, COLUMNS_MOST);
        return NULL;
    }
    if (!(o.width >= 60 && o.width <= 10000 && o.height >= 60 && o.height <= 10000)) {
        tp_fail(error, TP_E_ARGUMENT, "%s: width and height are %g and %g, not 60 to 10000", name, o.width, o.height);
        return NULL;
    }
    const tp_allocator memory = o.memory ? *o.memory : tp_default_allocator;
    tp_plot *plot = tp_allocate_zeroed(&memory, sizeof *plot);
    if (!plot) {
        tp_fail(error, TP_E_MEMORY, "%s: out of memory", name);
        return NULL;
    }
    plot->memory = memory;
    plot->options = o;
    plot->out.memory = &plot->memory;
    plot->options.title = plot_keep_text(plot, name, o.title);
    if (plot->status == TP_OK) return plot;
    tp_fail(error, plot->status, "%s", plot->message);
    tp_plot_free(plot);
    return NULL;
}

void tp_plot_free(tp_plot *plot)
{
    if (!plot) return;
    const tp_allocator memory = plot->memory;
    for (block *b = plot->blocks; b;) {
        block *next = b->next;
        tp_deallocate(&memory, b, b->size);
        b = next;
    }
    svg_free(&plot->out);
    tp_deallocate(&memory, plot, sizeof *plot);
}

tp_status tp_plot_status(const tp_plot *plot)
{
    return plot ? plot->status : TP_E_ARGUMENT;
}

const char *tp_plot_error(const tp_plot *plot)
{
    return plot ? plot->message : "tp_plot_error: plot is NULL";
}

/* ---- panels and items ---- */

/* Both 0, or a range that the axis can show. */
static bool range_fits(double low, double high, bool log)
{
    if (!(low < 0 || low > 0 || high < 0 || high > 0)) return low == 0 && high == 0;
    return plot_shown(low) && plot_shown(high) && low < high && (!log || low > 0);
}

tp_status tp_plot_panel(tp_plot *plot, const tp_plot_panel_options *options)
{
    static const char name[] = "tp_plot_panel";
    if (!plot || plot->status != TP_OK) return tp_plot_status(plot);
    const tp_plot_panel_options o = options ? *options : (tp_plot_panel_options){0};
    if (!range_fits(o.x_low, o.x_high, o.x_log))
        return plot_fail(plot, name, TP_E_ARGUMENT, "x_low to x_high, %g to %g, is no range for this axis", o.x_low,
                         o.x_high);
    if (!range_fits(o.y_low, o.y_high, o.y_log))
        return plot_fail(plot, name, TP_E_ARGUMENT, "y_low to y_high, %g to %g, is no range for this axis", o.y_low,
                         o.y_high);
    if ((int)o.legend < 0 || o.legend > TP_PLOT_LEGEND_NONE)
        return plot_fail(plot, name, TP_E_ARGUMENT, "there is no legend place %d", (int)o.legend);
    panel *p = plot_keep(plot, name, sizeof *p);
    if (!p) return plot->status;
    p->options = o;
    p->options.title = plot_keep_text(plot, name, o.title);
    p->options.x_label = plot_keep_text(plot, name, o.x_label);
    p->options.y_label = plot_keep_text(plot, name, o.y_label);
    if (plot->status != TP_OK) return plot->status;
    *(plot->last ? &plot->last->next : &plot->first) = p;
    plot->last = p;
    return TP_OK;
}

panel *plot_panel(const tp_plot *plot)
{
    return plot->last;
}

/* Takes the defaults for what is 0; the next colour is 1 + series mod 8, with another dash and mark every eight. */
static bool complete_style(tp_plot *plot, const char *function, tp_plot_style *s, int series)
{
    static const tp_plot_dash dashes[] = {TP_PLOT_SOLID, TP_PLOT_DASHED, TP_PLOT_DOTTED, TP_PLOT_DASH_DOTTED};
    if (s->colour < 0 || s->colour > TP_PLOT_INK || s->dash > TP_PLOT_DASH_DOTTED || s->mark > TP_PLOT_CROSS ||
        (int)s->dash < 0 || (int)s->mark < 0) {
        plot_fail(plot, function, TP_E_ARGUMENT, "there is no colour %d, dash %d or mark %d", s->colour, (int)s->dash,
                  (int)s->mark);
        return false;
    }
    if (!(s->width >= 0 && s->width <= 100 && s->size >= 0 && s->size <= 100)) {
        plot_fail(plot, function, TP_E_ARGUMENT, "width and size are %g and %g, not 0 to 100", s->width, s->size);
        return false;
    }
    if (s->dash == TP_PLOT_DASH_AUTO) s->dash = s->colour ? TP_PLOT_SOLID : dashes[series / TP_PLOT_COLOURS % 4];
    if (s->colour == 0) s->colour = 1 + series % TP_PLOT_COLOURS;
    if (!(s->width > 0)) s->width = 2;
    if (!(s->size > 0)) s->size = 7;
    return true;
}

item *plot_item(tp_plot *plot, const char *function, const item_kind *kind, const tp_plot_style *style, bool alone)
{
    if (!plot || plot->status != TP_OK) return NULL;
    if (!plot->last && tp_plot_panel(plot, NULL) != TP_OK) return NULL;
    panel *p = plot->last;
    if (p->first && (alone || p->first->kind->fill)) {
        plot_fail(plot, function, TP_E_ARGUMENT,
                  "images and matrices have a panel of their own: tp_plot_panel begins it");
        return NULL;
    }
    tp_plot_style s = style ? *style : (tp_plot_style){0};
    if (!complete_style(plot, function, &s, p->series)) return NULL;
    item *it = plot_keep(plot, function, sizeof *it);
    if (!it) return NULL;
    it->kind = kind;
    it->style = s;
    it->style.label = plot_keep_text(plot, function, s.label);
    it->x_low = it->y_low = (double)INFINITY;
    it->x_high = it->y_high = -(double)INFINITY;
    if (!style || style->colour == 0) it->slot = 1; /* took a colour: plot_add counts it */
    return plot->status == TP_OK ? it : NULL;
}

tp_status plot_add(tp_plot *plot, item *it)
{
    if (plot->status != TP_OK) return plot->status;
    panel *p = plot->last;
    if (it->slot && it->kind != &plot_heat_kind) p->series++;
    it->slot = it->kind == &plot_bars_kind ? p->bar_series++ : 0;
    *(p->last ? &p->last->next : &p->first) = it;
    p->last = it;
    return TP_OK;
}

/* ---- writing ---- */

static tp_status draw(tp_plot *plot, const char *function, tp_error *error)
{
    if (!plot) return tp_fail(error, TP_E_ARGUMENT, "%s: plot is NULL", function);
    if (plot->status != TP_OK) return tp_fail(error, plot->status, "%s", plot->message);
    plot_draw(plot);
    if (plot->out.failed) return tp_fail(error, TP_E_MEMORY, "%s: out of memory for the picture", function);
    return TP_OK;
}

const char *tp_plot_svg(tp_plot *plot, size_t *length, tp_error *error)
{
    if (draw(plot, "tp_plot_svg", error) != TP_OK) return NULL;
    if (length) *length = plot->out.length;
    return plot->out.text;
}

static bool put_out(const tp_plot *plot, FILE *file)
{
    return fwrite(plot->out.text, 1, plot->out.length, file) == plot->out.length && fflush(file) == 0;
}

tp_status tp_plot_print(tp_plot *plot, FILE *file, tp_error *error)
{
    if (!file) return tp_fail(error, TP_E_ARGUMENT, "tp_plot_print: file is NULL");
    const tp_status status = draw(plot, "tp_plot_print", error);
    if (status != TP_OK || put_out(plot, file)) return status;
    return tp_fail(error, TP_E_IO, "tp_plot_print: cannot write: %s", strerror(errno));
}

tp_status tp_plot_save(tp_plot *plot, const char *path, tp_error *error)
{
    if (!path) return tp_fail(error, TP_E_ARGUMENT, "tp_plot_save: path is NULL");
    const tp_status status = draw(plot, "tp_plot_save", error);
    if (status != TP_OK) return status;
    FILE *file = fopen(path, "wb");
    if (!file) return tp_fail(error, TP_E_IO, "tp_plot_save: cannot open: %s: %.300s", strerror(errno), path);
    const bool written = put_out(plot, file);
    int code = errno;
    const bool closed = fclose(file) == 0;
    if (written && !closed) code = errno;
    if (written && closed) return TP_OK;
    return tp_fail(error, TP_E_IO, "tp_plot_save: cannot write: %s: %.300s", strerror(code), path);
}
