/* First values with a structure: orthogonal rows, sparse columns. */
#include <math.h>

#include <tapir/nn_init.h>

#include "core/memory.h"
#include "core/tensor.h"
#include "kernels/kernels.h"
#include "nn/init.h"

/* With four sums, so that it need not wait for each addition. */
static double dot(int64_t n, const double *a, const double *b)
{
    double sum[4] = {0};
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++) sum[k] += a[i + k] * b[i + k];
    for (; i < n; i++) sum[0] += a[i] * b[i];
    return sum[0] + sum[1] + (sum[2] + sum[3]);
}

/* The k rows of a (k by n, k <= n) become orthonormal, by Gram and Schmidt's process; a second time for what rounding
   left (Giraud, Langou, Rozloznik, "The loss of orthogonality in the Gram-Schmidt orthogonalization process", 2005). */
static void orthonormalise(int64_t k, int64_t n, double *a)
{
    for (int pass = 0; pass < 2; pass++)
        for (int64_t i = 0; i < k; i++) {
            double *u = a + i * n;
            const double scale = 1 / sqrt(dot(n, u, u));
            for (int64_t c = 0; c < n; c++) u[c] *= scale;
            for (int64_t j = i + 1; j < k; j++) {
                double *v = a + j * n;
                const double along = dot(n, u, v);
                for (int64_t c = 0; c < n; c++) v[c] -= along * u[c];
            }
        }
}

static void put(tp_tensor *tensor, char *data, int64_t i, double value)
{
    const tp_dtype dtype = (tp_dtype)tensor->dtype;
    tp_put(dtype, data + tp_tensor_offset(tensor, i) * (int64_t)tp_dtype_size(dtype), value);
}

tp_status tp_init_orthogonal(tp_tensor *tensor, double gain, tp_rng *rng, tp_error *error)
{
    tp_status status = tp_init_check("tp_init_orthogonal", tensor, rng, 2, error);
    if (status != TP_OK) return status;
    if (!isfinite(gain)) return tp_fail(error, TP_E_ARGUMENT, "tp_init_orthogonal: a gain of %g", gain);
    if (tensor->count == 0) return TP_OK;
    const int64_t rows = tensor->dims[0], columns = tensor->count / rows;
    const bool wide = rows <= columns;
    const int64_t k = wide ? rows : columns, n = wide ? columns : rows;
    const size_t bytes = (size_t)tensor->count * sizeof(double);
    double *a = tp_allocate(&tp_default_allocator, bytes);
    if (!a) return tp_fail(error, TP_E_MEMORY, "tp_init_orthogonal: no memory for %zu bytes", bytes);
    for (int64_t i = 0; i < tensor->count; i++) a[i] = tp_rng_normal(rng);
    orthonormalise(k, n, a);
    char *data = tp_tensor_data(tensor);
    for (int64_t i = 0; i < tensor->count; i++) {
        const int64_t r = i / columns, c = i % columns;
        put(tensor, data, i, gain * (wide ? a[r * n + c] : a[c * n + r]));
    }
    tp_deallocate(&tp_default_allocator, a, bytes);
    return TP_OK;
}

tp_status tp_init_sparse(tp_tensor *tensor, double sparsity, double deviation, tp_rng *rng, tp_error *error)
{
    tp_status status = tp_init_check("tp_init_sparse", tensor, rng, 2, error);
    if (status != TP_OK) return status;
    if (tensor->rank != 2 || tensor->dims[0] > UINT32_MAX)
        return tp_fail(error, TP_E_SHAPE, "tp_init_sparse: a matrix is needed, not rank %d", (int)tensor->rank);
    if (!(sparsity >= 0 && sparsity <= 1) || !(deviation >= 0) || !isfinite(deviation))
        return tp_fail(error, TP_E_ARGUMENT, "tp_init_sparse: sparsity %g, deviation %g", sparsity, deviation);
    const int64_t rows = tensor->dims[0], columns = tensor->dims[1];
    const size_t bytes = (size_t)rows * sizeof(uint32_t);
    uint32_t *order = rows ? tp_allocate(&tp_default_allocator, bytes) : NULL;
    if (rows && !order) return tp_fail(error, TP_E_MEMORY, "tp_init_sparse: no memory for %zu bytes", bytes);
    status = tp_init_normal(tensor, 0, deviation, rng, error);
    char *data = tp_tensor_data(tensor);
    const int64_t zeros = (int64_t)ceil(sparsity * (double)rows);
    for (int64_t c = 0; c < columns && rows; c++) {
        tp_rng_permutation(rng, order, (uint32_t)rows);
        for (int64_t i = 0; i < zeros; i++) put(tensor, data, order[i] * columns + c, 0);
    }
    if (order) tp_deallocate(&tp_default_allocator, order, bytes);
    return status;
}
