/* inverse: Y = A^-1, through LU factors.  dA = -Y^T g Y^T. */
#include "ops/matrices.h"

static tp_status inverse_shape(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    const tp_status status = tp_need_square(ctx, 0);
    return status == TP_OK ? tp_ctx_result(ctx, 0, (tp_dtype)a->dtype, a->rank, a->dims) : status;
}

static tp_status invert(tp_ctx *ctx, tp_linalg *call, int32_t *pivots)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    const tp_shape batch = tp_batch_of(a);
    const int64_t n = tp_rows_of(a), matrices = tp_matrices_in(a);
    for (int64_t i = 0; i < matrices; i++) {
        void *const lu = call->copy->data, *const y = tp_dense_matrix(tp_ctx_output(ctx, 0), i);
        tp_copy_matrix(a, &batch, i, lu);
        const int64_t zero = call->loops->lu(&call->with, n, lu, pivots);
        if (zero) return tp_fail_matrix(ctx, a, i, "is singular: pivot %lld is 0", (long long)zero - 1);
        tp_lapack_identity((tp_dtype)a->dtype, n, y);
        call->loops->lu_solve(&call->with, n, n, lu, pivots, false, y);
    }
    return TP_OK;
}

static tp_status inverse_forward(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    if (a->count == 0) return TP_OK;
    const int64_t n = tp_rows_of(a);
    tp_linalg call;
    if (tp_linalg_open(ctx->tape, (tp_dtype)a->dtype, TP_LAPACK_TRIANGULAR, n, n, &call) != TP_OK) return TP_E_MEMORY;
    tp_tensor *pivots = tp_new_tensor(ctx->tape, TP_I32, 1, &n, "inverse");
    const tp_status status = pivots ? invert(ctx, &call, (int32_t *)(void *)pivots->data) : TP_E_MEMORY;
    tp_done(ctx->tape, pivots);
    tp_linalg_close(ctx->tape, &call);
    return status;
}

static tp_status inverse_backward(tp_ctx *ctx, tp_var g)
{
    const tp_var turned = tp_turned(tp_ctx_output_var(ctx, 0));
    return tp_give(ctx, 0, tp_neg(tp_matmul(turned, tp_matmul(g, turned))));
}

const tp_op tp_op_inverse = {TP_OP_HEAD,
                             .name = "inverse",
                             .arity = 1,
                             .structure = TP_DENSE,
                             .pattern = tp_matrices_pattern,
                             .shape = inverse_shape,
                             .forward = inverse_forward,
                             .backward = inverse_backward,
                             .text = {.formula = "A^-1",
                                      .derivative = "dA = -Y^T g Y^T",
                                      .shapes = "a: (..., n, n) -> (..., n, n)",
                                      .edges = "TP_E_NUMERIC names the matrix that is singular"}};

tp_var tp_inverse(tp_var a)
{
    return tp_call1(&tp_op_inverse, a, NULL);
}
