/* pinv: the Moore-Penrose inverse P of A, through its singular values; those up to a part of the largest count as 0.
   While the rank stays the same, dA = -P^T g P^T + (I - A P) g^T P P^T + P^T P g^T (I - P A) (Golub and Pereyra, The
   differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate, 1973). */
#include <float.h>

#include "ops/matrices.h"

static tp_status pinv_shape(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    const tp_status status = tp_need_matrix(ctx, 0);
    if (status != TP_OK) return status;
    const tp_shape shape = tp_batch_with(tp_batch_of(a), tp_columns_of(a), tp_rows_of(a));
    return tp_ctx_result(ctx, 0, (tp_dtype)a->dtype, shape.rank, shape.dims);
}

/* U, s and V^T of one matrix. */
typedef struct parts {
    tp_tensor *u, *s, *vt;
} parts;

/* out = V diag(1/s) U^T, over the values that are not too small */
static tp_status put_together(tp_ctx *ctx, const parts *p, double smallest, void *out)
{
    const tp_dtype dtype = (tp_dtype)p->u->dtype;
    const int64_t m = tp_rows_of(p->u), k = tp_columns_of(p->u), n = tp_columns_of(p->vt);
    tp_lapack_divide_rows(dtype, k, n, p->s->data, smallest * tp_get(dtype, p->s->data), p->vt->data);
    const tp_gemm_args args = {n, m, k, p->vt->data, 1, n, p->u->data, 1, k, out, m, false};
    return tp_multiply(ctx->tape, dtype, &args);
}

static tp_status invert(tp_ctx *ctx, tp_linalg *call, const parts *p)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    const tp_shape batch = tp_batch_of(a);
    const int64_t m = tp_rows_of(a), n = tp_columns_of(a), matrices = tp_matrices_in(a);
    const double asked = *(const double *)tp_ctx_attributes(ctx);
    const double eps = a->dtype == TP_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    const double smallest = asked > 0 ? asked : eps * (double)(m > n ? m : n);
    tp_status status = TP_OK;
    for (int64_t i = 0; i < matrices && status == TP_OK; i++) {
        tp_copy_matrix(a, &batch, i, call->copy->data);
        const int why = tp_lapack_svd(call->loops, &call->with, (tp_dtype)a->dtype, m, n, call->copy->data, p->u->data,
                                      p->s->data, p->vt->data);
        status = why ? tp_fail_iteration(ctx, a, i, why)
                     : put_together(ctx, p, smallest, tp_dense_matrix(tp_ctx_output(ctx, 0), i));
    }
    return status;
}

static tp_status pinv_forward(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    if (a->count == 0) return TP_OK;
    const tp_dtype dtype = (tp_dtype)a->dtype;
    const int64_t m = tp_rows_of(a), n = tp_columns_of(a), k = m < n ? m : n;
    tp_linalg call;
    if (tp_linalg_open(ctx->tape, dtype, TP_LAPACK_SVD, m, n, &call) != TP_OK) return TP_E_MEMORY;
    const parts p = {tp_new_tensor(ctx->tape, dtype, 2, (const int64_t[]){m, k}, "pinv"),
                     tp_new_tensor(ctx->tape, dtype, 1, &k, "pinv"),
                     tp_new_tensor(ctx->tape, dtype, 2, (const int64_t[]){k, n}, "pinv")};
    const tp_status status = p.u && p.s && p.vt ? invert(ctx, &call, &p) : TP_E_MEMORY;
    tp_done(ctx->tape, p.u);
    tp_done(ctx->tape, p.s);
    tp_done(ctx->tape, p.vt);
    tp_linalg_close(ctx->tape, &call);
    return status;
}

static tp_status pinv_backward(tp_ctx *ctx, tp_var g)
{
    const tp_var a = tp_ctx_input_var(ctx, 0), p = tp_ctx_output_var(ctx, 0), pt = tp_turned(p), gt = tp_turned(g);
    const tp_var first = tp_matmul(pt, tp_matmul(g, pt));
    const tp_var second = tp_matmul(tp_sub(gt, tp_matmul(a, tp_matmul(p, gt))), tp_matmul(p, pt));
    const tp_var third = tp_matmul(tp_matmul(pt, p), tp_sub(gt, tp_matmul(tp_matmul(gt, p), a)));
    return tp_give(ctx, 0, tp_sub(tp_add(second, third), first));
}

const tp_op tp_op_pinv = {
    TP_OP_HEAD,
    .name = "pinv",
    .arity = 1,
    .structure = TP_DENSE,
    .attributes = sizeof(double),
    .pattern = tp_matrices_pattern,
    .shape = pinv_shape,
    .forward = pinv_forward,
    .backward = pinv_backward,
    .text = {.formula = "P = V diag(1/s) U^T, with 0 for each s that is at most `smallest` times the largest",
             .derivative = "dA = -P^T g P^T + (I - A P) g^T P P^T + P^T P g^T (I - P A)",
             .shapes = "a: (..., m, n) -> (..., n, m)",
             .edges = "TP_E_NUMERIC for NaN and Inf; the derivative holds while the rank stays"}};

tp_var tp_pinv(tp_var a, double smallest)
{
    if (!(smallest >= 0 && smallest < 1))
        return tp_refuse(a.tape, TP_E_ARGUMENT, "tp_pinv: %g is not in 0 .. 1", smallest);
    return tp_call1(&tp_op_pinv, a, &smallest);
}
