/* Checkpoints: nodes that stand for segments. A segment is a chain of steps; tp_checkpoint's has one.
   Rows of states: row d is the copy of state at[d], d = 1 .. depth; row 0, whose state 0 the operands have, keeps the
   state before the last step, which the first walk begins with. Rows belong to the node from its recording on, so that
   walking back asks for no more memory. */
#include "autograd/segment.h"

#include <string.h>

#include "autograd/replay.h"
#include "autograd/revolve.h"

#define LIMIT TP_MAX_RESULTS

typedef struct chain {
    tp_body body;
    int64_t steps;
    int carried;     /* values of a state: none where there is one step */
    uint32_t leaves; /* among the operands, parameters begin here */
    int64_t places;  /* rows */
    int64_t depth;   /* the latest row in use */
    bool swept;      /* rows are as a run over the whole chain leaves them */
    bool fresh;      /* the results are there: nothing to compute */
    tp_held out[LIMIT];
    uint32_t needs[LIMIT]; /* TP_NEEDS where the result has a gradient */
    tp_rng start;          /* seed, and in `stream` how many streams had been taken */
    uint64_t data;         /* what the tensors that the steps read add up to */
    int64_t *at;           /* of each row: the state's number, */
    uint64_t *stream;      /* the streams taken before it, */
    tp_held *row;          /* and body.n values */
} chain;

/* The first step, recorded while it is not yet known whether it stays. */
typedef struct first_step {
    tp_mark mark;
    tp_var y[LIMIT];
} first_step;

/* Where a run over part of the chain stands. */
typedef struct run {
    tp_tape *tape;
    chain *c;
    const uint32_t *inputs; /* of the node; the first body.n are the chain's own operands */
    tp_frame frame;
    int64_t at; /* the state in hand; 0: the operands */
    tp_held state[LIMIT];
    const first_step *first; /* in the first run; NULL once it is forgotten */
    uint32_t captures;       /* in the first run: they lie above it */
    uint64_t seed, streams;  /* the tape's own, to be put back */
    uint32_t mask;
    tp_rerun rerun;
} run;

static tp_held *row_of(const chain *c, int64_t d)
{
    return c->row + d * c->body.n;
}

/* ---- a run again ---- */

static run run_begin(tp_ctx *ctx, tp_rerun rerun)
{
    tp_tape *tape = ctx->tape;
    chain *c = *(chain *const *)ctx->attributes;
    run r = {.tape = tape, .c = c, .inputs = ctx->inputs, .seed = tape->seed, .streams = tape->streams};
    r.mask = tape->grad_mask;
    r.rerun = tape->rerun;
    r.frame = (tp_frame){.again = true, .leaves = ctx->inputs + c->leaves, .count = ctx->count - c->leaves};
    tape->seed = c->start.seed;
    tape->streams = c->start.stream;
    tape->grad_mask = TP_NEEDS;
    tape->rerun = rerun;
    return r;
}

static void run_end(run *r)
{
    tp_held_drop(r->tape, r->state, r->c->carried);
    r->tape->seed = r->seed;
    r->tape->streams = r->streams;
    r->tape->grad_mask = r->mask;
    r->tape->rerun = r->rerun;
}

/* Handles of the state in hand. */
static tp_status state_vars(run *r, tp_var *x)
{
    if (r->at > 0) return tp_held_leaves(r->tape, r->state, r->c->body.n, x);
    for (int i = 0; i < r->c->body.n; i++) x[i] = tp_handle(r->tape, r->inputs[i]);
    return TP_OK;
}

static tp_status record_step(run *r, const tp_var *x, tp_var *y, const tp_held *like)
{
    return tp_segment_run(r->tape, &r->c->body, &r->frame, x, r->at, like, y);
}

static tp_status forget(tp_tape *tape, const tp_mark *mark, tp_status status)
{
    if (tape->count == mark->node) return status;
    tp_unwind(tape, mark->node, mark->chunk, mark->used);
    return tp_new_epoch(tape) ? status : TP_E_MEMORY;
}

/* Records one step from the state in hand. */
static tp_status try_step(run *r, const tp_held *like, tp_mark *mark, tp_var *y)
{
    tp_tape *tape = r->tape;
    const int n = r->c->body.n;
    *mark = tp_tape_mark(tape);
    tp_var few[LIMIT], *x = few;
    if (n > LIMIT && !(x = tp_chunks_push(&tape->stack, (size_t)n * sizeof *x)))
        return tp_tape_out_of_memory(tape, "tp_checkpoint");
    tp_status status = state_vars(r, x);
    const uint32_t body = tape->count;
    if (status == TP_OK) status = record_step(r, x, y, like);
    if (status == TP_OK && !r->frame.again) status = tp_segment_capture(tape, body, r->captures, x, n);
    return status;
}

