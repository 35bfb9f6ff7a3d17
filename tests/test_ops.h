/* Samples: small recorded programs around one op each, on which every check of an op runs. */
#ifndef TAPIR_TESTS_TEST_OPS_H
#define TAPIR_TESTS_TEST_OPS_H

#include <check.h>
#include <math.h>
#include <string.h>

#include <tapir/random.h>

#include "ops/ops.h"

#define COUNT(array) (int)(sizeof(array) / sizeof *(array))

/* How an operand lies in memory: a dense leaf; a leaf that is a transposed, or a sliced, tensor; a dense leaf that is
   transposed, or cut, on the tape; a scalar; a dense leaf turned round on the tape, and a dense copy of that. */
typedef enum layout { DENSE = 0, TRANSPOSED, SLICED, VIEW, CUT, SCALAR, FLIPPED, FLIPPED_COPY } layout;

typedef struct sample_leaf {
    int rank;
    int64_t dims[5];
    layout layout;
    tp_dtype labels;  /* TP_I32, TP_I64 or TP_U8: integers 0 .. high-1, a constant; 0: differentiable numbers */
    bool constant;    /* numbers that need no gradient */
    double low, high; /* both 0: -2 .. 2 */
} sample_leaf;

#define MAX_LEAVES 8

typedef struct sample {
    const char *op, *name;
    tp_var (*build)(const struct sample *s, const tp_var *x);
    int n; /* operands; constants come last */
    sample_leaf x[MAX_LEAVES];
    int count; /* what the builder makes of these is its own business */
    int64_t list[16];
    bool keep;
    double number;
    const tp_row *row; /* of a row's samples */
} sample;

#define SHAPE(...) .rank = (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), .dims = {__VA_ARGS__}
#define T(...)                                                                                                         \
    {                                                                                                                  \
        SHAPE(__VA_ARGS__)                                                                                             \
    }
#define TRANSPOSED(...)                                                                                                \
    {                                                                                                                  \
        SHAPE(__VA_ARGS__), .layout = TRANSPOSED                                                                       \
    }
#define SLICED(...)                                                                                                    \
    {                                                                                                                  \
        SHAPE(__VA_ARGS__), .layout = SLICED                                                                           \
    }
#define VIEW(...)                                                                                                      \
    {                                                                                                                  \
        SHAPE(__VA_ARGS__), .layout = VIEW                                                                             \
    }
#define CUT(...)                                                                                                       \
    {                                                                                                                  \
        SHAPE(__VA_ARGS__), .layout = CUT                                                                              \
    }
#define LABELS(dtype, classes, ...)                                                                                    \
    {                                                                                                                  \
        SHAPE(__VA_ARGS__), .labels = dtype, .high = classes                                                           \
    }
#define ON(...) .n = (int)(sizeof((sample_leaf[]){__VA_ARGS__}) / sizeof(sample_leaf)), .x = {__VA_ARGS__}
#define LIST(...) .count = (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), .list = {__VA_ARGS__}

typedef struct sample_list {
    const sample *items;
    int n;
} sample_list;

#define SAMPLES(name) extern const sample_list name##_samples;
#include "tests/samples.def"
#undef SAMPLES

#define MAX_SAMPLES 96
/* Writes the samples of an op, which may be one of the engine's own with a name only. Returns how many. */
int samples_of(const char *name, const tp_op *op, sample out[MAX_SAMPLES]);

/* The row's constructor, by name, on as many operands and plain numbers as it takes. */
tp_var row_call(const char *name, const tp_var *x, const double *number);

/* A sample on a tape of its own. */
typedef struct run {
    const sample *of;
    tp_tape *tape;
    tp_tensor *tensor[MAX_LEAVES]; /* NULL for scalars */
    tp_var leaf[MAX_LEAVES], operand[MAX_LEAVES], y;
    int n; /* how many of them are differentiable: they come first */
} run;

run run_sample(const sample *s, tp_dtype dtype, uint64_t seed, bool params);
/* New numbers in the leaves. */
void run_refill(run *r, uint64_t seed);
void run_end(run *r);
/* A constant like y, on y's tape. */
tp_var upstream_like(tp_var y, uint64_t seed);
/* <upstream, dy/dx> for the differentiable leaves; zeros where y holds integers. */
void run_vjp(const run *r, uint64_t seed, unsigned flags, tp_var *grads);

/* ---- numbers ---- */

int64_t numbers_in(tp_var x);
double number_at(tp_var x, int64_t i);
/* "": equal dims, and values within tolerance * max(1, the largest); 0 asks for equal bits. Else what is different; it
   is overwritten by the next call. */
const char *difference_of(tp_var a, tp_var b, double tolerance);
/* Fails, naming `what`, unless x holds these n numbers within a relative tolerance; NaN equals NaN. */
void expect_elements(const char *what, tp_var x, int n, const double *want, double tolerance);
/* The same for dy/dx, by the numeric and by the recorded walk. */
void expect_gradient(const char *what, tp_var y, tp_var x, int n, const double *want);
/* The call failed with this status and a message that holds all these words, up to a NULL; the error is forgotten. */
void expect_refusal(tp_tape *tape, tp_var result, tp_status status, const char *const *words);
#define REFUSES(status, call, ...) expect_refusal(tape, call, status, (const char *const[]){__VA_ARGS__, NULL})

#define NOT_A_NUMBER ((double)NAN)
/* How many numbers, and the numbers: two arguments. */
#define LISTED(...)                                                                                                    \
    (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (double[])                                                \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
/* A leaf (or constant) over a copy of n numbers. */
tp_var vector(tp_tape *tape, tp_dtype dtype, int64_t n, const double *numbers, bool constant);

/* Matrices far from singular: .3 x + 4 I. */
tp_var sound(tp_var x);
/* Matrices whose singular values are near 3, 6, 9, ...: .2 x on that diagonal. */
tp_var apart(tp_var x);

/* ---- the walk over the table ---- */

/* Runs a check on all samples of the i-th op. An op without samples fails. */
typedef void check_sample(const sample *s);
void each_sample(int i, check_sample *check);
bool differentiable(const sample *s);
/* The two agree as difference_of says, or the sample fails. */
void expect_sample(const sample *s, const char *what, tp_var a, tp_var b, double tolerance);
/* Adds the checks of test_ops_uses.c for n ops. */
void add_uses(TCase *table, int n);

/* ---- test cases of the other files ---- */

TCase *conv_case(void);
TCase *conv_memory_case(void);
TCase *edges_case(void);
TCase *shape_edges_case(void);
TCase *shape_scale_case(void);
TCase *interpolate_case(void);
TCase *pooling_case(void);
TCase *kernels_case(void);
TCase *extremes_case(void);
TCase *linalg_case(void);
TCase *linalg_sizes_case(void);
TCase *spectral_case(void);
TCase *attention_case(void);
TCase *math_masks_case(void);
TCase *math_values_case(void);
TCase *norm_case(void);
TCase *random_case(void);
TCase *distributions_case(void);
TCase *tuples_case(void);
TCase *losses_case(void);
TCase *loss_errors_case(void);
TCase *programs_case(void);
TCase *reductions_case(void);
TCase *orders_case(void);

#endif
