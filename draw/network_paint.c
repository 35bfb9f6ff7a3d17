/* Networks as SVG: columns of circles, lines between all of them. */
#include <math.h>

#include "draw/measure.h"
#include "draw/network.h"

enum {
    EDGE = 16,
    HEAD = 40,
    TITLE_STEP = 16,
    NAME_GAP = 26,  /* from a circle to its name, with an arrow between */
    LABELS_FEW = 6, /* more of them have more room */
    LABELS_MOST = 16
};

/* Where a text stands on a line. */
typedef struct label_place {
    double x, y;
} label_place;

typedef struct canvas {
    svg *out;
    const network *n;
    label_place *placed; /* numbers between two columns */
    int count;
} canvas;

static double column_height(const network *n, const column *c)
{
    return n->step * (c->shown + c->shortened + c->bias_node - 1) + (c->bias_node ? 8 : 0);
}

double column_y(const network *n, const column *c, int i)
{
    return c->top + n->step * (i + (c->shortened && i >= c->head)) + (i == c->shown ? 8 : 0);
}

/* How many numbers stand between two columns. */
static int labels(const column *c, const column *before)
{
    const int n = c->shown * before->shown;
    return c->weight && n <= LABELS_MOST ? n : 0;
}

/* ---- lines ---- */

/* Positive weights in colour 1, negative ones in colour 2, stronger ones wider. */
static void paint_line(canvas *c, const column *from, int i, const column *to, int k)
{
    const network *n = c->n;
    const double x0 = from->x, y0 = column_y(n, from, i), x1 = to->x, y1 = column_y(n, to, k);
    const double length = hypot(x1 - x0, y1 - y0), dx = n->radius * (x1 - x0) / length,
                 dy = n->radius * (y1 - y0) / length;
    svg_add(c->out, "<path class='");
    if (i == from->shown) {
        svg_add(c->out, "p z' stroke-dasharray='4 3'");
    } else if (to->weight) {
        const double w = to->weight[k * from->shown + i], part = to->strongest > 0 ? fabs(w) / to->strongest : 0;
        const double known = isfinite(part) ? part : 0;
        svg_add(c->out, "s c@d' stroke-width='@n' stroke-opacity='@n'", w < 0 ? 2 : 1, .5 + 2.5 * known,
                .4 + .45 * known);
    } else {
        svg_add(c->out, "p z'");
    }
    svg_add(c->out, " d='M@p @pL@p @p'/>\n", x0 + dx, y0 + dy, x1 - dx, y1 - dy);
}

/* How far a place is from the other lines between two columns; at most `enough`. */
static double clear_of_lines(const canvas *c, const column *from, int i, const column *to, int k, label_place at,
                             double enough)
{
    for (int a = 0; a < from->shown; a++)
        for (int b = 0; b < to->shown; b++) {
            const double y0 = column_y(c->n, from, a), dx = to->x - from->x, dy = column_y(c->n, to, b) - y0;
            if (a == i && b == k) continue;
            enough = fmin(enough, fabs((at.x - from->x) * dy - (at.y - y0) * dx) / hypot(dx, dy));
        }
    return enough;
}

/* Where on the line a text of that width stands best: far enough from the texts that stand already and from other
   lines, or as far as can be, and as near to the middle as that allows. */
static label_place place_label(const canvas *c, const column *from, int i, const column *to, int k, double wide)
{
    enum { TRIES = 29, FROM_TEXTS = 22, FROM_LINES = 13 };
    const double y0 = column_y(c->n, from, i), dx = to->x - from->x, dy = column_y(c->n, to, k) - y0;
    const double usable = fmax(0, 1 - 2 * (c->n->radius + wide / 2 + 4) / hypot(dx, dy));
    label_place best = {from->x + dx / 2, y0 + dy / 2};
    double highest = -1;
    for (int t = 0; t < TRIES; t++) { /* from the middle outwards */
        const double part = .5 + usable * (t % 2 ? (t + 1) / 2 : -t / 2) / TRIES;
        const label_place at = {from->x + part * dx, y0 + part * dy};
        double score = FROM_TEXTS;
        for (int j = 0; j < c->count; j++) /* texts are wider than high */
            score = fmin(score, hypot((at.x - c->placed[j].x) / 2.6, at.y - c->placed[j].y));
        score += clear_of_lines(c, from, i, to, k, at, FROM_LINES);
        if (score <= highest + .5) continue;
        highest = score;
        best = at;
    }
    return best;
}

