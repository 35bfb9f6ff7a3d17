/* The lower or the upper triangle of matrices, with a weight on the diagonal: what the rules of factors with triangles
   are made of. */
#include "ops/matrices.h"

typedef struct which {
    bool upper;
    double diagonal;
} which;

static tp_status triangle_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const tp_status status = tp_need_matrix(ctx, 0);
    return status == TP_OK ? tp_ctx_result(ctx, 0, (tp_dtype)x->dtype, x->rank, x->dims) : status;
}

static tp_status triangle_forward(tp_ctx *ctx)
{
    const which *w = tp_ctx_attributes(ctx);
    const tp_tensor *x = tp_ctx_dense(ctx, 0);
    tp_tensor *out = tp_ctx_output(ctx, 0);
    if (!x) return TP_E_MEMORY;
    const int64_t matrices = tp_matrices_in(x);
    for (int64_t i = 0; i < matrices; i++)
        tp_lapack_triangle((tp_dtype)x->dtype, tp_rows_of(x), tp_columns_of(x), tp_dense_matrix(x, i), w->upper,
                           w->diagonal, tp_dense_matrix(out, i));
    return TP_OK;
}

static tp_status triangle_backward(tp_ctx *ctx, tp_var g)
{
    const which *w = tp_ctx_attributes(ctx);
    return tp_give(ctx, 0, tp_triangle(g, w->upper, w->diagonal));
}

const tp_op tp_op_weighted_triangle = {
    TP_OP_HEAD,
    .name = "weighted_triangle",
    .arity = 1,
    .structure = TP_DENSE,
    .flags = TP_LINEAR,
    .attributes = sizeof(which),
    .pattern = tp_pattern_places,
    .shape = triangle_shape,
    .forward = triangle_forward,
    .backward = triangle_backward,
    .text = {.formula = "the lower or upper triangle of x, its diagonal times a number (inside rules)",
             .derivative = "dx = the same of g",
             .shapes = "x: (..., m, n) -> (..., m, n)"}};

tp_var tp_triangle(tp_var x, bool upper, double diagonal)
{
    return tp_call1(&tp_op_weighted_triangle, x, &(which){upper, diagonal});
}
