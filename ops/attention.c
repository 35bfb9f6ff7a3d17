/* Scaled dot-product attention as one node:

       y = d(p) v,   p = softmax(scale q k^T + mask),   d: dropout
       dv = d(p)^T g,   ds = p (h - sum h p) with h = d(g v^T),   dq = scale ds k,   dk = scale ds^T q,   dmask = ds

   The weights p are saved for the numeric rule; recorded, they are made again. The heads may lie side by side in the
   rows of q, k and v, and these side by side in the rows of one operand: then matrices are columns of the operands, and
   so the gradients and the result are written. Each matrix of scores is made, used and left while it is in the
   cache. */
#include <math.h>
#include <string.h>

#include "ops/attention.h"

/* One call's sizes: batches of q (l, e), k (s, e), v (s, width). */
typedef struct sizes {
    int64_t batches, l, s, e, width;
} sizes;

/* How many matrices lie side by side in a row of an operand. */
static int64_t beside(const tp_attention_attributes *a)
{
    return (a->heads ? a->heads : 1) * (a->packed ? 3 : 1);
}

static sizes sizes_of(tp_ctx *ctx)
{
    const tp_attention_attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *q = tp_ctx_input(ctx, 0);
    const int rank = q->rank;
    const int64_t batches = tp_shape_count(rank - 2, q->dims) * (a->heads ? a->heads : 1);
    const int64_t l = q->dims[rank - 2], e = q->dims[rank - 1] / beside(a);
    if (a->packed) return (sizes){batches, l, l, e, e};
    return (sizes){batches, l, tp_ctx_input(ctx, K)->dims[rank - 2], e,
                   tp_ctx_input(ctx, V)->dims[rank - 1] / beside(a)};
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

/* Rows hold whole heads. */
static tp_status check_row(tp_ctx *ctx, int i)
{
    const tp_attention_attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, i);
    char text[TP_SHAPE_TEXT];
    if (x->dims[x->rank - 1] % beside(a) == 0) return TP_OK;
    return tp_ctx_fail(ctx, TP_E_SHAPE, "the rows of %s are not %lld heads%s", tp_tensor_text(text, x),
                       (long long)a->heads, a->packed ? " of q, k and v" : "");
}

static tp_status check_operands(tp_ctx *ctx)
{
    const tp_attention_attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *q = tp_ctx_input(ctx, Q);
    char text[TP_SHAPE_TEXT];
    for (int i = Q; i <= (a->packed ? Q : V); i++) {
        const tp_tensor *x = tp_ctx_input(ctx, i);
        if (tp_need_float(ctx, i) != TP_OK) return TP_E_DTYPE;
        if (tp_need_first_dtype(ctx, i) != TP_OK) return TP_E_DTYPE;
        if (a->packed && x->rank < 2)
            return tp_ctx_fail(ctx, TP_E_SHAPE, "%s has no rows: needs (..., L, 3 heads E)", tp_tensor_text(text, x));
        if (x->rank < 2 || x->rank != q->rank || memcmp(x->dims, q->dims, (size_t)(q->rank - 2) * sizeof *q->dims) != 0)
            return misfit(ctx);
        if (check_row(ctx, i) != TP_OK) return TP_E_SHAPE;
    }
    if (a->packed) return TP_OK;
    const tp_tensor *k = tp_ctx_input(ctx, K), *v = tp_ctx_input(ctx, V);
    const int rank = q->rank;
    return q->dims[rank - 1] == k->dims[rank - 1] && k->dims[rank - 2] == v->dims[rank - 2] ? TP_OK : misfit(ctx);
}

