/* The largest along one axis together with where it is: a node with two results. */
#include <string.h>

#include "ops/ops.h"

typedef struct attributes {
    int axis;
    bool keep;
} attributes;

static tp_status with_indices_shape(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    char text[TP_SHAPE_TEXT];
    const tp_shape left = tp_shape_reduced(x->rank, x->dims, 1u << a->axis, a->keep);
    if (x->dims[a->axis] == 0 && tp_shape_count(left.rank, left.dims) != 0)
        return tp_ctx_fail(ctx, TP_E_SHAPE, "nothing to choose from in %s", tp_tensor_text(text, x));
    const tp_status status = tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, left.rank, left.dims);
    return status == TP_OK ? tp_ctx_result(ctx, 1, TP_I64, left.rank, left.dims) : status;
}

/* The offset of the i-th row along `axis`. */
static int64_t row_offset(const tp_tensor *x, int axis, int64_t i)
{
    int64_t offset = 0;
    for (int k = x->rank - 1; k >= 0; k--) {
        if (k == axis) continue;
        offset += i % x->dims[k] * x->strides[k];
        i /= x->dims[k];
    }
    return offset;
}

static tp_status with_indices_forward(tp_ctx *ctx)
{
    const attributes *a = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)x->dtype), n = x->dims[a->axis], stride = x->strides[a->axis];
    const int64_t rows = n ? x->count / n : 0;
    for (int64_t i = 0; i < rows; i++) {
        const char *row = x->data + row_offset(x, a->axis, i) * size;
        const int64_t best = tp_arg_extreme((tp_dtype)x->dtype, n, row, stride, true);
        for (int k = 0; k < 2; k++) {
            tp_tensor *out = tp_ctx_output(ctx, k);
            const tp_dtype dtype = (tp_dtype)out->dtype;
            tp_put(dtype, out->data + i * (int64_t)tp_dtype_size(dtype),
                   k == 0 ? tp_get((tp_dtype)x->dtype, row + best * stride * size) : (double)best);
        }
    }
    return TP_OK;
}

/* The element at the index gets the upstream. */
static tp_status with_indices_backward(tp_ctx *ctx, tp_var g)
{
    const attributes *a = tp_ctx_attributes(ctx);
    if (!tp_ok(g)) return TP_OK; /* only the indices were used */
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const tp_dtype dtype = (tp_dtype)x->dtype;
    const int rank = x->rank;
    const int64_t classes = x->dims[a->axis];
    tp_shape kept = tp_shape_reduced(rank, x->dims, 1u << a->axis, true);
    const tp_var indices = tp_ctx_output_var(ctx, 1);
    tp_var place = tp_one_hot(rank > 1 ? tp_reshape(indices, kept.rank, kept.dims) : indices, classes, dtype);
    if (rank > 1) { /* (..., 1, ..., classes): the last axis goes where the 1 is */
        place = tp_transpose(place, a->axis, rank);
        const tp_var flat = tp_reshape(place, rank, tp_value(tp_ctx_input_var(ctx, 0))->dims);
        return tp_give(ctx, 0, tp_mul_masked(tp_reshape(g, kept.rank, kept.dims), flat));
    }
    return tp_give(ctx, 0, tp_mul_masked(g, place));
}

const tp_op tp_op_max_with_indices = {
    TP_OP_HEAD,
    .name = "max_with_indices",
    .arity = 1,
    .results = 2,
    .structure = TP_REDUCE,
    .attributes = sizeof(attributes),
    .shape = with_indices_shape,
    .forward = with_indices_forward,
    .backward = with_indices_backward,
    .text = {.formula = "y = the largest x along the axis, i = its place",
             .derivative = "dx = g at the place i, else 0",
             .shapes = "x: (..., n, ...) -> y, i: (..., ...), or (..., 1, ...) when keep; a rank-1 x: two scalars",
             .dtypes = "f32, f64; the places are i64",
             .edges = "A tie takes the first, and that one gets the gradient; so does the first NaN. n = 0: "
                      "TP_E_SHAPE. The gradient needs a dim more: TP_E_LIMIT at rank 8."}};

tp_var tp_max_with_indices(tp_var x, int axis, bool keep, tp_var *indices)
{
    if (indices) *indices = tp_poison(x.tape);
    if (!x.tape || !tp_check_operand(x.tape, "max_with_indices", x, 0)) return tp_poison(x.tape);
    const int found = tp_shape_axis(tp_var_rank(x), axis);
    if (found < 0)
        return tp_refuse(x.tape, TP_E_INDEX, "tp_max_with_indices: axis %d of rank %d", axis, tp_var_rank(x));
    const attributes a = {found, keep};
    tp_var results[2];
    tp_apply_all(&tp_op_max_with_indices, &x, 1, &a, results);
    if (indices) *indices = results[1];
    return results[0];
}