static void paint_weight(canvas *c, const column *from, int i, const column *to, int k)
{
    const double x0 = from->x, y0 = column_y(c->n, from, i), x1 = to->x, y1 = column_y(c->n, to, k);
    char text[NUMBER_TEXT];
    number_text(text, to->weight[k * from->shown + i], c->n->digits);
    const double wide = svg_text_width("c", text) + 6;
    const label_place at = place_label(c, from, i, to, k, wide);
    c->placed[c->count++] = at;
    svg_add(c->out, "<g transform='translate(@p @p) rotate(@p)'>", at.x, at.y,
            atan2(y1 - y0, x1 - x0) * 57.29577951308232);
    svg_add(c->out, "<rect class='w' x='@p' y='-6.5' width='@p' height='13'/>", -wide / 2, wide);
    svg_add(c->out, "<text class='c m' y='4'>@t</text></g>\n", text);
}

static void paint_between(canvas *c, const column *from, const column *to)
{
    for (int i = 0; i < from->shown + from->bias_node; i++)
        for (int k = 0; k < to->shown; k++) paint_line(c, from, i, to, k);
    c->count = 0;
    if (labels(to, from) == 0) return;
    for (int i = 0; i < from->shown; i++)
        for (int k = 0; k < to->shown; k++) paint_weight(c, from, i, to, k);
}

/* ---- columns ---- */

static void paint_circle(canvas *c, double x, double y, int colour)
{
    svg_add(c->out, "<circle class='w' cx='@p' cy='@p' r='@p'/>\n", x, y, c->n->radius);
    svg_add(c->out, "<circle class='u c@d' cx='@p' cy='@p' r='@p'/>\n", colour, x, y, c->n->radius);
}

static void paint_name(canvas *c, const column *col, double y, bool input, const char *name)
{
    const double r = c->n->radius, from = input ? col->x - r - NAME_GAP + 4 : col->x + r,
                 to = input ? col->x - r : col->x + r + NAME_GAP - 4;
    svg_add(c->out, "<path class='p' d='M@p @pH@p'/>\n<path class='j' d='M@p @pl-7 -3.2v6.4z'/>\n", from, y, to - 5, to,
            y);
    svg_text(c->out, input ? "n e i" : "n i", input ? from - 4 : to + 4, y + 5, 0, 0, name);
}

static void paint_column(canvas *c, int layer)
{
    const network *n = c->n;
    const column *col = &n->column[layer];
    const int colour = layer == 0 ? TP_PLOT_GREY : layer + 1 == n->layers ? 3 : 1;
    char text[NUMBER_TEXT];
    for (int i = 0; i < col->shown; i++) {
        const double y = column_y(n, col, i);
        paint_circle(c, col->x, y, colour);
        if (col->number)
            svg_text(c->out, "c m", col->x, y + 4, 2 * n->radius - 6, 0, number_text(text, col->number[i], n->digits));
        if (col->name && col->name[i]) paint_name(c, col, y, layer == 0, col->name[i]);
    }
    if (col->shortened) {
        const double y = column_y(n, col, col->head) - n->step;
        for (int i = -1; i <= 1; i++) svg_add(c->out, "<circle class='j' cx='@p' cy='@p' r='2'/>\n", col->x, y + 9 * i);
    }
    if (col->bias_node) {
        paint_circle(c, col->x, column_y(n, col, col->shown), TP_PLOT_GREY);
        svg_text(c->out, "l m", col->x, column_y(n, col, col->shown) + 4.5, 0, 0, "1");
    }
}

