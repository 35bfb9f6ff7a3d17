/* Curves, points, bars and histograms: what is drawn, and what is left out. */
#include <stdio.h>

#include "tests/test_plot.h"

static const double nan_value = (double)NAN, infinite = HUGE_VAL;

START_TEST(what_is_no_number_leaves_a_gap)
{
    const double y[] = {1, 2, nan_value, 4, 5, infinite, 7, -infinite, 1e301, 9};
    double at[16][2];
    tp_plot *plot = new_plot();
    tp_plot_curve(plot, NULL, y, 10, NULL);
    const char *svg = svg_of(plot);
    const int n = path_points(svg, "<path class='s c1'", at, 16);
    ck_assert_int_eq(n, 9); /* 1 2 | 4 5 | 7 | 9 */
    ck_assert(isnan(at[2][0]) && isnan(at[5][0]) && isnan(at[7][0]));
    ck_assert(at[0][1] > at[1][1] && at[8][1] < at[6][1]);
    tp_plot_free(plot);
}
END_TEST

START_TEST(logarithmic_axes_skip_what_is_not_above_zero)
{
    double at[8][2];
    tp_plot *plot = new_plot();
    tp_plot_panel(plot, &(tp_plot_panel_options){.x_log = true, .y_log = true});
    tp_plot_curve(plot, NUMBERS(-1, 0, 1, 10, 100), NUMBERS(1, 1, 1, 0, 100), 5, NULL);
    const char *svg = svg_of(plot);
    ck_assert_int_eq(path_points(svg, "<path class='s c1'", at, 8), 3);
    const frame f = frame_of(svg);
    EXPECT_NEAR(at[0][0], f.left, .06);
    EXPECT_NEAR(at[2][0], f.right, .06);
    tp_plot_free(plot);
}
END_TEST

START_TEST(nothing_makes_an_empty_frame)
{
    tp_plot *plot = new_plot();
    frame_of(svg_of((tp_plot_panel(plot, NULL), plot)));
    tp_plot_curve(plot, NULL, NULL, 0, NULL);
    tp_plot_points(plot, NULL, &nan_value, 1, NULL);
    tp_plot_band(plot, NULL, NULL, NULL, 0, NULL);
    tp_plot_rule(plot, true, nan_value, NULL);
    tp_plot_histogram(plot, &nan_value, 1, NULL, NULL);
    tp_plot_bars(plot, NULL, NULL, 0, NULL);
    frame_of(svg_of(plot));
    tp_plot_panel(plot, &(tp_plot_panel_options){.x_log = true, .y_log = true});
    tp_plot_curve(plot, NUMBERS(-1), NUMBERS(-1), 1, NULL);
    frame_of(svg_of(plot));
    tp_plot_panel(plot, NULL);
    tp_plot_heat(plot, NULL, 0, 5, &(tp_plot_heat_options){.bar = true});
    tp_plot_panel(plot, NULL);
    tp_plot_confusion(plot, NULL, 0, NULL);
    svg_of(plot);
    tp_plot_free(plot);
    plot = new_plot();
    svg_of(plot); /* not even a panel */
    tp_plot_free(plot);
}
END_TEST

/* A million points: few bytes, and the one that stands out is there. */
START_TEST(long_curves_are_thinned)
{
    enum { COUNT = 1000000, SPIKE = 654321 };
    double *y = malloc(COUNT * sizeof *y), lowest = 1e9;
    static double at[8192][2];
    tp_rng rng = tp_rng_seed(1);
    for (int i = 0; i < COUNT; i++) y[i] = tp_rng_uniform(&rng);
    y[SPIKE] = 30;
    tp_plot *plot = new_plot();
    tp_plot_curve(plot, NULL, y, COUNT, NULL);
    const char *svg = svg_of(plot);
    ck_assert_uint_lt(strlen(svg), 40000);
    const frame f = frame_of(svg);
    const int n = path_points(svg, "<path class='s c1'", at, 8192);
    int spike = 0;
    for (int i = 0; i < n; i++)
        if (at[i][1] < lowest) lowest = at[i][1], spike = i;
    EXPECT_NEAR(at[spike][0], f.left + (f.right - f.left) * SPIKE / COUNT, .1);
    ck_assert(lowest < at[0][1] - 100);
    tp_plot_free(plot);
    free(y);
}
END_TEST

