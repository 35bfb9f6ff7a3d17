/* cholesky: A = L L^T of the symmetric part of A. The rule is Murray's (Differentiation of the Cholesky decomposition,
   2016): with F(P) the lower triangle of P, its diagonal halved, dA is the symmetric part of L^-T F(L^T g) L^-1. */
#include "ops/matrices.h"

static tp_status cholesky_shape(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    const tp_status status = tp_need_square(ctx, 0);
    return status == TP_OK ? tp_ctx_result(ctx, 0, (tp_dtype)a->dtype, a->rank, a->dims) : status;
}

static tp_status factor(tp_ctx *ctx, const tp_tensor *a, tp_linalg *call)
{
    const int64_t n = tp_rows_of(a), matrices = tp_matrices_in(a);
    for (int64_t i = 0; i < matrices; i++) {
        void *l = tp_dense_matrix(tp_ctx_output(ctx, 0), i);
        tp_lapack_symmetrise((tp_dtype)a->dtype, n, tp_dense_matrix(a, i), l);
        const int64_t failed = call->loops->cholesky(&call->with, n, l);
        if (failed)
            return tp_fail_matrix(ctx, a, i, "is not positive definite: its leading block of order %lld is not",
                                  (long long)failed);
    }
    return TP_OK;
}

static tp_status cholesky_forward(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_dense(ctx, 0);
    if (!a) return TP_E_MEMORY;
    if (a->count == 0) return TP_OK;
    tp_linalg call;
    if (tp_linalg_open(ctx->tape, (tp_dtype)a->dtype, TP_LAPACK_CHOLESKY, tp_rows_of(a), tp_rows_of(a), &call))
        return TP_E_MEMORY;
    const tp_status status = factor(ctx, a, &call);
    tp_linalg_close(ctx->tape, &call);
    return status;
}

static tp_status cholesky_backward(tp_ctx *ctx, tp_var g)
{
    const tp_var l = tp_ctx_output_var(ctx, 0);
    const tp_var p = tp_triangle(tp_matmul(tp_turned(l), g), false, .5);
    const tp_var left = tp_triangular_solve(l, p, TP_TRANSPOSED);
    const tp_var s = tp_triangular_solve(l, tp_turned(left), TP_TRANSPOSED);
    return tp_give(ctx, 0, tp_muls(tp_add(s, tp_turned(s)), .5));
}

const tp_op tp_op_cholesky = {
    TP_OP_HEAD,
    .name = "cholesky",
    .arity = 1,
    .structure = TP_DENSE,
    .pattern = tp_matrices_pattern,
    .scratch = 12,
    .shape = cholesky_shape,
    .forward = cholesky_forward,
    .backward = cholesky_backward,
    .text = {.formula = "the lower L with L L^T = (A + A^T) / 2",
             .derivative = "dA = the symmetric part of L^-T F(L^T g) L^-1, F: the lower triangle, its diagonal halved",
             .shapes = "a: (..., n, n) -> (..., n, n)",
             .edges = "TP_E_NUMERIC names the matrix that is not positive definite (or holds NaN)"}};

tp_var tp_cholesky(tp_var a)
{
    return tp_call1(&tp_op_cholesky, a, NULL);
}
