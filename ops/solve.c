/* solve: X with A X = B, through LU factors with row exchanges.  dB = A^-T g,  dA = -dB X^T. The numeric rule uses the
   factors again. */
#include <string.h>

#include "ops/matrices.h"

typedef struct saved {
    tp_tensor *lu, *pivots; /* of each matrix of a */
} saved;

static tp_status solve_shape(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    tp_shape shape;
    const tp_status status = tp_need_right_sides(ctx, &shape);
    if (status != TP_OK) return status;
    saved *s = tp_ctx_save(ctx, sizeof *s);
    if (!s) return TP_E_MEMORY;
    s->lu = tp_ctx_save_tensor(ctx, (tp_dtype)a->dtype, a->rank, a->dims);
    s->pivots = tp_ctx_save_tensor(ctx, TP_I32, a->rank - 1, a->dims);
    if (!s->lu || !s->pivots) return TP_E_MEMORY;
    return tp_ctx_result(ctx, 0, (tp_dtype)a->dtype, shape.rank, shape.dims);
}

static int32_t *pivots_at(const saved *s, int64_t i)
{
    return (int32_t *)(void *)s->pivots->data + i * tp_rows_of(s->lu);
}

static tp_status factor(tp_ctx *ctx, const saved *s, tp_linalg *call)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    const tp_shape own = tp_batch_of(a);
    const int64_t matrices = tp_matrices_in(a);
    for (int64_t i = 0; i < matrices; i++) {
        tp_copy_matrix(a, &own, i, tp_dense_matrix(s->lu, i));
        const int64_t zero = call->loops->lu(&call->with, tp_rows_of(a), tp_dense_matrix(s->lu, i), pivots_at(s, i));
        if (zero) return tp_fail_matrix(ctx, a, i, "is singular: pivot %lld is 0", (long long)zero - 1);
    }
    return TP_OK;
}

/* out = a^-1 b, or a^-T b, for every matrix of out's batch. */
static void substitute(const saved *s, const tp_tensor *b, bool transposed, const tp_tensor *out, tp_linalg *call)
{
    const tp_shape batch = tp_batch_of(out);
    const int64_t matrices = tp_matrices_in(out);
    for (int64_t i = 0; i < matrices; i++) {
        const int64_t place = tp_matrix_place(s->lu, &batch, i);
        char *x = tp_dense_matrix(out, i);
        tp_copy_matrix(b, &batch, i, x);
        call->loops->lu_solve(&call->with, tp_rows_of(out), tp_columns_of(out), tp_dense_matrix(s->lu, place),
                              pivots_at(s, place), transposed, x);
    }
}

static tp_status open(tp_ctx *ctx, const tp_tensor *out, tp_linalg *call)
{
    const int64_t n = tp_rows_of(out), k = tp_columns_of(out);
    return tp_linalg_open(ctx->tape, (tp_dtype)out->dtype, TP_LAPACK_TRIANGULAR, k > n ? k : n, n, call);
}

static tp_status solve_forward(tp_ctx *ctx)
{
    const saved *s = tp_ctx_saved(ctx);
    const tp_tensor *out = tp_ctx_output(ctx, 0);
    if (s->lu->count == 0) return TP_OK;
    tp_linalg call;
    if (open(ctx, out, &call) != TP_OK) return TP_E_MEMORY;
    const tp_status status = factor(ctx, s, &call);
    if (status == TP_OK && out->count) substitute(s, tp_ctx_input(ctx, 1), false, out, &call);
    tp_linalg_close(ctx->tape, &call);
    return status;
}

/* da = -db x^T, summed over the batch by the engine where a has not all of it */
static tp_status give_matrix(tp_ctx *ctx, const tp_tensor *db)
{
    const tp_tensor *x = tp_ctx_output(ctx, 0);
    const tp_dtype dtype = (tp_dtype)x->dtype;
    const int64_t n = tp_rows_of(x), k = tp_columns_of(x), matrices = tp_matrices_in(x);
    const tp_shape shape = tp_batch_with(tp_batch_of(x), n, n);
    tp_tensor *da = tp_new_tensor(ctx->tape, dtype, shape.rank, shape.dims, "solve");
    if (!da) return TP_E_MEMORY;
    tp_status status = TP_OK;
    for (int64_t i = 0; i < matrices && status == TP_OK; i++) {
        const tp_gemm_args args = {
            n, n, k, tp_dense_matrix(db, i), k, 1, tp_dense_matrix(x, i), 1, k, tp_dense_matrix(da, i), n, false};
        status = tp_multiply(ctx->tape, dtype, &args);
    }
    const tp_operand in[TP_IN_COUNT] = {{.data = da->data, .dense = true}};
    tp_run_loop(ctx->tape->kernels->of[dtype]->rows[TP_ROW_neg].value, tp_dtype_size(dtype), da->rank, da->dims,
                da->count, da->data, in, ctx->tape->threads);
    if (status == TP_OK) status = tp_slot_add(ctx->tape, ctx->inputs[0], da);
    tp_unref(ctx->tape, da);
    return status;
}

static tp_status solve_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const saved *s = tp_ctx_saved(ctx);
    const tp_tensor *x = tp_ctx_output(ctx, 0);
    tp_tensor *db = tp_new_tensor(ctx->tape, (tp_dtype)x->dtype, x->rank, x->dims, "solve");
    if (!db) return TP_E_MEMORY;
    tp_status status = TP_OK;
    if (x->count) {
        tp_linalg call;
        status = open(ctx, x, &call);
        if (status == TP_OK) {
            substitute(s, g, true, db, &call);
            tp_linalg_close(ctx->tape, &call);
        }
    }
    if (status == TP_OK) status = tp_slot_add(ctx->tape, ctx->inputs[1], db);
    if (status == TP_OK && tp_ctx_needs(ctx, 0)) status = give_matrix(ctx, db);
    tp_unref(ctx->tape, db);
    return status;
}

static tp_status solve_backward(tp_ctx *ctx, tp_var g)
{
    const tp_var db = tp_solve(tp_turned(tp_ctx_input_var(ctx, 0)), g);
    const tp_status status = tp_give(ctx, 1, db);
    if (status != TP_OK || !tp_ctx_needs(ctx, 0)) return status;
    return tp_give(ctx, 0, tp_neg(tp_matmul(db, tp_turned(tp_ctx_output_var(ctx, 0)))));
}

const tp_op tp_op_solve = {
    TP_OP_HEAD,
    .name = "solve",
    .arity = 2,
    .structure = TP_DENSE,
    .pattern = tp_right_sides_pattern,
    .scratch = 8,
    .shape = solve_shape,
    .forward = solve_forward,
    .backward = solve_backward,
    .gradient = solve_gradient,
    .text = {.formula = "X with A X = B",
             .derivative = "dB = A^-T g, dA = -dB X^T",
             .shapes = "a: (..., n, n), b: (..., n, k) -> (..., n, k); b: (n) -> (..., n); leading dims broadcast",
             .edges = "TP_E_NUMERIC names the matrix that is singular (a pivot that is exactly 0)"}};

tp_var tp_solve(tp_var a, tp_var b)
{
    bool vector;
    const tp_var x = tp_call2(&tp_op_solve, a, tp_as_right_side(b, &vector), NULL);
    return vector ? tp_without_column(x) : x;
}
