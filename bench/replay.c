/* Replay against recording: the same program, computed again in place on one side and recorded once more on the other.
   Two phases: the values, and the walk back. */
#include "bench/bench.h"

#include <stdlib.h>

#include <tapir/nn.h>
#include <tapir/optim.h>

/* ---- scalar programs ---- */

/* The chain of scalar.c: each op needs the one before it. */
static tp_var chain(const tp_var *x, int64_t n)
{
    tp_tape *tape = x->tape;
    const tp_var two = tp_scalar(tape, 2), half = tp_scalar(tape, .5), c = tp_scalar(tape, -.5);
    tp_var y = *x;
    for (int64_t i = 0; i < n; i += 8) {
        y = tp_mul(y, two);
        y = tp_add(y, c);
        y = tp_mul(y, half);
        y = tp_add(y, c);
        y = tp_mul(y, two);
        y = tp_add(y, c);
        y = tp_mul(y, half);
        y = tp_exp(y);
    }
    return y;
}

/* The same without the exponential. */
static tp_var plain_chain(const tp_var *x, int64_t n)
{
    tp_tape *tape = x->tape;
    const tp_var two = tp_scalar(tape, 2), half = tp_scalar(tape, .5);
    const tp_var c = tp_scalar(tape, .5), d = tp_scalar(tape, -.25);
    tp_var y = *x;
    for (int64_t i = 0; i < n; i += 4) y = tp_add(tp_mul(tp_add(tp_mul(y, two), c), half), d);
    return y;
}

/* A guard behind each sum. */
static tp_var guarded(const tp_var *x, int64_t n)
{
    const tp_var c = tp_scalar(x->tape, .5);
    tp_var y = *x;
    for (int64_t i = 0; i < n && tp_guard(y); i++) y = tp_add(y, c);
    return y;
}

/* Neurons of eight inputs, one after another: the sum lies one node behind its summand. */
static tp_var neurons(const tp_var *x, int64_t n)
{
    enum { IN = 8 };
    tp_tape *tape = x->tape;
    tp_var w[IN], in[IN];
    for (int k = 0; k < IN; k++) w[k] = tp_scalar(tape, .3 - .1 * k), in[k] = *x;
    for (int64_t i = 0; i < n; i += 2 * IN) {
        tp_var sum = tp_mul(w[0], in[0]);
        for (int k = 1; k < IN; k++) sum = tp_add(sum, tp_mul(w[k], in[k]));
        in[i / (2 * IN) % IN] = tp_tanh(sum);
    }
    tp_var all = in[0];
    for (int k = 1; k < IN; k++) all = tp_add(all, in[k]);
    return all;
}

/* Eight chains taking turns: no op needs the one before it. */
static tp_var interleaved(const tp_var *x, int64_t n)
{
    enum { CHAINS = 8 };
    tp_tape *tape = x->tape;
    const tp_var c = tp_scalar(tape, .5), d = tp_scalar(tape, 2), e = tp_scalar(tape, .25);
    tp_var y[CHAINS];
    for (int k = 0; k < CHAINS; k++) y[k] = *x;
    for (int64_t i = 0; i < n; i++) {
        tp_var *of = &y[i % CHAINS];
        *of = i / CHAINS % 2 ? tp_add(*of, e) : tp_mul(*of, i / CHAINS % 4 ? c : d);
    }
    for (int k = 1; k < CHAINS; k++) y[0] = tp_add(y[0], y[k]);
    return y[0];
}

/* Means, maxima and minima of two values drawn from the latest sixteen. */
static tp_var mixed(const tp_var *x, int64_t n)
{
    enum { RECENT = 16 };
    tp_var y[RECENT];
    for (int k = 0; k < RECENT; k++) y[k] = *x;
    uint32_t state = 1;
    for (int64_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        const tp_var a = y[state >> 28], b = y[state >> 24 & 15];
        const uint32_t kind = state >> 20 & 15;
        y[i % RECENT] = kind < 4 ? tp_maximum(a, b) : (kind < 8 ? tp_minimum(a, b) : tp_muls(tp_add(a, b), .5));
    }
    for (int k = 1; k < RECENT; k++) y[0] = tp_add(y[0], y[k]);
    return y[0];
}

