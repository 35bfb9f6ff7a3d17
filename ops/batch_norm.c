/* Normalisation of each channel over a batch: by the batch's own statistics, or by given ones.

       y = z gain + bias,   z = (x - mean) / sqrt(variance + eps)

   x is seen as (N, C, S). Runs of S elements are worked on in place; where they are short, channels are brought
   together first. */
#include <math.h>

#include "ops/norm.h"

enum { SHORT_RUN = 8 };

typedef struct attributes {
    tp_affine affine;
    double eps, momentum;
    tp_tensor *mean, *variance; /* running, the caller's; used at the first forward only */
} attributes;

typedef struct saved {
    tp_tensor *stats; /* (C, 2): mean and 1/sqrt(variance + eps) */
    bool updated;     /* the running statistics have had this batch */
} saved;

/* x as (n, c, s). */
typedef struct batch {
    int64_t n, c, s;
} batch;

static batch batch_of(const tp_tensor *x)
{
    return (batch){x->dims[0], x->dims[1], tp_shape_count(x->rank - 2, x->dims + 2)};
}

static tp_status check(tp_ctx *ctx, const tp_affine *affine, double eps)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    char text[TP_SHAPE_TEXT];
    if (x->rank < 2)
        return tp_ctx_fail(ctx, TP_E_SHAPE, "x %s has fewer than 2 dims: needs (N, C, ...)", tp_tensor_text(text, x));
    return tp_affine_check(ctx, affine, eps, 1, x->dims + 1);
}

static tp_status save_stats(tp_ctx *ctx, int64_t channels)
{
    saved *s = tp_ctx_save(ctx, sizeof *s);
    if (!s) return TP_E_MEMORY;
    s->stats = tp_ctx_save_tensor(ctx, TP_F64, 2, (const int64_t[]){channels, 2});
    return s->stats ? TP_OK : TP_E_MEMORY;
}

/* ---- channels as runs ---- */

/* x laid out so that channel c consists of `n` runs of `s` elements, the i-th at (i c_count + c) s. */
typedef struct runs {
    char *data;
    tp_tensor *copy; /* (c, n s) where x's own runs are short */
    batch b;
} runs;

static void turn(const batch *b, tp_dtype dtype, char *to, const char *from, bool together)
{
    const int64_t dims[3] = {b->c, b->n, b->s};
    const int64_t apart[3] = {b->s, b->c * b->s, 1}, close[3] = {b->n * b->s, b->s, 1};
    tp_copy(3, dims, dtype, to, together ? close : apart, dtype, from, together ? apart : close);
}

/* The runs of a dense tensor; with `fill` false only room for them. */
static bool runs_of(tp_ctx *ctx, const tp_tensor *x, bool fill, runs *r)
{
    const batch b = batch_of(x);
    *r = (runs){x->data, NULL, b};
    if (b.s >= SHORT_RUN || b.n <= 1) return true;
    r->copy = tp_new_tensor(ctx->tape, (tp_dtype)x->dtype, 2, (const int64_t[]){b.c, b.n * b.s}, ctx->op->name);
    if (!r->copy) return false;
    r->data = r->copy->data;
    r->b = (batch){1, b.c, b.n * b.s};
    if (fill) turn(&b, (tp_dtype)x->dtype, r->data, x->data, true);
    return true;
}

static void end_runs(tp_ctx *ctx, runs *r, const tp_tensor *back_to)
{
    if (!r->copy) return;
    const batch b = back_to ? batch_of(back_to) : r->b;
    if (back_to) turn(&b, (tp_dtype)back_to->dtype, back_to->data, r->data, false);
    tp_unref(ctx->tape, r->copy);
}

static int64_t run_at(const runs *r, int64_t i, int64_t c, int64_t size)
{
    return (i * r->b.c + c) * r->b.s * size;
}

static double *stats_of(tp_ctx *ctx)
{
    return (double *)(void *)((saved *)tp_ctx_saved(ctx))->stats->data;
}

static const tp_norm_loops *loops_of(tp_ctx *ctx)
{
    return ctx->tape->kernels->of[tp_ctx_input(ctx, 0)->dtype]->norm;
}

