/* Curves and points as paths. Long ones are thinned to what pixels can show. */
#include "plot/series.h"

#include <math.h>
#include <string.h>

enum { CURVE_MOST = 20000, CLOSE_MOST = 20000, SHAPES_MOST = 3000 };

static const char *const dashes[] = {"", "", " stroke-dasharray='7 4'", " stroke-dasharray='.1 5'",
                                     " stroke-dasharray='9 5 .1 5'"};

void series_begin_line(svg *out, const item *it)
{
    const bool round = it->style.dash != TP_PLOT_DASHED;
    svg_add(out, "<path class='s c@d' stroke-width='@n'@s@s d='", it->style.colour, it->style.width,
            round ? " stroke-linecap='round'" : "", dashes[it->style.dash]);
}

/* ---- curves ---- */

typedef struct pen {
    svg *out;
    int run; /* points since the last gap */
    double x, y;
} pen;

static void pen_to(pen *p, double x, double y)
{
    if (p->run > 0 && fabs(x - p->x) < .05 && fabs(y - p->y) < .05) return;
    svg_add(p->out, p->run ? " @p @p" : "M@p @p", x, y);
    p->run++;
    p->x = x;
    p->y = y;
}

static void pen_lift(pen *p)
{
    if (p->run == 1) svg_add(p->out, "h0"); /* a round dot */
    p->run = 0;
}

/* The points of one pixel: first, lowest, highest and last, in their order. */
typedef struct column {
    int64_t n;
    double at, x[4], y[4];
    int64_t order[4];
} column;

static void column_flush(column *k, pen *p)
{
    for (int64_t last = -1; k->n > 0;) {
        int next = -1;
        for (int i = 0; i < 4; i++)
            if (k->order[i] > last && (next < 0 || k->order[i] < k->order[next])) next = i;
        if (next < 0) break;
        pen_to(p, k->x[next], k->y[next]);
        last = k->order[next];
    }
    k->n = 0;
}

static void column_add(column *k, pen *p, double x, double y)
{
    if (k->n > 0 && floor(x) != k->at) column_flush(k, p);
    for (int i = 0; i < 4; i++)
        if (k->n == 0 || (i == 1 && y < k->y[1]) || (i == 2 && y > k->y[2]) || i == 3) {
            k->x[i] = x;
            k->y[i] = y;
            k->order[i] = k->n;
        }
    k->at = floor(x);
    k->n++;
}

static bool rises(const item *it)
{
    double last = -(double)INFINITY;
    for (int64_t i = 0; it->x && i < it->n; i++) {
        if (!plot_shown(it->x[i])) continue;
        if (it->x[i] < last) return false;
        last = it->x[i];
    }
    return true;
}

/* Whether there is a gap among the points that are passed over before point i. */
static bool gap_before(const canvas *c, const item *it, int64_t i, int64_t step)
{
    for (int64_t k = i - step + 1; k < i; k++)
        if (k >= 0 && (!axis_takes(&c->x, series_x(it, k)) || !axis_takes(&c->y, it->y[k]))) return true;
    return false;
}

void series_line(const canvas *c, const item *it)
{
    const bool columns = (double)it->n > 4 * fabs(c->x.to - c->x.from) && rises(it);
    const int64_t step = columns || it->n <= CURVE_MOST ? 1 : (it->n + CURVE_MOST - 1) / CURVE_MOST;
    pen p = {.out = c->out};
    column k = {0};
    series_begin_line(c->out, it);
    for (int64_t i = 0; i < it->n; i += step) {
        const double x = series_x(it, i), y = it->y[i];
        if (gap_before(c, it, i, step)) pen_lift(&p);
        if (!axis_takes(&c->x, x) || !axis_takes(&c->y, y)) {
            column_flush(&k, &p);
            pen_lift(&p);
        } else if (columns) {
            column_add(&k, &p, axis_place(&c->x, x), axis_place(&c->y, y));
        } else {
            pen_to(&p, axis_place(&c->x, x), axis_place(&c->y, y));
        }
    }
    column_flush(&k, &p);
    pen_lift(&p);
    svg_add(c->out, "'/>\n");
}

/* ---- marks ---- */

