/* What reductions share: the axes as attributes, the shape that is left, and bringing an upstream gradient back. */
#ifndef TAPIR_OPS_AXES_H
#define TAPIR_OPS_AXES_H

#include "ops/ops.h"

typedef struct tp_axes {
    unsigned mask;
    bool keep;
} tp_axes;

/* Records a reduction over the named axes; none named: all. */
tp_var tp_axes_call(const tp_op *op, tp_var x, int n, const int64_t *axes, bool keep);
tp_status tp_axes_shape(tp_ctx *ctx);
tp_status tp_axes_fold(tp_ctx *ctx, tp_fold how);
/* x, shaped like the result, with the reduced axes back as dims of 1, so that it broadcasts against the operand. */
tp_var tp_axes_restore(tp_ctx *ctx, tp_var x);

#endif
