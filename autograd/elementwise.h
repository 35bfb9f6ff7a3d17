/* Ops that are one row: how they are recorded, computed again and differentiated.
   Invariant: a node with a row whose value is a scalar has only scalar operands. */
#ifndef TAPIR_AUTOGRAD_ELEMENTWISE_H
#define TAPIR_AUTOGRAD_ELEMENTWISE_H

#include "autograd/ctx.h"

typedef enum tp_row_kind { TP_ROW_UNARY, TP_ROW_BINARY, TP_ROW_NUMBER } tp_row_kind;

/* What a row says beyond its loops. */
typedef struct tp_row {
    int index; /* of the loops: TP_ROW_<name> */
    tp_row_kind kind;
    double (*value)(double x, double b);
    /* upstream times slope by x and by b, recorded; `number` is the plain number of a TP_ROW_NUMBER */
    tp_var (*recorded[2])(tp_var g, tp_var x, tp_var b, tp_var y, double number);
    bool through[2];          /* the gradient is the upstream itself */
    double low, high, number; /* where tests sample it */
    const char *formula, *slope[2], *recorded_text[2];
} tp_row;

/* The closures of every such descriptor. */
tp_status tp_elementwise_forward(tp_ctx *ctx);
tp_status tp_elementwise_backward(tp_ctx *ctx, tp_var g);
tp_status tp_elementwise_gradient(tp_ctx *ctx, const tp_tensor *g);

/* Forward mode in numbers: adds the tangent of node i, a tensor, to its slot. `tangents` are those of nodes from
   `first` on. */
tp_status tp_elementwise_tangent(tp_tape *tape, uint32_t i, tp_slot *tangents, uint32_t first);

/* Records the op on any operands: the whole path, with every check. */
tp_var tp_elementwise1(const tp_op *op, tp_var x, double number);
tp_var tp_elementwise2(const tp_op *op, tp_var x, tp_var b);

/* The short path of a constructor: true when the operand is a good scalar handle and there is room for a node. */
static inline bool tp_scalar_ready1(tp_var x)
{
    const tp_tape *tape = x.tape;
    return TP_LIKELY(tape != NULL) && tp_fresh(tape, x) && TP_LIKELY(tape->count < tape->capacity) &&
           !(tape->nodes[x.node].a & TP_IS_TENSOR);
}

static inline bool tp_scalar_ready2(tp_var x, tp_var b)
{
    const tp_tape *tape = x.tape;
    return TP_LIKELY(tape != NULL) && TP_LIKELY(b.tape == tape) && tp_fresh(tape, x) && tp_fresh(tape, b) &&
           TP_LIKELY(tape->count < tape->capacity) && !((tape->nodes[x.node].a | tape->nodes[b.node].a) & TP_IS_TENSOR);
}

/* ... and the append that it leads to. `reach` is 0 for an op that is not differentiable, else all ones. */
static inline tp_var tp_scalar_append(tp_tape *tape, const tp_op *op, double value, uint32_t a, uint32_t b,
                                      uint32_t flags, double number, uint32_t reach)
{
    const uint32_t at = tape->count++;
    tp_node *node = &tape->nodes[at];
    __builtin_prefetch(node + 32, 1); /* the array is written from end to end */
    node->op = op;
    node->value.number = value;
    node->a = a | (flags & tape->grad_mask & reach);
    node->b = b;
    if (!__builtin_constant_p(number) || number != 0) node->extra.number = number; /* else nobody reads it */
    return (tp_var){tape, at, tape->epoch};
}

#endif
