/* Axes turned round (flip, a view) and elements moved along them in a circle (roll). */
#include <string.h>

#include "ops/ops.h"

/* ---- flip ---- */

static tp_status flip_shape(tp_ctx *ctx)
{
    const unsigned mask = *(const unsigned *)tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    int64_t strides[TP_MAX_RANK], offset = 0;
    memcpy(strides, x->strides, sizeof strides);
    for (int i = 0; i < x->rank; i++) {
        if (!(mask >> i & 1) || x->dims[i] < 2) continue;
        offset += (x->dims[i] - 1) * strides[i];
        strides[i] = -strides[i];
    }
    return tp_ctx_result_view(ctx, x->rank, x->dims, strides, offset);
}

static tp_status flip_forward(tp_ctx *ctx)
{
    (void)ctx;
    return TP_OK;
}

static tp_status flip_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_call1(&tp_op_flip, g, tp_ctx_attributes(ctx)));
}

const tp_op tp_op_flip = {TP_OP_HEAD,
                          .name = "flip",
                          .arity = 1,
                          .structure = TP_VIEW,
                          .flags = TP_LINEAR,
                          .attributes = sizeof(unsigned),
                          .shape = flip_shape,
                          .forward = flip_forward,
                          .backward = flip_backward,
                          .text = {.formula = "y[i] = x[dim - 1 - i] along the axes",
                                   .derivative = "dx = g, flipped",
                                   .shapes = "x: any -> its shape (a view)",
                                   .dtypes = "any; f32 and f64 carry a gradient"}};

tp_var tp_flip(tp_var x, int n, const int64_t *axes)
{
    if (!x.tape || !tp_check_operand(x.tape, "flip", x, 0)) return tp_poison(x.tape);
    const int rank = tp_var_rank(x);
    unsigned mask;
    char text[TP_SHAPE_TEXT];
    if (!tp_shape_axes(rank, n, axes, &mask))
        return tp_refuse(x.tape, TP_E_INDEX, "tp_flip: the %d axes are not axes of %s", n,
                         tp_shape_text(text, rank, tp_var_dims(x)));
    return rank == 0 ? x : tp_record1(x.tape, &tp_op_flip, x.node, &mask);
}

/* ---- roll ---- */

typedef struct turns {
    int64_t by[TP_MAX_RANK]; /* 0 <= by < dim, along each axis */
} turns;

static tp_status roll_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, x->dims);
}

/* Each axis falls into two pieces that change places; `which` has a bit for each axis, set for the piece behind. */
static tp_status roll_forward(tp_ctx *ctx)
{
    const turns *t = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)x->dtype);
    for (unsigned which = 0; which < 1u << x->rank; which++) {
        int64_t dims[TP_MAX_RANK], from = 0, to = 0;
        bool any = true;
        for (int i = 0; i < x->rank; i++) {
            const bool behind = which >> i & 1;
            dims[i] = behind ? t->by[i] : x->dims[i] - t->by[i];
            from += behind ? (x->dims[i] - t->by[i]) * x->strides[i] : 0;
            to += behind ? 0 : t->by[i] * out->strides[i];
            any = any && dims[i] > 0;
        }
        if (any)
            tp_copy(x->rank, dims, (tp_dtype)out->dtype, out->data + to * size, out->strides, (tp_dtype)x->dtype,
                    x->data + from * size, x->strides);
    }
    return TP_OK;
}

static tp_status roll_backward(tp_ctx *ctx, tp_var g)
{
    const turns *t = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    turns back = {{0}};
    for (int i = 0; i < x->rank; i++) back.by[i] = t->by[i] ? x->dims[i] - t->by[i] : 0;
    return tp_give(ctx, 0, tp_call1(&tp_op_roll, g, &back));
}

const tp_op tp_op_roll = {TP_OP_HEAD,
                          .name = "roll",
                          .arity = 1,
                          .structure = TP_GATHER,
                          .flags = TP_LINEAR,
                          .attributes = sizeof(turns),
                          .shape = roll_shape,
                          .forward = roll_forward,
                          .backward = roll_backward,
                          .text = {.formula = "y[(i + shift) mod dim] = x[i] along the axes",
                                   .derivative = "dx = g, rolled back",
                                   .shapes = "x: any -> its shape",
                                   .dtypes = "any; f32 and f64 carry a gradient"}};

tp_var tp_roll(tp_var x, int n, const int64_t *shifts, const int64_t *axes)
{
    if (!x.tape || !tp_check_operand(x.tape, "roll", x, 0)) return tp_poison(x.tape);
    const int rank = tp_var_rank(x);
    const int64_t *dims = tp_var_dims(x);
    unsigned mask;
    char text[TP_SHAPE_TEXT];
    if (n < 1 || !shifts || !tp_shape_axes(rank, n, axes, &mask))
        return tp_refuse(x.tape, TP_E_INDEX, "tp_roll: the %d axes are not axes of %s, or there are no shifts", n,
                         tp_shape_text(text, rank, dims));
    turns t = {{0}};
    for (int i = 0; i < n; i++) {
        const int axis = tp_shape_axis(rank, axes[i]);
        const int64_t by = dims[axis] ? shifts[i] % dims[axis] : 0;
        t.by[axis] = by < 0 ? by + dims[axis] : by;
    }
    return tp_record1(x.tape, &tp_op_roll, x.node, &t);
}
