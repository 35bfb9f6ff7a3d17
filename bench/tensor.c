/* Single ops on tensors: large ones, where loops and memory count, and small ones, where the tape's own work does. */
#include "bench/bench.h"

#include <stdlib.h>

#include <tapir/nn.h>

#define REPEATS 256 /* small ops in a step, one after the other */

typedef struct operation {
    const bench_task *task;
    tp_tape *tape;
    tp_tensor *a, *b, *ones;
} operation;

static void op_close(void *of)
{
    operation *state = of;
    tp_tensor_release(state->a);
    tp_tensor_release(state->b);
    tp_tensor_release(state->ones);
    tp_tape_free(state->tape);
    free(state);
}

static tp_tensor *normal(const tp_allocator *memory, int rank, const int64_t *dims, double deviation, tp_rng *rng)
{
    tp_tensor *x = tp_tensor_make(memory, TP_F32, rank, dims, NULL, NULL);
    if (x) tp_init_normal(x, 0, deviation, rng, NULL);
    return x;
}

/* `detail` says that the operands are square matrices. */
static void *op_open(const bench_task *task, const tp_allocator *memory)
{
    operation *state = calloc(1, sizeof *state);
    if (!state) return NULL;
    const int rank = task->detail ? 2 : 1;
    const int64_t dims[] = {task->n, task->n};
    tp_rng rng = tp_rng_seed(1);
    state->task = task;
    state->tape = tp_tape_new(&(tp_tape_options){.memory = memory});
    state->a = normal(memory, rank, dims, 1, &rng);
    state->b = normal(memory, rank, dims, 1, &rng);
    state->ones = tp_tensor_make(memory, TP_F32, rank, dims, NULL, NULL);
    if (state->tape && state->a && state->b && state->ones) {
        tp_tensor_fill(state->ones, task->detail ? 1 / (double)task->n : 1); /* so that long products stay small */
        return state;
    }
    op_close(state);
    return NULL;
}

static tp_var once(const bench_task *task, tp_var a, tp_var b)
{
    return task->unary ? task->unary(a) : task->binary(a, b);
}

static void begin(operation *state)
{
    tp_tape_reset(state->tape);
    tp_tensor_clear_grad(state->a);
    tp_tensor_clear_grad(state->b);
}

/* One op, then back from ones. */
static bool large_step(void *of, double seconds[BENCH_PHASES])
{
    operation *state = of;
    (void)seconds;
    begin(state);
    const tp_var a = tp_param(state->tape, state->a);
    const tp_var b = state->task->binary ? tp_param(state->tape, state->b) : a;
    const tp_var y = once(state->task, a, b), seed = tp_data(state->tape, state->ones);
    return tp_backward_from(y, seed, 0) == TP_OK || bench_failed(state->task->name, state->tape);
}

static bool sum_step(void *of, double seconds[BENCH_PHASES])
{
    operation *state = of;
    (void)seconds;
    begin(state);
    const tp_var a = tp_param(state->tape, state->a), b = tp_param(state->tape, state->b);
    return tp_backward(tp_sum(once(state->task, a, b))) == TP_OK || bench_failed(state->task->name, state->tape);
}

/* Many ops, each on the result of the one before it; the second operand is a constant. */
static bool small_step(void *of, double seconds[BENCH_PHASES])
{
    operation *state = of;
    begin(state);
    const double start = bench_now();
    const tp_var b = tp_data(state->tape, state->ones);
    tp_var y = tp_param(state->tape, state->a);
    for (int i = 0; i < REPEATS; i++) y = once(state->task, y, b);
    const double middle = bench_now();
    const tp_status status = tp_backward_from(y, b, 0);
    seconds[0] += middle - start;
    seconds[1] += bench_now() - middle;
    return status == TP_OK || bench_failed(state->task->name, state->tape);
}

static const bench_program large = {op_open, large_step, op_close};
static const bench_program summed = {op_open, sum_step, op_close};
static const bench_program small = {op_open, small_step, op_close};

static const bool matrices = true;

#define LARGE(row, kind, function, goal)                                                                               \
    {                                                                                                                  \
        .name = row, .peer = BENCH_TORCH, .n = 1 << 20, .program = &large, .kind = function, .lines = {                \
            {row " of 2^20 floats, forward and backward", "us", 1e6, goal, 0}                                          \
        }                                                                                                              \
    }
#define SMALL(row, text, size, kind, function, square)                                                                 \
    {                                                                                                                  \
        .name = "small_" row, .peer = BENCH_TORCH, .n = size, .program = &small, .kind = function, .detail = square,   \
        .lines = {                                                                                                     \
            {text ", forward", "ns/op", 1e9 / REPEATS, 0, 0},                                                          \
            {text ", backward", "ns/op", 1e9 / REPEATS, 0, 0}                                                          \
        }                                                                                                              \
    }

static const bench_task tasks[] = {
    {.name = "matmul",
     .peer = BENCH_TORCH,
     .n = 512,
     .program = &summed,
     .binary = tp_matmul,
     .detail = &matrices,
     .lines = {{"matmul 512 x 512, sum, both gradients", "us", 1e6, 1, 0}}},
    LARGE("exp", unary, tp_exp, 1),
    LARGE("sigmoid", unary, tp_sigmoid, 1),
    LARGE("tanh", unary, tp_tanh, 3),
    LARGE("relu", unary, tp_relu, 0),
    LARGE("add", binary, tp_add, 0),
    LARGE("mul", binary, tp_mul, 0),
    SMALL("relu", "relu of 16 floats", 16, unary, tp_relu, NULL),
    SMALL("mul", "mul of 16 floats", 16, binary, tp_mul, NULL),
    SMALL("matmul", "matmul 16 x 16", 16, binary, tp_matmul, &matrices),
};
const bench_list bench_tensor = {tasks, sizeof tasks / sizeof *tasks};
