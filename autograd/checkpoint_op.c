/* The node of a checkpoint: walked back step by step in numbers, or recorded anew to stay; run again by a replay. */
#include <string.h>

#include "autograd/chain.h"
#include "autograd/replay.h"

/* ---- walking back ---- */

static void first_state(tp_run *r)
{
    tp_chain *c = r->c;
    const bool swept = c->swept && c->steps > 1;
    c->swept = false;
    if (!swept) {
        c->depth = 0;
        c->at[0] = 0;
        c->stream[0] = c->start.stream;
        tp_run_restore(r, 0);
        return;
    }
    tp_run_take_row(r, 0);
    r->at = c->steps - 1;
    r->tape->streams = c->stream[0];
    c->stream[0] = c->start.stream;
}

/* Records the step from the state in hand, walks it and forgets it: `g`, the gradient of its results, becomes that of
   its operands, but for the first step's, which goes to the operands' slots. */
static tp_status walk_step(tp_run *r, const tp_held *like, tp_held *g)
{
    tp_tape *tape = r->tape;
    const tp_chain *c = r->c;
    const tp_mark mark = tp_tape_mark(tape);
    tp_var few[TP_CHAIN_LIMIT], y[TP_CHAIN_LIMIT], *x = few;
    if (c->body.n > TP_CHAIN_LIMIT && !(x = tp_chunks_push(&tape->stack, (size_t)c->body.n * sizeof *x)))
        return tp_tape_out_of_memory(tape, "tp_checkpoint");
    tp_status status = tp_run_vars(r, x);
    const uint32_t body = tape->count;
    if (status == TP_OK) status = tp_run_record(r, x, y, like);
    if (status == TP_OK) status = tp_segment_walk(tape, mark.node, body, y, c->body.results, g, NULL);
    if (status == TP_OK && r->at > 0) {
        tp_held_drop(tape, g, c->body.results);
        tp_segment_gradients(tape, x, c->body.n, g);
    }
    return tp_run_forget(tape, &mark, status);
}

static tp_status check_data(tp_run *r, tp_status status)
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
    tp_held g[TP_CHAIN_LIMIT] = {{0}}, like[TP_CHAIN_LIMIT];
    results_of(ctx, g, like);
    tp_run r = tp_run_begin(ctx, TP_REPEATS);
    tp_chain *c = r.c;
    uint64_t data = 0;
    tp_status status = TP_OK;
    first_state(&r);
    for (int64_t end = c->steps; end > 0 && status == TP_OK; end--) {
        if (r.at != end - 1) {
            if (end < c->steps) tp_run_restore(&r, c->depth);
            status = tp_run_advance(&r, end);
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
    tp_run_end(&r);
    return status;
}

/* Recorded again, a step has its values, as much again in gradients, and what its rules take; nobody knows how much
   that is before they run: twice as much is a guess. */
static size_t checkpoint_workspace(tp_ctx *ctx)
{
    const tp_chain *c = *(tp_chain *const *)ctx->attributes;
    return 4 * c->recorded;
}

/* Recorded: all steps, to stay. */
static tp_status checkpoint_backward(tp_ctx *ctx, tp_var upstream)
{
    (void)upstream;
    tp_tape *tape = ctx->tape;
    tp_var g[TP_CHAIN_LIMIT], state[TP_CHAIN_LIMIT], *x = state, y[TP_CHAIN_LIMIT];
    tp_held like[TP_CHAIN_LIMIT];
    results_of(ctx, NULL, like);
    for (int k = 0; k < ctx->results; k++) g[k] = tp_ctx_upstream(ctx, k);
    tp_run r = tp_run_begin(ctx, TP_REPEATS);
    const int n = r.c->body.n;
    const uint32_t first = tape->count;
    tp_status status = TP_OK;
    if (n > TP_CHAIN_LIMIT && !(x = tp_chunks_push(&tape->stack, (size_t)n * sizeof *x)))
        status = tp_tape_out_of_memory(tape, "tp_checkpoint");
    for (int i = 0; i < n && status == TP_OK; i++) x[i] = tp_handle(tape, r.inputs[i]);
    for (; r.at < r.c->steps && status == TP_OK; r.at++) {
        status = tp_run_record(&r, x, y, like);
        if (r.at + 1 < r.c->steps) memcpy(x, y, (size_t)n * sizeof *x);
    }
    status = check_data(&r, status);
    if (status == TP_OK) status = tp_segment_walk(tape, first, first, y, r.c->body.results, NULL, g);
    tp_run_end(&r);
    return status;
}

/* ---- the node ---- */

static tp_status checkpoint_shape(tp_ctx *ctx)
{
    tp_chain *c = *(tp_chain *const *)ctx->attributes;
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
    tp_chain *c = *(tp_chain *const *)ctx->attributes;
    const bool advances = tape->rerun == TP_ADVANCES;
    if (advances) {
        if (!tp_write_down(tape, &(tp_undo){.kept = &c->start, .was = c->start})) return tape->error.status;
        c->start = (tp_rng){.seed = tape->seed, .stream = tape->streams};
    }
    tp_held like[TP_CHAIN_LIMIT], values[TP_CHAIN_LIMIT] = {{0}};
    results_of(ctx, NULL, like);
    tp_run r = tp_run_begin(ctx, tape->rerun);
    if (!(tape->nodes[ctx->node].a & TP_NEEDS)) tape->grad_mask = 0;
    tp_status status = tp_run_sweep(&r, like, values);
    for (int k = 0; k < ctx->results && status == TP_OK; k++) {
        const uint32_t i = ctx->results > 1 ? ctx->node + 1 + (uint32_t)k : ctx->node;
        tp_node *node = &tape->nodes[i];
        if (node->a & TP_IS_TENSOR)
            tp_held_copy(node->value.tensor, values[k].tensor);
        else
            node->value.number = values[k].number;
    }
    tp_held_drop(tape, values, ctx->results);
    c->data = r.frame.data;
    if (advances) r.streams = tape->streams;
    tp_run_end(&r);
    return status;
}

static tp_status checkpoint_forward(tp_ctx *ctx)
{
    tp_chain *c = *(tp_chain *const *)ctx->attributes;
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
        TP_OP_HEAD, .name = called, .arity = TP_VARIADIC, .results = count, .attributes = sizeof(tp_chain *),          \
                    .shape = checkpoint_shape, .forward = checkpoint_forward, .backward = checkpoint_backward,         \
                    .gradient = checkpoint_gradient, .workspace = checkpoint_workspace                                 \
    }
static const tp_op segment_op = CHECKPOINT("checkpoint", 1);
static const tp_op chain_ops[TP_CHAIN_LIMIT] = {CHECKPOINT("checkpoint_chain", 1), CHECKPOINT("checkpoint_chain", 2),
                                                CHECKPOINT("checkpoint_chain", 3), CHECKPOINT("checkpoint_chain", 4),
                                                CHECKPOINT("checkpoint_chain", 5), CHECKPOINT("checkpoint_chain", 6),
                                                CHECKPOINT("checkpoint_chain", 7), CHECKPOINT("checkpoint_chain", 8)};

const tp_op *tp_checkpoint_op(const tp_body *body)
{
    return body->f ? &segment_op : &chain_ops[body->results - 1];
}
