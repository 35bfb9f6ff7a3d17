/* Folds and slopes of reductions for one element type T: see reduce.h. A fold takes what it has so far, the next
   element as a double, the shift and the power; `join` puts two parts of one fold together. */

enum { N(LANES) = 32 };

typedef double N(folding)(double a, double x, double s, double p);
typedef double N(joining)(double a, double b);

/* Lanes side by side, then joined in a tree: the same order for every level. */
#define HALVE(half)                                                                                                    \
    SIMD                                                                                                               \
    for (int l = 0; l < half; l++) lane[l] = join(lane[l], lane[l + half]);

INLINE double N(fold_lanes)(int64_t n, const T *x, int lanes, double start, double s, double p, N(folding) * fold,
                            N(joining) * join)
{
    double lane[N(LANES)];
    for (int l = 0; l < lanes; l++) lane[l] = start;
    int64_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        SIMD
        for (int l = 0; l < lanes; l++) lane[l] = fold(lane[l], (double)x[i + l], s, p);
    }
    if (lanes > 16) {
        HALVE(16)
    }
    if (lanes > 8) {
        HALVE(8)
    }
    HALVE(4)
    HALVE(2)
    double result = join(lane[0], lane[1]);
    for (; i < n; i++) result = fold(result, (double)x[i], s, p);
    return result;
}
#undef HALVE

INLINE double N(fold_row)(int64_t n, const void *px, int64_t stride, double start, double s, double p,
                          N(folding) * fold, N(joining) * join)
{
    const T *const x = px;
    if (stride == 1 && n >= 64) return N(fold_lanes)(n, x, N(LANES), start, s, p, fold, join);
    if (stride == 1 && n >= 8) return N(fold_lanes)(n, x, 8, start, s, p, fold, join);
    double result = start;
    for (int64_t i = 0; i < n; i++) result = fold(result, (double)x[i * stride], s, p);
    return result;
}

/* Four rows at a time where they are contiguous, so that the running results are loaded and stored less often. */
INLINE void N(fold_columns)(int64_t rows, int64_t step, int64_t n, double *restrict acc, const void *px, int64_t stride,
                            const double *restrict shift, double p, N(folding) * fold, bool shifted)
{
    const T *restrict x = px;
    int64_t r = 0;
    for (; stride == 1 && r + 4 <= rows; r += 4, x += 4 * step) {
        const T *restrict const x1 = x + step;
        const T *restrict const x2 = x1 + step;
        const T *restrict const x3 = x2 + step;
        SIMD
        for (int64_t i = 0; i < n; i++) {
            const double s = shifted ? shift[i] : 0;
            double a = fold(acc[i], (double)x[i], s, p);
            a = fold(a, (double)x1[i], s, p);
            a = fold(a, (double)x2[i], s, p);
            acc[i] = fold(a, (double)x3[i], s, p);
        }
    }
    for (; r < rows; r++, x += step) {
        if (stride == 1) {
            SIMD
            for (int64_t i = 0; i < n; i++) acc[i] = fold(acc[i], (double)x[i], shifted ? shift[i] : 0, p);
        } else {
            for (int64_t i = 0; i < n; i++) acc[i] = fold(acc[i], (double)x[i * stride], shifted ? shift[i] : 0, p);
        }
    }
}

