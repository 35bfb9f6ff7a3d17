/* What the ops on matrices share. */
#include "ops/matrices.h"

#include <stdarg.h>
#include <string.h>

tp_status tp_need_matrix(tp_ctx *ctx, int i)
{
    const tp_tensor *x = tp_ctx_input(ctx, i);
    char text[TP_SHAPE_TEXT];
    if (tp_need_float(ctx, i) != TP_OK) return TP_E_DTYPE;
    if (x->rank >= 2) return TP_OK;
    return tp_ctx_fail(ctx, TP_E_SHAPE, "needs a matrix, not %s", tp_tensor_text(text, x));
}

tp_status tp_need_square(tp_ctx *ctx, int i)
{
    const tp_tensor *x = tp_ctx_input(ctx, i);
    char text[TP_SHAPE_TEXT];
    const tp_status status = tp_need_matrix(ctx, i);
    if (status != TP_OK || tp_rows_of(x) == tp_columns_of(x)) return status;
    return tp_ctx_fail(ctx, TP_E_SHAPE, "needs a square matrix, not %s", tp_tensor_text(text, x));
}

tp_status tp_need_right_sides(tp_ctx *ctx, tp_shape *result)
{
    const tp_tensor *a = tp_ctx_input(ctx, 0), *b = tp_ctx_input(ctx, 1);
    tp_status status = tp_need_square(ctx, 0);
    if (status == TP_OK) status = tp_need_matrix(ctx, 1);
    if (status == TP_OK) status = tp_need_first_dtype(ctx, 1);
    if (status != TP_OK) return status;
    *result = tp_batch_of(a);
    const tp_shape other = tp_batch_of(b);
    char first[TP_SHAPE_TEXT], second[TP_SHAPE_TEXT];
    if (tp_rows_of(b) != tp_rows_of(a) || !tp_shape_broadcast(result, other.rank, other.dims))
        return tp_ctx_fail(ctx, TP_E_SHAPE, "the shapes do not fit: %s and right-hand sides %s",
                           tp_tensor_text(first, a), tp_tensor_text(second, b));
    *result = tp_batch_with(*result, tp_rows_of(b), tp_columns_of(b));
    return TP_OK;
}

tp_shape tp_batch_of(const tp_tensor *x)
{
    tp_shape batch = {.rank = x->rank - 2};
    memcpy(batch.dims, x->dims, sizeof batch.dims);
    return batch;
}

int64_t tp_matrices_in(const tp_tensor *x)
{
    return tp_shape_count(x->rank - 2, x->dims);
}

tp_shape tp_batch_with(tp_shape batch, int64_t m, int64_t n)
{
    batch.dims[batch.rank++] = m;
    if (n >= 0) batch.dims[batch.rank++] = n;
    return batch;
}

/* The sum of index times step, where steps are x's strides or those of its matrices. */
static int64_t walk(const tp_tensor *x, const tp_shape *batch, int64_t i, bool strides)
{
    int64_t at = 0, step = 1;
    for (int back = 1; back <= batch->rank; back++) {
        const int64_t dim = batch->dims[batch->rank - back], index = dim ? i % dim : 0;
        const int axis = x->rank - 2 - back;
        if (dim) i /= dim;
        if (axis < 0) break;
        if (x->dims[axis] != 1) at += index * (strides ? x->strides[axis] : step);
        step *= x->dims[axis];
    }
    return at;
}

int64_t tp_matrix_place(const tp_tensor *x, const tp_shape *batch, int64_t i)
{
    return walk(x, batch, i, false);
}

char *tp_matrix_at(const tp_tensor *x, const tp_shape *batch, int64_t i)
{
    return x->data + walk(x, batch, i, true) * (int64_t)tp_dtype_size((tp_dtype)x->dtype);
}

void tp_copy_matrix(const tp_tensor *x, const tp_shape *batch, int64_t i, void *to)
{
    const tp_dtype dtype = (tp_dtype)x->dtype;
    const int64_t *dims = x->dims + x->rank - 2, strides[2] = {dims[1], 1};
    tp_copy(2, dims, dtype, to, strides, dtype, tp_matrix_at(x, batch, i), x->strides + x->rank - 2);
}

tp_status tp_fail_matrix(tp_ctx *ctx, const tp_tensor *x, int64_t i, const char *format, ...)
{
    char what[TP_ERROR_LENGTH / 4], place[TP_SHAPE_TEXT], text[TP_SHAPE_TEXT];
    va_list list;
    va_start(list, format);
    vsnprintf(what, sizeof what, format, list);
    va_end(list);
    if (x->rank == 2) return tp_ctx_fail(ctx, TP_E_NUMERIC, "the matrix %s", what);
    int64_t index[TP_MAX_RANK];
    for (int axis = x->rank - 3; axis >= 0; axis--) {
        index[axis] = i % x->dims[axis];
        i /= x->dims[axis];
    }
    return tp_ctx_fail(ctx, TP_E_NUMERIC, "matrix %s of %s %s", tp_shape_text(place, x->rank - 2, index),
                       tp_tensor_text(text, x), what);
}

tp_status tp_fail_iteration(tp_ctx *ctx, const tp_tensor *x, int64_t i, int why)
{
    return tp_fail_matrix(ctx, x, i, why == TP_LAPACK_NOT_FINITE ? "holds a NaN or an infinity" : "did not converge");
}

