/* Forward mode: tangents carried from x to y over what is recorded, in numbers or as nodes of their own. A slot a node
   holds its tangent; all bits zero means zero. */
#include <string.h>

#include "autograd/elementwise.h"
#include "autograd/give.h"
#include "autograd/tangent.h"
#include "autograd/walk.h"

typedef struct sweep {
    tp_tape *tape;
    uint32_t first, last; /* nodes that it visits: from the lowest x to y */
    tp_slot *tangents;    /* of these nodes; a tensor is held by a reference */
    bool *wanted;         /* ... and whether y depends on them */
    bool recorded;
} sweep;

static tp_slot *tangent_of(const sweep *s, uint32_t node)
{
    return &s->tangents[node - s->first];
}

/* The tangent as a node: a constant where the sweep is in numbers. Not tp_ok: zero. */
static tp_var tangent_var(const sweep *s, uint32_t node)
{
    if (node < s->first || tangent_of(s, node)->bits == 0) return tp_poison(NULL);
    const tp_slot slot = *tangent_of(s, node);
    if (s->recorded) return tp_handle(s->tape, slot.recorded.node - 1);
    return s->tape->nodes[node].a & TP_IS_TENSOR ? tp_constant_tensor(s->tape, tp_ref(slot.tensor))
                                                 : tp_constant_number(s->tape, slot.number);
}

/* Takes over what a node holds as (a part of) the tangent of another. */
static tp_status add_node(const sweep *s, uint32_t node, tp_var dx)
{
    tp_tape *tape = s->tape;
    dx = tp_fit(tape, dx, node);
    const tp_var held = tangent_var(s, node);
    if (tp_ok(held) && tp_ok(dx)) dx = tp_accumulate(tape, held, dx);
    if (!tp_ok(dx)) return tape->error.status;
    tp_slot *slot = tangent_of(s, node);
    const tp_node *from = &tape->nodes[dx.node];
    if (s->recorded) {
        slot->recorded.node = dx.node + 1;
    } else if (from->a & TP_IS_TENSOR) {
        if (slot->tensor) tp_unref(tape, slot->tensor);
        slot->tensor = tp_ref(from->value.tensor);
    } else {
        slot->number = from->value.number;
    }
    return TP_OK;
}

static bool moves(const sweep *s, uint32_t node)
{
    return node >= s->first && tangent_of(s, node)->bits != 0;
}

/* By the ops' recorded rules. */
static tp_status through_nodes(const sweep *s, uint32_t i)
{
    tp_tape *tape = s->tape;
    const uint32_t count = tp_input_count(&tape->nodes[i]);
    const int results = tp_result_count(tape->nodes[i].op);
    tp_var *operands = tp_chunks_push(&tape->stack, (count + 1) * sizeof *operands), out[TP_MAX_RESULTS];
    if (!operands) return tp_tape_out_of_memory(tape, "tp_jvp");
    for (uint32_t k = 0; k < count; k++) operands[k] = tangent_var(s, tp_input_of(&tape->nodes[i], k));
    tp_status status = tp_tangent_record(tape, i, operands, out);
    for (int k = 0; k < results && status == TP_OK; k++) {
        const uint32_t to = results > 1 ? i + 1 + (uint32_t)k : i; /* y may be one of the first results of a tuple */
        if (to <= s->last && tp_ok(out[k])) status = add_node(s, to, out[k]);
    }
    return status;
}

/* What the rules recorded goes again; the tangents stay. */
static tp_status in_numbers(const sweep *s, uint32_t i)
{
    tp_tape *tape = s->tape;
    const uint32_t end = tape->count, chunk = tape->stack.chunk, mask = tape->grad_mask;
    const size_t used = tape->stack.used;
    tape->grad_mask = 0;
    const tp_status status = through_nodes(s, i);
    tape->grad_mask = mask;
    tp_unwind(tape, end, chunk, used);
    return tp_new_epoch(tape) ? status : TP_E_MEMORY;
}

