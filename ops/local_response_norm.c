/* Normalisation of each element by those in the channels around it:

       y_c = x_c d_c^-beta,   d_c = k + alpha / size sum of x_j^2 for c - size/2 <= j <= c + (size - 1)/2
       dx_c = g_c d_c^-beta - 2 alpha beta / size x_c sum of g_j x_j d_j^(-beta-1) for all j whose sum has x_c in it

   d is saved for the numeric rule. Recorded, a sum over channels is a product with a band of ones. */
#include <math.h>

#include "ops/ops.h"

typedef struct attributes {
    int64_t size;
    double alpha, beta, k;
} attributes;

/* x as (n, c, s). */
typedef struct sizes {
    int64_t n, c, s;
} sizes;

static sizes sizes_of(const tp_tensor *x)
{
    return (sizes){x->dims[0], x->dims[1], tp_shape_count(x->rank - 2, x->dims + 2)};
}

static tp_status local_response_norm_shape(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    char text[TP_SHAPE_TEXT];
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    if (x->rank < 2)
        return tp_ctx_fail(ctx, TP_E_SHAPE, "x %s has fewer than 2 dims: needs (N, C, ...)", tp_tensor_text(text, x));
    if (a->size < 1 || !isfinite(a->alpha) || !isfinite(a->beta) || !isfinite(a->k))
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "size %lld, alpha %g, beta %g, k %g", (long long)a->size, a->alpha,
                           a->beta, a->k);
    tp_tensor **d = tp_ctx_save(ctx, sizeof *d);
    if (!d || !(*d = tp_ctx_save_tensor(ctx, (tp_dtype)x->dtype, x->rank, x->dims))) return TP_E_MEMORY;
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, x->dims);
}

static tp_lrn_shape lrn_of(const tp_tensor *x, const attributes *a)
{
    const sizes s = sizes_of(x);
    const int64_t before = a->size / 2, behind = (a->size - 1) / 2;
    return (tp_lrn_shape){
        s.c, s.s, before < s.c ? before : s.c, behind < s.c ? behind : s.c, a->alpha / (double)a->size, a->beta, a->k};
}

static tp_status local_response_norm_forward(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_dense(ctx, 0);
    if (!x) return TP_E_MEMORY;
    const sizes s = sizes_of(x);
    const tp_lrn_shape shape = lrn_of(x, tp_ctx_attributes(ctx));
    const int64_t bytes = s.c * s.s * (int64_t)tp_dtype_size((tp_dtype)x->dtype);
    tp_tensor *d = *(tp_tensor **)tp_ctx_saved(ctx), *out = tp_ctx_output(ctx, 0);
    for (int64_t i = 0; i < s.n && x->count; i++)
        ctx->tape->kernels->of[x->dtype]->norm->lrn(&shape, out->data + i * bytes, d->data + i * bytes,
                                                    x->data + i * bytes);
    return TP_OK;
}

static tp_status local_response_norm_gradient(tp_ctx *ctx, const tp_tensor *upstream)
{
    const tp_tensor *x = tp_ctx_dense(ctx, 0), *d = *(tp_tensor **)tp_ctx_saved(ctx);
    tp_tensor *copy = NULL, *grad = x ? tp_ctx_grad(ctx, 0, NULL) : NULL;
    const tp_tensor *g = grad ? tp_densely(ctx->tape, upstream, &copy) : NULL;
    if (!g) return TP_E_MEMORY;
    const sizes s = sizes_of(x);
    const tp_lrn_shape shape = lrn_of(x, tp_ctx_attributes(ctx));
    const int64_t bytes = s.c * s.s * (int64_t)tp_dtype_size((tp_dtype)x->dtype);
    tp_tensor *work = tp_new_tensor(ctx->tape, (tp_dtype)x->dtype, 2, (const int64_t[]){s.c, s.s}, ctx->op->name);
    for (int64_t i = 0; i < s.n && x->count && work; i++)
        ctx->tape->kernels->of[x->dtype]->norm->lrn_slope(
            &shape, grad->data + i * bytes, work->data, g->data + i * bytes, x->data + i * bytes, d->data + i * bytes);
    tp_done(ctx->tape, copy);
    tp_done(ctx->tape, work);
    return work ? TP_OK : TP_E_MEMORY;
}

