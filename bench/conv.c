/* Convolution, pooling and interpolation, and a whole training step of LeNet-5: LeCun, Bottou, Bengio, Haffner,
   "Gradient-based learning applied to document recognition" (1998), with maxima and ReLU. */
#include "bench/bench.h"

#include <math.h>
#include <stdlib.h>

#include <tapir/nn.h>
#include <tapir/optim.h>

static const tp_conv_options pad1 = {.padding = {1, 1}};

static tp_var conv3x3(const tp_var *x)
{
    return tp_conv2d(x[0], x[1], x[2], &pad1);
}

static tp_var conv_groups(const tp_var *x)
{
    const tp_conv_options o = {.padding = {1, 1}, .groups = 64};
    return tp_conv2d(x[0], x[1], x[2], &o);
}

static tp_var conv_transposed(const tp_var *x)
{
    const tp_conv_options o = {.stride = {2, 2}, .padding = {1, 1}};
    return tp_conv_transpose2d(x[0], x[1], x[2], &o);
}

static tp_var max_pool(const tp_var *x)
{
    return tp_max_pool2d(x[0], &(tp_pool_options){.window = {2, 2}}, NULL);
}

static tp_var avg_pool(const tp_var *x)
{
    return tp_avg_pool2d(x[0], &(tp_pool_options){.window = {3, 3}, .stride = {1, 1}, .padding = {1, 1}});
}

static tp_var bilinear(const tp_var *x)
{
    return tp_interpolate(x[0], &(tp_interpolate_options){.mode = TP_INTERPOLATE_LINEAR, .size = {64, 64}});
}

/* ---- LeNet ---- */

enum { BATCH = 64, PARAMETERS = 10 };

static const bench_operand shapes[PARAMETERS] = {
    FLOATS(6, 1, 5, 5), FLOATS(6),       FLOATS(16, 6, 5, 5), FLOATS(16),     FLOATS(120, 400),
    FLOATS(120),        FLOATS(84, 120), FLOATS(84),          FLOATS(10, 84), FLOATS(10),
};

typedef struct lenet {
    tp_tape *tape;
    tp_optim *optim;
    tp_tensor *parameters[PARAMETERS], *x, *labels;
} lenet;

static void lenet_close(void *of)
{
    lenet *state = of;
    for (int i = 0; i < PARAMETERS; i++) tp_tensor_release(state->parameters[i]);
    tp_tensor_release(state->x);
    tp_tensor_release(state->labels);
    tp_optim_free(state->optim);
    tp_tape_free(state->tape);
    free(state);
}

static bool lenet_fill(lenet *state, const tp_allocator *memory)
{
    tp_rng rng = tp_rng_seed(1);
    for (int i = 0; i < PARAMETERS; i++) {
        tp_tensor *w = tp_tensor_make(memory, TP_F32, shapes[i].rank, shapes[i].dims, NULL, NULL);
        state->parameters[i] = w;
        if (!w) return false;
        double fan = 1;
        for (int k = 1; k < shapes[i].rank; k++) fan *= (double)shapes[i].dims[k];
        if (tp_init_uniform(w, -1 / sqrt(fan), 1 / sqrt(fan), &rng, NULL) != TP_OK) return false;
    }
    state->x = tp_tensor_make(memory, TP_F32, TP_DIMS(BATCH, 1, 28, 28), NULL, NULL);
    state->labels = tp_tensor_make(memory, TP_I64, TP_DIMS(BATCH), NULL, NULL);
    if (!state->x || !state->labels || tp_init_normal(state->x, 0, 1, &rng, NULL) != TP_OK) return false;
    int64_t *labels = tp_tensor_data(state->labels);
    for (int i = 0; i < BATCH; i++) labels[i] = tp_rng_below(&rng, 10);
    return true;
}

static void *lenet_open(const bench_task *task, const tp_allocator *memory)
{
    (void)task;
    lenet *state = calloc(1, sizeof *state);
    if (!state) return NULL;
    state->tape = tp_tape_new(&(tp_tape_options){.memory = memory, .threads = bench_threads(0)});
    state->optim = tp_adam(&(tp_adam_options){.memory = memory}, NULL);
    if (state->tape && state->optim && lenet_fill(state, memory) &&
        tp_optim_add_all(state->optim, state->parameters, PARAMETERS, NULL) == TP_OK)
        return state;
    lenet_close(state);
    return NULL;
}

