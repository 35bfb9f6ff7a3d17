/* What the normalisations of channels share: channels as runs of elements, what statistics do to them, the numeric
 * rule. */
#include "ops/channels.h"

#include <math.h>

enum { SHORT_RUN = 8 };

tp_batch tp_batch_seen(const tp_tensor *x)
{
    return (tp_batch){x->dims[0], x->dims[1], tp_shape_count(x->rank - 2, x->dims + 2)};
}

tp_status tp_channel_check(tp_ctx *ctx, const tp_affine *affine, double eps)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    char text[TP_SHAPE_TEXT];
    if (x->rank < 2)
        return tp_ctx_fail(ctx, TP_E_SHAPE, "x %s has fewer than 2 dims: needs (N, C, ...)", tp_tensor_text(text, x));
    return tp_affine_check(ctx, affine, eps, 1, x->dims + 1);
}

tp_status tp_channel_save(tp_ctx *ctx, int64_t channels)
{
    tp_channel_saved *s = tp_ctx_save(ctx, sizeof *s);
    if (!s) return TP_E_MEMORY;
    s->stats = tp_ctx_save_tensor(ctx, TP_F64, 2, (const int64_t[]){channels, 2});
    return s->stats ? TP_OK : TP_E_MEMORY;
}

/* ---- channels as runs ---- */

static void turn(const tp_batch *b, tp_dtype dtype, char *to, const char *from, bool together)
{
    const int64_t dims[3] = {b->c, b->n, b->s};
    const int64_t apart[3] = {b->s, b->c * b->s, 1}, close[3] = {b->n * b->s, b->s, 1};
    tp_copy(3, dims, dtype, to, together ? close : apart, dtype, from, together ? apart : close);
}

bool tp_runs_of(tp_ctx *ctx, const tp_tensor *x, bool fill, tp_runs *r)
{
    const tp_batch b = tp_batch_seen(x);
    *r = (tp_runs){x->data, NULL, b};
    if (b.s >= SHORT_RUN || b.n <= 1) return true;
    r->copy = tp_new_tensor(ctx->tape, (tp_dtype)x->dtype, 2, (const int64_t[]){b.c, b.n * b.s}, ctx->op->name);
    if (!r->copy) return false;
    r->data = r->copy->data;
    r->b = (tp_batch){1, b.c, b.n * b.s};
    if (fill) turn(&b, (tp_dtype)x->dtype, r->data, x->data, true);
    return true;
}

void tp_runs_end(tp_ctx *ctx, tp_runs *r, const tp_tensor *back_to)
{
    if (!r->copy) return;
    const tp_batch b = back_to ? tp_batch_seen(back_to) : r->b;
    if (back_to) turn(&b, (tp_dtype)back_to->dtype, back_to->data, r->data, false);
    tp_unref(ctx->tape, r->copy);
}

double *tp_channel_stats(tp_ctx *ctx)
{
    return (double *)(void *)((tp_channel_saved *)tp_ctx_saved(ctx))->stats->data;
}

const tp_norm_loops *tp_channel_loops(tp_ctx *ctx)
{
    return ctx->tape->kernels->of[tp_ctx_input(ctx, 0)->dtype]->norm;
}

tp_status tp_channel_apply(tp_ctx *ctx, const tp_affine *affine, const tp_runs *x)
{
    tp_tensor *out = tp_ctx_output(ctx, 0);
    const tp_tensor *gain = affine->gain ? tp_ctx_dense(ctx, affine->gain) : NULL;
    const tp_tensor *bias = affine->bias ? tp_ctx_dense(ctx, affine->bias) : NULL;
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)out->dtype);
    const double *stats = tp_channel_stats(ctx);
    tp_runs y;
    if ((affine->gain && !gain) || (affine->bias && !bias) || !tp_runs_of(ctx, out, false, &y)) return TP_E_MEMORY;
    for (int64_t i = 0; i < x->b.n; i++)
        for (int64_t c = 0; c < x->b.c; c++) {
            const int64_t at = tp_run_at(x, i, c, size);
            tp_channel_loops(ctx)->apply_one(x->b.s, y.data + at, x->data + at, stats[2 * c],
                                             stats[2 * c + 1] * tp_norm_at(gain, c, 1), tp_norm_at(bias, c, 0));
        }
    tp_runs_end(ctx, &y, out);
    return TP_OK;
}

/* ---- gradient ---- */

