/* Random tensors that depend on nothing, and the reparameterised forms made of them: a differentiable function of the
   distribution's parameters and of numbers that are not. */
#include <math.h>

#include "ops/ops.h"

typedef struct request {
    tp_dtype dtype;
    int rank;
    int64_t dims[TP_MAX_RANK];
    double a, b;
} request;

static tp_status random_shape(tp_ctx *ctx)
{
    const request *a = tp_ctx_attributes(ctx);
    if (!tp_ctx_save(ctx, sizeof(tp_rng))) return TP_E_MEMORY;
    return tp_ctx_result(ctx, 0, a->dtype, a->rank, a->dims);
}

static tp_status draw(tp_ctx *ctx, tp_random_kind kind)
{
    const request *a = tp_ctx_attributes(ctx);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    const tp_rng rng = tp_ctx_rng(ctx, tp_ctx_saved(ctx));
    ctx->tape->kernels->random->draw[out->dtype]((tp_stream){rng.seed, rng.stream}, kind, out->count, out->data, a->a,
                                                 a->b);
    return TP_OK;
}

static tp_status uniform_forward(tp_ctx *ctx)
{
    return draw(ctx, TP_RANDOM_UNIFORM);
}
static tp_status normal_forward(tp_ctx *ctx)
{
    return draw(ctx, TP_RANDOM_NORMAL);
}
static tp_status exponential_forward(tp_ctx *ctx)
{
    return draw(ctx, TP_RANDOM_EXPONENTIAL);
}
static tp_status gumbel_forward(tp_ctx *ctx)
{
    return draw(ctx, TP_RANDOM_GUMBEL);
}

/* Integers low .. high - 1: the upper half of a 64-bit number times their count. */
typedef struct integers {
    int rank;
    int64_t dims[TP_MAX_RANK], low, high;
} integers;

static tp_status randint_shape(tp_ctx *ctx)
{
    const integers *a = tp_ctx_attributes(ctx);
    if (!tp_ctx_save(ctx, sizeof(tp_rng))) return TP_E_MEMORY;
    return tp_ctx_result(ctx, 0, TP_I64, a->rank, a->dims);
}

static int64_t below(uint32_t high, uint32_t low, uint64_t count)
{
    const uint64_t c1 = count >> 32, c0 = count & 0xffffffffu;
    const uint64_t middle = high * c0 + ((low * c0) >> 32), carry = (middle & 0xffffffffu) + low * c1;
    return (int64_t)(high * c1 + (middle >> 32) + (carry >> 32));
}

static tp_status randint_forward(tp_ctx *ctx)
{
    enum { PART = 4 * TP_RANDOM_GROUP };
    const integers *a = tp_ctx_attributes(ctx);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    const tp_rng rng = tp_ctx_rng(ctx, tp_ctx_saved(ctx));
    const uint64_t count = (uint64_t)a->high - (uint64_t)a->low;
    uint32_t words[PART];
    for (int64_t at = 0; at < out->count; at += PART / 2) {
        const int64_t n = out->count - at < PART / 2 ? out->count - at : PART / 2;
        ctx->tape->kernels->random->words((tp_stream){rng.seed, rng.stream}, 2 * at, 2 * n, words);
        for (int64_t i = 0; i < n; i++) {
            const int64_t x = (int64_t)((uint64_t)a->low + (uint64_t)below(words[2 * i], words[2 * i + 1], count));
            if (out->rank == 0)
                tp_put(TP_F64, out->data, (double)x);
            else
                ((int64_t *)(void *)out->data)[at + i] = x;
        }
    }
    return TP_OK;
}

static tp_status permutation_shape(tp_ctx *ctx)
{
    const int64_t *n = tp_ctx_attributes(ctx);
    if (!tp_ctx_save(ctx, sizeof(tp_rng))) return TP_E_MEMORY;
    return tp_ctx_result(ctx, 0, TP_I64, 1, n);
}

/* Fisher and Yates, from the inside out. */
static tp_status permutation_forward(tp_ctx *ctx)
{
    const int64_t *n = tp_ctx_attributes(ctx);
    tp_rng rng = tp_ctx_rng(ctx, tp_ctx_saved(ctx));
    int64_t *order = (int64_t *)(void *)tp_ctx_output(ctx, 0)->data;
    for (int64_t i = 0; i < *n; i++) {
        const int64_t k = tp_rng_below(&rng, (uint32_t)i + 1);
        order[i] = order[k];
        order[k] = i;
    }
    return TP_OK;
}

