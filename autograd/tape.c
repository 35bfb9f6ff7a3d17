/* The tape's life: made, grown, marked, rewound, reset, freed; and its sticky error. */
#include "autograd/profile.h"

#include <stdarg.h>
#include <string.h>

tp_tape *tp_tape_new(const tp_tape_options *options)
{
    const tp_tape_options o = options ? *options : (tp_tape_options){0};
    const tp_allocator *memory = o.memory ? o.memory : &tp_default_allocator;
    tp_tape *tape = tp_allocate_zeroed(memory, sizeof *tape);
    if (!tape) return NULL;
    tape->account = (tp_account){.under = *memory, .now = sizeof *tape, .peak = sizeof *tape};
    tape->account.arena = tape->account.arena_used = sizeof *tape;
    tape->memory = tp_account_allocator(&tape->account);
    tape->kernels = tp_kernels_pick();
    tape->threads = o.threads > 0 ? o.threads : 1;
    tape->seed = o.seed;
    tape->private_grads = o.private_grads;
    tape->checkpoint_bytes = o.checkpoint_bytes;
    tape->log = o.log;
    tape->log_user = o.log_user;
    tape->grad_mask = TP_NEEDS;
    tp_pool_init(&tape->pool, &tape->memory);
    tp_chunks_init(&tape->stack, &tape->memory);
    if (!TP_ARRAY_ROOM(tape, tape->segments) || (o.nodes && !tp_node_room(tape, o.nodes)) ||
        (tp_tape_set_profile(tape, o.profile), tape->profiling != o.profile)) {
        tp_tape_free(tape);
        return NULL;
    }
    tape->epoch = tape->reset_epoch = 1;
    tape->segments.items[tape->segments.count++] = (tp_segment){0, 1};
    return tape;
}

#define FREE_ARRAY(array) tp_deallocate(&tape->memory, (array).items, (array).capacity * sizeof *(array).items)

void tp_tape_free(tp_tape *tape)
{
    if (!tape) return;
    tp_unwind(tape, 0, 0, 0);
    if (tape->gemm_work) tp_unref(tape, tape->gemm_work);
    tp_conv_cache_free(tape->conv_cache);
    tp_profile_free(tape);
    tp_pool_free(&tape->pool);
    tp_chunks_free(&tape->stack);
    tp_deallocate(&tape->memory, tape->nodes, (size_t)tape->reserved * sizeof *tape->nodes);
    tp_deallocate(&tape->memory, tape->slots, (size_t)tape->slot_capacity * sizeof *tape->slots);
    FREE_ARRAY(tape->segments);
    FREE_ARRAY(tape->owned);
    FREE_ARRAY(tape->leaves);
    FREE_ARRAY(tape->names);
    FREE_ARRAY(tape->hooks);
    FREE_ARRAY(tape->sources);
    FREE_ARRAY(tape->scopes);
    FREE_ARRAY(tape->kept);
    FREE_ARRAY(tape->parts);
    FREE_ARRAY(tape->captures);
    FREE_ARRAY(tape->undo);
    const tp_allocator memory = tape->account.under;
    tp_deallocate(&memory, tape, sizeof *tape);
}

void tp_unref(tp_tape *tape, tp_tensor *tensor)
{
    if (tensor->pool == &tape->pool)
        tp_pool_release(&tape->pool, tensor);
    else
        tp_tensor_release(tensor);
}

static void release_leaf(tp_tape *tape, tp_leaf_entry *leaf)
{
    if (leaf->private_grad) tp_unref(tape, leaf->private_grad);
    tp_unref(tape, leaf->tensor);
}

/* Epochs that began above the end have no nodes any more: what is recorded next begins one of its own. */
static void lower_segments(tp_tape *tape)
{
    uint32_t k = tape->segments.count;
    while (k > 0 && tape->segments.items[k - 1].first > tape->count) k--;
    if (k == tape->segments.count) return;
    if (++tape->epoch == 0) tape->epoch = 1;
    tape->segments.items[k] = (tp_segment){tape->count, tape->epoch};
    tape->segments.count = k + 1;
}

