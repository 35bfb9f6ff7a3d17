/* Forward mode over what is recorded: the tangents of several directions (lanes) carried next to each other from the
   nodes x to the results y in one pass over the nodes between, of which only those are visited that some y depends on.
   What does not depend on the lane (slopes, the graph of a rule) is worked out once a node.

     tp_sweep s;
     status = tp_sweep_begin(&s, "tp_jvp", tape, y, ny, x, nx, lanes, recorded);
     tp_sweep_seed(&s, lane, x[i], dx), or tp_sweep_seed_number(...): as often as wanted; they add up
     tp_sweep_run(&s);
     tp_sweep_number(&s, lane, y[j]), tp_sweep_tensor(...), or tp_sweep_result(...)
     tp_sweep_clear(&s): then other seeds, and again; in numbers only
     tp_sweep_end(&s): always

   Invariant: in numbers no node is left above those that were there, but for the constants that tp_sweep_result makes;
   the sweep's own memory lies on the tape's stack, so that between begin and end nothing may be recorded that keeps
   memory there. */
#ifndef TAPIR_AUTOGRAD_SWEEP_H
#define TAPIR_AUTOGRAD_SWEEP_H

#include "autograd/ctx.h"

typedef struct tp_sweep {
    tp_tape *tape;
    const char *called;   /* named in messages */
    uint32_t first, last; /* nodes that it visits: from the lowest x to the highest y */
    uint32_t lanes;
    const tp_var *y; /* the results, for as long as the sweep lasts */
    int ny;
    bool assumed;      /* that every y depends on every node, until one is met that is no scalar row */
    bool tensors;      /* some of these are tensors */
    bool recorded;     /* the tangents are nodes, and differentiable */
    tp_slot *tangents; /* `lanes` a node: a number, a reference to a tensor, or a node; all bits zero: zero */
    uint32_t *until;   /* a node's last user (itself, of a y), or 0: no y depends on it; and TP_MOVES */
    uint32_t chunk;    /* where the tape's stack stood */
    size_t used;
} tp_sweep;

#define TP_MOVES 0x80000000u /* in until: some lane has a tangent, and the slots are in use */

/* Checks x[i] and its direction (in messages `direction`), one of n: operands i + 1 and n + i + 1 in messages. */
tp_status tp_check_direction(tp_tape *tape, const char *called, const char *direction, const tp_var *x,
                             const tp_var *dx, int i, int n);
/* The handles have been checked. */
tp_status tp_sweep_begin(tp_sweep *s, const char *called, tp_tape *tape, const tp_var *y, int ny, const tp_var *x,
                         int nx, int lanes, bool recorded);
/* Adds dx, fitted to x's dtype and shape, to the tangent of x. */
tp_status tp_sweep_seed(tp_sweep *s, int lane, tp_var x, tp_var dx);
/* Adds to one element of it, in row-major order (0, of a scalar); in numbers only. */
tp_status tp_sweep_seed_number(tp_sweep *s, int lane, tp_var x, int64_t element, double dx);
tp_status tp_sweep_run(tp_sweep *s);
/* The tangent of a scalar y; that of a tensor y, of its dtype and dims with any strides, or NULL: zero. */
double tp_sweep_number(const tp_sweep *s, int lane, tp_var y);
const tp_tensor *tp_sweep_tensor(const tp_sweep *s, int lane, tp_var y);
/* It as a handle: a constant, or what was recorded. */
tp_var tp_sweep_result(const tp_sweep *s, int lane, tp_var y);
/* In numbers: the tangent with a reference of the caller's, to outlive the sweep. */
tp_slot tp_sweep_take(const tp_sweep *s, int lane, tp_var y);
/* A constant with memory of its own, that of the tangent where nobody else has it, or zeros; of the dtype and shape of
   node `like`. The caller keeps its reference. */
tp_var tp_tangent_constant(tp_tape *tape, uint32_t like, tp_slot tangent, const char *called);
void tp_sweep_clear(tp_sweep *s);
void tp_sweep_end(tp_sweep *s);

/* ---- between the sweep and what it does at a node ---- */

static inline tp_slot *tp_sweep_slots(const tp_sweep *s, uint32_t node)
{
    return &s->tangents[(size_t)(node - s->first) * s->lanes];
}

static inline bool tp_sweep_wants(const tp_sweep *s, uint32_t node)
{
    return node >= s->first && node <= s->last && s->until[node - s->first] != 0;
}

static inline bool tp_sweep_moves(const tp_sweep *s, uint32_t node)
{
    return node >= s->first && s->until[node - s->first] & TP_MOVES;
}

/* Finds out what the results depend on. */
void tp_sweep_mark(tp_sweep *s);
/* The node's slots, to be written: zero where nothing was there. */
tp_slot *tp_sweep_move(const tp_sweep *s, uint32_t node);
/* Gives back a node's tangents. */
void tp_sweep_drop(const tp_sweep *s, uint32_t node);
/* The tangent as a node: a constant where the sweep is in numbers. Not tp_ok: zero. */
tp_var tp_sweep_var(const tp_sweep *s, uint32_t lane, uint32_t node);
/* Takes over what the node dx holds as (a part of) the tangent of another. */
tp_status tp_sweep_add(const tp_sweep *s, uint32_t lane, uint32_t node, tp_var dx);
/* A row whose result is a tensor, in numbers. */
tp_status tp_sweep_row(const tp_sweep *s, uint32_t node);

#endif
