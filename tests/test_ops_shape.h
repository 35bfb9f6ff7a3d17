/* What the tests of the shape family's edges share. */
#ifndef TAPIR_TESTS_TEST_OPS_SHAPE_H
#define TAPIR_TESTS_TEST_OPS_SHAPE_H

#include "tests/test_ops.h"

/* A leaf of 0, 1, 2, ... */
tp_var ramp(tp_tape *tape, int rank, const int64_t *dims);
/* A constant of these numbers. */
tp_var integers(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims, const double *numbers);
/* The call failed with this status and a message that holds all these words, up to a NULL; the error is forgotten. */
void expect_refusal(tp_tape *tape, tp_var result, tp_status status, const char *const *words);

#define NOT_A_NUMBER ((double)NAN)
#define RAMP(...) ramp(tape, TP_DIMS(__VA_ARGS__))
#define I64(n, ...) integers(tape, TP_I64, 1, (int64_t[]){n}, (double[]){__VA_ARGS__})
#define NUMBERS(...)                                                                                                   \
    (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (double[])                                                \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define ELEMENTS(what, x, ...) expect_elements(what, x, NUMBERS(__VA_ARGS__), 0)
#define GRADIENT(what, y, x, ...) expect_gradient(what, y, x, NUMBERS(__VA_ARGS__))
#define REFUSES(status, call, ...) expect_refusal(tape, call, status, (const char *const[]){__VA_ARGS__, NULL})

void add_arrange_edges(TCase *edges);

#endif
