/* What the ops of pooling share: how a call is described, and the shapes that follow. */
#ifndef TAPIR_OPS_POOLING_H
#define TAPIR_OPS_POOLING_H

#include "ops/ops.h"

/* Attributes of all of them. */
typedef struct tp_pool_attributes {
    const char *called; /* the function, for messages; NULL in a rule */
    int spatial;        /* the axes that it promises; 0: any */
    bool adaptive;      /* `window` then holds the result's spatial dims */
    tp_pool_options options;
    int64_t size[3]; /* x's spatial dims, for the ops that do not have x */
} tp_pool_attributes;

/* Works out `s` for pooling of x; or, when `back`, for an operand that lies where the result would. */
tp_status tp_pool_shape_of(tp_ctx *ctx, bool back, tp_pool_shape *s);

#endif
