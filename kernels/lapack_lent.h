/* The calls of one float type; the last arguments are the lengths of the strings, as Fortran passes them. */

void LAPACK(syevd)(const char *jobz, const char *uplo, const int *n, T *a, const int *lda, T *w, T *work,
                   const int *lwork, int *iwork, const int *liwork, int *info, size_t length, size_t other);
void LAPACK(gesdd)(const char *jobz, const int *m, const int *n, T *a, const int *lda, T *s, T *u, const int *ldu,
                   T *vt, const int *ldvt, T *work, const int *lwork, int *iwork, int *info, size_t length);

static bool N(all_finite)(int64_t n, const T *x)
{
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return false;
    return true;
}

/* -1 where the largest element of n that lie `step` apart is negative, else 1 */
static T N(sign_of)(int64_t n, const T *x, int64_t step)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (M(fabs)(x[i * step]) > M(fabs)(x[best * step])) best = i;
    return x[best * step] < 0 ? -1 : 1;
}

static int N(eigh)(int n, T *work, T *a, T *w, T *v)
{
    if (!N(all_finite)((int64_t)n * n, a)) return TP_LAPACK_NOT_FINITE;
    const int integers = 3 + 5 * n, numbers = 1 + 6 * n + 2 * n * n + 64 * n;
    int info = 0;
    LAPACK(syevd)("V", "U", &n, a, &n, w, work, &numbers, (int *)(void *)(work + numbers), &integers, &info, 1, 1);
    if (info) return TP_LAPACK_NOT_CONVERGED;
    for (int64_t j = 0; j < n; j++) { /* its columns are our rows */
        const T sign = N(sign_of)(n, a + j * n, 1);
        for (int64_t i = 0; i < n; i++) v[i * n + j] = sign * a[j * n + i];
    }
    return 0;
}

/* a^T = vt^T diag(s) u^T: its left vectors are our rows of vt, its right ones our columns of u, and both lie as ours
 * do. */
static int N(svd)(int m, int n, T *work, T *a, T *u, T *s, T *vt)
{
    const int k = m < n ? m : n, most = m < n ? n : m;
    if (!N(all_finite)((int64_t)m * n, a)) return TP_LAPACK_NOT_FINITE;
    const int numbers = 4 * k * k + 7 * k + most + 64 * (m + n);
    int info = 0;
    LAPACK(gesdd)("S", &n, &m, a, &n, s, vt, &n, u, &k, work, &numbers, (int *)(void *)(work + numbers), &info, 1);
    if (info) return TP_LAPACK_NOT_CONVERGED;
    for (int64_t j = 0; j < k; j++) {
        if (N(sign_of)(m, u + j, k) > 0) continue;
        for (int64_t i = 0; i < m; i++) u[i * k + j] = -u[i * k + j];
        for (int64_t i = 0; i < n; i++) vt[j * n + i] = -vt[j * n + i];
    }
    return 0;
}
