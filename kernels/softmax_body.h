/* The softmax family along an axis whose elements lie apart, for one element type T: a band of columns at a time, so
   that what a pass reads is still near at the next. */

enum { N(BAND) = 64 };

static void N(softmax_band)(int64_t n, int64_t step, int64_t m, T *restrict out, const T *restrict x, bool logs)
{
    T shift[N(BAND)], sum[N(BAND)];
    for (int64_t j = 0; j < m; j++) shift[j] = (T)-HUGE_VAL, sum[j] = 0;
    for (int64_t i = 0; i < n; i++) {
        const T *restrict const row = x + i * step;
        SIMD
        for (int64_t j = 0; j < m; j++) shift[j] = row[j] > shift[j] || row[j] != row[j] ? row[j] : shift[j];
    }
    SIMD
    for (int64_t j = 0; j < m; j++) shift[j] = M(fabs)(shift[j]) == (T)HUGE_VAL ? 0 : shift[j];
    for (int64_t i = 0; i < n; i++) {
        const T *restrict const row = x + i * step;
        T *restrict const to = out + i * step;
        SIMD
        for (int64_t j = 0; j < m; j++) {
            const T e = M(exp)(row[j] - shift[j]);
            to[j] = e;
            sum[j] += e;
        }
    }
    SIMD
    for (int64_t j = 0; j < m; j++) sum[j] = logs ? M(log)(sum[j]) : 1 / sum[j];
    for (int64_t i = 0; i < n; i++) {
        const T *restrict const row = x + i * step;
        T *restrict const to = out + i * step;
        if (logs) {
            SIMD
            for (int64_t j = 0; j < m; j++) to[j] = row[j] - shift[j] - sum[j];
        } else {
            SIMD
            for (int64_t j = 0; j < m; j++) to[j] *= sum[j];
        }
    }
}

static void N(slope_band)(int64_t n, int64_t step, int64_t m, T *restrict out, const T *restrict y, const T *restrict g,
                          bool logs)
{
    T dot[N(BAND)], any[N(BAND)];
    for (int64_t j = 0; j < m; j++) dot[j] = any[j] = 0;
    for (int64_t i = 0; i < n; i++) {
        const T *restrict const gi = g + i * step;
        const T *restrict const yi = y + i * step;
        SIMD
        for (int64_t j = 0; j < m; j++) {
            dot[j] += logs ? gi[j] : gi[j] * yi[j];
            any[j] = gi[j] != 0 ? 1 : any[j];
        }
    }
    for (int64_t i = 0; i < n; i++) {
        const T *restrict const gi = g + i * step;
        const T *restrict const yi = y + i * step;
        T *restrict const to = out + i * step;
        if (logs) {
            SIMD
            for (int64_t j = 0; j < m; j++) {
                const T d = gi[j] - M(exp)(yi[j]) * dot[j];
                to[j] = any[j] == 0 ? 0 : d;
            }
        } else {
            SIMD
            for (int64_t j = 0; j < m; j++) {
                const T d = yi[j] * (gi[j] - dot[j]);
                to[j] = any[j] == 0 ? 0 : d;
            }
        }
    }
}

static void N(softmax_columns)(int64_t n, int64_t step, int64_t columns, void *out, const void *x, bool logs)
{
    for (int64_t at = 0; at < columns; at += N(BAND)) {
        const int64_t m = columns - at < N(BAND) ? columns - at : N(BAND);
        N(softmax_band)(n, step, m, (T *)out + at, (const T *)x + at, logs);
    }
}

static void N(slope_columns)(int64_t n, int64_t step, int64_t columns, void *out, const void *y, const void *g,
                             bool logs)
{
    for (int64_t at = 0; at < columns; at += N(BAND)) {
        const int64_t m = columns - at < N(BAND) ? columns - at : N(BAND);
        N(slope_band)(n, step, m, (T *)out + at, (const T *)y + at, (const T *)g + at, logs);
    }
}

extern const tp_softmax_loops TABLE(tp_softmax_loops);
const tp_softmax_loops TABLE(tp_softmax_loops) = {
    .columns = N(softmax_columns),
    .slope_columns = N(slope_columns),
};
