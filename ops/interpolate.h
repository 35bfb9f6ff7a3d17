/* How a call of interpolation, or of its adjoint, is described. */
#ifndef TAPIR_OPS_INTERPOLATE_H
#define TAPIR_OPS_INTERPOLATE_H

#include "ops/ops.h"

typedef struct tp_interpolate_attributes {
    tp_interpolate_options options;
    int64_t size[3]; /* x's spatial dims, for the adjoint, which does not have x */
} tp_interpolate_attributes;

#endif
