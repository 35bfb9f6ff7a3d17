/* Running a segment of the program that is to be forgotten: first, so that its node can be recorded, and again, to be
   walked. While it runs the tape has a frame, which
   - gives tp_param the leaf that stands for it outside, where the segment runs again;
   - adds up what versions the other tensors have that it reads, so that a change is noticed.
   Invariant: what is held between runs lies outside the tape's nodes, and is given back when a run fails. */
#ifndef TAPIR_AUTOGRAD_SEGMENT_H
#define TAPIR_AUTOGRAD_SEGMENT_H

#include <tapir/checkpoint.h>

#include "autograd/ctx.h"

/* A value while no node has it. */
typedef struct tp_held {
    tp_tensor *tensor; /* NULL: a number */
    double number;
} tp_held;

typedef struct tp_frame {
    struct tp_frame *outer;
    const uint32_t *leaves; /* nodes that stand for the parameters it takes */
    uint32_t count, next;
    bool again;
    uint64_t data; /* sum over the tensors that it reads */
    const char *name;
} tp_frame;

/* What a segment runs: f, or step. */
typedef struct tp_body {
    const char *name; /* for messages */
    tp_function f;
    tp_step_function step;
    void *user;
    int n, results; /* of step they are equal */
} tp_body;

/* Runs the body on x[n] in the frame; the results, good handles that the body may return, go to y. `like` (of as many
   nodes) says what dtypes and shapes they must have; NULL: any. */
tp_status tp_segment_run(tp_tape *tape, const tp_body *body, tp_frame *frame, const tp_var *x, int64_t k,
                         const tp_held *like, tp_var *y);
/* Asked by every leaf: true when it is not to be made, and what stands for it goes to *known (poisoned after an
   error). */
bool tp_frame_leaf(tp_tape *tape, const tp_op *op, const tp_tensor *tensor, bool param, bool needs, tp_var *known);

/* What the nodes from `first` on use that lies below and can be differentiated, but for x, and the parameters that
   they took: added to tape->captures above `base`, each once. */
tp_status tp_segment_capture(tp_tape *tape, uint32_t first, uint32_t base, const tp_var *x, int n);
/* Gives back captures above `base`. */
void tp_captures_drop(tp_tape *tape, uint32_t base);
/* The captures as nodes, those that are nodes first, then new leaves for parameters; returns how many of the first. */
uint32_t tp_captures_place(tp_tape *tape, uint32_t base, uint32_t *nodes);

/* The values of handles; tp_held_settle makes sure, once their nodes are gone, that each is dense and nobody else's. */
void tp_hold(const tp_tape *tape, const tp_var *y, int n, tp_held *values);
tp_status tp_held_settle(tp_tape *tape, tp_held *values, int n, const char *name);
void tp_held_copy(tp_tensor *to, const tp_tensor *from);
void tp_held_drop(tp_tape *tape, tp_held *values, int n);
/* Differentiable nodes with such values. */
tp_status tp_held_leaves(tp_tape *tape, const tp_held *values, int n, tp_var *x);

/* Walks what was recorded since `first`, as part of the walk that runs: from y, whose upstreams are in numbers
   `seeds`, which are used up, or recorded nodes. Slots from `low` on are emptied before; gradients go on to those of
   older nodes. */
tp_status tp_segment_walk(tp_tape *tape, uint32_t low, uint32_t first, const tp_var *y, int n, tp_held *seeds,
                          const tp_var *recorded);
/* Takes the gradients that have arrived at leaves x out of their slots (an absent one: no tensor, 0). */
void tp_segment_gradients(tp_tape *tape, const tp_var *x, int n, tp_held *gradients);

#endif