static tp_status advance(const sweep *s, uint32_t i)
{
    const tp_tape *tape = s->tape;
    const tp_node *node = &tape->nodes[i];
    const tp_op *op = node->op;
    if (!s->wanted[i - s->first] || !(node->a & TP_NEEDS) || op->structure == TP_LEAF || op->flags & TP_TUPLE_PART)
        return TP_OK;
    bool moved = false;
    const uint32_t count = tp_input_count(node);
    for (uint32_t k = 0; k < count && !moved; k++) moved = moves(s, tp_input_of(node, k));
    if (!moved) return TP_OK;
    if (s->recorded) return through_nodes(s, i);
    if (node->a & TP_IS_TENSOR || !op->scalar_gradient) {
        if (op->row && node->a & TP_IS_TENSOR) return tp_elementwise_tangent(s->tape, i, s->tangents, s->first);
        return in_numbers(s, i);
    }
    tangent_of(s, i)->number += tp_tangent_scalar(s->tape, i, s->tangents, s->first);
    return TP_OK;
}

static void mark_wanted(const sweep *s)
{
    memset(s->wanted, 0, (size_t)s->last - s->first + 1);
    s->wanted[s->last - s->first] = true;
    for (uint32_t i = s->last + 1; i-- > s->first;) {
        const tp_node *node = &s->tape->nodes[i];
        if (!s->wanted[i - s->first] || node->op->structure == TP_LEAF) continue;
        const uint32_t count = tp_input_count(node);
        for (uint32_t k = 0; k < count; k++)
            if (tp_input_of(node, k) >= s->first) s->wanted[tp_input_of(node, k) - s->first] = true;
    }
}

static tp_status run(const sweep *s, const tp_var *x, const tp_var *dx, int n)
{
    mark_wanted(s);
    for (int i = 0; i < n; i++) {
        const tp_status status = x[i].node > s->last ? TP_OK : add_node(s, x[i].node, dx[i]);
        if (status != TP_OK) return status;
    }
    for (uint32_t i = s->first; i <= s->last; i++) {
        const tp_status status = advance(s, i);
        if (status != TP_OK) return status;
    }
    return s->tape->error.status;
}

/* Zeros like y, or what its slot holds, as a constant. */
static tp_var constant_result(tp_tape *tape, uint32_t y, tp_slot tangent)
{
    if (!(tape->nodes[y].a & TP_IS_TENSOR)) return tp_constant_number(tape, tangent.number);
    const tp_tensor *value = tape->nodes[y].value.tensor;
    tp_tensor *result = tp_new_tensor(tape, (tp_dtype)value->dtype, value->rank, value->dims, "jvp");
    if (!result) return tp_poison(tape);
    if (tangent.tensor)
        tp_copy(result->rank, result->dims, (tp_dtype)result->dtype, result->data, result->strides,
                (tp_dtype)tangent.tensor->dtype, tangent.tensor->data, tangent.tensor->strides);
    else
        tp_fill(result->count, (tp_dtype)result->dtype, result->data, 0);
    return tp_constant_tensor(tape, result);
}

/* Gives back the tangents, and with a sweep in numbers all that was recorded since the mark; y's is handed out. */
static tp_var finish(const sweep *s, tp_mark mark, tp_status status)
{
    tp_tape *tape = s->tape;
    for (uint32_t i = s->first; i < s->last && !s->recorded; i++)
        if (tape->nodes[i].a & TP_IS_TENSOR && tangent_of(s, i)->tensor) tp_unref(tape, tangent_of(s, i)->tensor);
    const tp_slot last = *tangent_of(s, s->last);
    if (s->recorded) {
        if (status != TP_OK) return tp_poison(tape);
        return last.bits ? tp_handle(tape, last.recorded.node - 1)
                         : constant_result(tape, s->last, (tp_slot){.bits = 0});
    }
    const bool tensor = tape->nodes[s->last].a & TP_IS_TENSOR;
    tp_unwind(tape, mark.node, mark.chunk, mark.used);
    if (!tp_new_epoch(tape)) status = TP_E_MEMORY;
    const tp_var result = status == TP_OK ? constant_result(tape, s->last, last) : tp_poison(tape);
    if (tensor && last.tensor) tp_unref(tape, last.tensor);
    return result;
}

