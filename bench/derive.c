/* What derivatives cost, against what they are derivatives of, in one run: reverse mode over recording, a product with
   the Hessian over a gradient, a Jacobian over the forward passes that its columns would take. */
#include "bench/bench.h"

#include <math.h>
#include <stdlib.h>

#include <tapir/derive.h>
#include <tapir/nn.h>

enum { OPERANDS = 12, SCALARS = 1000, RESULTS = 1000 };

typedef struct state state;

/* A program: of scalars, all of them differentiated, or of tensors, of which those that are no constants are. */
typedef struct subject {
    int scalars;
    bench_operand x[OPERANDS];
    tp_dtype dtype;
    int m; /* results */
    void (*build)(tp_tape *tape, tp_var *x, tp_var *y);
} subject;

/* What a phase does `repeats` times: from a reset on, so that each holds the recording. */
typedef bool action(state *s);

typedef struct comparison {
    const subject *of;
    action *phase[BENCH_PHASES];
    int repeats;
} comparison;

struct state {
    const comparison *detail;
    tp_tape *tape;
    tp_tensor *tensors[OPERANDS];
    int n; /* differentiated */
    tp_var x[SCALARS], y[RESULTS], v[SCALARS], result[SCALARS];
};

/* ---- actions ---- */

static bool record(state *s)
{
    const subject *of = s->detail->of;
    tp_var operands[OPERANDS];
    tp_tape_reset(s->tape);
    s->n = of->scalars;
    for (int i = 0; i < of->scalars; i++) s->x[i] = tp_scalar(s->tape, i % 2 ? 1 : -1.2);
    for (int i = 0; i < OPERANDS && s->tensors[i]; i++) {
        const bool constant = of->x[i].below || of->x[i].constant;
        if (!constant) tp_tensor_clear_grad(s->tensors[i]);
        operands[i] = constant ? tp_data(s->tape, s->tensors[i]) : tp_param(s->tape, s->tensors[i]);
        if (!constant) s->x[s->n++] = operands[i];
    }
    of->build(s->tape, of->scalars ? s->x : operands, s->y);
    return tp_tape_status(s->tape) == TP_OK;
}

static bool gradient(state *s)
{
    return record(s) && tp_backward(s->y[0]) == TP_OK;
}

static bool hessian_product(state *s)
{
    if (!record(s)) return false;
    s->v[0] = tp_const(s->tape, 1);
    for (int i = 1; i < s->n; i++) s->v[i] = s->v[0];
    return tp_hvp(s->y[0], s->x, s->v, s->n, s->result, 0) == TP_OK;
}

static bool jacobian(state *s)
{
    return record(s) && tp_jacobian(s->y, s->detail->of->m, s->x, s->n, s->result, 0) == TP_OK;
}

/* ---- the program ---- */

static void compare_close(void *of)
{
    state *s = of;
    for (int i = 0; i < OPERANDS; i++) tp_tensor_release(s->tensors[i]);
    tp_tape_free(s->tape);
    free(s);
}

static bool fill(tp_tensor *x, const bench_operand *operand, tp_rng *rng)
{
    if (!operand->below) return tp_init_normal(x, 0, operand->deviation, rng, NULL) == TP_OK;
    int64_t *labels = tp_tensor_data(x);
    for (int64_t i = 0; i < tp_tensor_count(x); i++) labels[i] = tp_rng_below(rng, (uint32_t)operand->below);
    return true;
}

static void *compare_open(const bench_task *task, const tp_allocator *memory)
{
    state *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    tp_rng rng = tp_rng_seed(1);
    s->detail = task->detail;
    s->tape = tp_tape_new(&(tp_tape_options){.memory = memory});
    bool good = s->tape != NULL;
    for (int i = 0; i < OPERANDS && s->detail->of->x[i].rank && good; i++) {
        const bench_operand *operand = &s->detail->of->x[i];
        const tp_dtype dtype = operand->below ? TP_I64 : s->detail->of->dtype;
        s->tensors[i] = tp_tensor_make(memory, dtype, operand->rank, operand->dims, NULL, NULL);
        good = s->tensors[i] && fill(s->tensors[i], operand, &rng);
    }
    if (good) return s;
    compare_close(s);
    return NULL;
}

