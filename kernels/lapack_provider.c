/* LAPACK behind the face of our own factorisations. It stores by columns: it sees each matrix turned. */
#include "kernels/lapack_provider.h"

#ifdef TP_WITH_LAPACK

#include <math.h>

#include "kernels/gemm_provider.h"

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define N(name) PASTE(PASTE(name, _), TYPE)
#define LAPACK(name) PASTE(PASTE(LETTER, name), _)

/* The workspace of ?syevd with vectors, of ?gesdd with 'S' (its documentation's bound), and their integers. */
size_t tp_lapack_lent_work(tp_lapack_routine routine, int64_t m, int64_t n)
{
    const size_t a = (size_t)m, b = (size_t)n, k = a < b ? a : b, most = a < b ? b : a;
    if (routine == TP_LAPACK_EIGH) return 1 + 6 * b + 2 * b * b + 64 * b + (3 + 5 * b);
    if (routine == TP_LAPACK_SVD) return 4 * k * k + 7 * k + most + 64 * (a + b) + 8 * k;
    return 0;
}

/* From this order on dividing and conquering wins; up to this one the sizes below are good as LAPACK's integers. */
static bool takes(int64_t m, int64_t n)
{
    enum { LEAST = 192, MOST = 1 << 14 };
    return m >= LEAST && n >= LEAST && m <= MOST && n <= MOST;
}

#define T float
#define TYPE f32
#define LETTER s
#define M(fn) fn##f
#include "kernels/lapack_lent.h"
#undef T
#undef TYPE
#undef LETTER
#undef M

#define T double
#define TYPE f64
#define LETTER d
#define M(fn) fn
#include "kernels/lapack_lent.h"

bool tp_lapack_lent_eigh(tp_dtype dtype, void *work, int64_t n, void *a, void *w, void *v, int *code)
{
    if (!takes(n, n)) return false;
    const int held = tp_gemm_provider_hold((int64_t)tp_dtype_size(dtype));
    *code = dtype == TP_F32 ? eigh_f32((int)n, work, a, w, v) : eigh_f64((int)n, work, a, w, v);
    tp_gemm_provider_release((int64_t)tp_dtype_size(dtype), held);
    return true;
}

bool tp_lapack_lent_svd(tp_dtype dtype, void *work, int64_t m, int64_t n, void *a, void *u, void *s, void *vt,
                        int *code)
{
    if (!takes(m, n)) return false;
    const int held = tp_gemm_provider_hold((int64_t)tp_dtype_size(dtype));
    *code = dtype == TP_F32 ? svd_f32((int)m, (int)n, work, a, u, s, vt) : svd_f64((int)m, (int)n, work, a, u, s, vt);
    tp_gemm_provider_release((int64_t)tp_dtype_size(dtype), held);
    return true;
}

#else

size_t tp_lapack_lent_work(tp_lapack_routine routine, int64_t m, int64_t n)
{
    (void)routine, (void)m, (void)n;
    return 0;
}

bool tp_lapack_lent_eigh(tp_dtype dtype, void *work, int64_t n, void *a, void *w, void *v, int *code)
{
    (void)dtype, (void)work, (void)n, (void)a, (void)w, (void)v, (void)code;
    return false;
}

bool tp_lapack_lent_svd(tp_dtype dtype, void *work, int64_t m, int64_t n, void *a, void *u, void *s, void *vt,
                        int *code)
{
    (void)dtype, (void)work, (void)m, (void)n, (void)a, (void)u, (void)s, (void)vt, (void)code;
    return false;
}

#endif
