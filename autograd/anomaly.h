/* Anomaly mode, as the walks use it. */
#ifndef TAPIR_AUTOGRAD_ANOMALY_H
#define TAPIR_AUTOGRAD_ANOMALY_H

#include "autograd/tape.h"

/* Where a gradient that a walk checks comes from. */
typedef enum tp_origin { TP_FROM_SEED, TP_FROM_HOOK, TP_FROM_USES } tp_origin;

/* TP_E_NUMERIC, naming `what`, at the first of the nodes from `low` on whose value does not pass: of those below
   `root` and itself, or with TP_NO_NODE of all that are recorded. */
tp_status tp_check_values(tp_tape *tape, const char *what, unsigned flags, uint32_t low, uint32_t root);
/* ... when what node i's slot holds does not pass; and when what its rule has given to its operands does not. */
tp_status tp_check_slot(tp_tape *tape, uint32_t i, tp_origin origin);
tp_status tp_check_given(tp_tape *tape, uint32_t i);
/* ... when the part g of operand k's gradient, which the rule of node i gives, does not. A part is checked when it is
   given, so that many parts of one tensor do not check all of it each time. */
tp_status tp_check_part(tp_tape *tape, uint32_t i, uint32_t k, tp_var g);

#endif
