/* Determinants, their first and their second derivatives. A well-conditioned a has them through b = a^-T; any other
   through a = u diag(s) v^T, where they are products of some of the s and nothing is divided. See level.h. */

static double N(determinant)(int64_t n, const void *lu_, const int32_t *pivots, int64_t *exponent)
{
    const T *const lu = lu_;
    double mantissa = 1;
    *exponent = 0;
    for (int64_t i = 0; i < n; i++) {
        int power = 0;
        mantissa = frexp(mantissa * (double)lu[i * n + i], &power);
        *exponent += power;
        if (pivots[i] != i) mantissa = -mantissa;
    }
    return mantissa;
}

static T N(whole_determinant)(int64_t n, const T *lu, const int32_t *pivots)
{
    int64_t exponent;
    const double mantissa = N(determinant)(n, lu, pivots, &exponent);
    const int64_t far = 1 << 14; /* beyond what any float holds */
    return (T)ldexp(mantissa, (int)(exponent > far ? far : (exponent < -far ? -far : exponent)));
}

/* No pivot is small beside the largest: dividing by them loses at most half of the digits. */
static bool N(divisible)(int64_t n, const T *lu)
{
    T low = n ? M(fabs)(lu[0]) : 1, high = low;
    for (int64_t i = 1; i < n; i++) {
        const T pivot = M(fabs)(lu[i * n + i]);
        low = pivot < low ? pivot : low;
        high = pivot > high ? pivot : high;
    }
    return low > M(sqrt)(EPSILON) * high && isfinite(high);
}

/* What both derivatives start from: b = a^-T and det, or u, s, vt and the sign of det u det v. */
typedef struct N(expansion) {
    bool inverted;
    T det, sign;
    T *b, *u, *s, *vt, *spare; /* spare: three matrices */
    tp_lapack inner;
    int32_t *pivots;
} N(expansion);

static T N(sign_of_orthogonal)(const N(expansion) * x, int64_t n, const T *q)
{
    memcpy(x->spare, q, (size_t)(n * n) * sizeof(T));
    N(lu)(&x->inner, n, x->spare, x->pivots);
    return N(whole_determinant)(n, x->spare, x->pivots) < 0 ? -1 : 1;
}

/* False where a holds NaN or Inf. */
static bool N(expand)(const tp_lapack *l, int64_t n, T *a, N(expansion) * x)
{
    const int64_t whole = n * n;
    T *at = l->work;
    *x = (N(expansion)){.b = at, .u = at, .vt = at + whole, .spare = at + 2 * whole, .s = at + 5 * whole, .inner = *l};
    x->pivots = (int32_t *)(void *)(x->s + n);
    x->inner.work = at + (5 * whole + 3 * n + 15) / 16 * 16; /* it holds doubles */
    T *const lu = x->spare;
    memcpy(lu, a, (size_t)whole * sizeof(T));
    N(lu)(&x->inner, n, lu, x->pivots);
    x->det = N(whole_determinant)(n, lu, x->pivots);
    x->inverted = N(divisible)(n, lu);
    if (x->inverted) {
        memset(x->b, 0, (size_t)whole * sizeof(T));
        for (int64_t i = 0; i < n; i++) x->b[i * n + i] = 1;
        N(lu_solve)(&x->inner, n, n, lu, x->pivots, true, x->b);
        return true;
    }
    if (N(svd)(&x->inner, n, n, a, x->u, x->s, x->vt) != 0) return false;
    x->sign = N(sign_of_orthogonal)(x, n, x->u) * N(sign_of_orthogonal)(x, n, x->vt);
    return true;
}

/* The product of all s but those at i and k. */
static T N(others)(int64_t n, const T *s, int64_t i, int64_t k)
{
    T product = 1;
    for (int64_t j = 0; j < n; j++)
        if (j != i && j != k) product *= s[j];
    return product;
}

static void N(fill_nan)(int64_t n, T *x)
{
    for (int64_t i = 0; i < n; i++) x[i] = (T)NAN;
}

/* c = det b, or u diag(products of the other s) vt */
static void N(cofactor)(const tp_lapack *l, int64_t n, void *a, void *c_)
{
    T *const c = c_;
    N(expansion) x;
    if (!N(expand)(l, n, a, &x)) {
        N(fill_nan)(n * n, c);
        return;
    }
    if (x.inverted) {
        for (int64_t i = 0; i < n * n; i++) c[i] = x.det * x.b[i];
        return;
    }
    for (int64_t j = 0; j < n; j++) N(scale_all)(n, x.sign * N(others)(n, x.s, j, j), x.vt + j * n);
    N(multiply)(&x.inner, n, n, n, x.u, n, 1, x.vt, n, 1, c, n, false);
}

/* det (<g, b> b - b g^T b) */
static void N(slope_inverted)(const N(expansion) * x, int64_t n, const T *g, T *s)
{
    const T inner = N(dot)(n * n, g, x->b);
    N(multiply)(&x->inner, n, n, n, x->b, n, 1, g, 1, n, x->spare, n, false);
    N(multiply)(&x->inner, n, n, n, x->spare, n, 1, x->b, n, 1, s, n, false);
    for (int64_t i = 0; i < n * n; i++) s[i] = x->det * (inner * x->b[i] - s[i]);
}

/* With h = u^T g v and e[i, k] the product of all s but those at i and k, s = u z vt for z[i, i] = sum over k != i of
   h[k, k] e[i, k], and z[i, k] = -h[k, i] e[i, k] elsewhere. */
static void N(slope_expanded)(const N(expansion) * x, int64_t n, const T *g, T *s)
{
    T *const first = x->spare, *const h = first + n * n, *const z = h + n * n;
    N(multiply)(&x->inner, n, n, n, x->u, 1, n, g, n, 1, first, n, false);
    N(multiply)(&x->inner, n, n, n, first, n, 1, x->vt, 1, n, h, n, false);
    for (int64_t i = 0; i < n; i++) {
        T sum = 0;
        for (int64_t k = 0; k < n; k++) {
            const T product = x->sign * N(others)(n, x->s, i, k);
            if (k != i) sum += h[k * n + k] * product;
            z[i * n + k] = -h[k * n + i] * product;
        }
        z[i * n + i] = sum;
    }
    N(multiply)(&x->inner, n, n, n, x->u, n, 1, z, n, 1, first, n, false);
    N(multiply)(&x->inner, n, n, n, first, n, 1, x->vt, n, 1, s, n, false);
}

static void N(cofactor_slope)(const tp_lapack *l, int64_t n, void *a, const void *g, void *s)
{
    N(expansion) x;
    if (!N(expand)(l, n, a, &x))
        N(fill_nan)(n * n, s);
    else if (x.inverted)
        N(slope_inverted)(&x, n, g, s);
    else
        N(slope_expanded)(&x, n, g, s);
}
