/* Ops that move elements: large copies and picks, where memory counts; small ones in a chain, where the tape's own work
   does; and many reads of one tensor. */
#include "bench/bench.h"

#define REPEATS 256 /* small ops in a step, each on the result of the one before */
#define READS 100000

static tp_var turned(const tp_var *x)
{
    return tp_contiguous(tp_transpose(x[0], 0, 1));
}
static tp_var permuted(const tp_var *x)
{
    return tp_contiguous(tp_permute(x[0], 3, (int64_t[]){2, 0, 1}));
}
static tp_var selected(const tp_var *x)
{
    return tp_index_select(x[0], 0, x[1]);
}
static tp_var embedded(const tp_var *x)
{
    return tp_embedding(x[0], x[1], TP_NO_PADDING);
}
static tp_var gathered(const tp_var *x)
{
    return tp_gather(x[0], 1, x[1]);
}

#define CHAIN(name, ...)                                                                                               \
    static tp_var name(const tp_var *x)                                                                                \
    {                                                                                                                  \
        tp_var y = x[0];                                                                                               \
        for (int i = 0; i < REPEATS; i++) y = __VA_ARGS__;                                                             \
        return y;                                                                                                      \
    }
CHAIN(reshapes, tp_reshape(y, TP_DIMS(4, 4)))
CHAIN(transposes, tp_transpose(y, 0, 1))
CHAIN(slices, tp_slice(y, 0, 0, 16, 1))
CHAIN(gathers, tp_gather(y, 0, x[1]))
CHAIN(pads, tp_slice(tp_pad(y, TP_AXES(1, 1), TP_PAD_CONSTANT, 0), 0, 1, 17, 1))
CHAIN(concats, tp_slice(tp_concat((tp_var[]){y, x[1]}, 2, 0), 0, 0, 16, 1))
CHAIN(stacks, tp_reshape(tp_slice(tp_stack((tp_var[]){y, x[1]}, 2, 0), 0, 0, 1, 1), TP_DIMS(16)))

/* The squares of elements, one after another. */
static tp_var reads(const tp_var *x)
{
    const int64_t columns = tp_var_dims(x[0])[1];
    tp_var sum = tp_const(x[0].tape, 0);
    for (int64_t i = 0; i < READS / 10 * columns; i++)
        sum = tp_add(sum, tp_square(tp_index(x[0], 2, (int64_t[]){i / columns, i % columns})));
    return sum;
}

/* The sums of rows' squares. */
static tp_var rows(const tp_var *x)
{
    tp_var sum = tp_const(x[0].tape, 0);
    for (int64_t i = 0; i < READS / 10; i++) sum = tp_add(sum, tp_sum(tp_square(tp_slice(x[0], 0, i, i + 1, 1))));
    return sum;
}

#define SMALL(called, text, ops, function, ...)                                                                        \
    {                                                                                                                  \
        .name = "shape_" called, .peer = BENCH_TORCH, .program = &bench_op_program, .build = function,                 \
        .operands = {__VA_ARGS__}, .lines = {                                                                          \
            {text ", 16 floats, forward", "ns/op", 1e9 / (ops) / REPEATS, 0, 100},                                     \
            {text ", 16 floats, backward", "ns/op", 1e9 / (ops) / REPEATS, 0, 120}                                     \
        }                                                                                                              \
    }
#define LARGE(called, text, function, ...)                                                                             \
    {                                                                                                                  \
        .name = "shape_" called, .peer = BENCH_TORCH, .program = &bench_op_program, .build = function,                 \
        .operands = {__VA_ARGS__}, .lines = {                                                                          \
            {text ", forward", "us", 1e6, 1, 0},                                                                       \
            {text ", backward", "us", 1e6, 1, 0}                                                                       \
        }                                                                                                              \
    }
#define MANY(called, text, n, function, ...)                                                                           \
    {                                                                                                                  \
        .name = "shape_" called, .peer = BENCH_ALONE, .program = &bench_op_program, .build = function,                 \
        .operands = {__VA_ARGS__}, .lines = {                                                                          \
            {text ", forward", "ns/op", 1e9 / (n), 0, 0},                                                              \
            {text ", backward", "ns/op", 1e9 / (n), 0, 0}                                                              \
        }                                                                                                              \
    }

static const bench_task tasks[] = {
    LARGE("transpose", "4096 x 4096 transposed, dense", turned, FLOATS(4096, 4096)),
    LARGE("permute", "256 x 64 x 512, last axis first", permuted, FLOATS(256, 64, 512)),
    LARGE("index_select", "2^20 rows of 16 out of 2^16", selected, FLOATS(1 << 16, 16), LABELS(1 << 16, 1 << 20)),
    LARGE("embedding", "embedding, 2^20 of 2^16 rows of 16", embedded, FLOATS(1 << 16, 16), LABELS(1 << 16, 1 << 20)),
    LARGE("gather", "gather 1024 x 1024 along rows", gathered, FLOATS(1024, 1024), LABELS(1024, 1024, 1024)),
    SMALL("small_reshape", "reshape", 1, reshapes, FLOATS(16)),
    SMALL("small_transpose", "transpose", 1, transposes, FLOATS(4, 4)),
    SMALL("small_slice", "slice", 1, slices, FLOATS(16)),
    SMALL("small_gather", "gather", 1, gathers, FLOATS(16), LABELS(16, 16)),
    SMALL("small_pad", "pad and slice", 2, pads, FLOATS(16)),
    SMALL("small_concat", "concat and slice", 2, concats, FLOATS(16), CONSTANTS(8)),
    SMALL("small_stack", "stack, slice, reshape", 3, stacks, FLOATS(16), CONSTANTS(16)),
    MANY("reads", "10^5 elements read, squared, added", READS, reads, FLOATS(10000, 10)),
    MANY("reads_few", "10^4 elements read, squared, added", READS / 10, reads, FLOATS(10000, 1)),
    MANY("rows", "10^4 rows cut out, squared, summed", READS / 10, rows, FLOATS(10000, 16)),
};
const bench_list bench_shape = {tasks, sizeof tasks / sizeof *tasks};
