/* Some of the elements along one axis: always a view. Its gradient goes into a part of the operand's. */
#include <string.h>

#include "ops/ops.h"

typedef struct cut {
    int axis;
    int64_t start, count, step;
} cut;

static tp_status slice_shape(tp_ctx *ctx)
{
    const cut *c = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    int64_t dims[TP_MAX_RANK], strides[TP_MAX_RANK];
    memcpy(dims, x->dims, sizeof dims);
    memcpy(strides, x->strides, sizeof strides);
    dims[c->axis] = c->count;
    if (c->count > 1) strides[c->axis] *= c->step;
    return tp_ctx_result_view(ctx, x->rank, dims, strides, c->start * x->strides[c->axis]);
}

static tp_status slice_forward(tp_ctx *ctx)
{
    (void)ctx;
    return TP_OK;
}

static tp_status slice_backward(tp_ctx *ctx, tp_var g)
{
    const cut *c = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_region part = {.rank = x->rank};
    memcpy(part.dims, x->dims, sizeof part.dims);
    tp_shape_strides(x->rank, x->dims, part.strides);
    part.offset = c->start * part.strides[c->axis];
    part.dims[c->axis] = c->count;
    if (c->count > 1) part.strides[c->axis] *= c->step;
    return tp_give_region(ctx, 0, g, &part);
}

const tp_op tp_op_slice = {TP_OP_HEAD,
                           .name = "slice",
                           .arity = 1,
                           .structure = TP_VIEW,
                           .flags = TP_LINEAR,
                           .attributes = sizeof(cut),
                           .shape = slice_shape,
                           .forward = slice_forward,
                           .backward = slice_backward,
                           .text = {.formula = "y = x[start], x[start + step], ... before stop along the axis",
                                    .derivative = "dx = g at those places, else 0",
                                    .shapes = "x: (..., n, ...) -> (..., ceil((stop - start) / step), ...) (a view)",
                                    .dtypes = "any; f32 and f64 carry a gradient",
                                    .edges = "start = stop gives an empty result. Outside: TP_E_INDEX. Many slices of "
                                             "one tensor share one gradient buffer."}};

tp_var tp_slice(tp_var x, int axis, int64_t start, int64_t stop, int64_t step)
{
    if (!x.tape || !tp_check_operand(x.tape, "slice", x, 0)) return tp_poison(x.tape);
    const tp_tensor *value = tp_value(x);
    const int found = value ? tp_shape_axis(value->rank, axis) : -1;
    char text[TP_SHAPE_TEXT];
    if (found < 0)
        return tp_refuse(x.tape, TP_E_INDEX, "tp_slice: axis %d of %s", axis,
                         tp_shape_text(text, tp_var_rank(x), tp_var_dims(x)));
    const int64_t dim = value->dims[found];
    const int64_t first = start < 0 ? start + dim : start;
    const int64_t last = stop == TP_END ? dim : (stop < 0 ? stop + dim : stop);
    if (first < 0 || last < first || last > dim || step < 1)
        return tp_refuse(x.tape, TP_E_INDEX, "tp_slice: %lld:%lld:%lld along axis %d of %s", (long long)start,
                         (long long)stop, (long long)step, axis, tp_tensor_text(text, value));
    const cut c = {found, first < last ? first : 0, last > first ? (last - first - 1) / step + 1 : 0, step};
    return tp_record1(x.tape, &tp_op_slice, x.node, &c);
}