static tp_status attention_shape(tp_ctx *ctx)
{
    const tp_attention_attributes *a = tp_ctx_attributes(ctx);
    const int least = operand_of(ctx, MASK);
    if (tp_ctx_count(ctx) < least || tp_ctx_count(ctx) > least + 1)
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "takes %d or %d operands, not %d", least, least + 1, tp_ctx_count(ctx));
    tp_status status = check_operands(ctx);
    if (status != TP_OK) return status;
    if (!isfinite(a->rule.scale)) return tp_ctx_fail(ctx, TP_E_ARGUMENT, "a scale of %g", a->rule.scale);
    if (!(a->dropout >= 0 && a->dropout <= 1))
        return tp_ctx_fail(ctx, TP_E_ARGUMENT, "a dropout of %g, not in [0, 1]", a->dropout);
    const tp_tensor *q = tp_ctx_input(ctx, Q);
    const tp_dtype dtype = (tp_dtype)q->dtype;
    size_t batches;
    if (!tp_size_mul((size_t)tp_shape_count(q->rank - 2, q->dims), (size_t)(a->heads ? a->heads : 1), &batches) ||
        batches > INT64_MAX)
        return tp_ctx_fail(ctx, TP_E_LIMIT, "too many matrices: %lld heads", (long long)a->heads);
    const sizes n = sizes_of(ctx);
    int rank = q->rank - 2;
    if (a->heads && rank + 3 > TP_MAX_RANK)
        return tp_ctx_fail(ctx, TP_E_LIMIT, "the scores would have rank %d, above %d", rank + 3, TP_MAX_RANK);
    int64_t dims[TP_MAX_RANK];
    memcpy(dims, q->dims, sizeof dims);
    if (a->heads) dims[rank++] = a->heads;
    dims[rank++] = n.l, dims[rank++] = n.s;
    status = tp_mask_check(ctx, mask_of(ctx), dtype, rank, dims);
    if (status != TP_OK) return status;
    tp_attention_saved *kept = tp_ctx_save(ctx, sizeof *kept);
    if (!kept || !(kept->weights = tp_ctx_save_tensor(ctx, dtype, rank, dims))) return TP_E_MEMORY;
    memcpy(dims, q->dims, sizeof dims);
    dims[q->rank - 1] = n.width * (a->heads ? a->heads : 1);
    return tp_ctx_result(ctx, 0, dtype, q->rank, dims);
}

/* ---- matrices ---- */

typedef struct matrix {
    char *data;
    int64_t row, col; /* strides */
} matrix;

static matrix turned(matrix x)
{
    return (matrix){x.data, x.col, x.row};
}

/* The batch-th matrix of x, in whose rows `heads` of them (0: one) lie side by side, and that `parts` times. */
static matrix matrix_in(const tp_tensor *x, int64_t heads, int64_t parts, int64_t part, int64_t batch)
{
    const int last = x->rank - 1;
    const int64_t side = heads ? heads : 1;
    int64_t at = (part * side + batch % side) * (x->dims[last] / (side * parts)) * x->strides[last],
            lead = batch / side;
    for (int i = last - 2; i >= 0; i--) {
        at += lead % x->dims[i] * x->strides[i];
        lead /= x->dims[i];
    }
    return (matrix){x->data + at * (int64_t)tp_dtype_size((tp_dtype)x->dtype), x->strides[last - 1], x->strides[last]};
}

/* The batch-th q, k or v; in `x`, which is the operand or has its shape. */
static matrix part_in(const tp_ctx *ctx, const tp_tensor *x, int which, int64_t batch)
{
    const tp_attention_attributes *a = tp_ctx_attributes(ctx);
    return matrix_in(x, a->heads, a->packed ? 3 : 1, a->packed ? which : 0, batch);
}

static matrix input_at(tp_ctx *ctx, int which, int64_t batch)
{
    return part_in(ctx, tp_ctx_input(ctx, operand_of(ctx, which)), which, batch);
}

/* The batch-th matrix of the result, or of its gradient. */
static matrix result_at(const tp_ctx *ctx, const tp_tensor *y, int64_t batch)
{
    const tp_attention_attributes *a = tp_ctx_attributes(ctx);
    return matrix_in(y, a->heads, 1, 0, batch);
}

/* c = a b: (m, k) times (k, n); the rows of c are dense. */
static tp_status product(tp_ctx *ctx, tp_dtype dtype, int64_t m, int64_t n, int64_t k, matrix a, matrix b, matrix c)
{
    const tp_gemm_args args = {m, n, k, a.data, a.row, a.col, b.data, b.row, b.col, c.data, c.row, false};
    return tp_multiply(ctx->tape, dtype, &args);
}

