/* What the tests of the engine share: tensors in one line, comparisons, and an allocator that counts,
   limits and fails. */
#ifndef TAPIR_TESTS_HELPERS_H
#define TAPIR_TESTS_HELPERS_H

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tapir/op.h>
#include <tapir/ops.h>
#include <tapir/tape.h>

#include "tests/tests.h"

/* ---- the parts that the suites are made of ---- */

TCase *engine_handles_case(void);
TCase *engine_gradients_case(void);
TCase *engine_forks_case(void);
TCase *engine_higher_case(void);
TCase *engine_forward_case(void);
TCase *engine_leaves_case(void);
TCase *engine_replay_case(void);
TCase *engine_draw_case(void);
TCase *engine_threads_case(void);
TCase *engine_scale_case(void);
TCase *engine_random_case(void);
TCase *engine_own_ops_case(void);
TCase *engine_nested_case(void);
TCase *engine_tuples_case(void);
TCase *engine_bad_ops_case(void);
TCase *engine_bad_tensors_case(void);
TCase *engine_corners_case(void);
TCase *engine_exhaustion_case(void);
TCase *seeds_logic_case(void);
TCase *seeds_regions_case(void);
TCase *seeds_networks_case(void);
TCase *seeds_gates_case(void);
TCase *seeds_parts_case(void);
TCase *seeds_matrices_case(void);
TCase *seeds_walk_case(void);
TCase *seeds_losses_case(void);
TCase *seeds_optimisers_case(void);
TCase *seeds_training_case(void);

/* ---- memory ---- */

/* An allocator over malloc. All fields may be read and set between calls; start from zero. */
typedef struct counter {
    size_t calls;   /* of allocate */
    size_t failed;  /* of them refused */
    size_t bytes;   /* held now */
    size_t blocks;  /* held now */
    size_t fail_at; /* the call with this number (from 1) is refused; 0: none */
    size_t limit;   /* a call that would bring `bytes` above it is refused; 0: none */
} counter;
tp_allocator counted(counter *c);

/* A tape on that allocator. */
tp_tape *counted_tape(counter *c);

/* Pages of this process that are in memory. */
long resident_pages(void);
/* Processor seconds of this process. */
double processor_seconds(void);

/* ---- tensors ---- */

#define NUMBERS(...) ((const double[]){__VA_ARGS__})

/* A tensor of the dtype with the values (NULL: zeros) on malloc; the test fails when there is none. */
tp_tensor *tensor_of(tp_dtype dtype, int rank, const int64_t *dims, const double *values);
/* ... and with exactly n values. */
tp_tensor *tensor_with(tp_dtype dtype, int rank, const int64_t *dims, size_t n, const double *values);
#define HOW_MANY(...) (sizeof NUMBERS(__VA_ARGS__) / sizeof(double))
#define F64(dims, ...) tensor_with(TP_F64, dims, HOW_MANY(__VA_ARGS__), NUMBERS(__VA_ARGS__))
#define F32(dims, ...) tensor_with(TP_F32, dims, HOW_MANY(__VA_ARGS__), NUMBERS(__VA_ARGS__))
#define I64(dims, ...) tensor_with(TP_I64, dims, HOW_MANY(__VA_ARGS__), NUMBERS(__VA_ARGS__))
/* The same on the allocator given, NULL when it refuses. */
tp_tensor *tensor_on(const tp_allocator *memory, tp_dtype dtype, int rank, const int64_t *dims, const double *values);
/* Elements drawn from [low, high]. */
tp_tensor *random_tensor(tp_dtype dtype, int rank, const int64_t *dims, uint64_t seed, double low, double high);

/* A leaf that goes with the tape: the tensor's reference is handed over. */
tp_var leaf_of(tp_tape *tape, tp_tensor *tensor);
tp_var data_of(tp_tape *tape, tp_tensor *tensor);

/* w -= rate dL/dw, and the gradient is cleared. */
void descend(tp_tensor *tensor, double rate);

/* ---- expectations ---- */

#define EXPECT_NEAR(got, wanted, tolerance)                                                                            \
    do {                                                                                                               \
        const double near_ = (got), to_ = (wanted);                                                                    \
        ck_assert_msg(fabs(near_ - to_) <= (tolerance) || near_ == to_, "%s is %.17g, not %.17g", #got, near_, to_);   \
    } while (0)
#define EXPECT_OK(tape) ck_assert_msg(tp_tape_status(tape) == TP_OK, "%s", tp_tape_error(tape))
#define EXPECT_STATUS(got, wanted)                                                                                     \
    do {                                                                                                               \
        const tp_status got_ = (got), wanted_ = (wanted);                                                              \
        ck_assert_msg(got_ == wanted_, "%s is %s, not %s", #got, tp_status_name(got_), tp_status_name(wanted_));       \
    } while (0)

/* The tape has the error, and its message holds the text; the error is cleared. */
void expect_error(tp_tape *tape, tp_status status, const char *text);
#define EXPECT_REFUSED(call, status, text)                                                                             \
    do {                                                                                                               \
        ck_assert_msg(!tp_ok(call), "%s was not refused", #call);                                                      \
        expect_error(tape, status, text);                                                                              \
    } while (0)

void expect_numbers(const tp_tensor *tensor, int64_t n, const double *wanted, double tolerance);
#define EXPECT_TENSOR(tensor, tolerance, ...)                                                                          \
    expect_numbers(tensor, (int64_t)HOW_MANY(__VA_ARGS__), NUMBERS(__VA_ARGS__), tolerance)
void expect_same(const tp_tensor *a, const tp_tensor *b, double tolerance);

/* gradcheck and gradgradcheck of y by n leaves. */
void expect_gradients(tp_var y, const tp_var *x, int n);

#endif
