/* Normalisations, forward and backward. */
#include "bench/bench.h"

static tp_var layer_norm(const tp_var *x)
{
    return tp_layer_norm(x[0], 1, x[1], x[2], 1e-5);
}

static tp_var batch_norm(const tp_var *x)
{
    return tp_batch_norm(x[0], x[1], x[2], NULL, NULL, .1, 1e-5);
}

static tp_var attention(const tp_var *x)
{
    return tp_attention(x[0], x[1], x[2], tp_none(), NULL);
}

static tp_var dropout(const tp_var *x)
{
    return tp_dropout(x[0], .1);
}

static tp_var softmax_first(const tp_var *x)
{
    return tp_softmax(x[0], 0);
}

static const bench_task tasks[] = {
    {.name = "layer_norm",
     .peer = BENCH_TORCH,
     .program = &bench_op_program,
     .build = layer_norm,
     .operands = {FLOATS(512, 256), FLOATS(256), FLOATS(256)},
     .lines = {{"layer norm 512 x 256, forward", "us", 1e6, 1, 0}, {"layer norm, backward", "us", 1e6, 1, 0}}},
    {.name = "batch_norm",
     .peer = BENCH_TORCH,
     .program = &bench_op_program,
     .build = batch_norm,
     .operands = {FLOATS(64, 64, 16, 16), FLOATS(64), FLOATS(64)},
     .lines = {{"batch norm 64 x 64 x 16 x 16, forward", "us", 1e6, 0, 0}, {"batch norm, backward", "us", 1e6, 0, 0}}},
    {.name = "softmax_first",
     .peer = BENCH_TORCH,
     .program = &bench_op_program,
     .build = softmax_first,
     .operands = {FLOATS(256, 256, 16)},
     .lines = {{"softmax 256 x 256 x 16 over axis 0, forward", "us", 1e6, 0, 0},
               {"softmax over axis 0, backward", "us", 1e6, 0, 0}}},
    {.name = "attention",
     .peer = BENCH_TORCH,
     .program = &bench_op_program,
     .build = attention,
     .operands = {FLOATS(4, 8, 128, 64), FLOATS(4, 8, 128, 64), FLOATS(4, 8, 128, 64)},
     .lines = {{"attention 4 x 8 heads of 128 x 64, forward", "us", 1e6, 0, 0},
               {"attention, backward", "us", 1e6, 0, 0}}},
    {.name = "dropout",
     .peer = BENCH_TORCH,
     .program = &bench_op_program,
     .build = dropout,
     .operands = {FLOATS(1 << 20)},
     .lines = {{"dropout of 2^20, forward", "us", 1e6, 0, 0}, {"dropout of 2^20, backward", "us", 1e6, 0, 0}}},
};
const bench_list bench_norm = {tasks, sizeof tasks / sizeof *tasks};