typedef struct program {
    tp_var (*build)(const tp_var *x, int64_t n);
    int64_t n;
} program;

typedef struct state {
    const bench_task *task;
    tp_tape *tape;
    tp_var x, y;
    double at;
} state;

static void record(state *s)
{
    const program *of = s->task->detail;
    tp_tape_reset(s->tape);
    s->x = tp_scalar(s->tape, s->at);
    s->y = of->build(&s->x, of->n);
}

static void *scalar_open(const bench_task *task, const tp_allocator *memory)
{
    state *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    *s = (state){.task = task, .tape = tp_tape_new(&(tp_tape_options){.memory = memory}), .at = .5};
    if (s->tape) record(s);
    if (s->tape && tp_tape_status(s->tape) == TP_OK) return s;
    bench_failed(task->name, s->tape);
    tp_tape_free(s->tape);
    free(s);
    return NULL;
}

static void scalar_close(void *of)
{
    state *s = of;
    tp_tape_free(s->tape);
    free(s);
}

/* The values anew, and the walk. */
static bool phases(state *s, bool replays, double seconds[BENCH_PHASES])
{
    s->at = s->at > .5 ? .5 : .50001;
    const double start = bench_now();
    if (replays) {
        tp_set_item(s->x, s->at);
        tp_replay(s->tape, 0);
    } else {
        record(s);
    }
    const double middle = bench_now();
    const tp_status status = tp_backward(s->y);
    seconds[0] += middle - start;
    seconds[1] += bench_now() - middle;
    return status == TP_OK || bench_failed(s->task->name, s->tape);
}

static bool replay_step(void *of, double seconds[BENCH_PHASES])
{
    return phases(of, true, seconds);
}

static bool record_step(void *of, double seconds[BENCH_PHASES])
{
    return phases(of, false, seconds);
}

static const bench_program replays = {scalar_open, replay_step, scalar_close};
static const bench_program records = {scalar_open, record_step, scalar_close};

/* ---- training steps ---- */

typedef struct network {
    int layers;
    int64_t widths[4];
    int64_t batch;
    tp_activation *activation;
    bool classes; /* cross entropy and Adam; else sigmoid on top, squared error and SGD */
    bool whole;   /* with walk and update */
} network;

typedef struct training {
    const network *shape;
    tp_tape *tape;
    tp_module *model;
    tp_optim *optim;
    tp_tensor *x, *target;
    tp_var loss;
} training;

static void training_close(void *of)
{
    training *s = of;
    tp_tensor_release(s->x);
    tp_tensor_release(s->target);
    tp_optim_free(s->optim);
    tp_module_free(s->model);
    tp_tape_free(s->tape);
    free(s);
}

static void record_loss(training *s)
{
    tp_tape_reset(s->tape);
    const tp_var x = tp_data(s->tape, s->x), target = tp_data(s->tape, s->target);
    const tp_var y = tp_module_forward(s->model, x);
    s->loss = s->shape->classes ? tp_cross_entropy(y, target, TP_MEAN) : tp_mse(tp_sigmoid(y), target, TP_MEAN);
}

static void *training_open(const bench_task *task, const tp_allocator *memory)
{
    training *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    const network *shape = s->shape = task->detail;
    const int64_t in = shape->widths[0], out = shape->widths[shape->layers - 1];
    tp_rng rng = tp_rng_seed(1);
    tp_tensor *parameters[8];
    s->tape = tp_tape_new(&(tp_tape_options){.memory = memory});
    s->model = tp_mlp(shape->layers, shape->widths, shape->activation,
                      &(tp_layer_options){.memory = memory, .rng = &rng}, NULL);
    s->optim = shape->classes ? tp_adam(&(tp_adam_options){.memory = memory}, NULL)
                              : tp_sgd(&(tp_sgd_options){.rate = .5, .memory = memory}, NULL);
    s->x = tp_tensor_make(memory, TP_F32, TP_DIMS(shape->batch, in), NULL, NULL);
    s->target = shape->classes ? tp_tensor_make(memory, TP_I64, TP_DIMS(shape->batch), NULL, NULL)
                               : tp_tensor_make(memory, TP_F32, TP_DIMS(shape->batch, out), NULL, NULL);
    if (s->tape && s->model && s->optim && s->x && s->target &&
        tp_optim_add_all(s->optim, parameters, tp_module_parameters(s->model, parameters, 8), NULL) == TP_OK) {
        tp_init_normal(s->x, 0, 1, &rng, NULL);
        record_loss(s);
        return s;
    }
    bench_failed(task->name, s->tape);
    training_close(s);
    return NULL;
}

