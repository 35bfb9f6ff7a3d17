/* Pictures: the suite, put together from the files test_plot_*.c, and the reader of SVG that these share. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <unistd.h>

#include "tests/test_plot.h"

#ifdef TP_WITH_ZLIB
#include <zlib.h>
#endif

tp_plot *new_plot(void)
{
    tp_plot *plot = tp_plot_new(NULL, NULL);
    ck_assert_ptr_nonnull(plot);
    return plot;
}

/* ---- well-formed XML, as far as these pictures use it ---- */

static const char *name_end(const char *at)
{
    while ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || *at == ':' || *at == '-') at++;
    return at;
}

/* Past a reference that stands at `at`, or NULL. */
static const char *reference_end(const char *at)
{
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncmp(at, known[i], strlen(known[i])) == 0) return at + strlen(known[i]);
    return NULL;
}

/* Past text up to a quote or a tag; NULL where a byte must not be there. */
static const char *text_end(const char *at, char end)
{
    while (*at && *at != end) {
        if (*at == '<' || (*at > 0 && *at < ' ' && *at != '\n')) return NULL;
        at = *at == '&' ? reference_end(at) : at + 1;
        if (!at) return NULL;
    }
    return at;
}

/* Past the attributes of a tag, to its ">" or "/>". */
static const char *attributes_end(const char *at)
{
    while (*at == ' ') {
        const char *end = name_end(at + 1);
        if (end == at + 1 || end[0] != '=' || end[1] != '\'') return NULL;
        at = text_end(end + 2, '\'');
        if (!at || *at != '\'') return NULL;
        at++;
    }
    return at;
}

const char *xml_mistake(const char *at)
{
    enum { DEEP = 16 };
    const char *open[DEEP];
    size_t length[DEEP];
    int depth = 0, roots = 0;
    for (; at && *at; at = text_end(at, '<')) {
        if (*at != '<') {
            if (depth == 0 && *at != '\n') return "text outside of the root";
            continue;
        }
        const bool closing = at[1] == '/';
        const char *name = at + 1 + closing, *end = name_end(name);
        if (end == name) return "a tag without a name";
        if (closing) {
            if (depth == 0 || length[depth - 1] != (size_t)(end - name) ||
                memcmp(open[depth - 1], name, (size_t)(end - name)) != 0)
                return "a tag that closes another";
            depth--;
            if (*end != '>') return "a closing tag with more in it";
            at = end + 1;
            continue;
        }
        at = attributes_end(end);
        if (!at) return "a bad attribute";
        if (depth == 0 && roots++ > 0) return "two roots";
        if (at[0] == '/' && at[1] == '>') {
            at += 2;
            continue;
        }
        if (*at != '>' || depth == DEEP) return "a tag without an end, or too deep";
        open[depth] = name;
        length[depth++] = (size_t)(end - name);
        at++;
    }
    return !at ? "a bad character" : depth ? "a tag is not closed" : roots ? NULL : "no root";
}

void empty_file(char path[256])
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, 256, "%s/tapir-test-XXXXXX", folder && strlen(folder) < 200 ? folder : ".");
    const int made = mkstemp(path);
    ck_assert_int_ge(made, 0);
    close(made);
}

const char *good_svg(const char *svg, size_t length, const tp_error *error)
{
    ck_assert_msg(svg != NULL, "%s", error->message);
    ck_assert_uint_eq(strlen(svg), length);
    const char *wrong = xml_mistake(svg);
    ck_assert_msg(!wrong, "%s in %s", wrong, svg);
    ck_assert_int_eq(occurrences(svg, "1000000000"), 0); /* where numbers end: of NaN and Inf too */
    return svg;
}

const char *svg_of(tp_plot *plot)
{
    tp_error error = {0};
    size_t length = 0;
    const char *svg = tp_plot_svg(plot, &length, &error);
    return good_svg(svg, length, &error);
}

int occurrences(const char *svg, const char *text)
{
    int n = 0;
    for (const char *at = svg; (at = strstr(at, text)); at += strlen(text)) n++;
    return n;
}

/* ---- paths ---- */

