/* Image grids: all images in one PNG, with the ground showing between them. */
#include <math.h>
#include <string.h>

#include "core/tensor.h"
#include "plot/plot.h"
#include "plot/png.h"

#define PIXELS_MOST (INT64_C(1) << 26)

enum { CAPTION_LINE = 14, SIDE = 12, TILE_MOST = 240, GAP = 5 };

/* Where the numbers of an image lie in the tensor, in elements in row-major order. */
typedef struct layout {
    int64_t n, height, width, image, row, column, channel;
    int channels;
} layout;

static bool lay_out(const tp_tensor *t, layout *l)
{
    const int64_t *d = t->dims;
    *l = (layout){.n = 1, .channels = 1};
    if (t->rank == 2) {
        l->height = d[0], l->width = d[1], l->column = 1;
    } else if (t->rank == 3) {
        l->n = d[0], l->height = d[1], l->width = d[2], l->column = 1;
    } else if (t->rank == 4 && (d[3] == 1 || d[3] == 3)) {
        l->n = d[0], l->height = d[1], l->width = d[2], l->channels = (int)d[3], l->column = d[3], l->channel = 1;
    } else if (t->rank == 4 && (d[1] == 1 || d[1] == 3)) {
        l->n = d[0], l->height = d[2], l->width = d[3], l->channels = (int)d[1], l->column = 1;
        l->channel = d[2] * d[3];
    } else {
        return false;
    }
    l->row = l->width * l->column;
    l->image = l->height * l->width * l->channels;
    return true;
}

static void range_of(const tp_tensor *t, double *low, double *high)
{
    if (*low < 0 || *low > 0 || *high < 0 || *high > 0) return;
    *low = 0;
    *high = 255;
    if (t->dtype == TP_U8) return;
    *low = (double)INFINITY;
    *high = -(double)INFINITY;
    for (int64_t i = 0; i < t->count; i++) {
        const double v = tp_tensor_item(t, i);
        plot_extend(low, high, &v, 1);
    }
    if (!(*low < *high)) *high = *low = fmax(-PLOT_VALUE_MOST / 2, fmin(PLOT_VALUE_MOST / 2, *low)), *high += 1;
}

/* 0 to 255 without the key; what is no number is the middle. */
static unsigned char level(double v, double low, double high, bool inverted)
{
    const double part = isnan(v) ? .5 : fmax(0, fmin(1, (v - low) / (high - low)));
    const unsigned char grey = (unsigned char)lround(255 * (inverted ? 1 - part : part));
    return grey == PNG_KEY ? 0 : grey;
}

static void paint(unsigned char *pixels, const tp_tensor *t, const layout *l, const item *it, const double range[2],
                  bool inverted)
{
    const int64_t columns = it->u.images.columns, across = (columns - 1) * it->u.images.step_x + l->width;
    for (int64_t i = 0; i < l->n; i++)
        for (int64_t y = 0; y < l->height; y++)
            for (int64_t x = 0; x < l->width; x++)
                for (int c = 0; c < l->channels; c++) {
                    const int64_t from = i * l->image + y * l->row + x * l->column + c * l->channel;
                    const int64_t to_y = i / columns * it->u.images.step_y + y,
                                  to_x = i % columns * it->u.images.step_x + x;
                    pixels[(to_y * across + to_x) * l->channels + c] =
                        level(tp_tensor_item(t, from), range[0], range[1], inverted);
                }
}

/* ---- drawing ---- */

static double head_of(const panel *p)
{
    return p->options.title ? 34 : SIDE;
}

static double grid_width(const item *it)
{
    return (double)(it->u.images.columns - 1) * it->u.images.step_x + it->u.images.width;
}

static double grid_height(const item *it)
{
    return (double)(it->u.images.rows - 1) * it->u.images.step_y + it->u.images.height;
}

static double images_height(const panel *p, const item *it, double width)
{
    (void)width;
    if (it->u.images.size == 0) return head_of(p) + SIDE;
    return head_of(p) + grid_height(it) * it->u.images.scale + it->u.images.lines * CAPTION_LINE + SIDE + 4;
}

