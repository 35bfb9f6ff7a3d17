/* Training steps of recurrent layers: a sequence forward, back, and Adam. */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

#include <tapir/nn.h>
#include <tapir/optim.h>

typedef tp_module *make_layer(int64_t in, int64_t hidden, const tp_recurrent_stack *stack,
                              const tp_layer_options *options, tp_error *error);

typedef struct network {
    make_layer *make;
    int64_t steps, batch, in, hidden;
    tp_recurrent_stack stack;
} network;

typedef struct training {
    const network *shape;
    tp_tape *tape;
    tp_module *model;
    tp_optim *optim;
    tp_tensor *x;
} training;

static void training_close(void *of)
{
    training *state = of;
    tp_tensor_release(state->x);
    tp_optim_free(state->optim);
    tp_module_free(state->model);
    tp_tape_free(state->tape);
    free(state);
}

static bool build(training *state, const tp_allocator *memory, tp_error *error)
{
    const network *n = state->shape;
    tp_rng rng = tp_rng_seed(1);
    tp_tensor *parameters[16];
    state->tape = tp_tape_new(&(tp_tape_options){.memory = memory, .threads = bench_threads(0)});
    state->model = n->make(n->in, n->hidden, &n->stack, &(tp_layer_options){.memory = memory, .rng = &rng}, error);
    state->optim = tp_adam(&(tp_adam_options){.memory = memory}, error);
    state->x = tp_tensor_make(memory, TP_F32, TP_DIMS(n->steps, n->batch, n->in), NULL, error);
    if (!state->tape || !state->model || !state->optim || !state->x) return false;
    tp_init_normal(state->x, 0, 1, &rng, error);
    const size_t count = tp_module_parameters(state->model, parameters, 16);
    return tp_optim_add_all(state->optim, parameters, count, error) == TP_OK;
}

static void *training_open(const bench_task *task, const tp_allocator *memory)
{
    training *state = calloc(1, sizeof *state);
    tp_error error = {0};
    if (!state) return NULL;
    state->shape = task->detail;
    if (build(state, memory, &error)) return state;
    fprintf(stderr, "bench: %s: %s\n", task->name, error.message);
    training_close(state);
    return NULL;
}

static bool training_step(void *of, double seconds[BENCH_PHASES])
{
    training *state = of;
    (void)seconds;
    tp_tape_reset(state->tape);
    tp_optim_clear_grads(state->optim);
    const tp_var y = tp_module_forward(state->model, tp_data(state->tape, state->x));
    if (tp_backward(tp_mean(tp_square(y))) != TP_OK || tp_optim_step(state->optim) != TP_OK)
        return bench_failed("training step", state->tape);
    return true;
}

static const bench_program program = {training_open, training_step, training_close};

static const network lstm = {tp_lstm_layer, 64, 32, 128, 128, {0}};
static const network gru = {tp_gru_layer, 64, 32, 128, 128, {0}};
static const network deep = {tp_lstm_layer, 32, 16, 64, 64, {.layers = 2, .bidirectional = true}};
static const network small = {tp_lstm_layer, 16, 1, 16, 32, {0}};

#define TRAIN(row, shape, text, goal)                                                                                  \
    {                                                                                                                  \
        .name = row, .peer = BENCH_TORCH, .program = &program, .detail = &(shape), .lines = {                          \
            {text, "us", 1e6, goal, 0}                                                                                 \
        }                                                                                                              \
    }

static const bench_task tasks[] = {
    TRAIN("recurrent_lstm", lstm, "LSTM 128-128, T 64, batch 32, Adam step", 1.3),
    TRAIN("recurrent_gru", gru, "GRU 128-128, T 64, batch 32, Adam step", 1.3),
    TRAIN("recurrent_deep", deep, "LSTM 64-64, 2 layers, both ways, T 32, batch 16, Adam step", 1.3),
    TRAIN("recurrent_small", small, "LSTM 16-32, T 16, batch 1, Adam step", 1.3),
};
const bench_list bench_recurrent = {tasks, sizeof tasks / sizeof *tasks};