static bool lenet_step(void *of, double seconds[BENCH_PHASES])
{
    lenet *state = of;
    const tp_pool_options halve = {.window = {2, 2}};
    tp_var p[PARAMETERS];
    (void)seconds;
    tp_tape_reset(state->tape);
    tp_optim_clear_grads(state->optim);
    for (int i = 0; i < PARAMETERS; i++) p[i] = tp_param(state->tape, state->parameters[i]);
    tp_var y = tp_data(state->tape, state->x);
    y = tp_conv2d(y, p[0], p[1], &(tp_conv_options){.padding = {2, 2}});
    y = tp_max_pool2d(tp_relu(y), &halve, NULL);
    y = tp_max_pool2d(tp_relu(tp_conv2d(y, p[2], p[3], NULL)), &halve, NULL);
    y = tp_reshape(y, TP_DIMS(BATCH, 400));
    y = tp_relu(tp_linear(y, p[4], p[5]));
    y = tp_linear(tp_relu(tp_linear(y, p[6], p[7])), p[8], p[9]);
    const tp_var loss = tp_cross_entropy(y, tp_data(state->tape, state->labels), TP_MEAN);
    return (tp_backward(loss) == TP_OK && tp_optim_step(state->optim) == TP_OK) || bench_failed("LeNet", state->tape);
}

static const bench_program lenet_program = {lenet_open, lenet_step, lenet_close};

#define PHASES(text, goal)                                                                                             \
    {                                                                                                                  \
        {text ", forward", "us", 1e6, goal, 0},                                                                        \
        {                                                                                                              \
            text ", backward", "us", 1e6, goal, 0                                                                      \
        }                                                                                                              \
    }

static const bench_task tasks[] = {
    {.name = "conv3x3",
     .peer = BENCH_TORCH,
     .program = &bench_op_program,
     .build = conv3x3,
     .operands = {FLOATS(16, 32, 32, 32), FLOATS(64, 32, 3, 3), FLOATS(64)},
     .lines = PHASES("conv 3x3 16x32x32x32 to 64", 1)},
    {.name = "conv_depthwise",
     .peer = BENCH_TORCH,
     .program = &bench_op_program,
     .build = conv_groups,
     .operands = {FLOATS(16, 64, 32, 32), FLOATS(64, 1, 3, 3), FLOATS(64)},
     .lines = PHASES("conv 3x3 16x64x32x32 in 64 groups", 0)},
    {.name = "conv_transpose",
     .peer = BENCH_TORCH,
     .program = &bench_op_program,
     .build = conv_transposed,
     .operands = {FLOATS(16, 64, 16, 16), FLOATS(64, 32, 4, 4), FLOATS(32)},
     .lines = PHASES("conv_transpose 4x4 by 2 16x64x16x16 to 32", 0)},
    {.name = "max_pool",
     .peer = BENCH_TORCH,
     .program = &bench_op_program,
     .build = max_pool,
     .operands = {FLOATS(16, 32, 32, 32)},
     .lines = PHASES("max_pool 2x2 16x32x32x32", 0)},
    {.name = "avg_pool",
     .peer = BENCH_TORCH,
     .program = &bench_op_program,
     .build = avg_pool,
     .operands = {FLOATS(16, 32, 32, 32)},
     .lines = PHASES("avg_pool 3x3 by 1 16x32x32x32", 0)},
    {.name = "bilinear",
     .peer = BENCH_TORCH,
     .program = &bench_op_program,
     .build = bilinear,
     .operands = {FLOATS(16, 32, 32, 32)},
     .lines = PHASES("bilinear 16x32x32x32 to 64x64", 0)},
    {.name = "lenet",
     .peer = BENCH_TORCH,
     .program = &lenet_program,
     .lines = {{"LeNet 28x28, batch 64, Adam step", "us", 1e6, 1.5, 0}}},
};
const bench_list bench_conv = {tasks, sizeof tasks / sizeof *tasks};