/* Takes one step and forgets it: the next state is in hand, or the results are in `values`. */
static tp_status take_step(run *r, const tp_held *like, tp_held *values)
{
    tp_tape *tape = r->tape;
    chain *c = r->c;
    first_step s;
    tp_held next[LIMIT] = {{0}};
    tp_status status = TP_OK;
    if (r->first)
        s = *r->first;
    else
        status = try_step(r, like, &s.mark, s.y);
    r->first = NULL;
    if (status == TP_OK) tp_hold(tape, s.y, c->body.results, next);
    for (int k = 0; status == TP_OK && values && k < c->body.results; k++)
        c->needs[k] = tape->nodes[s.y[k].node].a & TP_NEEDS;
    status = forget(tape, &s.mark, status);
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

static void copy_elements(tp_tensor *to, const tp_tensor *from)
{
    tp_copy(to->rank, to->dims, (tp_dtype)to->dtype, to->data, to->strides, (tp_dtype)from->dtype, from->data,
            from->strides);
}

static void copy_values(tp_held *to, const tp_held *from, int n)
{
    for (int i = 0; i < n; i++) {
        to[i].number = from[i].number;
        if (from[i].tensor) copy_elements(to[i].tensor, from[i].tensor);
    }
}

static void store(run *r, int64_t d)
{
    chain *c = r->c;
    copy_values(row_of(c, d), r->state, c->carried);
    c->at[d] = r->at;
    c->stream[d] = r->tape->streams;
}

static void take_row(run *r, int64_t d)
{
    for (int i = 0; i < r->c->carried; i++) {
        r->state[i] = row_of(r->c, d)[i];
        if (r->state[i].tensor) tp_ref(r->state[i].tensor);
    }
}

/* Takes a row's state in hand (d = 0: the operands). */
static void restore(run *r, int64_t d)
{
    const chain *c = r->c;
    tp_held_drop(r->tape, r->state, c->carried);
    r->at = c->at[d];
    r->tape->streams = c->stream[d];
    if (d > 0) take_row(r, d);
}

/* From the latest row to the last state before `end`, with copies on the way as the schedule has them. */
static tp_status advance(run *r, int64_t end)
{
    chain *c = r->c;
    while (end - r->at > 1) {
        const int64_t left = end - r->at, free = c->places - c->depth;
        const int64_t stop = r->at + (free > 1 ? tp_revolve_split(left, free) : left - 1);
        while (r->at < stop) {
            const tp_status status = take_step(r, c->steps > 1 ? row_of(c, 0) : NULL, NULL);
            if (status != TP_OK) return status;
        }
        if (free > 1) store(r, ++c->depth);
    }
    return TP_OK;
}

/* The whole chain, which leaves rows for the first walk, and the results. */
static tp_status sweep(run *r, const tp_held *like, tp_held *values)
{
    chain *c = r->c;
    c->depth = 0;
    c->swept = false;
    c->at[0] = 0;
    c->stream[0] = c->start.stream;
    tp_status status = advance(r, c->steps);
    if (status != TP_OK) return status;
    if (c->steps > 1) { /* row 0 is the operands' again once the first walk has taken this */
        copy_values(row_of(c, 0), r->state, c->carried);
        c->stream[0] = r->tape->streams;
    }
    status = take_step(r, like, values);
    c->swept = status == TP_OK;
    return status;
}

/* ---- walking back ---- */

static void first_state(run *r)
{
    chain *c = r->c;
    const bool swept = c->swept && c->steps > 1;
    c->swept = false;
    if (!swept) {
        c->depth = 0;
        c->at[0] = 0;
        c->stream[0] = c->start.stream;
        restore(r, 0);
        return;
    }
    take_row(r, 0);
    r->at = c->steps - 1;
    r->tape->streams = c->stream[0];
    c->stream[0] = c->start.stream;
}

/* Records the step from the state in hand, walks it and forgets it: `g`, the gradient of its results, becomes that of
   its operands, but for the first step's, which goes to the operands' slots. */
static tp_status walk_step(run *r, const tp_held *like, tp_held *g)
{
    tp_tape *tape = r->tape;
    const chain *c = r->c;
    const tp_mark mark = tp_tape_mark(tape);
    tp_var few[LIMIT], y[LIMIT], *x = few;
    if (c->body.n > LIMIT && !(x = tp_chunks_push(&tape->stack, (size_t)c->body.n * sizeof *x)))
        return tp_tape_out_of_memory(tape, "tp_checkpoint");
    tp_status status = state_vars(r, x);
    const uint32_t body = tape->count;
    if (status == TP_OK) status = record_step(r, x, y, like);
    if (status == TP_OK) status = tp_segment_walk(tape, mark.node, body, y, c->body.results, g, NULL);
    if (status == TP_OK && r->at > 0) {
        tp_held_drop(tape, g, c->body.results);
        tp_segment_gradients(tape, x, c->body.n, g);
    }
    return forget(tape, &mark, status);
}

static tp_status check_data(run *r, tp_status status)
{
    if (status != TP_OK || r->frame.data == r->c->data) return status;
    return tp_tape_fail(r->tape, TP_E_CHANGED,
                        "tp_%s: a tensor that the function reads was written to after it was recorded",
                        r->c->body.name);
}

/* Upstreams of the results, from the node's slots, and what they must look like. */
static void results_of(const tp_ctx *ctx, tp_held *g, tp_held *like)
{
    const tp_tape *tape = ctx->tape;
    for (int k = 0; k < ctx->results; k++) {
        const uint32_t i = ctx->results > 1 ? ctx->node + 1 + (uint32_t)k : ctx->node;
        const bool tensor = tape->nodes[i].a & TP_IS_TENSOR;
        like[k] = (tp_held){.tensor = tensor ? tape->nodes[i].value.tensor : NULL};
        if (!g) continue;
        g[k] = (tp_held){tensor ? tape->slots[i].tensor : NULL, tensor ? 0 : tape->slots[i].number};
        if (g[k].tensor) tp_ref(g[k].tensor);
    }
}

static tp_status checkpoint_gradient(tp_ctx *ctx, const tp_tensor *upstream)
{
    (void)upstream; /* results_of has it, or those of all results */
    tp_held g[LIMIT] = {{0}}, like[LIMIT];
    results_of(ctx, g, like);
    run r = run_begin(ctx, TP_REPEATS);
    chain *c = r.c;
    uint64_t data = 0;
    tp_status status = TP_OK;
    first_state(&r);
    for (int64_t end = c->steps; end > 0 && status == TP_OK; end--) {
        if (r.at != end - 1) {
            if (end < c->steps) restore(&r, c->depth);
            status = advance(&r, end);
        }
        r.frame.data = 0; /* of the steps that are walked, each once */
        if (status == TP_OK) status = walk_step(&r, like, g);
        data += r.frame.data;
        if (c->depth > 0 && c->at[c->depth] == end - 1) c->depth--;
        r.at = -1;
    }
    tp_held_drop(ctx->tape, g, c->body.results);
    r.frame.data = data;
    status = check_data(&r, status);
    run_end(&r);
    return status;
}

/* Recorded: all steps, to stay. */
static tp_status checkpoint_backward(tp_ctx *ctx, tp_var upstream)
{
    (void)upstream;
    tp_tape *tape = ctx->tape;
    tp_var g[LIMIT], state[LIMIT], *x = state, y[LIMIT];
    tp_held like[LIMIT];
    results_of(ctx, NULL, like);
    for (int k = 0; k < ctx->results; k++) g[k] = tp_ctx_upstream(ctx, k);
    run r = run_begin(ctx, TP_REPEATS);
    const int n = r.c->body.n;
    const uint32_t first = tape->count;
    tp_status status = TP_OK;
    if (n > LIMIT && !(x = tp_chunks_push(&tape->stack, (size_t)n * sizeof *x)))
        status = tp_tape_out_of_memory(tape, "tp_checkpoint");
    for (int i = 0; i < n && status == TP_OK; i++) x[i] = tp_handle(tape, r.inputs[i]);
    for (; r.at < r.c->steps && status == TP_OK; r.at++) {
        status = record_step(&r, x, y, like);
        if (r.at + 1 < r.c->steps) memcpy(x, y, (size_t)n * sizeof *x);
    }
    status = check_data(&r, status);
    if (status == TP_OK) status = tp_segment_walk(tape, first, first, y, r.c->body.results, NULL, g);
    run_end(&r);
    return status;
}

/* ---- the node ---- */

static tp_status checkpoint_shape(tp_ctx *ctx)
{
    chain *c = *(chain *const *)ctx->attributes;
    for (int k = 0; k < ctx->results; k++) {
        ctx->result[k] = c->out[k].tensor;
        c->out[k].tensor = NULL;
    }
    return TP_OK;
}

/* Again, for a replay: the results' memory stays. */
static tp_status compute(tp_ctx *ctx)
{
    tp_tape *tape = ctx->tape;
    chain *c = *(chain *const *)ctx->attributes;
    const bool advances = tape->rerun == TP_ADVANCES;
    if (advances) {
        if (!tp_write_down(tape, &(tp_undo){.kept = &c->start, .was = c->start})) return tape->error.status;
        c->start = (tp_rng){.seed = tape->seed, .stream = tape->streams};
    }
    tp_held like[LIMIT], values[LIMIT] = {{0}};
    results_of(ctx, NULL, like);
    run r = run_begin(ctx, tape->rerun);
    if (!(tape->nodes[ctx->node].a & TP_NEEDS)) tape->grad_mask = 0;
    tp_status status = sweep(&r, like, values);
    for (int k = 0; k < ctx->results && status == TP_OK; k++) {
        const uint32_t i = ctx->results > 1 ? ctx->node + 1 + (uint32_t)k : ctx->node;
        tp_node *node = &tape->nodes[i];
        if (node->a & TP_IS_TENSOR)
            copy_elements(node->value.tensor, values[k].tensor);
        else
            node->value.number = values[k].number;
    }
    tp_held_drop(tape, values, ctx->results);
    c->data = r.frame.data;
    if (advances) r.streams = tape->streams;
    run_end(&r);
    return status;
}

static tp_status checkpoint_forward(tp_ctx *ctx)
{
    chain *c = *(chain *const *)ctx->attributes;
    if (!c->fresh) return compute(ctx);
    c->fresh = false;
    for (int k = 0; k < ctx->results; k++) {
        tp_node *node = &ctx->tape->nodes[ctx->results > 1 ? ctx->node + 1 + (uint32_t)k : ctx->node];
        if (!(node->a & TP_IS_TENSOR)) node->value.number = c->out[k].number;
    }
    return TP_OK;
}

#define CHECKPOINT(called, count)                                                                                      \
    {                                                                                                                  \
        TP_OP_HEAD, .name = called, .arity = TP_VARIADIC, .results = count, .attributes = sizeof(chain *),             \
                    .shape = checkpoint_shape, .forward = checkpoint_forward, .backward = checkpoint_backward,         \
                    .gradient = checkpoint_gradient                                                                    \
    }
static const tp_op checkpoint_op = CHECKPOINT("checkpoint", 1);
static const tp_op chain_ops[LIMIT] = {CHECKPOINT("checkpoint_chain", 1), CHECKPOINT("checkpoint_chain", 2),
                                       CHECKPOINT("checkpoint_chain", 3), CHECKPOINT("checkpoint_chain", 4),
                                       CHECKPOINT("checkpoint_chain", 5), CHECKPOINT("checkpoint_chain", 6),
                                       CHECKPOINT("checkpoint_chain", 7), CHECKPOINT("checkpoint_chain", 8)};

/* ---- recording one ---- */

/* What has to be given back when a first run fails. */
typedef struct start {
    tp_mark mark;
    uint32_t captures;
} start;

static tp_status give_up(tp_tape *tape, const start *s, chain *c, tp_status status)
{
    if (c) {
        tp_held_drop(tape, c->row, (int)(c->places * c->carried));
        tp_held_drop(tape, c->out, c->body.results);
    }
    tp_captures_drop(tape, s->captures);
    return forget(tape, &s->mark, status);
}

/* On the tape's stack; NULL when out of memory. */
static chain *new_chain(tp_tape *tape, const tp_body *body, int64_t steps, int64_t places)
{
    chain *c = tp_chunks_push(&tape->stack, sizeof *c);
    if (!c) return NULL;
    const size_t rows = (size_t)places;
    *c = (chain){.body = *body, .steps = steps, .places = places, .carried = steps > 1 ? body->n : 0};
    c->start = (tp_rng){.seed = tape->seed, .stream = tape->streams};
    c->at = tp_chunks_push(&tape->stack, rows * sizeof *c->at);
    c->stream = tp_chunks_push(&tape->stack, rows * sizeof *c->stream);
    c->row = tp_chunks_push(&tape->stack, (rows * (size_t)c->carried + 1) * sizeof *c->row);
    if (!c->at || !c->stream || !c->row) return NULL;
    memset(c->row, 0, rows * (size_t)c->carried * sizeof *c->row);
    return c;
}

static tp_status make_rows(tp_tape *tape, chain *c, const tp_held *like)
{
    for (int64_t i = 0; i < c->places * c->carried; i++) {
        const tp_tensor *value = like[i % c->carried].tensor;
        if (!value) continue;
        c->row[i].tensor = tp_new_tensor(tape, (tp_dtype)value->dtype, value->rank, value->dims, c->body.name);
        if (!c->row[i].tensor) return tape->error.status;
    }
    return TP_OK;
}

/* The rows' tensors go with the latest node. */
static tp_status own_rows(tp_tape *tape, chain *c)
{
    for (int64_t i = 0; i < c->places * c->carried; i++) {
        if (!c->row[i].tensor || tp_own(tape, tape->count - 1, c->row[i].tensor)) continue;
        for (int64_t k = 0; k <= i; k++) c->row[k].tensor = NULL; /* they go with the node, or are gone */
        return tape->error.status;
    }
    return TP_OK;
}

/* Appends the node for a chain that has run, behind leaves for the parameters that it took. */
static tp_status append(tp_tape *tape, chain *c, const start *s, const tp_op *op, const tp_var *x, tp_var *results)
{
    const uint32_t n = (uint32_t)c->body.n, captured = tape->captures.count - s->captures;
    uint32_t *inputs = tp_chunks_push(&tape->stack, ((size_t)n + captured + 1) * sizeof *inputs);
    if (!inputs) return tp_tape_out_of_memory(tape, "tp_checkpoint");
    for (uint32_t i = 0; i < n; i++) inputs[i] = x[i].node;
    c->leaves = n + tp_captures_place(tape, s->captures, inputs + n);
    if (tape->error.status != TP_OK) return tape->error.status;
    tp_captures_drop(tape, s->captures);
    c->fresh = true;
    const tp_status status = tp_record(tape, op, inputs, n + captured, &c, results);
    for (int k = 0; status == TP_OK && k < c->body.results; k++)
        if (!c->needs[k]) tape->nodes[results[k].node].a &= ~TP_NEEDS;
    return status == TP_OK ? own_rows(tape, c) : status;
}

/* A first run: its nodes on the tape's stack are those of the chain's operands. */
static tp_status begin(tp_tape *tape, const tp_body *body, int64_t steps, int64_t places, const tp_var *x, run *r)
{
    *r = (run){.tape = tape, .captures = tape->captures.count};
    r->c = new_chain(tape, body, steps, places);
    uint32_t *inputs = tp_chunks_push(&tape->stack, ((size_t)body->n + 1) * sizeof *inputs);
    if (!r->c || !inputs) {
        r->c = NULL;
        return tp_tape_out_of_memory(tape, "tp_checkpoint");
    }
    for (int i = 0; i < body->n; i++) inputs[i] = x[i].node;
    r->inputs = inputs;
    return TP_OK;
}

static tp_status complete(run *r, const start *s, const tp_op *op, const tp_var *x, const tp_held *like,
                          tp_var *results)
{
    tp_tape *tape = r->tape;
    chain *c = r->c;
    tp_status status = sweep(r, like, c->out);
    tp_held_drop(tape, r->state, c->carried);
    c->data = r->frame.data;
    if (tape->frame) tape->frame->data += c->data;
    return status == TP_OK ? append(tape, c, s, op, x, results) : status;
}

static tp_status check_call(tp_tape *tape, const tp_body *body, const tp_var *x)
{
    if ((!body->f && !body->step) || body->n < 0 || (body->n > 0 && !x))
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_%s: the function or x is NULL", body->name);
    for (int i = 0; i < body->n; i++)
        if (!tp_check_operand(tape, body->name, x[i], i)) return tape->error.status;
    return tape->error.status;
}

tp_var tp_checkpoint(tp_function f, tp_tape *tape, const tp_var *x, int n, void *user)
{
    const tp_body body = {.name = "checkpoint", .f = f, .user = user, .n = n, .results = 1};
    if (!tape || check_call(tape, &body, x) != TP_OK) return tp_poison(tape);
    const start s = {tp_tape_mark(tape), tape->captures.count};
    run r;
    tp_var y;
    tp_status status = begin(tape, &body, 1, 1, x, &r);
    if (status == TP_OK) status = complete(&r, &s, &checkpoint_op, x, NULL, &y);
    if (status == TP_OK) return y;
    give_up(tape, &s, r.c, status);
    return tp_poison(tape);
}

/* ---- a chain of several steps ---- */

static size_t state_bytes(const tp_held *like, int n)
{
    size_t bytes = 0;
    for (int i = 0; i < n; i++) {
        const tp_tensor *value = like[i].tensor;
        bytes += value ? tp_pool_bytes((size_t)value->count * tp_dtype_size((tp_dtype)value->dtype)) : sizeof(tp_held);
    }
    return bytes;
}

static int64_t places_for(int64_t steps, size_t bytes, const tp_held *like, int n)
{
    const int64_t room = 1 << 27, most = steps < 2 ? 1 : steps - 1 < room ? steps - 1 : room;
    const uint64_t fit = bytes / state_bytes(like, n);
    const int64_t places = bytes == 0 ? tp_revolve_twice(steps) : fit < (uint64_t)most ? (int64_t)fit : most;
    return places < 1 ? 1 : places < most ? places : most;
}

/* What the first step holds, with its slots. */
static bool costs_at_most(const tp_tape *tape, const first_step *first, size_t before, size_t bytes, int64_t steps)
{
    const size_t nodes = (tape->count - first->mark.node) * (sizeof(tp_node) + sizeof(tp_slot));
    const size_t tensors = tape->pool.used > before ? tape->pool.used - before : 0;
    return nodes + tensors <= bytes / (uint64_t)steps;
}

/* The chain recorded plainly, from its second step on. */
static tp_status record_plainly(tp_tape *tape, const tp_body *body, int64_t steps, tp_var *state)
{
    for (int64_t k = 1; k < steps; k++) {
        body->step(tape, state, body->n, k, body->user);
        for (int i = 0; i < body->n; i++)
            if (!tp_check_operand(tape, body->name, state[i], i)) return tape->error.status;
    }
    return tape->error.status;
}

static tp_status chain_of(tp_tape *tape, const tp_body *body, int64_t steps, size_t bytes, const start *s, run *r,
                          tp_var *state)
{
    const int n = body->n;
    tp_held like[LIMIT];
    for (int i = 0; i < n; i++) like[i] = (tp_held){.tensor = (tp_tensor *)tp_value(state[i])};
    const size_t before = tape->pool.used;
    first_step first;
    tp_status status = begin(tape, body, steps, places_for(steps, bytes, like, n), state, r);
    if (status == TP_OK) status = try_step(r, like, &first.mark, first.y);
    if (status != TP_OK) return status;
    if (costs_at_most(tape, &first, before, bytes, steps)) {
        memcpy(state, first.y, (size_t)n * sizeof *state);
        tp_captures_drop(tape, s->captures);
        if (tape->frame) tape->frame->data += r->frame.data;
        return record_plainly(tape, body, steps, state);
    }
    r->first = &first;
    status = make_rows(tape, r->c, like);
    return status == TP_OK ? complete(r, s, &chain_ops[n - 1], state, like, state) : status;
}

tp_status tp_checkpoint_chain(tp_step_function step, tp_tape *tape, tp_var *state, int n, int64_t steps, void *user,
                              size_t bytes)
{
    if (!tape) return TP_E_ARGUMENT;
    const tp_body body = {.name = "checkpoint_chain", .step = step, .user = user, .n = n, .results = n};
    tp_status status = check_call(tape, &body, state);
    if (status == TP_OK && (n < 1 || n > LIMIT || steps < 0))
        status = tp_tape_fail(tape, n > LIMIT ? TP_E_LIMIT : TP_E_ARGUMENT,
                              "tp_checkpoint_chain: %d states, of 1 to %d, and %lld steps", n, LIMIT, (long long)steps);
    if (status == TP_OK && steps == 0) return TP_OK;
    const start s = {tp_tape_mark(tape), tape->captures.count};
    run r = {0};
    if (status == TP_OK) {
        status = chain_of(tape, &body, steps, bytes ? bytes : tape->checkpoint_bytes, &s, &r, state);
        if (status != TP_OK) give_up(tape, &s, r.c, status);
    }
    for (int i = 0; status != TP_OK && state && i < n; i++) state[i] = tp_poison(tape);
    return status;
}

int64_t tp_checkpoint_cost(int64_t steps, int64_t c)
{
    return steps < 1 || c < 1 ? -1 : tp_revolve_cost(steps, c);
}
