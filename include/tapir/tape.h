/* The tape: recording scalars and tensors, walking back, higher derivatives, checks, replay, drawing. */
#ifndef TAPIR_TAPE_H
#define TAPIR_TAPE_H

#include <stdio.h>

#include <tapir/random.h>
#include <tapir/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tp_tape tp_tape;

/* A value on a tape, passed by value. A handle must not outlive its tape; after a reset or rewind that took its
   node away it is stale, which is detected. A poisoned handle stands for the result of a wrong call: every op
   passes it through, and the tape holds the first error. */
typedef struct tp_var {
    tp_tape *tape;
    uint32_t node;
    uint32_t epoch;
} tp_var;

/* A function of the user's: records y = f(x) of n values on `tape` and returns it. */
typedef tp_var (*tp_function)(tp_tape *tape, const tp_var *x, int n, void *user);

/* ---- the tape's life ---- */

/* Zero everywhere is the default: malloc, one thread, no log. */
typedef struct tp_tape_options {
    const tp_allocator *memory;                   /* copied; NULL: malloc */
    int threads;                                  /* for large tensors; 0 means 1; results do not depend on it */
    uint32_t nodes;                               /* room for that many nodes is made at once */
    uint64_t seed;                                /* of what ops draw at random: see tp_tape_set_seed */
    bool private_grads;                           /* parameters' gradients stay on the tape: see tp_reduce_grads */
    size_t checkpoint_bytes;                      /* for the states that tp_checkpoint_chain keeps, unless it is told */
    void (*log)(void *user, const char *message); /* told of each first error; NULL: silent */
    void *log_user;
    bool profile; /* as tp_tape_set_profile */
} tp_tape_options;

/* A new, empty tape; `options` may be NULL. NULL when out of memory. One tape belongs to one thread. */
TP_API tp_tape *tp_tape_new(const tp_tape_options *options);
/* Frees the tape and everything on it. NULL is ignored. */
TP_API void tp_tape_free(tp_tape *tape);
/* Forgets every node and the error; memory is kept for the next recording. */
TP_API void tp_tape_reset(tp_tape *tape);

/* Starts the tape's generator anew. Each op that draws random numbers takes the next stream of Philox under this seed
   when it is recorded, and keeps it: a replay repeats its numbers, unless it is told to advance. Two tapes with one
   seed on which the same ops are recorded in the same order draw the same; a reset or rewind does not turn the
   generator back, so that each step of a training loop draws new numbers. NULL is ignored. */
TP_API void tp_tape_set_seed(tp_tape *tape, uint64_t seed);
/* Where the generator stands: the seed, and in `stream` how many streams were taken; the rest is zero. Set on this or
   another tape, it goes on from there: what a run that was stopped needs to draw what it would have drawn. */
TP_API tp_rng tp_tape_rng(const tp_tape *tape);
TP_API void tp_tape_set_rng(tp_tape *tape, tp_rng rng);

/* A place on the tape to come back to. */
typedef struct tp_mark {
    uint32_t node;
    uint32_t epoch; /* of the node before it */
    uint32_t chunk; /* where attributes and saved context stood */
    size_t used;
} tp_mark;
TP_API tp_mark tp_tape_mark(const tp_tape *tape);
/* Forgets the nodes recorded after `mark`; handles to earlier ones stay good. TP_E_STALE when the mark itself was
   rewound or reset away. */
TP_API tp_status tp_tape_rewind(tp_tape *tape, tp_mark mark);

/* The first error since the last reset, and its message with op, shapes and names ("" when there is none).
   tp_tape_clear_error forgets it and keeps the nodes. */
TP_API tp_status tp_tape_status(const tp_tape *tape);
TP_API const char *tp_tape_error(const tp_tape *tape);
TP_API void tp_tape_clear_error(tp_tape *tape);

/* ---- what it holds: see docs/memory.md ---- */

/* Bytes in use now, and the most that were at once, since the tape was made or tp_tape_reset_peaks. */
typedef struct tp_bytes {
    size_t now, peak;
} tp_bytes;

