/* The cofactors C of A (the derivative of det A), and S, the derivative of <g, C> by A: right also where A is singular.
   Only where A has an inverse is S differentiated again: with B = A^-T, P = B g^T B and Q = B h^T B,
   <h, S> = det A (<g, B> <h, B> - <h, P>), whose derivative by A is
   det A ((<g, B> <h, B> - <h, P>) B - <h, B> P - <g, B> Q + P h^T B + Q g^T B), and by g it is the S of h. */
#include "ops/matrices.h"

static tp_status cofactor_shape(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    const tp_status status = tp_need_square(ctx, 0);
    return status == TP_OK ? tp_ctx_result(ctx, 0, (tp_dtype)a->dtype, a->rank, a->dims) : status;
}

/* Calls cofactor, or cofactor_slope where there is a g, on each matrix. */
static tp_status each_matrix(tp_ctx *ctx, const tp_tensor *g)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0), *out = tp_ctx_output(ctx, 0);
    const tp_shape batch = tp_batch_of(a);
    const int64_t n = tp_rows_of(a), matrices = tp_matrices_in(a);
    if (a->count == 0) return TP_OK;
    tp_linalg call;
    if (tp_linalg_open(ctx->tape, (tp_dtype)a->dtype, TP_LAPACK_COFACTOR, n, n, &call) != TP_OK) return TP_E_MEMORY;
    for (int64_t i = 0; i < matrices; i++) {
        tp_copy_matrix(a, &batch, i, call.copy->data);
        if (g)
            call.loops->cofactor_slope(&call.with, n, call.copy->data, tp_dense_matrix(g, i), tp_dense_matrix(out, i));
        else
            call.loops->cofactor(&call.with, n, call.copy->data, tp_dense_matrix(out, i));
    }
    tp_linalg_close(ctx->tape, &call);
    return TP_OK;
}

static tp_status cofactor_forward(tp_ctx *ctx)
{
    return each_matrix(ctx, NULL);
}

static tp_status cofactor_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_cofactor_slope(tp_ctx_input_var(ctx, 0), g));
}

const tp_op tp_op_cofactor = {TP_OP_HEAD,
                              .name = "cofactor",
                              .arity = 1,
                              .structure = TP_DENSE,
                              .pattern = tp_matrices_pattern,
                              .scratch = 24,
                              .shape = cofactor_shape,
                              .forward = cofactor_forward,
                              .backward = cofactor_backward,
                              .text = {.formula = "the cofactors of A: det A A^-T (inside the rule of det)",
                                       .derivative = "dA = cofactor_slope of A and g",
                                       .shapes = "a: (..., n, n) -> (..., n, n)",
                                       .edges = "right where A is singular"}};

tp_var tp_cofactor(tp_var a)
{
    return tp_call1(&tp_op_cofactor, a, NULL);
}

/* ---- its derivative ---- */

static tp_status slope_shape(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0), *g = tp_ctx_input(ctx, 1);
    char first[TP_SHAPE_TEXT], second[TP_SHAPE_TEXT];
    tp_status status = cofactor_shape(ctx);
    if (status == TP_OK) status = tp_need_first_dtype(ctx, 1);
    if (status != TP_OK || tp_shape_equal(a->rank, a->dims, g->rank, g->dims)) return status;
    return tp_ctx_fail(ctx, TP_E_SHAPE, "the shapes differ: %s and %s", tp_tensor_text(first, a),
                       tp_tensor_text(second, g));
}

static tp_status slope_forward(tp_ctx *ctx)
{
    const tp_tensor *g = tp_ctx_dense(ctx, 1);
    return g ? each_matrix(ctx, g) : TP_E_MEMORY;
}

/* <x, y> of each pair of matrices, as (..., 1, 1) */
static tp_var inner(tp_var x, tp_var y)
{
    return tp_sum_axes(tp_mul(x, y), TP_AXES(-1, -2), true);
}

static tp_status slope_backward(tp_ctx *ctx, tp_var h)
{
    const tp_var a = tp_ctx_input_var(ctx, 0), g = tp_ctx_input_var(ctx, 1);
    const tp_status status = tp_give(ctx, 1, tp_cofactor_slope(a, h));
    if (status != TP_OK || !tp_ctx_needs(ctx, 0) || tp_ctx_input(ctx, 0)->count == 0) return status;
    const tp_var b = tp_turned(tp_inverse(a)), gb = inner(g, b), hb = inner(h, b);
    const tp_var right_g = tp_matmul(tp_turned(g), b), right_h = tp_matmul(tp_turned(h), b);
    const tp_var p = tp_matmul(b, right_g), q = tp_matmul(b, right_h);
    const tp_var second = tp_sub(tp_mul(gb, hb), inner(h, p));
    const tp_var first = tp_add(tp_mul(hb, p), tp_mul(gb, q));
    const tp_var both = tp_add(tp_matmul(p, right_h), tp_matmul(q, right_g));
    const tp_var sum = tp_add(tp_sub(tp_mul(second, b), first), both);
    return tp_give(ctx, 0, tp_mul(tp_as_scale(tp_det(a)), sum));
}

const tp_op tp_op_cofactor_slope = {
    TP_OP_HEAD,
    .name = "cofactor_slope",
    .arity = 2,
    .structure = TP_DENSE,
    .pattern = tp_matrices_pattern,
    .scratch = 16,
    .shape = slope_shape,
    .forward = slope_forward,
    .backward = slope_backward,
    .text = {.formula = "the derivative of <g, cofactors of A> by A (inside the rule of det)",
             .derivative = "by g the same of A and the upstream; by A through A^-1",
             .shapes = "a, g: (..., n, n) -> (..., n, n)",
             .edges = "right where A is singular; its own derivative by A is TP_E_NUMERIC there"}};

tp_var tp_cofactor_slope(tp_var a, tp_var g)
{
    return tp_call2(&tp_op_cofactor_slope, a, g, NULL);
}
