/* Invariant: `scopes` lies in the order of first nodes, the outer before the inner; two of them are apart or one holds
   the other. One that is open ends at TP_NO_NODE. */
#include "autograd/scope.h"

uint32_t tp_scope_begin(tp_tape *tape, const void *owner)
{
    if (!tape) return 0;
    if (!TP_ARRAY_ROOM(tape, tape->scopes)) return tp_tape_out_of_memory(tape, "tp_module_forward"), 0;
    tape->scopes.items[tape->scopes.count++] = (tp_scope){tape->count, TP_NO_NODE, owner};
    return tape->scopes.count;
}

/* A rewind may have taken the scope away, and others may have come in its place. */
void tp_scope_end(tp_tape *tape, uint32_t scope, const void *owner)
{
    if (scope == 0 || scope > tape->scopes.count) return;
    tp_scope *ended = &tape->scopes.items[scope - 1];
    if (ended->owner != owner || ended->end != TP_NO_NODE) return;
    ended->end = tape->count;
    if (ended->first >= ended->end && scope == tape->scopes.count) tape->scopes.count--; /* nothing was recorded */
}