typedef struct tp_stats {
    uint32_t nodes, nodes_peak; /* recorded */
    tp_bytes node;              /* 32 a node */
    tp_bytes adjoint;           /* 8 a node that the latest walk could reach */
    tp_bytes extra;             /* attributes, long operand lists, saved context, lists of a walk */
    tp_bytes tensor;            /* buffers of tensors, rounded up by at most a quarter: the next three together */
    tp_bytes value;             /* ... of values and of what ops save for their rules */
    tp_bytes gradient;          /* ... of gradients: during a walk, and after it those that are kept or handed out */
    tp_bytes scratch;           /* ... of what rules and ops take for their own time, or keep to work with */
    size_t pooled;              /* in buffers that wait to be used again */
    tp_bytes total;             /* all that was taken from the allocator, in use or not */
    size_t arena; /* the size of a tp_arena, aligned to 64, that would have served since the tape was made */
} tp_stats;
/* Zeros for NULL. Tensors of the user's, and the gradients of parameters, are not the tape's. */
TP_API tp_stats tp_tape_stats(const tp_tape *tape);
/* The peaks are from now on what is in use now. NULL is ignored. */
TP_API void tp_tape_reset_peaks(tp_tape *tape);

/* What the recorded nodes of one op hold. */
typedef struct tp_op_tally {
    const char *op;
    uint32_t nodes;
    int64_t elements, bytes;                 /* of their results; a scalar is one element of 8 bytes */
    int64_t operand_elements, operand_bytes; /* of their operands */
} tp_op_tally;
/* Counts the nodes by op and writes the first `room` counts, those with the most nodes first. Returns how many ops
   there are; -1 when memory is short, or when `counts` is NULL and room is not 0. */
TP_API int tp_tape_op_counts(const tp_tape *tape, tp_op_tally *counts, int room);

/* ---- where the time goes: see docs/memory.md ---- */

/* Turned on, each op that is recorded, walked or replayed is timed from then on, anew; turned off, the times stay to be
   read. A scalar takes the long way round meanwhile, some ten nanoseconds; off, nothing is slower. Returns what it was;
   stays off when memory is short. */
TP_API bool tp_tape_set_profile(tp_tape *tape, bool on);

/* What one op took. In the arrays: when recorded, in walks back, in replays. A rule's time holds that of all that it
   records; so does an op's that records others. The time of reading the clock is taken off. */
typedef struct tp_op_profile {
    const char *op;
    int64_t calls[3];
    double seconds[3];
    int64_t elements, bytes; /* of the results, recorded and replayed */
} tp_op_profile;
/* Writes the first `room` ops, those with the most time first. Returns how many there are; -1 when memory is short, or
   when `profiles` is NULL and room is not 0. */
TP_API int tp_tape_profile(const tp_tape *tape, tp_op_profile *profiles, int room);
/* Prints them as a table, with a line for all together. TP_E_ARGUMENT, TP_E_MEMORY, TP_E_IO. */
TP_API tp_status tp_tape_print_profile(const tp_tape *tape, FILE *out);

/* ---- leaves ---- */

/* A differentiable scalar, and a constant one. */
TP_API tp_var tp_scalar(tp_tape *tape, double value);
TP_API tp_var tp_const(tp_tape *tape, double value);
/* A tensor on the tape; the tape takes a reference, not a copy. f32 and f64 can be differentiated.
   tp_param: each backward pass adds to the tensor's own gradient.  tp_data: a constant, of any dtype.
   tp_leaf: differentiable, but the gradient stays on the tape (tp_grad).
   A tensor of rank 0 gives a scalar node that is read again on replay. */
TP_API tp_var tp_param(tp_tape *tape, tp_tensor *tensor);
TP_API tp_var tp_data(tp_tape *tape, tp_tensor *tensor);
TP_API tp_var tp_leaf(tp_tape *tape, tp_tensor *tensor);
/* Changes the value of a tp_scalar or tp_const, for the next tp_replay. */
TP_API tp_status tp_set_item(tp_var leaf, double value);

/* Gives the node a name (copied, at most 47 bytes), for drawings and error messages; returns `x`. */
TP_API tp_var tp_name(tp_var x, const char *name);

/* ---- reading ---- */

