/* Eigenvalues and vectors of a symmetric matrix: reflections make it tridiagonal, the implicit QL iteration diagonal.
   The vectors are turned as rows, which adjoin. See level.h. */

/* a -> d (diagonal) and e (beside it); reflection k stays in row k of a, its tau in tau[k]. */
static void N(tridiagonal)(int64_t n, T *a, double *d, double *e, T *tau, T *p)
{
    for (int64_t k = 0; k + 1 < n; k++) {
        const int64_t size = n - 1 - k;
        T *const v = a + k * n + k + 1, *const rest = a + (k + 1) * n + k + 1;
        T beta;
        d[k] = (double)v[-1];
        tau[k] = N(householder)(size, v, &beta);
        e[k] = (double)beta;
        if (tau[k] == 0) continue;
        for (int64_t i = 0; i < size; i++) p[i] = tau[k] * N(dot)(size, rest + i * n, v);
        N(add_row)(size, -tau[k] / 2 * N(dot)(size, p, v), v, p);
        for (int64_t i = 0; i < size; i++) {
            T *restrict const row = rest + i * n;
            const T vi = v[i], pi = p[i];
            SIMD
            for (int64_t j = 0; j < size; j++) row[j] -= vi * p[j] + pi * v[j];
        }
    }
    d[n - 1] = (double)a[n * n - 1];
    e[n - 1] = 0;
}

/* z = Q^T for a = Q (tridiagonal) Q^T */
static void N(reflections)(int64_t n, const T *a, const T *tau, T *z)
{
    memset(z, 0, (size_t)(n * n) * sizeof(T));
    for (int64_t i = 0; i < n; i++) z[i * n + i] = 1;
    for (int64_t k = n - 2; k >= 0; k--) {
        const int64_t size = n - 1 - k;
        const T *const v = a + k * n + k + 1;
        if (tau[k] == 0) continue;
        for (int64_t i = k + 1; i < n; i++) {
            T *const row = z + i * n + k + 1;
            N(add_row)(size, -tau[k] * N(dot)(size, row, v), v, row);
        }
    }
}

/* The root of f^2 + g^2, also where the squares are too small for it. */
INLINE double N(length)(double f, double g)
{
    const double square = f * f + g * g;
    return square > 1e-280 ? sqrt(square) : hypot(f, g);
}

/* One implicit QL step with Wilkinson's shift on the block from `first` to `last`. */
static void N(ql_step)(int64_t n, int64_t first, int64_t last, double *d, double *e, T *z)
{
    double g = (d[first + 1] - d[first]) / (2 * e[first]), r = sqrt(g * g + 1);
    g = d[last] - d[first] + e[first] / (g + copysign(r, g));
    double sine = 1, cosine = 1, shift = 0;
    for (int64_t i = last - 1; i >= first; i--) {
        const double f = sine * e[i], b = cosine * e[i];
        r = N(length)(f, g);
        e[i + 1] = r;
        if (r == 0) { /* the block falls apart here */
            d[i + 1] -= shift;
            e[last] = 0;
            return;
        }
        sine = f / r;
        cosine = g / r;
        g = d[i + 1] - shift;
        r = (d[i] - g) * sine + 2 * cosine * b;
        shift = sine * r;
        d[i + 1] = g + shift;
        g = cosine * r - b;
        N(rotate_rows)(n, (T)cosine, (T)sine, z + i * n, z + (i + 1) * n);
    }
    d[first] -= shift;
    e[first] = g;
    e[last] = 0;
}

/* Numbers are scaled to at most 1: what is below eps^2 beside the diagonal is nothing. */
static bool N(ql)(int64_t n, double *d, double *e, T *z)
{
    enum { STEPS = 60 };
    const double eps = (double)EPSILON;
    for (int64_t first = 0; first < n; first++)
        for (int step = 0;; step++) {
            int64_t last = first;
            while (last + 1 < n && fabs(e[last]) > eps * (fabs(d[last]) + fabs(d[last + 1])) &&
                   fabs(e[last]) > eps * eps)
                last++;
            if (last == first) break;
            if (step == STEPS) return false;
            N(ql_step)(n, first, last, d, e, z);
        }
    return true;
}

/* 1, or -1 where the largest element (the first of equal ones) of n that lie `step` apart is negative. */
static T N(sign_of)(int64_t n, const T *x, int64_t step)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (M(fabs)(x[i * step]) > M(fabs)(x[best * step])) best = i;
    return n && x[best * step] < 0 ? -1 : 1;
}

/* order[i] is the place of the i-th smallest, or largest; equal ones stay in order. */
static void N(sorted)(int64_t n, const double *key, bool descending, int64_t *order)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t k = i;
        for (; k > 0 && (descending ? key[order[k - 1]] < key[i] : key[order[k - 1]] > key[i]); k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
}

static int N(eigh)(const tp_lapack *l, int64_t n, void *a_, void *w_, void *v_)
{
    T *const a = a_, *const w = w_, *const v = v_;
    const T scale = N(largest)(n * n, a);
    if (n == 0) return 0;
    if (!isfinite(scale)) return TP_LAPACK_NOT_FINITE;
    double *const d = l->work, *const e = d + n;
    int64_t *const order = (int64_t *)(void *)(e + n);
    T *const z = (T *)(void *)(order + n), *const tau = z + n * n, *const p = tau + n;
    if (scale > 0)
        for (int64_t i = 0; i < n * n; i++) a[i] /= scale;
    N(tridiagonal)(n, a, d, e, tau, p);
    N(reflections)(n, a, tau, z);
    if (!N(ql)(n, d, e, z)) return TP_LAPACK_NOT_CONVERGED;
    N(sorted)(n, d, false, order);
    for (int64_t j = 0; j < n; j++) {
        const T *const row = z + order[j] * n;
        const T sign = N(sign_of)(n, row, 1);
        w[j] = (T)(d[order[j]] * (double)scale);
        for (int64_t i = 0; i < n; i++) v[i * n + j] = sign * row[i];
    }
    return 0;
}
