/* Axes: round numbers, places of points, ranges. */
#define _POSIX_C_SOURCE 200809L

#include <locale.h>
#include <stdio.h>

#include "tests/test_plot.h"

/* The labels of the x axis, in the order in which they are drawn, with spaces between. */
static void x_labels(const char *svg, char *to, size_t room)
{
    const frame f = frame_of(svg);
    to[0] = 0;
    for (const char *at = svg; (at = strstr(at, "<text class='m'")); at++) {
        double x, y;
        ck_assert_int_eq(sscanf(at, "<text class='m' x='%lf' y='%lf'", &x, &y), 2);
        if (fabs(y - f.bottom - 18) > .1) continue;
        const char *text = strchr(at, '>') + 1;
        const size_t used = strlen(to);
        snprintf(to + used, room - used, "%s%.*s", used ? " " : "", (int)strcspn(text, "<"), text);
    }
}

static const struct {
    double low, high;
    bool log;
    const char *labels;
} known_ticks[] = {
    {0, 1, false, "0 0.2 0.4 0.6 0.8 1"},
    {0, 10, false, "0 2 4 6 8 10"},
    {-1, 1, false, "−1 −0.5 0 0.5 1"},
    {0, 7, false, "0 1 2 3 4 5 6 7"},
    {3, 97, false, "20 40 60 80"},
    {0, 1e5, false, "0 20000 40000 60000 80000 100000"},
    {0, 2e7, false, "0 5·10⁶ 10⁷ 1.5·10⁷ 2·10⁷"},
    {-2e-7, 2e-7, false, "−2·10⁻⁷ −10⁻⁷ 0 10⁻⁷ 2·10⁻⁷"},
    {.999, 1.001, false, "0.999 0.9995 1 1.0005 1.001"},
    {1990, 2020, false, "1990 1995 2000 2005 2010 2015 2020"},
    {1, 1000, true, "1 2 5 10 20 50 100 200 500 1000"},
    {1, 100, true, "1 2 5 10 20 50 100"},
    {1e-4, 1e6, true, "0.0001 0.01 1 100 10000 10⁶"},
    {1e-300, 1e300, true, "10⁻³⁰⁰ 10⁻²⁰⁰ 10⁻¹⁰⁰ 1 10¹⁰⁰ 10²⁰⁰ 10³⁰⁰"},
    {2, 3, true, "2 2.2 2.4 2.6 2.8 3"},
};
enum { KNOWN_TICKS = sizeof known_ticks / sizeof *known_ticks };

static tp_plot *ranged(double low, double high, bool log)
{
    tp_plot *plot = new_plot();
    tp_plot_panel(plot, &(tp_plot_panel_options){.x_low = low, .x_high = high, .x_log = log});
    return plot;
}

START_TEST(ticks_are_round_numbers)
{
    char labels[512];
    tp_plot *plot = ranged(known_ticks[_i].low, known_ticks[_i].high, known_ticks[_i].log);
    x_labels(svg_of(plot), labels, sizeof labels);
    ck_assert_str_eq(labels, known_ticks[_i].labels);
    tp_plot_free(plot);
}
END_TEST

/* Whatever the range, there are a few labels, at even distances, and none runs into the next. */
START_TEST(ticks_fit_any_range)
{
    tp_rng rng = tp_rng_seed(7);
    for (int i = 0; i < 400; i++) {
        const double size = pow(10, 20 * tp_rng_uniform(&rng) - 10), middle = size * 20 * (tp_rng_uniform(&rng) - .5);
        char labels[512];
        tp_plot *plot = ranged(middle - size * (.1 + tp_rng_uniform(&rng)), middle + size, false);
        const char *svg = svg_of(plot);
        x_labels(svg, labels, sizeof labels);
        const int n = occurrences(labels, " ") + 1;
        ck_assert_msg(n >= 2 && n <= 10, "%s", labels);
        double last = 0, step = 0;
        int seen = 0;
        const frame f = frame_of(svg);
        for (const char *at = svg; (at = strstr(at, "<text class='m'")); at++) {
            double x, y;
            sscanf(at, "<text class='m' x='%lf' y='%lf'", &x, &y);
            if (fabs(y - f.bottom - 18) > .1) continue;
            ck_assert(x > f.left - .1 && x < f.right + .1);
            if (seen == 1) step = x - last;
            if (seen > 1) ck_assert(fabs(x - last - step) < .03);
            last = x;
            seen++;
        }
        tp_plot_free(plot);
    }
}
END_TEST

