/* The two walks: in numbers, and recorded. */
#ifndef TAPIR_AUTOGRAD_WALK_H
#define TAPIR_AUTOGRAD_WALK_H

#include "autograd/ctx.h"

/* Checks, then makes the slots 0..root absent; `low` is the last node to be visited. `sinking`: parameters' gradients
 * are added to; `recorded`: the walk is.
 */
tp_status tp_walk_begin(tp_tape *tape, uint32_t root, uint32_t low, bool sinking, bool recorded);
/* From node `root` down to `low`, with the seed already in root's slot. */
tp_status tp_walk_numbers(tp_tape *tape, uint32_t root, uint32_t low);
/* One node of it. */
tp_status tp_visit(tp_tape *tape, uint32_t i);
tp_status tp_walk_recorded(tp_tape *tape, uint32_t root, uint32_t low);
/* Part of a walk: the nodes high - 1 .. low that a gradient has reached. */
typedef tp_status tp_stretch(tp_tape *tape, uint32_t high, uint32_t low);
/* The whole of it, cut where nodes have hooks, so that no stretch need look for them; checked in anomaly mode. */
tp_status tp_walk_stretches(tp_tape *tape, uint32_t root, uint32_t low, tp_stretch *run);
/* One node of it. */
tp_status tp_visit_recorded(tp_tape *tape, uint32_t i);
/* Whether an operand of the node, which is no leaf, asks for a gradient in this walk. */
bool tp_leads_on(const tp_tape *tape, uint32_t i);
/* Slots for as many nodes as there is room for; false when out of memory. */
bool tp_slot_room(tp_tape *tape);
/* Ends the walk; a failed one leaves no adjoints behind, nor does one that ran inside another: `outer` is the level
   before tp_walk_begin. */
tp_status tp_walk_end(tp_tape *tape, uint32_t root, tp_status status, const tp_level *outer);
/* The rule of a scalar node with a row, but the slots of operands below `low` stay as they are. */
void tp_scalar_gradient(tp_tape *tape, uint32_t i, uint32_t low);
/* Turns the gradient nodes of a recorded walk into readable adjoints. */
tp_status tp_read_recorded(tp_tape *tape, uint32_t root);
/* tp_vjp with flags of the engine's own: a recorded walk leaves its gradients as nodes only. */
#define TP_NO_ADJOINTS 0x80000000u
tp_status tp_vjp_flagged(tp_var y, tp_var seed, const tp_var *x, int n, tp_var *grads, unsigned flags);
/* n nodes keep their gradients until they are restored; `retained` has room for n. */
void tp_retain_nodes(tp_tape *tape, const tp_var *x, int n, uint32_t *retained);
void tp_restore_nodes(tp_tape *tape, const tp_var *x, int n, const uint32_t *retained);
/* Whether the node's gradient stays readable after the walk. */
bool tp_keeps(const tp_tape *tape, uint32_t node);
void tp_drop_adjoints(tp_tape *tape);

#endif