void tp_unwind(tp_tape *tape, uint32_t first, uint32_t chunk, size_t used)
{
    tp_note_peaks(tape);
    while (tape->kept.count && tape->kept.items[tape->kept.count - 1] >= first) {
        const uint32_t node = tape->kept.items[--tape->kept.count];
        tp_unref(tape, tape->slots[node].tensor);
        tape->slots[node].bits = 0;
    }
    while (tape->owned.count && tape->owned.items[tape->owned.count - 1].node >= first)
        tp_unref(tape, tape->owned.items[--tape->owned.count].tensor);
    while (tape->leaves.count && tape->leaves.items[tape->leaves.count - 1].node >= first)
        release_leaf(tape, &tape->leaves.items[--tape->leaves.count]);
    while (tape->names.count && tape->names.items[tape->names.count - 1].node >= first) tape->names.count--;
    while (tape->hooks.count && tape->hooks.items[tape->hooks.count - 1].node >= first) tape->hooks.count--;
    while (tape->sources.count && tape->sources.items[tape->sources.count - 1].first >= first) tape->sources.count--;
    tp_scopes_unwind(tape, first);
    if (first < tape->sourced) tape->sourced = first;
    if (first < tape->count) {
        tape->count = first;
        lower_segments(tape);
    }
    if (tape->profiling) tape->capacity = tape->count;
    if (first < tape->walked) tape->walked = first;
    if (first < tape->stopped) tape->stopped = 0;
    tp_chunks_pop_to(&tape->stack, chunk, used);
}

bool tp_new_epoch(tp_tape *tape)
{
    while (tape->segments.count && tape->segments.items[tape->segments.count - 1].first >= tape->count)
        tape->segments.count--;
    if (!TP_ARRAY_ROOM(tape, tape->segments)) return tp_tape_out_of_memory(tape, "tp_tape_rewind"), false;
    if (++tape->epoch == 0) tape->epoch = 1;
    tape->segments.items[tape->segments.count++] = (tp_segment){tape->count, tape->epoch};
    return true;
}

void tp_tape_reset(tp_tape *tape)
{
    if (!tape) return;
    if (tp_running(tape)) { /* a closure asks for it: its own node must outlive it */
        tp_tape_fail(tape, TP_E_ARGUMENT, "tp_tape_reset: %s is running", tp_running(tape));
        return;
    }
    if (tape->functions) {
        tp_tape_fail(tape, TP_E_ARGUMENT, "tp_tape_reset: a function is being differentiated");
        return;
    }
    tp_unwind(tape, 0, 0, 0);
    tape->error.status = TP_OK;
    tape->error.message[0] = 0;
    tape->segments.count = 0; /* its first place was made with the tape */
    tp_new_epoch(tape);
    tape->reset_epoch = tape->epoch;
}

void tp_tape_set_seed(tp_tape *tape, uint64_t seed)
{
    if (!tape) return;
    tape->seed = seed;
    tape->streams = 0;
}

tp_rng tp_tape_rng(const tp_tape *tape)
{
    return tape ? (tp_rng){.seed = tape->seed, .stream = tape->streams} : (tp_rng){0};
}

void tp_tape_set_rng(tp_tape *tape, tp_rng rng)
{
    if (!tape) return;
    tape->seed = rng.seed;
    tape->streams = rng.stream;
}

tp_mark tp_tape_mark(const tp_tape *tape)
{
    if (!tape) return (tp_mark){0};
    const uint32_t epoch = tape->count ? tp_epoch_of(tape, tape->count - 1) : tape->reset_epoch;
    return (tp_mark){tape->count, epoch, tape->stack.chunk, tape->stack.used};
}

tp_status tp_check_rewind(tp_tape *tape, tp_mark mark)
{
    const bool own = tape->frame && !tape->calling && tape->guarded >= tape->floor && mark.node >= tape->guarded;
    if (tp_running(tape) && !own)
        return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_tape_rewind: %s is running", tp_running(tape));
    /* The node before the mark must be the one that was there: made in the same epoch. */
    const bool good =
        mark.node <= tape->count && mark.epoch == (mark.node ? tp_epoch_of(tape, mark.node - 1) : tape->reset_epoch);
    if (!good)
        return tp_tape_fail(tape, TP_E_STALE, "tp_tape_rewind: the mark at node %u was rewound or reset away",
                            mark.node);
    if (mark.node < tape->guarded)
        return tp_tape_fail(tape, TP_E_ARGUMENT,
                            "tp_tape_rewind: the mark is from before the function that is being differentiated");
    return TP_OK;
}

