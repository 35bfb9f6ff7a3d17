/* trace: the sum of a matrix's diagonal, for a matrix or for each of a batch. */
#include <string.h>

#include "ops/matrices.h"

static int64_t diagonal_of(const tp_tensor *x)
{
    const int64_t m = x->dims[x->rank - 2], n = x->dims[x->rank - 1];
    return m < n ? m : n;
}

static tp_status trace_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    char text[TP_SHAPE_TEXT];
    if (tp_need_float(ctx, 0) != TP_OK) return TP_E_DTYPE;
    if (x->rank < 2) return tp_ctx_fail(ctx, TP_E_SHAPE, "needs a matrix, not %s", tp_tensor_text(text, x));
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank - 2, x->dims);
}

static tp_status trace_forward(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    int64_t dims[TP_MAX_RANK], strides[TP_MAX_RANK];
    memcpy(dims, x->dims, sizeof dims);
    memcpy(strides, x->strides, sizeof strides);
    dims[x->rank - 2] = diagonal_of(x);
    strides[x->rank - 2] += strides[x->rank - 1];
    tp_reduce(ctx->tape->kernels, TP_FOLD_SUM, (tp_dtype)x->dtype, x->rank - 1, dims, strides, x->data,
              1u << (x->rank - 2), (tp_dtype)out->dtype, out->data, ctx->tape->threads);
    return TP_OK;
}

/* dx = g on the diagonal, 0 elsewhere */
static tp_status trace_backward(tp_ctx *ctx, tp_var g)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const int rank = x->rank - 1;
    tp_region diagonal = {.rank = rank};
    memcpy(diagonal.dims, x->dims, sizeof diagonal.dims);
    tp_shape_strides(x->rank, x->dims, diagonal.strides);
    diagonal.strides[rank - 1] = x->dims[rank] + 1;
    diagonal.dims[rank - 1] = 1;
    if (rank > 1) g = tp_reshape(g, rank, diagonal.dims);
    diagonal.dims[rank - 1] = diagonal_of(x);
    return tp_give_region(ctx, 0, tp_expand(g, rank, diagonal.dims), &diagonal);
}

const tp_op tp_op_trace = {TP_OP_HEAD,
                           .name = "trace",
                           .arity = 1,
                           .structure = TP_REDUCE,
                           .flags = TP_LINEAR,
                           .pattern = tp_matrices_pattern,
                           .shape = trace_shape,
                           .forward = trace_forward,
                           .backward = trace_backward,
                           .text = {.formula = "sum over i of x[..., i, i]",
                                    .derivative = "dx = g on the diagonal, 0 elsewhere",
                                    .shapes = "x: (..., m, n) -> (...); one matrix gives a scalar",
                                    .edges = "an empty diagonal sums to 0"}};

tp_var tp_trace(tp_var x)
{
    return tp_call1(&tp_op_trace, x, NULL);
}
