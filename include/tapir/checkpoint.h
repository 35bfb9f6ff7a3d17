/* Checkpointing: what a segment of the program computes is forgotten but for its results, and recorded again when the
   walk back comes to it. Memory is bought with forward work; gradients are those of the plain recording, bit for bit.

   A segment is a function of the user's. It runs once when it is recorded, and again in each walk back and each replay,
   so that until the tape is reset what it reads has to stay there, and it has to do the same each time: it records the
   same shapes, takes the same parameters, and writes to nothing outside the tape. Draws of random numbers are
   repeated, running statistics are updated once. A parameter or tensor that is written to between the runs is noticed
   (TP_E_CHANGED). It may capture handles, make leaves (tp_param), hold other segments, and differentiate what it
   records itself, but neither walk back (tp_backward) nor reset the tape, nor differentiate by handles that it is
   given, captures, or takes from tp_param: TP_E_ARGUMENT. */
#ifndef TAPIR_CHECKPOINT_H
#define TAPIR_CHECKPOINT_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* y = f(x) as one node: its operands are x, what f captured and the parameters that f took. A walk in numbers records f
   again, walks it and rewinds it; one with TP_CREATE_GRAPH, and tp_jvp, record it to stay, so that derivatives of every
   order are right, and no memory is saved. Errors: what f makes; TP_E_ARGUMENT for NULL, and when f returns a handle
   that is neither new nor one of x; TP_E_SHAPE or TP_E_DTYPE when f gives another shape or dtype the second time. */
TP_API tp_var tp_checkpoint(tp_function f, tp_tape *tape, const tp_var *x, int n, void *user);

/* Step k of a chain: replaces each of the n states by the next one, of the same dtype and shape. */
typedef void (*tp_step_function)(tp_tape *tape, tp_var *state, int n, int64_t k, void *user);

/* state = step(... step(step(state, 0), 1) ..., steps - 1) as one node, for 1 to 8 states; `state` gives the first and
   gets the last. A walk in numbers runs the chain backwards step by step, from copies of c of its states, by the
   binomial schedule of Griewank and Walther ("Algorithm 799: revolve", ACM Transactions on Mathematical Software 26,
   2000), in which no schedule with c copies takes fewer steps: the step is called steps + 1 + tp_checkpoint_cost(steps,
   c) times by recording and one walk together, and steps + tp_checkpoint_cost(steps, c) times by each further walk.
   `bytes` is the memory that the copies may take: c = bytes / (bytes of the n states), but at least 1. What one step
   records comes on top. Where the recording of the whole chain, judged by its first step, needs no more than `bytes`,
   it is recorded plainly. With bytes 0 it is tape_options.checkpoint_bytes, and where that is 0 too, c is the least
   with which no step is taken more than twice before it is walked, about the square root of 2 steps.
   With TP_CREATE_GRAPH all steps are recorded to stay. Errors: as above; TP_E_LIMIT for more than 8 states. */
TP_API tp_status tp_checkpoint_chain(tp_step_function step, tp_tape *tape, tp_var *state, int n, int64_t steps,
                                     void *user, size_t bytes);

/* The least number of steps that have to be taken forward, besides the one that records each, to walk back a chain of
   `steps` from c copies of its states (the first among them): t(l, c) = r l - C(c + r, r - 1) with the least r for
   which C(c + r, c) >= l. -1 when an argument is below 1, INT64_MAX when it is more than that. */
TP_API int64_t tp_checkpoint_cost(int64_t steps, int64_t c);

#ifdef __cplusplus
}
#endif
#endif