/* For each channel sum g and sum g (x - mean). */
static void channel_sums(tp_ctx *ctx, const tp_runs *x, const tp_runs *g, double *sums)
{
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)tp_ctx_input(ctx, 0)->dtype);
    const double *stats = tp_channel_stats(ctx);
    for (int64_t c = 0; c < x->b.c; c++) {
        sums[2 * c] = sums[2 * c + 1] = 0;
        for (int64_t i = 0; i < x->b.n; i++) {
            const int64_t at = tp_run_at(x, i, c, size);
            tp_channel_loops(ctx)->dot(x->b.s, g->data + at, x->data + at, stats[2 * c], NULL, sums + 2 * c);
        }
    }
}

static bool all_zero(const tp_runs *g, int64_t c, tp_dtype dtype)
{
    const int64_t size = (int64_t)tp_dtype_size(dtype);
    for (int64_t i = 0; i < g->b.n; i++)
        for (int64_t k = 0; k < g->b.s; k++)
            if (tp_get(dtype, g->data + tp_run_at(g, i, c, size) + k * size) != 0) return false;
    return true;
}

/* dx = a g + b (x - mean) + c for each channel, with a, b, c from its sums; `by_batch`: the statistics depend on x. A
   channel without an upstream gets 0 even where its scale is infinite. */
static tp_status slopes(tp_ctx *ctx, const tp_runs *x, const tp_runs *g, const tp_tensor *gain, const double *sums,
                        bool by_batch)
{
    tp_tensor *grad = tp_ctx_grad(ctx, 0, NULL);
    const double *stats = tp_channel_stats(ctx), n = (double)x->b.n * (double)x->b.s;
    tp_runs dx;
    if (!grad || !tp_runs_of(ctx, grad, false, &dx)) return TP_E_MEMORY;
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)grad->dtype);
    for (int64_t c = 0; c < x->b.c; c++) {
        const double scale = stats[2 * c + 1], a = scale * tp_norm_at(gain, c, 1);
        const double b = by_batch ? -a * scale * scale * sums[2 * c + 1] / n : 0;
        const double shift = by_batch ? -a * sums[2 * c] / n : 0;
        const bool zero = !isfinite(scale) && all_zero(g, c, (tp_dtype)grad->dtype);
        for (int64_t i = 0; i < x->b.n; i++) {
            const int64_t at = tp_run_at(x, i, c, size);
            if (zero)
                tp_fill(x->b.s, (tp_dtype)grad->dtype, dx.data + at, 0);
            else
                tp_channel_loops(ctx)->slope(x->b.s, dx.data + at, g->data + at, x->data + at, stats[2 * c], NULL, a, b,
                                             shift);
        }
    }
    tp_runs_end(ctx, &dx, grad);
    return TP_OK;
}

/* What operand i gets: factor[c] times one of the sums of each channel. */
static tp_status give_channels(tp_ctx *ctx, int i, const double *sums, int which, double (*factor)(double, double),
                               const tp_tensor *gain)
{
    if (i == 0 || !tp_ctx_needs(ctx, i)) return TP_OK;
    tp_tensor *grad = tp_ctx_grad(ctx, i, NULL);
    if (!grad) return TP_E_MEMORY;
    const double *stats = tp_channel_stats(ctx);
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

static tp_status give_all(tp_ctx *ctx, const tp_runs *x, const tp_runs *g, const tp_affine *affine, bool by_batch)
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

tp_status tp_channel_gradient(tp_ctx *ctx, const tp_tensor *upstream, const tp_affine *affine, bool by_batch)
{
    tp_tensor *copy = NULL;
    const tp_tensor *in = tp_ctx_dense(ctx, 0), *dense = in ? tp_densely(ctx->tape, upstream, &copy) : NULL;
    tp_status status = TP_E_MEMORY;
    tp_runs x, g;
    if (dense && tp_runs_of(ctx, in, true, &x)) {
        if (tp_runs_of(ctx, dense, true, &g)) {
            status = give_all(ctx, &x, &g, affine, by_batch);
            tp_runs_end(ctx, &g, NULL);
        }
        tp_runs_end(ctx, &x, NULL);
    }
    tp_done(ctx->tape, copy);
    return status;
}

tp_norm_view tp_channel_view(const tp_tensor *x, double eps)
{
    const tp_batch b = tp_batch_seen(x);
    return (tp_norm_view){.rank = 3,
                          .dims = {b.n, b.c, b.s},
                          .shared_count = 2,
                          .shared = {0, 2},
                          .gain = {b.c, 1},
                          .centre = true,
                          .eps = eps};
}
