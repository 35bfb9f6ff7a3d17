/* The same elements under other dims: a view where strides allow, else a copy; settled when recorded. */
#include <string.h>

#include "ops/ops.h"

static tp_status reshape_shape(tp_ctx *ctx)
{
    const tp_shape *to = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    int64_t strides[TP_MAX_RANK];
    if (x->rank > 0 && to->rank > 0 && tp_shape_reshape(x->rank, x->dims, x->strides, to->rank, to->dims, strides))
        return tp_ctx_result_view(ctx, to->rank, to->dims, strides, 0);
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, to->rank, to->dims);
}

static tp_status reshape_forward(tp_ctx *ctx)
{
    if (tp_ctx_is_view(ctx)) return TP_OK;
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    int64_t strides[TP_MAX_RANK];
    tp_shape_strides(x->rank, x->dims, strides);
    tp_copy(x->rank, x->dims, (tp_dtype)out->dtype, out->data, strides, (tp_dtype)x->dtype, x->data, x->strides);
    return TP_OK;
}

static tp_status reshape_backward(tp_ctx *ctx, tp_var g)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    return tp_give(ctx, 0, tp_reshape(g, x->rank, x->dims));
}

const tp_op tp_op_reshape = {
    TP_OP_HEAD,
    .name = "reshape",
    .arity = 1,
    .structure = TP_VIEW,
    .flags = TP_LINEAR,
    .attributes = sizeof(tp_shape),
    .shape = reshape_shape,
    .forward = reshape_forward,
    .backward = reshape_backward,
    .text = {.formula = "y = x, the same elements in row-major order",
             .derivative = "dx = g under the dims of x",
             .shapes =
                 "x: any -> the dims given, one of which may be -1 (a view where strides allow); to rank 0: a scalar",
             .dtypes = "any; f32 and f64 carry a gradient"}};

tp_var tp_reshape(tp_var x, int rank, const int64_t *dims)
{
    if (!x.tape || !tp_check_operand(x.tape, "reshape", x, 0)) return tp_poison(x.tape);
    if (rank < 0 || rank > TP_MAX_RANK || (rank && !dims))
        return tp_refuse(x.tape, TP_E_LIMIT, "tp_reshape: rank %d is not in 0..%d, or dims are NULL", rank,
                         TP_MAX_RANK);
    const tp_tensor *value = tp_value(x);
    tp_shape to = {.rank = rank};
    for (int i = 0; i < rank; i++) to.dims[i] = dims[i];
    char from[TP_SHAPE_TEXT] = "()", wanted[TP_SHAPE_TEXT];
    if (!tp_shape_infer(value ? value->count : 1, rank, to.dims))
        return tp_refuse(x.tape, TP_E_SHAPE, "tp_reshape: %s does not have as many elements as %s",
                         value ? tp_tensor_text(from, value) : from, tp_shape_text(wanted, rank, dims));
    if (!value && rank == 0) return x;
    return tp_record1(x.tape, &tp_op_reshape, x.node, &to);
}

/* ---- axes of one element taken out and put in ---- */

tp_var tp_squeeze(tp_var x, int n, const int64_t *axes)
{
    if (!x.tape || !tp_check_operand(x.tape, "squeeze", x, 0)) return tp_poison(x.tape);
    const int rank = tp_var_rank(x);
    const int64_t *dims = tp_var_dims(x);
    unsigned mask;
    char text[TP_SHAPE_TEXT];
    if (!tp_shape_axes(rank, n, axes, &mask))
        return tp_refuse(x.tape, TP_E_INDEX, "tp_squeeze: the %d axes are not axes of %s", n,
                         tp_shape_text(text, rank, dims));
    tp_shape left = {0};
    for (int i = 0; i < rank; i++) {
        if (!(mask >> i & 1) || (n == 0 && dims[i] != 1))
            left.dims[left.rank++] = dims[i];
        else if (dims[i] != 1)
            return tp_refuse(x.tape, TP_E_SHAPE, "tp_squeeze: axis %d of %s has not one element", i,
                             tp_shape_text(text, rank, dims));
    }
    return tp_reshape(x, left.rank, left.dims);
}

tp_var tp_unsqueeze(tp_var x, int axis)
{
    if (!x.tape || !tp_check_operand(x.tape, "unsqueeze", x, 0)) return tp_poison(x.tape);
    const int rank = tp_var_rank(x), found = tp_shape_axis(rank + 1, axis);
    const int64_t *dims = tp_var_dims(x);
    char text[TP_SHAPE_TEXT];
    if (found < 0 || rank == TP_MAX_RANK)
        return tp_refuse(x.tape, found < 0 ? TP_E_INDEX : TP_E_LIMIT, "tp_unsqueeze: a new axis %d of %s", axis,
                         tp_shape_text(text, rank, dims));
    int64_t wider[TP_MAX_RANK];
    for (int i = 0; i <= rank; i++) wider[i] = i == found ? 1 : dims[i < found ? i : i - 1];
    return tp_reshape(x, rank + 1, wider);
}

tp_var tp_flatten(tp_var x, int first, int last)
{
    if (!x.tape || !tp_check_operand(x.tape, "flatten", x, 0)) return tp_poison(x.tape);
    const int rank = tp_var_rank(x);
    const int64_t *dims = tp_var_dims(x);
    const int a = tp_shape_axis(rank ? rank : 1, first), b = tp_shape_axis(rank ? rank : 1, last);
    char text[TP_SHAPE_TEXT];
    if (a < 0 || b < a)
        return tp_refuse(x.tape, TP_E_INDEX, "tp_flatten: axes %d to %d of %s", first, last,
                         tp_shape_text(text, rank, dims));
    tp_shape flat = {0};
    for (int i = 0; i < (rank ? rank : 1); i++) {
        const int64_t dim = rank ? dims[i] : 1;
        if (i > a && i <= b)
            flat.dims[flat.rank - 1] *= dim;
        else
            flat.dims[flat.rank++] = dim;
    }
    return tp_reshape(x, flat.rank, flat.dims);
}

/* ---- a dense copy ---- */

static tp_status contiguous_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, x->dims);
}

static tp_status contiguous_forward(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    tp_copy(x->rank, x->dims, (tp_dtype)out->dtype, out->data, out->strides, (tp_dtype)x->dtype, x->data, x->strides);
    return TP_OK;
}

static tp_status contiguous_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, g);
}

const tp_op tp_op_contiguous = {TP_OP_HEAD,
                                .name = "contiguous",
                                .arity = 1,
                                .structure = TP_ELEMENTWISE,
                                .flags = TP_LINEAR,
                                .shape = contiguous_shape,
                                .forward = contiguous_forward,
                                .backward = contiguous_backward,
                                .text = {.formula = "y = x, laid out densely in row-major order",
                                         .derivative = "dx = g",
                                         .shapes = "x: any -> its shape (x itself where it is dense)",
                                         .dtypes = "any; f32 and f64 carry a gradient"}};

tp_var tp_contiguous(tp_var x)
{
    if (!x.tape || !tp_check_operand(x.tape, "contiguous", x, 0)) return tp_poison(x.tape);
    const tp_tensor *value = tp_value(x);
    return !value || value->dense ? x : tp_record1(x.tape, &tp_op_contiguous, x.node, NULL);
}
