/* Drawings: the suite, put together from the files test_draw_*.c, and the reader of drawings that these share. */
#include "tests/test_draw.h"

#include <stdio.h>

const char *drawing_of(tp_diagram *diagram)
{
    tp_error error = {0};
    size_t length = 0;
    const char *svg = tp_diagram_svg(diagram, &length, &error);
    return good_svg(svg, length, &error);
}

void expect_label(const char *svg, const char *label)
{
    char text[256];
    snprintf(text, sizeof text, ">%s</text>", label);
    ck_assert_msg(occurrences(svg, text) > 0, "no label %s in %s", label, svg);
}

/* ---- reading ---- */

static void add_point(line *l, double x, double y)
{
    ck_assert_int_lt(l->n, SAMPLES + 4);
    l->x[l->n] = x;
    l->y[l->n++] = y;
}

static void add_curve(line *l, const double at[6])
{
    const double x = l->x[l->n - 1], y = l->y[l->n - 1];
    for (int i = 1; i <= SAMPLES; i++) {
        const double t = (double)i / SAMPLES, s = 1 - t;
        add_point(l, s * s * s * x + 3 * s * s * t * at[0] + 3 * s * t * t * at[2] + t * t * t * at[4],
                  s * s * s * y + 3 * s * s * t * at[1] + 3 * s * t * t * at[3] + t * t * t * at[5]);
    }
}

/* Of commands M, L and C with absolute places. */
static void read_path(line *l, const char *at)
{
    while (*at != '\'') {
        const char command = *at++;
        double number[6];
        const int n = command == 'C' ? 6 : 2;
        for (int i = 0; i < n; i++) {
            char *end;
            number[i] = strtod(at, &end);
            ck_assert_ptr_ne(at, end);
            at = end;
        }
        if (command == 'C')
            add_curve(l, number);
        else
            add_point(l, number[0], number[1]);
    }
}

static double font_size(const char *class)
{
    return class[0] == 'n'   ? 15
           : class[0] == 'o' ? 18
           : class[0] == 'l' ? 13
           : class[0] == 'c' ? 11
           : class[0] == 'h' ? 17
                             : 12;
}

/* Digits and most letters are .556 of the size wide in Helvetica. */
static void read_text(area *a, const char *at)
{
    char class[16];
    double x, y;
    ck_assert_int_eq(sscanf(at, "<text class='%15[^']' x='%lf' y='%lf'", class, &x, &y), 3);
    const char *text = strchr(at, '>') + 1;
    const size_t n = strcspn(text, "<");
    snprintf(a->text, sizeof a->text, "%.*s", (int)n, text);
    int letters = 0;
    for (size_t i = 0; i < n; i++) letters += ((unsigned char)text[i] & 0xc0) != 0x80;
    const double size = font_size(class), width = .55 * size * letters;
    a->left = strstr(class, " m") ? x - width / 2 : strstr(class, " e") ? x - width : x;
    a->right = a->left + width;
    a->top = y - .7 * size;
    a->bottom = y;
}

drawing *read_drawing(const char *svg)
{
    drawing *d = calloc(1, sizeof *d);
    d->line = calloc(MOST_LINES, sizeof *d->line);
    d->node = calloc(MOST_AREAS, sizeof *d->node);
    d->text = calloc(MOST_AREAS, sizeof *d->text);
    ck_assert_int_eq(sscanf(strstr(svg, " width='"), " width='%lf' height='%lf'", &d->width, &d->height), 2);
    for (const char *at = svg; (at = strchr(at, '<')); at++) {
        if (strncmp(at, "<path class='p' d='", 19) == 0) {
            ck_assert_int_lt(d->lines, MOST_LINES);
            read_path(&d->line[d->lines++], at + 19);
        } else if (strncmp(at, "<text ", 6) == 0 && !strstr(at, "rotate(")) {
            ck_assert_int_lt(d->texts, MOST_AREAS);
            read_text(&d->text[d->texts++], at);
        } else if (strncmp(at, "<rect class='b'", 15) == 0 || strncmp(at, "<rect class='u", 14) == 0) {
            ck_assert_int_lt(d->nodes, MOST_AREAS);
            area *a = &d->node[d->nodes++];
            double width, height;
            ck_assert_int_eq(sscanf(strstr(at, " x='"), " x='%lf' y='%lf' width='%lf' height='%lf'", &a->left, &a->top,
                                    &width, &height),
                             4);
            a->round = strtod(strstr(at, " rx='") + 5, NULL);
            a->right = a->left + width;
            a->bottom = a->top + height;
        }
    }
    return d;
}

void free_drawing(drawing *d)
{
    free(d->line);
    free(d->node);
    free(d->text);
    free(d);
}

const area *text_of(const drawing *d, const char *text)
{
    for (int i = 0; i < d->texts; i++)
        if (strcmp(d->text[i].text, text) == 0) return &d->text[i];
    ck_abort_msg("no text %s", text);
    return NULL;
}

/* ---- what holds ---- */

static double side(const line *a, int i, const line *b, int k)
{
    return (a->x[i + 1] - a->x[i]) * (b->y[k] - a->y[i]) - (a->y[i + 1] - a->y[i]) * (b->x[k] - a->x[i]);
}