frame frame_of(const char *svg)
{
    static const char begin[] = "<path class='a' d='M";
    const char *last = NULL;
    frame f = {0};
    for (const char *at = svg; (at = strstr(at, begin)); at++)
        if (strchr(at, 'V') < strchr(at, '/')) last = at;
    ck_assert_ptr_nonnull(last);
    ck_assert_int_eq(sscanf(last + sizeof begin - 1, "%lf %lfV%lfH%lf", &f.left, &f.top, &f.bottom, &f.right), 4);
    return f;
}

int path_points(const char *svg, const char *before, double (*points)[2], int most)
{
    const char *at = strstr(svg, before);
    ck_assert_msg(at != NULL, "there is no %s", before);
    at = strstr(at, " d='");
    ck_assert_ptr_nonnull(at);
    int n = 0;
    for (at += 4; *at != '\'';) {
        if (*at == 'h') { /* of a single point */
            at += 2;
            continue;
        }
        if (*at == 'M' && n > 0) {
            ck_assert_int_lt(n, most);
            points[n++][0] = (double)NAN;
        }
        if (*at == 'M' || *at == ' ') at++;
        char *end;
        ck_assert_int_lt(n, most);
        points[n][0] = strtod(at, &end);
        ck_assert_ptr_ne(at, end);
        at = end;
        points[n++][1] = strtod(at, &end);
        ck_assert_ptr_ne(at, end);
        at = end;
    }
    return n;
}

/* ---- PNG ---- */

static unsigned char *decode_base64(const char *text, size_t *n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t length = strcspn(text, "'");
    unsigned char *bytes = malloc(length), *at = bytes;
    ck_assert_uint_eq(length % 4, 0);
    unsigned word = 0;
    for (size_t i = 0; i < length && text[i] != '='; i++) {
        word = word << 6 | (unsigned)(strchr(digits, text[i]) - digits);
        if (i % 4 > 0) *at++ = (unsigned char)(word >> (6 - 2 * (i % 4)));
    }
    *n = (size_t)(at - bytes);
    return bytes;
}

static uint32_t big_endian(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t crc_of(const unsigned char *bytes, size_t n)
{
    uint32_t crc = ~UINT32_C(0);
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}

static void unpack(unsigned char *to, size_t n, const unsigned char *from, size_t length)
{
#ifdef TP_WITH_ZLIB
    uLongf got = (uLongf)n;
    ck_assert_int_eq(uncompress(to, &got, from, (uLong)length), Z_OK);
    ck_assert_uint_eq(got, n);
#else
    const unsigned char *at = from + 2;
    for (bool last = false; !last;) {
        const size_t block = (size_t)(at[1] | at[2] << 8);
        last = at[0] == 1;
        ck_assert_uint_le(block, n);
        memcpy(to, at + 5, block);
        to += block;
        n -= block;
        at += 5 + block;
    }
    ck_assert_uint_eq(n, 0);
    ck_assert_uint_eq((size_t)(at + 4 - from), length);
#endif
}

unsigned char *png_pixels(const char *svg, int n, int *width, int *height, int *channels)
{
    static const char begin[] = "data:image/png;base64,";
    for (svg = strstr(svg, begin); svg && n > 0; n--) svg = strstr(svg + 1, begin);
    ck_assert_ptr_nonnull(svg);
    size_t size;
    unsigned char *file = decode_base64(svg + sizeof begin - 1, &size), *pixels = NULL;
    ck_assert(size > 33 && memcmp(file, "\x89PNG\r\n\x1a\n", 8) == 0);
    size_t raw = 0, row = 0;
    for (size_t at = 8; at < size; at += 12 + big_endian(file + at)) {
        const size_t length = big_endian(file + at);
        ck_assert_uint_le(at + 12 + length, size);
        ck_assert_uint_eq(crc_of(file + at + 4, length + 4), big_endian(file + at + 8 + length));
        if (memcmp(file + at + 4, "IHDR", 4) == 0) {
            *width = (int)big_endian(file + at + 8);
            *height = (int)big_endian(file + at + 12);
            *channels = file[at + 17] == 0 ? 1 : file[at + 17] == 2 ? 3 : 4;
            row = (size_t)(*width * *channels);
            raw = (row + 1) * (size_t)*height;
            pixels = malloc(raw);
        }
        if (memcmp(file + at + 4, "IDAT", 4) == 0) unpack(pixels, raw, file + at + 8, length);
    }
    for (size_t y = 0; y < (size_t)*height; y++) {
        ck_assert_int_eq(pixels[y * (row + 1)], 0);
        memmove(pixels + y * row, pixels + y * (row + 1) + 1, row);
    }
    free(file);
    return pixels;
}

/* ---- one of each ---- */

static double saddle(double x, double y, void *user)
{
    (void)user;
    return x * x - y * y;
}

static void add_charts(tp_plot *plot)
{
    const double x[] = {1, 2, 3, 4}, y[] = {1, 4, (double)NAN, 16}, low[] = {0, 3, 8, 15};
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "a < b & \"c\"", .x_label = "x", .y_label = "y"});
    tp_plot_band(plot, x, low, y, 4, &(tp_plot_style){.label = "band"});
    tp_plot_curve(plot, x, y, 4, &(tp_plot_style){.label = "curve", .mark = TP_PLOT_DIAMOND});
    tp_plot_points(plot, x, low, 4, &(tp_plot_style){.label = "points", .mark = TP_PLOT_CROSS});
    tp_plot_rule(plot, false, 5, &(tp_plot_style){.label = "rule", .colour = TP_PLOT_GREY});
    tp_plot_panel(plot, &(tp_plot_panel_options){.x_log = true, .y_log = true});
    tp_plot_curve(plot, x, low, 4, &(tp_plot_style){.label = "logarithms", .dash = TP_PLOT_DOTTED});
    tp_plot_panel(plot, NULL);
    tp_plot_bars(plot, x, (const char *const[]){"one", "two", "a long name <three>", "four"}, 4,
                 &(tp_plot_style){.label = "bars"});
    tp_plot_bars(plot, low, NULL, 4, &(tp_plot_style){.label = "more"});
    tp_plot_panel(plot, NULL);
    tp_plot_histogram(plot, low, 4, &(tp_plot_histogram_options){.bins = 3}, &(tp_plot_style){.label = "counts"});
}

