/* Functions that an op calls again: what they read besides their operands. A handle that a function has captured stands
   in the C program, where the engine does not see it; it shows as an operand of what the function records.
   An op takes the nodes found as operands of its own; when it records the function anew, to differentiate it, it lets
   what was recorded read aliases of them instead. */
#ifndef TAPIR_AUTOGRAD_CAPTURE_H
#define TAPIR_AUTOGRAD_CAPTURE_H

#include "autograd/tape.h"

typedef struct tp_captured {
    uint32_t count;
    uint32_t *nodes; /* in ascending order, on the tape's stack */
} tp_captured;

/* The differentiable nodes below `below` that nodes from `first` on read. TP_E_ARGUMENT when one of these is a new
   parameter: a node that goes again can hand its gradient to nobody. */
tp_status tp_find_captured(tp_tape *tape, const char *name, uint32_t below, uint32_t first, tp_captured *captured);
/* Nodes from `first` on read to[i] in place of captured node i. TP_E_CHANGED when they read a differentiable node below
   `below` that is not among these. */
tp_status tp_redirect(tp_tape *tape, const char *name, uint32_t below, uint32_t first, const tp_captured *captured,
                      const tp_var *to);

#endif
