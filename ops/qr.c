/* qr: A = Q R by Householder reflections, the diagonal of R at least 0. The rule is that of Seeger, Hetzel, Dai,
   Meissner and Lawrence (Auto-differentiating linear algebra, 2017): with M = R dR^T - dQ^T Q and its lower triangle
   copied to the upper one, dA = (dQ + Q sym M) R^-T. A wide A = [X Y] has R = [U V]: then dY = Q dV, and dX comes from
   dU and dQ + Y dV^T (Roberts and Roberts, QR and LQ decomposition matrix backpropagation algorithms, 2020). */
#include <string.h>

#include "ops/matrices.h"

static tp_status qr_shape(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    tp_status status = tp_need_matrix(ctx, 0);
    if (status != TP_OK) return status;
    const int64_t m = tp_rows_of(a), n = tp_columns_of(a), k = m < n ? m : n;
    const tp_shape q = tp_batch_with(tp_batch_of(a), m, k), r = tp_batch_with(tp_batch_of(a), k, n);
    status = tp_ctx_result(ctx, 0, (tp_dtype)a->dtype, q.rank, q.dims);
    return status == TP_OK ? tp_ctx_result(ctx, 1, (tp_dtype)a->dtype, r.rank, r.dims) : status;
}

static tp_status qr_forward(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    if (a->count == 0) return TP_OK;
    const tp_shape batch = tp_batch_of(a);
    const int64_t m = tp_rows_of(a), n = tp_columns_of(a), matrices = tp_matrices_in(a);
    tp_linalg call;
    if (tp_linalg_open(ctx->tape, (tp_dtype)a->dtype, TP_LAPACK_QR, m, n, &call) != TP_OK) return TP_E_MEMORY;
    for (int64_t i = 0; i < matrices; i++) {
        tp_copy_matrix(a, &batch, i, call.copy->data);
        call.loops->qr(&call.with, m, n, call.copy->data, tp_dense_matrix(tp_ctx_output(ctx, 0), i),
                       tp_dense_matrix(tp_ctx_output(ctx, 1), i));
    }
    tp_linalg_close(ctx->tape, &call);
    return TP_OK;
}

/* The gradient of a square or tall A = Q R; gq or gr may be absent. */
static tp_var tall_rule(tp_var q, tp_var r, tp_var gq, tp_var gr)
{
    tp_var m = tp_ok(gr) ? tp_matmul(r, tp_turned(gr)) : gr;
    if (tp_ok(gq)) {
        const tp_var product = tp_matmul(tp_turned(gq), q);
        m = tp_ok(gr) ? tp_sub(m, product) : tp_neg(product);
    }
    const tp_var half = tp_triangle(m, false, .5);
    tp_var x = tp_matmul(q, tp_add(half, tp_turned(half)));
    if (tp_ok(gq)) x = tp_add(x, gq);
    return tp_turned(tp_triangular_solve(r, tp_turned(x), TP_UPPER));
}

/* Gives g to columns first .. first + (those of g) of the operand. */
static tp_status give_columns(tp_ctx *ctx, int64_t first, tp_var g)
{
    if (!tp_ok(g)) return tp_tape_status(ctx->tape);
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    tp_region region = {.offset = first, .rank = a->rank};
    memcpy(region.dims, a->dims, sizeof region.dims);
    tp_shape_strides(a->rank, a->dims, region.strides);
    region.dims[a->rank - 1] = tp_var_dims(g)[a->rank - 1];
    return tp_give_region(ctx, 0, g, &region);
}

static tp_status wide_rule(tp_ctx *ctx, tp_var gq, tp_var gr)
{
    const int64_t m = tp_rows_of(tp_ctx_input(ctx, 0));
    const tp_var q = tp_ctx_output_var(ctx, 0), u = tp_slice(tp_ctx_output_var(ctx, 1), -1, 0, m, 1);
    if (!tp_ok(gr)) return give_columns(ctx, 0, tall_rule(q, u, gq, gr));
    const tp_var y = tp_slice(tp_ctx_input_var(ctx, 0), -1, m, TP_END, 1);
    const tp_var gu = tp_slice(gr, -1, 0, m, 1), gv = tp_slice(gr, -1, m, TP_END, 1);
    const tp_var more = tp_matmul(y, tp_turned(gv));
    const tp_var gx = tall_rule(q, u, tp_ok(gq) ? tp_add(gq, more) : more, gu);
    const tp_status status = give_columns(ctx, 0, gx);
    return status == TP_OK ? give_columns(ctx, m, tp_matmul(q, gv)) : status;
}

static tp_status qr_backward(tp_ctx *ctx, tp_var g)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    const tp_var gr = tp_ctx_upstream(ctx, 1);
    if (tp_rows_of(a) < tp_columns_of(a)) return wide_rule(ctx, g, gr);
    return tp_give(ctx, 0, tall_rule(tp_ctx_output_var(ctx, 0), tp_ctx_output_var(ctx, 1), g, gr));
}

const tp_op tp_op_qr = {
    TP_OP_HEAD,
    .name = "qr",
    .arity = 1,
    .results = 2,
    .structure = TP_DENSE,
    .pattern = tp_matrices_pattern,
    .shape = qr_shape,
    .forward = qr_forward,
    .backward = qr_backward,
    .text = {.formula = "A = Q R, Q with orthonormal columns, R upper triangular with a diagonal >= 0",
             .derivative = "dA = (dQ + Q S) R^-T, S the lower triangle of R dR^T - dQ^T Q copied to the upper one",
             .shapes = "a: (..., m, n) -> (..., m, k), (..., k, n), k = min(m, n)",
             .edges = "the gradient is TP_E_NUMERIC where R has a 0 on its diagonal"}};

tp_status tp_qr(tp_var a, tp_var *q, tp_var *r)
{
    return tp_call_tuple(&tp_op_qr, a, NULL, (tp_var *[]){q, r});
}

/* ---- least squares ---- */

tp_var tp_lstsq(tp_var a, tp_var b)
{
    tp_tape *tape = a.tape ? a.tape : b.tape;
    if (!tape || !tp_check_operand(tape, "lstsq", a, 0) || !tp_check_operand(tape, "lstsq", b, 1))
        return tp_poison(tape);
    bool vector;
    char first[TP_SHAPE_TEXT], second[TP_SHAPE_TEXT];
    const tp_var sides = tp_as_right_side(b, &vector);
    const int rank = tp_var_rank(a), other = tp_var_rank(sides);
    const int64_t *dims = tp_var_dims(a);
    if (rank < 2 || other < 2 || tp_var_dims(sides)[other - 2] != dims[rank - 2])
        return tp_refuse(tape, TP_E_SHAPE, "tp_lstsq: the shapes do not fit: %s and right-hand sides %s",
                         tp_shape_text(first, rank, dims), tp_shape_text(second, tp_var_rank(b), tp_var_dims(b)));
    const bool wide = dims[rank - 2] < dims[rank - 1];
    tp_var q, r, x;
    if (tp_qr(wide ? tp_turned(a) : a, &q, &r) != TP_OK) return tp_poison(tape);
    if (wide)
        x = tp_matmul(q, tp_triangular_solve(r, sides, TP_UPPER | TP_TRANSPOSED));
    else
        x = tp_triangular_solve(r, tp_matmul(tp_turned(q), sides), TP_UPPER);
    return vector ? tp_without_column(x) : x;
}
