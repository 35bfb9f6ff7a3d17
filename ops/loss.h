/* What losses share: reductions, and the call of an elementwise loss. */
#ifndef TAPIR_OPS_LOSS_H_
#define TAPIR_OPS_LOSS_H_

#include "kernels/loss.h"
#include "ops/ops.h"

typedef struct tp_loss_attributes {
    tp_reduction how;
    double number[TP_LOSS_NUMBERS]; /* p and q of the row */
} tp_loss_attributes;

/* Records a row of loss.def on x, t and, where it has three operands, c, which is stretched to x's shape. */
tp_var tp_loss(const tp_op *op, tp_var x, tp_var t, tp_var c, tp_reduction how, double p, double q);
/* False after setting the error: there is no such reduction. */
bool tp_reduction_good(tp_tape *tape, const char *op, tp_reduction how);

#endif
