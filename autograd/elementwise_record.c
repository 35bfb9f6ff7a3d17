/* Rows on any operands, recorded: what they agree on, the result's shape, the node. */
#include <string.h>

#include "autograd/elementwise.h"
#include "autograd/profile.h"

/* A call that is being recorded: its operands' tensors, NULL for scalars, and what comes out. */
typedef struct call {
    tp_tape *tape;
    const tp_op *op;
    const tp_tensor *x[TP_ROW_OPERANDS];
    tp_dtype dtype;
    uint32_t flags; /* of all operands */
} call;

/* " f32 (2,3), f32 (4) and f64 (3)" */
static void operands_text(const call *c, char *text, size_t size)
{
    char shape[TP_SHAPE_TEXT];
    int left = 0;
    size_t used = 0;
    for (int i = 0; i < c->op->arity; i++) left += c->x[i] != NULL;
    const int all = left;
    for (int i = 0; i < c->op->arity && used < size; i++) {
        if (!c->x[i]) continue;
        const char *before = left == all ? "" : (left == 1 ? " and" : ",");
        left--;
        used += (size_t)snprintf(text + used, size - used, "%s %s %s", before, tp_dtype_name((tp_dtype)c->x[i]->dtype),
                                 tp_tensor_text(shape, c->x[i]));
    }
}

static tp_status fail(const call *c, tp_status status, const char *what)
{
    char text[TP_ROW_OPERANDS * (TP_SHAPE_TEXT + 16)] = "";
    operands_text(c, text, sizeof text);
    return tp_tape_fail(c->tape, status, "tp_%s: %s:%s", c->op->name, what, text);
}

/* The dtype that the tensors agree on; a mask has no say, unless nobody else has. */
static tp_status find_dtype(call *c)
{
    const tp_row *row = c->op->row;
    const bool floats = row->kind != TP_ROW_COMPARE;
    int found = -1;
    for (int i = row->mask; i < c->op->arity; i++) {
        if (!c->x[i]) continue;
        if (floats && !tp_dtype_is_float((tp_dtype)c->x[i]->dtype))
            return fail(c, TP_E_DTYPE, "needs f32 or f64; use tp_cast");
        if (found >= 0 && found != (int)c->x[i]->dtype) return fail(c, TP_E_DTYPE, "dtypes differ; use tp_cast");
        found = (int)c->x[i]->dtype;
    }
    if (found < 0) found = tp_dtype_is_float((tp_dtype)c->x[0]->dtype) ? (int)c->x[0]->dtype : TP_F64;
    c->dtype = floats ? (tp_dtype)found : TP_U8;
    return TP_OK;
}

/* The result, or NULL after setting the error. */
static tp_tensor *result_of(call *c)
{
    if (find_dtype(c) != TP_OK) return NULL;
    int at = 0; /* of the first tensor: there is one */
    while (at < c->op->arity - 1 && !c->x[at]) at++;
    const tp_tensor *first = c->x[at];
    bool same = true;
    for (int i = at + 1; i < c->op->arity; i++) {
        if (!c->x[i]) continue;
        same = same && (c->x[i] == first || tp_shape_equal(first->rank, first->dims, c->x[i]->rank, c->x[i]->dims));
    }
    tp_shape shape = {.rank = first->rank};
    int64_t count = first->count;
    const int64_t *dims = first->dims;
    if (!same) {
        for (int i = 0; i < first->rank; i++) shape.dims[i] = first->dims[i];
        for (int i = 0; i < c->op->arity; i++)
            if (c->x[i] && !tp_shape_broadcast(&shape, c->x[i]->rank, c->x[i]->dims)) {
                fail(c, TP_E_SHAPE, "shapes do not broadcast");
                return NULL;
            }
        if (tp_tensor_check(c->dtype, shape.rank, shape.dims, &count, NULL) != TP_OK) {
            fail(c, TP_E_LIMIT, "the broadcast size overflows");
            return NULL;
        }
        dims = shape.dims;
    }
    tp_tensor *out = tp_pool_tensor(&c->tape->pool, c->dtype, shape.rank, dims, count);
    if (!out) fail(c, TP_E_MEMORY, "out of memory");
    return out;
}

