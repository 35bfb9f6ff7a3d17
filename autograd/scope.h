/* Which call of a module, or of anything else that records, a node was recorded in: for drawings. A tape notes each
   call as a run of nodes. */
#ifndef TAPIR_AUTOGRAD_SCOPE_H
#define TAPIR_AUTOGRAD_SCOPE_H

#include "autograd/tape.h"

/* From now on nodes are recorded for `owner`, which is never followed. Returns what tp_scope_end wants; 0, with the
   tape's error set, when out of memory. Without a tape nothing happens. */
uint32_t tp_scope_begin(tp_tape *tape, const void *owner);
void tp_scope_end(tp_tape *tape, uint32_t scope, const void *owner);

#endif