/* y from x and the statistics. */
static tp_status apply(tp_ctx *ctx, const tp_affine *affine, const runs *x)
{
    tp_tensor *out = tp_ctx_output(ctx, 0);
    const tp_tensor *gain = affine->gain ? tp_ctx_dense(ctx, affine->gain) : NULL;
    const tp_tensor *bias = affine->bias ? tp_ctx_dense(ctx, affine->bias) : NULL;
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)out->dtype);
    const double *stats = stats_of(ctx);
    runs y;
    if ((affine->gain && !gain) || (affine->bias && !bias) || !runs_of(ctx, out, false, &y)) return TP_E_MEMORY;
    for (int64_t i = 0; i < x->b.n; i++)
        for (int64_t c = 0; c < x->b.c; c++) {
            const int64_t at = run_at(x, i, c, size);
            loops_of(ctx)->apply_one(x->b.s, y.data + at, x->data + at, stats[2 * c],
                                     stats[2 * c + 1] * tp_norm_at(gain, c, 1), tp_norm_at(bias, c, 0));
        }
    end_runs(ctx, &y, out);
    return TP_OK;
}

/* ---- the batch's statistics ---- */

static tp_status check_running(tp_ctx *ctx, const char *what, const tp_tensor *t)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    char got[TP_SHAPE_TEXT], want[TP_SHAPE_TEXT];
    if (t->pool) return tp_ctx_fail(ctx, TP_E_ARGUMENT, "the running %s belongs to a tape: clone it", what);
    if (!tp_dtype_is_float((tp_dtype)t->dtype))
        return tp_ctx_fail(ctx, TP_E_DTYPE, "the running %s is %s, not f32 or f64", what,
                           tp_dtype_name((tp_dtype)t->dtype));
    if (t->rank == 1 && t->dims[0] == x->dims[1]) return TP_OK;
    return tp_ctx_fail(ctx, TP_E_SHAPE, "the running %s %s does not fit x %s", what, tp_tensor_text(got, t),
                       tp_tensor_text(want, x));
}

static tp_status batch_norm_shape(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    char text[TP_SHAPE_TEXT];
    tp_status status = check(ctx, &a->affine, a->eps);
    if (status != TP_OK) return status;
    const batch b = batch_of(x);
    if (b.c && b.n * b.s == 0)
        return tp_ctx_fail(ctx, TP_E_SHAPE, "an empty batch has no statistics: x %s", tp_tensor_text(text, x));
    if (a->variance && b.c && b.n * b.s == 1)
        return tp_ctx_fail(ctx, TP_E_SHAPE, "one value a channel has no unbiased variance: x %s",
                           tp_tensor_text(text, x));
    if (!(a->momentum >= 0 && a->momentum <= 1))
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "momentum %g is not in [0, 1]", a->momentum);
    if (a->mean) status = check_running(ctx, "mean", a->mean);
    if (status == TP_OK && a->variance) status = check_running(ctx, "variance", a->variance);
    if (status == TP_OK) status = save_stats(ctx, b.c);
    return status == TP_OK ? tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, x->dims) : status;
}

/* running = (1 - momentum) running + momentum now */
static void move_running(tp_tensor *running, int64_t c, double momentum, double now)
{
    const tp_dtype dtype = (tp_dtype)running->dtype;
    char *at = running->data + c * running->strides[0] * (int64_t)tp_dtype_size(dtype);
    tp_put(dtype, at, (1 - momentum) * tp_get(dtype, at) + momentum * now);
}

static tp_status batch_norm_forward(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    saved *s = tp_ctx_saved(ctx);
    const tp_tensor *in = tp_ctx_dense(ctx, 0);
    runs x;
    if (!in || !runs_of(ctx, in, true, &x)) return TP_E_MEMORY;
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)in->dtype);
    const double n = (double)x.b.n * (double)x.b.s;
    double *stats = stats_of(ctx);
    for (int64_t c = 0; c < x.b.c; c++) {
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < x.b.n; i++) sum += loops_of(ctx)->sum(x.b.s, x.data + run_at(&x, i, c, size));
        for (int64_t i = 0; i < x.b.n; i++)
            squares += loops_of(ctx)->squares(x.b.s, x.data + run_at(&x, i, c, size), sum / n);
        stats[2 * c] = sum / n;
        stats[2 * c + 1] = 1 / sqrt(squares / n + a->eps);
        if (!s->updated && a->mean) move_running(a->mean, c, a->momentum, sum / n);
        if (!s->updated && a->variance) move_running(a->variance, c, a->momentum, squares / (n - 1));
    }
    if (!s->updated && a->mean) tp_tensor_touch(a->mean);
    if (!s->updated && a->variance) tp_tensor_touch(a->variance);
    s->updated = true;
    const tp_status status = apply(ctx, &a->affine, &x);
    end_runs(ctx, &x, NULL);
    return status;
}