tp_status tp_tape_rewind(tp_tape *tape, tp_mark mark)
{
    if (!tape) return TP_E_ARGUMENT;
    const tp_status status = tp_check_rewind(tape, mark);
    if (status != TP_OK || mark.node == tape->count) return status;
    if (!TP_ARRAY_ROOM(tape, tape->segments)) return tp_tape_out_of_memory(tape, "tp_tape_rewind"); /* all is there */
    tp_unwind(tape, mark.node, mark.chunk, mark.used);
    return tp_new_epoch(tape) ? TP_OK : TP_E_MEMORY;
}

uint32_t tp_epoch_of(const tp_tape *tape, uint32_t node)
{
    uint32_t low = 0, high = tape->segments.count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (tape->segments.items[middle].first <= node)
            low = middle;
        else
            high = middle;
    }
    return tape->segments.items[low].epoch;
}

bool tp_node_room(tp_tape *tape, uint32_t n)
{
    if (TP_LIKELY(n <= tape->capacity - tape->count)) return true;
    if (n > TP_NODE_LIMIT - tape->count) {
        tp_tape_fail(tape, TP_E_LIMIT, "tp_tape: more than 2^30 nodes");
        return false;
    }
    void *nodes = tape->nodes;
    const uint32_t wanted = tape->count + n < 256 ? 256 : tape->count + n;
    if (!tp_grow(&tape->memory, &nodes, &tape->reserved, wanted, sizeof *tape->nodes)) {
        tp_tape_out_of_memory(tape, "tp_tape");
        return false;
    }
    tape->nodes = nodes;
    tape->capacity = tape->profiling ? tape->count + n : tape->reserved;
    return true;
}

bool tp_own(tp_tape *tape, uint32_t node, tp_tensor *tensor)
{
    if (!TP_ARRAY_ROOM(tape, tape->owned)) {
        tp_unref(tape, tensor);
        tp_tape_out_of_memory(tape, "tp_tape");
        return false;
    }
    tape->owned.items[tape->owned.count++] = (tp_owned){node, tensor};
    return true;
}

tp_tensor *tp_new_tensor(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims, const char *what)
{
    int64_t count;
    tp_error error;
    if (tp_tensor_check(dtype, rank, dims, &count, &error) != TP_OK) {
        tp_tape_fail(tape, error.status, "tp_%s: %s", what, error.message);
        return NULL;
    }
    tp_tensor *tensor = tp_pool_tensor(&tape->pool, dtype, rank, dims, count);
    char text[TP_SHAPE_TEXT];
    if (!tensor)
        tp_tape_fail(tape, TP_E_MEMORY, "tp_%s: out of memory for %s %s", what, tp_dtype_name(dtype),
                     tp_shape_text(text, rank, dims));
    return tensor;
}

tp_status tp_tape_fail(tp_tape *tape, tp_status status, const char *format, ...)
{
    if (tape->error.status != TP_OK) return status;
    tape->error.status = status;
    tape->error_placed = false;
    va_list list;
    va_start(list, format);
    vsnprintf(tape->error.message, sizeof tape->error.message, format, list);
    va_end(list);
    if (tape->log) tape->log(tape->log_user, tape->error.message);
    return status;
}

tp_status tp_tape_out_of_memory(tp_tape *tape, const char *what)
{
    return tp_tape_fail(tape, TP_E_MEMORY, "%s: out of memory", what);
}

tp_status tp_tape_status(const tp_tape *tape)
{
    return tape ? tape->error.status : TP_E_ARGUMENT;
}

const char *tp_tape_error(const tp_tape *tape)
{
    return tape ? tape->error.message : "the tape is NULL";
}

void tp_tape_clear_error(tp_tape *tape)
{
    if (!tape) return;
    tape->error.status = TP_OK;
    tape->error.message[0] = 0;
}

bool tp_tape_set_grad(tp_tape *tape, bool on)
{
    if (!tape) return false;
    const bool was = tape->grad_mask != 0;
    tape->grad_mask = on ? TP_NEEDS : 0;
    return was;
}
