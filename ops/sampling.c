/* Draws whose probabilities are an operand: bernoulli and multinomial. They have no derivative. */
#include <math.h>
#include <string.h>

#include "ops/ops.h"

static tp_stream stream_of(tp_ctx *ctx)
{
    const tp_rng rng = tp_ctx_rng(ctx, tp_ctx_saved(ctx));
    return (tp_stream){rng.seed, rng.stream};
}

static tp_status bernoulli_shape(tp_ctx *ctx)
{
    const tp_tensor *p = tp_ctx_input(ctx, 0);
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    if (!tp_ctx_save(ctx, sizeof(tp_rng))) return TP_E_MEMORY;
    return tp_ctx_result(ctx, 0, (tp_dtype)p->dtype, p->rank, p->dims);
}

static tp_status bernoulli_forward(tp_ctx *ctx)
{
    const tp_tensor *p = tp_ctx_dense(ctx, 0);
    if (!p) return TP_E_MEMORY;
    tp_tensor *out = tp_ctx_output(ctx, 0);
    const tp_stream s = stream_of(ctx);
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)p->dtype);
    double u[TP_RANDOM_GROUP];
    for (int64_t i = 0; i < p->count; i++) {
        const double chance = tp_get((tp_dtype)p->dtype, p->data + i * size);
        if (!(chance >= 0 && chance <= 1))
            return tp_ctx_fail(ctx, TP_E_ARGUMENT, "probability %g (number %lld) is not in [0, 1]", chance,
                               (long long)i);
        if (i % TP_RANDOM_GROUP == 0) ctx->tape->kernels->random->units(s, i, TP_RANDOM_GROUP, u);
        tp_put((tp_dtype)out->dtype, out->data + i * size, u[i % TP_RANDOM_GROUP] < chance ? 1 : 0);
    }
    return TP_OK;
}

const tp_op tp_op_bernoulli = {TP_OP_HEAD,
                               .name = "bernoulli",
                               .arity = 1,
                               .structure = TP_ELEMENTWISE,
                               .flags = TP_NO_GRADIENT,
                               .shape = bernoulli_shape,
                               .forward = bernoulli_forward,
                               .text = {.formula = "1 with probability p, else 0",
                                        .derivative = "none",
                                        .shapes = "p: any shape -> p's shape",
                                        .edges =
                                            "a p that is not in [0, 1] is refused; replay repeats the draw for the "
                                            "same p"}};

tp_var tp_bernoulli(tp_var p)
{
    return tp_call1(&tp_op_bernoulli, p, NULL);
}

/* ---- multinomial ---- */

typedef struct attributes {
    int64_t count;
    bool replacement;
} attributes;

/* One that has been drawn, and the time at which it was: see without_replacement. */
typedef struct entry {
    double time;
    int64_t index;
} entry;

static tp_status multinomial_shape(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *w = tp_ctx_input(ctx, 0);
    char text[TP_SHAPE_TEXT];
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    if (w->rank < 1 || w->dims[w->rank - 1] < 1)
        return tp_ctx_fail(ctx, TP_E_SHAPE, "nothing to draw from in weights %s", tp_tensor_text(text, w));
    if (a->count < 0 || (!a->replacement && a->count > w->dims[w->rank - 1]))
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "%lld draws without replacement from weights %s", (long long)a->count,
                           tp_tensor_text(text, w));
    if (!tp_ctx_save(ctx, sizeof(tp_rng))) return TP_E_MEMORY;
    int64_t dims[TP_MAX_RANK];
    memcpy(dims, w->dims, sizeof dims);
    dims[w->rank - 1] = a->count;
    return tp_ctx_result(ctx, 0, TP_I64, w->rank, dims);
}

/* Checks a row of weights; returns how many are above 0, or -1 after setting the error. */
static int64_t check_weights(tp_ctx *ctx, tp_dtype dtype, int64_t n, const char *w)
{
    const int64_t size = (int64_t)tp_dtype_size(dtype);
    int64_t positive = 0;
    for (int64_t i = 0; i < n; i++) {
        const double weight = tp_get(dtype, w + i * size);
        if (!(weight >= 0) || isinf(weight)) {
            tp_ctx_fail(ctx, TP_E_ARGUMENT, "weight %g (number %lld of its row)", weight, (long long)i);
            return -1;
        }
        positive += weight > 0;
    }
    return positive;
}

/* Where u of the running sums falls. A weight of 0 is never drawn. */
static void with_replacement(int64_t n, double *sums, tp_rng *rng, int64_t count, int64_t *out)
{
    for (int64_t k = 0; k < count; k++) {
        const double at = tp_rng_uniform(rng) * sums[n - 1];
        int64_t low = 0, high = n - 1; /* the first whose sum is above `at` */
        while (low < high) {
            const int64_t middle = low + (high - low) / 2;
            if (sums[middle] > at)
                high = middle;
            else
                low = middle + 1;
        }
        out[k] = low;
    }
}