/* (C, C): 1 where the row's sum has the column in it. */
static tp_var band(tp_ctx *ctx, const tp_lrn_shape *s, tp_dtype dtype)
{
    tp_tensor *ones = tp_new_tensor(ctx->tape, dtype, 2, (const int64_t[]){s->channels, s->channels}, ctx->op->name);
    if (!ones) return tp_poison(ctx->tape);
    const int64_t size = (int64_t)tp_dtype_size(dtype);
    tp_fill(ones->count, dtype, ones->data, 0);
    for (int64_t c = 0; c < s->channels; c++) {
        const int64_t first = c < s->before ? 0 : c - s->before;
        const int64_t last = s->behind > s->channels - 1 - c ? s->channels - 1 : c + s->behind;
        tp_fill(last - first + 1, dtype, ones->data + (c * s->channels + first) * size, 1);
    }
    return tp_constant_tensor(ctx->tape, ones);
}

static tp_status local_response_norm_backward(tp_ctx *ctx, tp_var g)
{
    const tp_tensor *like = tp_ctx_input(ctx, 0);
    const attributes *a = tp_ctx_attributes(ctx);
    const sizes s = sizes_of(like);
    const tp_lrn_shape shape = lrn_of(like, a);
    const int64_t dims[3] = {s.n, s.c, s.s};
    const tp_var ones = band(ctx, &shape, (tp_dtype)like->dtype);
    const tp_var x = tp_reshape(tp_ctx_input_var(ctx, 0), 3, dims);
    const tp_var d = tp_adds(tp_muls(tp_matmul(ones, tp_square(x)), shape.scale), a->k);
    g = tp_reshape(g, 3, dims);
    const tp_var t = tp_mul_masked(tp_mul_masked(g, x), tp_pows(d, -a->beta - 1));
    const tp_var seen = tp_matmul(tp_transpose(ones, 0, 1), t);
    const tp_var dx =
        tp_sub(tp_mul_masked(g, tp_pows(d, -a->beta)), tp_muls(tp_mul_masked(seen, x), 2 * a->beta * shape.scale));
    return tp_give(ctx, 0, tp_reshape(dx, like->rank, like->dims));
}

static tp_status local_response_norm_pattern(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const int64_t c = tp_ctx_input(ctx, 0)->dims[1], before = a->size / 2, behind = (a->size - 1) / 2;
    const int64_t reach = behind < c ? behind : c, back = before < c ? before : c;
    if (!tp_pattern_operand(ctx, 0)) return TP_OK;
    const tp_window w = {.outputs = c, .size = back + 1 + reach, .stride = 1, .dilation = 1, .before = back};
    const tp_status status = tp_pattern_window(ctx, 1, &w);
    return status == TP_OK ? tp_pattern_to(ctx, 0, NULL) : status;
}

const tp_op tp_op_local_response_norm = {
    TP_OP_HEAD,
    .name = "local_response_norm",
    .arity = 1,
    .structure = TP_DENSE,
    .attributes = sizeof(attributes),
    .pattern = local_response_norm_pattern,
    .shape = local_response_norm_shape,
    .forward = local_response_norm_forward,
    .backward = local_response_norm_backward,
    .gradient = local_response_norm_gradient,
    .text = {.formula = "x / d^beta, d = k + alpha / size sum of x^2 over the channels around",
             .derivative = "dx = g d^-beta - 2 alpha beta / size x sum of g x d^(-beta-1) over the channels that see x",
             .shapes = "x: (N, C, ...) -> x's shape",
             .edges = "channels outside count as 0"}};

tp_var tp_local_response_norm(tp_var x, int64_t size, double alpha, double beta, double k)
{
    return tp_call1(&tp_op_local_response_norm, x, &(attributes){size, alpha, beta, k});
}
