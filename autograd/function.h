/* Calling a function of the user's from inside the engine, and keeping numbers alone of what it recorded. */
#ifndef TAPIR_AUTOGRAD_FUNCTION_H
#define TAPIR_AUTOGRAD_FUNCTION_H

#include "autograd/tape.h"

/* y = f(x), which may rewind what it records itself and nothing below. Poisoned, with the error set, when f fails or
   its result is no good handle. */
tp_var tp_call_function(const char *name, tp_function f, tp_tape *tape, const tp_var *x, int n, void *user);

/* Whether a derivative asked for with these flags is recorded: by the flag, or inside a function that is being
   differentiated. */
static inline bool tp_records_derivatives(const tp_tape *tape, unsigned flags)
{
    return flags & TP_CREATE_GRAPH || (tape->functions && tape->grad_mask);
}

/* Forgets what was recorded after the mark but for the values of n good handles, which become constants there; pushes
   nothing on the tape's stack once it is rewound. */
tp_status tp_keep(tp_tape *tape, const tp_mark *mark, tp_var *keep, int n);

/* After a failure: forgets what was recorded after the mark. */
void tp_drop_recording(tp_tape *tape, const tp_mark *mark);

#endif