/* ---- forward ---- */

/* The weights after dropout: themselves, or in *made, which tp_done gives back. */
static tp_tensor *dropped(tp_ctx *ctx, tp_tensor **made)
{
    const tp_attention_attributes *a = tp_ctx_attributes(ctx);
    tp_attention_saved *kept = tp_ctx_saved(ctx);
    *made = NULL;
    if (a->dropout == 0) return kept->weights;
    tp_tensor *p = kept->weights;
    *made = tp_new_tensor(ctx->tape, (tp_dtype)p->dtype, p->rank, p->dims, ctx->op->name);
    if (*made) tp_drop(ctx, a->dropout, &kept->rng, p, *made);
    return *made;
}

static tp_status mix_values(tp_ctx *ctx, const sizes *n, const tp_tensor *p, int64_t batch)
{
    tp_tensor *y = tp_ctx_output(ctx, 0);
    return product(ctx, (tp_dtype)y->dtype, n->l, n->width, n->s, matrix_in(p, 0, 1, 0, batch), input_at(ctx, V, batch),
                   result_at(ctx, y, batch));
}

static tp_status attention_forward(tp_ctx *ctx)
{
    const tp_attention_attributes *a = tp_ctx_attributes(ctx);
    tp_tensor *p = ((tp_attention_saved *)tp_ctx_saved(ctx))->weights, *made = NULL;
    const sizes n = sizes_of(ctx);
    tp_mask_rows rows;
    tp_status status = tp_mask_rows_of(ctx, mask_of(ctx), p->rank, p->dims, &rows);
    for (int64_t i = 0; i < n.batches && status == TP_OK; i++) {
        status = product(ctx, (tp_dtype)p->dtype, n.l, n.s, n.e, input_at(ctx, Q, i), turned(input_at(ctx, K, i)),
                         matrix_in(p, 0, 1, 0, i));
        if (status == TP_OK) tp_masked_rows(ctx, &a->rule, &rows, p, p, i * n.l, n.l);
        if (status == TP_OK && a->dropout == 0) status = mix_values(ctx, &n, p, i);
    }
    tp_done(ctx->tape, rows.work);
    if (status != TP_OK || a->dropout == 0) return status;
    p = dropped(ctx, &made);
    if (!p) return TP_E_MEMORY;
    for (int64_t i = 0; i < n.batches && status == TP_OK; i++) status = mix_values(ctx, &n, p, i);
    tp_done(ctx->tape, made);
    return status;
}

/* ---- gradient ---- */

/* What one gradient works with. */
typedef struct work {
    sizes n;
    const tp_tensor *g;
    tp_tensor *dropped, *made; /* the weights after dropout */
    tp_tensor *h;              /* gradients of the weights: of all, or of one matrix */
    bool whole;                /* h is of all */
    tp_tensor *grads[3];       /* of q, k, v; NULL where none is wanted */
} work;

static matrix scores_at(const work *w, const tp_tensor *x, int64_t batch)
{
    return matrix_in(x, 0, 1, 0, x == w->h && !w->whole ? 0 : batch);
}

/* h = g v^T, before dropout */
static tp_status weight_gradient(tp_ctx *ctx, const work *w, int64_t batch)
{
    return product(ctx, (tp_dtype)w->h->dtype, w->n.l, w->n.s, w->n.width, result_at(ctx, w->g, batch),
                   turned(input_at(ctx, V, batch)), scores_at(w, w->h, batch));
}

/* out = scale p (h - sum h p) for one matrix; out may be h. */
static void slope(tp_ctx *ctx, const work *w, int64_t batch, double scale, tp_tensor *out)
{
    const tp_tensor *p = ((tp_attention_saved *)tp_ctx_saved(ctx))->weights;
    const int64_t bytes = w->n.s * (int64_t)tp_dtype_size((tp_dtype)p->dtype);
    const tp_attention_loops *loops = ctx->tape->kernels->of[p->dtype]->attention;
    char *to = scores_at(w, out, batch).data;
    const char *weights = scores_at(w, p, batch).data, *h = scores_at(w, w->h, batch).data;
    for (int64_t i = 0; i < w->n.l && w->n.s; i++)
        loops->slope(w->n.s, to + i * bytes, weights + i * bytes, h + i * bytes, scale);
}

