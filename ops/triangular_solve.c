/* triangular_solve: X with op(T) X = B.  dB = op(T)^-T g,  dT = -the triangle of dB X^T, or of X
   dB^T where transposed. */
#include "ops/matrices.h"

static tp_status triangular_solve_shape(tp_ctx *ctx)
{
    tp_shape shape;
    const tp_status status = tp_need_right_sides(ctx, &shape);
    if (status != TP_OK) return status;
    return tp_ctx_result(ctx, 0, (tp_dtype)tp_ctx_input(ctx, 0)->dtype, shape.rank, shape.dims);
}

/* The place (from 1) of a 0 on the diagonal; 0 when there is none. */
static int64_t zero_on_diagonal(const tp_tensor *a, const char *at)
{
    const int64_t step =
        (a->strides[a->rank - 1] + a->strides[a->rank - 2]) * (int64_t)tp_dtype_size((tp_dtype)a->dtype);
    for (int64_t i = 0; i < tp_rows_of(a); i++)
        if (tp_get((tp_dtype)a->dtype, at + i * step) == 0) return i + 1;
    return 0;
}

static tp_status solve_all(tp_ctx *ctx, unsigned how, tp_linalg *call)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0), *b = tp_ctx_input(ctx, 1);
    const tp_tensor *out = tp_ctx_output(ctx, 0);
    const tp_shape batch = tp_batch_of(out);
    const bool turned = how & TP_TRANSPOSED;
    const int64_t row = a->strides[a->rank - 2], col = a->strides[a->rank - 1], matrices = tp_matrices_in(out);
    const unsigned flags = (!(how & TP_UPPER) != !turned ? TP_LAPACK_UPPER : 0) | (how & TP_UNIT ? TP_LAPACK_UNIT : 0);
    for (int64_t i = 0; i < matrices; i++) {
        const char *t = tp_matrix_at(a, &batch, i);
        char *x = tp_dense_matrix(out, i);
        const int64_t zero = how & TP_UNIT ? 0 : zero_on_diagonal(a, t);
        if (zero)
            return tp_fail_matrix(ctx, a, tp_matrix_place(a, &batch, i),
                                  "is singular: its diagonal has a 0 in row %lld", (long long)zero - 1);
        tp_copy_matrix(b, &batch, i, x);
        call->loops->triangular(&call->with, tp_rows_of(out), tp_columns_of(out), t, turned ? col : row,
                                turned ? row : col, flags, x);
    }
    return TP_OK;
}

static tp_status triangular_solve_forward(tp_ctx *ctx)
{
    const unsigned how = *(const unsigned *)tp_ctx_attributes(ctx);
    const tp_tensor *out = tp_ctx_output(ctx, 0);
    if (out->count == 0) return TP_OK;
    tp_linalg call;
    if (tp_linalg_open(ctx->tape, (tp_dtype)out->dtype, TP_LAPACK_TRIANGULAR, tp_columns_of(out), tp_rows_of(out),
                       &call))
        return TP_E_MEMORY;
    const tp_status status = solve_all(ctx, how, &call);
    tp_linalg_close(ctx->tape, &call);
    return status;
}

static tp_status triangular_solve_backward(tp_ctx *ctx, tp_var g)
{
    const unsigned how = *(const unsigned *)tp_ctx_attributes(ctx);
    const tp_var x = tp_ctx_output_var(ctx, 0);
    const tp_var db = tp_triangular_solve(tp_ctx_input_var(ctx, 0), g, how ^ TP_TRANSPOSED);
    const tp_status status = tp_give(ctx, 1, db);
    if (status != TP_OK || !tp_ctx_needs(ctx, 0)) return status;
    const tp_var da = how & TP_TRANSPOSED ? tp_matmul(x, tp_turned(db)) : tp_matmul(db, tp_turned(x));
    return tp_give(ctx, 0, tp_neg(tp_triangle(da, how & TP_UPPER, how & TP_UNIT ? 0 : 1)));
}

const tp_op tp_op_triangular_solve = {
    TP_OP_HEAD,
    .name = "triangular_solve",
    .arity = 2,
    .structure = TP_DENSE,
    .attributes = sizeof(unsigned),
    .pattern = tp_right_sides_pattern,
    .shape = triangular_solve_shape,
    .forward = triangular_solve_forward,
    .backward = triangular_solve_backward,
    .text = {.formula = "X with T X = B, or T^T X = B; T is the lower or upper triangle of a",
             .derivative = "dB = T^-T g, dT = the triangle of -dB X^T",
             .shapes = "a: (..., n, n), b: (..., n, k) -> (..., n, k); b: (n) -> (..., n); leading dims broadcast",
             .edges = "TP_E_NUMERIC for a 0 on the diagonal"}};

tp_var tp_triangular_solve(tp_var a, tp_var b, unsigned how)
{
    if (how & ~(unsigned)(TP_UPPER | TP_TRANSPOSED | TP_UNIT))
        return tp_refuse(a.tape, TP_E_ARGUMENT, "tp_triangular_solve: there is no flag %#x", how);
    bool vector;
    const tp_var x = tp_call2(&tp_op_triangular_solve, a, tp_as_right_side(b, &vector), &how);
    return vector ? tp_without_column(x) : x;
}
