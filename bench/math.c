/* Elementwise ops on many elements, and on a few. */
#include "bench/bench.h"

#define ONE(function)                                                                                                  \
    static tp_var on_##function(const tp_var *x)                                                                       \
    {                                                                                                                  \
        return tp_##function(x[0]);                                                                                    \
    }
ONE(gelu)
ONE(erf)
ONE(softplus)
ONE(silu)

static tp_var log_of(const tp_var *x)
{
    return tp_log(x[0]);
}

static tp_var where_less(const tp_var *x)
{
    return tp_where(tp_less(x[0], x[1]), x[0], x[1]);
}

#define LARGE(row, text, function, goal)                                                                               \
    {                                                                                                                  \
        .name = row, .peer = BENCH_TORCH, .program = &bench_op_program, .build = function,                             \
        .operands = {FLOATS(1 << 20)}, .lines = {                                                                      \
            {text " of 2^20 floats, forward and backward", "us", 1e6, goal, 0}                                         \
        }                                                                                                              \
    }

static const bench_task tasks[] = {
    LARGE("gelu", "gelu", on_gelu, 1),
    LARGE("log", "log", log_of, 1),
    LARGE("erf", "erf", on_erf, 0),
    LARGE("softplus", "softplus", on_softplus, 0),
    LARGE("silu", "silu", on_silu, 0),
    {.name = "where",
     .peer = BENCH_TORCH,
     .program = &bench_op_program,
     .build = where_less,
     .operands = {FLOATS(1 << 20), FLOATS(1 << 20)},
     .lines = {{"where(x < b, x, b) of 2^20 floats, both gradients", "us", 1e6, 0, 0}}},
};
const bench_list bench_math = {tasks, sizeof tasks / sizeof *tasks};
