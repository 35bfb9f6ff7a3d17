/* What the edge tests of reductions share: vectors in one line, and what is expected of values and derivatives. */
#ifndef TAPIR_TESTS_TEST_OPS_REDUCE_H
#define TAPIR_TESTS_TEST_OPS_REDUCE_H

#include "tests/test_ops.h"

#define INF HUGE_VAL
#define VECTOR(...) vector_of(tape, dtype, LISTED(__VA_ARGS__))
#define ELEMENTS(what, x, ...) expect_elements(what, x, LISTED(__VA_ARGS__), 1e-6)
#define EXACTLY(what, x, ...) expect_elements(what, x, LISTED(__VA_ARGS__), 0)
#define EACH_FLOAT for (tp_dtype dtype = TP_F32; dtype <= TP_F64; dtype++)

/* dy/dx by both walks. */
void expect_slopes(const char *what, tp_var y, tp_var x, int n, const double *want);
#define SLOPES(what, y, x, ...) expect_slopes(what, y, x, LISTED(__VA_ARGS__))
/* The second derivative of y along d. */
void expect_curvature(const char *what, tp_var y, tp_var x, tp_var d, int n, const double *want);
#define CURVATURE(what, y, x, d, ...) expect_curvature(what, y, x, d, LISTED(__VA_ARGS__))

tp_var vector_of(tp_tape *tape, tp_dtype dtype, int n, const double *numbers);
/* A leaf without elements. */
tp_var empty(tp_tape *tape, int rank, const int64_t *dims);

#endif
