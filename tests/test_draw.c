/* Drawings: the suite, put together from the files test_draw_*.c. */
#include <stdio.h>

#include "tests/test_draw.h"

const char *drawing_of(tp_diagram *diagram)
{
    tp_error error = {0};
    size_t length = 0;
    const char *svg = tp_diagram_svg(diagram, &length, &error);
    ck_assert_msg(svg != NULL, "%s", error.message);
    ck_assert_uint_eq(strlen(svg), length);
    const char *wrong = xml_mistake(svg);
    ck_assert_msg(!wrong, "%s in %s", wrong, svg);
    ck_assert_int_eq(occurrences(svg, "1000000000"), 0); /* where numbers end: of NaN and Inf too */
    return svg;
}

void expect_label(const char *svg, const char *label)
{
    char text[256];
    snprintf(text, sizeof text, ">%s</text>", label);
    ck_assert_msg(occurrences(svg, text) > 0, "no label %s in %s", label, svg);
}

Suite *draw_suite(void)
{
    Suite *suite = suite_create("draw");
    suite_add_tcase(suite, draw_circuit_case());
    suite_add_tcase(suite, draw_module_case());
    return suite;
}
