/* The rule of the recurrent ops in numbers: step by step back to the gradients of the gates' sums, and from those of
   all steps at once, by one product each, to those of x and of the weights. */
#include <string.h>

#include "ops/recurrent.h"

enum { X = TP_RECURRENT_X, W_IH, W_HH, B_IH, B_HH };

/* What the walk over the steps works with. */
typedef struct back {
    tp_recurrent r;
    tp_dtype dtype;
    int64_t unit, wide; /* bytes of a row of H, and of all gates */
    const tp_tensor *g; /* upstream of y, dense; NULL: none */
    const int64_t *lengths;
    tp_tensor *dh, *dc;      /* (B, H): of the state between two steps */
    tp_tensor *dgates;       /* (T, B, gates H): of the sums by x */
    tp_tensor *dsums;        /* of those by the state: the GRU's own, else the same tensor */
    tp_tensor *first_state;  /* (B, H), dense: c0 of the LSTM, h0 of the GRU, or zeros */
    tp_tensor *copy, *begun; /* to give back: a dense g; dsums of each row's first step */
} back;

static tp_tensor *room(tp_ctx *ctx, const back *k, int rank, int64_t a, int64_t b, int64_t c)
{
    return tp_new_tensor(ctx->tape, k->dtype, rank, rank == 3 ? (int64_t[]){a, b, c} : (int64_t[]){b, c},
                         ctx->op->name);
}

size_t tp_recurrent_workspace(tp_ctx *ctx)
{
    const tp_recurrent r = tp_recurrent_of(ctx);
    const size_t size = tp_dtype_size((tp_dtype)tp_ctx_input(ctx, X)->dtype), rows = size * (size_t)r.batch;
    const size_t sums = tp_pool_bytes(rows * (size_t)r.steps * (size_t)r.wide);
    return (r.call->cell == TP_CELL_GRU ? 2 : 1) * sums + tp_pool_bytes(rows * (size_t)r.wide) +
           3 * tp_pool_bytes(rows * (size_t)r.units);
}

static void close(tp_ctx *ctx, back *k)
{
    if (k->dsums != k->dgates) tp_done(ctx->tape, k->dsums);
    tp_done(ctx->tape, k->dgates);
    tp_done(ctx->tape, k->dh);
    tp_done(ctx->tape, k->dc);
    tp_done(ctx->tape, k->first_state);
    tp_done(ctx->tape, k->copy);
    tp_done(ctx->tape, k->begun);
}

/* (B, H) from a tensor of any strides; zeros for NULL. */
static tp_tensor *state_like(tp_ctx *ctx, const back *k, const tp_tensor *from)
{
    tp_tensor *state = room(ctx, k, 2, 0, k->r.batch, k->r.units);
    if (state && from)
        tp_copy(2, state->dims, k->dtype, state->data, state->strides, k->dtype, from->data, from->strides);
    else if (state)
        tp_fill(state->count, k->dtype, state->data, 0);
    return state;
}

/* The upstream of result i; NULL where none arrived. */
static const tp_tensor *upstream(tp_ctx *ctx, int i)
{
    const tp_var g = tp_ctx_upstream(ctx, i);
    return tp_ok(g) ? tp_value(g) : NULL;
}

static tp_status open(tp_ctx *ctx, back *k)
{
    const tp_recurrent_saved *s = tp_ctx_saved(ctx);
    const tp_cell cell = k->r.call->cell;
    const int64_t size = (int64_t)tp_dtype_size(k->dtype);
    k->unit = k->r.units * size;
    k->wide = k->r.wide * size;
    k->lengths = s->lengths ? (const int64_t *)(const void *)s->lengths->data : NULL;
    const tp_tensor *g = upstream(ctx, 0);
    if (g && !(k->g = tp_densely(ctx->tape, g, &k->copy))) return TP_E_MEMORY;
    if (!(k->dh = state_like(ctx, k, upstream(ctx, 1)))) return TP_E_MEMORY;
    if (cell == TP_CELL_LSTM && !(k->dc = state_like(ctx, k, upstream(ctx, 2)))) return TP_E_MEMORY;
    const int first = cell == TP_CELL_LSTM ? k->r.c0 : k->r.h0;
    if (cell == TP_CELL_LSTM || cell == TP_CELL_GRU) {
        k->first_state = state_like(ctx, k, first >= 0 ? tp_ctx_input(ctx, first) : NULL);
        if (!k->first_state) return TP_E_MEMORY;
    }
    k->dgates = room(ctx, k, 3, k->r.steps, k->r.batch, k->r.wide);
    k->dsums = cell == TP_CELL_GRU && k->dgates ? room(ctx, k, 3, k->r.steps, k->r.batch, k->r.wide) : k->dgates;
    return k->dgates && k->dsums ? ctx->tape->error.status : TP_E_MEMORY;
}

