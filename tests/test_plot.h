/* What the tests of pictures share: a reader of SVG, of the paths and the PNGs in it. */
#ifndef TAPIR_TESTS_PLOT_H
#define TAPIR_TESTS_PLOT_H

#include <tapir/plot.h>
#include <tapir/random.h>

#include "tests/helpers.h"

TCase *plot_axes_case(void);
TCase *plot_series_case(void);
TCase *plot_contour_case(void);
TCase *plot_images_case(void);
TCase *plot_errors_case(void);

tp_plot *new_plot(void);
/* What keeps the text from being well-formed XML, as far as pictures of ours use it; NULL when it is. */
const char *xml_mistake(const char *text);
/* The text, which must have that length and be well-formed XML, with numbers that are some; *error is shown if not. */
const char *good_svg(const char *svg, size_t length, const tp_error *error);
/* The picture's text, which must be well-formed XML. It goes with the picture. */
const char *svg_of(tp_plot *plot);
/* Makes a file in the folder for temporary ones, and writes its name. */
void empty_file(char path[256]);
/* How often `text` is in it. */
int occurrences(const char *svg, const char *text);
#define EXPECT_LABEL(svg, label) ck_assert_msg(occurrences(svg, ">" label "</text>") > 0, "no label %s", label)

/* The frame that the axes' line draws, of the last panel. */
typedef struct frame {
    double left, top, right, bottom;
} frame;
frame frame_of(const char *svg);

/* The corners of the first path after `before`, as pairs; only with M, L and implicit lines. Runs are ended by a NaN.
 */
int path_points(const char *svg, const char *before, double (*points)[2], int most);

/* The pixels of the n-th embedded PNG, rows from the top; the caller frees them. Checks the sums of its chunks. */
unsigned char *png_pixels(const char *svg, int n, int *width, int *height, int *channels);

/* One of each kind, on that allocator; NULL when it could not be made at all. */
tp_plot *gallery(const tp_allocator *memory, tp_error *error);

#endif
