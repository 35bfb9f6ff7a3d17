/* What a step changes beside values: streams that nodes draw from, tensors outside the tape. A replay that advances
   writes down what it changes, so that one that is stopped leaves all as it was. */
#include <string.h>

#include "autograd/replay.h"

/* A generator at its start has no words left in its block: there it says in which step its stream was taken. */
static void set_stream(tp_tape *tape, tp_rng *kept)
{
    /* The highest bit keeps a tape's streams apart from those that the user numbers. */
    *kept = tp_rng_stream(tape->seed, 1ULL << 63 | tape->streams++);
    kept->block[0] = tape->step;
}

bool tp_write_down(tp_tape *tape, const tp_undo *entry)
{
    if (!TP_ARRAY_ROOM(tape, tape->undo)) return tp_tape_out_of_memory(tape, "tp_replay"), false;
    tape->undo.items[tape->undo.count++] = *entry;
    return true;
}

tp_rng tp_ctx_rng(tp_ctx *ctx, tp_rng *kept)
{
    tp_tape *tape = ctx->tape;
    const bool next = tape->rerun == TP_ADVANCES && kept->block[0] != tape->step;
    if (kept->stream == 0 || (next && tp_write_down(tape, &(tp_undo){.kept = kept, .was = *kept})))
        set_stream(tape, kept);
    return tp_rng_stream(kept->seed, kept->stream);
}

static void copy_elements(tp_tensor *to, const tp_tensor *from)
{
    tp_copy(to->rank, to->dims, (tp_dtype)to->dtype, to->data, to->strides, (tp_dtype)from->dtype, from->data,
            from->strides);
}

bool tp_ctx_updates(tp_ctx *ctx, tp_tensor *outside)
{
    tp_tape *tape = ctx->tape;
    if (!outside || ctx->phase != TP_IN_FORWARD || tape->rerun == TP_REPEATS) return false;
    if (tape->rerun == TP_RECORDS) return true;
    tp_tensor *old = tp_new_tensor(tape, (tp_dtype)outside->dtype, outside->rank, outside->dims, ctx->op->name);
    if (!old) return false;
    copy_elements(old, outside);
    if (tp_write_down(tape, &(tp_undo){.tensor = outside, .old = old})) {
        tp_ref(outside);
        return true;
    }
    tp_unref(tape, old);
    return false;
}

void tp_settle_advance(tp_tape *tape, bool undo)
{
    while (tape->undo.count) {
        const tp_undo *entry = &tape->undo.items[--tape->undo.count];
        if (entry->kept) {
            if (undo) *entry->kept = entry->was;
            continue;
        }
        if (undo) {
            copy_elements(entry->tensor, entry->old);
            tp_tensor_touch(entry->tensor);
        }
        tp_unref(tape, entry->old);
        tp_unref(tape, entry->tensor);
    }
}
