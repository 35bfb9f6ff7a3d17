/* Guards: nodes that remember what the program decided. Their value is the decision; a replay compares. */
#include <math.h>

#include "autograd/replay.h"

/* The deciding number of guard node i, whose operand has one element. */
static double number_of(const tp_tape *tape, uint32_t i)
{
    const tp_node *x = &tape->nodes[tape->nodes[i].a & TP_NODE_BITS];
    if (!(x->a & TP_IS_TENSOR)) return x->value.number;
    return tp_get((tp_dtype)x->value.tensor->dtype, x->value.tensor->data);
}

static tp_status guard_forward(tp_ctx *ctx)
{
    return tp_guard_check(ctx->tape, ctx->node);
}

static const tp_op guard_op = {TP_OP_HEAD, .name = "guard", .arity = 1, .flags = TP_NO_GRADIENT | TP_GUARDS,
                               .forward = guard_forward};
static const tp_op guard_int_op = {TP_OP_HEAD, .name = "guard_int", .arity = 1, .flags = TP_NO_GRADIENT | TP_GUARDS,
                                   .forward = guard_forward};

static double decision(const tp_op *op, double number)
{
    return op == &guard_op ? number != 0 : trunc(number);
}

static tp_status deviates(tp_tape *tape, uint32_t i, double number)
{
    const tp_node *node = &tape->nodes[i];
    const uint32_t x = node->a & TP_NODE_BITS;
    const char *name = tp_name_of(tape, x), *op = tape->nodes[x].op->name;
    char was[32];
    if (node->op == &guard_op)
        snprintf(was, sizeof was, "%s", node->value.number != 0 ? "true" : "false");
    else
        snprintf(was, sizeof was, "%.17g", node->value.number);
    return tp_tape_fail(tape, TP_E_GUARD,
                        "tp_replay: what was recorded after node %u (guard) is not what to do now: %s (node %u%s%s) is "
                        "%.17g and was %s",
                        i, op, x, name ? ", " : "", name ? name : "", number, was);
}

tp_status tp_guard_check(tp_tape *tape, uint32_t i)
{
    const tp_node *node = &tape->nodes[i];
    const double number = number_of(tape, i);
    return TP_LIKELY(decision(node->op, number) == node->value.number) ? TP_OK : deviates(tape, i, number);
}

/* Records the guard and returns its decision; false after an error. */
static bool guard(const tp_op *op, tp_var x, double *decided)
{
    tp_tape *tape = x.tape;
    char text[TP_SHAPE_TEXT];
    if (!tape || !tp_check_operand(tape, op->name, x, 0) || !tp_node_room(tape, 1)) return false;
    const tp_node *of = &tape->nodes[x.node];
    if (of->a & TP_IS_TENSOR && of->value.tensor->count != 1) {
        tp_tape_fail(tape, TP_E_SHAPE, "tp_%s: node %u has not one element, but %s", op->name, x.node,
                     tp_tensor_text(text, of->value.tensor));
        return false;
    }
    tape->nodes[tape->count] = (tp_node){.op = op, .a = x.node};
    const double number = number_of(tape, tape->count);
    *decided = tape->nodes[tape->count].value.number = decision(op, number);
    if (op == &guard_int_op && !(fabs(number) < 0x1p63)) {
        tp_tape_fail(tape, TP_E_ARGUMENT, "tp_%s: node %u is %g", op->name, x.node, number);
        return false;
    }
    tape->count++;
    return true;
}

bool tp_guard(tp_var condition)
{
    double decided = 0;
    return guard(&guard_op, condition, &decided) && decided != 0;
}

int64_t tp_guard_int(tp_var x)
{
    double decided = 0;
    return guard(&guard_int_op, x, &decided) ? (int64_t)decided : 0;
}
