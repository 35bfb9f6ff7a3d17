/* Functions of elements that several files of tests map. */
#ifndef TAPIR_TESTS_MAP_H
#define TAPIR_TESTS_MAP_H

#include <tapir/map.h>

#include "tests/test_ops.h"

/* e^(x0 - x1) */
void shifted_exp(tp_tape *on, const tp_var *x, int n, tp_var *y, int m, void *user);
/* Three of three: values used twice, plain numbers, constants, a product with itself. */
void several(tp_tape *on, const tp_var *x, int n, tp_var *y, int m, void *user);
/* Three of two: results that are operands, constants, and one another. */
void plain(tp_tape *on, const tp_var *x, int n, tp_var *y, int m, void *user);

#endif
