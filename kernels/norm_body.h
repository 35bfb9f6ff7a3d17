/* Loops of the normalisations for one element type T. Sums run in four parts at once, a block at a time; blocks are
   added up in f64, so that long runs lose nothing. */

enum { N(BLOCK) = 4096 };

INLINE int64_t N(block_at)(int64_t at, int64_t n)
{
    return n - at < N(BLOCK) ? n - at : N(BLOCK);
}

INLINE double N(sum_block)(int64_t n, const T *restrict x)
{
    const int64_t q = n / 4;
    T a = 0, b = 0, c = 0, d = 0;
    SIMD_SUMS(a, b, c, d)
    for (int64_t i = 0; i < q; i++) a += x[i], b += x[i + q], c += x[i + 2 * q], d += x[i + 3 * q];
    for (int64_t i = 4 * q; i < n; i++) a += x[i];
    return (double)((a + b) + (c + d));
}

INLINE double N(squares_block)(int64_t n, const T *restrict x, T mean)
{
    const int64_t q = n / 4;
    T a = 0, b = 0, c = 0, d = 0;
    SIMD_SUMS(a, b, c, d)
    for (int64_t i = 0; i < q; i++) {
        const T s = x[i] - mean, t = x[i + q] - mean, u = x[i + 2 * q] - mean, v = x[i + 3 * q] - mean;
        a += s * s, b += t * t, c += u * u, d += v * v;
    }
    for (int64_t i = 4 * q; i < n; i++) a += (x[i] - mean) * (x[i] - mean);
    return (double)((a + b) + (c + d));
}

static double N(norm_sum)(int64_t n, const void *px)
{
    const T *const x = px;
    double total = 0;
    for (int64_t at = 0; at < n; at += N(BLOCK)) total += N(sum_block)(N(block_at)(at, n), x + at);
    return total;
}

static double N(norm_squares)(int64_t n, const void *px, double mean)
{
    const T *const x = px;
    double total = 0;
    for (int64_t at = 0; at < n; at += N(BLOCK)) total += N(squares_block)(N(block_at)(at, n), x + at, (T)mean);
    return total;
}

static void N(norm_apply)(int64_t n, void *pout, const void *px, double mean, double scale, const void *pgain,
                          const void *pbias)
{
    T *restrict const out = pout;
    const T *restrict const x = px;
    const T *restrict const gain = pgain;
    const T *restrict const bias = pbias;
    const T m = (T)mean, s = (T)scale;
    if (gain && bias) {
        SIMD
        for (int64_t i = 0; i < n; i++) out[i] = (x[i] - m) * s * gain[i] + bias[i];
    } else if (gain) {
        SIMD
        for (int64_t i = 0; i < n; i++) out[i] = (x[i] - m) * s * gain[i];
    } else if (bias) {
        SIMD
        for (int64_t i = 0; i < n; i++) out[i] = (x[i] - m) * s + bias[i];
    } else {
        SIMD
        for (int64_t i = 0; i < n; i++) out[i] = (x[i] - m) * s;
    }
}

static void N(norm_apply_one)(int64_t n, void *pout, const void *px, double mean, double scale, double bias)
{
    T *restrict const out = pout;
    const T *restrict const x = px;
    const T m = (T)mean, s = (T)scale, b = (T)bias;
    SIMD
    for (int64_t i = 0; i < n; i++) out[i] = (x[i] - m) * s + b;
}

INLINE void N(dot_block)(int64_t n, const T *restrict g, const T *restrict x, T mean, double sums[2])
{
    const int64_t q = n / 2;
    T a = 0, b = 0, c = 0, d = 0;
    SIMD_SUMS(a, b, c, d)
    for (int64_t i = 0; i < q; i++) {
        a += g[i], b += g[i + q];
        c += g[i] * (x[i] - mean), d += g[i + q] * (x[i + q] - mean);
    }
    for (int64_t i = 2 * q; i < n; i++) a += g[i], c += g[i] * (x[i] - mean);
    sums[0] += (double)(a + b);
    sums[1] += (double)(c + d);
}

INLINE void N(dot_gain_block)(int64_t n, const T *restrict g, const T *restrict x, T mean, const T *restrict gain,
                              double sums[2])
{
    const int64_t q = n / 2;
    T a = 0, b = 0, c = 0, d = 0;
    SIMD_SUMS(a, b, c, d)
    for (int64_t i = 0; i < q; i++) {
        const T s = g[i] * gain[i], t = g[i + q] * gain[i + q];
        a += s, b += t;
        c += s * (x[i] - mean), d += t * (x[i + q] - mean);
    }
    for (int64_t i = 2 * q; i < n; i++) a += g[i] * gain[i], c += g[i] * gain[i] * (x[i] - mean);
    sums[0] += (double)(a + b);
    sums[1] += (double)(c + d);
}

static void N(norm_dot)(int64_t n, const void *pg, const void *px, double mean, const void *pgain, double sums[2])
{
    const T *const g = pg, *const x = px, *const gain = pgain;
    for (int64_t at = 0; at < n; at += N(BLOCK)) {
        if (gain)
            N(dot_gain_block)(N(block_at)(at, n), g + at, x + at, (T)mean, gain + at, sums);
        else
            N(dot_block)(N(block_at)(at, n), g + at, x + at, (T)mean, sums);
    }
}