static bool later(const entry *a, const entry *b)
{
    return a->time > b->time || (a->time == b->time && a->index > b->index);
}

/* Restores the order of a heap whose root is the latest, after heap[i] got a new entry. */
static void sink(entry *heap, int64_t count, int64_t i)
{
    for (;;) {
        int64_t latest = i;
        for (int64_t child = 2 * i + 1; child <= 2 * i + 2 && child < count; child++)
            if (later(&heap[child], &heap[latest])) latest = child;
        if (latest == i) return;
        const entry swap = heap[i];
        heap[i] = heap[latest];
        heap[latest] = swap;
        i = latest;
    }
}

/* Each waits for an exponential time at the rate of its weight; the first `count` are drawn, in order (Efraimidis,
   Spirakis: "Weighted random sampling with a reservoir", 2006). */
static void without_replacement(tp_dtype dtype, int64_t n, const char *w, tp_rng *rng, entry *heap, int64_t count,
                                int64_t *out)
{
    const int64_t size = (int64_t)tp_dtype_size(dtype);
    int64_t held = 0;
    for (int64_t i = 0; i < n; i++) {
        const double weight = tp_get(dtype, w + i * size), u = tp_rng_uniform(rng);
        const entry e = {-log1p(-u) / weight, i};
        if (weight == 0 || count == 0) continue;
        if (held < count) {
            heap[held++] = e;
            for (int64_t k = held / 2; k-- > 0 && held == count;) sink(heap, held, k);
        } else if (later(&heap[0], &e)) {
            heap[0] = e;
            sink(heap, held, 0);
        }
    }
    for (int64_t k = count; k-- > 0;) {
        out[k] = heap[0].index;
        heap[0] = heap[k];
        sink(heap, k, 0);
    }
}

static tp_status multinomial_row(tp_ctx *ctx, const tp_tensor *w, int64_t row, char *work, tp_rng *rng)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_dtype dtype = (tp_dtype)w->dtype;
    const int64_t n = w->dims[w->rank - 1], size = (int64_t)tp_dtype_size(dtype);
    const char *weights = w->data + row * n * size;
    int64_t *out = (int64_t *)(void *)tp_ctx_output(ctx, 0)->data + row * a->count;
    const int64_t positive = check_weights(ctx, dtype, n, weights);
    if (positive < 0) return TP_E_ARGUMENT;
    if (a->count > 0 && positive < (a->replacement ? 1 : a->count))
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "%lld draws from a row with %lld weights above 0", (long long)a->count,
                           (long long)positive);
    if (!a->replacement) {
        without_replacement(dtype, n, weights, rng, (entry *)(void *)work, a->count, out);
        return TP_OK;
    }
    double *sums = (double *)(void *)work, sum = 0;
    for (int64_t i = 0; i < n; i++) sums[i] = sum += tp_get(dtype, weights + i * size);
    with_replacement(n, sums, rng, a->count, out);
    return TP_OK;
}

static tp_status multinomial_forward(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *w = tp_ctx_dense(ctx, 0);
    if (!w) return TP_E_MEMORY;
    const int64_t n = w->dims[w->rank - 1], rows = w->count / n;
    const int64_t room[2] = {a->replacement ? n : a->count, 2};
    tp_tensor *work = tp_new_tensor(ctx->tape, TP_F64, 2, room, ctx->op->name);
    if (!work) return TP_E_MEMORY;
    tp_rng rng = tp_ctx_rng(ctx, tp_ctx_saved(ctx));
    tp_status status = TP_OK;
    for (int64_t i = 0; i < rows && status == TP_OK; i++) status = multinomial_row(ctx, w, i, work->data, &rng);
    tp_unref(ctx->tape, work);
    return status;
}

_Static_assert(sizeof(entry) == 2 * sizeof(double), "an entry is a pair of numbers");

const tp_op tp_op_multinomial = {
    TP_OP_HEAD,
    .name = "multinomial",
    .arity = 1,
    .structure = TP_GATHER,
    .flags = TP_NO_GRADIENT,
    .attributes = sizeof(attributes),
    .shape = multinomial_shape,
    .forward = multinomial_forward,
    .text = {.formula = "indices 0 .. n - 1 drawn with probabilities in proportion to each row's weights",
             .derivative = "none",
             .shapes = "weights: (..., n) -> (..., count)",
             .dtypes = "f32, f64 -> i64",
             .edges =
                 "a weight that is negative, NaN or Inf is refused, and so is a row with too few above 0; a weight "
                 "of 0 is never drawn; replay repeats the draw for the same weights"}};

tp_var tp_multinomial(tp_var weights, int64_t count, bool replacement)
{
    return tp_call1(&tp_op_multinomial, weights, &(attributes){count, replacement});
}