tp_plot *gallery(const tp_allocator *memory, tp_error *error)
{
    tp_plot *plot = tp_plot_new(
        &(tp_plot_options){.title = "All", .columns = 3, .width = 300, .height = 220, .memory = memory}, error);
    if (!plot) return NULL;
    tp_tensor *images = random_tensor(TP_F32, TP_DIMS(5, 3, 4), 1, 0, 1),
              *points = random_tensor(TP_F64, TP_DIMS(6, 2), 2, 0, 1);
    tp_tensor *classes = I64(TP_DIMS(6), 0, 1, 2, 0, 1, 2);
    add_charts(plot);
    tp_plot_panel(plot, &(tp_plot_panel_options){.equal = true});
    tp_plot_heat_function(plot, saddle, NULL, 8,
                          &(tp_plot_heat_options){.map = TP_PLOT_DIVERGING, .bar = true, .label = "x"});
    tp_plot_contour(plot, NUMBERS(0, 1, 1, 0), 2, 2, NULL, NULL);
    tp_plot_scatter(plot, points, classes, (const char *const[]){"a", "b", "c"}, 3, NULL);
    tp_plot_panel(plot, &(tp_plot_panel_options){.title = "images"});
    tp_plot_images(plot, images,
                   &(tp_plot_images_options){.captions = (const char *const[]){"a", "b\nc", "d", "e", "f"},
                                             .marked = (const bool[]){false, true, false, false, false}});
    tp_plot_panel(plot, NULL);
    tp_plot_confusion(plot, (const double[]){5, 1, 2, 7}, 2, (const char *const[]){"cat", "dog"});
    tp_tensor_release(images);
    tp_tensor_release(points);
    tp_tensor_release(classes);
    return plot;
}

Suite *plot_suite(void)
{
    Suite *suite = suite_create("plot");
    suite_add_tcase(suite, plot_axes_case());
    suite_add_tcase(suite, plot_series_case());
    suite_add_tcase(suite, plot_contour_case());
    suite_add_tcase(suite, plot_images_case());
    suite_add_tcase(suite, plot_errors_case());
    return suite;
}
