/* Losses, forward and backward: on few elements, where the tape's own work counts, and on many. */
#include "bench/bench.h"

#define REPEATS 256 /* small losses in a step, added up */

static tp_var mse(const tp_var *x)
{
    return tp_mse(x[0], x[1], TP_MEAN);
}

static tp_var bce_with_logits(const tp_var *x)
{
    return tp_bce_with_logits(x[0], x[1], TP_MEAN);
}

static tp_var huber(const tp_var *x)
{
    return tp_huber(x[0], x[1], 1, TP_MEAN);
}

static tp_var repeated(tp_var (*loss)(const tp_var *x), const tp_var *x)
{
    tp_var sum = loss(x);
    for (int i = 1; i < REPEATS; i++) sum = tp_add(sum, loss(x));
    return sum;
}

static tp_var many_mse(const tp_var *x)
{
    return repeated(mse, x);
}

static tp_var many_bce_with_logits(const tp_var *x)
{
    return repeated(bce_with_logits, x);
}

#define SMALL(loss)                                                                                                    \
    {                                                                                                                  \
        .name = "small_" #loss, .peer = BENCH_TORCH, .program = &bench_op_program, .build = many_##loss,               \
        .operands = {FLOATS(16), CONSTANTS(16)}, .lines = {                                                            \
            {#loss " of 16 floats, forward", "ns/op", 1e9 / REPEATS, 0, 100},                                          \
            {#loss " of 16 floats, backward", "ns/op", 1e9 / REPEATS, 0, 120}                                          \
        }                                                                                                              \
    }
#define LARGE(loss)                                                                                                    \
    {                                                                                                                  \
        .name = "large_" #loss, .peer = BENCH_TORCH, .program = &bench_op_program, .build = loss,                      \
        .operands = {FLOATS(1 << 20), CONSTANTS(1 << 20)}, .lines = {                                                  \
            {#loss " of 2^20 floats, forward and backward", "us", 1e6, 1, 0}                                           \
        }                                                                                                              \
    }

static const bench_task tasks[] = {
    SMALL(mse), SMALL(bce_with_logits), LARGE(mse), LARGE(bce_with_logits), LARGE(huber),
};
const bench_list bench_loss = {tasks, sizeof tasks / sizeof *tasks};
