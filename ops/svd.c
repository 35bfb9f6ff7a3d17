/* svd: A = U diag(s) V^T, reduced. With E[i, j] = s[j]^2 - s[i]^2 and skew X = X - X^T,
   dA = U (skew(U^T dU) / E diag(s) + diag(s) skew(V^T dV) / E + diag(ds)) V^T
        + (I - U U^T) dU diag(1/s) V^T + U diag(1/s) dV^T (I - V V^T)
   (Giles, Collected matrix derivative results, 2008; Seeger et al., Auto-differentiating linear algebra, 2017). */
#include "ops/matrices.h"

static tp_status svd_shape(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    tp_status status = tp_need_matrix(ctx, 0);
    if (status != TP_OK) return status;
    const int64_t m = tp_rows_of(a), n = tp_columns_of(a), k = m < n ? m : n;
    const tp_shape batch = tp_batch_of(a), u = tp_batch_with(batch, m, k), s = tp_batch_with(batch, k, -1),
                   vt = tp_batch_with(batch, k, n);
    status = tp_ctx_result(ctx, 0, (tp_dtype)a->dtype, u.rank, u.dims);
    if (status == TP_OK) status = tp_ctx_result(ctx, 1, (tp_dtype)a->dtype, s.rank, s.dims);
    return status == TP_OK ? tp_ctx_result(ctx, 2, (tp_dtype)a->dtype, vt.rank, vt.dims) : status;
}

static tp_status svd_forward(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    if (a->count == 0) return TP_OK;
    const tp_dtype dtype = (tp_dtype)a->dtype;
    const tp_shape batch = tp_batch_of(a);
    const int64_t m = tp_rows_of(a), n = tp_columns_of(a), matrices = tp_matrices_in(a);
    const int64_t bytes = (m < n ? m : n) * (int64_t)tp_dtype_size(dtype);
    const tp_tensor *u = tp_ctx_output(ctx, 0), *s = tp_ctx_output(ctx, 1), *vt = tp_ctx_output(ctx, 2);
    tp_linalg call;
    if (tp_linalg_open(ctx->tape, dtype, TP_LAPACK_SVD, m, n, &call) != TP_OK) return TP_E_MEMORY;
    tp_status status = TP_OK;
    for (int64_t i = 0; i < matrices && status == TP_OK; i++) {
        tp_copy_matrix(a, &batch, i, call.copy->data);
        const int why = tp_lapack_svd(call.loops, &call.with, dtype, m, n, call.copy->data, tp_dense_matrix(u, i),
                                      s->data + i * bytes, tp_dense_matrix(vt, i));
        if (why) status = tp_fail_iteration(ctx, a, i, why);
    }
    tp_linalg_close(ctx->tape, &call);
    return status;
}

/* a + b, either of which may be absent */
static tp_var sum_of(tp_var a, tp_var b)
{
    return !tp_ok(a) ? b : (!tp_ok(b) ? a : tp_add(a, b));
}

typedef struct factors {
    tp_var u, s, vt, gu, gs, gvt;
} factors;

/* What stands between U and V^T, times U from the left, with what is outside of U's columns. */
static tp_var left_of(const factors *f, bool tall)
{
    const tp_var row = tp_as_row(f->s), column = tp_as_column(f->s);
    const tp_var e = tp_mul(tp_sub(row, column), tp_add(row, column));
    tp_var inner = tp_none(), left = tp_ok(f->gs) ? tp_mul(f->u, tp_as_row(f->gs)) : tp_none();
    if (tp_ok(f->gu)) inner = tp_mul(tp_by_differences(tp_matmul(tp_turned(f->u), f->gu), e), row);
    if (tp_ok(f->gvt)) inner = sum_of(inner, tp_mul(column, tp_by_differences(tp_matmul(f->vt, tp_turned(f->gvt)), e)));
    if (tp_ok(inner)) left = sum_of(left, tp_matmul(f->u, inner));
    if (!tall || !tp_ok(f->gu)) return left;
    const tp_var outside = tp_sub(f->gu, tp_matmul(f->u, tp_matmul(tp_turned(f->u), f->gu)));
    return sum_of(left, tp_mul_masked(outside, tp_reciprocal(row)));
}

static tp_status svd_backward(tp_ctx *ctx, tp_var gu)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    const int64_t m = tp_rows_of(a), n = tp_columns_of(a);
    const factors f = {tp_ctx_output_var(ctx, 0), tp_ctx_output_var(ctx, 1), tp_ctx_output_var(ctx, 2), gu,
                       tp_ctx_upstream(ctx, 1),   tp_ctx_upstream(ctx, 2)};
    tp_var da = tp_matmul(left_of(&f, m > n), f.vt);
    if (n > m && tp_ok(f.gvt)) {
        const tp_var outside = tp_sub(f.gvt, tp_matmul(tp_matmul(f.gvt, tp_turned(f.vt)), f.vt));
        da = tp_add(da, tp_matmul(f.u, tp_mul_masked(outside, tp_reciprocal(tp_as_column(f.s)))));
    }
    return tp_give(ctx, 0, da);
}

const tp_op tp_op_svd = {
    TP_OP_HEAD,
    .name = "svd",
    .arity = 1,
    .results = 3,
    .structure = TP_DENSE,
    .pattern = tp_matrices_pattern,
    .shape = svd_shape,
    .forward = svd_forward,
    .backward = svd_backward,
    .text = {
        .formula = "A = U diag(s) V^T, s descending; the largest element of each column of U is positive",
        .derivative = "through ds: U diag(ds) V^T; through U and V divided by differences of squares of s",
        .shapes = "a: (..., m, n) -> (..., m, k), (..., k), (..., k, n), k = min(m, n)",
        .edges =
            "TP_E_NUMERIC for NaN and Inf; equal singular values: the gradient of s is right, those of U and V are "
            "Inf or NaN unless the upstream does not turn their vectors into each other; U or V of a value "
            "0 likewise, where A is not square"}};

tp_status tp_svd(tp_var a, tp_var *u, tp_var *s, tp_var *vt)
{
    return tp_call_tuple(&tp_op_svd, a, NULL, (tp_var *[]){u, s, vt});
}
