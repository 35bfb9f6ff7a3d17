/* One layer of a transformer encoder: forward, squared error, backward, Adam, reset. */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

#include <tapir/nn.h>
#include <tapir/optim.h>

typedef struct block {
    int64_t batch, length, width, heads, hidden;
    double dropout;
    bool gpt; /* causal, norm first, GELU */
} block;

typedef struct training {
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

static bool build(training *state, const block *b, const tp_allocator *memory, tp_error *error)
{
    tp_rng rng = tp_rng_seed(1);
    tp_tensor *parameters[16];
    const tp_transformer_options options = {.layer = {.memory = memory, .rng = &rng},
                                            .hidden = b->hidden,
                                            .dropout = b->dropout,
                                            .causal = b->gpt,
                                            .norm_first = b->gpt,
                                            .gelu = b->gpt};
    state->tape = tp_tape_new(&(tp_tape_options){.memory = memory, .threads = bench_threads(0)});
    state->model = tp_transformer_encoder_layer(b->width, b->heads, &options, error);
    state->optim = tp_adam(&(tp_adam_options){.memory = memory}, error);
    state->x = tp_tensor_make(memory, TP_F32, TP_DIMS(b->batch, b->length, b->width), NULL, error);
    state->target = tp_tensor_make(memory, TP_F32, TP_DIMS(b->batch, b->length, b->width), NULL, error);
    if (!state->tape || !state->model || !state->optim || !state->x || !state->target) return false;
    tp_init_normal(state->x, 0, 1, &rng, NULL);
    tp_init_normal(state->target, 0, 1, &rng, NULL);
    const size_t count = tp_module_parameters(state->model, parameters, 16);
    return tp_optim_add_all(state->optim, parameters, count, error) == TP_OK;
}

static void *training_open(const bench_task *task, const tp_allocator *memory)
{
    training *state = calloc(1, sizeof *state);
    tp_error error = {0};
    if (!state) return NULL;
    if (build(state, task->detail, memory, &error)) return state;
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
    const tp_var loss = tp_mse(y, tp_data(state->tape, state->target), TP_MEAN);
    if (tp_backward(loss) != TP_OK || tp_optim_step(state->optim) != TP_OK)
        return bench_failed("training step", state->tape);
    return true;
}

static const bench_program program = {training_open, training_step, training_close};

static const block plain = {8, 128, 128, 4, 512, 0, false}, gpt = {8, 128, 128, 4, 512, .1, true};

#define BLOCK(row, shape, text)                                                                                        \
    {                                                                                                                  \
        .name = row, .peer = BENCH_TORCH, .program = &program, .detail = &(shape), .lines = {                          \
            {text, "us", 1e6, 1.5, 0}                                                                                  \
        }                                                                                                              \
    }

static const bench_task tasks[] = {
    BLOCK("transformer", plain, "encoder layer 8 x 128 x 128, 4 heads, Adam step"),
    BLOCK("transformer_gpt", gpt, "... causal, norm first, gelu, dropout .1"),
};
const bench_list bench_transformer = {tasks, sizeof tasks / sizeof *tasks};
