/* Scaled dot-product attention as one node:

       y = d(p) v,   p = softmax(scale q k^T + mask),   d: dropout
       dv = d(p)^T g,   ds = p (h - sum h p) with h = d(g v^T),   dq = scale ds k,   dk = scale ds^T q,   dmask = ds

   The weights p are saved for the numeric rule; recorded, they are made again. */
#include <math.h>
#include <string.h>

#include "ops/dropout.h"
#include "ops/masked_softmax.h"

typedef struct attributes {
    tp_score_rule rule;
    double dropout;
} attributes;

typedef struct saved {
    tp_tensor *weights; /* before dropout */
    tp_rng rng;
} saved;

enum { Q, K, V, MASK };

/* One call's sizes: batches of q (l, e), k (s, e), v (s, width). */
typedef struct sizes {
    int64_t batches, l, s, e, width;
} sizes;

static sizes sizes_of(const tp_tensor *q, const tp_tensor *k, const tp_tensor *v)
{
    return (sizes){tp_shape_count(q->rank - 2, q->dims), q->dims[q->rank - 2], k->dims[k->rank - 2],
                   q->dims[q->rank - 1], v->dims[v->rank - 1]};
}

static tp_status misfit(tp_ctx *ctx)
{
    char q[TP_SHAPE_TEXT], k[TP_SHAPE_TEXT], v[TP_SHAPE_TEXT];
    return tp_ctx_fail(ctx, TP_E_SHAPE,
                       "q %s, k %s, v %s do not fit: needs (..., L, E), (..., S, E), (..., S, Ev) with equal leading "
                       "dims",
                       tp_tensor_text(q, tp_ctx_input(ctx, Q)), tp_tensor_text(k, tp_ctx_input(ctx, K)),
                       tp_tensor_text(v, tp_ctx_input(ctx, V)));
}

static tp_status check_operands(tp_ctx *ctx)
{
    const tp_tensor *q = tp_ctx_input(ctx, Q);
    for (int i = Q; i <= V; i++) {
        const tp_tensor *x = tp_ctx_input(ctx, i);
        if (tp_need_float(ctx, i) != TP_OK) return TP_E_DTYPE;
        if (tp_need_first_dtype(ctx, i) != TP_OK) return TP_E_DTYPE;
        if (x->rank < 2 || x->rank != q->rank || memcmp(x->dims, q->dims, (size_t)(q->rank - 2) * sizeof *q->dims) != 0)
            return misfit(ctx);
    }
    const tp_tensor *k = tp_ctx_input(ctx, K), *v = tp_ctx_input(ctx, V);
    const int rank = q->rank;
    return q->dims[rank - 1] == k->dims[rank - 1] && k->dims[rank - 2] == v->dims[rank - 2] ? TP_OK : misfit(ctx);
}

static tp_status attention_shape(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    if (tp_ctx_count(ctx) < MASK || tp_ctx_count(ctx) > MASK + 1)
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "takes 3 or 4 operands, not %d", tp_ctx_count(ctx));
    tp_status status = check_operands(ctx);
    if (status != TP_OK) return status;
    if (!isfinite(a->rule.scale)) return tp_ctx_fail(ctx, TP_E_ARGUMENT, "a scale of %g", a->rule.scale);
    if (!(a->dropout >= 0 && a->dropout <= 1))
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "a dropout of %g, not in [0, 1]", a->dropout);
    const tp_tensor *q = tp_ctx_input(ctx, Q);
    const sizes n = sizes_of(q, tp_ctx_input(ctx, K), tp_ctx_input(ctx, V));
    const int rank = q->rank;
    int64_t dims[TP_MAX_RANK];
    memcpy(dims, q->dims, sizeof dims);
    dims[rank - 1] = n.s;
    status = tp_mask_check(ctx, tp_ctx_count(ctx) > MASK ? MASK : 0, (tp_dtype)q->dtype, rank, dims);
    if (status != TP_OK) return status;
    saved *kept = tp_ctx_save(ctx, sizeof *kept);
    if (!kept || !(kept->weights = tp_ctx_save_tensor(ctx, (tp_dtype)q->dtype, rank, dims))) return TP_E_MEMORY;
    dims[rank - 1] = n.width;
    return tp_ctx_result(ctx, 0, (tp_dtype)q->dtype, rank, dims);
}

/* The batch-th matrix of x. */
static char *matrix_at(const tp_tensor *x, int64_t batch)
{
    int64_t at = 0;
    for (int i = x->rank - 3; i >= 0; i--) {
        at += batch % x->dims[i] * x->strides[i];
        batch /= x->dims[i];
    }
    return x->data + at * (int64_t)tp_dtype_size((tp_dtype)x->dtype);
}

