/* Wrong calls, failing allocations, and where a picture is written. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <unistd.h>

#include "tests/test_plot.h"

/* ---- wrong calls ---- */

static tp_tensor *cube; /* (2,2,2) */

static tp_status bad_curve(tp_plot *p)
{
    return tp_plot_curve(p, NULL, NULL, 3, NULL);
}
static tp_status bad_count(tp_plot *p)
{
    return tp_plot_points(p, NULL, NUMBERS(1), -1, NULL);
}
static tp_status bad_colour(tp_plot *p)
{
    return tp_plot_curve(p, NULL, NUMBERS(1), 1, &(tp_plot_style){.colour = 11});
}
static tp_status bad_width(tp_plot *p)
{
    return tp_plot_curve(p, NULL, NUMBERS(1), 1, &(tp_plot_style){.width = (double)NAN});
}
static tp_status bad_range(tp_plot *p)
{
    return tp_plot_panel(p, &(tp_plot_panel_options){.x_low = 2, .x_high = 1});
}
static tp_status bad_log_range(tp_plot *p)
{
    return tp_plot_panel(p, &(tp_plot_panel_options){.y_low = -1, .y_high = 1, .y_log = true});
}
static tp_status bad_band(tp_plot *p)
{
    return tp_plot_band(p, NULL, NULL, NUMBERS(1), 1, NULL);
}
static tp_status bad_points(tp_plot *p)
{
    return tp_plot_scatter(p, cube, NULL, NULL, 0, NULL);
}
static tp_status bad_class(tp_plot *p)
{
    tp_tensor *points = F32(TP_DIMS(1, 2), 0, 0), *classes = I64(TP_DIMS(1), 3);
    const tp_status status = tp_plot_scatter(p, points, classes, NULL, 3, NULL);
    tp_tensor_release(points);
    tp_tensor_release(classes);
    return status;
}
static tp_status bad_bars(tp_plot *p)
{
    return tp_plot_bars(p, NUMBERS(1), NULL, 1001, NULL);
}
static tp_status bad_bins(tp_plot *p)
{
    return tp_plot_histogram(p, NUMBERS(1), 1, &(tp_plot_histogram_options){.bins = 257}, NULL);
}
static tp_status bad_heat(tp_plot *p)
{
    return tp_plot_heat_tensor(p, cube, NULL);
}
static tp_status bad_log_heat(tp_plot *p)
{
    tp_plot_panel(p, &(tp_plot_panel_options){.x_log = true});
    return tp_plot_heat(p, NUMBERS(1), 1, 1, NULL);
}
static tp_status bad_rectangle(tp_plot *p)
{
    return tp_plot_heat(p, NUMBERS(1), 1, 1, &(tp_plot_heat_options){.x_low = 1});
}
static tp_status bad_cells(tp_plot *p)
{
    return tp_plot_heat_function(p, NULL, NULL, 10, NULL);
}
static tp_status bad_contour(tp_plot *p)
{
    return tp_plot_contour_tensor(p, cube, NULL, NULL);
}
static tp_status bad_grid(tp_plot *p)
{
    return tp_plot_contour(p, NUMBERS(1), 1, 1025, NULL, NULL);
}
static tp_status bad_levels(tp_plot *p)
{
    return tp_plot_contour(p, NUMBERS(1), 1, 1, &(tp_plot_contour_options){.count = 2}, NULL);
}
static tp_status bad_images(tp_plot *p)
{
    tp_tensor *five = tp_tensor_new(TP_F32, TP_DIMS(1, 5, 2, 2));
    const tp_status status = tp_plot_images(p, five, NULL);
    tp_tensor_release(five);
    return status;
}
static tp_status bad_company(tp_plot *p)
{
    tp_plot_curve(p, NULL, NUMBERS(1), 1, NULL);
    return tp_plot_images(p, cube, NULL);
}
static tp_status bad_confusion(tp_plot *p)
{
    return tp_plot_confusion(p, NULL, 2, NULL);
}

