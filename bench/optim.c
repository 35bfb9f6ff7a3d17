/* Steps of optimisers on one large parameter, where memory counts: every element of weights, gradient and state goes
   through the processor once. */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tapir/nn.h>
#include <tapir/optim.h>

typedef struct stepping {
    tp_optim *optim;
    tp_tensor *w;
} stepping;

static void stepping_close(void *of)
{
    stepping *state = of;
    tp_optim_free(state->optim);
    tp_tensor_release(state->w);
    free(state);
}

/* A gradient of ones' size, which stays. */
static bool give_gradient(tp_tensor *w, const tp_allocator *memory)
{
    tp_tape *tape = tp_tape_new(&(tp_tape_options){.memory = memory});
    const bool good = tape && tp_backward(tp_sum(tp_square(tp_param(tape, w)))) == TP_OK;
    tp_tape_free(tape);
    return good;
}

static tp_optim *optim_named(const char *name, const tp_allocator *memory)
{
    if (strcmp(name, "optim_sgd") == 0)
        return tp_sgd(&(tp_sgd_options){.rate = 1e-3, .momentum = 0.9, .memory = memory}, NULL);
    if (strcmp(name, "optim_adamw") == 0) return tp_adamw(&(tp_adamw_options){.memory = memory}, NULL);
    return tp_adam(&(tp_adam_options){.memory = memory}, NULL);
}

static void *stepping_open(const bench_task *task, const tp_allocator *memory)
{
    stepping *state = calloc(1, sizeof *state);
    if (!state) return NULL;
    tp_rng rng = tp_rng_seed(1);
    state->w = tp_tensor_make(memory, TP_F32, TP_DIMS(task->n), NULL, NULL);
    state->optim = optim_named(task->name, memory);
    if (state->w && state->optim && tp_init_normal(state->w, 0, 1, &rng, NULL) == TP_OK &&
        give_gradient(state->w, memory) && tp_optim_add(state->optim, state->w, NULL) == TP_OK)
        return state;
    fprintf(stderr, "bench: %s: it cannot be made\n", task->name);
    stepping_close(state);
    return NULL;
}

static bool stepping_step(void *of, double seconds[BENCH_PHASES])
{
    (void)seconds;
    return tp_optim_step(((stepping *)of)->optim) == TP_OK;
}

static const bench_program program = {stepping_open, stepping_step, stepping_close};

/* ---- the same bytes, copied: of seven floats an element, half are read and half are written ---- */

typedef struct copying {
    size_t n;
    char *from, *to;
} copying;

static void copying_close(void *of)
{
    copying *state = of;
    free(state->from);
    free(state->to);
    free(state);
}

static void *copying_open(const bench_task *task, const tp_allocator *memory)
{
    (void)memory;
    copying *state = calloc(1, sizeof *state);
    if (!state) return NULL;
    state->n = (size_t)task->n * 7 * sizeof(float) / 2;
    state->from = malloc(state->n);
    state->to = malloc(state->n);
    if (state->from && state->to) {
        memset(state->from, 1, state->n);
        return state;
    }
    copying_close(state);
    return NULL;
}

static bool copying_step(void *of, double seconds[BENCH_PHASES])
{
    const copying *state = of;
    (void)seconds;
    memcpy(state->to, state->from, state->n);
    return state->to[state->n / 2] == 1;
}

static const bench_program copy_program = {copying_open, copying_step, copying_close};

#define STEP(row, text, goal)                                                                                          \
    {                                                                                                                  \
        .name = row, .peer = BENCH_TORCH, .n = 1000000, .program = &program, .lines = { {text, "us", 1e6, goal, 0} }   \
    }

static const bench_task tasks[] = {
    STEP("optim_sgd", "SGD with momentum, step on 10^6 f32", 1.5),
    STEP("optim_adam", "Adam step on 10^6 f32", 3),
    STEP("optim_adamw", "AdamW step on 10^6 f32", 3),
    {.name = "optim_bytes",
     .peer = BENCH_TAPIR,
     .n = 10000000,
     .program = &program,
     .rival = &copy_program,
     .lines = {{"Adam step on 10^7, to a copy of its 280 MB", "us", 1e6, 0, 0}}},
};
const bench_list bench_optim = {tasks, sizeof tasks / sizeof *tasks};