/* No handle at all, for an operand that is left out. */
TP_API tp_var tp_none(void);
/* False for a poisoned or stale handle. */
TP_API bool tp_ok(tp_var x);
/* The value of a scalar node, or of a tensor with one element; NaN for anything else. */
TP_API double tp_item(tp_var x);
/* The value of a tensor node; NULL for a scalar node and for bad handles. It dies at the reset: clone it to keep it. */
TP_API const tp_tensor *tp_value(tp_var x);
/* A scalar node answers f64, rank 0; a bad handle f32, rank -1, NULL, false. */
TP_API tp_dtype tp_var_dtype(tp_var x);
TP_API int tp_var_rank(tp_var x);
TP_API const int64_t *tp_var_dims(tp_var x);
TP_API bool tp_needs_grad(tp_var x);

/* ---- fitting: the ops that the engine itself needs ---- */

/* The same numbers in another dtype; a scalar stays a scalar. The gradient comes back in x's dtype. */
TP_API tp_var tp_cast(tp_var x, tp_dtype dtype);
/* A view with dims of 1 (or missing in front) stretched, as broadcasting does; a scalar stretches to any shape (f64).
   TP_E_SHAPE when x does not broadcast to the dims. */
TP_API tp_var tp_expand(tp_var x, int rank, const int64_t *dims);

/* ---- first derivatives ---- */

enum {
    TP_CREATE_GRAPH = 1 /* record the walk itself, so that gradients can be differentiated again */
};

/* Walks back from the scalar `y` (or a tensor of one element) with dy/dy = 1. Gradients of parameters are *added* to
   their tensors; those of all scalars, of tp_leaf and of retained tensors stay readable until the next walk or replay.
   Returns the tape's status: an error made while recording comes out here. */
TP_API tp_status tp_backward(tp_var y);
/* The same from any `y`, with the upstream gradient `seed` (shape of y; a scalar is spread out). */
TP_API tp_status tp_backward_from(tp_var y, tp_var seed, unsigned flags);
/* dy/dx of the scalar `y` for n nodes x, leaves or not, as handles on the same tape: constants, or with
   TP_CREATE_GRAPH differentiable ones. A node that y does not depend on gets zeros. Parameters' gradients stay
   as they were. */
TP_API tp_status tp_gradients(tp_var y, const tp_var *x, int n, tp_var *grads, unsigned flags);
/* The vector-Jacobian product: as tp_gradients, for any `y` with the upstream gradient `seed`. */
TP_API tp_status tp_vjp(tp_var y, tp_var seed, const tp_var *x, int n, tp_var *grads, unsigned flags);

/* What tp_backward_from(y, ...) with the same flags will take beyond what the tape holds now, told before it runs. */
typedef struct tp_backward_need {
    size_t adjoints;  /* for the array of slots, where it has to grow */
    size_t gradients; /* at most, in buffers of gradients at once, those that are kept among them */
    size_t scratch;   /* at most, for a rule's own time */
    size_t tensors;   /* at most, for both together: buffers that the pool has free, or will ask for */
    size_t params;    /* for gradients of parameters that have none yet: their memory, not the tape's */
} tp_backward_need;
/* A bound from the shapes alone: no rule runs. See docs/memory.md for what it rests on. TP_E_UNSUPPORTED with
   TP_CREATE_GRAPH: what such a walk records is not known before. */
TP_API tp_status tp_backward_bytes(tp_var y, unsigned flags, tp_backward_need *need);

/* The Jacobian-vector product, by forward mode over what is recorded: dy = sum over i of (dy/dx_i) dx_i, in y's shape
   and dtype. dx[i] has x[i]'s shape, or is a scalar that is spread out. dy is a constant, or with TP_CREATE_GRAPH
   differentiable by x and by dx. Costs a few times the recording of what lies between x and y, whatever the number of
   y's elements; the adjoints of the latest walk are gone. Errors: as tp_vjp; TP_E_SHAPE when a dx does not fit. */
TP_API tp_status tp_jvp(tp_var y, const tp_var *x, const tp_var *dx, int n, tp_var *dy, unsigned flags);