static const struct {
    tp_status (*call)(tp_plot *plot);
    tp_status status;
    const char *message;
} wrong_calls[] = {
    {bad_curve, TP_E_ARGUMENT, "tp_plot_curve: the values of 3 points are NULL"},
    {bad_count, TP_E_ARGUMENT, "tp_plot_points: n is -1"},
    {bad_colour, TP_E_ARGUMENT, "tp_plot_curve: there is no colour 11"},
    {bad_width, TP_E_ARGUMENT, "tp_plot_curve: width and size are nan and 0"},
    {bad_range, TP_E_ARGUMENT, "tp_plot_panel: x_low to x_high, 2 to 1, is no range"},
    {bad_log_range, TP_E_ARGUMENT, "tp_plot_panel: y_low to y_high, -1 to 1, is no range for this axis"},
    {bad_band, TP_E_ARGUMENT, "tp_plot_band: low is NULL"},
    {bad_points, TP_E_SHAPE, "tp_plot_scatter: points is (2,2,2), not (n,2)"},
    {bad_class, TP_E_INDEX, "tp_plot_scatter: class 3 of point 0 is not 0 to 2"},
    {bad_bars, TP_E_LIMIT, "tp_plot_bars: n is 1001"},
    {bad_bins, TP_E_LIMIT, "tp_plot_histogram: bins is 257"},
    {bad_heat, TP_E_SHAPE, "tp_plot_heat_tensor: values is (2,2,2), not (rows,columns)"},
    {bad_log_heat, TP_E_UNSUPPORTED, "tp_plot_heat: the panel has a logarithmic axis"},
    {bad_rectangle, TP_E_ARGUMENT, "tp_plot_heat: x 1 to 0"},
    {bad_cells, TP_E_ARGUMENT, "tp_plot_heat_function: f is NULL"},
    {bad_contour, TP_E_SHAPE, "tp_plot_contour_tensor: values is (2,2,2), not (rows,columns)"},
    {bad_grid, TP_E_LIMIT, "tp_plot_contour: rows and columns are 1 and 1025, not 0 to 1024"},
    {bad_levels, TP_E_ARGUMENT, "tp_plot_contour: levels is NULL"},
    {bad_images, TP_E_SHAPE, "tp_plot_images: images is (1,5,2,2)"},
    {bad_company, TP_E_ARGUMENT, "tp_plot_images: images and matrices have a panel of their own"},
    {bad_confusion, TP_E_ARGUMENT, "tp_plot_confusion: counts is NULL"},
};
enum { WRONG_CALLS = sizeof wrong_calls / sizeof *wrong_calls };

/* The first error stays, whatever is called after. */
START_TEST(wrong_calls_are_named)
{
    tp_error error = {0};
    cube = random_tensor(TP_F32, TP_DIMS(2, 2, 2), 1, 0, 1);
    tp_plot *plot = new_plot();
    EXPECT_STATUS(wrong_calls[_i].call(plot), wrong_calls[_i].status);
    ck_assert_msg(strncmp(tp_plot_error(plot), wrong_calls[_i].message, strlen(wrong_calls[_i].message)) == 0, "%s",
                  tp_plot_error(plot));
    EXPECT_STATUS(tp_plot_curve(plot, NULL, NUMBERS(1), 1, NULL), wrong_calls[_i].status);
    EXPECT_STATUS(tp_plot_confusion(plot, NULL, 0, NULL), wrong_calls[_i].status);
    ck_assert_ptr_null(tp_plot_svg(plot, NULL, &error));
    EXPECT_STATUS(error.status, wrong_calls[_i].status);
    ck_assert_str_eq(error.message, tp_plot_error(plot));
    tp_plot_free(plot);
    tp_tensor_release(cube);
}
END_TEST

START_TEST(options_outside_their_range_make_no_picture)
{
    tp_error error = {0};
    ck_assert_ptr_null(tp_plot_new(&(tp_plot_options){.columns = 17}, &error));
    ck_assert_str_eq(error.message, "tp_plot_new: columns is 17, not 1 to 16");
    ck_assert_ptr_null(tp_plot_new(&(tp_plot_options){.width = 1e9}, &error));
    ck_assert_ptr_null(tp_plot_new(&(tp_plot_options){.height = (double)NAN}, &error));
    ck_assert_str_eq(error.message, "tp_plot_new: width and height are 560 and nan, not 60 to 10000");
}
END_TEST

