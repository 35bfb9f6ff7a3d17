/* How much scratch the factorisations take, and what they need done to whole matrices. */
#include "kernels/lapack.h"

#include <string.h>

#include "core/element.h"
#include "kernels/lapack_block.h"
#include "kernels/lapack_provider.h"

size_t tp_lapack_work(tp_lapack_routine routine, size_t element, int64_t m, int64_t n)
{
    const size_t rows = (size_t)m, columns = (size_t)n, most = rows > columns ? rows : columns;
    const size_t least = rows < columns ? rows : columns, spare = 64;
    size_t count = 0;
    switch (routine) {
    case TP_LAPACK_CHOLESKY: count = 2 * TP_LAPACK_BLOCK * columns; break;
    case TP_LAPACK_LU: count = TP_LAPACK_BLOCK * columns; break;
    case TP_LAPACK_TRIANGULAR: count = TP_LAPACK_BLOCK * rows; break;
    case TP_LAPACK_QR: count = least + 2 * most; break;
    case TP_LAPACK_EIGH: count = columns * columns + 3 * columns + (4 * columns) * (sizeof(double) / element); break;
    case TP_LAPACK_SVD:
        count = 3 * most * least + 2 * least * least + 4 * most + 3 * least + 7 * least * (sizeof(double) / element);
        break;
    case TP_LAPACK_EXP: count = 6 * columns * columns + (TP_LAPACK_BLOCK + 2) * columns; break;
    case TP_LAPACK_COFACTOR: count = 12 * columns * columns + (TP_LAPACK_BLOCK + 32) * columns + spare; break;
    }
    const size_t lent = tp_lapack_lent_work(routine, m, n);
    return ((count > lent ? count : lent) + spare) * element;
}

int tp_lapack_eigh(const tp_lapack_loops *loops, const tp_lapack *l, tp_dtype dtype, int64_t n, void *a, void *w,
                   void *v)
{
    int code;
    return tp_lapack_lent_eigh(dtype, l->work, n, a, w, v, &code) ? code : loops->eigh(l, n, a, w, v);
}

int tp_lapack_svd(const tp_lapack_loops *loops, const tp_lapack *l, tp_dtype dtype, int64_t m, int64_t n, void *a,
                  void *u, void *s, void *vt)
{
    int code;
    return tp_lapack_lent_svd(dtype, l->work, m, n, a, u, s, vt, &code) ? code : loops->svd(l, m, n, a, u, s, vt);
}

static void symmetrise_f32(int64_t n, const float *a, float *out)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++) out[i * n + j] = out[j * n + i] = a[i * n + j] / 2 + a[j * n + i] / 2;
}

static void symmetrise_f64(int64_t n, const double *a, double *out)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++) out[i * n + j] = out[j * n + i] = a[i * n + j] / 2 + a[j * n + i] / 2;
}

void tp_lapack_symmetrise(tp_dtype dtype, int64_t n, const void *a, void *out)
{
    if (dtype == TP_F32)
        symmetrise_f32(n, a, out);
    else
        symmetrise_f64(n, a, out);
}

void tp_lapack_triangle(tp_dtype dtype, int64_t m, int64_t n, const void *a, bool upper, double diagonal, void *out)
{
    const int64_t size = (int64_t)tp_dtype_size(dtype);
    for (int64_t i = 0; i < m; i++) {
        const int64_t at = i < n ? i : n, first = upper ? at : 0, last = upper ? n : (at < n ? at + 1 : n);
        const char *const from = (const char *)a + i * n * size;
        char *const to = (char *)out + i * n * size;
        memset(to, 0, (size_t)(n * size));
        memcpy(to + first * size, from + first * size, (size_t)((last - first) * size));
        if (at < n && diagonal != 1)
            tp_put(dtype, to + at * size, diagonal != 0 ? diagonal * tp_get(dtype, from + at * size) : 0);
    }
}

static void divide_row_f32(int64_t n, double s, float *x)
{
    for (int64_t i = 0; i < n; i++) x[i] = s > 0 ? x[i] / (float)s : 0;
}

static void divide_row_f64(int64_t n, double s, double *x)
{
    for (int64_t i = 0; i < n; i++) x[i] = s > 0 ? x[i] / s : 0;
}

void tp_lapack_divide_rows(tp_dtype dtype, int64_t k, int64_t n, const void *s, double limit, void *x)
{
    const int64_t size = (int64_t)tp_dtype_size(dtype);
    for (int64_t i = 0; i < k; i++) {
        const double value = tp_get(dtype, (const char *)s + i * size), by = value > limit ? value : 0;
        void *const row = (char *)x + i * n * size;
        if (dtype == TP_F32)
            divide_row_f32(n, by, row);
        else
            divide_row_f64(n, by, row);
    }
}

void tp_lapack_identity(tp_dtype dtype, int64_t n, void *out)
{
    const int64_t size = (int64_t)tp_dtype_size(dtype);
    memset(out, 0, (size_t)(n * n * size));
    for (int64_t i = 0; i < n; i++) tp_put(dtype, (char *)out + (i * n + i) * size, 1);
}
