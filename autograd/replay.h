/* Recomputing a recorded program. */
#ifndef TAPIR_AUTOGRAD_REPLAY_H
#define TAPIR_AUTOGRAD_REPLAY_H

#include "autograd/tape.h"

/* Recomputes the nodes below `end` from the leaves' present values; versions are left as they were stamped. */
tp_status tp_recompute(tp_tape *tape, uint32_t end);

#endif
