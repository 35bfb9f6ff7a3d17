/* What the tests of drawings share. */
#ifndef TAPIR_TESTS_DRAW_H
#define TAPIR_TESTS_DRAW_H

#include <tapir/draw.h>

#include "tests/test_plot.h"

TCase *draw_circuit_case(void);
TCase *draw_module_case(void);

/* The drawing's text, which must be well-formed; it goes with the diagram. */
const char *drawing_of(tp_diagram *diagram);

/* ... and this is one of its texts. */
void expect_label(const char *svg, const char *label);

#endif