static bool compare_step(void *of, double seconds[BENCH_PHASES])
{
    state *s = of;
    const int repeats = s->detail->repeats;
    for (int k = 0; k < BENCH_PHASES; k++) {
        const double start = bench_now();
        for (int i = 0; i < repeats; i++)
            if (!s->detail->phase[k](s)) return bench_failed("derivatives", s->tape);
        seconds[k] += bench_now() - start;
    }
    return true;
}

static const bench_program program = {compare_open, compare_step, compare_close};

/* ---- scalars ---- */

enum { CHAIN = 100000 };

static void chain(tp_tape *tape, tp_var *x, tp_var *y)
{
    (void)x;
    y[0] = bench_chain(tape, CHAIN, false, NULL);
}

/* The derivative by the variable at its start. */
static void chain_of_x(tp_tape *tape, tp_var *x, tp_var *y)
{
    y[0] = bench_chain(tape, CHAIN, false, x);
}

/* sum over i of 100 (x_i+1 - x_i^2)^2 + (1 - x_i)^2 */
static void rosenbrock(tp_tape *tape, tp_var *x, tp_var *y)
{
    tp_var sum = tp_const(tape, 0);
    for (int i = 0; i + 1 < SCALARS; i++) {
        const tp_var a = tp_sub(x[i + 1], tp_square(x[i])), b = tp_rsubs(1, x[i]);
        sum = tp_add(sum, tp_add(tp_muls(tp_square(a), 100), tp_square(b)));
    }
    y[0] = sum;
}

/* Each result depends on the two before it and on one of 20 inputs: y_i = sin((y_i-1 + x y_i-2) / 2). */
static void recurrence(tp_tape *tape, tp_var *x, tp_var *y)
{
    (void)tape;
    y[0] = x[0], y[1] = x[1];
    for (int i = 2; i < RESULTS; i++) y[i] = tp_sin(tp_muls(tp_add(y[i - 1], tp_mul(x[i % 20], y[i - 2])), .5));
}

static const subject chain_subject = {.m = 1, .build = chain};
static const subject chain_x_subject = {.scalars = 1, .m = 1, .build = chain_of_x};
static const subject rosenbrock_subject = {.scalars = SCALARS, .m = 1, .build = rosenbrock};
static const subject recurrence_subject = {.scalars = 20, .m = RESULTS, .build = recurrence};

/* ---- tensors ---- */

static void xor_net(tp_tape *tape, tp_var *x, tp_var *y)
{
    (void)tape;
    const tp_var h = tp_linear_activated(x[4], x[0], x[1], TP_SIGMOID);
    y[0] = tp_mse(tp_linear_activated(h, x[2], x[3], TP_SIGMOID), x[5], TP_MEAN);
}

static void mlp(tp_tape *tape, tp_var *x, tp_var *y)
{
    (void)tape;
    const tp_var h = tp_linear_activated(x[6], x[0], x[1], TP_RELU);
    const tp_var k = tp_linear_activated(h, x[2], x[3], TP_RELU);
    y[0] = tp_cross_entropy(tp_linear(k, x[4], x[5]), x[7], TP_MEAN);
}

static void lenet(tp_tape *tape, tp_var *x, tp_var *y)
{
    (void)tape;
    const tp_pool_options halve = {.window = {2, 2}};
    tp_var h = tp_conv2d(x[10], x[0], x[1], &(tp_conv_options){.padding = {2, 2}});
    h = tp_max_pool2d(tp_relu(h), &halve, NULL);
    h = tp_max_pool2d(tp_relu(tp_conv2d(h, x[2], x[3], NULL)), &halve, NULL);
    h = tp_reshape(h, TP_DIMS(-1, 400));
    h = tp_linear_activated(h, x[4], x[5], TP_RELU);
    h = tp_linear_activated(h, x[6], x[7], TP_RELU);
    y[0] = tp_cross_entropy(tp_linear(h, x[8], x[9]), x[11], TP_MEAN);
}

/* tanh(A x + b) exp(-(C x)^2), 1000 numbers from 20 */
static void smooth_map(tp_tape *tape, tp_var *x, tp_var *y)
{
    (void)tape;
    const tp_var a = tp_tanh(tp_add(tp_matmul(x[1], x[0]), x[2]));
    y[0] = tp_mul(a, tp_exp(tp_neg(tp_square(tp_matmul(x[3], x[0])))));
}

