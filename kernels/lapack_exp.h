/* exp of a matrix: the [13/13] Pade approximant of a / 2^s, squared s times (Higham, The scaling and squaring method
   for the matrix exponential revisited, 2005). See level.h. */

/* out = c0 I + c2 x2 + c4 x4 + c6 x6 */
static void N(even_terms)(int64_t n, const T *x2, const T *x4, const T *x6, const T c[4], T *out)
{
    SIMD
    for (int64_t i = 0; i < n * n; i++) out[i] = c[1] * x2[i] + c[2] * x4[i] + c[3] * x6[i];
    for (int64_t i = 0; i < n; i++) out[i * n + i] += c[0];
}

static void N(square_product)(const tp_lapack *l, int64_t n, const T *a, const T *b, T *c, bool accumulate)
{
    N(multiply)(l, n, n, n, a, n, 1, b, n, 1, c, n, accumulate);
}

/* The largest sum of magnitudes of a column. */
static double N(column_norm)(int64_t n, const T *a, T *sums)
{
    memset(sums, 0, (size_t)n * sizeof(T));
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) sums[j] += M(fabs)(a[i * n + j]);
    return (double)N(largest)(n, sums);
}

/* e = exp(a) for a whose norm is at most 5.37; the coefficients are divided by the first. */
static void N(pade)(const tp_lapack *l, int64_t n, const T *a, T *e, T *x2, int32_t *pivots)
{
#define B(x) (C(x) / C(64764752532480000.0))
    static const T odd_high[] = {0, B(40840800.0), B(16380.0), B(1.0)};
    static const T odd_low[] = {B(32382376266240000.0), B(1187353796428800.0), B(10559470521600.0), B(33522128640.0)};
    static const T even_high[] = {0, B(1323241920.0), B(960960.0), B(182.0)};
    static const T even_low[] = {1, B(7771770303897600.0), B(129060195264000.0), B(670442572800.0)};
#undef B
    T *const x4 = x2 + n * n, *const x6 = x4 + n * n, *const high = x6 + n * n, *const odd = high + n * n;
    N(square_product)(l, n, a, a, x2, false);
    N(square_product)(l, n, x2, x2, x4, false);
    N(square_product)(l, n, x2, x4, x6, false);
    N(even_terms)(n, x2, x4, x6, odd_high, high);
    N(even_terms)(n, x2, x4, x6, odd_low, e);
    N(square_product)(l, n, x6, high, e, true);
    N(square_product)(l, n, a, e, odd, false);
    N(even_terms)(n, x2, x4, x6, even_high, high);
    N(even_terms)(n, x2, x4, x6, even_low, e);
    N(square_product)(l, n, x6, high, e, true);
    for (int64_t i = 0; i < n * n; i++) {
        high[i] = e[i] - odd[i];
        e[i] += odd[i];
    }
    N(lu)(l, n, high, pivots);
    N(lu_solve)(l, n, n, high, pivots, false, e);
}

static void N(exponential)(const tp_lapack *l, int64_t n, void *a_, void *e_)
{
    T *const a = a_, *const e = e_, *const x2 = (T *)l->work + BLOCK * n;
    int32_t *const pivots = (int32_t *)(void *)(x2 + 5 * n * n);
    const double norm = N(column_norm)(n, a, x2);
    if (!isfinite(norm)) {
        for (int64_t i = 0; i < n * n; i++) e[i] = (T)NAN;
        return;
    }
    int squarings = 0;
    frexp(norm / 5.371920351148152, &squarings);
    if (squarings < 0) squarings = 0;
    for (int64_t i = 0; i < n * n; i++) a[i] = M(ldexp)(a[i], -squarings);
    N(pade)(l, n, a, e, x2, pivots);
    for (int i = 0; i < squarings; i++) {
        memcpy(a, e, (size_t)(n * n) * sizeof(T));
        N(square_product)(l, n, a, a, e, false);
    }
}
