/* Recomputing a recorded program: for replay, gradient checks, and whoever needs values again. */
#ifndef TAPIR_AUTOGRAD_REPLAY_H
#define TAPIR_AUTOGRAD_REPLAY_H

#include "autograd/ctx.h"

/* Recomputes the nodes before `end` in place (`how`: TP_REPEATS or TP_ADVANCES) and stamps the leaves anew. On failure
   tape->stopped says where, and what lies outside the tape is as it was. */
tp_status tp_recompute(tp_tape *tape, uint32_t end, tp_rerun how);

/* Keeps what a replay that advances is about to change; false when out of memory. */
bool tp_write_down(tp_tape *tape, const tp_undo *entry);
/* Ends a replay that advanced: forgets what it wrote down, or with `undo` puts everything back first. */
void tp_settle_advance(tp_tape *tape, bool undo);

/* Whether the branch that guard node i stands for would be taken again; TP_E_GUARD after setting the error. */
tp_status tp_guard_check(tp_tape *tape, uint32_t i);

#endif
