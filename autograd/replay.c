/* Recomputing a recorded program in place: each node's forward closure, in order. */
#include "autograd/replay.h"

#include "autograd/anomaly.h"
#include "autograd/leaf.h"
#include "autograd/profile.h"
#include "autograd/walk.h"

static tp_status forward(tp_tape *tape, uint32_t i)
{
    tp_ctx ctx;
    tp_ctx_of_node(&ctx, tape, i, TP_IN_FORWARD);
    if (!ctx.op->forward) return tp_ctx_fail(&ctx, TP_E_UNSUPPORTED, "the op has no forward closure");
    tape->calling++;
    const uint64_t start = tp_profile_start(tape);
    tp_status status = ctx.op->forward(&ctx);
    tp_profile_stop(tape, start, ctx.op, TP_TIMED_REPLAY, i, i + 1);
    tape->calling--;
    tp_ctx_done(&ctx);
    if (status == TP_OK) status = tape->error.status;
    return status == TP_OK || tape->error.status ? status : tp_ctx_fail(&ctx, status, "failed on replay");
}

static tp_status visit(tp_tape *tape, uint32_t i)
{
    tp_node *node = &tape->nodes[i];
    if (node->op->structure == TP_LEAF) {
        tp_leaf_entry *leaf = tp_leaf_of(tape, i);
        if (leaf) leaf->version = tp_tensor_version(leaf->tensor);
        if (leaf && !(node->a & TP_IS_TENSOR))
            node->value.number = tp_get((tp_dtype)leaf->tensor->dtype, leaf->tensor->data);
        return TP_OK;
    }
    if (node->op->flags & TP_TUPLE_PART) return TP_OK;
    return node->op->flags & TP_GUARDS ? tp_guard_check(tape, i) : forward(tape, i);
}

static tp_status recompute(tp_tape *tape, uint32_t end)
{
    const bool timed = tape->profiling;
    double last = 0; /* the value of the node before */
    for (uint32_t i = 0; i < end; i++) {
        const tp_node *node = &tape->nodes[i];
        if (TP_LIKELY(node->op->scalar_forward && !(node->a & TP_IS_TENSOR))) {
            const uint64_t start = timed ? tp_profile_start(tape) : 0;
            last = node->op->scalar_forward(tape->nodes, i, last);
            if (TP_UNLIKELY(timed)) tp_profile_stop(tape, start, node->op, TP_TIMED_REPLAY, i, i + 1);
            continue;
        }
        const tp_status status = visit(tape, i);
        if (status != TP_OK) {
            tape->stopped = i + 1;
            return status;
        }
        last = tape->nodes[i].value.number;
    }
    if (tape->stopped <= end) tape->stopped = 0;
    return TP_OK;
}

tp_status tp_recompute(tp_tape *tape, uint32_t end, tp_rerun how)
{
    const uint64_t streams = tape->streams;
    tape->rerun = how;
    tape->step += how == TP_ADVANCES;
    tape->calling++; /* a log that is told of the error must not take the nodes away */
    const tp_status status = recompute(tape, end);
    tape->calling--;
    tape->rerun = TP_RECORDS;
    if (status != TP_OK) tape->streams = streams;
    tp_settle_advance(tape, status != TP_OK);
    return status;
}

tp_status tp_replay(tp_tape *tape, unsigned flags)
{
    if (!tape) return TP_E_ARGUMENT;
    if (flags & ~(unsigned)TP_REPLAY_ADVANCE)
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_replay: there is no flag %#x",
                            flags & ~(unsigned)TP_REPLAY_ADVANCE);
    if (tp_running(tape)) return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_replay: %s is running", tp_running(tape));
    if (tape->error.status == TP_E_GUARD) tp_tape_clear_error(tape);
    if (tape->error.status != TP_OK) return tape->error.status;
    tp_drop_adjoints(tape);
    const tp_status status = tp_recompute(tape, tape->count, flags & TP_REPLAY_ADVANCE ? TP_ADVANCES : TP_REPEATS);
    return status == TP_OK && tape->anomaly ? tp_check_values(tape, "tp_replay", tape->anomaly, 0, TP_NO_NODE) : status;
}
