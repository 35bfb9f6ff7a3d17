/* The lower or upper triangle of matrices; zeros elsewhere. Each is its own rule. */
#include <string.h>

#include "ops/ops.h"

static tp_status triangle_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    char text[TP_SHAPE_TEXT];
    if (x->rank < 2) return tp_ctx_fail(ctx, TP_E_SHAPE, "not a matrix: %s", tp_tensor_text(text, x));
    return tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, x->dims);
}

static int64_t between(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : (x > high ? high : x);
}

/* Row i keeps its columns 0 .. i+k, or i+k .. */
static tp_status triangle_forward(tp_ctx *ctx)
{
    const bool upper = ctx->op == &tp_op_triu;
    const int64_t k = *(const int64_t *)tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    if (x->count == 0) return TP_OK;
    const tp_dtype dtype = (tp_dtype)x->dtype;
    const int last = x->rank - 1;
    const int64_t columns = x->dims[last], rows = x->dims[last - 1], size = (int64_t)tp_dtype_size(dtype);
    const int64_t low = between(k, -rows, columns);
    for (int64_t i = 0; i < x->count / columns; i++) {
        const int64_t start = tp_tensor_offset(x, i * columns), edge = i % rows + low;
        const int64_t first = upper ? between(edge, 0, columns) : 0;
        const int64_t end = upper ? columns : between(edge + 1, 0, columns), n = end - first;
        char *const to = out->data + i * columns * size;
        const char *const from = x->data + (start + first * x->strides[last]) * size;
        memset(to, 0, (size_t)(first * size));
        memset(to + end * size, 0, (size_t)((columns - end) * size));
        if (x->strides[last] == 1)
            memcpy(to + first * size, from, (size_t)(n * size));
        else
            tp_copy(1, &n, dtype, to + first * size, out->strides + last, dtype, from, x->strides + last);
    }
    return TP_OK;
}

static tp_status triangle_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_call1(ctx->op, g, tp_ctx_attributes(ctx)));
}

#define TRIANGLE(called, formula_)                                                                                     \
    {                                                                                                                  \
        TP_OP_HEAD, .name = called, .arity = 1, .structure = TP_GATHER, .flags = TP_LINEAR,                            \
                    .attributes = sizeof(int64_t), .shape = triangle_shape, .forward = triangle_forward,               \
                    .backward = triangle_backward, .text = {                                                           \
                        .formula = formula_,                                                                           \
                        .derivative = "dx = the same triangle of g",                                                   \
                        .shapes = "(..., n, m) -> the same",                                                           \
                        .dtypes = "any; f32 and f64 carry a gradient",                                                 \
                        .edges = "what is left out is 0, also where x is NaN"                                          \
                    }                                                                                                  \
    }

const tp_op tp_op_tril = TRIANGLE("tril", "y[i][j] = x[i][j] where j <= i + k, 0 elsewhere");
const tp_op tp_op_triu = TRIANGLE("triu", "y[i][j] = x[i][j] where j >= i + k, 0 elsewhere");

tp_var tp_tril(tp_var x, int64_t k)
{
    return tp_call1(&tp_op_tril, x, &k);
}

tp_var tp_triu(tp_var x, int64_t k)
{
    return tp_call1(&tp_op_triu, x, &k);
}
