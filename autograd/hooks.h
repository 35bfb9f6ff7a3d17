/* What the walks need of hooks. */
#ifndef TAPIR_AUTOGRAD_HOOKS_H
#define TAPIR_AUTOGRAD_HOOKS_H

#include "autograd/tape.h"

/* The last node below `end` that has a hook; TP_NO_NODE if there is none. A walk runs from one to the next. */
uint32_t tp_hook_below(const tp_tape *tape, uint32_t end);
/* The hooks of a node on what its slot holds, which is then replaced. */
tp_status tp_hooks_run(tp_tape *tape, uint32_t node);

#endif