/* out = a b for every batch, either of them transposed; out is dense. */
static tp_status multiply(tp_ctx *ctx, int64_t batches, const tp_tensor *a, bool turn_a, const tp_tensor *b,
                          bool turn_b, tp_tensor *out)
{
    const int i = a->rank - 2, j = a->rank - 1;
    const int64_t m = out->dims[i], n = out->dims[j], k = a->dims[turn_a ? i : j];
    for (int64_t batch = 0; batch < batches; batch++) {
        const tp_gemm_args args = {.m = m,
                                   .n = n,
                                   .k = k,
                                   .a = matrix_at(a, batch),
                                   .a_row = a->strides[turn_a ? j : i],
                                   .a_col = a->strides[turn_a ? i : j],
                                   .b = matrix_at(b, batch),
                                   .b_row = b->strides[turn_b ? j : i],
                                   .b_col = b->strides[turn_b ? i : j],
                                   .c = matrix_at(out, batch),
                                   .c_row = n};
        if (tp_multiply(ctx->tape, (tp_dtype)out->dtype, &args) != TP_OK) return TP_E_MEMORY;
    }
    return TP_OK;
}

/* The weights after dropout: themselves, or in *made, which tp_done gives back. */
static tp_tensor *dropped(tp_ctx *ctx, tp_tensor **made)
{
    const attributes *a = tp_ctx_attributes(ctx);
    saved *kept = tp_ctx_saved(ctx);
    *made = NULL;
    if (a->dropout == 0) return kept->weights;
    tp_tensor *p = kept->weights;
    *made = tp_new_tensor(ctx->tape, (tp_dtype)p->dtype, p->rank, p->dims, ctx->op->name);
    if (*made) tp_drop(ctx, a->dropout, &kept->rng, p, *made);
    return *made;
}

static tp_status attention_forward(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    saved *kept = tp_ctx_saved(ctx);
    const tp_tensor *q = tp_ctx_input(ctx, Q), *k = tp_ctx_input(ctx, K), *v = tp_ctx_input(ctx, V);
    const sizes n = sizes_of(q, k, v);
    tp_tensor *made = NULL;
    tp_status status = multiply(ctx, n.batches, q, false, k, true, kept->weights);
    if (status == TP_OK)
        status = tp_masked_rows(ctx, &a->rule, tp_ctx_count(ctx) > MASK ? MASK : 0, kept->weights, kept->weights);
    if (status != TP_OK) return status;
    const tp_tensor *p = dropped(ctx, &made);
    status = p ? multiply(ctx, n.batches, p, false, v, false, tp_ctx_output(ctx, 0)) : TP_E_MEMORY;
    tp_done(ctx->tape, made);
    return status;
}

/* ---- gradient ---- */

/* h = d(g v^T) */
static tp_status weight_gradient(tp_ctx *ctx, const sizes *n, const tp_tensor *g, tp_tensor *h)
{
    const attributes *a = tp_ctx_attributes(ctx);
    saved *kept = tp_ctx_saved(ctx);
    const tp_status status = multiply(ctx, n->batches, g, false, tp_ctx_input(ctx, V), true, h);
    if (status == TP_OK && a->dropout > 0) tp_drop(ctx, a->dropout, &kept->rng, h, h);
    return status;
}

/* out = scale p (h - sum h p); out may be h. */
static void slope(tp_ctx *ctx, const sizes *n, const tp_tensor *h, double scale, tp_tensor *out)
{
    const tp_tensor *p = ((saved *)tp_ctx_saved(ctx))->weights;
    const int64_t bytes = n->s * (int64_t)tp_dtype_size((tp_dtype)p->dtype);
    const tp_attention_loops *loops = ctx->tape->kernels->of[p->dtype]->attention;
    for (int64_t i = 0; i < n->batches * n->l && n->s; i++)
        loops->slope(n->s, out->data + i * bytes, p->data + i * bytes, h->data + i * bytes, scale);
}

static tp_status give_mask(tp_ctx *ctx, const sizes *n, const tp_tensor *h)
{
    if (!tp_ctx_needs(ctx, MASK)) return TP_OK;
    tp_tensor *ds = tp_new_tensor(ctx->tape, (tp_dtype)h->dtype, h->rank, h->dims, ctx->op->name);
    if (!ds) return TP_E_MEMORY;
    slope(ctx, n, h, 1, ds);
    const tp_status status = tp_ctx_pass(ctx, MASK, ds);
    tp_unref(ctx->tape, ds);
    return status;
}

/* A product as the gradient of operand i. */
static tp_status give_product(tp_ctx *ctx, int i, int64_t batches, const tp_tensor *a, bool turn, const tp_tensor *b)
{
    if (!tp_ctx_needs(ctx, i)) return TP_OK;
    tp_tensor *grad = tp_ctx_grad(ctx, i, NULL);
    return grad ? multiply(ctx, batches, a, turn, b, false, grad) : TP_E_MEMORY;
}

static tp_status give_scores(tp_ctx *ctx, const sizes *n, const tp_tensor *g)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *p = ((saved *)tp_ctx_saved(ctx))->weights;
    if (!tp_ctx_needs(ctx, Q) && !tp_ctx_needs(ctx, K) && !tp_ctx_needs(ctx, MASK)) return TP_OK;
    tp_tensor *h = tp_new_tensor(ctx->tape, (tp_dtype)p->dtype, p->rank, p->dims, ctx->op->name);
    if (!h) return TP_E_MEMORY;
    tp_status status = weight_gradient(ctx, n, g, h);
    if (status == TP_OK) status = give_mask(ctx, n, h);
    slope(ctx, n, h, a->rule.scale, h);
    if (status == TP_OK) status = give_product(ctx, Q, n->batches, h, false, tp_ctx_input(ctx, K));
    if (status == TP_OK) status = give_product(ctx, K, n->batches, h, true, tp_ctx_input(ctx, Q));
    tp_unref(ctx->tape, h);
    return status;
}