START_TEST(points_without_order_are_thinned)
{
    enum { COUNT = 200000 };
    double *x = malloc(COUNT * sizeof *x), *y = malloc(COUNT * sizeof *y);
    tp_rng rng = tp_rng_seed(2);
    for (int i = 0; i < COUNT; i++) x[i] = tp_rng_normal(&rng), y[i] = tp_rng_normal(&rng);
    tp_plot *plot = new_plot();
    tp_plot_curve(plot, x, y, COUNT, NULL);
    ck_assert_uint_lt(strlen(svg_of(plot)), 300000);
    tp_plot_free(plot);
    plot = new_plot();
    tp_plot_points(plot, x, y, COUNT, NULL);
    ck_assert_uint_lt(strlen(svg_of(plot)), 400000);
    tp_plot_free(plot);
    free(x);
    free(y);
}
END_TEST

/* No thinning where there is no need. */
START_TEST(short_curves_keep_every_point)
{
    double x[300], y[300], at[300][2];
    for (int i = 0; i < 300; i++) x[i] = cos(i / 10.) * i, y[i] = sin(i / 10.) * i;
    tp_plot *plot = new_plot();
    tp_plot_curve(plot, x, y, 300, NULL);
    tp_plot_points(plot, x, y, 300, NULL);
    const char *svg = svg_of(plot);
    ck_assert_int_eq(path_points(svg, "<path class='s c1'", at, 300), 300);
    const char *marks = strstr(svg, "<path class='f c2'");
    ck_assert_int_ge(occurrences(marks, "M"), 295); /* the first few are less than half a pixel apart */
    tp_plot_free(plot);
}
END_TEST

START_TEST(texts_are_escaped)
{
    tp_plot *plot = tp_plot_new(&(tp_plot_options){.title = "\xff\xc0\xaf\xed\xa0\x80 bad"}, NULL);
    tp_plot_panel(plot, &(tp_plot_panel_options){
                            .title = "<a> & \"b\" 'c'", .x_label = "one\ntwo\x01", .y_label = "größer ≥ 猫"});
    tp_plot_curve(plot, NULL, NUMBERS(1, 2), 2, &(tp_plot_style){.label = "</svg>"});
    const char *svg = svg_of(plot);
    EXPECT_LABEL(svg, "&lt;a&gt; &amp; &quot;b&quot; &#39;c&#39;");
    EXPECT_LABEL(svg, "one two ");
    EXPECT_LABEL(svg, "größer ≥ 猫");
    EXPECT_LABEL(svg, "&lt;/svg&gt;");
    ck_assert_int_eq(occurrences(svg, "\xef\xbf\xbd"), 6);
    tp_plot_free(plot);
}
END_TEST

START_TEST(the_legend_names_series)
{
    tp_plot *plot = new_plot();
    tp_plot_panel(plot, &(tp_plot_panel_options){.legend = TP_PLOT_LEGEND_OUTSIDE});
    tp_plot_curve(plot, NULL, NUMBERS(1, 2), 2, &(tp_plot_style){.label = "first"});
    tp_plot_curve(plot, NULL, NUMBERS(2, 1), 2, NULL);
    tp_plot_points(plot, NULL, NUMBERS(1, 3), 2, &(tp_plot_style){.label = "third"});
    const char *svg = svg_of(plot);
    EXPECT_LABEL(svg, "first");
    EXPECT_LABEL(svg, "third");
    ck_assert_int_eq(occurrences(svg, "class='s c1'"), 2);
    ck_assert_int_eq(occurrences(svg, "class='s c2'"), 1);
    ck_assert_int_eq(occurrences(svg, "class='f c3'"), 2);
    ck_assert(frame_of(svg).right < 500);
    tp_plot_panel(plot, &(tp_plot_panel_options){.legend = TP_PLOT_LEGEND_NONE});
    tp_plot_curve(plot, NULL, NUMBERS(1, 2), 2, &(tp_plot_style){.label = "unnamed"});
    ck_assert_int_eq(occurrences(svg_of(plot), ">unnamed<"), 0);
    tp_plot_free(plot);
}
END_TEST

/* In the corner that the curve leaves free. */
START_TEST(the_legend_gets_out_of_the_way)
{
    tp_plot *plot = new_plot();
    tp_plot_curve(plot, NULL, NUMBERS(1, 2, 3, 4), 4, &(tp_plot_style){.label = "rises"});
    const char *svg = svg_of(plot);
    const frame f = frame_of(svg);
    double x, y;
    ck_assert_int_eq(sscanf(strstr(svg, "<rect class='lg'"), "<rect class='lg' x='%lf' y='%lf'", &x, &y), 2);
    ck_assert(x < f.left + 20 && y < f.top + 20);
    tp_plot_free(plot);
}
END_TEST

