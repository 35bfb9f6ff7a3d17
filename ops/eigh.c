/* eigh: the symmetric part of A is V diag(w) V^T. With X = (V^T dV) / (w[j] - w[i]) off the diagonal and dw on it, dA
   is V sym(X) V^T (Giles, Collected matrix derivative results, 2008). Where eigenvalues are equal the vectors have no
   derivative: an upstream that does not turn the two into each other passes, any other gives infinities. */
#include "ops/matrices.h"

static tp_status eigh_shape(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    tp_status status = tp_need_square(ctx, 0);
    if (status == TP_OK) status = tp_ctx_result(ctx, 0, (tp_dtype)a->dtype, a->rank - 1, a->dims);
    return status == TP_OK ? tp_ctx_result(ctx, 1, (tp_dtype)a->dtype, a->rank, a->dims) : status;
}

static tp_status eigh_forward(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_dense(ctx, 0);
    if (!a) return TP_E_MEMORY;
    if (a->count == 0) return TP_OK;
    const tp_dtype dtype = (tp_dtype)a->dtype;
    const int64_t n = tp_rows_of(a), matrices = tp_matrices_in(a), size = (int64_t)tp_dtype_size(dtype);
    char *const w = tp_ctx_output(ctx, 0)->data;
    tp_linalg call;
    if (tp_linalg_open(ctx->tape, dtype, TP_LAPACK_EIGH, n, n, &call) != TP_OK) return TP_E_MEMORY;
    tp_status status = TP_OK;
    for (int64_t i = 0; i < matrices && status == TP_OK; i++) {
        tp_lapack_symmetrise(dtype, n, tp_dense_matrix(a, i), call.copy->data);
        const int why = tp_lapack_eigh(call.loops, &call.with, dtype, n, call.copy->data, w + i * n * size,
                                       tp_dense_matrix(tp_ctx_output(ctx, 1), i));
        if (why) status = tp_fail_iteration(ctx, a, i, why);
    }
    tp_linalg_close(ctx->tape, &call);
    return status;
}

tp_var tp_by_differences(tp_var x, tp_var differences)
{
    const int rank = tp_var_rank(differences);
    if (rank < 2) return x;
    const tp_var unit = tp_unit_matrix(x.tape, tp_var_dtype(x), tp_var_dims(differences)[rank - 1]);
    return tp_mul_masked(tp_sub(x, tp_turned(x)), tp_reciprocal(tp_add(differences, unit)));
}

static tp_status eigh_backward(tp_ctx *ctx, tp_var gw)
{
    const tp_var w = tp_ctx_output_var(ctx, 0), v = tp_ctx_output_var(ctx, 1), gv = tp_ctx_upstream(ctx, 1);
    tp_var left = tp_ok(gw) ? tp_mul(v, tp_as_row(gw)) : gw;
    if (tp_ok(gv)) {
        const tp_var turns = tp_muls(tp_matmul(tp_turned(v), gv), .5);
        const tp_var x = tp_matmul(v, tp_by_differences(turns, tp_sub(tp_as_row(w), tp_as_column(w))));
        left = tp_ok(gw) ? tp_add(left, x) : x;
    }
    return tp_give(ctx, 0, tp_matmul(left, tp_turned(v)));
}

const tp_op tp_op_eigh = {
    TP_OP_HEAD,
    .name = "eigh",
    .arity = 1,
    .results = 2,
    .structure = TP_DENSE,
    .pattern = tp_matrices_pattern,
    .shape = eigh_shape,
    .forward = eigh_forward,
    .backward = eigh_backward,
    .text = {
        .formula = "(A + A^T) / 2 = V diag(w) V^T, w ascending; the largest element of each column of V is positive",
        .derivative = "dA = V sym(X) V^T, X = dw on the diagonal, (V^T dV)[i, j] / (w[j] - w[i]) off it",
        .shapes = "a: (..., n, n) -> (..., n), (..., n, n)",
        .edges = "TP_E_NUMERIC for NaN and Inf; equal eigenvalues: the gradient of w is right, that of V is Inf or NaN "
                 "unless the upstream does not turn their vectors into each other"}};

tp_status tp_eigh(tp_var a, tp_var *w, tp_var *v)
{
    return tp_call_tuple(&tp_op_eigh, a, NULL, (tp_var *[]){w, v});
}
