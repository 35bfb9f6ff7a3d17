/* Heat maps, image grids and confusion matrices: the pixels and the numbers. */
#include <stdio.h>

#include "tests/test_plot.h"

/* The middle of cell (row, column) from the top, of a picture of rows x columns cells. */
static const unsigned char *cell_of(const unsigned char *pixels, int width, int height, int channels, int row, int rows,
                                    int column, int columns)
{
    const int y = (2 * row + 1) * height / (2 * rows), x = (2 * column + 1) * width / (2 * columns);
    return pixels + (y * width + x) * channels;
}

START_TEST(heat_maps_have_row_0_at_the_bottom)
{
    int width, height, channels;
    tp_tensor *values = F32(TP_DIMS(2, 3), 0, 1, 2, 3, 4, (double)NAN);
    tp_plot *plot = new_plot();
    tp_plot_heat_tensor(plot, values, &(tp_plot_heat_options){.map = TP_PLOT_GREYS});
    unsigned char *pixels = png_pixels(svg_of(plot), 0, &width, &height, &channels);
    ck_assert_int_eq(channels, 4);
    ck_assert_int_eq(width * 2, height * 3);
    for (int i = 0; i < 5; i++) {
        const unsigned char *rgba = cell_of(pixels, width, height, 4, 1 - i / 3, 2, i % 3, 3);
        ck_assert_int_eq(rgba[0], lround(255 * i / 4.));
        ck_assert_int_eq(rgba[3], 255);
    }
    ck_assert_int_eq(cell_of(pixels, width, height, 4, 0, 2, 2, 3)[3], 0); /* what is no number is transparent */
    free(pixels);
    tp_plot_free(plot);
    tp_tensor_release(values);
}
END_TEST

static double first_coordinate(double x, double y, void *user)
{
    (void)y;
    ++*(int *)user;
    return x;
}

START_TEST(colour_maps_have_their_ends)
{
    int width, height, channels, calls = 0;
    tp_plot *plot = new_plot();
    tp_plot_heat_function(
        plot, first_coordinate, &calls, 101,
        &(tp_plot_heat_options){.x_low = -1, .x_high = 1, .map = TP_PLOT_DIVERGING, .low = -.5, .high = .5});
    ck_assert_int_eq(calls, 101 * 101);
    tp_plot_panel(plot, NULL);
    tp_plot_heat(plot, NUMBERS(0, 1), 1, 2, NULL);
    tp_plot_panel(plot, NULL);
    tp_plot_heat(plot, NUMBERS(0, 1, 9), 1, 3, &(tp_plot_heat_options){.map = TP_PLOT_CLASSES});
    const char *svg = svg_of(plot);
    unsigned char *p = png_pixels(svg, 0, &width, &height, &channels);
    const unsigned char *low = p, *middle = p + 4 * (width / 2), *high = p + 4 * (width - 1);
    ck_assert(low[0] == 0 && low[1] == 114 && low[2] == 178 && high[0] == 213 && high[1] == 94 && high[2] == 0);
    ck_assert(low[3] == high[3] && low[3] == 179 && middle[3] == 0);
    free(p);
    p = png_pixels(svg, 1, &width, &height, &channels);
    ck_assert(memcmp(p, (unsigned char[]){68, 1, 84, 255}, 4) == 0);
    ck_assert(memcmp(p + 4 * (width - 1), (unsigned char[]){253, 231, 37, 255}, 4) == 0);
    free(p);
    p = png_pixels(svg, 2, &width, &height, &channels);
    ck_assert(memcmp(cell_of(p, width, height, 4, 0, 1, 1, 3), p + 4 * (width - 1), 4) == 0); /* 9 is 1 + 8 */
    ck_assert(memcmp(p, p + 4 * (width - 1), 4) != 0);
    free(p);
    tp_plot_free(plot);
}
END_TEST

START_TEST(large_heat_maps_are_thinned)
{
    enum { SIDE = 2000 };
    int width, height, channels;
    double *values = calloc((size_t)SIDE * SIDE, sizeof *values);
    tp_plot *plot = new_plot();
    tp_plot_heat(plot, values, SIDE, SIDE, NULL);
    const char *svg = svg_of(plot);
    unsigned char *p = png_pixels(svg, 0, &width, &height, &channels);
    ck_assert(width == 1024 && height == 1024);
    free(p);
    tp_plot_free(plot);
    free(values);
}
END_TEST