static tp_status check_directions(tp_var y, const tp_var *x, const tp_var *dx, int n, tp_var *dy)
{
    tp_tape *tape = y.tape;
    if (dy) *dy = tp_poison(tape);
    if (!tape) return TP_E_ARGUMENT;
    if (tape->walking) return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_jvp: a backward pass is running");
    if (n < 0 || !dy || (n > 0 && (!x || !dx))) return tp_tape_fail(tape, TP_E_ARGUMENT, "tp_jvp: x, dx or dy is NULL");
    if (!tp_check_operand(tape, "jvp", y, 0)) return tape->error.status;
    if (!tp_dtype_is_float(tp_var_dtype(y)))
        return tp_tape_fail(tape, TP_E_DTYPE, "tp_jvp: y is of %s", tp_dtype_name(tp_var_dtype(y)));
    for (int i = 0; i < n; i++) {
        if (!tp_check_operand(tape, "jvp", x[i], i + 1) || !tp_check_operand(tape, "jvp", dx[i], n + i + 1))
            return tape->error.status;
        char want[TP_SHAPE_TEXT], got[TP_SHAPE_TEXT];
        const int rank = tp_var_rank(x[i]);
        if (!tp_dtype_is_float(tp_var_dtype(x[i])))
            return tp_tape_fail(tape, TP_E_DTYPE, "tp_jvp: x[%d] is of %s", i, tp_dtype_name(tp_var_dtype(x[i])));
        if (tp_var_rank(dx[i]) != 0 && !tp_shape_equal(rank, tp_var_dims(x[i]), tp_var_rank(dx[i]), tp_var_dims(dx[i])))
            return tp_tape_fail(tape, TP_E_SHAPE, "tp_jvp: dx[%d] has shape %s, x[%d] %s", i,
                                tp_shape_text(got, tp_var_rank(dx[i]), tp_var_dims(dx[i])), i,
                                tp_shape_text(want, rank, tp_var_dims(x[i])));
    }
    return tape->error.status;
}

tp_status tp_jvp(tp_var y, const tp_var *x, const tp_var *dx, int n, tp_var *dy, unsigned flags)
{
    tp_status status = check_directions(y, x, dx, n, dy);
    if (status != TP_OK) return status;
    tp_tape *tape = y.tape;
    status = tp_check_versions(tape, y.node);
    if (status != TP_OK) return status;
    sweep s = {.tape = tape, .first = y.node, .last = y.node, .recorded = flags & TP_CREATE_GRAPH};
    for (int i = 0; i < n; i++)
        if (x[i].node < s.first) s.first = x[i].node;
    const tp_mark mark = tp_tape_mark(tape);
    const size_t nodes = (size_t)s.last - s.first + 1;
    s.tangents = tp_chunks_push(&tape->stack, nodes * sizeof *s.tangents);
    s.wanted = tp_chunks_push(&tape->stack, nodes * sizeof *s.wanted);
    tp_drop_adjoints(tape);
    if (!s.tangents || !s.wanted || !tp_slot_room(tape)) return tp_tape_out_of_memory(tape, "tp_jvp");
    memset(s.tangents, 0, nodes * sizeof *s.tangents);
    memset(tape->slots, 0, ((size_t)y.node + 1) * sizeof *tape->slots);
    const uint32_t mask = tape->grad_mask;
    if (!s.recorded) tape->grad_mask = 0;
    status = run(&s, x, dx, n);
    tape->grad_mask = mask;
    *dy = finish(&s, mark, status);
    return tp_ok(*dy) ? TP_OK : tape->error.status;
}