/* A mark's outline around (x, y), of radius r. */
static void put_shape(svg *out, tp_plot_mark mark, double x, double y, double r)
{
    switch (mark) {
    case TP_PLOT_SQUARE: svg_add(out, "M@p @ph@pv@ph@pz", x - .9 * r, y - .9 * r, 1.8 * r, 1.8 * r, -1.8 * r); break;
    case TP_PLOT_TRIANGLE: svg_add(out, "M@p @pl@p @ph@pz", x, y - 1.15 * r, 1.15 * r, 2 * r, -2.3 * r); break;
    case TP_PLOT_DIAMOND:
        svg_add(out, "M@p @pl@p @p@p @p@p @pz", x, y - 1.3 * r, 1.3 * r, 1.3 * r, -1.3 * r, 1.3 * r, -1.3 * r,
                -1.3 * r);
        break;
    case TP_PLOT_CROSS:
        svg_add(out, "M@p @pl@p @pm0 @pl@p @p", x - r, y - r, 2 * r, 2 * r, -2 * r, -2 * r, 2 * r);
        break;
    default: svg_add(out, "M@p @pa@p @p 0 1 0 @p 0a@p @p 0 1 0 @p 0", x - r, y, r, r, 2 * r, r, r, -2 * r);
    }
}

static void begin_marks(svg *out, const item *it)
{
    const tp_plot_mark mark = it->style.mark;
    svg_add(out, "<path class='@s c@d'@s d='",
            mark == TP_PLOT_CROSS  ? "s"
            : mark == TP_PLOT_RING ? "r"
                                   : "f",
            it->style.colour, mark == TP_PLOT_CROSS ? " stroke-width='2'" : "");
}

void series_mark(svg *out, const item *it, double x, double y)
{
    begin_marks(out, it);
    put_shape(out, it->style.mark, x, y, fmin(it->style.size, 11) / 2);
    svg_add(out, "'/>\n");
}

/* Which cells of the frame have a mark already. */
typedef struct taken {
    unsigned char *bits;
    size_t bytes, columns;
    double cell, left, top;
} taken;

static bool taken_begin(taken *t, const canvas *c, int64_t n)
{
    *t = (taken){.cell = n > CLOSE_MOST ? 2 : .5, .left = fmin(c->x.from, c->x.to), .top = fmin(c->y.from, c->y.to)};
    t->columns = (size_t)(fabs(c->x.to - c->x.from) / t->cell) + 2;
    t->bytes = t->columns * ((size_t)(fabs(c->y.to - c->y.from) / t->cell) + 2) / 8 + 1;
    t->bits = tp_allocate_zeroed(c->out->memory, t->bytes);
    if (!t->bits) c->out->failed = true;
    return t->bits != NULL;
}

/* Takes the cell; false when it was taken. */
static bool take(taken *t, double x, double y)
{
    const size_t across = (size_t)fmax(0, (x - t->left) / t->cell + .5),
                 down = (size_t)fmax(0, (y - t->top) / t->cell + .5);
    const size_t i = down * t->columns + across;
    const unsigned char bit = (unsigned char)(1u << (i & 7));
    if (i / 8 >= t->bytes || t->bits[i / 8] & bit) return false;
    t->bits[i / 8] |= bit;
    return true;
}

void series_marks(const canvas *c, const item *it)
{
    taken t;
    if (it->n == 0 || !taken_begin(&t, c, it->n)) return;
    const bool dots = it->n > SHAPES_MOST && it->style.mark == TP_PLOT_DISC;
    if (dots)
        svg_add(c->out, "<path class='s c@d' stroke-linecap='round' stroke-width='@n' d='", it->style.colour,
                it->style.size);
    else
        begin_marks(c->out, it);
    for (int64_t i = 0; i < it->n; i++) {
        const double x = series_x(it, i), y = it->y[i];
        if (!axis_holds(&c->x, x) || !axis_holds(&c->y, y)) continue;
        const double across = axis_place(&c->x, x), down = axis_place(&c->y, y);
        if (!take(&t, across, down)) continue;
        if (dots)
            svg_add(c->out, "M@p @ph0", across, down);
        else
            put_shape(c->out, it->style.mark, across, down, it->style.size / 2);
    }
    svg_add(c->out, "'/>\n");
    tp_deallocate(c->out->memory, t.bits, t.bytes);
}
