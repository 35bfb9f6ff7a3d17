/* Training steps: forward, loss, backward, update, reset; what a program does in its innermost loop. */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

#include <tapir/nn.h>
#include <tapir/optim.h>

typedef struct network {
    int layers;
    int64_t widths[4];
    int64_t batch;
    tp_activation *activation;
    bool classes; /* cross entropy and Adam; else sigmoid on top, squared error and SGD */
} network;

typedef struct training {
    const network *shape;
    tp_tape *tape;
    tp_module *model;
    tp_optim *optim;
    tp_tensor *x, *target;
} training;

static void training_close(void *of)
{
    training *state = of;
    tp_tensor_release(state->x);
    tp_tensor_release(state->target);
    tp_optim_free(state->optim);
    tp_module_free(state->model);
    tp_tape_free(state->tape);
    free(state);
}

static tp_tensor *inputs(const network *shape, const tp_allocator *memory, tp_rng *rng, tp_error *error)
{
    const int64_t in = shape->widths[0];
    tp_tensor *x = tp_tensor_make(memory, TP_F32, TP_DIMS(shape->batch, in), NULL, error);
    if (x) tp_init_normal(x, 0, 1, rng, error);
    return x;
}

static tp_tensor *targets(const network *shape, const tp_allocator *memory, tp_rng *rng, tp_error *error)
{
    const int64_t out = shape->widths[shape->layers - 1];
    if (!shape->classes) {
        tp_tensor *y = tp_tensor_make(memory, TP_F32, TP_DIMS(shape->batch, out), NULL, error);
        if (y) tp_init_uniform(y, 0, 1, rng, error);
        return y;
    }
    tp_tensor *labels = tp_tensor_make(memory, TP_I64, TP_DIMS(shape->batch), NULL, error);
    int64_t *at = labels ? tp_tensor_data(labels) : NULL;
    for (int64_t i = 0; at && i < shape->batch; i++) at[i] = tp_rng_below(rng, (uint32_t)out);
    return labels;
}

static bool build(training *state, const tp_allocator *memory, tp_error *error)
{
    const network *shape = state->shape;
    tp_rng rng = tp_rng_seed(1);
    tp_tensor *parameters[8];
    state->tape = tp_tape_new(&(tp_tape_options){.memory = memory, .threads = bench_threads(0)});
    state->model = tp_mlp(shape->layers, shape->widths, shape->activation,
                          &(tp_layer_options){.memory = memory, .rng = &rng}, error);
    state->optim = shape->classes ? tp_adam(&(tp_adam_options){.memory = memory}, error)
                                  : tp_sgd(&(tp_sgd_options){.rate = .5, .memory = memory}, error);
    state->x = inputs(shape, memory, &rng, error);
    state->target = targets(shape, memory, &rng, error);
    if (!state->tape || !state->model || !state->optim || !state->x || !state->target) return false;
    const size_t count = tp_module_parameters(state->model, parameters, 8);
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
    const tp_var x = tp_data(state->tape, state->x), target = tp_data(state->tape, state->target);
    const tp_var y = tp_module_forward(state->model, x);
    const tp_var loss =
        state->shape->classes ? tp_cross_entropy(y, target, TP_MEAN) : tp_mse(tp_sigmoid(y), target, TP_MEAN);
    if (tp_backward(loss) != TP_OK || tp_optim_step(state->optim) != TP_OK)
        return bench_failed("training step", state->tape);
    return true;
}

static const bench_program program = {training_open, training_step, training_close};

static const network xor_net = {3, {2, 4, 1}, 4, tp_sigmoid, false};
static const network tiny_net = {4, {64, 64, 64, 8}, 1, tp_relu, true};
static const network middle_net = {4, {784, 128, 64, 10}, 64, tp_relu, true};
static const network wide_net = {4, {784, 512, 512, 10}, 128, tp_relu, true};

#define TRAIN(row, shape, text, goal)                                                                                  \
    {                                                                                                                  \
        .name = row, .peer = BENCH_TORCH, .program = &program, .detail = &(shape), .lines = {                          \
            {text, "us", 1e6, goal, 0}                                                                                 \
        }                                                                                                              \
    }

static const bench_task tasks[] = {
    TRAIN("xor", xor_net, "XOR 2-4-1 sigmoid, batch 4, SGD step", 25),
    TRAIN("mlp_tiny", tiny_net, "64-64-64-8 relu, batch 1, Adam step", 10),
    TRAIN("mlp_middle", middle_net, "784-128-64-10 relu, batch 64, Adam step", 2),
    TRAIN("mlp_wide", wide_net, "784-512-512-10 relu, batch 128, Adam step", 1.5),
};
const bench_list bench_train = {tasks, sizeof tasks / sizeof *tasks};