START_TEST(points_lie_where_they_should)
{
    const double x[] = {0, 2, 10}, y[] = {1, 10, 1000};
    double at[8][2];
    tp_plot *plot = new_plot();
    tp_plot_panel(plot, &(tp_plot_panel_options){.y_log = true, .y_low = .1, .y_high = 1e4});
    tp_plot_curve(plot, x, y, 3, NULL);
    const char *svg = svg_of(plot);
    const frame f = frame_of(svg);
    ck_assert_int_eq(path_points(svg, "<path class='s c1'", at, 8), 3);
    for (int i = 0; i < 3; i++) {
        EXPECT_NEAR(at[i][0], f.left + (f.right - f.left) * x[i] / 10, .06);
        EXPECT_NEAR(at[i][1], f.bottom - (f.bottom - f.top) * (log10(y[i]) + 1) / 5, .06);
    }
    tp_plot_free(plot);
}
END_TEST

START_TEST(rows_can_run_down)
{
    double at[4][2];
    tp_plot *plot = new_plot();
    tp_plot_panel(plot, &(tp_plot_panel_options){.y_down = true, .y_low = 0, .y_high = 4, .equal = true, .x_high = 8});
    tp_plot_curve(plot, NUMBERS(0, 8), NUMBERS(0, 3), 2, NULL);
    const char *svg = svg_of(plot);
    const frame f = frame_of(svg);
    ck_assert_int_eq(path_points(svg, "<path class='s c1'", at, 4), 2);
    EXPECT_NEAR(at[0][1], f.top, .06);
    EXPECT_NEAR(at[1][1], f.top + (f.bottom - f.top) * .75, .06);
    EXPECT_NEAR((f.right - f.left) / 8, (f.bottom - f.top) / 4, .05);
    tp_plot_free(plot);
}
END_TEST

/* Ranges that need care: one number, both ends of what is shown, steps that are hardly there. */
START_TEST(ranges_of_any_size_are_drawn)
{
    static const double ranges[][2] = {{5, 5},           {0, 0},   {-1e300, 1e300},  {1e300, 1e300}, {1, 1 + 1e-15},
                                       {1e-300, 2e-300}, {-5, -5}, {1e-320, 1e-319}, {0, 1e-310},    {-1e-5, 1e300}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        for (int log = 0; log < 2; log++) {
            tp_plot *plot = new_plot();
            tp_plot_panel(plot, &(tp_plot_panel_options){.x_log = log, .y_log = log});
            tp_plot_curve(plot, ranges[i], ranges[i], 2, &(tp_plot_style){.mark = TP_PLOT_DISC});
            tp_plot_panel(plot, &(tp_plot_panel_options){.y_log = log});
            tp_plot_bars(plot, ranges[i], NULL, 2, NULL);
            svg_of(plot);
            tp_plot_free(plot);
        }
}
END_TEST

START_TEST(epochs_are_whole_numbers)
{
    char labels[128];
    tp_plot *plot = new_plot();
    tp_plot_curve(plot, NULL, NUMBERS(3, 2, 1), 3, NULL);
    x_labels(svg_of(plot), labels, sizeof labels);
    ck_assert_str_eq(labels, "1 2 3");
    tp_plot_free(plot);
}
END_TEST

/* Where the decimal point is a comma, numbers look the same. */
START_TEST(the_locale_does_not_matter)
{
    tp_plot *plot = ranged(0, 1, false);
    char *before = strdup(svg_of(plot));
    if (setlocale(LC_ALL, "de_DE.UTF-8") || setlocale(LC_ALL, "fr_FR.UTF-8")) ck_assert_str_eq(svg_of(plot), before);
    setlocale(LC_ALL, "C");
    free(before);
    tp_plot_free(plot);
}
END_TEST

TCase *plot_axes_case(void)
{
    TCase *tcase = tcase_create("axes");
    tcase_add_loop_test(tcase, ticks_are_round_numbers, 0, KNOWN_TICKS);
    tcase_add_test(tcase, ticks_fit_any_range);
    tcase_add_test(tcase, points_lie_where_they_should);
    tcase_add_test(tcase, rows_can_run_down);
    tcase_add_test(tcase, ranges_of_any_size_are_drawn);
    tcase_add_test(tcase, epochs_are_whole_numbers);
    tcase_add_test(tcase, the_locale_does_not_matter);
    return tcase;
}
