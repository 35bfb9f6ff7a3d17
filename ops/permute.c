/* Axes in another order: always a view. */
#include <string.h>

#include "ops/ops.h"

typedef struct order {
    int axes[TP_MAX_RANK];
} order;

static tp_status permute_shape(tp_ctx *ctx)
{
    const order *o = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    int64_t dims[TP_MAX_RANK], strides[TP_MAX_RANK];
    for (int i = 0; i < x->rank; i++) {
        dims[i] = x->dims[o->axes[i]];
        strides[i] = x->strides[o->axes[i]];
    }
    return tp_ctx_result_view(ctx, x->rank, dims, strides, 0);
}

static tp_status permute_forward(tp_ctx *ctx)
{
    (void)ctx;
    return TP_OK;
}

static tp_status permute_backward(tp_ctx *ctx, tp_var g)
{
    const order *o = tp_ctx_attributes(ctx);
    const int rank = tp_ctx_input(ctx, 0)->rank;
    int64_t back[TP_MAX_RANK];
    for (int i = 0; i < rank; i++) back[o->axes[i]] = i;
    return tp_give(ctx, 0, tp_permute(g, rank, back));
}

const tp_op tp_op_permute = {TP_OP_HEAD,
                             .name = "permute",
                             .arity = 1,
                             .structure = TP_VIEW,
                             .flags = TP_LINEAR,
                             .attributes = sizeof(order),
                             .shape = permute_shape,
                             .forward = permute_forward,
                             .backward = permute_backward,
                             .text = {.formula = "y = x with its axes in another order",
                                      .derivative = "dx = g with the axes put back",
                                      .shapes = "x: any -> the dims in that order (a view)",
                                      .dtypes = "any; f32 and f64 carry a gradient"}};

tp_var tp_permute(tp_var x, int n, const int64_t *axes)
{
    if (!x.tape || !tp_check_operand(x.tape, "permute", x, 0)) return tp_poison(x.tape);
    const int rank = tp_var_rank(x);
    unsigned seen = 0;
    order o = {{0}};
    bool good = n == rank && (n == 0 || axes);
    for (int i = 0; good && i < n; i++) {
        o.axes[i] = tp_shape_axis(rank, axes[i]);
        good = o.axes[i] >= 0 && !(seen >> o.axes[i] & 1);
        if (good) seen |= 1u << o.axes[i];
    }
    char text[TP_SHAPE_TEXT];
    if (!good)
        return tp_refuse(x.tape, TP_E_INDEX, "tp_permute: the %d axes are not each axis of %s once", n,
                         tp_shape_text(text, rank, tp_var_dims(x)));
    return rank == 0 ? x : tp_record1(x.tape, &tp_op_permute, x.node, &o);
}

tp_var tp_transpose(tp_var x, int axis_a, int axis_b)
{
    if (!x.tape || !tp_check_operand(x.tape, "transpose", x, 0)) return tp_poison(x.tape);
    const int rank = tp_var_rank(x), a = tp_shape_axis(rank, axis_a), b = tp_shape_axis(rank, axis_b);
    char text[TP_SHAPE_TEXT];
    if (a < 0 || b < 0)
        return tp_refuse(x.tape, TP_E_INDEX, "tp_transpose: axes %d and %d of %s", axis_a, axis_b,
                         tp_shape_text(text, rank, tp_var_dims(x)));
    order o = {{0}};
    for (int i = 0; i < rank; i++) o.axes[i] = i == a ? b : (i == b ? a : i);
    return tp_record1(x.tape, &tp_op_permute, x.node, &o);
}

tp_var tp_movedim(tp_var x, int from, int to)
{
    if (!x.tape || !tp_check_operand(x.tape, "movedim", x, 0)) return tp_poison(x.tape);
    const int rank = tp_var_rank(x), a = tp_shape_axis(rank, from), b = tp_shape_axis(rank, to);
    char text[TP_SHAPE_TEXT];
    if (a < 0 || b < 0)
        return tp_refuse(x.tape, TP_E_INDEX, "tp_movedim: axes %d and %d of %s", from, to,
                         tp_shape_text(text, rank, tp_var_dims(x)));
    order o = {{0}};
    for (int i = 0, next = 0; i < rank; i++) {
        next += next == a;
        o.axes[i] = i == b ? a : next++;
    }
    return tp_record1(x.tape, &tp_op_permute, x.node, &o);
}
