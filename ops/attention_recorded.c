/* Attention's rule in recorded ops, and its pattern. With

       p = softmax(scale q k^T + mask),   h = d(g v^T),   ds = p (h - sum h p)

   dv = d(p)^T g, dq = scale ds k, dk = scale ds^T q, dmask = ds; heads that lie side by side become matrices first. */
#include <string.h>

#include "ops/attention.h"

/* (..., T, heads d) as (..., heads, T, d), and back. */
static tp_var cut(tp_var x, int64_t heads)
{
    const int rank = tp_var_rank(x);
    if (!heads || rank < 2) return x;
    int64_t dims[TP_MAX_RANK + 1];
    memcpy(dims, tp_var_dims(x), (size_t)rank * sizeof *dims);
    dims[rank] = dims[rank - 1] / heads;
    dims[rank - 1] = heads;
    return tp_transpose(tp_reshape(x, rank + 1, dims), -2, -3);
}

static tp_var join(tp_var x, int64_t heads)
{
    const int rank = tp_var_rank(x);
    return heads && rank > 2 ? tp_flatten(tp_transpose(x, -2, -3), rank - 2, rank - 1) : x;
}

/* q, k and v as matrices. */
static void matrices_of(tp_ctx *ctx, tp_var x[3])
{
    const tp_attention_attributes *a = tp_ctx_attributes(ctx);
    if (a->packed) {
        const tp_var whole = tp_ctx_input_var(ctx, 0);
        const int64_t width = tp_var_dims(whole)[tp_var_rank(whole) - 1] / 3;
        for (int i = Q; i <= V; i++) x[i] = cut(tp_slice(whole, -1, i * width, (i + 1) * width, 1), a->heads);
    } else {
        for (int i = Q; i <= V; i++) x[i] = cut(tp_ctx_input_var(ctx, i), a->heads);
    }
}

static tp_status give_parts(tp_ctx *ctx, const tp_var grads[3])
{
    const tp_attention_attributes *a = tp_ctx_attributes(ctx);
    tp_var joined[3];
    tp_status status = TP_OK;
    for (int i = Q; i <= V; i++) joined[i] = grads[i].tape ? join(grads[i], a->heads) : tp_none();
    if (a->packed) return tp_ctx_needs(ctx, 0) ? tp_give(ctx, 0, tp_concat(joined, 3, -1)) : TP_OK;
    for (int i = Q; i <= V && status == TP_OK; i++)
        if (joined[i].tape) status = tp_give(ctx, i, joined[i]);
    return status;
}

tp_status tp_attention_backward(tp_ctx *ctx, tp_var g)
{
    const tp_attention_attributes *a = tp_ctx_attributes(ctx);
    tp_attention_saved *kept = tp_ctx_saved(ctx);
    tp_var x[3], grads[3] = {{0}};
    matrices_of(ctx, x);
    g = cut(g, a->heads);
    const tp_var mask = mask_of(ctx) ? tp_ctx_input_var(ctx, mask_of(ctx)) : tp_none();
    const tp_var p = tp_masked_softmax_by(tp_matmul(x[Q], tp_transpose(x[K], -1, -2)), mask, &a->rule);
    if (tp_ctx_needs(ctx, operand_of(ctx, V))) {
        const tp_var used = a->dropout > 0 ? tp_dropout_like(p, a->dropout, &kept->rng) : p;
        grads[V] = tp_matmul(tp_transpose(used, -1, -2), g);
    }
    tp_var h = tp_matmul(g, tp_transpose(x[V], -1, -2));
    if (a->dropout > 0) h = tp_dropout_like(h, a->dropout, &kept->rng);
    const tp_var ds = tp_softmax_slope(p, h), scaled = tp_muls(ds, a->rule.scale);
    if (tp_ctx_needs(ctx, operand_of(ctx, Q))) grads[Q] = tp_matmul(scaled, x[K]);
    if (tp_ctx_needs(ctx, operand_of(ctx, K))) grads[K] = tp_matmul(tp_transpose(scaled, -1, -2), x[Q]);
    const tp_status status = give_parts(ctx, grads);
    return status == TP_OK && mask_of(ctx) && tp_ctx_needs(ctx, mask_of(ctx)) ? tp_give(ctx, mask_of(ctx), ds) : status;
}

/* With heads side by side rows are taken as a whole, and a mask goes everywhere. */
static tp_status beside_pattern(tp_ctx *ctx)
{
    int nowhere[TP_MAX_RANK];
    for (int d = 0; d < TP_MAX_RANK; d++) nowhere[d] = -1;
    for (int i = 0; i < tp_ctx_count(ctx); i++) {
        tp_status status = TP_OK;
        if (i != mask_of(ctx) || i == 0)
            status = tp_pattern_batch(ctx, i, 2, 0, 2);
        else if (tp_pattern_operand(ctx, i))
            status = tp_pattern_to(ctx, 0, nowhere);
        if (status != TP_OK) return status;
    }
    return TP_OK;
}

/* A row of the result on its row of q and of the mask, on all of k, and on its own column of v. */
tp_status tp_attention_pattern(tp_ctx *ctx)
{
    if (((const tp_attention_attributes *)tp_ctx_attributes(ctx))->heads) return beside_pattern(ctx);
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