/* Two images beside each other: (n,H,W), (n,H,W,3) and (n,3,H,W). */
START_TEST(images_stand_in_a_grid)
{
    int width, height, channels;
    tp_tensor *grey = F64(TP_DIMS(2, 1, 2), 0, .5, 1, 0);
    tp_plot *plot = new_plot();
    tp_plot_images(plot, grey, &(tp_plot_images_options){.columns = 2, .scale = 1});
    unsigned char *p = png_pixels(svg_of(plot), 0, &width, &height, &channels);
    ck_assert(channels == 1 && height == 1 && width == 2 + 5 + 2);
    ck_assert(p[0] == 0 && p[1] == 128 && p[7] == 255 && p[8] == 0);
    for (int x = 2; x < 7; x++) ck_assert_int_eq(p[x], 1); /* transparent */
    free(p);
    tp_plot_free(plot);
    tp_tensor_release(grey);
    const double last[] = {0, 51, 102, 255, 1, 2}, first[] = {0, 255, 51, 1, 102, 2};
    for (int i = 0; i < 2; i++) {
        tp_tensor *rgb = i ? tensor_of(TP_U8, TP_DIMS(1, 3, 1, 2), first) : tensor_of(TP_U8, TP_DIMS(1, 1, 2, 3), last);
        plot = new_plot();
        tp_plot_images(plot, rgb, &(tp_plot_images_options){.scale = 1});
        p = png_pixels(svg_of(plot), 0, &width, &height, &channels);
        ck_assert(channels == 3 && width == 2 && height == 1);
        ck_assert(memcmp(p, (unsigned char[]){0, 51, 102, 255, 0, 2}, 6) == 0); /* 1 marks what is transparent */
        free(p);
        tp_plot_free(plot);
        tp_tensor_release(rgb);
    }
}
END_TEST

START_TEST(strided_images_are_read_in_order)
{
    int width, height, channels;
    tp_error error = {0};
    tp_tensor *image = tensor_of(TP_U8, TP_DIMS(2, 3), NUMBERS(10, 20, 30, 40, 50, 60));
    tp_tensor *turned = tp_tensor_transpose(image, 0, 1, &error);
    tp_plot *plot = new_plot();
    tp_plot_images(plot, turned, &(tp_plot_images_options){.scale = 1, .inverted = true});
    unsigned char *p = png_pixels(svg_of(plot), 0, &width, &height, &channels);
    ck_assert(width == 2 && height == 3);
    ck_assert(p[0] == 245 && p[1] == 215 && p[2] == 235 && p[5] == 195);
    free(p);
    tp_plot_free(plot);
    tp_tensor_release(turned);
    tp_tensor_release(image);
}
END_TEST

START_TEST(captions_have_lines_and_marks)
{
    tp_tensor *images = random_tensor(TP_F32, TP_DIMS(3, 8, 8), 1, 0, 1);
    tp_plot *plot = new_plot();
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "Wrong & right"});
    tp_plot_images(plot, images,
                   &(tp_plot_images_options){.captions = (const char *const[]){"cat", "dog\nis: cat", "<bird>"},
                                             .marked = (const bool[]){false, true, false}});
    const char *svg = svg_of(plot);
    EXPECT_LABEL(svg, "cat");
    EXPECT_LABEL(svg, "dog");
    EXPECT_LABEL(svg, "is: cat");
    EXPECT_LABEL(svg, "&lt;bird&gt;");
    EXPECT_LABEL(svg, "Wrong &amp; right");
    ck_assert_int_eq(occurrences(svg, "<text class='cb m'"), 2);
    ck_assert_int_eq(occurrences(svg, "<rect class='s c2'"), 1);
    tp_plot_free(plot);
    tp_tensor_release(images);
}
END_TEST

START_TEST(confusion_matrices_show_counts_and_shares)
{
    tp_plot *plot = new_plot();
    tp_plot_confusion(plot, NUMBERS(32, 8, 0, 5), 2, (const char *const[]){"cat", "dog"});
    const char *svg = svg_of(plot);
    EXPECT_LABEL(svg, "32");
    EXPECT_LABEL(svg, "8");
    EXPECT_LABEL(svg, "5");
    ck_assert_int_eq(occurrences(svg, ">0</text>"), 0);
    ck_assert_int_eq(occurrences(svg, ">cat</text>"), 2);
    ck_assert_int_eq(occurrences(svg, "<rect class='n c1' fill-opacity='.81'"), 1); /* .06 + .94 * 4/5 */
    ck_assert_int_eq(occurrences(svg, "<rect class='n c2' fill-opacity='.25'"), 1);
    ck_assert_int_eq(occurrences(svg, "<rect class='n c1' fill-opacity='1'"), 1);
    tp_plot_panel(plot, NULL);
    tp_plot_confusion(plot, NUMBERS(1.5, -2, 1e20, (double)NAN), 2, NULL);
    EXPECT_LABEL(svg_of(plot), "1.5");
    tp_plot_free(plot);
}
END_TEST

TCase *plot_images_case(void)
{
    TCase *tcase = tcase_create("images");
    tcase_add_test(tcase, heat_maps_have_row_0_at_the_bottom);
    tcase_add_test(tcase, colour_maps_have_their_ends);
    tcase_add_test(tcase, large_heat_maps_are_thinned);
    tcase_add_test(tcase, images_stand_in_a_grid);
    tcase_add_test(tcase, strided_images_are_read_in_order);
    tcase_add_test(tcase, captions_have_lines_and_marks);
    tcase_add_test(tcase, confusion_matrices_show_counts_and_shares);
    return tcase;
}