START_TEST(null_is_an_error_and_no_crash)
{
    tp_error error = {0};
    tp_plot_free(NULL);
    EXPECT_STATUS(tp_plot_status(NULL), TP_E_ARGUMENT);
    ck_assert_str_ne(tp_plot_error(NULL), "");
    EXPECT_STATUS(tp_plot_panel(NULL, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_plot_curve(NULL, NULL, NUMBERS(1), 1, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_plot_points(NULL, NULL, NUMBERS(1), 1, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_plot_band(NULL, NULL, NULL, NULL, 1, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_plot_rule(NULL, true, 1, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_plot_scatter(NULL, NULL, NULL, NULL, 1, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_plot_bars(NULL, NULL, NULL, 1, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_plot_histogram(NULL, NULL, 1, NULL, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_plot_heat(NULL, NULL, 1, 1, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_plot_heat_tensor(NULL, NULL, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_plot_heat_function(NULL, NULL, NULL, 1, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_plot_images(NULL, NULL, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_plot_confusion(NULL, NULL, 1, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_plot_save(NULL, "x.svg", &error), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_plot_print(NULL, stdout, NULL), TP_E_ARGUMENT);
    ck_assert_ptr_null(tp_plot_svg(NULL, NULL, &error));
    ck_assert_str_eq(error.message, "tp_plot_svg: plot is NULL");
    tp_plot *plot = new_plot();
    EXPECT_STATUS(tp_plot_save(plot, NULL, &error), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_plot_print(plot, NULL, &error), TP_E_ARGUMENT);
    tp_plot_free(plot);
}
END_TEST

/* ---- memory ---- */

/* Every allocation fails once: an error that says so, and nothing is left. */
START_TEST(every_failing_allocation_is_reported)
{
    size_t needed = 1;
    for (size_t at = 1; at <= needed; at++) {
        counter c = {.fail_at = at};
        tp_error error = {0};
        const tp_allocator memory = counted(&c);
        tp_plot *plot = gallery(&memory, &error);
        const char *svg = plot ? tp_plot_svg(plot, NULL, &error) : NULL;
        tp_plot_free(plot);
        ck_assert_uint_eq(c.blocks, 0);
        ck_assert_uint_eq(c.bytes, 0);
        needed = c.failed ? at + 1 : at;
        if (!c.failed) break;
        ck_assert_ptr_null(svg);
        EXPECT_STATUS(error.status, TP_E_MEMORY);
        ck_assert_msg(strncmp(error.message, "tp_plot_", 8) == 0, "%s", error.message);
    }
    ck_assert_uint_gt(needed, 50);
}
END_TEST

/* A picture that found no memory when it was written can be written later. */
START_TEST(writing_can_be_tried_again)
{
    counter c = {0};
    const tp_allocator memory = counted(&c);
    tp_plot *plot = gallery(&memory, NULL);
    ck_assert_ptr_nonnull(plot);
    c.fail_at = c.calls + 3;
    tp_error error = {0};
    ck_assert_ptr_null(tp_plot_svg(plot, NULL, &error));
    EXPECT_STATUS(error.status, TP_E_MEMORY);
    EXPECT_STATUS(tp_plot_status(plot), TP_OK);
    svg_of(plot);
    tp_plot_free(plot);
    ck_assert_uint_eq(c.blocks, 0);
}
END_TEST

/* ---- writing ---- */

START_TEST(the_same_calls_make_the_same_bytes)
{
    tp_plot *a = gallery(NULL, NULL), *b = gallery(NULL, NULL);
    const char *first = svg_of(a);
    ck_assert_str_eq(first, svg_of(b));
    char *copy = strdup(first);
    ck_assert_str_eq(copy, svg_of(a)); /* again */
    ck_assert_uint_lt(strlen(copy), 32000);
    free(copy);
    tp_plot_free(a);
    tp_plot_free(b);
}
END_TEST

START_TEST(files_hold_the_picture)
{
    char path[256], text[65536];
    empty_file(path);
    tp_error error = {0};
    tp_plot *plot = gallery(NULL, NULL);
    ck_assert_msg(tp_plot_save(plot, path, &error) == TP_OK, "%s", error.message);
    FILE *file = fopen(path, "r+b");
    size_t n = fread(text, 1, sizeof text - 1, file);
    text[n] = 0;
    ck_assert_str_eq(text, svg_of(plot));
    rewind(file);
    EXPECT_STATUS(tp_plot_print(plot, file, &error), TP_OK);
    ck_assert_int_eq(ftell(file), (long)n);
    fclose(file);
    unlink(path);
    tp_plot_free(plot);
}
END_TEST

START_TEST(files_that_cannot_be_written_are_errors)
{
    tp_error error = {0};
    tp_plot *plot = new_plot();
    EXPECT_STATUS(tp_plot_save(plot, "/nonexistent/a.svg", &error), TP_E_IO);
    ck_assert_str_eq(error.message, "tp_plot_save: cannot open: No such file or directory: /nonexistent/a.svg");
    EXPECT_STATUS(tp_plot_save(plot, "/dev/full", &error), TP_E_IO);
    ck_assert_str_eq(error.message, "tp_plot_save: cannot write: No space left on device: /dev/full");
    FILE *full = fopen("/dev/full", "w");
    EXPECT_STATUS(tp_plot_print(plot, full, &error), TP_E_IO);
    fclose(full);
    EXPECT_STATUS(tp_plot_status(plot), TP_OK);
    tp_plot_free(plot);
}
END_TEST

TCase *plot_errors_case(void)
{
    TCase *tcase = tcase_create("errors");
    tcase_add_loop_test(tcase, wrong_calls_are_named, 0, WRONG_CALLS);
    tcase_add_test(tcase, options_outside_their_range_make_no_picture);
    tcase_add_test(tcase, null_is_an_error_and_no_crash);
    tcase_add_test(tcase, every_failing_allocation_is_reported);
    tcase_add_test(tcase, writing_can_be_tried_again);
    tcase_add_test(tcase, the_same_calls_make_the_same_bytes);
    tcase_add_test(tcase, files_hold_the_picture);
    tcase_add_test(tcase, files_that_cannot_be_written_are_errors);
    return tcase;
}
