/* Tangents of one node that is no row in numbers: what forward mode does at it. */
#ifndef TAPIR_AUTOGRAD_TANGENT_H
#define TAPIR_AUTOGRAD_TANGENT_H

#include "autograd/ctx.h"

/* A node's rule, made ready once and applied to the directions one after another. */
typedef struct tp_tangent {
    tp_ctx ctx;
    bool recorded, twice; /* twice: by the double vjp */
    uint32_t low;         /* its nodes: from here on */
    tp_var u[TP_MAX_RESULTS], *gradients;
} tp_tangent;

/* `moves` tells of each operand whether any direction changes it. What is recorded stays until the caller forgets it;
   it needs gradients where `recorded` says so. */
tp_status tp_tangent_begin(tp_tangent *t, tp_tape *tape, uint32_t node, const bool *moves, bool recorded);
/* The tangents of the results, as nodes, from those of the operands (not tp_ok: zero). A result may come out not
   tp_ok: zero. */
tp_status tp_tangent_of(tp_tangent *t, const tp_var *operands, tp_var *results);

#endif
