/* Reductions: of a cube of 256 along each axis, where memory counts, and of 16 floats, where the tape's
   own work does. */
#include "bench/bench.h"

#define REPEATS 256 /* small reductions in a step, added up */

#define AXIS(op, axis, ...)                                                                                            \
    static tp_var op##_axis_##axis(const tp_var *x)                                                                    \
    {                                                                                                                  \
        return __VA_ARGS__;                                                                                            \
    }
#define AXES_OF(op, call)                                                                                              \
    AXIS(op, 0, call(x[0], TP_AXES(0), false))                                                                         \
    AXIS(op, 1, call(x[0], TP_AXES(1), false))                                                                         \
    AXIS(op, 2, call(x[0], TP_AXES(2), false))
AXES_OF(sum, tp_sum_axes)
AXES_OF(max, tp_max_axes)
AXIS(variance, 0, tp_variance_axes(x[0], 1, TP_AXES(0), false))
AXIS(variance, 2, tp_variance_axes(x[0], 1, TP_AXES(2), false))

#define MANY(op, ...)                                                                                                  \
    static tp_var many_##op(const tp_var *operands)                                                                    \
    {                                                                                                                  \
        const tp_var x = operands[0];                                                                                  \
        tp_var total = __VA_ARGS__;                                                                                    \
        for (int i = 1; i < REPEATS; i++) total = tp_add(total, __VA_ARGS__);                                          \
        return total;                                                                                                  \
    }
MANY(sum, tp_sum(x))
MANY(variance, tp_variance(x, 1))
MANY(norm, tp_norm(x, 2))
MANY(max, tp_max(x))

static tp_var sort_rows(const tp_var *x)
{
    return tp_sort(x[0], 1, false, NULL);
}

static tp_var running_sum(const tp_var *x)
{
    return tp_cumsum(x[0], 1);
}

#define CUBE(op, axis, goal)                                                                                           \
    {                                                                                                                  \
        .name = "reduce_" #op "_" #axis, .peer = BENCH_TORCH, .program = &bench_op_program, .build = op##_axis_##axis, \
        .operands = {FLOATS(256, 256, 256)}, .lines = {                                                                \
            {#op " of 256^3 over axis " #axis ", forward", "ms", 1e3, goal, 0},                                        \
            {#op " of 256^3 over axis " #axis ", backward", "ms", 1e3, goal, 0}                                        \
        }                                                                                                              \
    }
#define SMALL(op)                                                                                                      \
    {                                                                                                                  \
        .name = "small_reduce_" #op, .peer = BENCH_TORCH, .program = &bench_op_program, .build = many_##op,            \
        .operands = {FLOATS(16)}, .lines = {                                                                           \
            {#op " of 16 floats, forward", "ns/op", 1e9 / REPEATS, 0, 100},                                            \
            {#op " of 16 floats, backward", "ns/op", 1e9 / REPEATS, 0, 120}                                            \
        }                                                                                                              \
    }
#define ROWS(called, function)                                                                                         \
    {                                                                                                                  \
        .name = "reduce_" #called, .peer = BENCH_TORCH, .program = &bench_op_program, .build = function,               \
        .operands = {FLOATS(1000, 1000)}, .lines = {                                                                   \
            {#called " of 1000 rows of 1000, forward", "ms", 1e3, 0, 0},                                               \
            {#called " of 1000 rows of 1000, backward", "ms", 1e3, 0, 0}                                               \
        }                                                                                                              \
    }

static const bench_task tasks[] = {
    CUBE(sum, 0, 1),
    CUBE(sum, 1, 1),
    CUBE(sum, 2, 1),
    CUBE(max, 0, 0),
    CUBE(max, 1, 0),
    CUBE(max, 2, 0),
    CUBE(variance, 0, 0),
    CUBE(variance, 2, 0),
    ROWS(sort, sort_rows),
    ROWS(cumsum, running_sum),
    SMALL(sum),
    SMALL(variance),
    SMALL(norm),
    SMALL(max),
};
const bench_list bench_reduce = {tasks, sizeof tasks / sizeof *tasks};