static void draw_caption(svg *out, const char *text, bool marked, double x, double y, double width)
{
    char line[128];
    for (int i = 0; *text && i < 4; i++) {
        const size_t n = strcspn(text, "\n"), kept = n < sizeof line - 1 ? n : sizeof line - 1;
        memcpy(line, text, kept);
        line[kept] = 0;
        svg_text(out, marked ? "cb m" : "c m", x, y + CAPTION_LINE * i, width, 0, line);
        text += n + (text[n] == '\n');
    }
}

static void images_fill(svg *out, const panel *p, const item *it, double left, double top, double width, double height)
{
    (void)height;
    const double scale = it->u.images.scale, wide = it->u.images.width * scale, high = it->u.images.height * scale;
    const double across = grid_width(it);
    if (p->options.title) svg_text(out, "t m", left + width / 2, top + 22, width - 8, 0, p->options.title);
    if (it->u.images.size == 0) return;
    left += (width - across * scale) / 2;
    top += head_of(p);
    svg_image(out, left, top, across * scale, grid_height(it) * scale, false, it->u.images.png, it->u.images.size);
    for (int64_t i = 0; i < it->n; i++) {
        const bool marked = it->u.images.marked && it->u.images.marked[i];
        const double x = left + (double)(i % it->u.images.columns) * it->u.images.step_x * scale,
                     y = top + (double)(i / it->u.images.columns) * it->u.images.step_y * scale;
        if (marked)
            svg_add(out, "<rect class='s c2' stroke-width='2' x='@n' y='@n' width='@n' height='@n'/>\n", x - 1, y - 1,
                    wide + 2, high + 2);
        if (it->names)
            draw_caption(out, it->names[i], marked, x + wide / 2, y + high + 12, it->u.images.step_x * scale - 2);
    }
}

static const item_kind images_kind = {.height = images_height, .fill = images_fill};

/* ---- the call ---- */

static int caption_lines(const item *it)
{
    int most = 0;
    for (int64_t i = 0; it->names && i < it->n; i++) {
        int lines = 1;
        for (const char *at = it->names[i]; *at; at++) lines += *at == '\n';
        most = lines > most ? lines : most;
    }
    return most < 4 ? most : 4;
}

/* The scale that fills the panel, a whole number where the images are not made smaller; and the steps, which leave GAP
   pixels of the page, or a pixel of the image where that is more. */
static void choose_scale(item *it, double scale, double room)
{
    const double n = it->u.images.columns, wide = it->u.images.width;
    double wanted = fmin(fmax(1, floor(TILE_MOST / wide)), (room - (n - 1) * GAP) / (n * wide));
    wanted = fmax(.01, wanted >= 1 ? floor(wanted) : wanted);
    for (;; wanted--) {
        it->u.images.scale = scale > 0 ? scale : wanted;
        it->u.images.step_x = it->u.images.width + (uint32_t)fmax(1, floor(GAP / it->u.images.scale));
        if (scale > 0 || wanted < 2 || grid_width(it) * wanted <= room) break;
    }
    it->u.images.step_y = it->u.images.height +
                          (uint32_t)fmax(1, ceil((GAP + it->u.images.lines * (CAPTION_LINE + 1)) / it->u.images.scale));
}

static void arrange(const tp_plot *plot, item *it, const layout *l, const tp_plot_images_options *o)
{
    const int64_t square = (int64_t)ceil(sqrt((double)l->n * 1.3));
    const int64_t columns = o->columns > 0 ? o->columns : square;
    it->n = l->n;
    it->u.images.columns = (uint32_t)(columns < l->n ? columns : l->n);
    it->u.images.rows = (uint32_t)((l->n + it->u.images.columns - 1) / it->u.images.columns);
    it->u.images.width = (uint32_t)l->width;
    it->u.images.height = (uint32_t)l->height;
    it->u.images.lines = caption_lines(it);
    choose_scale(it, o->scale, plot->options.width - 2 * SIDE);
}

