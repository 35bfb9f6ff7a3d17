/* Both pictures are laid out by hand in pixels on a white ground. Colour never stands alone: curves differ in dash and
   mark, right and wrong in sign and text. */
#include "lib_plots.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib_png.h"
#include "lib_svg.h"

static const char ink[] = "#24292f", faint[] = "#d8dee4", grey[] = "#57606a";
static const char blue[] = "#0969da", orange[] = "#bc4c00", green[] = "#1a7f37", red[] = "#cf222e";

/* A rectangle on the page and the ranges that it shows. */
typedef struct panel {
    svg *out;
    double left, top, width, height;
    double x_low, x_high, y_low, y_high, y_step;
} panel;

static double across(const panel *p, double x)
{
    return p->left + p->width * (x - p->x_low) / (p->x_high - p->x_low);
}

static double down(const panel *p, double y)
{
    return p->top + p->height * (p->y_high - y) / (p->y_high - p->y_low);
}

/* The step of 1, 2 or 5 times a power of ten that makes at most `most` steps of `range`. */
static double nice_step(double range, int most)
{
    const double least = range / most, power = pow(10, floor(log10(least)));
    const double factor = least / power;
    return power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
}

static void draw_axes(const panel *p, const char *title, const char *y_label)
{
    const svg_font tick = {12, grey, SVG_END, false, 0}, middle = {12, grey, SVG_MIDDLE, false, 0};
    const double x_step = fmax(1, nice_step(p->x_high - p->x_low, 12));
    char text[32];
    for (double y = p->y_low; y <= p->y_high + p->y_step / 2; y += p->y_step) {
        svg_line(p->out, p->left, down(p, y), p->left + p->width, down(p, y), faint, 1);
        snprintf(text, sizeof text, "%.*f", p->y_step < 1 ? (p->y_step < .1 ? 2 : 1) : 0, y);
        svg_text(p->out, p->left - 8, down(p, y) + 4, tick, text);
    }
    const double bottom = p->top + p->height;
    for (double x = ceil(p->x_low / x_step) * x_step; x <= p->x_high + 1e-9; x += x_step) {
        svg_line(p->out, across(p, x), bottom, across(p, x), bottom + 5, grey, 1);
        snprintf(text, sizeof text, "%.0f", x);
        svg_text(p->out, across(p, x), bottom + 20, middle, text);
    }
    svg_line(p->out, p->left, bottom, p->left + p->width, bottom, grey, 1);
    svg_line(p->out, p->left, p->top, p->left, bottom, grey, 1);
    svg_text(p->out, p->left + p->width / 2, bottom + 42, (svg_font){13, ink, SVG_MIDDLE, false, 0}, "epoch");
    svg_text(p->out, p->left - 46, p->top + p->height / 2, (svg_font){13, ink, SVG_MIDDLE, false, -90}, y_label);
    svg_text(p->out, p->left, p->top - 16, (svg_font){16, ink, SVG_START, true, 0}, title);
}

/* Training: a full line with discs. Test: a dashed line with squares. */
static void draw_mark(svg *out, double x, double y, bool test)
{
    if (test)
        svg_rect(out, x - 3.5, y - 3.5, 7, 7, "#ffffff", orange);
    else
        svg_circle(out, x, y, 3, blue, blue);
}

static void draw_curve(const panel *p, int n, const double *values, bool test)
{
    double x[MOST_EPOCHS] = {0}, y[MOST_EPOCHS] = {0};
    for (int i = 0; i < n; i++) x[i] = across(p, i + 1), y[i] = down(p, values[i]);
    svg_polyline(p->out, n, x, y, test ? orange : blue, test ? "6 4" : "none");
    for (int i = 0; i < n; i++) draw_mark(p->out, x[i], y[i], test);
}

static void draw_legend(const panel *p, double top)
{
    static const char *const labels[] = {"training set", "test set"};
    svg_rect(p->out, p->left + p->width - 158, top - 14, 150, 50, "#ffffff", faint);
    for (int i = 0; i < 2; i++) {
        const double left = p->left + p->width - 148, y = top + 22 * i;
        svg_polyline(p->out, 2, (double[]){left, left + 36}, (double[]){y, y}, i ? orange : blue, i ? "6 4" : "none");
        draw_mark(p->out, left + 18, y, i == 1);
        svg_text(p->out, left + 46, y + 4, (svg_font){13, ink, SVG_START, false, 0}, labels[i]);
    }
}

/* The range of both curves, moved out to whole steps. */
static void fit_range(panel *p, int n, const double *a, const double *b)
{
    double low = a[0], high = a[0];
    for (int i = 0; i < n; i++) {
        low = fmin(low, fmin(a[i], b[i]));
        high = fmax(high, fmax(a[i], b[i]));
    }
    p->y_step = nice_step(fmax(high - low, .05), 6);
    p->y_low = floor(low / p->y_step) * p->y_step;
    p->y_high = fmax(ceil(high / p->y_step) * p->y_step, p->y_low + p->y_step);
}