/* The step at which a row begins. */
static int64_t first_step(const back *k, int64_t row)
{
    if (!k->r.call->reverse) return 0;
    return (k->lengths ? k->lengths[row] : k->r.steps) - 1;
}

/* The rows of step t. */
static void slope_rows(tp_ctx *ctx, const back *k, int64_t t)
{
    const tp_recurrent_saved *s = tp_ctx_saved(ctx);
    const tp_tensor *y = tp_ctx_output(ctx, 0), *states = k->r.call->cell == TP_CELL_LSTM ? s->kept : y;
    const tp_cell_loops *cell = &ctx->tape->kernels->of[k->dtype]->cells[k->r.call->cell];
    const int64_t before = (k->r.call->reverse ? 1 : -1) * k->r.batch;
    for (int64_t b = 0; b < k->r.batch; b++) {
        const int64_t at = t * k->r.batch + b;
        char *dgates = k->dgates->data + at * k->wide, *dsums = k->dsums->data + at * k->wide;
        if (k->lengths && t >= k->lengths[b]) {
            memset(dgates, 0, (size_t)k->wide);
            memset(dsums, 0, (size_t)k->wide);
            continue;
        }
        const char *state = NULL;
        if (k->first_state)
            state = t == first_step(k, b) ? k->first_state->data + b * k->unit : states->data + (at + before) * k->unit;
        cell->slope(k->r.units, &(tp_cell_slope){.gates = s->gates->data + at * k->wide,
                                                 .kept = s->kept ? s->kept->data + at * k->unit : NULL,
                                                 .y = y->data + at * k->unit,
                                                 .before = state,
                                                 .g = k->g ? k->g->data + at * k->unit : NULL,
                                                 .dh = k->dh->data + b * k->unit,
                                                 .dc = k->dc ? k->dc->data + b * k->unit : NULL,
                                                 .dgates = dgates,
                                                 .dsums = dsums});
    }
}

/* All steps back: dh += ds W_hh behind each, but for the first where nobody asks for h0's gradient. */
static tp_status walk(tp_ctx *ctx, const back *k, const tp_tensor *w)
{
    const int64_t units = k->r.units, wide = k->r.wide;
    for (int64_t i = k->r.steps; i-- > 0;) {
        const int64_t t = tp_recurrent_step(&k->r, i);
        slope_rows(ctx, k, t);
        if (i == 0 && (k->r.h0 < 0 || !tp_ctx_needs(ctx, k->r.h0))) break;
        const char *ds = k->dsums->data + t * k->r.batch * k->wide;
        const tp_gemm_args args = {k->r.batch, units, wide, ds, wide, 1, w->data, units, 1, k->dh->data, units, true};
        if (tp_multiply(ctx->tape, k->dtype, &args) != TP_OK) return TP_E_MEMORY;
    }
    return TP_OK;
}

/* ---- what all steps give together ---- */

static tp_status give_x(tp_ctx *ctx, const back *k, const tp_tensor *w)
{
    const int64_t rows = k->r.steps * k->r.batch;
    bool add;
    if (!tp_ctx_needs(ctx, X)) return TP_OK;
    tp_tensor *grad = tp_ctx_grad(ctx, X, &add);
    if (!grad) return TP_E_MEMORY;
    const tp_gemm_args args = {rows,    k->r.in, k->r.wide, k->dgates->data, k->r.wide, 1,
                               w->data, k->r.in, 1,         grad->data,      k->r.in,   add};
    return tp_multiply(ctx->tape, k->dtype, &args);
}

/* grad (wide, columns) += d^T x over `rows` rows of both; *add: what is there stays. */
static tp_status add_product(tp_ctx *ctx, const back *k, int64_t rows, const char *d, const void *x, tp_tensor *grad,
                             bool *add)
{
    const int64_t columns = grad->dims[1];
    if (rows == 0 && *add) return TP_OK;
    const tp_gemm_args args = {k->r.wide, columns, rows, d, 1, k->r.wide, x, columns, 1, grad->data, columns, *add};
    *add = true;
    return tp_multiply(ctx->tape, k->dtype, &args);
}

static tp_status give_w_ih(tp_ctx *ctx, const back *k)
{
    bool add;
    if (!tp_ctx_needs(ctx, W_IH)) return TP_OK;
    const tp_tensor *x = tp_ctx_dense(ctx, X);
    tp_tensor *grad = x ? tp_ctx_grad(ctx, W_IH, &add) : NULL;
    return grad ? add_product(ctx, k, k->r.steps * k->r.batch, k->dgates->data, x->data, grad, &add) : TP_E_MEMORY;
}