static tp_status attention_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const sizes n = sizes_of(tp_ctx_input(ctx, Q), tp_ctx_input(ctx, K), tp_ctx_input(ctx, V));
    tp_tensor *made = NULL;
    tp_status status = TP_OK;
    if (tp_ctx_needs(ctx, V)) {
        const tp_tensor *p = dropped(ctx, &made);
        status = p ? give_product(ctx, V, n.batches, p, true, g) : TP_E_MEMORY;
        tp_done(ctx->tape, made);
    }
    return status == TP_OK ? give_scores(ctx, &n, g) : status;
}

static tp_status attention_backward(tp_ctx *ctx, tp_var g)
{
    const attributes *a = tp_ctx_attributes(ctx);
    saved *kept = tp_ctx_saved(ctx);
    const tp_var q = tp_ctx_input_var(ctx, Q), k = tp_ctx_input_var(ctx, K), v = tp_ctx_input_var(ctx, V);
    const tp_var mask = tp_ctx_count(ctx) > MASK ? tp_ctx_input_var(ctx, MASK) : tp_none();
    const tp_var p = tp_masked_softmax_by(tp_matmul(q, tp_transpose(k, -1, -2)), mask, &a->rule);
    tp_status status = TP_OK;
    if (tp_ctx_needs(ctx, V)) {
        const tp_var used = a->dropout > 0 ? tp_dropout_like(p, a->dropout, &kept->rng) : p;
        status = tp_give(ctx, V, tp_matmul(tp_transpose(used, -1, -2), g));
    }
    tp_var h = tp_matmul(g, tp_transpose(v, -1, -2));
    if (a->dropout > 0) h = tp_dropout_like(h, a->dropout, &kept->rng);
    const tp_var ds = tp_softmax_slope(p, h), scaled = tp_muls(ds, a->rule.scale);
    if (status == TP_OK && tp_ctx_needs(ctx, Q)) status = tp_give(ctx, Q, tp_matmul(scaled, k));
    if (status == TP_OK && tp_ctx_needs(ctx, K)) status = tp_give(ctx, K, tp_matmul(tp_transpose(scaled, -1, -2), q));
    return status == TP_OK && tp_ctx_needs(ctx, MASK) ? tp_give(ctx, MASK, ds) : status;
}

/* A row of the result on its row of q and of the mask, on all of k, and on its own column of v. */
static tp_status attention_pattern(tp_ctx *ctx)
{
    for (int i = 0; i < tp_ctx_count(ctx); i++) {
        const int rank = tp_ctx_input(ctx, i)->rank;
        if (!tp_pattern_operand(ctx, i)) continue;
        const unsigned row = rank ? 1u << (rank - 1) : 0, column = rank > 1 ? 1u << (rank - 2) : 0;
        tp_status status = tp_pattern_mix(ctx, i == V ? column : (i == K ? row | column : row));
        if (status == TP_OK) status = tp_pattern_to(ctx, 0, NULL);
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

const tp_op tp_op_attention = {
    TP_OP_HEAD,
    .name = "attention",
    .arity = TP_VARIADIC,
    .structure = TP_DENSE,
    .attributes = sizeof(attributes),
    .pattern = attention_pattern,
    .shape = attention_shape,
    .forward = attention_forward,
    .backward = attention_backward,
    .gradient = attention_gradient,
    .text = {.formula = "d(p) v, p = softmax(scale q k^T + mask), d dropout; a u8 mask leaves out what it has 0 at",
             .derivative = "dv = d(p)^T g, ds = p (h - sum h p) with h = d(g v^T), dq = scale ds k, dk = scale ds^T q, "
                           "dmask = ds",
             .shapes =
                 "q: (..., L, E), k: (..., S, E), v: (..., S, Ev), mask: broadcast to (..., L, S) -> (..., L, Ev)",
             .dtypes = "f32, f64; the mask theirs or u8",
             .edges = "a row that attends to nothing is 0, and so is its gradient"}};

tp_var tp_attention(tp_var q, tp_var k, tp_var v, tp_var mask, const tp_attention_options *options)
{
    const tp_attention_options o = options ? *options : (tp_attention_options){0};
    attributes a = {{o.scale, o.causal}, o.dropout};
    const int rank = tp_var_rank(q);
    if (o.scale == 0 && rank > 0) a.rule.scale = 1 / sqrt((double)tp_var_dims(q)[rank - 1]);
    if (o.scale == 0 && !isfinite(a.rule.scale)) a.rule.scale = 1; /* of nothing: all scores are 0 */
    const tp_var inputs[] = {q, k, v, mask};
    return tp_apply(&tp_op_attention, inputs, mask.tape ? 4 : 3, &a);
}
