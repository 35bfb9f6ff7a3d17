/* Recording checkpoints: the first run, then the node with what the run has captured as operands. */
#include <string.h>

#include "autograd/chain.h"
#include "autograd/revolve.h"

/* What has to be given back when a first run fails. */
typedef struct start {
    tp_mark mark;
    uint32_t captures;
} start;

static tp_status give_up(tp_tape *tape, const start *s, tp_chain *c, tp_status status)
{
    if (c) {
        tp_held_drop(tape, c->row, (int)(c->places * c->carried));
        tp_held_drop(tape, c->out, c->body.results);
    }
    tp_captures_drop(tape, s->captures);
    return tp_run_forget(tape, &s->mark, status);
}

/* On the tape's stack; NULL when out of memory. */
static tp_chain *new_chain(tp_tape *tape, const tp_body *body, int64_t steps, int64_t places)
{
    tp_chain *c = tp_chunks_push(&tape->stack, sizeof *c);
    if (!c) return NULL;
    const size_t rows = (size_t)places;
    *c = (tp_chain){.body = *body, .steps = steps, .places = places, .carried = steps > 1 ? body->n : 0};
    c->start = (tp_rng){.seed = tape->seed, .stream = tape->streams};
    c->at = tp_chunks_push(&tape->stack, rows * sizeof *c->at);
    c->stream = tp_chunks_push(&tape->stack, rows * sizeof *c->stream);
    c->row = tp_chunks_push(&tape->stack, (rows * (size_t)c->carried + 1) * sizeof *c->row);
    if (!c->at || !c->stream || !c->row) return NULL;
    memset(c->row, 0, rows * (size_t)c->carried * sizeof *c->row);
    return c;
}

static tp_status make_rows(tp_tape *tape, tp_chain *c, const tp_held *like)
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
static tp_status own_rows(tp_tape *tape, tp_chain *c)
{
    for (int64_t i = 0; i < c->places * c->carried; i++) {
        if (!c->row[i].tensor || tp_own(tape, tape->count - 1, c->row[i].tensor)) continue;
        for (int64_t k = 0; k <= i; k++) c->row[k].tensor = NULL; /* they go with the node, or are gone */
        return tape->error.status;
    }
    return TP_OK;
}

/* Appends the node for a chain that has run, behind leaves for the parameters that it took. */
static tp_status append(tp_tape *tape, tp_chain *c, const start *s, const tp_var *x, tp_var *results)
{
    const uint32_t n = (uint32_t)c->body.n, captured = tape->captures.count - s->captures;
    uint32_t *inputs = tp_chunks_push(&tape->stack, ((size_t)n + captured + 1) * sizeof *inputs);
    if (!inputs) return tp_tape_out_of_memory(tape, "tp_checkpoint");
    for (uint32_t i = 0; i < n; i++) inputs[i] = x[i].node;
    c->leaves = n + tp_captures_place(tape, s->captures, inputs + n);
    if (tape->error.status != TP_OK) return tape->error.status;
    tp_captures_drop(tape, s->captures);
    c->fresh = true;
    const tp_status status = tp_record(tape, tp_checkpoint_op(&c->body), inputs, n + captured, &c, results);
    for (int k = 0; status == TP_OK && k < c->body.results; k++)
        if (!c->needs[k]) tape->nodes[results[k].node].a &= ~TP_NEEDS;
    return status == TP_OK ? own_rows(tape, c) : status;
}

/* A first run: its nodes on the tape's stack are those of the chain's operands. */
static tp_status begin(tp_tape *tape, const tp_body *body, int64_t steps, int64_t places, const tp_var *x, tp_run *r)
{
    *r = (tp_run){.tape = tape, .captures = tape->captures.count};
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

static tp_status complete(tp_run *r, const start *s, const tp_var *x, const tp_held *like, tp_var *results)
{
    tp_tape *tape = r->tape;
    tp_chain *c = r->c;
    tp_status status = tp_run_sweep(r, like, c->out);
    tp_held_drop(tape, r->state, c->carried);
    c->data = r->frame.data;
    if (tape->frame) tape->frame->data += c->data;
    return status == TP_OK ? append(tape, c, s, x, results) : status;
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
    tp_run r;
    tp_var y;
    tp_status status = begin(tape, &body, 1, 1, x, &r);
    if (status == TP_OK) status = complete(&r, &s, x, NULL, &y);
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
static bool costs_at_most(const tp_tape *tape, const tp_first_step *first, size_t before, size_t bytes, int64_t steps)
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

static tp_status chain_of(tp_tape *tape, const tp_body *body, int64_t steps, size_t bytes, const start *s, tp_run *r,
                          tp_first_step *first, tp_var *state)
{
    const int n = body->n;
    tp_held like[TP_CHAIN_LIMIT];
    for (int i = 0; i < n; i++) like[i] = (tp_held){.tensor = (tp_tensor *)tp_value(state[i])};
    const size_t before = tape->pool.used;
    tp_status status = begin(tape, body, steps, places_for(steps, bytes, like, n), state, r);
    if (status == TP_OK) status = tp_run_try(r, like, &first->mark, first->y);
    if (status != TP_OK) return status;
    if (costs_at_most(tape, first, before, bytes, steps)) {
        memcpy(state, first->y, (size_t)n * sizeof *state);
        tp_captures_drop(tape, s->captures);
        if (tape->frame) tape->frame->data += r->frame.data;
        return record_plainly(tape, body, steps, state);
    }
    r->first = first;
    status = make_rows(tape, r->c, like);
    return status == TP_OK ? complete(r, s, state, like, state) : status;
}

tp_status tp_checkpoint_chain(tp_step_function step, tp_tape *tape, tp_var *state, int n, int64_t steps, void *user,
                              size_t bytes)
{
    if (!tape) return TP_E_ARGUMENT;
    const tp_body body = {.name = "checkpoint_chain", .step = step, .user = user, .n = n, .results = n};
    tp_status status = check_call(tape, &body, state);
    if (status == TP_OK && (n < 1 || n > TP_CHAIN_LIMIT || steps < 0))
        status = tp_tape_fail(tape, n > TP_CHAIN_LIMIT ? TP_E_LIMIT : TP_E_ARGUMENT,
                              "tp_checkpoint_chain: %d states, of 1 to %d, and %lld steps", n, TP_CHAIN_LIMIT,
                              (long long)steps);
    if (status == TP_OK && steps == 0) return TP_OK;
    const start s = {tp_tape_mark(tape), tape->captures.count};
    tp_run r = {0};
    tp_first_step first;
    if (status == TP_OK) {
        status = chain_of(tape, &body, steps, bytes ? bytes : tape->checkpoint_bytes, &s, &r, &first, state);
        if (status != TP_OK) give_up(tape, &s, r.c, status);
    }
    for (int i = 0; status != TP_OK && state && i < n; i++) state[i] = tp_poison(tape);
    return status;
}

int64_t tp_checkpoint_cost(int64_t steps, int64_t c)
{
    return steps < 1 || c < 1 ? -1 : tp_revolve_cost(steps, c);
}