/* ---- gradient ---- */

/* For each channel sum g and sum g (x - mean). */
static void channel_sums(tp_ctx *ctx, const runs *x, const runs *g, double *sums)
{
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)tp_ctx_input(ctx, 0)->dtype);
    const double *stats = stats_of(ctx);
    for (int64_t c = 0; c < x->b.c; c++) {
        sums[2 * c] = sums[2 * c + 1] = 0;
        for (int64_t i = 0; i < x->b.n; i++) {
            const int64_t at = run_at(x, i, c, size);
            loops_of(ctx)->dot(x->b.s, g->data + at, x->data + at, stats[2 * c], NULL, sums + 2 * c);
        }
    }
}

static bool all_zero(const runs *g, int64_t c, tp_dtype dtype)
{
    const int64_t size = (int64_t)tp_dtype_size(dtype);
    for (int64_t i = 0; i < g->b.n; i++)
        for (int64_t k = 0; k < g->b.s; k++)
            if (tp_get(dtype, g->data + run_at(g, i, c, size) + k * size) != 0) return false;
    return true;
}

/* dx = a g + b (x - mean) + c for each channel, with a, b, c from its sums; `by_batch`: the statistics depend on x. A
   channel without an upstream gets 0 even where its scale is infinite. */
static tp_status slopes(tp_ctx *ctx, const runs *x, const runs *g, const tp_tensor *gain, const double *sums,
                        bool by_batch)
{
    tp_tensor *grad = tp_ctx_grad(ctx, 0, NULL);
    const double *stats = stats_of(ctx), n = (double)x->b.n * (double)x->b.s;
    runs dx;
    if (!grad || !runs_of(ctx, grad, false, &dx)) return TP_E_MEMORY;
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)grad->dtype);
    for (int64_t c = 0; c < x->b.c; c++) {
        const double scale = stats[2 * c + 1], a = scale * tp_norm_at(gain, c, 1);
        const double b = by_batch ? -a * scale * scale * sums[2 * c + 1] / n : 0;
        const double shift = by_batch ? -a * sums[2 * c] / n : 0;
        const bool zero = !isfinite(scale) && all_zero(g, c, (tp_dtype)grad->dtype);
        for (int64_t i = 0; i < x->b.n; i++) {
            const int64_t at = run_at(x, i, c, size);
            if (zero)
                tp_fill(x->b.s, (tp_dtype)grad->dtype, dx.data + at, 0);
            else
                loops_of(ctx)->slope(x->b.s, dx.data + at, g->data + at, x->data + at, stats[2 * c], NULL, a, b, shift);
        }
    }
    end_runs(ctx, &dx, grad);
    return TP_OK;
}

/* What operand i gets: factor[c] times one of the sums of each channel. */
static tp_status give_channels(tp_ctx *ctx, int i, const double *sums, int which, double (*factor)(double, double),
                               const tp_tensor *gain)
{
    if (i == 0 || !tp_ctx_needs(ctx, i)) return TP_OK;
    tp_tensor *grad = tp_ctx_grad(ctx, i, NULL);
    if (!grad) return TP_E_MEMORY;
    const double *stats = stats_of(ctx);
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)grad->dtype);
    for (int64_t c = 0; c < grad->count; c++) {
        const double sum = sums[2 * c + which];
        tp_put((tp_dtype)grad->dtype, grad->data + c * size,
               sum == 0 ? 0 : sum * factor(stats[2 * c + 1], tp_norm_at(gain, c, 1)));
    }
    return TP_OK;
}

static double by_gain(double scale, double gain)
{
    (void)gain;
    return scale;
}
static double by_bias(double scale, double gain)
{
    (void)scale, (void)gain;
    return 1;
}
static double by_mean(double scale, double gain)
{
    return -scale * gain;
}
static double by_variance(double scale, double gain)
{
    return -.5 * scale * scale * scale * gain;
}

