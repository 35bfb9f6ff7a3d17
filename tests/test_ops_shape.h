/* What the tests of the shape family's edges share. */
#ifndef TAPIR_TESTS_TEST_OPS_SHAPE_H
#define TAPIR_TESTS_TEST_OPS_SHAPE_H

#include "tests/test_ops.h"

/* A leaf of 0, 1, 2, ... */
tp_var ramp(tp_tape *tape, int rank, const int64_t *dims);
/* A constant of these numbers. */
tp_var integers(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims, const double *numbers);

#define RAMP(...) ramp(tape, TP_DIMS(__VA_ARGS__))
#define I64(n, ...) integers(tape, TP_I64, 1, (int64_t[]){n}, (double[]){__VA_ARGS__})
#define ELEMENTS(what, x, ...) expect_elements(what, x, LISTED(__VA_ARGS__), 0)
#define GRADIENT(what, y, x, ...) expect_gradient(what, y, x, LISTED(__VA_ARGS__))

void add_arrange_edges(TCase *edges);

#endif
