/* Determinants and their logarithms, through LU factors. The derivative of det A is the matrix of its cofactors, which
   is det A A^-T where that exists and is right where it does not; it is an op of its own (cofactor.c). */
#include <math.h>

#include "ops/matrices.h"

/* Which numbers an op makes of sign and log |det|. */
typedef void put_determinant(tp_ctx *ctx, int64_t i, double mantissa, int64_t exponent);

static void put(tp_ctx *ctx, int k, int64_t i, double value)
{
    tp_tensor *out = tp_ctx_output(ctx, k);
    const tp_dtype dtype = (tp_dtype)out->dtype;
    tp_put(dtype, out->data + i * (int64_t)tp_dtype_size(dtype), value);
}

static tp_status each_matrix(tp_ctx *ctx, put_determinant *each, tp_linalg *call, int32_t *pivots)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    const tp_shape batch = tp_batch_of(a);
    const int64_t n = tp_rows_of(a), matrices = tp_matrices_in(a);
    for (int64_t i = 0; i < matrices; i++) {
        int64_t exponent;
        tp_copy_matrix(a, &batch, i, call->copy->data);
        call->loops->lu(&call->with, n, call->copy->data, pivots);
        const double mantissa = call->loops->determinant(n, call->copy->data, pivots, &exponent);
        each(ctx, i, mantissa, exponent);
    }
    return TP_OK;
}

static tp_status forward(tp_ctx *ctx, put_determinant *each)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    if (tp_matrices_in(a) == 0) return TP_OK;
    const int64_t n = tp_rows_of(a);
    tp_linalg call;
    if (tp_linalg_open(ctx->tape, (tp_dtype)a->dtype, TP_LAPACK_LU, n, n, &call) != TP_OK) return TP_E_MEMORY;
    tp_tensor *pivots = tp_new_tensor(ctx->tape, TP_I32, 1, &n, "det");
    const tp_status status = pivots ? each_matrix(ctx, each, &call, (int32_t *)(void *)pivots->data) : TP_E_MEMORY;
    tp_done(ctx->tape, pivots);
    tp_linalg_close(ctx->tape, &call);
    return status;
}

static tp_status one_number(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    const tp_status status = tp_need_square(ctx, 0);
    return status == TP_OK ? tp_ctx_result(ctx, 0, (tp_dtype)a->dtype, a->rank - 2, a->dims) : status;
}

/* ---- det ---- */

static void put_det(tp_ctx *ctx, int64_t i, double mantissa, int64_t exponent)
{
    const int64_t far = 1 << 14; /* beyond what a double holds */
    put(ctx, 0, i, ldexp(mantissa, (int)(exponent > far ? far : (exponent < -far ? -far : exponent))));
}

static tp_status det_forward(tp_ctx *ctx)
{
    return forward(ctx, put_det);
}

static tp_status det_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_mul_masked(tp_as_scale(g), tp_cofactor(tp_ctx_input_var(ctx, 0))));
}

const tp_op tp_op_det = {
    TP_OP_HEAD,
    .name = "det",
    .arity = 1,
    .structure = TP_REDUCE,
    .pattern = tp_matrices_pattern,
    .scratch = 32,
    .shape = one_number,
    .forward = det_forward,
    .backward = det_backward,
    .text = {.formula = "det A",
             .derivative = "dA = g C, the cofactors of A: det A A^-T",
             .shapes = "a: (..., n, n) -> (...); one matrix gives a scalar",
             .edges = "first and second derivatives are right where A is singular, higher ones are TP_E_NUMERIC there; "
                      "of a (0, 0) matrix: 1"}};

tp_var tp_det(tp_var a)
{
    return tp_call1(&tp_op_det, a, NULL);
}

/* ---- log det, sign and log |det| ---- */

static double log_of(double mantissa, int64_t exponent)
{
    return log(mantissa) + (double)exponent * 0.69314718055994530942;
}

static void put_logdet(tp_ctx *ctx, int64_t i, double mantissa, int64_t exponent)
{
    put(ctx, 0, i, log_of(mantissa, exponent));
}

static void put_slogdet(tp_ctx *ctx, int64_t i, double mantissa, int64_t exponent)
{
    put(ctx, 0, i, mantissa > 0 ? 1 : (mantissa < 0 ? -1 : mantissa));
    put(ctx, 1, i, log_of(fabs(mantissa), exponent));
}

static tp_status logdet_forward(tp_ctx *ctx)
{
    return forward(ctx, put_logdet);
}

/* dA = g A^-T */
static tp_status give_inverse(tp_ctx *ctx, tp_var g)
{
    const tp_var inverse = tp_inverse(tp_ctx_input_var(ctx, 0));
    return tp_give(ctx, 0, tp_mul_masked(tp_as_scale(g), tp_turned(inverse)));
}

const tp_op tp_op_logdet = {
    TP_OP_HEAD,
    .name = "logdet",
    .arity = 1,
    .structure = TP_REDUCE,
    .pattern = tp_matrices_pattern,
    .scratch = 12,
    .shape = one_number,
    .forward = logdet_forward,
    .backward = give_inverse,
    .text = {.formula = "log det A",
             .derivative = "dA = g A^-T",
             .shapes = "a: (..., n, n) -> (...); one matrix gives a scalar",
             .edges = "NaN where det A < 0; -Inf where it is 0, whose gradient is TP_E_NUMERIC"}};

tp_var tp_logdet(tp_var a)
{
    return tp_call1(&tp_op_logdet, a, NULL);
}

static tp_status slogdet_shape(tp_ctx *ctx)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0);
    const tp_status status = one_number(ctx);
    return status == TP_OK ? tp_ctx_result(ctx, 1, (tp_dtype)a->dtype, a->rank - 2, a->dims) : status;
}

static tp_status slogdet_forward(tp_ctx *ctx)
{
    return forward(ctx, put_slogdet);
}

static tp_status slogdet_backward(tp_ctx *ctx, tp_var g)
{
    (void)g; /* of the sign: it is constant, but where det A = 0 */
    const tp_var upstream = tp_ctx_upstream(ctx, 1);
    return tp_ok(upstream) ? give_inverse(ctx, upstream) : TP_OK;
}

const tp_op tp_op_slogdet = {
    TP_OP_HEAD,
    .name = "slogdet",
    .arity = 1,
    .results = 2,
    .structure = TP_REDUCE,
    .pattern = tp_matrices_pattern,
    .shape = slogdet_shape,
    .forward = slogdet_forward,
    .backward = slogdet_backward,
    .text = {.formula = "sign of det A, and log |det A|",
             .derivative = "dA = g A^-T for the logarithm, 0 for the sign",
             .shapes = "a: (..., n, n) -> (...), (...); one matrix gives two scalars",
             .edges = "0 and -Inf where det A is 0; the gradient of the logarithm is TP_E_NUMERIC there"}};

tp_status tp_slogdet(tp_var a, tp_var *sign, tp_var *logabsdet)
{
    return tp_call_tuple(&tp_op_slogdet, a, NULL, (tp_var *[]){sign, logabsdet});
}
