/* Contour lines: where they run, where they end, and which belong together. */
#include "tests/test_plot.h"

enum { SIDE = 60, MOST = 4096 };

static double (*points)[2];

static void setup(void)
{
    points = calloc(MOST, sizeof *points);
}

static void teardown(void)
{
    free(points);
}

/* f at the middles of SIDE x SIDE cells of [-1, 1]^2, its lines in the picture; returns how many points they have, and
   leaves them in `points` in the numbers' own units. */
static int lines_of(tp_plot *plot, double (*f)(double, double), int count, const double *levels)
{
    static double values[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++)
        values[i] = f((2. * (i % SIDE) + 1) / SIDE - 1, (2. * (i / SIDE) + 1) / SIDE - 1);
    const tp_plot_contour_options options = {
        .x_low = -1, .x_high = 1, .y_low = -1, .y_high = 1, .levels = levels, .count = count};
    EXPECT_STATUS(tp_plot_contour(plot, values, SIDE, SIDE, &options, &(tp_plot_style){.colour = 1}), TP_OK);
    const char *svg = svg_of(plot);
    const frame f_ = frame_of(svg);
    const int n = path_points(svg, "<path class='s c1'", points, MOST);
    for (int i = 0; i < n; i++) {
        points[i][0] = 2 * (points[i][0] - f_.left) / (f_.right - f_.left) - 1;
        points[i][1] = 1 - 2 * (points[i][1] - f_.top) / (f_.bottom - f_.top);
    }
    return n;
}

static int gaps(int n)
{
    int count = 0;
    for (int i = 0; i < n; i++) count += isnan(points[i][0]);
    return count;
}

static double radius(double x, double y)
{
    return sqrt(x * x + y * y);
}

START_TEST(circles_are_round_and_closed)
{
    tp_plot *plot = new_plot();
    const int n = lines_of(plot, radius, 1, NUMBERS(.6));
    ck_assert_int_gt(n, 100);
    ck_assert_int_eq(gaps(n), 0); /* one line */
    for (int i = 0; i < n; i++) EXPECT_NEAR(radius(points[i][0], points[i][1]), .6, 1e-3);
    EXPECT_NEAR(points[0][0], points[n - 1][0], 1e-12);
    EXPECT_NEAR(points[0][1], points[n - 1][1], 1e-12);
    for (int i = 1; i < n; i++)
        ck_assert(fabs(points[i][0] - points[i - 1][0]) < .06 && fabs(points[i][1] - points[i - 1][1]) < .06);
    tp_plot_free(plot);
}
END_TEST

static double slope(double x, double y)
{
    return x + 2 * y;
}

/* Straight lines reach the sides of the rectangle, and stay straight. */
START_TEST(lines_reach_the_sides)
{
    tp_plot *plot = new_plot();
    const int n = lines_of(plot, slope, 2, NUMBERS(0, .5));
    ck_assert_int_eq(gaps(n), 1);
    EXPECT_NEAR(fabs(points[0][0]), 1, 1e-3);
    EXPECT_NEAR(fabs(points[n - 1][0]), 1, 1e-3);
    double level = 0;
    for (int i = 0; i < n; i++) {
        if (isnan(points[i][0]))
            level = .5;
        else
            EXPECT_NEAR(slope(points[i][0], points[i][1]), level, 2e-3);
    }
    tp_plot_free(plot);
}
END_TEST

static double saddle(double x, double y)
{
    return x * y;
}

/* The two branches of a hyperbola, also where they meet in one square: each stays on its side. */
START_TEST(branches_of_a_saddle_stay_apart)
{
    static const double levels[] = {.2, 1e-4, -1e-4};
    for (int k = 0; k < 3; k++) {
        tp_plot *plot = new_plot();
        const int n = lines_of(plot, saddle, 1, &levels[k]);
        ck_assert_int_eq(gaps(n), 1);
        double side = points[0][0];
        for (int i = 0; i < n; i++) {
            if (isnan(points[i][0]))
                side = points[i + 1][0];
            else
                ck_assert(points[i][0] * side > -1e-2);
        }
        tp_plot_free(plot);
    }
}
END_TEST

