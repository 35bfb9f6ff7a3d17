/* Tensors of given numbers, as constants on a tape. Of rank 0 they are scalar nodes. */
#include <math.h>

#include "ops/ops.h"

/* A new constant's tensor, not initialised; NULL after setting the error. */
static tp_tensor *blank(tp_tape *tape, const char *name, tp_dtype dtype, int rank, const int64_t *dims)
{
    if (rank < 0 || rank > TP_MAX_RANK || (rank && !dims)) {
        tp_tape_fail(tape, TP_E_LIMIT, "tp_%s: rank %d is not in 0..%d, or dims are NULL", name, rank, TP_MAX_RANK);
        return NULL;
    }
    return tp_new_tensor(tape, dtype, rank, dims, name);
}

static tp_var filled(tp_tape *tape, const char *name, tp_dtype dtype, int rank, const int64_t *dims, double value)
{
    if (!tape) return tp_poison(NULL);
    if (rank == 0 && tp_dtype_size(dtype)) return tp_const(tape, value);
    tp_tensor *x = blank(tape, name, dtype, rank, dims);
    if (!x) return tp_poison(tape);
    tp_fill(x->count, dtype, x->data, value);
    return tp_constant_tensor(tape, x);
}

tp_var tp_full(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims, double value)
{
    return filled(tape, "full", dtype, rank, dims, value);
}

tp_var tp_zeros(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims)
{
    return filled(tape, "zeros", dtype, rank, dims, 0);
}

tp_var tp_ones(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims)
{
    return filled(tape, "ones", dtype, rank, dims, 1);
}

tp_var tp_full_like(tp_var x, double value)
{
    if (!x.tape || !tp_check_operand(x.tape, "full_like", x, 0)) return tp_poison(x.tape);
    return filled(x.tape, "full_like", tp_var_dtype(x), tp_var_rank(x), tp_var_dims(x), value);
}

tp_var tp_zeros_like(tp_var x)
{
    return tp_full_like(x, 0);
}

tp_var tp_ones_like(tp_var x)
{
    return tp_full_like(x, 1);
}

tp_var tp_eye(tp_tape *tape, tp_dtype dtype, int64_t rows, int64_t columns)
{
    if (!tape) return tp_poison(NULL);
    tp_tensor *x = blank(tape, "eye", dtype, 2, (int64_t[]){rows, columns});
    if (!x) return tp_poison(tape);
    tp_fill(x->count, dtype, x->data, 0);
    for (int64_t i = 0; i < rows && i < columns; i++)
        tp_put(dtype, x->data + i * (columns + 1) * (int64_t)tp_dtype_size(dtype), 1);
    return tp_constant_tensor(tape, x);
}

/* ---- evenly spaced ---- */

tp_var tp_arange(tp_tape *tape, tp_dtype dtype, double start, double stop, double step)
{
    if (!tape) return tp_poison(NULL);
    const double steps = ceil((stop - start) / step);
    if (!(step != 0 && isfinite(start) && isfinite(stop) && isfinite(step) && steps < 0x1p53))
        return tp_refuse(tape, TP_E_ARGUMENT, "tp_arange: from %g below %g by %g", start, stop, step);
    const int64_t n = steps > 0 ? (int64_t)steps : 0;
    tp_tensor *x = blank(tape, "arange", dtype, 1, &n);
    if (!x) return tp_poison(tape);
    for (int64_t i = 0; i < n; i++)
        tp_put(dtype, x->data + i * (int64_t)tp_dtype_size(dtype), start + (double)i * step);
    return tp_constant_tensor(tape, x);
}

/* Counted from the nearer end, so that both ends are exact. */
tp_var tp_linspace(tp_tape *tape, tp_dtype dtype, double first, double last, int64_t n)
{
    if (!tape) return tp_poison(NULL);
    const double step = n > 1 ? (last - first) / (double)(n - 1) : 0;
    if (!(isfinite(first) && isfinite(last) && isfinite(step)))
        return tp_refuse(tape, TP_E_ARGUMENT, "tp_linspace: from %g to %g", first, last);
    tp_tensor *x = blank(tape, "linspace", dtype, 1, &n);
    if (!x) return tp_poison(tape);
    for (int64_t i = 0; i < n; i++)
        tp_put(dtype, x->data + i * (int64_t)tp_dtype_size(dtype),
               2 * i < n ? first + (double)i * step : last - (double)(n - 1 - i) * step);
    return tp_constant_tensor(tape, x);
}