/* The gradient of the latest walk: of a scalar node, 0 where none arrived (or of a one-element tensor); NaN for bad
   handles and tensors. */
TP_API double tp_grad_item(tp_var x);
/* ... of a tp_leaf or a retained tensor; of a tp_param, what its tensor has accumulated. NULL where there is none. */
TP_API const tp_tensor *tp_grad(tp_var x);
/* Asks that the tensor's gradient be kept by the next walks; returns `x`. */
TP_API tp_var tp_retain_grad(tp_var x);

/* While off, what is recorded needs no gradient; a reset leaves it as it is. Returns what it was, to be put back. */
TP_API bool tp_tape_set_grad(tp_tape *tape, bool on);

/* With private_grads: adds the gradients that `tapes` hold to their parameters, tape by tape in the order given, and
   clears them; call it before the tapes are reset. No tape may be in use by another thread meanwhile. */
TP_API tp_status tp_reduce_grads(tp_tape *const *tapes, int n);

/* ---- replay, checks, drawing ---- */

enum {
    TP_REPLAY_ADVANCE = 1 /* the next step: draws anew and updates running statistics, as recording it would */
};

/* Recomputes every node from the leaves' present values, in place and in the order in which they were recorded: the
   values of a new recording, bit for bit. Nothing is recorded and no handle changes; the adjoints of the latest walk
   are gone. Random draws are those of the recording, and what ops update outside the tape (running statistics) stays
   as it is. With TP_REPLAY_ADVANCE each drawing node takes the stream that recording the program once more would give
   it, and running statistics are updated once.
   Asks for no memory, but for scratch of single ops in the first replay. A replay that an op or a guard (TP_E_GUARD)
   stops leaves the values before that node new and the others old, the generator and running statistics as they were.
   The tape keeps the error; a TP_E_GUARD is forgotten by the next replay, and by a reset. Until a replay succeeds or
   the node is reset or rewound away, walks from it or a later one fail with TP_E_CHANGED. */
TP_API tp_status tp_replay(tp_tape *tape, unsigned flags);

/* Records the branch that the program is about to take: `if (tp_guard(tp_greater(x, y))) ...`. Returns whether the
   condition, a scalar or a tensor of one element, is not 0 (NaN is not). A replay in which that comes out otherwise
   stops with TP_E_GUARD. False for a bad handle: a loop goes on while a guard is true, so that it ends after an error.
   TP_E_SHAPE for more elements than one. */
TP_API bool tp_guard(tp_var condition);
/* The same for a number that decides what is recorded: the turns of a loop, a case. Returns x, rounded towards 0; a
   replay in which that comes out otherwise stops with TP_E_GUARD. 0 for a bad handle; TP_E_ARGUMENT for NaN and
   numbers outside of int64_t. */
TP_API int64_t tp_guard_int(tp_var x);

/* Zero means the default, given in brackets. */
typedef struct tp_gradcheck_options {
    double step;     /* [2e-4] of the fourth-order central difference, times max(1, |x|) */
    double relative; /* [1e-6] */
    double absolute; /* [1e-8] */
    uint64_t seed;   /* of the random upstream gradient */
} tp_gradcheck_options;

/* Compares dy/dx of the recorded program with finite differences, for n f64 leaves x and any scalar or f64 tensor y,
   under a random upstream gradient; each difference replays the tape. TP_E_CHECK and a message that names the worst
   element when one is off by more than absolute + relative * |value|. Leaves, parameters' gradients and the recorded
   program are as before; the adjoints of the latest walk are gone. */
TP_API tp_status tp_gradcheck(tp_var y, const tp_var *x, int n, const tp_gradcheck_options *options, tp_error *error);
/* The same for the derivative of the gradient, by x and by the upstream gradient; and the recorded gradient against the
   one that is not recorded, so that an op's two rules are held against each other. */
TP_API tp_status tp_gradgradcheck(tp_var y, const tp_var *x, int n, const tp_gradcheck_options *options,
                                  tp_error *error);

/* Writes the graph below `y` in Graphviz's language: the op in each node, on each wire the forward value above and
   the gradient of the latest walk below; names where given; shapes for tensors. */
TP_API tp_status tp_draw_dot(tp_var y, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