static double with_a_hole(double x, double y)
{
    return fabs(y) < .3 && x > 0 ? (double)NAN : radius(x, y);
}

/* A line ends where numbers do; levels that are no number, or that nothing reaches, have none. */
START_TEST(what_is_no_number_has_no_lines)
{
    tp_plot *plot = new_plot();
    const int n = lines_of(plot, with_a_hole, 4, NUMBERS((double)NAN, .6, 7, HUGE_VAL));
    ck_assert_int_gt(n, 100);
    ck_assert_int_eq(gaps(n), 0);
    for (int i = 0; i < n; i++) ck_assert(points[i][0] < .01 || fabs(points[i][1]) > .29);
    EXPECT_NEAR(fabs(points[0][1]), .316, .04);
    EXPECT_NEAR(fabs(points[n - 1][1]), .316, .04);
    tp_plot_free(plot);
}
END_TEST

/* Between 0 and 10 every 2; the style is grey and thin. */
START_TEST(levels_are_round_numbers)
{
    double values[21];
    for (int i = 0; i < 21; i++) values[i] = i / 2.;
    tp_plot *plot = new_plot();
    tp_plot_contour(plot, values, 1, 21, NULL, &(tp_plot_style){.label = "levels"});
    const char *svg = svg_of(plot);
    EXPECT_LABEL(svg, "levels");
    const frame f = frame_of(svg);
    const int n = path_points(svg, "<path class='s c9' stroke-width='1'", points, MOST);
    ck_assert_int_eq(gaps(n), 3);
    for (int i = 0, k = 1; i < n; i++) {
        if (isnan(points[i][0]))
            k++;
        else
            EXPECT_NEAR((points[i][0] - f.left) / (f.right - f.left) * 21 - .5, 4 * k, .01);
    }
    tp_plot_free(plot);
}
END_TEST

/* Hundreds of thousands of short lines are thinned, and still do not run into each other. */
START_TEST(noise_makes_a_picture)
{
    enum { CELLS = 512 };
    tp_rng rng = tp_rng_seed(1);
    double *values = malloc((size_t)CELLS * CELLS * sizeof *values);
    for (int i = 0; i < CELLS * CELLS; i++) values[i] = tp_rng_uniform(&rng);
    tp_plot *plot = new_plot();
    tp_plot_contour(plot, values, CELLS, CELLS, &(tp_plot_contour_options){.levels = NUMBERS(.5), .count = 1}, NULL);
    size_t length = 0;
    ck_assert_ptr_nonnull(tp_plot_svg(plot, &length, NULL));
    ck_assert_uint_lt(length, 500000);
    EXPECT_STATUS(tp_plot_contour(plot, NULL, 0, 7, NULL, NULL), TP_OK);
    EXPECT_STATUS(tp_plot_contour(plot, NUMBERS(1e15, 1e15 + 1), 1, 2, NULL, NULL), TP_OK);
    EXPECT_STATUS(tp_plot_contour(plot, NUMBERS(0, 5e-324), 1, 2, NULL, NULL), TP_OK);
    EXPECT_STATUS(tp_plot_contour(plot, NUMBERS(-1e300, 1e300), 2, 1, NULL, NULL), TP_OK);
    svg_of(plot);
    tp_plot_free(plot);
    free(values);
}
END_TEST

TCase *plot_contour_case(void)
{
    TCase *tcase = tcase_create("contour");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, circles_are_round_and_closed);
    tcase_add_test(tcase, lines_reach_the_sides);
    tcase_add_test(tcase, branches_of_a_saddle_stay_apart);
    tcase_add_test(tcase, what_is_no_number_has_no_lines);
    tcase_add_test(tcase, levels_are_round_numbers);
    tcase_add_test(tcase, noise_makes_a_picture);
    return tcase;
}
