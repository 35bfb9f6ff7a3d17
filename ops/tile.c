/* A tensor repeated along its axes, whole (tile) or each element on its own (repeat_interleave). */
#include <string.h>

#include "ops/ops.h"

typedef struct repeats {
    int rank; /* of the result: at least x's, whose dims are its last */
    int64_t times[TP_MAX_RANK];
} repeats;

/* x's dims, with dims of 1 in front. */
static tp_shape widened(const tp_tensor *x, int rank)
{
    tp_shape shape = {.rank = rank};
    const int missing = rank - x->rank;
    for (int i = 0; i < rank; i++) shape.dims[i] = i < missing ? 1 : x->dims[i - missing];
    return shape;
}

static tp_status tile_shape(tp_ctx *ctx)
{
    const repeats *r = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_shape shape = widened(x, r->rank);
    for (int i = 0; i < r->rank; i++)
        if (__builtin_mul_overflow(shape.dims[i], r->times[i], &shape.dims[i]))
            return tp_ctx_fail(ctx, TP_E_LIMIT, "the size overflows");
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, shape.rank, shape.dims);
}

/* x goes into the corner; then, axis by axis from the last, what is there is copied on, twice as much each time. */
static tp_status tile_forward(tp_ctx *ctx)
{
    const repeats *r = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    const tp_dtype dtype = (tp_dtype)out->dtype;
    if (out->count == 0) return TP_OK;
    tp_shape done = widened(x, r->rank);
    tp_copy(x->rank, x->dims, dtype, out->data, out->strides + r->rank - x->rank, (tp_dtype)x->dtype, x->data,
            x->strides);
    for (int axis = r->rank - 1; axis >= 0; axis--)
        while (done.dims[axis] < out->dims[axis]) {
            const int64_t there = done.dims[axis], missing = out->dims[axis] - there;
            if (missing < there) done.dims[axis] = missing;
            char *const at = out->data + there * out->strides[axis] * (int64_t)tp_dtype_size(dtype);
            tp_copy(r->rank, done.dims, dtype, at, out->strides, dtype, out->data, out->strides);
            done.dims[axis] = there + done.dims[axis];
        }
    return TP_OK;
}

/* dx = the sum of g's tiles, axis by axis: (outer, times, inner) is summed over the middle */
static tp_status tile_backward(tp_ctx *ctx, tp_var g)
{
    const repeats *r = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_shape shape = widened(x, r->rank);
    int64_t outer = 1;
    for (int axis = 0; axis < r->rank; outer *= shape.dims[axis++]) {
        if (r->times[axis] == 1) continue;
        int64_t inner = shape.dims[axis];
        for (int i = axis + 1; i < r->rank; i++) inner *= shape.dims[i] * r->times[i];
        g = tp_sum_axes(tp_reshape(g, 3, (int64_t[]){outer, r->times[axis], inner}), 1, (int64_t[]){1}, false);
    }
    return tp_give(ctx, 0, tp_reshape(g, x->rank, x->dims));
}

const tp_op tp_op_tile = {TP_OP_HEAD,
                          .name = "tile",
                          .arity = 1,
                          .structure = TP_GATHER,
                          .flags = TP_LINEAR,
                          .attributes = sizeof(repeats),
                          .shape = tile_shape,
                          .forward = tile_forward,
                          .backward = tile_backward,
                          .text = {.formula = "x repeated along its last axes: y[i] = x[i mod dim]",
                                   .derivative = "dx = the sum of g's tiles",
                                   .shapes = "(d, ...) -> (times d, ...); more counts than axes add axes in front",
                                   .dtypes = "any; f32 and f64 carry a gradient",
                                   .edges = "0 times gives an empty tensor, and a gradient of zeros"}};

tp_var tp_tile(tp_var x, int n, const int64_t *times)
{
    if (!x.tape || !tp_check_operand(x.tape, "tile", x, 0)) return tp_poison(x.tape);
    const int rank = tp_var_rank(x);
    if (n < 0 || n > TP_MAX_RANK || (n > 0 && !times))
        return tp_refuse(x.tape, TP_E_LIMIT, "tp_tile: %d counts are not 0..%d, or they are NULL", n, TP_MAX_RANK);
    repeats r = {.rank = n > rank ? n : rank};
    char text[TP_SHAPE_TEXT];
    for (int i = 0; i < r.rank; i++) {
        const int given = i - (r.rank - n);
        r.times[i] = given < 0 ? 1 : times[given];
        if (r.times[i] < 0)
            return tp_refuse(x.tape, TP_E_ARGUMENT, "tp_tile: %lld times %s", (long long)r.times[i],
                             tp_shape_text(text, rank, tp_var_dims(x)));
    }
    return r.rank == 0 ? x : tp_record1(x.tape, &tp_op_tile, x.node, &r);
}

tp_var tp_repeat_interleave(tp_var x, int axis, int64_t times)
{
    if (!x.tape || !tp_check_operand(x.tape, "repeat_interleave", x, 0)) return tp_poison(x.tape);
    const tp_tensor *value = tp_value(x);
    const int found = value ? tp_shape_axis(value->rank, axis) : -1;
    char text[TP_SHAPE_TEXT];
    if (found < 0 || times < 0)
        return tp_refuse(x.tape, found < 0 ? TP_E_INDEX : TP_E_ARGUMENT,
                         "tp_repeat_interleave: %lld times along axis %d of %s", (long long)times, axis,
                         tp_shape_text(text, tp_var_rank(x), tp_var_dims(x)));
    tp_shape shape = {.rank = value->rank};
    memcpy(shape.dims, value->dims, sizeof shape.dims);
    int64_t outer = 1, inner = 1;
    for (int i = 0; i < shape.rank; i++) *(i <= found ? &outer : &inner) *= shape.dims[i];
    if (__builtin_mul_overflow(shape.dims[found], times, &shape.dims[found]))
        return tp_refuse(x.tape, TP_E_LIMIT, "tp_repeat_interleave: %lld times %s: the size overflows",
                         (long long)times, tp_tensor_text(text, value));
    const tp_var each = tp_reshape(x, 3, (int64_t[]){outer, 1, inner});
    return tp_reshape(tp_expand(each, 3, (int64_t[]){outer, times, inner}), shape.rank, shape.dims);
}
