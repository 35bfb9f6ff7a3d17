/* What the walks need to know of leaves. */
#ifndef TAPIR_AUTOGRAD_LEAF_H
#define TAPIR_AUTOGRAD_LEAF_H

#include "autograd/tape.h"

/* The entry of a leaf that stands for a user's tensor; NULL for every other node. */
tp_leaf_entry *tp_leaf_of(const tp_tape *tape, uint32_t node);
/* TP_E_CHANGED when a leaf up to `root` was written to since it was put on the tape, or when a replay was stopped
   before it came to `root`. */
tp_status tp_check_versions(tp_tape *tape, uint32_t root);
/* The entry of a parameter whose gradient the walk that is running adds to; NULL for every other node, and for a
   parameter that waits for its end. */
tp_leaf_entry *tp_leaf_sinking(const tp_tape *tape, uint32_t node);
/* Parameters up to `root` wait for the end of the walk: those that have hooks, or in anomaly mode all. */
void tp_leaves_wait(tp_tape *tape, uint32_t root);
/* The memory that a parameter's gradient goes to, marked as written by this walk; *holds tells whether it has something
   to add to. NULL after setting the error. */
tp_tensor *tp_leaf_sink(tp_tape *tape, tp_leaf_entry *leaf, bool *holds);
/* A parameter of rank 0 is a scalar node: adds its adjoint to the tensor's gradient. Nothing happens
   for other nodes. */
tp_status tp_leaf_sink_number(tp_tape *tape, uint32_t node, double gradient);
/* Ends a walk from `root`: a parameter of rank 0 that nothing reached gets its 0, as its scalar node says; a failed
   walk invalidates the gradients that it touched. Returns the status. */
tp_status tp_leaves_finish(tp_tape *tape, uint32_t root, tp_status status);

#endif