static bool train(training *s)
{
    if (!s->shape->whole) return tp_tape_status(s->tape) == TP_OK || bench_failed("training step", s->tape);
    tp_optim_clear_grads(s->optim);
    if (tp_backward(s->loss) != TP_OK || tp_optim_step(s->optim) != TP_OK)
        return bench_failed("training step", s->tape);
    return true;
}

static bool replayed_training(void *of, double seconds[BENCH_PHASES])
{
    training *s = of;
    (void)seconds;
    tp_replay(s->tape, TP_REPLAY_ADVANCE);
    return train(s);
}

static bool recorded_training(void *of, double seconds[BENCH_PHASES])
{
    (void)seconds;
    record_loss(of);
    return train(of);
}

static const bench_program trains_by_replay = {training_open, replayed_training, training_close};
static const bench_program trains_by_recording = {training_open, recorded_training, training_close};

/* ---- the rows ---- */

static const program chain_4 = {chain, 10000}, chain_6 = {chain, 1000000}, plain_6 = {plain_chain, 1000000},
                     guarded_6 = {guarded, 1000000}, neurons_5 = {neurons, 100000},
                     interleaved_5 = {interleaved, 100000}, mixed_3 = {mixed, 1000}, mixed_5 = {mixed, 100000};

#define SCALAR(what, row, text, operations, ratio, limit)                                                              \
    {                                                                                                                  \
        .name = row, .peer = BENCH_TAPIR, .n = operations, .program = &replays, .rival = &records, .detail = &(what),  \
        .lines = {                                                                                                     \
            {"replay against recording: " text, "ns/op", 1e9 / operations, ratio, limit},                              \
            {"... and the walk back after it", "ns/op", 1e9 / operations, 0, 0}                                        \
        }                                                                                                              \
    }

static const network xor_values = {3, {2, 4, 1}, 4, tp_sigmoid, false, false};
static const network xor_step = {3, {2, 4, 1}, 4, tp_sigmoid, false, true};
static const network tiny_values = {4, {64, 64, 64, 8}, 1, tp_relu, true, false};
static const network tiny_step = {4, {64, 64, 64, 8}, 1, tp_relu, true, true};

#define TRAIN(row, shape, text, goal)                                                                                  \
    {                                                                                                                  \
        .name = row, .peer = BENCH_TAPIR, .program = &trains_by_replay, .rival = &trains_by_recording,                 \
        .detail = &(shape), .lines = {                                                                                 \
            {"replay against recording: " text, "us", 1e6, goal, 0}                                                    \
        }                                                                                                              \
    }

static const bench_task tasks[] = {
    SCALAR(chain_4, "replay_chain_4", "chain 10^4", 10000, 1, 3.5),
    SCALAR(chain_6, "replay_chain_6", "chain 10^6", 1000000, 1, 3.5),
    SCALAR(plain_6, "replay_plain_6", "chain without exp", 1000000, 1, 0),
    SCALAR(guarded_6, "replay_guarded", "a sum and a guard", 1000000, 1, 0),
    SCALAR(neurons_5, "replay_neurons", "neurons 10^5", 100000, 0, 0),
    SCALAR(interleaved_5, "replay_interleaved", "8 chains 10^5", 100000, 0, 0),
    SCALAR(mixed_3, "replay_mixed_3", "mixed 10^3", 1000, 0, 0),
    SCALAR(mixed_5, "replay_mixed_5", "mixed 10^5", 100000, 0, 0),
    TRAIN("replay_xor_values", xor_values, "XOR, values", 2),
    TRAIN("replay_xor_step", xor_step, "XOR, whole step", 0),
    TRAIN("replay_tiny_values", tiny_values, "MLP 64, values", 0),
    TRAIN("replay_tiny_step", tiny_step, "MLP 64, Adam step", 0),
};
const bench_list bench_replay = {tasks, sizeof tasks / sizeof *tasks};
