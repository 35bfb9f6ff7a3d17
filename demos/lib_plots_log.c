/* Curves on two logarithmic axes, laid out by hand in pixels on a white ground. Colour never stands alone: a curve is a
   line, points are discs or squares. */
#include <math.h>

#include "lib_plots.h"
#include "lib_svg.h"

static const char ink[] = "#24292f", faint[] = "#d8dee4", grey[] = "#57606a";
static const char *const colours[] = {"#0969da", "#bc4c00", "#1a7f37"};

enum { LEFT = 90, TOP = 60, WIDTH = 600, HEIGHT = 360, MARGIN = 30 };

typedef struct axis {
    double low, high; /* powers of ten, or parts of one */
} axis;

static axis fit(const log_curve *curves, int n, bool across)
{
    axis a = {(double)INFINITY, -(double)INFINITY};
    for (int c = 0; c < n; c++)
        for (int i = 0; i < curves[c].n; i++) {
            const double at = log10(across ? curves[c].x[i] : curves[c].y[i]);
            a.low = fmin(a.low, at);
            a.high = fmax(a.high, at);
        }
    const double room = .04 * (a.high - a.low) + .01;
    return (axis){a.low - room, a.high + room};
}

static double place(const axis *a, double value)
{
    return (log10(value) - a->low) / (a->high - a->low);
}

/* Lines at 1, 2 and 5 times each power of ten; a number at each where there is room, else at the powers. */
static void draw_grid(svg *out, const axis *a, bool across)
{
    const double steps[] = {1, 2, 5};
    char text[32];
    for (int power = (int)floor(a->low); power <= (int)ceil(a->high); power++)
        for (int k = 0; k < 3; k++) {
            const double value = steps[k] * pow(10, power), part = place(a, value);
            if (part < 0 || part > 1) continue;
            const double x = LEFT + WIDTH * part, y = TOP + HEIGHT * (1 - part);
            if (across)
                svg_line(out, x, TOP, x, TOP + HEIGHT, faint, k ? .5 : 1);
            else
                svg_line(out, LEFT, y, LEFT + WIDTH, y, faint, k ? .5 : 1);
            if (k && a->high - a->low > 2.5) continue;
            snprintf(text, sizeof text, "%.4g", value);
            if (across)
                svg_text(out, x, TOP + HEIGHT + 20, (svg_font){12, grey, SVG_MIDDLE, false, 0}, text);
            else
                svg_text(out, LEFT - 8, y + 4, (svg_font){12, grey, SVG_END, false, 0}, text);
        }
}

static void draw_mark(svg *out, double x, double y, int which)
{
    if (which == 2)
        svg_rect(out, x - 4, y - 4, 8, 8, colours[2], colours[2]);
    else
        svg_circle(out, x, y, 4, "#ffffff", colours[which]);
}

static void draw_curve(svg *out, const log_curve *curve, int which, const axis *across, const axis *up)
{
    double from_x = 0, from_y = 0;
    for (int i = 0; i < curve->n; i++) {
        const double x = LEFT + WIDTH * place(across, curve->x[i]), y = TOP + HEIGHT * (1 - place(up, curve->y[i]));
        if (curve->points)
            draw_mark(out, x, y, which);
        else if (i > 0)
            svg_line(out, from_x, from_y, x, y, colours[which], 2);
        from_x = x;
        from_y = y;
    }
}

static void draw_legend(svg *out, const log_curve *curves, int n)
{
    const double left = LEFT + WIDTH - 292, top = TOP + 12;
    svg_rect(out, left, top, 282, 22 * n + 10, "#ffffff", faint);
    for (int c = 0; c < n; c++) {
        const double y = top + 16 + 22 * c;
        if (curves[c].points)
            draw_mark(out, left + 24, y, c);
        else
            svg_line(out, left + 8, y, left + 40, y, colours[c], 2);
        svg_text(out, left + 50, y + 4, (svg_font){13, ink, SVG_START, false, 0}, curves[c].label);
    }
}

bool plot_log(const char *path, const char *title, const char *x_label, const char *y_label, const log_curve *curves,
              int n)
{
    svg out;
    if (n < 1 || n > 3 || !svg_begin(&out, path, LEFT + WIDTH + MARGIN, TOP + HEIGHT + 64)) return false;
    const axis across = fit(curves, n, true), up = fit(curves, n, false);
    draw_grid(&out, &across, true);
    draw_grid(&out, &up, false);
    svg_line(&out, LEFT, TOP + HEIGHT, LEFT + WIDTH, TOP + HEIGHT, grey, 1);
    svg_line(&out, LEFT, TOP, LEFT, TOP + HEIGHT, grey, 1);
    svg_text(&out, LEFT, TOP - 22, (svg_font){16, ink, SVG_START, true, 0}, title);
    svg_text(&out, LEFT + WIDTH / 2., TOP + HEIGHT + 46, (svg_font){13, ink, SVG_MIDDLE, false, 0}, x_label);
    svg_text(&out, 28, TOP + HEIGHT / 2., (svg_font){13, ink, SVG_MIDDLE, false, -90}, y_label);
    for (int c = 0; c < n; c++) draw_curve(&out, &curves[c], c, &across, &up);
    draw_legend(&out, curves, n);
    return svg_end(&out);
}