/* ---- the whole ---- */

static double names_width(const column *c)
{
    double most = 0;
    for (int i = 0; c->name && i < c->shown; i++) most = fmax(most, lines_width("n", c->name[i]));
    return most > 0 ? most + NAME_GAP + 4 : 0;
}

/* Columns as far apart as their titles, their heights and the numbers between them ask for. Returns the width. */
static double place_columns(network *n, double *height)
{
    double most = 0;
    int titles = 0;
    bool shortened = false;
    for (int i = 0; i < n->layers; i++) {
        most = fmax(most, column_height(n, &n->column[i]));
        titles = titles < lines_count(n->column[i].title) ? lines_count(n->column[i].title) : titles;
        shortened = shortened || n->column[i].shortened;
    }
    column *first = &n->column[0];
    double x = EDGE + fmax(n->radius + names_width(first), lines_width("l", first->title) / 2), right = 0;
    for (int i = 0; i < n->layers; i++) {
        column *c = &n->column[i];
        const double half = lines_width("l", c->title) / 2;
        if (i > 0) {
            const double apart =
                fmin(110 + .12 * most, 200) + 60 * (labels(c, c - 1) > 0) + 80 * (labels(c, c - 1) > LABELS_FEW);
            x += fmax(apart, half + lines_width("l", (c - 1)->title) / 2 + 18);
        }
        c->x = x;
        c->top = n->radius + (titles ? TITLE_STEP * titles + 10 : 0) + (most - column_height(n, c)) / 2;
        right = fmax(right, x + fmax(half, n->radius + (i > 0 ? names_width(c) : 0)));
    }
    *height = most + 2 * n->radius + (titles ? TITLE_STEP * titles + 10 : 0) + (shortened ? 22 : 0);
    return right + EDGE;
}

static void paint_texts(canvas *c, double top)
{
    char text[48];
    for (int i = 0; i < c->n->layers; i++) {
        const column *col = &c->n->column[i];
        lines_write(c->out, "l m", col->x, top + 12, TITLE_STEP, col->title);
        if (!col->shortened) continue;
        snprintf(text, sizeof text, "%lld units", (long long)col->width);
        svg_text(c->out, "q m", col->x, column_y(c->n, col, col->shown - !col->bias_node) + c->n->radius + 18, 0, 0,
                 text);
    }
}

tp_status network_paint(tp_diagram *d, const char *function, tp_error *error)
{
    network *n = d->network;
    canvas c = {.out = &d->out, .n = n};
    bool numbers = false, many = false;
    for (int i = 0; i < n->layers; i++) {
        numbers = numbers || n->column[i].number;
        many = many || (i > 0 && labels(&n->column[i], &n->column[i - 1]) > LABELS_FEW);
    }
    n->radius = numbers ? 20 : 15;
    n->step = 2 * n->radius + (numbers ? 14 : 16) + (many ? 22 : 0);
    store scratch = {.memory = &d->memory};
    c.placed = store_take(&scratch, LABELS_MOST, sizeof *c.placed);
    if (!c.placed) return tp_fail(error, TP_E_MEMORY, "%s: out of memory for the picture", function);
    const double head = EDGE + (d->options.title ? HEAD - 8 : 0), least = lines_width("h", d->options.title) + 24;
    double height, width = place_columns(n, &height);
    const double shift = fmax(0, least - width) / 2;
    for (int i = 0; i < n->layers; i++) n->column[i].x += shift, n->column[i].top += head;
    width += 2 * shift;
    svg_begin_styled(c.out, ceil(width), ceil(height + head + EDGE), diagram_rules);
    if (d->options.title) svg_text(c.out, "h m", width / 2, 27, 0, 0, d->options.title);
    for (int i = 1; i < n->layers; i++) paint_between(&c, &n->column[i - 1], &n->column[i]);
    for (int i = 0; i < n->layers; i++) paint_column(&c, i);
    paint_texts(&c, head);
    svg_end(c.out);
    store_free(&scratch);
    return TP_OK;
}