tp_status tp_linalg_open(tp_tape *tape, tp_dtype dtype, tp_lapack_routine routine, int64_t m, int64_t n,
                         tp_linalg *call)
{
    const size_t element = tp_dtype_size(dtype);
    const int64_t most = m > n ? m : n, size = (int64_t)tp_lapack_work(routine, element, m, n), own = m * n;
    *call = (tp_linalg){.loops = tape->kernels->of[dtype]->lapack,
                        .with = {.gemm = tape->kernels->gemm, .threads = tape->threads}};
    call->scratch = tp_new_tensor(tape, TP_U8, 1, &size, "linalg");
    call->copy = call->scratch ? tp_new_tensor(tape, dtype, 1, &own, "linalg") : NULL;
    if (!call->copy || (tp_gemm_wants_workspace(most, most, most) && !(call->with.gemm_work = tp_gemm_scratch(tape)))) {
        tp_linalg_close(tape, call);
        return TP_E_MEMORY;
    }
    call->with.work = call->scratch->data;
    return TP_OK;
}

void tp_linalg_close(tp_tape *tape, tp_linalg *call)
{
    if (call->scratch) tp_unref(tape, call->scratch);
    if (call->copy) tp_unref(tape, call->copy);
}

tp_status tp_call_tuple(const tp_op *op, tp_var x, const void *attributes, tp_var *const *results)
{
    tp_var all[TP_MAX_RESULTS];
    for (int k = 0; k < op->results; k++) {
        all[k] = tp_poison(x.tape);
        if (results[k]) *results[k] = all[k];
    }
    const tp_status status = tp_apply_all(op, &x, 1, attributes, all);
    for (int k = 0; k < op->results; k++)
        if (results[k]) *results[k] = all[k];
    return status;
}

/* ---- in recorded rules ---- */

tp_var tp_as_scale(tp_var x)
{
    const int rank = tp_var_rank(x);
    if (rank <= 0) return x;
    tp_shape shape = {.rank = rank};
    memcpy(shape.dims, tp_var_dims(x), (size_t)rank * sizeof *shape.dims);
    shape = tp_batch_with(shape, 1, 1);
    return tp_reshape(x, shape.rank, shape.dims);
}

/* x with a dim of 1 before its last, or after it. */
static tp_var with_unit(tp_var x, bool after)
{
    const int rank = tp_var_rank(x);
    if (rank <= 0) return x;
    tp_shape shape = {.rank = rank - 1};
    memcpy(shape.dims, tp_var_dims(x), (size_t)rank * sizeof *shape.dims);
    const int64_t n = shape.dims[rank - 1];
    shape = after ? tp_batch_with(shape, n, 1) : tp_batch_with(shape, 1, n);
    return tp_reshape(x, shape.rank, shape.dims);
}

tp_var tp_as_row(tp_var x)
{
    return with_unit(x, false);
}

tp_var tp_as_column(tp_var x)
{
    return with_unit(x, true);
}

tp_var tp_unit_matrix(tp_tape *tape, tp_dtype dtype, int64_t n)
{
    tp_tensor *tensor = tp_new_tensor(tape, dtype, 2, (const int64_t[]){n, n}, "linalg");
    if (!tensor) return tp_poison(tape);
    tp_lapack_identity(dtype, n, tensor->data);
    return tp_constant_tensor(tape, tensor);
}

tp_var tp_as_right_side(tp_var b, bool *vector)
{
    *vector = tp_ok(b) && tp_var_rank(b) == 1;
    return *vector ? tp_as_column(b) : b;
}

tp_var tp_without_column(tp_var x)
{
    return tp_ok(x) ? tp_reshape(x, tp_var_rank(x) - 1, tp_var_dims(x)) : x;
}

tp_status tp_matrices_pattern(tp_ctx *ctx)
{
    const int batch = tp_ctx_input(ctx, 0)->rank - 2;
    tp_status status = TP_OK;
    for (int i = 0; i < tp_ctx_count(ctx); i++)
        for (int k = 0; k < tp_result_count(ctx->op) && status == TP_OK; k++)
            status = tp_pattern_batch(ctx, i, tp_ctx_input(ctx, i)->rank < 2 ? tp_ctx_input(ctx, i)->rank : 2, k,
                                      tp_ctx_output(ctx, k)->rank - batch);
    return status;
}

tp_status tp_right_sides_pattern(tp_ctx *ctx)
{
    const tp_tensor *b = tp_ctx_input(ctx, 1), *out = tp_ctx_output(ctx, 0);
    const int own = b->rank > 1 ? 2 : 1; /* a vector is one column */
    const tp_status status = tp_pattern_batch(ctx, 0, 2, 0, own);
    if (status != TP_OK || own == 1) return status == TP_OK ? tp_pattern_batch(ctx, 1, 1, 0, 1) : status;
    if (!tp_pattern_operand(ctx, 1)) return TP_OK;
    int axes[TP_MAX_RANK];
    for (int d = 0; d < out->rank; d++) axes[d] = d == out->rank - 2 ? -1 : d - (out->rank - b->rank);
    return tp_pattern_to(ctx, 0, axes);
}