#define W(...)                                                                                                         \
    {                                                                                                                  \
        BENCH_SHAPE(__VA_ARGS__), .deviation = .1                                                                      \
    }
#define DATA(...)                                                                                                      \
    {                                                                                                                  \
        BENCH_SHAPE(__VA_ARGS__), .deviation = 1, .constant = true                                                     \
    }

static const subject xor_subject = {
    .dtype = TP_F32, .m = 1, .build = xor_net, .x = {W(4, 2), W(4), W(1, 4), W(1), DATA(4, 2), DATA(4, 1)}};
static const subject tiny_subject = {
    .dtype = TP_F32,
    .m = 1,
    .build = mlp,
    .x = {W(64, 64), W(64), W(64, 64), W(64), W(8, 64), W(8), DATA(1, 64), LABELS(8, 1)}};
static const subject middle_subject = {
    .dtype = TP_F32,
    .m = 1,
    .build = mlp,
    .x = {W(128, 784), W(128), W(64, 128), W(64), W(10, 64), W(10), DATA(64, 784), LABELS(10, 64)}};
static const subject lenet_subject = {.dtype = TP_F32,
                                      .m = 1,
                                      .build = lenet,
                                      .x = {W(6, 1, 5, 5), W(6), W(16, 6, 5, 5), W(16), W(120, 400), W(120), W(84, 120),
                                            W(84), W(10, 84), W(10), DATA(64, 1, 28, 28), LABELS(10, 64)}};
static const subject map_subject = {
    .dtype = TP_F64, .m = 1, .build = smooth_map, .x = {W(20), DATA(RESULTS, 20), DATA(RESULTS), DATA(RESULTS, 20)}};

/* ---- the tasks ---- */

#define COMPARE(row, subject_, first, second, times, text, first_text, second_text, between_text, scale, limit)        \
    {                                                                                                                  \
        .name = row, .program = &program, .detail = &(const comparison){&(subject_), {first, second}, times},          \
        .lines = {{text ", " first_text, "us", 1e6 / (times), 0, 0},                                                   \
                  {text ", " second_text, "us", 1e6 / (times), 0, 0}},                                                 \
        .between = {                                                                                                   \
            text ": " between_text,                                                                                    \
            "x",                                                                                                       \
            scale,                                                                                                     \
            0,                                                                                                         \
            limit                                                                                                      \
        }                                                                                                              \
    }
#define REVERSE(row, subject, times, text, limit)                                                                      \
    COMPARE(row, subject, record, gradient, times, text, "recorded", "and back", "both / recorded", 1, limit)
#define PRODUCT(row, subject, times, text, limit)                                                                      \
    COMPARE(row, subject, gradient, hessian_product, times, text, "gradient", "Hessian product", "product / gradient", \
            1, limit)
#define JACOBIAN(row, subject, times, text)                                                                            \
    COMPARE(row, subject, record, jacobian, times, text, "recorded", "Jacobian", "over 20 recordings", 1. / 20, 1.5)

static const bench_task tasks[] = {
    REVERSE("derive_chain", chain_subject, 1, "chain of 10^5", 3),
    REVERSE("derive_xor", xor_subject, 100, "XOR 2-4-1", 3.2),
    REVERSE("derive_mlp_tiny", tiny_subject, 100, "64-64-64-8, batch 1", 3.2),
    REVERSE("derive_mlp_middle", middle_subject, 5, "784-128-64-10, batch 64", 3.2),
    REVERSE("derive_lenet", lenet_subject, 1, "LeNet, batch 64", 3.2),
    PRODUCT("derive_hvp_chain", chain_x_subject, 1, "chain of 10^5", 5),
    PRODUCT("derive_hvp_rosenbrock", rosenbrock_subject, 10, "Rosenbrock of 1000", 5),
    PRODUCT("derive_hvp_tiny", tiny_subject, 100, "64-64-64-8, batch 1", 0),
    PRODUCT("derive_hvp_middle", middle_subject, 5, "784-128-64-10, batch 64", 5),
    PRODUCT("derive_hvp_lenet", lenet_subject, 1, "LeNet, batch 64", 5),
    JACOBIAN("derive_jacobian_scalars", recurrence_subject, 10, "1000 of 20 scalars"),
    JACOBIAN("derive_jacobian_tensors", map_subject, 10, "1000 of 20, tensors"),
};
const bench_list bench_derive = {tasks, sizeof tasks / sizeof *tasks};