/* What a node keeps beyond two operands; false when out of memory. */
static bool set_extra(tp_tape *tape, tp_node *node, const tp_var *x, const double *numbers)
{
    const tp_row *row = node->op->row;
    if (row->kind == TP_ROW_TERNARY) node->extra.third = x[2].node;
    if (row->kind == TP_ROW_NUMBER) node->extra.number = numbers[0];
    if (row->kind != TP_ROW_NUMBERS) return true;
    const size_t size = (size_t)row->numbers_count * sizeof *numbers;
    double *copy = tp_chunks_push(&tape->stack, size);
    if (!copy) return false;
    memcpy(copy, numbers, size);
    node->extra.numbers = copy;
    return true;
}

static double scalar_value(const tp_tape *tape, const tp_op *op, const tp_var *x, const double *numbers)
{
    double v[1 + TP_MAX_NUMBERS] = {0};
    const int more = op->arity == 1 ? op->row->numbers_count : 0;
    for (int i = 0; i < op->arity; i++) v[i] = tape->nodes[x[i].node].value.number;
    for (int i = 0; i < more; i++) v[1 + i] = numbers[i];
    return op->row->value(v[0], v[1], v[2], v[3]);
}

/* Appends the node; takes over `out`, which is NULL for a scalar. */
static tp_var append(const call *c, tp_tensor *out, const tp_var *x, const double *numbers)
{
    tp_tape *tape = c->tape;
    tp_node extra = {.op = c->op};
    const bool room = tp_node_room(tape, 1), kept = room && set_extra(tape, &extra, x, numbers);
    if (room && !kept) fail(c, TP_E_MEMORY, "out of memory");
    if (!kept && out) tp_unref(tape, out);
    if (!kept || (out && !tp_own(tape, tape->count, out))) return tp_poison(tape);
    const uint32_t reach = c->op->flags & TP_NO_GRADIENT ? 0 : ~0u;
    const double value = out ? 0 : scalar_value(tape, c->op, x, numbers);
    const tp_var result = tp_scalar_append(tape, c->op, value, x[0].node, c->op->arity > 1 ? x[1].node : 0,
                                           c->flags & TP_NEEDS, NULL, reach);
    tp_node *node = &tape->nodes[result.node];
    node->extra = extra.extra;
    if (!out) return result;
    node->a |= TP_IS_TENSOR;
    node->value.tensor = out;
    tp_elementwise_compute(tape, node);
    return result;
}

static tp_var record_row(tp_tape *tape, const tp_op *op, const tp_var *x, const double *numbers)
{
    call c = {.tape = tape, .op = op};
    const int n = op->arity;
    for (int i = 0; i < n; i++) {
        if (!tp_check_operand(c.tape, op->name, x[i], i)) return tp_poison(c.tape);
        const tp_node *node = &c.tape->nodes[x[i].node];
        if (node->a & TP_IS_TENSOR) c.x[i] = node->value.tensor;
        c.flags |= node->a;
    }
    if (!(c.flags & TP_IS_TENSOR)) return append(&c, NULL, x, numbers);
    const uint32_t chunk = c.tape->stack.chunk;
    const size_t used = c.tape->stack.used;
    tp_tensor *out = result_of(&c);
    const tp_var y = out ? append(&c, out, x, numbers) : tp_poison(c.tape);
    if (y.node == TP_NO_NODE) tp_chunks_pop_to(&c.tape->stack, chunk, used);
    return y;
}

tp_var tp_elementwise(const tp_op *op, const tp_var *x, const double *numbers)
{
    tp_tape *tape = NULL;
    for (int i = 0; i < op->arity && !tape; i++) tape = x[i].tape;
    if (!tape) return tp_poison(NULL);
    const uint64_t start = tp_profile_start(tape);
    const uint32_t first = tape->count;
    const tp_var y = record_row(tape, op, x, numbers);
    tp_profile_stop(tape, start, op, TP_TIMED_FORWARD, first, tape->count);
    return y;
}
