/* Axes read along their common diagonal: always a view. What einsum makes of a letter that an operand has twice. */
#include <string.h>

#include "ops/ops.h"

/* Where axis i of x goes: several may go to the same axis of the result, which then has the sum of their strides. */
static tp_shape merged(const tp_diagonals *d, const tp_tensor *x, const int64_t *strides, int64_t *merged_strides)
{
    tp_shape shape = {.rank = d->rank};
    for (int i = 0; i < d->rank; i++) merged_strides[i] = 0;
    for (int i = 0; i < x->rank; i++) {
        shape.dims[d->to[i]] = x->dims[i];
        merged_strides[d->to[i]] += strides[i];
    }
    return shape;
}

static tp_status diagonals_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    int64_t strides[TP_MAX_RANK];
    const tp_shape shape = merged(tp_ctx_attributes(ctx), x, x->strides, strides);
    return tp_ctx_result_view(ctx, shape.rank, shape.dims, strides, 0);
}

static tp_status diagonals_forward(tp_ctx *ctx)
{
    (void)ctx;
    return TP_OK;
}

static tp_status diagonals_backward(tp_ctx *ctx, tp_var g)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    int64_t dense[TP_MAX_RANK];
    tp_shape_strides(x->rank, x->dims, dense);
    tp_region part = {0};
    const tp_shape shape = merged(tp_ctx_attributes(ctx), x, dense, part.strides);
    part.rank = shape.rank;
    memcpy(part.dims, shape.dims, sizeof part.dims);
    return tp_give_region(ctx, 0, g, &part);
}

const tp_op tp_op_diagonals = {
    TP_OP_HEAD,
    .name = "diagonals",
    .arity = 1,
    .structure = TP_VIEW,
    .flags = TP_LINEAR,
    .attributes = sizeof(tp_diagonals),
    .shape = diagonals_shape,
    .forward = diagonals_forward,
    .backward = diagonals_backward,
    .text = {.formula = "x with several axes read as one, along their diagonal (inside tp_einsum)",
             .derivative = "dx = g on the diagonal, 0 elsewhere",
             .shapes = "(..., n, ..., n, ...) -> (..., n, ...)"}};