#define RANDOM(name_, type, shape_, ...)                                                                               \
    const tp_op tp_op_##name_ = {TP_OP_HEAD,                                                                           \
                                 .name = #name_,                                                                       \
                                 .arity = 0,                                                                           \
                                 .structure = TP_GATHER,                                                               \
                                 .flags = TP_NO_GRADIENT,                                                              \
                                 .attributes = sizeof(type),                                                           \
                                 .shape = shape_,                                                                      \
                                 .forward = name_##_forward,                                                           \
                                 .text = {__VA_ARGS__}}

RANDOM(uniform, request, random_shape, .formula = "uniform in [low, high)",
       .derivative = "none; tp_uniform_between is differentiable by its bounds", .shapes = "-> dims",
       .edges = "24 random bits in f32, 53 in f64; replay repeats the numbers");
RANDOM(normal, request, random_shape, .formula = "normal with a mean and a deviation",
       .derivative = "none; tp_normal_around is differentiable by mean and deviation", .shapes = "-> dims",
       .edges = "replay repeats the numbers");
RANDOM(exponential, request, random_shape, .formula = "-log(1 - u) / rate, u uniform in [0, 1)", .derivative = "none",
       .shapes = "-> dims", .edges = "replay repeats the numbers");
RANDOM(gumbel, request, random_shape, .formula = "location - scale log(-log u), u uniform in (0, 1)",
       .derivative = "none; tp_gumbel_softmax is differentiable by the logits", .shapes = "-> dims",
       .edges = "replay repeats the numbers");
RANDOM(randint, integers, randint_shape, .formula = "an integer of low .. high - 1, each as likely",
       .derivative = "none", .shapes = "-> dims", .dtypes = "i64",
       .edges = "off from equal by at most (high - low) / 2^64; replay repeats the numbers");
RANDOM(permutation, int64_t, permutation_shape, .formula = "0 .. n - 1 in random order", .derivative = "none",
       .shapes = "-> (n)", .dtypes = "i64", .edges = "n < 2^32; replay repeats the order");

/* ---- constructors ---- */

static tp_var record(tp_tape *tape, const tp_op *op, const void *attributes)
{
    tp_var result;
    tp_record(tape, op, NULL, 0, attributes, &result);
    return result;
}

/* Fails unless the rank is one that a tensor can have. */
static bool copy_dims(tp_tape *tape, const tp_op *op, int rank, const int64_t *dims, int64_t *to)
{
    if (!tape) return false;
    if (rank < 0 || rank > TP_MAX_RANK || (rank > 0 && !dims)) {
        tp_refuse(tape, TP_E_ARGUMENT, "tp_%s: rank %d%s", op->name, rank, rank > 0 && !dims ? " without dims" : "");
        return false;
    }
    for (int i = 0; i < rank; i++) to[i] = dims[i];
    return true;
}

static tp_var call(tp_tape *tape, const tp_op *op, tp_dtype dtype, int rank, const int64_t *dims, double a, double b)
{
    request r = {.dtype = dtype, .rank = rank, .a = a, .b = b};
    if (!copy_dims(tape, op, rank, dims, r.dims)) return tp_poison(tape);
    if (!tp_dtype_is_float(dtype))
        return tp_refuse(tape, TP_E_DTYPE, "tp_%s: makes f32 or f64, not %s", op->name, tp_dtype_name(dtype));
    return record(tape, op, &r);
}

tp_var tp_uniform(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims, double low, double high)
{
    if (!(low <= high) || isinf(low) || isinf(high))
        return tp_refuse(tape, TP_E_ARGUMENT, "tp_uniform: from %g to %g", low, high);
    return call(tape, &tp_op_uniform, dtype, rank, dims, low, high);
}

tp_var tp_normal(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims, double mean, double deviation)
{
    if (!(deviation >= 0)) return tp_refuse(tape, TP_E_ARGUMENT, "tp_normal: a deviation of %g", deviation);
    return call(tape, &tp_op_normal, dtype, rank, dims, mean, deviation);
}

