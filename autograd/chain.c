#include "autograd/chain.h"

#include <string.h>

#include "autograd/revolve.h"

/* ---- a run again ---- */

tp_run tp_run_begin(tp_ctx *ctx, tp_rerun rerun)
{
    tp_tape *tape = ctx->tape;
    tp_chain *c = *(tp_chain *const *)ctx->attributes;
    tp_run r = {.tape = tape, .c = c, .inputs = ctx->inputs, .seed = tape->seed, .streams = tape->streams};
    r.mask = tape->grad_mask;
    r.rerun = tape->rerun;
    r.frame = (tp_frame){.again = true, .leaves = ctx->inputs + c->leaves, .count = ctx->count - c->leaves};
    tape->seed = c->start.seed;
    tape->streams = c->start.stream;
    tape->grad_mask = TP_NEEDS;
    tape->rerun = rerun;
    return r;
}

void tp_run_end(tp_run *r)
{
    tp_held_drop(r->tape, r->state, r->c->carried);
    r->tape->seed = r->seed;
    r->tape->streams = r->streams;
    r->tape->grad_mask = r->mask;
    r->tape->rerun = r->rerun;
}

tp_status tp_run_vars(tp_run *r, tp_var *x)
{
    if (r->at > 0) return tp_held_leaves(r->tape, r->state, r->c->body.n, x);
    for (int i = 0; i < r->c->body.n; i++) x[i] = tp_handle(r->tape, r->inputs[i]);
    return TP_OK;
}

tp_status tp_run_record(tp_run *r, const tp_var *x, tp_var *y, const tp_held *like)
{
    return tp_segment_run(r->tape, &r->c->body, &r->frame, x, r->at, like, y);
}

tp_status tp_run_forget(tp_tape *tape, const tp_mark *mark, tp_status status)
{
    const bool recorded = tape->count > mark->node;
    tp_unwind(tape, mark->node, mark->chunk, mark->used);
    return !recorded || tp_new_epoch(tape) ? status : TP_E_MEMORY;
}

tp_status tp_run_try(tp_run *r, const tp_held *like, tp_mark *mark, tp_var *y)
{
    tp_tape *tape = r->tape;
    const int n = r->c->body.n;
    *mark = tp_tape_mark(tape);
    tp_var few[TP_CHAIN_LIMIT], *x = few;
    if (n > TP_CHAIN_LIMIT && !(x = tp_chunks_push(&tape->stack, (size_t)n * sizeof *x)))
        return tp_tape_out_of_memory(tape, "tp_checkpoint");
    const size_t before = tape->pool.used, outer = tp_pool_watch(&tape->pool);
    tp_status status = tp_run_vars(r, x);
    const uint32_t body = tape->count;
    if (status == TP_OK) status = tp_run_record(r, x, y, like);
    if (status == TP_OK && !r->frame.again) status = tp_segment_capture(tape, body, r->captures, x, n);
    const size_t most = tp_pool_watched(&tape->pool, outer);
    if (most > before && most - before > r->c->recorded) r->c->recorded = most - before;
    return status;
}

/* Takes one step and forgets it: the next state is in hand, or the results are in `values`. */
static tp_status take_step(tp_run *r, const tp_held *like, tp_held *values)
{
    tp_tape *tape = r->tape;
    tp_chain *c = r->c;
    tp_first_step s;
    tp_held next[TP_CHAIN_LIMIT] = {{0}};
    tp_status status = TP_OK;
    if (r->first)
        s = *r->first;
    else
        status = tp_run_try(r, like, &s.mark, s.y);
    r->first = NULL;
    if (status == TP_OK) tp_hold(tape, s.y, c->body.results, next);
    for (int k = 0; status == TP_OK && values && k < c->body.results; k++)
        c->needs[k] = tape->nodes[s.y[k].node].a & TP_NEEDS;
    status = tp_run_forget(tape, &s.mark, status);
    if (status == TP_OK) status = tp_held_settle(tape, next, c->body.results, c->body.name);
    if (status != TP_OK) {
        tp_held_drop(tape, next, c->body.results);
        return status;
    }
    if (!values) tp_held_drop(tape, r->state, c->carried);
    memcpy(values ? values : r->state, next, (size_t)c->body.results * sizeof *next);
    r->at++;
    return TP_OK;
}

/* ---- rows ---- */

static void copy_values(tp_held *to, const tp_held *from, int n)
{
    for (int i = 0; i < n; i++) {
        to[i].number = from[i].number;
        if (from[i].tensor) tp_held_copy(to[i].tensor, from[i].tensor);
    }
}

static void store(tp_run *r, int64_t d)
{
    tp_chain *c = r->c;
    copy_values(tp_row_of(c, d), r->state, c->carried);
    c->at[d] = r->at;
    c->stream[d] = r->tape->streams;
}

void tp_run_take_row(tp_run *r, int64_t d)
{
    for (int i = 0; i < r->c->carried; i++) {
        r->state[i] = tp_row_of(r->c, d)[i];
        if (r->state[i].tensor) tp_ref(r->state[i].tensor);
    }
}

void tp_run_restore(tp_run *r, int64_t d)
{
    const tp_chain *c = r->c;
    tp_held_drop(r->tape, r->state, c->carried);
    r->at = c->at[d];
    r->tape->streams = c->stream[d];
    if (d > 0) tp_run_take_row(r, d);
}

tp_status tp_run_advance(tp_run *r, int64_t end)
{
    tp_chain *c = r->c;
    while (end - r->at > 1) {
        const int64_t left = end - r->at, free = c->places - c->depth;
        const int64_t stop = r->at + (free > 1 ? tp_revolve_split(left, free) : left - 1);
        while (r->at < stop) {
            const tp_status status = take_step(r, c->steps > 1 ? tp_row_of(c, 0) : NULL, NULL);
            if (status != TP_OK) return status;
        }
        if (free > 1) store(r, ++c->depth);
    }
    return TP_OK;
}

tp_status tp_run_sweep(tp_run *r, const tp_held *like, tp_held *values)
{
    tp_chain *c = r->c;
    c->depth = 0;
    c->swept = false;
    c->at[0] = 0;
    c->stream[0] = c->start.stream;
    tp_status status = tp_run_advance(r, c->steps);
    if (status != TP_OK) return status;
    if (c->steps > 1) { /* row 0 is the operands' again once the first walk has taken this */
        copy_values(tp_row_of(c, 0), r->state, c->carried);
        c->stream[0] = r->tape->streams;
    }
    status = take_step(r, like, values);
    c->swept = status == TP_OK;
    return status;
}
