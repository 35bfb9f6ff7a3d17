/* Some of the elements along one axis, forwards or backwards: always a view. Its gradient goes into a part of the
 * operand's. */
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

/* The slice start:stop:step of an axis of `dim`, by NumPy's rules; false when it reaches outside. */
static bool cut_of(int64_t dim, int64_t start, int64_t stop, int64_t step, cut *c)
{
    const bool back = step < 0;
    const int64_t first = back && start == TP_END ? dim - 1 : (start < 0 ? start + dim : start);
    const int64_t last = stop == TP_END ? (back ? -1 : dim) : (stop < 0 ? stop + dim : stop);
    const int64_t low = back ? last : first, high = back ? first : last;
    if (step == 0 || low > high || high > (back ? dim - 1 : dim) || low < (back && stop == TP_END ? -1 : 0))
        return false;
    c->start = low < high ? first : 0;
    c->count = low < high ? (high - low - 1) / (back ? -step : step) + 1 : 0;
    c->step = step;
    return true;
}

tp_var tp_slice(tp_var x, int axis, int64_t start, int64_t stop, int64_t step)
{
    if (!x.tape || !tp_check_operand(x.tape, "slice", x, 0)) return tp_poison(x.tape);
    const tp_tensor *value = tp_value(x);
    const int found = value ? tp_shape_axis(value->rank, axis) : -1;
    char text[TP_SHAPE_TEXT];
    if (found < 0)
        return tp_refuse(x.tape, TP_E_INDEX, "tp_slice: axis %d of %s", axis,
                         tp_shape_text(text, tp_var_rank(x), tp_var_dims(x)));
    cut c = {.axis = found};
    if (!cut_of(value->dims[found], start, stop, step > -INT64_MAX ? step : -INT64_MAX, &c))
        return tp_refuse(x.tape, TP_E_INDEX, "tp_slice: %lld:%lld:%lld along axis %d of %s", (long long)start,
                         (long long)stop, (long long)step, axis, tp_tensor_text(text, value));
    return tp_record1(x.tape, &tp_op_slice, x.node, &c);
}

/* ---- several slices that cover an axis ---- */

tp_status tp_split(tp_var x, int axis, int n, const int64_t *sizes, tp_var *parts)
{
    for (int i = 0; parts && i < n; i++) parts[i] = tp_poison(x.tape);
    if (!x.tape) return TP_E_ARGUMENT;
    if (!tp_check_operand(x.tape, "split", x, 0)) return tp_tape_status(x.tape);
    const int found = tp_shape_axis(tp_var_rank(x), axis);
    if (n < 0 || (n > 0 && (!sizes || !parts)))
        return tp_tape_fail(x.tape, TP_E_ARGUMENT, "tp_split: %d parts, or sizes or parts are NULL", n);
    char text[TP_SHAPE_TEXT];
    tp_shape_text(text, tp_var_rank(x), tp_var_dims(x));
    if (found < 0) return tp_tape_fail(x.tape, TP_E_INDEX, "tp_split: axis %d of %s", axis, text);
    int64_t rest = tp_var_dims(x)[found];
    for (int i = 0; i < n; i++) {
        if (sizes[i] < 0 || sizes[i] > rest)
            return tp_tape_fail(x.tape, TP_E_SHAPE, "tp_split: part %d of %lld does not fit into axis %d of %s", i,
                                (long long)sizes[i], axis, text);
        rest -= sizes[i];
    }
    if (rest)
        return tp_tape_fail(x.tape, TP_E_SHAPE, "tp_split: the %d parts leave %lld of axis %d of %s", n,
                            (long long)rest, axis, text);
    for (int64_t i = 0, start = 0; i < n; start += sizes[i++])
        parts[i] = tp_slice(x, found, start, start + sizes[i], 1);
    return tp_tape_status(x.tape);
}

int tp_chunk(tp_var x, int axis, int n, tp_var *parts)
{
    for (int i = 0; parts && i < n; i++) parts[i] = tp_poison(x.tape);
    if (!x.tape || !tp_check_operand(x.tape, "chunk", x, 0)) return 0;
    const int found = tp_shape_axis(tp_var_rank(x), axis);
    char text[TP_SHAPE_TEXT];
    if (n < 1 || !parts || found < 0) {
        tp_tape_fail(x.tape, found < 0 ? TP_E_INDEX : TP_E_ARGUMENT, "tp_chunk: %d parts of axis %d of %s%s", n, axis,
                     tp_shape_text(text, tp_var_rank(x), tp_var_dims(x)), parts ? "" : ", to NULL");
        return 0;
    }
    const int64_t dim = tp_var_dims(x)[found], size = dim / n + (dim % n != 0);
    int count = 0;
    for (int64_t start = 0; count < n && (start < dim || count == 0); start += size) {
        const int64_t stop = dim - start < size ? dim : start + size;
        parts[count++] = tp_slice(x, found, start, stop, 1);
    }
    return tp_tape_status(x.tape) == TP_OK ? count : 0;
}
