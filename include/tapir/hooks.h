/* Looking into a backward pass: hooks on gradients, scopes without gradients, anomaly mode, the program's lines. */
#ifndef TAPIR_HOOKS_H
#define TAPIR_HOOKS_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- hooks ---- */

/* Sees g, the whole gradient of x: all uses are added up, x's own rule has not run. It has x's dtype and shape. Returns
   g, or what is to take its place: of x's shape, or a scalar that is spread out; f32 and f64 are cast. In a walk that
   is not recorded g is a constant, and what is recorded here goes again when the function returns; in a recorded walk g
   is a node that can be differentiated, and so is what is made of it. */
typedef tp_var (*tp_gradient_hook)(tp_var x, tp_var g, void *user);

/* Calls fn in each later walk that brings a gradient to x: before x's rule uses it, a parameter adds it up, or tp_grad
   and tp_gradients show it. Several hooks of one node run in the order in which they were put there, each on what the
   one before returned. Not called: where x needs no gradient or none arrives (a walk in numbers takes a scalar's
   gradient of 0 for none), and in tp_jvp. The hook goes with its node, at a reset or rewind. Returns x.
   fn may record ops; it cannot reset, rewind, replay or walk back over the program. The walk fails, and names x, when
   fn returns a handle that is no good (TP_E_STALE; TP_E_ARGUMENT for tp_none(), by which fn stops the walk), one of
   integers (TP_E_DTYPE), one of another shape (TP_E_SHAPE), or leaves an error on the tape. */
TP_API tp_var tp_hook(tp_var x, tp_gradient_hook fn, void *user);
/* Takes away the latest hook of x with this function and this `user`. TP_E_ARGUMENT when there is none. Neither a hook
   of the program nor one in it can be put on or taken away while a walk over the program runs. */
TP_API tp_status tp_unhook(tp_var x, tp_gradient_hook fn, void *user);

/* ---- no gradients ---- */

/* TP_NO_GRAD(tape) { ... }: what is recorded in the block needs no gradient; after it, gradients are as they were
   before. Scopes nest. `break` and `continue` leave the block as its end does; after `return` or `goto` gradients stay
   off (put them back by tp_tape_set_grad), and so they do after a C++ exception. */
#define TP_NO_GRAD(tape) TP_NO_GRAD_AT(tape, __LINE__)
#define TP_NO_GRAD_AT(tape, line) TP_NO_GRAD_NAMED(tape, line)
#define TP_NO_GRAD_NAMED(tape, line) TP_NO_GRAD_SCOPE(tape, tp_scope_##line, tp_once_##line)
#define TP_NO_GRAD_SCOPE(tape, scope, once)                                                                            \
    for (tp_no_grad scope = tp_no_grad_begin(tape); scope.open; tp_no_grad_end(&scope))                                \
        for (int once = 1; once; once = 0)

/* What TP_NO_GRAD keeps; the two functions are its ends. */
typedef struct tp_no_grad {
    tp_tape *tape;
    bool was, open;
} tp_no_grad;
TP_API tp_no_grad tp_no_grad_begin(tp_tape *tape);
TP_API void tp_no_grad_end(tp_no_grad *scope);

/* ---- anomaly mode ---- */

enum {
    TP_ANOMALY = 1,              /* NaN and infinities, in every node */
    TP_ANOMALY_NAN_ONLY = 2,     /* infinities do not count: masks of -Inf stay what they are */
    TP_ANOMALY_NO_CONSTANTS = 4, /* values of nodes that need no gradient do not count */
    TP_ANOMALY_ALL = 7
};

/* While on (any of the flags), each walk stops with TP_E_NUMERIC at the first node, in recording order, that the result
   depends on and whose value is NaN or infinite, and a replay at the first of all; then a walk stops at the first
   gradient that is, as it is produced. The message
   names the node by op, name and shape, its operands, the first such element, the rule and the operand that a
   gradient comes from, and the line of a program that is compiled with TP_TRACE. After a walk that stops so,
   parameters' gradients are what they were before. Off (0, the default) it costs nothing. A reset leaves it as it is.
   Returns the flags that were set before, to be put back; flags that there are none of set the tape's error. */
TP_API unsigned tp_tape_set_anomaly(tp_tape *tape, unsigned flags);
/* The check of values alone, now, of all that is recorded; `flags` as above, 0 for TP_ANOMALY. TP_E_NUMERIC is set on
   the tape too. */
TP_API tp_status tp_tape_check_values(tp_tape *tape, unsigned flags);

/* ---- lines ----

   With `#define TP_TRACE` before <tapir/tapir.h> is included, every call that records notes its file and line: errors
   end in "[at model.c:42]", and anomaly mode says where the node was recorded. <tapir/trace.h> does it, by macros of
   the functions' own names; programs without it pay nothing. */

/* Nodes recorded since the last such call, and an error made in it, come from here. `file` must outlive the tape.
   Return their first argument, and `status`. */
TP_API tp_var tp_at(tp_var x, const char *file, int line);
TP_API tp_status tp_at_status(tp_tape *tape, tp_status status, const char *file, int line);
/* The file in which x was recorded, and its line (`line` may be NULL); NULL where nobody noted it. */
TP_API const char *tp_source(tp_var x, int *line);

#ifdef __cplusplus
}
#endif
#endif