INLINE double N(join_sum)(double a, double b)
{
    return a + b;
}
INLINE double N(join_product)(double a, double b)
{
    return a * b;
}
#define ROWS(name, shifted, row)                                                                                       \
    static void N(rows_##name)(int64_t count, int64_t step, double *out, int64_t n, const void *px, int64_t stride,    \
                               const double *shift, double p)                                                          \
    {                                                                                                                  \
        const T *x = px;                                                                                               \
        (void)shift, (void)p;                                                                                          \
        for (int64_t r = 0; r < count; r++, x += step) {                                                               \
            const double s = shifted ? shift[r] : 0;                                                                   \
            (void)s;                                                                                                   \
            out[r] = row;                                                                                              \
        }                                                                                                              \
    }                                                                                                                  \
    static double N(row_##name)(int64_t n, const void *x, int64_t stride, double s, double p)                          \
    {                                                                                                                  \
        double out;                                                                                                    \
        N(rows_##name)(1, 0, &out, n, x, stride, &s, p);                                                               \
        return out;                                                                                                    \
    }

/* name, has a shift, start, join, value */
#define FOLD(name, shifted, start, join, ...)                                                                          \
    INLINE double N(fold_##name)(double a, double x, double s, double p)                                               \
    {                                                                                                                  \
        (void)s, (void)p;                                                                                              \
        return __VA_ARGS__;                                                                                            \
    }                                                                                                                  \
    ROWS(name, shifted, N(fold_row)(n, x, stride, start, s, p, N(fold_##name), N(join_##join)))                        \
    static void N(columns_##name)(int64_t rows, int64_t step, int64_t n, double *acc, const void *x, int64_t stride,   \
                                  const double *s, double p)                                                           \
    {                                                                                                                  \
        N(fold_columns)(rows, step, n, acc, x, stride, s, p, N(fold_##name), shifted);                                 \
    }
FOLD(sum, false, 0, sum, a + x)
FOLD(product, false, 1, product, a *x)
FOLD(abs, false, 0, sum, a + fabs(x))
FOLD(shifted, true, 0, sum, a + (x - s))
FOLD(squares, true, 0, sum, a + (x - s) * (x - s))
FOLD(powers, false, 0, sum, a + pow(fabs(x), p))
FOLD(scaled, true, 0, sum, a + pow(fabs(x) / s, p))
FOLD(same, true, 0, sum, a + (x == s ? 1 : 0))
FOLD(abs_same, true, 0, sum, a + (fabs(x) == s ? 1 : 0))
FOLD(nonzero, false, 0, sum, a + (x == 0 ? 0 : 1))
#undef FOLD

/* ---- extremes: nothing is rounded, so they stay in the element type ---- */

typedef T N(picking)(T a, T x);

INLINE T N(higher)(T a, T x)
{
    return x > a || x != x ? x : a;
}
INLINE T N(lower)(T a, T x)
{
    return x < a || x != x ? x : a;
}
INLINE T N(size)(T x, bool absolute)
{
    return absolute ? M(fabs)(x) : x;
}

INLINE double N(pick_row)(int64_t n, const T *x, int64_t stride, T start, bool absolute, N(picking) * pick)
{
    T result = start;
    int64_t i = 0;
    if (stride == 1 && n >= N(LANES)) {
        T lane[N(LANES)];
        for (int l = 0; l < N(LANES); l++) lane[l] = start;
        for (; i + N(LANES) <= n; i += N(LANES)) {
            SIMD
            for (int l = 0; l < N(LANES); l++) lane[l] = pick(lane[l], N(size)(x[i + l], absolute));
        }
        SIMD
        for (int l = 0; l < 16; l++) lane[l] = pick(lane[l], lane[l + 16]);
        SIMD
        for (int l = 0; l < 8; l++) lane[l] = pick(lane[l], lane[l + 8]);
        SIMD
        for (int l = 0; l < 4; l++) lane[l] = pick(lane[l], lane[l + 4]);
        result = pick(pick(lane[0], lane[1]), pick(lane[2], lane[3]));
    }
    for (; i < n; i++) result = pick(result, N(size)(x[i * stride], absolute));
    return (double)result;
}

/* The running results are brought into the element type for as long as it takes, so many at a time. */
INLINE void N(pick_some)(int64_t rows, int64_t step, int64_t n, double *acc, const T *restrict x, int64_t stride,
                         bool absolute, N(picking) * pick)
{
    T held[TP_REDUCE_COLUMNS], *restrict const best = held;
    for (int64_t i = 0; i < n; i++) best[i] = (T)acc[i];
    int64_t r = 0;
    for (; stride == 1 && r + 2 <= rows; r += 2, x += 2 * step) {
        const T *restrict const other = x + step;
        SIMD
        for (int64_t i = 0; i < n; i++)
            best[i] = pick(pick(best[i], N(size)(x[i], absolute)), N(size)(other[i], absolute));
    }
    for (; r < rows; r++, x += step)
        for (int64_t i = 0; i < n; i++) best[i] = pick(best[i], N(size)(x[i * stride], absolute));
    for (int64_t i = 0; i < n; i++) acc[i] = (double)best[i];
}

INLINE void N(pick_columns)(int64_t rows, int64_t step, int64_t n, double *acc, const T *x, int64_t stride,
                            bool absolute, N(picking) * pick)
{
    for (int64_t at = 0; at < n; at += TP_REDUCE_COLUMNS) {
        const int64_t some = n - at < TP_REDUCE_COLUMNS ? n - at : TP_REDUCE_COLUMNS;
        N(pick_some)(rows, step, some, acc + at, x + at * stride, stride, absolute, pick);
    }
}

#define PICK(name, start, absolute, pick)                                                                              \
    ROWS(name, false, N(pick_row)(n, x, stride, start, absolute, N(pick)))                                             \
    static void N(columns_##name)(int64_t rows, int64_t step, int64_t n, double *acc, const void *x, int64_t stride,   \
                                  const double *s, double p)                                                           \
    {                                                                                                                  \
        (void)s, (void)p;                                                                                              \
        N(pick_columns)(rows, step, n, acc, x, stride, absolute, N(pick));                                             \
    }
PICK(max, -(T)HUGE_VAL, false, higher)
PICK(min, (T)HUGE_VAL, false, lower)
PICK(abs_max, 0, true, higher)
PICK(abs_min, (T)HUGE_VAL, true, lower)
#undef PICK
#undef ROWS

/* ---- places ---- */

/* The first element that is `value`, or NaN where that is one; n if there is none. A block at a time is only asked
   whether it holds one. */
static int64_t N(place)(int64_t n, const void *px, double value)
{
    const T *const x = px, v = (T)value;
    const bool nan = v != v;
    int64_t i = 0;
    for (; i + N(LANES) <= n; i += N(LANES)) {
        int found = 0;
        SIMD_SUM(found)
        for (int l = 0; l < N(LANES); l++) found += nan ? x[i + l] != x[i + l] : x[i + l] == v;
        if (found) break;
    }
    while (i < n && (nan ? x[i] == x[i] : x[i] != v)) i++;
    return i;
}

/* ---- slopes ---- */

#define SLOPE(name, ...)                                                                                               \
    static void N(slope_##name)(int64_t n, void *pout, const void *const *in)                                          \
    {                                                                                                                  \
        T *restrict const out = pout;                                                                                  \
        const T *restrict const px = in[TP_IN_X];                                                                      \
        const T *restrict const pb = in[TP_IN_B];                                                                      \
        const T *restrict const py = in[TP_IN_Y];                                                                      \
        const T *restrict const pg = in[TP_IN_G];                                                                      \
        (void)pb, (void)py;                                                                                            \
        SIMD                                                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            const T x = px[i], g = pg[i];                                                                              \
            out[i] = __VA_ARGS__;                                                                                      \
        }                                                                                                              \
    }
SLOPE(centred, g == 0 ? 0 : g * (x - pb[i]))
SLOPE(prod, g == 0 ? 0 : g * (py[i] / x))
SLOPE(norm1, x > 0 ? g : (x < 0 ? -g : (g == 0 ? 0 : g * x)))
SLOPE(norm2, g == 0 || py[i] == 0 ? 0 : g * (x / py[i]))
SLOPE(norm, g == 0 || py[i] == 0 || x == 0 ? 0 : (x < 0 ? -g : g) * M(pow)(M(fabs)(x) / py[i], pb[0] - 1))
SLOPE(extreme, g == 0 ? 0 : g * ((x == py[i] ? C(1.) : C(0.)) / pb[i]))
SLOPE(extreme_abs, g == 0 || x == 0 ? 0 : (x < 0 ? -g : g) * ((M(fabs)(x) == py[i] ? C(1.) : C(0.)) / pb[i]))
#undef SLOPE

#define ALL(kind)                                                                                                      \
    {                                                                                                                  \
        N(kind##_sum), N(kind##_max), N(kind##_min), N(kind##_product), N(kind##_abs), N(kind##_abs_max),              \
            N(kind##_abs_min), N(kind##_shifted), N(kind##_squares), N(kind##_powers), N(kind##_scaled),               \
            N(kind##_same), N(kind##_abs_same), N(kind##_nonzero)                                                      \
    }
extern const tp_reduce_loops TABLE(tp_reduce_loops);
const tp_reduce_loops TABLE(tp_reduce_loops) = {
    .row = ALL(row),
    .rows = ALL(rows),
    .columns = ALL(columns),
    .start = {[TP_FOLD_MAX] = -HUGE_VAL, [TP_FOLD_MIN] = HUGE_VAL, [TP_FOLD_PROD] = 1, [TP_FOLD_ABS_MIN] = HUGE_VAL},
    .place = N(place),
    .centred = N(slope_centred),
    .prod = N(slope_prod),
    .norm1 = N(slope_norm1),
    .norm2 = N(slope_norm2),
    .norm = N(slope_norm),
    .extreme = N(slope_extreme),
    .extreme_abs = N(slope_extreme_abs),
};
#undef ALL