static tp_status give_all(tp_ctx *ctx, const runs *x, const runs *g, const tp_affine *affine, bool by_batch)
{
    const tp_tensor *gain = affine->gain ? tp_ctx_dense(ctx, affine->gain) : NULL;
    tp_tensor *all = tp_new_tensor(ctx->tape, TP_F64, 2, (const int64_t[]){x->b.c, 2}, ctx->op->name);
    if (!all || (affine->gain && !gain)) {
        tp_done(ctx->tape, all);
        return TP_E_MEMORY;
    }
    double *sums = (double *)(void *)all->data;
    channel_sums(ctx, x, g, sums);
    tp_status status = tp_ctx_needs(ctx, 0) ? slopes(ctx, x, g, gain, sums, by_batch) : TP_OK;
    if (status == TP_OK) status = give_channels(ctx, affine->gain, sums, 1, by_gain, gain);
    if (status == TP_OK) status = give_channels(ctx, affine->bias, sums, 0, by_bias, gain);
    if (status == TP_OK && !by_batch) status = give_channels(ctx, 1, sums, 0, by_mean, gain);
    if (status == TP_OK && !by_batch) status = give_channels(ctx, 2, sums, 1, by_variance, gain);
    tp_unref(ctx->tape, all);
    return status;
}

static tp_status gradient(tp_ctx *ctx, const tp_tensor *upstream, const tp_affine *affine, bool by_batch)
{
    tp_tensor *copy = NULL;
    const tp_tensor *in = tp_ctx_dense(ctx, 0), *dense = in ? tp_densely(ctx->tape, upstream, &copy) : NULL;
    tp_status status = TP_E_MEMORY;
    runs x, g;
    if (dense && runs_of(ctx, in, true, &x)) {
        if (runs_of(ctx, dense, true, &g)) {
            status = give_all(ctx, &x, &g, affine, by_batch);
            end_runs(ctx, &g, NULL);
        }
        end_runs(ctx, &x, NULL);
    }
    tp_done(ctx->tape, copy);
    return status;
}

static tp_status batch_norm_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const attributes *a = tp_ctx_attributes(ctx);
    return gradient(ctx, g, &a->affine, true);
}

static tp_norm_view view_of(const tp_tensor *x, double eps)
{
    const batch b = batch_of(x);
    return (tp_norm_view){.rank = 3,
                          .dims = {b.n, b.c, b.s},
                          .shared_count = 2,
                          .shared = {0, 2},
                          .gain = {b.c, 1},
                          .centre = true,
                          .eps = eps};
}

static tp_status batch_norm_backward(tp_ctx *ctx, tp_var g)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_norm_view view = view_of(tp_ctx_input(ctx, 0), a->eps);
    return tp_norm_backward(ctx, g, &a->affine, &view);
}

const tp_op tp_op_batch_norm = {
    TP_OP_HEAD,
    .name = "batch_norm",
    .arity = TP_VARIADIC,
    .structure = TP_DENSE,
    .attributes = sizeof(attributes),
    .shape = batch_norm_shape,
    .forward = batch_norm_forward,
    .backward = batch_norm_backward,
    .gradient = batch_norm_gradient,
    .text = {.formula = "(x - mean) / sqrt(variance + eps) gain + bias, by the statistics of each channel of the batch",
             .derivative = "as layer_norm, a channel of the batch for a row",
             .shapes = "x: (N, C, ...), gain and bias: (C) -> x's shape",
             .edges = "variance 0 with eps 0: NaN, as 0/0 says; a channel without an upstream gets 0 all the same; an "
                      "empty batch is refused; running statistics are updated when recorded, not on replay"}};

tp_var tp_batch_norm(tp_var x, tp_var gain, tp_var bias, tp_tensor *mean, tp_tensor *variance, double momentum,
                     double eps)
{
    attributes a = {.eps = eps, .momentum = momentum, .mean = mean, .variance = variance};
    tp_var inputs[3] = {x};
    const int n = tp_affine_inputs(gain, bias, 1, inputs, &a.affine);
    return tp_apply(&tp_op_batch_norm, inputs, n, &a);
}

/* ---- given statistics: operands 1 and 2 ---- */

