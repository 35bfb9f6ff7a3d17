/* Rows of attention's weights for one element type T. Input and output may be one, so nothing is restrict; each element
   is read before its place is written. */

static void N(attention_weights)(int64_t n, int64_t seen, void *pout, const void *px, double scale,
                                 const uint8_t *allowed, const void *padded)
{
    T *const out = pout;
    const T *const x = px, *const added = padded;
    const T s = (T)scale;
    T max = (T)-HUGE_VAL, sum = 0;
    SIMD
    for (int64_t i = 0; i < seen; i++) out[i] = x[i] * s;
    if (added) {
        SIMD
        for (int64_t i = 0; i < seen; i++) out[i] += added[i];
    }
    if (allowed) {
        SIMD
        for (int64_t i = 0; i < seen; i++) out[i] = allowed[i] ? out[i] : (T)-HUGE_VAL;
    }
    for (int64_t i = seen; i < n; i++) out[i] = 0;
    SIMD_MAX(max)
    for (int64_t i = 0; i < seen; i++) max = out[i] > max ? out[i] : max;
    const T shift = max == (T)-HUGE_VAL ? 0 : max; /* nothing is left: each power is 0, or NaN */
    SIMD_SUM(sum)
    for (int64_t i = 0; i < seen; i++) {
        const T e = M(exp)(out[i] - shift);
        out[i] = e;
        sum += e;
    }
    const T factor = sum == 0 ? 0 : 1 / sum;
    SIMD
    for (int64_t i = 0; i < seen; i++) out[i] *= factor;
}

static void N(attention_slope)(int64_t n, void *pout, const void *py, const void *pg, double scale)
{
    T *const out = pout;
    const T *const y = py, *const g = pg;
    const T s = (T)scale;
    T dot = 0;
    SIMD_SUM(dot)
    for (int64_t i = 0; i < n; i++) dot += y[i] * g[i];
    SIMD
    for (int64_t i = 0; i < n; i++) out[i] = s * y[i] * (g[i] - dot);
}

extern const tp_attention_loops TABLE(tp_attention_loops);
const tp_attention_loops TABLE(tp_attention_loops) = {
    .weights = N(attention_weights),
    .slope = N(attention_slope),
};
