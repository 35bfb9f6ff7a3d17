/* Running results along an axis that rules need, beside the public ones. */
#ifndef TAPIR_OPS_CUMULATIVE_H
#define TAPIR_OPS_CUMULATIVE_H

#include "ops/ops.h"

/* The products of what lies before each element (behind it when reversed), without itself: 1 at the start. */
tp_var tp_product_before(tp_var x, int axis, bool reverse);
/* y_0 = 0, y_(i+1) = a_i y_i + b_i along the axis, from its other end when reversed. */
tp_var tp_linear_before(tp_var a, tp_var b, int axis, bool reverse);

#endif
