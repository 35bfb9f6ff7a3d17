/* What functions capture. */
#include "autograd/capture.h"

#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static bool reads(const tp_tape *tape, uint32_t operand, uint32_t below)
{
    return operand < below && tape->nodes[operand].a & TP_NEEDS;
}

static tp_status refuse_parameters(tp_tape *tape, const char *name, uint32_t first)
{
    for (uint32_t i = tape->leaves.count; i-- > 0 && tape->leaves.items[i].node >= first;) {
        const tp_leaf_entry *leaf = &tape->leaves.items[i];
        char text[TP_SHAPE_TEXT];
        if (leaf->is_param && tape->nodes[leaf->node].a & TP_NEEDS)
            return tp_tape_fail(tape, TP_E_ARGUMENT,
                                "tp_%s: the function takes a parameter %s itself: call tp_param before, and let it "
                                "have the handle",
                                name, tp_tensor_text(text, leaf->tensor));
    }
    return TP_OK;
}

tp_status tp_find_captured(tp_tape *tape, const char *name, uint32_t below, uint32_t first, tp_captured *captured)
{
    uint32_t count = 0, unique = 0;
    *captured = (tp_captured){0};
    if (refuse_parameters(tape, name, first) != TP_OK) return tape->error.status;
    for (uint32_t i = first; i < tape->count; i++) {
        const uint32_t inputs = tp_input_count(&tape->nodes[i]);
        for (uint32_t k = 0; k < inputs; k++) count += reads(tape, tp_input_of(&tape->nodes[i], k), below);
    }
    if (count == 0) return TP_OK;
    uint32_t *found = tp_chunks_push(&tape->stack, count * sizeof *found);
    if (!found) return tp_tape_out_of_memory(tape, "tp_tape");
    count = 0;
    for (uint32_t i = first; i < tape->count; i++) {
        const uint32_t inputs = tp_input_count(&tape->nodes[i]);
        for (uint32_t k = 0; k < inputs; k++) {
            const uint32_t operand = tp_input_of(&tape->nodes[i], k);
            if (reads(tape, operand, below)) found[count++] = operand;
        }
    }
    qsort(found, count, sizeof *found, ascending);
    for (uint32_t i = 0; i < count; i++)
        if (i == 0 || found[i] != found[i - 1]) found[unique++] = found[i];
    *captured = (tp_captured){unique, found};
    return TP_OK;
}

static void set_input(tp_node *node, uint32_t i, uint32_t to)
{
    if (node->op->arity < 0 || (node->op->arity > 2 && !node->op->row))
        node->extra.block->inputs[i] = to;
    else if (i == 0)
        node->a = (node->a & ~TP_NODE_BITS) | to;
    else if (i == 1)
        node->b = (node->b & ~TP_NODE_BITS) | to;
    else
        node->extra.third = to;
}

tp_status tp_redirect(tp_tape *tape, const char *name, uint32_t below, uint32_t first, const tp_captured *captured,
                      const tp_var *to)
{
    for (uint32_t i = first; i < tape->count; i++) {
        const uint32_t inputs = tp_input_count(&tape->nodes[i]);
        for (uint32_t k = 0; k < inputs; k++) {
            const uint32_t operand = tp_input_of(&tape->nodes[i], k);
            if (!reads(tape, operand, below)) continue;
            const uint32_t *place = captured->count ? bsearch(&operand, captured->nodes, captured->count,
                                                              sizeof *captured->nodes, ascending)
                                                    : NULL;
            if (!place)
                return tp_tape_fail(tape, TP_E_CHANGED,
                                    "tp_%s: the function reads node %u (%s), which it did not when it was first called",
                                    name, operand, tape->nodes[operand].op->name);
            set_input(&tape->nodes[i], k, to[place - captured->nodes].node);
        }
    }
    return TP_OK;
}
