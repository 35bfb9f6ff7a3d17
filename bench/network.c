/* Layers of networks, forward and backward. */
#include "bench/bench.h"

static tp_var softmax_cross_entropy(const tp_var *x)
{
    return tp_cross_entropy(x[0], x[1], TP_MEAN);
}

static const bench_task tasks[] = {
    {.name = "cross_entropy",
     .peer = BENCH_TORCH,
     .program = &bench_op_program,
     .build = softmax_cross_entropy,
     .operands = {FLOATS(128, 1000), LABELS(1000, 128)},
     .lines = {{"softmax and cross entropy 128 x 1000", "us", 1e6, 1, 0}}},
};
const bench_list bench_network = {tasks, sizeof tasks / sizeof *tasks};
