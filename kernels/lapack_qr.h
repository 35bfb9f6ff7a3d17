/* QR factors by Householder reflections H = I - tau v v^T, v[0] = 1, applied by rows. See level.h. */

/* Makes x (n elements) into v in place, with H x = (beta, 0, ...); returns tau, which is 0 where nothing is
   to be done. */
static T N(householder)(int64_t n, T *x, T *beta)
{
    const T scale = N(largest)(n - 1, x + 1), head = *beta = x[0];
    x[0] = 1;
    if (scale == 0) return 0;
    const T whole = M(fabs)(head) > scale ? M(fabs)(head) : scale, first = head / whole;
    T sum = first * first;
    for (int64_t i = 1; i < n; i++) {
        x[i] /= whole; /* so that neither squares nor the rounding of very small numbers matter */
        sum += x[i] * x[i];
    }
    const T norm = first > 0 ? -M(sqrt)(sum) : M(sqrt)(sum), pivot = first - norm;
    N(scale_all)(n - 1, 1 / pivot, x + 1);
    *beta = norm * whole;
    return -pivot / norm;
}

/* a (rows x cols, `ld` apart) = (I - tau v v^T) a */
static void N(reflect)(int64_t rows, int64_t cols, T tau, const T *v, T *a, int64_t ld, T *sums)
{
    if (tau == 0 || cols == 0) return;
    memset(sums, 0, (size_t)cols * sizeof(T));
    N(subtract_rows)(rows, cols, v, 1, a, ld, sums);
    for (int64_t i = 0; i < rows; i++) N(add_row)(cols, tau * v[i], sums, a + i * ld);
}

static void N(qr)(const tp_lapack *l, int64_t m, int64_t n, void *a_, void *q_, void *r_)
{
    T *const a = a_, *const q = q_, *const r = r_;
    const int64_t k = smaller(m, n);
    T *const tau = l->work, *const v = tau + k, *const sums = v + m;
    for (int64_t j = 0; j < k; j++) {
        T beta;
        for (int64_t i = j; i < m; i++) v[i - j] = a[i * n + j];
        tau[j] = N(householder)(m - j, v, &beta);
        N(reflect)(m - j, n - j - 1, tau[j], v, a + j * n + j + 1, n, sums);
        a[j * n + j] = beta;
        for (int64_t i = j + 1; i < m; i++) a[i * n + j] = v[i - j];
    }
    memset(q, 0, (size_t)(m * k) * sizeof(T));
    for (int64_t j = k - 1; j >= 0; j--) {
        q[j * k + j] = v[0] = 1;
        for (int64_t i = j + 1; i < m; i++) v[i - j] = a[i * n + j];
        N(reflect)(m - j, k - j, tau[j], v, q + j * k + j, k, sums);
    }
    for (int64_t j = 0; j < k; j++) {
        const T sign = a[j * n + j] < 0 ? -1 : 1;
        for (int64_t i = 0; i < n; i++) r[j * n + i] = i < j ? 0 : sign * a[j * n + i];
        if (sign < 0)
            for (int64_t i = 0; i < m; i++) q[i * k + j] = -q[i * k + j];
    }
}