static tp_status fixed_shape(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    if (tp_ctx_count(ctx) < 3) return tp_ctx_fail(ctx, TP_E_ARGUMENT, "%d operands are too few", tp_ctx_count(ctx));
    tp_status status = check(ctx, &a->affine, a->eps);
    if (status == TP_OK) status = tp_part_check(ctx, "mean", 1, 1, x->dims + 1);
    if (status == TP_OK) status = tp_part_check(ctx, "variance", 2, 1, x->dims + 1);
    if (status == TP_OK) status = save_stats(ctx, x->dims[1]);
    return status == TP_OK ? tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, x->dims) : status;
}

static tp_status fixed_forward(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_dense(ctx, 0), *mean = tp_ctx_dense(ctx, 1), *variance = tp_ctx_dense(ctx, 2);
    double *stats = stats_of(ctx);
    runs r;
    if (!x || !mean || !variance || !runs_of(ctx, x, true, &r)) return TP_E_MEMORY;
    for (int64_t c = 0; c < x->dims[1]; c++) {
        stats[2 * c] = tp_norm_at(mean, c, 0);
        stats[2 * c + 1] = 1 / sqrt(tp_norm_at(variance, c, 0) + a->eps);
    }
    const tp_status status = apply(ctx, &a->affine, &r);
    end_runs(ctx, &r, NULL);
    return status;
}

static tp_status fixed_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const attributes *a = tp_ctx_attributes(ctx);
    return gradient(ctx, g, &a->affine, false);
}

/* dx = h s, dmean = -sum h s, dvariance = -1/2 sum h z s^2, with h = g gain and s = 1/sqrt(variance + eps) */
static tp_status fixed_backward(tp_ctx *ctx, tp_var g)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const tp_norm_view view = view_of(x, a->eps);
    const int64_t *column = view.gain, channels = x->dims[1];
    const tp_var mean = tp_reshape(tp_ctx_input_var(ctx, 1), 2, column);
    const tp_var variance = tp_reshape(tp_ctx_input_var(ctx, 2), 2, column);
    const tp_var scale = tp_pows(tp_adds(variance, a->eps), -.5);
    const tp_var z = tp_mul(tp_sub(tp_reshape(tp_ctx_input_var(ctx, 0), 3, view.dims), mean), scale);
    g = tp_reshape(g, 3, view.dims);
    tp_status status = tp_affine_backward(ctx, g, z, &a->affine, &view);
    if (a->affine.gain) g = tp_mul_masked(g, tp_reshape(tp_ctx_input_var(ctx, a->affine.gain), 2, column));
    const tp_var dx = tp_mul_masked(g, scale);
    if (status == TP_OK) status = tp_give(ctx, 0, tp_reshape(dx, x->rank, x->dims));
    if (status == TP_OK && tp_ctx_needs(ctx, 1))
        status = tp_give(ctx, 1, tp_neg(tp_reshape(tp_sum_axes(dx, TP_AXES(0, 2), false), 1, &channels)));
    if (status == TP_OK && tp_ctx_needs(ctx, 2)) {
        const tp_var each = tp_mul_masked(dx, tp_mul(z, tp_muls(scale, -.5)));
        status = tp_give(ctx, 2, tp_reshape(tp_sum_axes(each, TP_AXES(0, 2), false), 1, &channels));
    }
    return status;
}

const tp_op tp_op_batch_norm_fixed = {
    TP_OP_HEAD,
    .name = "batch_norm_fixed",
    .arity = TP_VARIADIC,
    .structure = TP_DENSE,
    .attributes = sizeof(attributes),
    .shape = fixed_shape,
    .forward = fixed_forward,
    .backward = fixed_backward,
    .gradient = fixed_gradient,
    .text = {.formula = "(x - mean) / sqrt(variance + eps) gain + bias, with a given mean and variance of each channel",
             .derivative = "dx = h s, dmean = -sum h s, dvariance = -1/2 sum h z s^2, dgain = sum g z, dbias = sum g, "
                           "with h = g gain, s = 1/sqrt(variance + eps), z = (x - mean) s",
             .shapes = "x: (N, C, ...), the others: (C) -> x's shape",
             .edges = "a channel without an upstream gets 0; empty batches work"}};

tp_var tp_batch_norm_fixed(tp_var x, tp_var mean, tp_var variance, tp_var gain, tp_var bias, double eps)
{
    attributes a = {.eps = eps};
    tp_var inputs[5] = {x, mean, variance};
    const int n = tp_affine_inputs(gain, bias, 3, inputs, &a.affine);
    return tp_apply(&tp_op_batch_norm_fixed, inputs, n, &a);
}
