/* The picture of a multilayer perceptron. */
#include "tests/test_draw.h"

static const char *network(tp_diagram **d, const int64_t *widths, int layers, const tp_draw_network_options *options)
{
    tp_error error = {0};
    *d = tp_network_diagram(widths, layers, options, &error);
    ck_assert_msg(*d != NULL, "%s", error.message);
    return drawing_of(*d);
}

START_TEST(network_joins_every_unit_to_every_unit)
{
    tp_diagram *d;
    const char *svg =
        network(&d, (const int64_t[]){3, 4, 4, 1}, 4,
                &(tp_draw_network_options){.title = "Four layers",
                                           .inputs = (const char *const[]){"x1", "x2", "x3"},
                                           .outputs = (const char *const[]){"y"},
                                           .titles = (const char *const[]){"in", "hidden 4,\ntanh", NULL, "out"}});
    EXPECT_LABELS(svg, "Four layers", "x1", "x2", "x3", "y", "in", "hidden 4,", "tanh", "out");
    ck_assert_int_eq(occurrences(svg, "<circle class='u"), 12);
    ck_assert_int_eq(occurrences(svg, "<path class='p z'"), 12 + 16 + 4);
    tp_diagram_free(d);
}
END_TEST

START_TEST(network_shortens_wide_layers)
{
    tp_diagram *d;
    const char *svg =
        network(&d, (const int64_t[]){INT64_MAX, 9, 2}, 3, &(tp_draw_network_options){.bias_nodes = true});
    ck_assert_int_eq(occurrences(svg, "<circle class='u"), 7 + 1 + 7 + 1 + 2);
    ck_assert_int_eq(occurrences(svg, "<circle class='j'"), 6); /* dots */
    ck_assert_int_eq(occurrences(svg, "stroke-dasharray='4 3'"), 7 + 2);
    EXPECT_LABELS(svg, "9223372036854775807 units", "9 units", "1");
    tp_diagram_free(d);
    svg = network(&d, (const int64_t[]){12}, 1, &(tp_draw_network_options){.most = 12});
    ck_assert_int_eq(occurrences(svg, "<circle class='u"), 12);
    tp_diagram_free(d);
}
END_TEST

START_TEST(network_shows_weights_biases_and_values)
{
    tp_diagram *d;
    tp_tensor *w = F64(TP_DIMS(2, 2), .5, -1.25, 2, (double)NAN), *b = F32(TP_DIMS(2), 7.5, -3);
    const double in[] = {.125, .25};
    const char *svg = network(&d, (const int64_t[]){2, 2}, 2,
                              &(tp_draw_network_options){.weights = (const tp_tensor *const[]){w},
                                                         .biases = (const tp_tensor *const[]){b},
                                                         .values = (const double *const[]){in, NULL}});
    EXPECT_LABELS(svg, "0.5", "−1.25", "2", "NaN", "7.5", "−3", "0.125", "0.25");
    ck_assert_int_eq(occurrences(svg, "<path class='s c2'"), 1);
    ck_assert_int_eq(occurrences(svg, "<path class='s c1'"), 3);
    tp_diagram_free(d);
    tp_tensor_release(w);
    tp_tensor_release(b);
    w = random_tensor(TP_F32, TP_DIMS(5, 4), 1, -1, 1);
    svg = network(&d, (const int64_t[]){4, 5}, 2, &(tp_draw_network_options){.weights = (const tp_tensor *const[]){w}});
    ck_assert_int_eq(occurrences(svg, "<text"), 0); /* too many to be numbers */
    tp_diagram_free(d);
    tp_tensor_release(w);
}
END_TEST

START_TEST(network_refuses_what_does_not_fit)
{
    const int64_t widths[] = {2, 3, 1};
    tp_error error = {0};
    tp_tensor *w = tp_tensor_new(TP_F32, TP_DIMS(2, 3));
    EXPECT_STATUS(tp_draw_network(NULL, 3, NULL, "never.svg", &error), TP_E_ARGUMENT);
    ck_assert_str_eq(error.message, "tp_draw_network: widths is NULL");
    EXPECT_STATUS(tp_draw_network(widths, 0, NULL, "never.svg", &error), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_draw_network(widths, 65, NULL, "never.svg", &error), TP_E_LIMIT);
    EXPECT_STATUS(tp_draw_network((const int64_t[]){2, 0}, 2, NULL, "never.svg", &error), TP_E_ARGUMENT);
    ck_assert_str_eq(error.message, "tp_draw_network: layer 1 has 0 units");
    EXPECT_STATUS(tp_draw_network(widths, 3, NULL, NULL, &error), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_draw_network(widths, 3, &(tp_draw_network_options){.most = 2}, "never.svg", &error),
                  TP_E_ARGUMENT);
    EXPECT_STATUS(tp_draw_network(widths, 3, &(tp_draw_network_options){.digits = -1}, "never.svg", NULL),
                  TP_E_ARGUMENT);
    EXPECT_STATUS(tp_draw_network(widths, 3, &(tp_draw_network_options){.weights = (const tp_tensor *const[]){w, NULL}},
                                  "never.svg", &error),
                  TP_E_SHAPE);
    ck_assert_str_eq(error.message, "tp_draw_network: weights[0] is (2,3), not (3,2)");
    EXPECT_STATUS(tp_draw_network(widths, 3, &(tp_draw_network_options){.biases = (const tp_tensor *const[]){NULL, w}},
                                  "never.svg", &error),
                  TP_E_SHAPE);
    ck_assert_str_eq(error.message, "tp_draw_network: biases[1] is (2,3), not (1)");
    tp_diagram *d = tp_network_diagram(widths, 3, NULL, NULL);
    ck_assert_int_eq(tp_diagram_node(d, "x", NULL), -1);
    EXPECT_STATUS(tp_diagram_status(d), TP_E_UNSUPPORTED);
    tp_diagram_free(d);
    tp_tensor_release(w);
}
END_TEST

TCase *draw_network_case(void)
{
    TCase *tcase = tcase_create("network");
    tcase_add_test(tcase, network_joins_every_unit_to_every_unit);
    tcase_add_test(tcase, network_shortens_wide_layers);
    tcase_add_test(tcase, network_shows_weights_biases_and_values);
    tcase_add_test(tcase, network_refuses_what_does_not_fit);
    return tcase;
}
