/* What the three ops of convolution share: how a call is described, and the shapes that follow. */
#ifndef TAPIR_OPS_CONV_INTERNAL_H
#define TAPIR_OPS_CONV_INTERNAL_H

#include "ops/ops.h"

/* Attributes of all three ops. */
typedef struct tp_conv_attributes {
    const char *called; /* the function, for messages; NULL in a rule */
    int spatial;        /* the axes that it promises; 0: any */
    tp_conv_options options;
    bool sized; /* rules know what the operands do not tell: the result's own spatial dims */
    int64_t size[3];
} tp_conv_attributes;

/* Works out `s` from operands and attributes, writes the dims of the result; `part` is what the op computes. */
tp_status tp_conv_shape_of(tp_ctx *ctx, tp_conv_part part, tp_conv_shape *s, int64_t dims[5]);

#endif