static tp_status give_mask(tp_ctx *ctx, const work *w)
{
    if (!mask_of(ctx) || !tp_ctx_needs(ctx, mask_of(ctx))) return TP_OK;
    tp_tensor *ds = tp_new_tensor(ctx->tape, (tp_dtype)w->h->dtype, w->h->rank, w->h->dims, ctx->op->name);
    if (!ds) return TP_E_MEMORY;
    for (int64_t i = 0; i < w->n.batches; i++) slope(ctx, w, i, 1, ds);
    const tp_status status = tp_ctx_pass(ctx, mask_of(ctx), ds);
    tp_unref(ctx->tape, ds);
    return status;
}

/* h of all matrices, and what is asked of all at once: dropout, the mask's gradient. */
static tp_status whole_gradient(tp_ctx *ctx, const work *w)
{
    const tp_attention_attributes *a = tp_ctx_attributes(ctx);
    tp_status status = TP_OK;
    for (int64_t i = 0; i < w->n.batches && status == TP_OK; i++) status = weight_gradient(ctx, w, i);
    if (status == TP_OK && a->dropout > 0)
        tp_drop(ctx, a->dropout, &((tp_attention_saved *)tp_ctx_saved(ctx))->rng, w->h, w->h);
    return status == TP_OK ? give_mask(ctx, w) : status;
}

/* The gradients of one q, k and v. */
static tp_status batch_gradient(tp_ctx *ctx, const work *w, int64_t batch)
{
    const tp_attention_attributes *a = tp_ctx_attributes(ctx);
    const sizes *n = &w->n;
    const tp_dtype dtype = (tp_dtype)w->g->dtype;
    tp_status status = TP_OK;
    if (w->grads[V])
        status = product(ctx, dtype, n->s, n->width, n->l, turned(scores_at(w, w->dropped, batch)),
                         result_at(ctx, w->g, batch), part_in(ctx, w->grads[V], V, batch));
    if (!w->h || status != TP_OK) return status;
    if (!w->whole) status = weight_gradient(ctx, w, batch);
    if (status != TP_OK) return status;
    slope(ctx, w, batch, a->rule.scale, w->h);
    const matrix h = scores_at(w, w->h, batch);
    if (w->grads[Q])
        status = product(ctx, dtype, n->l, n->e, n->s, h, input_at(ctx, K, batch), part_in(ctx, w->grads[Q], Q, batch));
    if (status == TP_OK && w->grads[K])
        status = product(ctx, dtype, n->s, n->e, n->l, turned(h), input_at(ctx, Q, batch),
                         part_in(ctx, w->grads[K], K, batch));
    return status;
}

/* Buffers for what is wanted. */
static bool begin(tp_ctx *ctx, work *w)
{
    const tp_attention_attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *p = ((tp_attention_saved *)tp_ctx_saved(ctx))->weights;
    const bool mask = mask_of(ctx) && tp_ctx_needs(ctx, mask_of(ctx));
    w->whole = a->dropout > 0 || mask;
    for (int i = Q; i <= V; i++) {
        if (!tp_ctx_needs(ctx, operand_of(ctx, i))) continue;
        w->grads[i] = a->packed && i != Q ? w->grads[Q] : tp_ctx_grad(ctx, i, NULL);
        if (!w->grads[i]) return false;
    }
    if (w->grads[V] && !(w->dropped = dropped(ctx, &w->made))) return false;
    if (!w->grads[Q] && !w->grads[K] && !mask) return true;
    w->h = w->whole ? tp_new_tensor(ctx->tape, (tp_dtype)p->dtype, p->rank, p->dims, ctx->op->name)
                    : tp_new_tensor(ctx->tape, (tp_dtype)p->dtype, 2, p->dims + p->rank - 2, ctx->op->name);
    return w->h != NULL;
}