static void N(norm_slope)(int64_t n, void *pout, const void *pg, const void *px, double mean, const void *pgain,
                          double a, double b, double c)
{
    T *restrict const out = pout;
    const T *restrict const g = pg;
    const T *restrict const x = px;
    const T *restrict const gain = pgain;
    const T m = (T)mean, ta = (T)a, tb = (T)b, tc = (T)c;
    if (gain) {
        SIMD
        for (int64_t i = 0; i < n; i++) out[i] = ta * (g[i] * gain[i]) + tb * (x[i] - m) + tc;
    } else {
        SIMD
        for (int64_t i = 0; i < n; i++) out[i] = ta * g[i] + tb * (x[i] - m) + tc;
    }
}

static void N(norm_affine)(int64_t n, void *pgain, void *pbias, const void *pg, const void *px, double mean,
                           double scale)
{
    T *restrict const dgain = pgain;
    T *restrict const dbias = pbias;
    const T *restrict const g = pg;
    const T *restrict const x = px;
    const T m = (T)mean, s = (T)scale;
    SIMD
    for (int64_t i = 0; i < n; i++) {
        dgain[i] += g[i] * ((x[i] - m) * s);
        dbias[i] += g[i];
    }
}

static void N(norm_add_wide)(int64_t n, double *restrict sum, void *px)
{
    T *restrict const x = px;
    SIMD
    for (int64_t i = 0; i < n; i++) {
        sum[i] += (double)x[i];
        x[i] = 0;
    }
}

/* y += scale sum of x_j over j from c - before to c + behind, for a channel c of (channels, run). */
INLINE void N(window_sum)(const tp_lrn_shape *s, int64_t c, int64_t before, int64_t behind, T *restrict y,
                          const T *restrict x, T scale, bool square)
{
    const int64_t first = c < before ? 0 : c - before;
    const int64_t last = behind > s->channels - 1 - c ? s->channels - 1 : c + behind;
    for (int64_t j = first; j <= last; j++) {
        const T *restrict const row = x + j * s->run;
        SIMD
        for (int64_t i = 0; i < s->run; i++) y[i] += scale * (square ? row[i] * row[i] : row[i]);
    }
}

static void N(norm_lrn)(const tp_lrn_shape *s, void *pout, void *pd, const void *px)
{
    for (int64_t c = 0; c < s->channels; c++) {
        T *restrict const out = (T *)pout + c * s->run;
        T *restrict const d = (T *)pd + c * s->run;
        const T *restrict const x = (const T *)px + c * s->run;
        const T power = (T)-s->beta, k = (T)s->k;
        for (int64_t i = 0; i < s->run; i++) d[i] = k;
        N(window_sum)(s, c, s->before, s->behind, d, px, (T)s->scale, true);
        SIMD
        for (int64_t i = 0; i < s->run; i++) out[i] = x[i] * M(pow)(d[i], power);
    }
}

static void N(norm_lrn_slope)(const tp_lrn_shape *s, void *pdx, void *pwork, const void *pg, const void *px,
                              const void *pd)
{
    const int64_t n = s->channels * s->run;
    T *restrict const work = pwork;
    T *restrict const dx = pdx;
    const T *restrict const g = pg;
    const T *restrict const x = px;
    const T *restrict const d = pd;
    const T power = (T)-s->beta;
    SIMD
    for (int64_t i = 0; i < n; i++) {
        const T t = g[i] * M(pow)(d[i], power);
        dx[i] = g[i] == 0 ? 0 : t;
        work[i] = g[i] == 0 ? 0 : t * x[i] / d[i];
    }
    for (int64_t c = 0; c < s->channels; c++) { /* those that see channel c: the window turned about */
        enum { PART = 64 };
        for (int64_t at = 0; at < s->run; at += PART) {
            const int64_t m = s->run - at < PART ? s->run - at : PART;
            T sum[PART] = {0};
            const int64_t first = c < s->behind ? 0 : c - s->behind;
            const int64_t last = s->before > s->channels - 1 - c ? s->channels - 1 : c + s->before;
            for (int64_t j = first; j <= last; j++)
                for (int64_t i = 0; i < m; i++) sum[i] += work[j * s->run + at + i];
            for (int64_t i = 0; i < m; i++) {
                const int64_t k = c * s->run + at + i;
                dx[k] -= (T)(2 * s->beta * s->scale) * x[k] * sum[i];
            }
        }
    }
}

extern const tp_norm_loops TABLE(tp_norm);
const tp_norm_loops TABLE(tp_norm) = {
    .sum = N(norm_sum),
    .squares = N(norm_squares),
    .apply = N(norm_apply),
    .apply_one = N(norm_apply_one),
    .dot = N(norm_dot),
    .slope = N(norm_slope),
    .affine = N(norm_affine),
    .add_wide = N(norm_add_wide),
    .lrn = N(norm_lrn),
    .lrn_slope = N(norm_lrn_slope),
};
