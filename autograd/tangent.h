/* Tangents of one node: what forward mode does at it. */
#ifndef TAPIR_AUTOGRAD_TANGENT_H
#define TAPIR_AUTOGRAD_TANGENT_H

#include "autograd/ctx.h"

/* The tangents of the results of node `i`, as nodes, from those of its operands (not tp_ok: zero). A result may come
   out not tp_ok: zero. What is recorded needs gradients as the tape says. */
tp_status tp_tangent_record(tp_tape *tape, uint32_t i, const tp_var *operands, tp_var *results);

/* In numbers. Of a scalar row, from the numbers of all tangents, by node from `first` on: */
double tp_tangent_scalar(tp_tape *tape, uint32_t i, const tp_slot *tangents, uint32_t first);

#endif