static bool near_to(const line *a, int i, const line *b, int k)
{
    return hypot(a->x[i] - b->x[k], a->y[i] - b->y[k]) < 3;
}

static bool lines_cross(const line *a, const line *b)
{
    if (near_to(a, 0, b, 0) || near_to(a, a->n - 1, b, b->n - 1) || near_to(a, 0, b, b->n - 1) ||
        near_to(a, a->n - 1, b, 0))
        return false;
    for (int i = 0; i + 1 < a->n; i++)
        for (int k = 0; k + 1 < b->n; k++)
            if (side(a, i, b, k) * side(a, i, b, k + 1) <= 0 && side(b, k, a, i) * side(b, k, a, i + 1) <= 0 &&
                fabs(side(a, i, b, k)) + fabs(side(a, i, b, k + 1)) > 0)
                return true;
    return false;
}

int crossings_of(const drawing *d)
{
    int n = 0;
    for (int i = 0; i < d->lines; i++)
        for (int k = 0; k < i; k++) n += lines_cross(&d->line[i], &d->line[k]);
    return n;
}

static bool overlap(const area *a, const area *b)
{
    return a->left < b->right - .5 && b->left < a->right - .5 && a->top < b->bottom - .5 && b->top < a->bottom - .5;
}

/* Whether a place lies within the area, whose corners may be round, by more than a little. */
static bool holds(const area *a, double x, double y)
{
    enum { LITTLE = 2 };
    const double inner = fmin(x - a->left, a->right - x), deep = fmin(y - a->top, a->bottom - y);
    if (inner < LITTLE || deep < LITTLE) return false;
    if (inner >= a->round || deep >= a->round) return true;
    return hypot(a->round - inner, a->round - deep) < a->round - LITTLE;
}

static bool runs_through(const line *l, const area *a)
{
    for (int i = 0; i + 1 < l->n; i++)
        for (int k = 0; k <= 20; k++) {
            const double x = l->x[i] + k / 20. * (l->x[i + 1] - l->x[i]),
                         y = l->y[i] + k / 20. * (l->y[i + 1] - l->y[i]);
            if (holds(a, x, y)) return true;
        }
    return false;
}

static void expect_on_page(const drawing *d, const area *a)
{
    ck_assert_msg(a->left >= 0 && a->top >= 0 && a->right <= d->width && a->bottom <= d->height,
                  "\"%s\" at %g, %g lies outside of %g by %g", a->text, a->left, a->top, d->width, d->height);
}

static double distance_to(const area *a, double x, double y)
{
    return hypot(fmax(fmax(a->left - x, x - a->right), 0), fmax(fmax(a->top - y, y - a->bottom), 0));
}

/* A wire ends at a node, where another begins, at a label, or where nothing goes on: then no other ends nearby. */
static bool ends_well(const drawing *d, const line *l)
{
    const double x = l->x[l->n - 1], y = l->y[l->n - 1];
    for (int i = 0; i < d->nodes; i++)
        if (distance_to(&d->node[i], x, y) < 7) return true;
    for (int i = 0; i < d->texts; i++)
        if (distance_to(&d->text[i], x, y) < 22) return true;
    for (int i = 0; i < d->lines; i++)
        if (hypot(d->line[i].x[0] - x, d->line[i].y[0] - y) < .2) return true;
    return false;
}

void expect_legible(const drawing *d, bool down)
{
    for (int i = 0; i < d->nodes; i++) {
        expect_on_page(d, &d->node[i]);
        for (int k = 0; k < i; k++) ck_assert_msg(!overlap(&d->node[i], &d->node[k]), "nodes %d and %d overlap", i, k);
    }
    for (int i = 0; i < d->texts; i++) {
        expect_on_page(d, &d->text[i]);
        for (int k = 0; k < i; k++)
            ck_assert_msg(!overlap(&d->text[i], &d->text[k]), "\"%s\" and \"%s\" overlap", d->text[i].text,
                          d->text[k].text);
    }
    for (int i = 0; i < d->lines; i++) {
        const line *l = &d->line[i];
        ck_assert_msg(ends_well(d, l), "a wire ends in nowhere, at %g, %g", l->x[l->n - 1], l->y[l->n - 1]);
        for (int k = 0; k + 1 < l->n; k++)
            ck_assert_msg(down ? l->y[k + 1] >= l->y[k] - .11 : l->x[k + 1] >= l->x[k] - .11,
                          "a wire leads back from %g, %g to %g, %g", l->x[k], l->y[k], l->x[k + 1], l->y[k + 1]);
        for (int k = 0; k < d->nodes; k++)
            ck_assert_msg(!runs_through(l, &d->node[k]), "a wire from %g, %g runs through a node", l->x[0], l->y[0]);
        for (int k = 0; k < d->texts; k++)
            ck_assert_msg(!runs_through(l, &d->text[k]), "a wire from %g, %g runs through \"%s\"", l->x[0], l->y[0],
                          d->text[k].text);
    }
}

Suite *draw_suite(void)
{
    Suite *suite = suite_create("draw");
    suite_add_tcase(suite, draw_layout_case());
    suite_add_tcase(suite, draw_circuit_case());
    suite_add_tcase(suite, draw_module_case());
    suite_add_tcase(suite, draw_network_case());
    suite_add_tcase(suite, draw_errors_case());
    return suite;
}
