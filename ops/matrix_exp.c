/* matrix_exp: I + A + A^2/2 + ... by scaling and squaring. Its derivative is a corner of the exponential of a matrix
   twice as large (Van Loan, Computing integrals involving the matrix exponential, 1978): exp [A^T g; 0 A^T] = [exp A^T,
   dA; 0, exp A^T]. */
#include "ops/matrices.h"

static tp_status matrix_exp_shape(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    const tp_status status = tp_need_square(ctx, 0);
    return status == TP_OK ? tp_ctx_result(ctx, 0, (tp_dtype)a->dtype, a->rank, a->dims) : status;
}

static tp_status matrix_exp_forward(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    if (a->count == 0) return TP_OK;
    const tp_shape batch = tp_batch_of(a);
    const int64_t n = tp_rows_of(a), matrices = tp_matrices_in(a);
    tp_linalg call;
    if (tp_linalg_open(ctx->tape, (tp_dtype)a->dtype, TP_LAPACK_EXP, n, n, &call) != TP_OK) return TP_E_MEMORY;
    for (int64_t i = 0; i < matrices; i++) {
        tp_copy_matrix(a, &batch, i, call.copy->data);
        call.loops->exp(&call.with, n, call.copy->data, tp_dense_matrix(tp_ctx_output(ctx, 0), i));
    }
    tp_linalg_close(ctx->tape, &call);
    return TP_OK;
}

static tp_status matrix_exp_backward(tp_ctx *ctx, tp_var g)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    const tp_dtype dtype = (tp_dtype)a->dtype;
    const int64_t n = tp_rows_of(a);
    const tp_var turned = tp_turned(tp_ctx_input_var(ctx, 0));
    tp_tensor *nothing = tp_new_tensor(ctx->tape, dtype, a->rank, a->dims, "matrix_exp");
    if (!nothing) return TP_E_MEMORY;
    tp_fill(nothing->count, dtype, nothing->data, 0);
    const tp_var zeros = tp_constant_tensor(ctx->tape, nothing);
    const tp_var upper = tp_concat((const tp_var[]){turned, g}, 2, -1);
    const tp_var lower = tp_concat((const tp_var[]){zeros, turned}, 2, -1);
    const tp_var both = tp_matrix_exp(tp_concat((const tp_var[]){upper, lower}, 2, -2));
    return tp_give(ctx, 0, tp_slice(tp_slice(both, -2, 0, n, 1), -1, n, TP_END, 1));
}

const tp_op tp_op_matrix_exp = {TP_OP_HEAD,
                                .name = "matrix_exp",
                                .arity = 1,
                                .structure = TP_DENSE,
                                .pattern = tp_matrices_pattern,
                                .scratch = 40,
                                .shape = matrix_exp_shape,
                                .forward = matrix_exp_forward,
                                .backward = matrix_exp_backward,
                                .text = {.formula = "I + A + A^2/2! + A^3/3! + ...",
                                         .derivative = "dA: the upper right block of exp [A^T g; 0 A^T]",
                                         .shapes = "a: (..., n, n) -> (..., n, n)",
                                         .edges = "a matrix with NaN or Inf gives NaN"}};

tp_var tp_matrix_exp(tp_var a)
{
    return tp_call1(&tp_op_matrix_exp, a, NULL);
}

/* ---- whole powers: products of squares ---- */

tp_var tp_matrix_power(tp_var a, int power)
{
    tp_tape *tape = a.tape;
    if (!tape || !tp_check_operand(tape, "matrix_power", a, 0)) return tp_poison(tape);
    const int rank = tp_var_rank(a);
    char text[TP_SHAPE_TEXT];
    if (rank < 2 || tp_var_dims(a)[rank - 1] != tp_var_dims(a)[rank - 2] || !tp_dtype_is_float(tp_var_dtype(a)))
        return tp_refuse(tape, TP_E_SHAPE, "tp_matrix_power: needs a square matrix of f32 or f64, not %s %s",
                         tp_dtype_name(tp_var_dtype(a)), tp_shape_text(text, rank, tp_var_dims(a)));
    if (power == 0) {
        const tp_var unit = tp_unit_matrix(tape, tp_var_dtype(a), tp_var_dims(a)[rank - 1]);
        return rank == 2 ? unit : tp_expand(unit, rank, tp_var_dims(a));
    }
    tp_var square = power < 0 ? tp_inverse(a) : a, product = tp_none();
    for (unsigned left = power < 0 ? 0u - (unsigned)power : (unsigned)power;; square = tp_matmul(square, square)) {
        if (left & 1) product = tp_ok(product) ? tp_matmul(product, square) : square;
        left >>= 1;
        if (!left || !tp_ok(square)) return tp_ok(square) ? product : square;
    }
}
