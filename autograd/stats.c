/* What a tape holds, now and at most, by kind and by op. */
#include "autograd/tally.h"

tp_stats tp_tape_stats(const tp_tape *tape)
{
    if (!tape) return (tp_stats){0};
    const tp_pool *pool = &tape->pool;
    const tp_chunks *stack = &tape->stack;
    const tp_peaks *peaks = &tape->peaks;
    const size_t node = sizeof *tape->nodes, slot = sizeof *tape->slots;
    tp_stats s = {
        .nodes = tape->count,
        .nodes_peak = tape->count > peaks->nodes ? tape->count : peaks->nodes,
        .node = {tape->count * node, 0},
        .adjoint = {tape->slotted * slot, peaks->slots * slot},
        .extra = {tp_chunks_below(stack, stack->chunk, stack->used), 0},
        .tensor = {pool->used, pool->high > pool->peak ? pool->high : pool->peak},
        .value = {pool->of[TP_FOR_VALUES], peaks->value},
        .gradient = {pool->of[TP_FOR_WALK], peaks->gradient},
        .scratch = {pool->of[TP_FOR_WORK], peaks->scratch},
        .pooled = pool->held - pool->used,
        .total = {tape->account.now, tape->account.peak},
        .arena = tape->account.arena,
    };
    s.node.peak = s.nodes_peak * node;
    s.extra.peak = tp_chunks_below(stack, stack->top_chunk, stack->top_used);
    tp_bytes *const grown[] = {&s.extra, &s.value, &s.gradient, &s.scratch};
    for (size_t i = 0; i < sizeof grown / sizeof *grown; i++)
        if (grown[i]->now > grown[i]->peak) grown[i]->peak = grown[i]->now;
    return s;
}

void tp_tape_reset_peaks(tp_tape *tape)
{
    if (!tape) return;
    tape->peaks = (tp_peaks){.slots = tape->slotted};
    tape->pool.high = tape->pool.used;
    tape->pool.peak = 0;
    tape->stack.top_chunk = tape->stack.chunk;
    tape->stack.top_used = tape->stack.used;
    tape->account.peak = tape->account.now;
}

/* ---- by op ---- */

tp_tally *tp_tally_of(tp_tallies *tallies, const tp_allocator *memory, const tp_op *op)
{
    if (2 * tallies->count >= tallies->capacity && !tp_tallies_grow(tallies, memory)) return NULL;
    const uint32_t mask = tallies->capacity - 1;
    uint32_t at = (uint32_t)((uintptr_t)op >> 4) * 2654435761u >> 16 & mask;
    while (tallies->items[at].op && tallies->items[at].op != op) at = (at + 1) & mask;
    if (!tallies->items[at].op) {
        tallies->items[at].op = op;
        tallies->count++;
    }
    return &tallies->items[at];
}

bool tp_tallies_grow(tp_tallies *tallies, const tp_allocator *memory)
{
    tp_tallies wider = {.capacity = tallies->capacity ? 2 * tallies->capacity : 64};
    wider.items = tp_allocate_zeroed(memory, wider.capacity * sizeof *wider.items);
    if (!wider.items) return false;
    for (uint32_t i = 0; i < tallies->capacity; i++)
        if (tallies->items[i].op) *tp_tally_of(&wider, memory, tallies->items[i].op) = tallies->items[i];
    tp_tallies_free(tallies, memory);
    *tallies = wider;
    return true;
}

void tp_tallies_free(tp_tallies *tallies, const tp_allocator *memory)
{
    tp_deallocate(memory, tallies->items, tallies->capacity * sizeof *tallies->items);
    *tallies = (tp_tallies){0};
}

bool tp_tallies_first(tp_tallies *tallies, uint32_t place, bool (*before)(const tp_tally *a, const tp_tally *b))
{
    if (place >= tallies->capacity) return false;
    uint32_t best = place;
    for (uint32_t i = place + 1; i < tallies->capacity; i++) {
        const tp_tally *a = &tallies->items[i], *b = &tallies->items[best];
        if (a->op && (!b->op || before(a, b))) best = i;
    }
    const tp_tally swap = tallies->items[place];
    tallies->items[place] = tallies->items[best];
    tallies->items[best] = swap;
    return tallies->items[place].op != NULL;
}

void tp_node_size(const tp_tape *tape, uint32_t i, int64_t *elements, int64_t *bytes)
{
    const tp_node *node = &tape->nodes[i];
    const bool tensor = node->a & TP_IS_TENSOR, tuple = tp_result_count(node->op) > 1;
    const int64_t count = tensor ? node->value.tensor->count : (tuple ? 0 : 1);
    *elements += count;
    *bytes += count * (tensor ? (int64_t)tp_dtype_size((tp_dtype)node->value.tensor->dtype) : (int64_t)sizeof(double));
}

static bool count_node(const tp_tape *tape, tp_tallies *tallies, uint32_t i)
{
    tp_tally *tally = tp_tally_of(tallies, &tape->memory, tape->nodes[i].op);
    if (!tally) return false;
    tp_op_tally *count = &tally->count;
    count->op = tally->op->name;
    count->nodes++;
    tp_node_size(tape, i, &count->elements, &count->bytes);
    const uint32_t inputs = tally->op->structure == TP_LEAF ? 0 : tp_input_count(&tape->nodes[i]);
    for (uint32_t k = 0; k < inputs; k++)
        tp_node_size(tape, tp_input_of(&tape->nodes[i], k), &count->operand_elements, &count->operand_bytes);
    return true;
}

/* Ops with as many nodes come by name. */
static bool more_nodes(const tp_tally *a, const tp_tally *b)
{
    return a->count.nodes != b->count.nodes ? a->count.nodes > b->count.nodes : strcmp(a->op->name, b->op->name) < 0;
}

int tp_tape_op_counts(const tp_tape *tape, tp_op_tally *counts, int room)
{
    if (!tape) return 0;
    if (room > 0 && !counts) return -1;
    tp_tallies tallies = {0};
    bool good = true;
    for (uint32_t i = 0; i < tape->count && good; i++) good = count_node(tape, &tallies, i);
    const int found = good ? (int)tallies.count : -1;
    for (int i = 0; i < room && i < found; i++) {
        tp_tallies_first(&tallies, (uint32_t)i, more_nodes);
        counts[i] = tallies.items[i].count;
    }
    tp_tallies_free(&tallies, &tape->memory);
    return found;
}