static tp_status paint_all(tp_plot *plot, const char *name, const tp_tensor *t, const layout *l, item *it,
                           const tp_plot_images_options *o)
{
    const uint32_t across = (it->u.images.columns - 1) * it->u.images.step_x + it->u.images.width,
                   down = (it->u.images.rows - 1) * it->u.images.step_y + it->u.images.height;
    const int64_t n = (int64_t)across * down;
    if (n > PIXELS_MOST)
        return plot_fail(plot, name, TP_E_LIMIT, "the grid has %lld pixels, more than 2^26", (long long)n);
    const size_t room = (size_t)n * (size_t)l->channels;
    double range[] = {o->low, o->high};
    range_of(t, &range[0], &range[1]);
    size_t size = 0, bytes = 0;
    unsigned char *pixels = tp_allocate(&plot->memory, room), *png = NULL;
    const double scale = it->u.images.scale;
    const uint32_t factor = scale >= 5 && scale * scale * (double)n < PIXELS_MOST ? (uint32_t)scale : 1;
    if (pixels) {
        memset(pixels, PNG_KEY, room);
        paint(pixels, t, l, it, range, o->inverted);
        png = png_encode(&plot->memory, across, down, l->channels, factor, pixels, &size, &bytes);
    }
    tp_deallocate(&plot->memory, pixels, room);
    it->u.images.png = png ? plot_keep(plot, name, size) : NULL;
    if (it->u.images.png) memcpy(it->u.images.png, png, size);
    it->u.images.size = size;
    if (!png) plot_fail(plot, name, TP_E_MEMORY, "out of memory for the images");
    tp_deallocate(&plot->memory, png, bytes);
    return plot->status;
}

tp_status tp_plot_images(tp_plot *plot, const tp_tensor *images, const tp_plot_images_options *options)
{
    static const char name[] = "tp_plot_images";
    const tp_plot_images_options o = options ? *options : (tp_plot_images_options){0};
    char text[TP_SHAPE_TEXT];
    layout l;
    if (!plot || plot->status != TP_OK) return tp_plot_status(plot);
    if (!images) return plot_fail(plot, name, TP_E_ARGUMENT, "images is NULL");
    if (!lay_out(images, &l))
        return plot_fail(plot, name, TP_E_SHAPE, "images is %s, not (n,H,W), (n,H,W,1 or 3), (n,1 or 3,H,W) or (H,W)",
                         tp_tensor_text(text, images));
    if (images->count > PIXELS_MOST)
        return plot_fail(plot, name, TP_E_LIMIT, "images is %s, more than 2^26 numbers", tp_tensor_text(text, images));
    if (o.columns < 0) return plot_fail(plot, name, TP_E_ARGUMENT, "columns is %d", o.columns);
    if (!(o.low == 0 && o.high == 0) && !(plot_shown(o.low) && plot_shown(o.high) && o.low < o.high))
        return plot_fail(plot, name, TP_E_ARGUMENT, "low to high, %g to %g, is no range", o.low, o.high);
    if (!(o.scale == 0 || (o.scale >= .01 && o.scale <= 100)))
        return plot_fail(plot, name, TP_E_ARGUMENT, "scale is %g, not 0.01 to 100", o.scale);
    item *it = plot_item(plot, name, &images_kind, NULL, true);
    if (!it) return plot->status;
    if (images->count == 0) return plot_add(plot, it);
    it->names = plot_keep_texts(plot, name, o.captions, l.n);
    if (o.marked) {
        bool *marked = plot_keep(plot, name, (size_t)l.n * sizeof *marked);
        if (marked) it->u.images.marked = memcpy(marked, o.marked, (size_t)l.n * sizeof *marked);
    }
    if (plot->status != TP_OK) return plot->status;
    arrange(plot, it, &l, &o);
    if (paint_all(plot, name, images, &l, it, &o) != TP_OK) return plot->status;
    return plot_add(plot, it);
}