tp_var tp_exponential(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims, double rate)
{
    if (!(rate > 0)) return tp_refuse(tape, TP_E_ARGUMENT, "tp_exponential: a rate of %g", rate);
    return call(tape, &tp_op_exponential, dtype, rank, dims, rate, 0);
}

tp_var tp_gumbel(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims, double location, double scale)
{
    if (!(scale >= 0)) return tp_refuse(tape, TP_E_ARGUMENT, "tp_gumbel: a scale of %g", scale);
    return call(tape, &tp_op_gumbel, dtype, rank, dims, location, scale);
}

tp_var tp_randint(tp_tape *tape, int rank, const int64_t *dims, int64_t low, int64_t high)
{
    integers a = {.rank = rank, .low = low, .high = high};
    if (!copy_dims(tape, &tp_op_randint, rank, dims, a.dims)) return tp_poison(tape);
    if (low >= high)
        return tp_refuse(tape, TP_E_ARGUMENT, "tp_randint: nothing in %lld .. %lld - 1", (long long)low,
                         (long long)high);
    return record(tape, &tp_op_randint, &a);
}

tp_var tp_permutation(tp_tape *tape, int64_t n)
{
    if (n < 0 || n > UINT32_MAX) return tp_refuse(tape, TP_E_ARGUMENT, "tp_permutation: of %lld", (long long)n);
    return tape ? record(tape, &tp_op_permutation, &n) : tp_poison(NULL);
}

/* ---- differentiable by the parameters ---- */

/* A draw of the shape that two parameters have together. */
static tp_var noise_for(const tp_op *op, const char *name, tp_var a, tp_var b, double from, double to)
{
    tp_tape *tape = a.tape ? a.tape : b.tape;
    if (!tape || !tp_check_operand(tape, name, a, 0) || !tp_check_operand(tape, name, b, 1)) return tp_poison(tape);
    const tp_dtype dtype = tp_value(a) ? tp_var_dtype(a) : tp_var_dtype(b);
    tp_shape shape = {.rank = tp_var_rank(a)};
    char first[TP_SHAPE_TEXT], second[TP_SHAPE_TEXT];
    for (int i = 0; i < shape.rank; i++) shape.dims[i] = tp_var_dims(a)[i];
    if (!tp_shape_broadcast(&shape, tp_var_rank(b), tp_var_dims(b)))
        return tp_refuse(tape, TP_E_SHAPE, "tp_%s: shapes do not broadcast: %s and %s", name,
                         tp_shape_text(first, tp_var_rank(a), tp_var_dims(a)),
                         tp_shape_text(second, tp_var_rank(b), tp_var_dims(b)));
    return call(tape, op, dtype, shape.rank, shape.dims, from, to);
}

tp_var tp_normal_around(tp_var mean, tp_var deviation)
{
    const tp_var noise = noise_for(&tp_op_normal, "normal_around", mean, deviation, 0, 1);
    return tp_ok(noise) ? tp_add(mean, tp_mul(deviation, noise)) : noise;
}

tp_var tp_uniform_between(tp_var low, tp_var high)
{
    const tp_var noise = noise_for(&tp_op_uniform, "uniform_between", low, high, 0, 1);
    return tp_ok(noise) ? tp_add(low, tp_mul(tp_sub(high, low), noise)) : noise;
}

tp_var tp_gumbel_softmax(tp_var logits, int axis, double tau, bool hard)
{
    if (!(tau > 0)) return tp_refuse(logits.tape, TP_E_ARGUMENT, "tp_gumbel_softmax: tau is %g, not above 0", tau);
    const tp_var noise = noise_for(&tp_op_gumbel, "gumbel_softmax", logits, logits, 0, 1);
    if (!tp_ok(noise)) return noise;
    const tp_var soft = tp_softmax(tp_muls(tp_add(logits, noise), 1 / tau), axis);
    if (!hard || !tp_ok(soft)) return soft;
    tp_var place;
    const int rank = tp_var_rank(soft), last = rank - 1;
    const tp_var turned = tp_transpose(soft, axis, -1);
    tp_max_with_indices(turned, -1, false, &place);
    if (!tp_ok(place)) return tp_poison(logits.tape);
    const int64_t classes = tp_var_dims(turned)[last];
    const tp_var chosen = tp_one_hot(place, classes, tp_var_dtype(soft));
    return tp_add(tp_detach(tp_sub(tp_transpose(chosen, axis, -1), soft)), soft);
}
