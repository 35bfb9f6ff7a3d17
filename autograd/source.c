/* Which line of the program recorded a node. Invariant: `sources` lies in the order of nodes; an entry holds from its
   first node to the next entry's, the last one to `sourced`. */
#include <string.h>

#include <tapir/hooks.h>

#include "autograd/tape.h"

/* " [at model.c:42]" at the end of an error that has no line yet; a long message gives way. */
static void place_error(tp_tape *tape, const char *file, int line)
{
    char place[128];
    const size_t length = strlen(file), room = sizeof place - 24;
    const char *tail = length > room ? file + length - room : file;
    const int n = snprintf(place, sizeof place, " [at %s%s:%d]", tail == file ? "" : "...", tail, line);
    size_t end = strlen(tape->error.message);
    if (end > sizeof tape->error.message - 1 - (size_t)n) end = sizeof tape->error.message - 1 - (size_t)n;
    memcpy(tape->error.message + end, place, (size_t)n + 1);
    tape->error_placed = true;
}

/* False when out of memory. */
static bool note(tp_tape *tape, const char *file, int line)
{
    if (tape->sourced < tape->count) {
        const uint32_t n = tape->sources.count;
        const tp_source_entry *last = n ? &tape->sources.items[n - 1] : NULL;
        if (!last || last->line != line || last->file != file) {
            if (!TP_ARRAY_ROOM(tape, tape->sources)) return tp_tape_out_of_memory(tape, "tp_at"), false;
            tape->sources.items[tape->sources.count++] = (tp_source_entry){tape->sourced, line, file};
        }
        tape->sourced = tape->count;
    }
    if (tape->error.status != TP_OK && !tape->error_placed) place_error(tape, file, line);
    return true;
}

tp_var tp_at(tp_var x, const char *file, int line)
{
    return !x.tape || !file || note(x.tape, file, line) ? x : tp_poison(x.tape);
}

tp_status tp_at_status(tp_tape *tape, tp_status status, const char *file, int line)
{
    if (tape && file && !note(tape, file, line) && status == TP_OK) return TP_E_MEMORY;
    return status;
}

const char *tp_source(tp_var x, int *line)
{
    if (line) *line = 0;
    if (!tp_ok(x) || x.node >= x.tape->sourced) return NULL;
    uint32_t low = 0, high = x.tape->sources.count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (x.tape->sources.items[middle].first <= x.node)
            low = middle;
        else
            high = middle;
    }
    if (line) *line = x.tape->sources.items[low].line;
    return x.tape->sources.items[low].file;
}
