/* What the two halves of einsum share: the subscripts, read. */
#ifndef TAPIR_OPS_EINSUM_H
#define TAPIR_OPS_EINSUM_H

#include "ops/ops.h"

/* A label is a letter, or one of the dims under "...", counted from the last one, which is TP_EINSUM_LABELS - 1. */
enum { TP_EINSUM_LETTERS = 52, TP_EINSUM_LABELS = TP_EINSUM_LETTERS + TP_MAX_RANK };

/* An operand, or a product of some: every axis has a label of its own. */
typedef struct tp_einsum_term {
    tp_var x;
    int rank;
    uint8_t label[TP_MAX_RANK];
} tp_einsum_term;

typedef struct tp_einsum_plan {
    tp_tape *tape;
    const char *text;
    int64_t size[TP_EINSUM_LABELS]; /* -1 where there is no such label */
    int seen[TP_EINSUM_LABELS];     /* how often it stands in the operands' subscripts */
    int uses[TP_EINSUM_LABELS];     /* terms that have it, and one more if the result has it */
    int ellipsis;                   /* the most dims that stand under "..." in an operand */
    tp_einsum_term out;             /* its labels */
} tp_einsum_plan;

/* Reads all subscripts; the labels of operand i are left in terms[i], one for each of its axes, and the result's in
   p->out. False after failing. */
bool tp_einsum_parse(tp_einsum_plan *p, const tp_var *x, int n, tp_einsum_term *terms);
/* Fails, saying where in the subscripts. Returns false. */
bool tp_einsum_refuse(const tp_einsum_plan *p, tp_status status, const char *at, const char *format, ...)
    TP_PRINTF(4, 5);

#endif
