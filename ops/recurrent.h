/* What the files of the recurrent ops share: how a call is laid out, and what forward keeps for the numeric rule. */
#ifndef TAPIR_OPS_RECURRENT_INTERNAL_H
#define TAPIR_OPS_RECURRENT_INTERNAL_H

#include "ops/ops.h"

/* Attributes: which cell, and which operands there are. */
typedef struct tp_recurrent_call {
    tp_cell cell;
    bool reverse, bias, state, lengths;
} tp_recurrent_call;

/* Operands: x, W_ih, W_hh, then b_ih and b_hh, h0 (and c0 of the LSTM), lengths, as far as they are there. Results: the
   output, h_n (and c_n of the LSTM). */
enum { TP_RECURRENT_X, TP_RECURRENT_W_IH, TP_RECURRENT_W_HH, TP_RECURRENT_B_IH, TP_RECURRENT_B_HH };

typedef struct tp_recurrent_saved {
    tp_tensor *gates;   /* (T, B, gates H) */
    tp_tensor *kept;    /* (T, B, H): LSTM: c after each step; GRU: W_hn h + b_hn; else NULL */
    tp_tensor *lengths; /* (B) i64; NULL: all are T */
} tp_recurrent_saved;

/* One call's sizes, and where its optional operands stand; -1: they are not there. */
typedef struct tp_recurrent {
    const tp_recurrent_call *call;
    int64_t steps, batch, in, units, wide; /* wide: gates H */
    int h0, c0, lengths;
} tp_recurrent;

static inline int64_t tp_cell_gates(tp_cell cell)
{
    return cell == TP_CELL_LSTM ? 4 : (cell == TP_CELL_GRU ? 3 : 1);
}

tp_recurrent tp_recurrent_of(tp_ctx *ctx);

/* The step that is the i-th to be taken. */
static inline int64_t tp_recurrent_step(const tp_recurrent *r, int64_t i)
{
    return r->call->reverse ? r->steps - 1 - i : i;
}

/* Closures. */
tp_status tp_recurrent_gradient(tp_ctx *ctx, const tp_tensor *g);
size_t tp_recurrent_workspace(tp_ctx *ctx);
tp_status tp_recurrent_backward(tp_ctx *ctx, tp_var g);

#endif
