/* The edge cases of edges.def: each is a check on a fresh tape. */
#ifndef TAPIR_TESTS_TEST_EDGES_H
#define TAPIR_TESTS_TEST_EDGES_H

#include "tests/test_ops.h"

#define SECTION(title)
#define EDGE(name, where, what) void edge_##name(tp_tape *tape);
#include "tests/edges.def"
#undef SECTION
#undef EDGE

#define INF HUGE_VAL

#define LIST_OF(...) ((const double[]){__VA_ARGS__})
#define LENGTH_OF(...) ((int)(sizeof LIST_OF(__VA_ARGS__) / sizeof(double)))
/* A differentiable f64 vector of these numbers; one without any. */
#define VECTOR(...) vector(tape, TP_F64, LENGTH_OF(__VA_ARGS__), LIST_OF(__VA_ARGS__), false)
#define NO_NUMBERS vector(tape, TP_F64, 0, LIST_OF(0), false)
/* x holds these numbers, NaN being equal to NaN. */
#define HOLDS(x, ...) expect_elements(#x, x, LENGTH_OF(__VA_ARGS__), LIST_OF(__VA_ARGS__), 1e-14)
/* The gradient of the sum of y by x, of both walks. */
#define SLOPE(y, x, ...) expect_gradient(#y " by " #x, tp_sum(y), x, LENGTH_OF(__VA_ARGS__), LIST_OF(__VA_ARGS__))
/* The call is refused with that status. */
#define REFUSED(call, status)                                                                                          \
    do {                                                                                                               \
        const tp_var refused_ = (call);                                                                                \
        ck_assert_msg(!tp_ok(refused_) && tp_tape_status(tape) == (status), #call ": %s", tp_tape_error(tape));        \
        tp_tape_clear_error(tape);                                                                                     \
    } while (0)

/* Indices, an i64 constant of rank 1. */
#define INDICES(...) indices_on(tape, LENGTH_OF(__VA_ARGS__), LIST_OF(__VA_ARGS__))
tp_var indices_on(tp_tape *tape, int64_t n, const double *numbers);
/* A differentiable f64 tensor; `numbers` may be NULL for zeros. */
tp_var leaf_tensor_on(tp_tape *tape, int rank, const int64_t *dims, const double *numbers);

/* A row at one point, as a scalar and as an f32 and an f64 tensor, by both walks. `b` is the second operand or the
   plain number of a row that has one. */
void row_is(const char *op, double x, double b, double y, double dx, double db);
enum { ANY = 12345 }; /* a number that row_is does not look at */

TCase *edge_table_case(void);

#endif
