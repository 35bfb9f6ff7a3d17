/* The rule of the recurrent ops in recorded ops: the sequence is recorded again, step by step on copies of the
   operands, and differentiated, so that every derivative exists. */
#include "ops/recurrent.h"

enum { X = TP_RECURRENT_X, W_IH, W_HH, B_IH, B_HH, MOST = B_HH + 4 };

typedef struct copy {
    tp_recurrent r;
    tp_tape *tape;
    tp_var in[MOST];   /* the operands */
    tp_var results[3]; /* y, h, c */
} copy;

static tp_var part(const copy *k, tp_var a, int64_t gate)
{
    return tp_slice(a, 1, gate * k->r.units, (gate + 1) * k->r.units, 1);
}

/* One step from h and c, in place: a are the sums by x, s those by the state. */
static void step(const copy *k, tp_var a, tp_var s, tp_var *h, tp_var *c)
{
    if (k->r.call->cell == TP_CELL_GRU) {
        const tp_var r = tp_sigmoid(tp_add(part(k, a, 0), part(k, s, 0)));
        const tp_var z = tp_sigmoid(tp_add(part(k, a, 1), part(k, s, 1)));
        const tp_var n = tp_tanh(tp_add(part(k, a, 2), tp_mul(r, part(k, s, 2))));
        *h = tp_add(n, tp_mul(z, tp_sub(*h, n)));
        return;
    }
    const tp_var sum = tp_add(a, s);
    if (k->r.call->cell == TP_CELL_LSTM) {
        const tp_var i = tp_sigmoid(part(k, sum, 0)), f = tp_sigmoid(part(k, sum, 1));
        const tp_var g = tp_tanh(part(k, sum, 2)), o = tp_sigmoid(part(k, sum, 3));
        *c = tp_add(tp_mul(f, *c), tp_mul(i, g));
        *h = tp_mul(o, tp_tanh(*c));
        return;
    }
    *h = k->r.call->cell == TP_CELL_RELU ? tp_relu(sum) : tp_tanh(sum);
}

static tp_var zeros(const copy *k)
{
    tp_tensor *state = tp_new_tensor(k->tape, tp_var_dtype(k->in[X]), 2, (int64_t[]){k->r.batch, k->r.units}, "rnn");
    if (!state) return tp_poison(k->tape);
    tp_fill(state->count, (tp_dtype)state->dtype, state->data, 0);
    return tp_constant_tensor(k->tape, state);
}

/* The step t of the sequence a: (B, ...). */
static tp_var at_step(const copy *k, tp_var a, int64_t t)
{
    return tp_reshape(tp_slice(a, 0, t, t + 1, 1), 2, (int64_t[]){k->r.batch, k->r.wide});
}

/* y, h and c by ops of one step each. */
static tp_status record(copy *k)
{
    const tp_recurrent *r = &k->r;
    const tp_var b_ih = r->call->bias ? k->in[B_IH] : tp_none(), b_hh = r->call->bias ? k->in[B_HH] : tp_none();
    const tp_var a = tp_linear(k->in[X], k->in[W_IH], b_ih);
    tp_var *y = tp_chunks_push(&k->tape->stack, (size_t)r->steps * sizeof *y);
    if (!y) return tp_tape_out_of_memory(k->tape, "tp_backward");
    tp_var h = r->h0 >= 0 ? k->in[r->h0] : zeros(k), c = r->c0 >= 0 ? k->in[r->c0] : zeros(k);
    for (int64_t i = 0; i < r->steps; i++) {
        const int64_t t = tp_recurrent_step(r, i);
        tp_var next_h = h, next_c = c;
        step(k, at_step(k, a, t), tp_linear(h, k->in[W_HH], b_hh), &next_h, &next_c);
        y[t] = next_h;
        if (r->lengths >= 0) {
            const tp_var runs = tp_greater(k->in[r->lengths], tp_const(k->tape, (double)t));
            const tp_var column = tp_reshape(runs, 2, (int64_t[]){r->batch, 1});
            y[t] = tp_where(column, next_h, tp_const(k->tape, 0));
            next_h = tp_where(column, next_h, h);
            next_c = r->call->cell == TP_CELL_LSTM ? tp_where(column, next_c, c) : c;
        }
        h = next_h;
        c = next_c;
        if (!tp_ok(h)) break;
    }
    k->results[0] = tp_ok(h) ? tp_stack(y, (int)r->steps, 0) : h;
    k->results[1] = h;
    k->results[2] = c;
    return k->tape->error.status;
}

/* sum of g y over all results, which the gradients are those of. */
static tp_var weighed(tp_ctx *ctx, const copy *k)
{
    tp_var sum = tp_none();
    for (int i = 0; i < ctx->op->results; i++) {
        const tp_var g = tp_ctx_upstream(ctx, i);
        if (!tp_ok(g)) continue;
        const tp_var product = tp_sum(tp_mul(k->results[i], g));
        sum = tp_ok(sum) ? tp_add(sum, product) : product;
    }
    return sum;
}

static tp_status differentiate(tp_ctx *ctx, copy *k)
{
    tp_var x[MOST], grads[MOST];
    int place[MOST], n = 0;
    for (int i = 0; i < tp_ctx_count(ctx); i++) {
        k->in[i] = tp_ctx_input_var(ctx, i);
        if (!tp_ctx_needs(ctx, i)) continue;
        place[n] = i;
        x[n++] = k->in[i] = tp_muls(k->in[i], 1);
    }
    tp_status status = record(k);
    if (status != TP_OK) return status;
    const tp_var sum = weighed(ctx, k);
    if (!tp_ok(sum)) return k->tape->error.status;
    status = tp_gradients(sum, x, n, grads, tp_ctx_recorded(ctx) ? TP_CREATE_GRAPH : 0);
    for (int i = 0; i < n && status == TP_OK; i++) status = tp_give(ctx, place[i], grads[i]);
    return status;
}

/* Without steps or numbers, the state is what it was. */
static tp_status hand_back(tp_ctx *ctx, const tp_recurrent *r)
{
    const tp_var h = tp_ctx_upstream(ctx, 1), c = ctx->op->results > 2 ? tp_ctx_upstream(ctx, 2) : tp_none();
    tp_status status = TP_OK;
    if (r->h0 >= 0 && tp_ok(h)) status = tp_give(ctx, r->h0, h);
    return status == TP_OK && r->c0 >= 0 && tp_ok(c) ? tp_give(ctx, r->c0, c) : status;
}

tp_status tp_recurrent_backward(tp_ctx *ctx, tp_var g)
{
    (void)g;
    copy k = {.r = tp_recurrent_of(ctx), .tape = ctx->tape};
    if (k.r.steps == 0 || k.r.batch * k.r.units == 0) return hand_back(ctx, &k.r);
    const bool was = tp_tape_set_grad(k.tape, true);
    const tp_status status = differentiate(ctx, &k);
    tp_tape_set_grad(k.tape, was);
    return status;
}
