/* One op, or a few, on operands of given shapes: forward, then back from ones to every operand that
   needs a gradient. */
#include "bench/bench.h"

#include <stdlib.h>

#include <tapir/nn.h>

typedef struct operation {
    const bench_task *task;
    tp_tape *tape;
    tp_tensor *x[BENCH_OPERANDS], *ones; /* ones: in the shape of a result that is no scalar; made by the first step */
    const tp_allocator *memory;
} operation;

static void op_close(void *of)
{
    operation *state = of;
    for (int i = 0; i < BENCH_OPERANDS; i++) tp_tensor_release(state->x[i]);
    tp_tensor_release(state->ones);
    tp_tape_free(state->tape);
    free(state);
}

static bool fill(tp_tensor *x, const bench_operand *operand, tp_rng *rng)
{
    if (!operand->below)
        return tp_init_normal(x, 0, operand->deviation > 0 ? operand->deviation : 1, rng, NULL) == TP_OK;
    int64_t *labels = tp_tensor_data(x);
    for (int64_t i = 0; i < tp_tensor_count(x); i++) labels[i] = tp_rng_below(rng, (uint32_t)operand->below);
    return true;
}

static void *op_open(const bench_task *task, const tp_allocator *memory)
{
    operation *state = calloc(1, sizeof *state);
    if (!state) return NULL;
    *state = (operation){.task = task,
                         .memory = memory,
                         .tape = tp_tape_new(&(tp_tape_options){.memory = memory, .threads = bench_threads(0)})};
    tp_rng rng = tp_rng_seed(1);
    bool good = state->tape != NULL;
    for (int i = 0; good && i < BENCH_OPERANDS && task->operands[i].rank; i++) {
        const bench_operand *operand = &task->operands[i];
        state->x[i] =
            tp_tensor_make(memory, operand->below ? TP_I64 : TP_F32, operand->rank, operand->dims, NULL, NULL);
        good = state->x[i] && fill(state->x[i], operand, &rng);
    }
    if (good) return state;
    op_close(state);
    return NULL;
}

static bool make_ones(operation *state, tp_var y)
{
    if (state->ones) return true;
    state->ones = tp_tensor_make(state->memory, TP_F32, tp_var_rank(y), tp_var_dims(y), NULL, NULL);
    return state->ones && tp_tensor_fill(state->ones, 1) == TP_OK;
}

/* Of one phase, or of two: recording, and the way back. */
static bool op_step(void *of, double seconds[BENCH_PHASES])
{
    operation *state = of;
    tp_var x[BENCH_OPERANDS] = {{0}};
    tp_tape_reset(state->tape);
    const double start = bench_now();
    for (int i = 0; i < BENCH_OPERANDS && state->x[i]; i++) {
        const bench_operand *operand = &state->task->operands[i];
        const bool constant = operand->below || operand->constant;
        if (!constant) tp_tensor_clear_grad(state->x[i]);
        x[i] = constant ? tp_data(state->tape, state->x[i]) : tp_param(state->tape, state->x[i]);
    }
    const tp_var y = state->task->build(x);
    const double middle = bench_now();
    tp_status status = tp_tape_status(state->tape);
    if (status == TP_OK && tp_var_rank(y) == 0) status = tp_backward(y);
    if (status == TP_OK && tp_var_rank(y) > 0 && make_ones(state, y))
        status = tp_backward_from(y, tp_data(state->tape, state->ones), 0);
    if (state->task->lines[1].label) {
        seconds[0] += middle - start;
        seconds[1] += bench_now() - middle;
    }
    return status == TP_OK || bench_failed(state->task->name, state->tape);
}

const bench_program bench_op_program = {op_open, op_step, op_close};