static tp_status attention_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    work w = {.n = sizes_of(ctx), .g = g};
    tp_status status = begin(ctx, &w) ? TP_OK : TP_E_MEMORY;
    if (status == TP_OK && w.h && w.whole) status = whole_gradient(ctx, &w);
    for (int64_t i = 0; i < w.n.batches && status == TP_OK; i++) status = batch_gradient(ctx, &w, i);
    tp_done(ctx->tape, w.h);
    tp_done(ctx->tape, w.made);
    return status;
}

/* Gradients of the weights: of one matrix; or of all, the weights after dropout, and the mask's gradient. */
static size_t attention_workspace(tp_ctx *ctx)
{
    const tp_attention_attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *p = ((tp_attention_saved *)tp_ctx_saved(ctx))->weights;
    const size_t size = tp_dtype_size((tp_dtype)p->dtype), all = tp_pool_bytes((size_t)p->count * size);
    const bool mask = mask_of(ctx) && tp_ctx_needs(ctx, mask_of(ctx));
    if (a->dropout == 0 && !mask) return (size_t)(p->dims[p->rank - 2] * p->dims[p->rank - 1]) * size;
    return ((a->dropout > 0) + 1U + mask) * all;
}

const tp_op tp_op_attention = {
    TP_OP_HEAD,
    .name = "attention",
    .arity = TP_VARIADIC,
    .structure = TP_DENSE,
    .attributes = sizeof(tp_attention_attributes),
    .pattern = tp_attention_pattern,
    .shape = attention_shape,
    .forward = attention_forward,
    .backward = tp_attention_backward,
    .gradient = attention_gradient,
    .workspace = attention_workspace,
    .text = {.formula = "d(p) v, p = softmax(scale q k^T + mask), d dropout; a u8 mask leaves out what it has 0 at",
             .derivative = "dv = d(p)^T g, ds = p (h - sum h p) with h = d(g v^T), dq = scale ds k, dk = scale ds^T q, "
                           "dmask = ds",
             .shapes =
                 "q: (..., L, E), k: (..., S, E), v: (..., S, Ev), mask: broadcast to (..., L, S) -> (..., L, Ev); "
                 "tp_attention_heads and tp_attention_packed: heads side by side, mask to (..., heads, L, S)",
             .dtypes = "f32, f64; the mask theirs or u8",
             .edges = "a row that attends to nothing is 0, and so is its gradient"}};

static tp_var record(const char *name, const tp_var *inputs, int n, tp_var mask, int64_t heads, bool packed,
                     const tp_attention_options *options)
{
    const tp_attention_options o = options ? *options : (tp_attention_options){0};
    tp_attention_attributes a = {{o.scale, o.causal}, o.dropout, heads, packed};
    if (heads < 0 || heads > INT32_MAX || (packed && heads == 0))
        return tp_refuse(inputs[0].tape, TP_E_ARGUMENT, "%s: %lld heads", name, (long long)heads);
    const int rank = tp_var_rank(inputs[0]);
    if (o.scale == 0 && rank > 0) a.rule.scale = 1 / sqrt((double)(tp_var_dims(inputs[0])[rank - 1] / beside(&a)));
    if (o.scale == 0 && !isfinite(a.rule.scale)) a.rule.scale = 1; /* of nothing: all scores are 0 */
    tp_var all[4];
    memcpy(all, inputs, (size_t)n * sizeof *all);
    all[n] = mask;
    return tp_apply(&tp_op_attention, all, mask.tape ? n + 1 : n, &a);
}

tp_var tp_attention(tp_var q, tp_var k, tp_var v, tp_var mask, const tp_attention_options *options)
{
    return record("tp_attention", (const tp_var[]){q, k, v}, 3, mask, 0, false, options);
}

tp_var tp_attention_heads(tp_var q, tp_var k, tp_var v, tp_var mask, int64_t heads, const tp_attention_options *options)
{
    if (heads < 1) return tp_refuse(q.tape, TP_E_ARGUMENT, "tp_attention_heads: %lld heads", (long long)heads);
    return record("tp_attention_heads", (const tp_var[]){q, k, v}, 3, mask, heads, false, options);
}

tp_var tp_attention_packed(tp_var qkv, tp_var mask, int64_t heads, const tp_attention_options *options)
{
    return record("tp_attention_packed", &qkv, 1, mask, heads, true, options);
}
