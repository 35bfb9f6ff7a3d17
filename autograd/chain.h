/* Chains: what a checkpoint's node keeps, and runs over part of it. tp_checkpoint's has one step.
   Rows of states: row d is the copy of state at[d], d = 1 .. depth; row 0, whose state 0 the operands have, keeps the
   state before the last step, which the first walk begins with. Rows belong to the node from its recording on, so that
   walking back asks for no more memory. */
#ifndef TAPIR_AUTOGRAD_CHAIN_H
#define TAPIR_AUTOGRAD_CHAIN_H

#include "autograd/segment.h"

#define TP_CHAIN_LIMIT TP_MAX_RESULTS

typedef struct tp_chain {
    tp_body body;
    int64_t steps;
    int carried;     /* values of a state: none where there is one step */
    uint32_t leaves; /* among the operands, parameters begin here */
    int64_t places;  /* rows */
    int64_t depth;   /* the latest row in use */
    bool swept;      /* rows are as a run over the whole chain leaves them */
    bool fresh;      /* the results are there: nothing to compute */
    tp_held out[TP_CHAIN_LIMIT];
    uint32_t needs[TP_CHAIN_LIMIT]; /* TP_NEEDS where the result has a gradient */
    size_t recorded;                /* bytes in tensors that recording a step took at most */
    tp_rng start;                   /* seed, and in `stream` how many streams had been taken */
    uint64_t data;                  /* what the tensors that the steps read add up to */
    int64_t *at;                    /* of each row: the state's number, */
    uint64_t *stream;               /* the streams taken before it, */
    tp_held *row;                   /* and body.n values */
} tp_chain;

/* The first step, recorded while it is not yet known whether it stays. */
typedef struct tp_first_step {
    tp_mark mark;
    tp_var y[TP_CHAIN_LIMIT];
} tp_first_step;

/* Where a run over part of the chain stands. */
typedef struct tp_run {
    tp_tape *tape;
    tp_chain *c;
    const uint32_t *inputs; /* of the node; the first body.n are the chain's own operands */
    tp_frame frame;
    int64_t at; /* the state in hand; 0: the operands */
    tp_held state[TP_CHAIN_LIMIT];
    const tp_first_step *first; /* in the first run; NULL once it is forgotten */
    uint32_t captures;          /* in the first run: they lie above it */
    uint64_t seed, streams;     /* the tape's own, to be put back */
    uint32_t mask;
    tp_rerun rerun;
} tp_run;

static inline tp_held *tp_row_of(const tp_chain *c, int64_t d)
{
    return c->row + d * c->body.n;
}

/* A run again, inside one of the node's closures: with the chain's seed and streams, and gradients on. */
tp_run tp_run_begin(tp_ctx *ctx, tp_rerun rerun);
void tp_run_end(tp_run *r);

/* Handles of the state in hand. */
tp_status tp_run_vars(tp_run *r, tp_var *x);
/* Records the step from it, whose handles are x; tp_run_try has a mark before both, and in a first run notes what the
   step captures. */
tp_status tp_run_record(tp_run *r, const tp_var *x, tp_var *y, const tp_held *like);
tp_status tp_run_try(tp_run *r, const tp_held *like, tp_mark *mark, tp_var *y);
/* Forgets what was recorded after the mark; returns `status`, or TP_E_MEMORY. */
tp_status tp_run_forget(tp_tape *tape, const tp_mark *mark, tp_status status);

/* Takes a row's state in hand; tp_run_restore its number and streams, too (d = 0: the operands). */
void tp_run_take_row(tp_run *r, int64_t d);
void tp_run_restore(tp_run *r, int64_t d);
/* From the latest row to the last state before `end`, with copies on the way as the schedule has them. */
tp_status tp_run_advance(tp_run *r, int64_t end);
/* The whole chain, which leaves rows for the first walk, and the results. */
tp_status tp_run_sweep(tp_run *r, const tp_held *like, tp_held *values);

/* The op of tp_checkpoint, or of tp_checkpoint_chain with so many states. Its attributes point at the chain. */
const tp_op *tp_checkpoint_op(const tp_body *body);

#endif
