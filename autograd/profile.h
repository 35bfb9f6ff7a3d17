/* Timing what is recorded, walked and replayed, by op. Off, it costs a test a tensor op and a walk.
   On, the tape's `capacity` is kept at what was asked for, so that the constructors' short path never finds room and
   every scalar goes through tp_elementwise, where the clock is. */
#ifndef TAPIR_AUTOGRAD_PROFILE_H
#define TAPIR_AUTOGRAD_PROFILE_H

#include "autograd/tally.h"

typedef enum tp_timed { TP_TIMED_FORWARD, TP_TIMED_BACKWARD, TP_TIMED_REPLAY } tp_timed;

typedef struct tp_profile {
    bool inside;   /* a timed call is running: what it records is part of it */
    uint64_t cost; /* of reading the clock, in nanoseconds: taken off each time */
    tp_tallies tallies;
} tp_profile;

/* Nanoseconds; never 0. */
uint64_t tp_profile_clock(void);
/* Starts the clock; 0 when the tape is not timed, or is within a call that is. */
uint64_t tp_profile_begin(tp_tape *tape);
/* Ends what began at `start`, which is not 0: the op's, with the values of nodes from `first` up to `end`. */
void tp_profile_end(tp_tape *tape, uint64_t start, const tp_op *op, tp_timed what, uint32_t first, uint32_t end);
void tp_profile_free(tp_tape *tape);

/* A stretch of the walk in numbers, the nodes high - 1 .. low, with a clock at each. */
tp_status tp_stretch_timed(tp_tape *tape, uint32_t high, uint32_t low);

static inline uint64_t tp_profile_start(tp_tape *tape)
{
    return TP_UNLIKELY(tape->profiling) ? tp_profile_begin(tape) : 0;
}
static inline void tp_profile_stop(tp_tape *tape, uint64_t start, const tp_op *op, tp_timed what, uint32_t first,
                                   uint32_t end)
{
    if (TP_UNLIKELY(start != 0)) tp_profile_end(tape, start, op, what, first, end);
}

#endif
