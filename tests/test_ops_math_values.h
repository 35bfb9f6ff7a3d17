/* What rows are, point by point: values and first slopes, written from the mathematics, IEEE 754, and Annex F of C. */
#ifndef TAPIR_TESTS_TEST_OPS_MATH_VALUES_H
#define TAPIR_TESTS_TEST_OPS_MATH_VALUES_H

#include "tests/test_ops.h"

enum { POINTS = 7 }; /* x = -Inf, -1, -0, 0, 1, Inf, NaN */

typedef struct row_values {
    const char *op;
    double b, c, d; /* the other operands, or the plain numbers */
    double y[POINTS], dx[POINTS], db[POINTS], dc[POINTS];
} row_values;

typedef struct value_list {
    const row_values *items;
    int n;
} value_list;

extern const value_list binary_values, ternary_values, compare_values;

#define I HUGE_VAL
#define N ((double)NAN)

#endif