/* (B, wide): dsums of each row's first step, where rows begin at different ones; a row of no steps has zeros. */
static const char *begun(tp_ctx *ctx, back *k)
{
    if (!k->r.call->reverse) return k->dsums->data;
    if (!k->lengths) return k->dsums->data + (k->r.steps - 1) * k->r.batch * k->wide;
    if (!(k->begun = room(ctx, k, 2, 0, k->r.batch, k->r.wide))) return NULL;
    for (int64_t b = 0; b < k->r.batch; b++) {
        const int64_t t = k->lengths[b] > 0 ? k->lengths[b] - 1 : k->r.steps - 1; /* there they are zeros */
        memcpy(k->begun->data + b * k->wide, k->dsums->data + (t * k->r.batch + b) * k->wide, (size_t)k->wide);
    }
    return k->begun->data;
}

/* Of all steps but the first the state before them is the y of the step before. */
static tp_status give_w_hh(tp_ctx *ctx, back *k)
{
    bool add;
    if (!tp_ctx_needs(ctx, W_HH)) return TP_OK;
    tp_tensor *grad = tp_ctx_grad(ctx, W_HH, &add);
    if (!grad) return TP_E_MEMORY;
    const bool reverse = k->r.call->reverse;
    const int64_t rows = k->r.steps > 1 ? (k->r.steps - 1) * k->r.batch : 0;
    const char *d = k->dsums->data, *y = tp_ctx_output(ctx, 0)->data;
    if (rows && reverse) y += k->r.batch * k->unit;
    if (rows && !reverse) d += k->r.batch * k->wide;
    tp_status status = add_product(ctx, k, rows, d, y, grad, &add);
    if (status != TP_OK || k->r.h0 < 0 || k->r.steps == 0) return status;
    const tp_tensor *h0 = tp_ctx_dense(ctx, k->r.h0);
    d = h0 ? begun(ctx, k) : NULL;
    return d ? add_product(ctx, k, k->r.batch, d, h0->data, grad, &add) : TP_E_MEMORY;
}

/* The sums of d over all steps and rows, for the bias that is operand i; `same` holds them already, or is NULL. */
static tp_status give_bias(tp_ctx *ctx, const back *k, int i, const tp_tensor *d, const tp_tensor *same,
                           tp_tensor **given)
{
    if (!k->r.call->bias || !tp_ctx_needs(ctx, i)) return TP_OK;
    tp_tensor *grad = tp_ctx_grad(ctx, i, NULL);
    if (!grad) return TP_E_MEMORY;
    const int64_t dims[2] = {k->r.steps * k->r.batch, k->r.wide}, strides[2] = {k->r.wide, 1};
    if (same)
        tp_copy(1, grad->dims, k->dtype, grad->data, grad->strides, k->dtype, same->data, same->strides);
    else
        tp_reduce(ctx->tape->kernels, TP_FOLD_SUM, k->dtype, 2, dims, strides, d->data, 1, k->dtype, grad->data,
                  ctx->tape->threads);
    *given = grad;
    return TP_OK;
}

/* The two have one gradient, but for the GRU's. */
static tp_status give_biases(tp_ctx *ctx, const back *k)
{
    tp_tensor *first = NULL, *second = NULL;
    const tp_status status = give_bias(ctx, k, B_IH, k->dgates, NULL, &first);
    if (status != TP_OK) return status;
    return give_bias(ctx, k, B_HH, k->dsums, k->dsums == k->dgates ? first : NULL, &second);
}

static tp_status give_state(tp_ctx *ctx, int i, const tp_tensor *d)
{
    return i >= 0 && tp_ctx_needs(ctx, i) ? tp_ctx_pass(ctx, i, d) : TP_OK;
}

tp_status tp_recurrent_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    (void)g;
    back k = {.r = tp_recurrent_of(ctx), .dtype = (tp_dtype)tp_ctx_input(ctx, X)->dtype};
    const tp_tensor *wi = tp_ctx_dense(ctx, W_IH), *wh = tp_ctx_dense(ctx, W_HH);
    if (!wi || !wh) return TP_E_MEMORY;
    tp_status status = open(ctx, &k);
    if (status == TP_OK && k.r.batch * k.r.units > 0) status = walk(ctx, &k, wh);
    if (status == TP_OK) status = give_x(ctx, &k, wi);
    if (status == TP_OK) status = give_w_ih(ctx, &k);
    if (status == TP_OK) status = give_w_hh(ctx, &k);
    if (status == TP_OK) status = give_biases(ctx, &k);
    if (status == TP_OK) status = give_state(ctx, k.r.h0, k.dh);
    if (status == TP_OK) status = give_state(ctx, k.r.c0, k.dc);
    close(ctx, &k);
    return status;
}
