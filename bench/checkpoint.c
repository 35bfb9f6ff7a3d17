/* Chains walked back from few of their states: time over that of the plain recording in the same step, and the most
   that is held over the budget. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <tapir/checkpoint.h>
#include <tapir/random.h>

#include "bench/bench.h"

enum { STEPS = 10000, UNITS = 64, STATE = UNITS * (int)sizeof(float), NUMBER = 16 };

typedef struct recurrence {
    bool scalar;
    int64_t copies[BENCH_PHASES];
} recurrence;

typedef struct state {
    const recurrence *of;
    tp_tape *tape;
    tp_tensor *w, *b, *first;
    int64_t calls;
} state;

static void dense_step(tp_tape *tape, tp_var *h, int n, int64_t k, void *user)
{
    (void)n, (void)k;
    state *s = user;
    s->calls++;
    h[0] = tp_tanh(tp_linear(h[0], tp_param(tape, s->w), tp_param(tape, s->b)));
}

/* A step of Newton's method for a cube root, of something that moves. */
static void scalar_step(tp_tape *tape, tp_var *x, int n, int64_t k, void *user)
{
    (void)tape, (void)n;
    state *s = user;
    s->calls++;
    const tp_var square = tp_square(x[0]);
    x[0] = tp_add(tp_muls(x[0], 2. / 3), tp_div(tp_const(tape, 2 + 1e-4 * (double)k), tp_muls(square, 3)));
}

static void close_state(void *of)
{
    state *s = of;
    tp_tape_free(s->tape);
    tp_tensor_release(s->w);
    tp_tensor_release(s->b);
    tp_tensor_release(s->first);
    free(s);
}

static tp_tensor *numbers(int rank, const int64_t *dims, uint64_t seed, double size)
{
    tp_tensor *t = tp_tensor_new(TP_F32, rank, dims);
    float *x = t ? tp_tensor_data(t) : NULL;
    tp_rng rng = tp_rng_seed(seed);
    for (int64_t i = 0; x && i < tp_tensor_count(t); i++) x[i] = (float)(size * (2 * tp_rng_uniform(&rng) - 1));
    return t;
}

static void *open_state(const bench_task *task, const tp_allocator *memory)
{
    state *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->of = task->detail;
    s->tape = tp_tape_new(&(tp_tape_options){.memory = memory});
    s->w = numbers(TP_DIMS(UNITS, UNITS), 1, .2);
    s->b = numbers(TP_DIMS(UNITS), 2, .1);
    s->first = numbers(TP_DIMS(1, UNITS), 3, 1);
    if (s->tape && s->w && s->b && s->first) return s;
    close_state(s);
    return NULL;
}

/* Seconds of one pass forward and back; 0 copies: plainly. NaN on failure. */
static double pass(state *s, int64_t copies)
{
    tp_tape *tape = s->tape;
    tp_step_function step = s->of->scalar ? scalar_step : dense_step;
    tp_tensor_clear_grad(s->w);
    tp_tensor_clear_grad(s->b);
    const double start = bench_now();
    tp_tape_reset(tape);
    tp_tape_reset_peaks(tape);
    s->calls = 0;
    tp_var h = s->of->scalar ? tp_scalar(tape, 1) : tp_data(tape, s->first);
    const size_t bytes = (size_t)copies * (s->of->scalar ? NUMBER : STATE);
    for (int64_t k = 0; copies == 0 && k < STEPS; k++) step(tape, &h, 1, k, s);
    if (copies > 0) tp_checkpoint_chain(step, tape, &h, 1, STEPS, s, bytes);
    if (tp_backward(s->of->scalar ? h : tp_sum(h)) == TP_OK) return bench_now() - start;
    bench_failed("checkpoint", tape);
    return (double)NAN;
}

static bool time_step(void *of, double seconds[BENCH_PHASES])
{
    state *s = of;
    for (int i = 0; i < BENCH_PHASES; i++) {
        const double plain = pass(s, 0), chain = pass(s, s->of->copies[i]);
        if (!(chain > 0) || !(plain > 0)) return false;
        seconds[i] += chain / plain; /* no seconds, but a ratio */
    }
    return true;
}

static bool memory_step(void *of, double seconds[BENCH_PHASES])
{
    state *s = of;
    const int64_t copies = s->of->copies[0];
    if (!(pass(s, copies) > 0)) return false;
    seconds[0] += (double)tp_tape_stats(s->tape).tensor.peak / (double)(copies * STATE);
    seconds[1] += (double)s->calls / (double)(STEPS + 1 + tp_checkpoint_cost(STEPS, copies));
    return true;
}

static const bench_program time_program = {open_state, time_step, close_state};
static const bench_program memory_program = {open_state, memory_step, close_state};

static const recurrence dense = {false, {140, 10}}, scalar = {true, {140, 10}};

static const bench_task tasks[] = {
    {.name = "checkpoint_time",
     .program = &time_program,
     .detail = &dense,
     .lines = {{"tanh(Wh+b), 64 wide, 10^4 steps, 140 copies", "x", 1, 0, 2},
               {"  10 copies: time over the plain recording's", "x", 1, 0, 4}}},
    {.name = "checkpoint_memory",
     .program = &memory_program,
     .detail = &dense,
     .lines = {{"  140 copies: most held over the budget", "x", 1, 0, 1.1},
               {"  calls of the step over the theory's", "x", 1, 0, 1}}},
    {.name = "checkpoint_scalar",
     .program = &time_program,
     .detail = &scalar,
     .lines = {{"scalar map, 10^4 steps, 140 copies: over plain", "x", 1, 0, 0},
               {"  10 copies: time over the plain recording's", "x", 1, 0, 0}}},
};
const bench_list bench_checkpoint = {tasks, sizeof tasks / sizeof *tasks};