START_TEST(histograms_count)
{
    tp_plot *plot = new_plot();
    tp_plot_histogram(plot, NUMBERS(0, .1, .2, .9, 1, 5), 6, &(tp_plot_histogram_options){.bins = 2, .high = 1}, NULL);
    const char *svg = svg_of(plot), *path = strstr(strstr(svg, "fill-opacity='.3'"), " d='");
    double x, foot, first, middle, second, end;
    ck_assert_int_eq(sscanf(path, " d='M%lf %lfV%lfH%lfV%lfH%lf", &x, &foot, &first, &middle, &second, &end), 6);
    const frame f = frame_of(svg);
    EXPECT_NEAR(x, f.left, .06);
    EXPECT_NEAR(end, f.right, .06);
    EXPECT_NEAR(middle, (f.left + f.right) / 2, .06);
    EXPECT_NEAR((foot - first) / (foot - second), 3. / 2, .01); /* 5 lies outside */
    tp_plot_free(plot);
}
END_TEST

/* Freedman and Diaconis: 2 * 500 / 10 wide over a range of 999 makes 10 bins. */
START_TEST(histograms_choose_their_bins)
{
    double x[1000];
    for (int i = 0; i < 1000; i++) x[i] = (i * 7919) % 1000;
    tp_plot *plot = new_plot();
    tp_plot_histogram(plot, x, 1000, NULL, NULL);
    const char *path = strstr(strstr(svg_of(plot), "fill-opacity='.3'"), " d='");
    char text[2048];
    snprintf(text, sizeof text, "%.*s", (int)strcspn(path + 4, "'"), path + 4);
    ck_assert_int_eq(occurrences(text, "H"), 10);
    tp_plot_free(plot);
}
END_TEST

START_TEST(bars_stand_side_by_side)
{
    double left[2], foot[2], head[2], right[2];
    tp_plot *plot = new_plot();
    tp_plot_bars(plot, NUMBERS(2, 4), (const char *const[]){"a", "b"}, 2, NULL);
    tp_plot_bars(plot, NUMBERS(4, -1), NULL, 2, NULL);
    const char *svg = svg_of(plot);
    for (int i = 0; i < 2; i++) {
        const char *path = strstr(strstr(svg, i ? "<path class='n c2'" : "<path class='n c1'"), " d='");
        ck_assert_int_eq(sscanf(path, " d='M%lf %lfV%lfH%lf", &left[i], &foot[i], &head[i], &right[i]), 4);
    }
    ck_assert(right[0] <= left[1] && fabs(foot[0] - foot[1]) < .01);
    EXPECT_NEAR(foot[1] - head[1], 2 * (foot[0] - head[0]), .2);
    EXPECT_LABEL(svg, "a");
    tp_plot_free(plot);
}
END_TEST

START_TEST(scatters_sort_by_class)
{
    tp_tensor *points = F32(TP_DIMS(4, 2), 0, 0, 1, 1, 2, 2, 3, 3), *classes = I64(TP_DIMS(4), 1, 0, 1, 1);
    tp_plot *plot = new_plot();
    ck_assert_int_eq(tp_plot_scatter(plot, points, classes, (const char *const[]){"no", "yes"}, 2, NULL), TP_OK);
    const char *svg = svg_of(plot), *no = strstr(svg, "<path class='f c1'"), *yes = strstr(svg, "<path class='f c2'");
    ck_assert(no && yes && no < yes);
    char path[512];
    snprintf(path, sizeof path, "%.*s", (int)(strchr(no, '>') - no), no);
    ck_assert_int_eq(occurrences(path, "M"), 1);
    snprintf(path, sizeof path, "%.*s", (int)(strchr(yes, '>') - yes), yes);
    ck_assert_int_eq(occurrences(path, "M"), 3);
    tp_plot_free(plot);
    tp_tensor_release(points);
    tp_tensor_release(classes);
}
END_TEST

TCase *plot_series_case(void)
{
    TCase *tcase = tcase_create("series");
    tcase_add_test(tcase, what_is_no_number_leaves_a_gap);
    tcase_add_test(tcase, logarithmic_axes_skip_what_is_not_above_zero);
    tcase_add_test(tcase, nothing_makes_an_empty_frame);
    tcase_add_test(tcase, long_curves_are_thinned);
    tcase_add_test(tcase, points_without_order_are_thinned);
    tcase_add_test(tcase, short_curves_keep_every_point);
    tcase_add_test(tcase, texts_are_escaped);
    tcase_add_test(tcase, the_legend_names_series);
    tcase_add_test(tcase, the_legend_gets_out_of_the_way);
    tcase_add_test(tcase, histograms_count);
    tcase_add_test(tcase, histograms_choose_their_bins);
    tcase_add_test(tcase, bars_stand_side_by_side);
    tcase_add_test(tcase, scatters_sort_by_class);
    return tcase;
}
