/* Ops that are one row: how they are recorded, computed again and differentiated.
   Invariant: a node with a row whose value is a scalar has only scalar operands. */
#ifndef TAPIR_AUTOGRAD_ELEMENTWISE_H
#define TAPIR_AUTOGRAD_ELEMENTWISE_H

#include "autograd/ctx.h"

/* NUMBER and NUMBERS rows have one operand and one or more plain numbers. The result of COMPARE, on one operand or two
   of any dtype, is u8. The op's arity says how many operands there are. */
typedef enum tp_row_kind {
    TP_ROW_UNARY,
    TP_ROW_BINARY,
    TP_ROW_TERNARY,
    TP_ROW_NUMBER,
    TP_ROW_NUMBERS,
    TP_ROW_COMPARE
} tp_row_kind;

/* What a row says beyond its loops. In a row with plain numbers b, c, d are these. */
typedef struct tp_row {
    int index; /* of the loops: TP_ROW_<name>, TP_COMPARE_<name> */
    tp_row_kind kind;
    bool mask;         /* only whether x is 0 matters, and it may be of any dtype */
    int numbers_count; /* plain numbers */
    double (*value)(double x, double b, double c, double d);
    /* upstream times slope by each operand, recorded; `numbers` are the plain ones */
    tp_var (*recorded[TP_ROW_OPERANDS])(tp_var g, const tp_var *x, tp_var y, const double *numbers);
    bool through[TP_ROW_OPERANDS]; /* the gradient is the upstream itself */
    bool none[TP_ROW_OPERANDS];    /* no gradient flows */
    double low, high;              /* where tests draw operands */
    double number[TP_MAX_NUMBERS]; /* and the plain numbers that they use */
    const char *formula, *slope[TP_ROW_OPERANDS], *recorded_text[TP_ROW_OPERANDS];
} tp_row;

/* The closures of every such descriptor. */
tp_status tp_elementwise_forward(tp_ctx *ctx);
tp_status tp_elementwise_backward(tp_ctx *ctx, tp_var g);
tp_status tp_elementwise_gradient(tp_ctx *ctx, const tp_tensor *g);

/* Upstream times the slope by operand k, recorded. */
tp_var tp_elementwise_recorded(tp_ctx *ctx, int k, tp_var g);
/* g times the slope of node `at`, a tensor, by operand i, in the result's shape: into `out`, dense. g is a node for its
   value only. And g times a slope that is there already, in out's shape. 0 where g is 0, whatever the slope. */
void tp_elementwise_slope(const tp_tape *tape, uint32_t at, int i, const tp_node *g, tp_tensor *out);
void tp_elementwise_product(const tp_tape *tape, const tp_node *g, const tp_tensor *slope, tp_tensor *out);

/* The value of a node that has its tensor, from its operands. */
void tp_elementwise_compute(const tp_tape *tape, const tp_node *node);

/* Records the op on any operands, as many as its arity says: the whole path, with every check. `numbers` are the row's
   plain ones, or NULL. */
tp_var tp_elementwise(const tp_op *op, const tp_var *x, const double *numbers);

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

static inline bool tp_scalar_ready3(tp_var x, tp_var b, tp_var c)
{
    return tp_scalar_ready2(x, b) && TP_LIKELY(c.tape == x.tape) && tp_fresh(x.tape, c) &&
           !(x.tape->nodes[c.node].a & TP_IS_TENSOR);
}

/* ... and the append that it leads to. `number` is NULL for a row that has none; `reach` is 0 for an op that is not
   differentiable, else all ones. */
static inline tp_var tp_scalar_append(tp_tape *tape, const tp_op *op, double value, uint32_t a, uint32_t b,
                                      uint32_t flags, const double *number, uint32_t reach)
{
    const uint32_t at = tape->count++;
    tp_node *node = &tape->nodes[at];
    __builtin_prefetch(node + 32, 1); /* the array is written from end to end */
    node->op = op;
    node->value.number = value;
    node->a = a | (flags & tape->grad_mask & reach);
    node->b = b;
    if (number) node->extra.number = *number;
    return (tp_var){tape, at, tape->epoch};
}

#endif