/* One panel: a measure of the scores on both sets, by epoch. */
static panel draw_panel(svg *out, double left, const training_history *history, double (*measure)(const score *),
                        const char *title, const char *y_label)
{
    const int n = history->epochs;
    double train[MOST_EPOCHS] = {0}, test[MOST_EPOCHS] = {0};
    for (int i = 0; i < n; i++) {
        train[i] = measure(&history->train[i]);
        test[i] = measure(&history->test[i]);
    }
    panel p = {out, left, 60, 390, 290, .5, n + .5, 0, 0, 0};
    fit_range(&p, n, train, test);
    draw_axes(&p, title, y_label);
    draw_curve(&p, n, train, false);
    draw_curve(&p, n, test, true);
    return p;
}

bool plot_curves(const char *path, const training_history *history, double goal)
{
    svg out;
    if (!svg_begin(&out, path, 1000, 420)) return false;
    const panel loss = draw_panel(&out, 70, history, score_loss, "Loss", "cross-entropy");
    draw_legend(&loss, loss.top + 18);
    const panel right = draw_panel(&out, 570, history, score_accuracy, "Accuracy", "per cent right");
    draw_legend(&right, right.top + right.height - 48);
    if (goal > right.y_low && goal < right.y_high) {
        char text[32];
        const double y = down(&right, goal);
        svg_line(&out, right.left, y, right.left + right.width, y, green, 1.5);
        snprintf(text, sizeof text, "goal: %g %%", goal);
        svg_text(&out, right.left + right.width - 4, y + 17, (svg_font){12, green, SVG_END, false, 0}, text);
    }
    return svg_end(&out);
}

enum { CELL_WIDTH = 112, CELL_HEIGHT = 142, PICTURE = 84, MARGIN = 24, HEAD = 64 };

static void draw_sign(svg *out, double x, double y, bool right)
{
    if (right) {
        svg_polyline(out, 3, (double[]){x - 5, x - 1, x + 6}, (double[]){y, y + 5, y - 6}, green, "none");
    } else {
        svg_line(out, x - 5, y - 5, x + 5, y + 5, red, 2.5);
        svg_line(out, x - 5, y + 5, x + 5, y - 5, red, 2.5);
    }
}

/* One picture, dark on white, with what it was taken for. */
static bool draw_cell(svg *out, const prediction_grid *grid, int i)
{
    const double x = MARGIN + CELL_WIDTH * (i % grid->columns), y = HEAD + CELL_HEIGHT * (i / grid->columns);
    const double left = x + (CELL_WIDTH - PICTURE) / 2.;
    const int pixels = grid->side * grid->side;
    const bool right = grid->predicted[i] == grid->truth[i];
    unsigned char *inverted = malloc((size_t)pixels), *png = NULL;
    size_t size = 0;
    if (inverted) {
        for (int k = 0; k < pixels; k++) inverted[k] = (unsigned char)(255 - grid->images[i * pixels + k]);
        png = png_grey(grid->side, grid->side, inverted, &size);
    }
    if (png) svg_png(out, left, y, PICTURE, PICTURE, png, size);
    svg_rect(out, left, y, PICTURE, PICTURE, "none", right ? faint : red);
    if (!right) svg_rect(out, left - 1, y - 1, PICTURE + 2, PICTURE + 2, "none", red);
    draw_sign(out, left + 2, y + PICTURE + 14, right);
    svg_text(out, left + 14, y + PICTURE + 19, (svg_font){13, right ? ink : red, SVG_START, !right, 0},
             grid->names[grid->predicted[i]]);
    if (!right) {
        char text[64];
        snprintf(text, sizeof text, "is: %s", grid->names[grid->truth[i]]);
        svg_text(out, left + 14, y + PICTURE + 36, (svg_font){12, grey, SVG_START, false, 0}, text);
    }
    free(inverted);
    free(png);
    return png != NULL;
}

bool plot_predictions(const char *path, const prediction_grid *grid)
{
    svg out;
    const int count = grid->rows * grid->columns;
    int right = 0;
    char title[96];
    bool drawn = true;
    if (!svg_begin(&out, path, 2 * MARGIN + CELL_WIDTH * grid->columns, HEAD + MARGIN / 2. + CELL_HEIGHT * grid->rows))
        return false;
    for (int i = 0; i < count; i++) {
        drawn = draw_cell(&out, grid, i) && drawn;
        right += grid->predicted[i] == grid->truth[i];
    }
    snprintf(title, sizeof title, "The first %d test images: %d right, %d wrong", count, right, count - right);
    svg_text(&out, MARGIN + 14, 28, (svg_font){16, ink, SVG_START, true, 0}, title);
    svg_text(&out, MARGIN + 14, 47, (svg_font){12, grey, SVG_START, false, 0},
             "Below each: the class predicted; for a wrong one, in red, also the true class.");
    return svg_end(&out) && drawn;
}

bool plot_run(const char *folder, const training_history *history, double goal, const prediction_grid *grid)
{
    char curves[1024], predictions[1024];
    snprintf(curves, sizeof curves, "%s/curves.svg", folder);
    snprintf(predictions, sizeof predictions, "%s/predictions.svg", folder);
    if ((mkdir(folder, 0777) != 0 && errno != EEXIST) || !plot_curves(curves, history, goal) ||
        !plot_predictions(predictions, grid)) {
        fprintf(stderr, "cannot write the pictures into %s: %s\n", folder, strerror(errno));
        return false;
    }
    printf("drawn in %s and %s\n", curves, predictions);
    return true;
}
