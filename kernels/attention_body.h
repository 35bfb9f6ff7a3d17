/* Rows of attention's weights, and rotated pairs, for one element type T. Input and output may be one, so nothing is
   restrict; each element is read before its place is written. */

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

static void N(attention_angles)(int64_t n, void *pcosines, void *psines, double position, const double *rates)
{
    T *const cosines = pcosines, *const sines = psines;
    SIMD
    for (int64_t i = 0; i < n; i++) cosines[i] = (T)cos(position * rates[i]);
    SIMD
    for (int64_t i = 0; i < n; i++) sines[i] = (T)sin(position * rates[i]);
}

INLINE void N(rotate_pairs)(int64_t pairs, int64_t apart, int64_t next, T sign, T *restrict out, const T *restrict x,
                            int64_t step, const T *restrict cosines, const T *restrict sines)
{
    SIMD
    for (int64_t i = 0; i < pairs; i++) {
        const T a = x[i * next * step], b = x[(i * next + apart) * step], s = sign * sines[i];
        out[i * next] = a * cosines[i] - b * s;
        out[i * next + apart] = a * s + b * cosines[i];
    }
}

static void N(attention_rotate)(int64_t pairs, bool halves, bool back, void *out, const void *x, int64_t step,
                                const void *cosines, const void *sines)
{
    const T sign = back ? -1 : 1;
    if (halves && step == 1)
        N(rotate_pairs)(pairs, pairs, 1, sign, out, x, 1, cosines, sines);
    else if (halves)
        N(rotate_pairs)(pairs, pairs, 1, sign, out, x, step, cosines, sines);
    else if (step == 1)
        N(rotate_pairs)(pairs, 1, 2, sign, out, x, 1, cosines, sines);
    else
        N(rotate_pairs)(pairs, 1, 2, sign, out, x, step, cosines, sines);
}

extern const tp_attention_loops TABLE(tp_attention_loops);
const tp_attention_loops TABLE(tp_attention_loops) = {
    .weights = N(attention_weights),
    .slope = N(attention_slope),
    .angles = N(attention_angles),
    .rotate = N(attention_rotate),
};
