/* Loops for one element type T: included by loops.c for float and for double, with M, C and N set to match. */

extern const tp_reduce_loops TABLE(tp_reduce_loops);

static void N(add_into)(int64_t n, void *py, const void *px)
{
    T *restrict const y = py;
    const T *restrict const x = px;
    SIMD
    for (int64_t i = 0; i < n; i++) y[i] += x[i];
}

static void N(add_rows_of)(int64_t rows, int64_t n, void *table, const int64_t *place, const void *px, int64_t step)
{
    for (int64_t i = 0; i < rows; i++) {
        if (place[i] == INT64_MIN) continue;
        T *restrict const y = (T *)table + place[i];
        const T *restrict const x = (const T *)px + i * step;
        SIMD
        for (int64_t k = 0; k < n; k++) y[k] += x[k];
    }
}

static void N(scale_by)(int64_t n, void *py, double c)
{
    T *const y = py;
    const T factor = (T)c;
    SIMD
    for (int64_t i = 0; i < n; i++) y[i] *= factor;
}

static void N(add_times)(int64_t n, void *py, double c, const void *px)
{
    T *restrict const y = py;
    const T *restrict const x = px;
    const T factor = (T)c;
    SIMD
    for (int64_t i = 0; i < n; i++) y[i] += factor * x[i];
}

static double N(dot_of)(int64_t n, const void *px, const void *py)
{
    const T *const x = px, *const y = py;
    double sum = 0;
    SIMD_SUM(sum)
    for (int64_t i = 0; i < n; i++) sum += (double)x[i] * (double)y[i];
    return sum;
}

/* ---- the softmax family, one contiguous row; the largest element is taken out first, so nothing overflows ---- */

INLINE T N(row_max)(int64_t n, const T *x)
{
    return (T)TABLE(tp_reduce_loops).row[TP_FOLD_MAX](n, x, 1, 0, 0);
}

/* A row whose largest element is infinite is not shifted: the log of its sum is that infinity, and not Inf - Inf. */
INLINE T N(row_shift)(T max)
{
    return M(fabs)(max) == (T)HUGE_VAL ? 0 : max;
}

static double N(softmax_loop)(int64_t n, void *pout, const void *px)
{
    const T *restrict const x = px;
    T *restrict const out = pout;
    const T shift = N(row_shift)(N(row_max)(n, x));
    T sum = 0;
    if (!out) {
        SIMD_SUM(sum)
        for (int64_t i = 0; i < n; i++) sum += M(exp)(x[i] - shift);
        return (double)shift + (double)M(log)(sum);
    }
    SIMD_SUM(sum)
    for (int64_t i = 0; i < n; i++) {
        const T e = M(exp)(x[i] - shift);
        out[i] = e;
        sum += e;
    }
    const T scale = 1 / sum;
    SIMD
    for (int64_t i = 0; i < n; i++) out[i] *= scale;
    return (double)shift + (double)M(log)(sum);
}

static double N(log_softmax_loop)(int64_t n, void *pout, const void *px)
{
    const T *restrict const x = px;
    T *restrict const out = pout;
    const T shift = N(row_shift)(N(row_max)(n, x));
    T sum = 0;
    SIMD_SUM(sum)
    for (int64_t i = 0; i < n; i++) sum += M(exp)(x[i] - shift);
    const T log_sum = M(log)(sum);
    if (out) {
        SIMD
        for (int64_t i = 0; i < n; i++) out[i] = x[i] - shift - log_sum;
    }
    return (double)shift + (double)log_sum;
}

/* A zero upstream is a structural zero, whatever the row holds. */
INLINE bool N(is_zero)(int64_t n, const T *g)
{
    for (int64_t i = 0; i < n; i++)
        if (g[i] != 0) return false;
    return true;
}

static void N(softmax_slope_loop)(int64_t n, void *pout, const void *py, const void *pg)
{
    T *restrict const out = pout;
    const T *restrict const y = py;
    const T *restrict const g = pg;
    if (N(is_zero)(n, g)) {
        memset(out, 0, (size_t)n * sizeof *out);
        return;
    }
    T dot = 0;
    SIMD_SUM(dot)
    for (int64_t i = 0; i < n; i++) dot += y[i] * g[i];
    SIMD
    for (int64_t i = 0; i < n; i++) out[i] = y[i] * (g[i] - dot);
}

static void N(log_softmax_slope_loop)(int64_t n, void *pout, const void *py, const void *pg)
{
    T *restrict const out = pout;
    const T *restrict const y = py;
    const T *restrict const g = pg;
    if (N(is_zero)(n, g)) {
        memset(out, 0, (size_t)n * sizeof *out);
        return;
    }
    T sum = 0;
    SIMD_SUM(sum)
    for (int64_t i = 0; i < n; i++) sum += g[i];
    SIMD
    for (int64_t i = 0; i < n; i++) out[i] = g[i] - M(exp)(y[i]) * sum;
}

/* What the log of a sum has beyond its nearest T: at large logits a slope is made of those digits. */
INLINE T N(shift_rest)(double lse, T shift)
{
    return shift - shift == 0 ? (T)(lse - (double)shift) : 0;
}

static void N(cross_entropy_slope_loop)(int64_t n, void *pout, const void *px, double lse, int64_t label, double scale)
{
    T *restrict const out = pout;
    const T *restrict const x = px;
    const T shift = (T)lse, rest = N(shift_rest)(lse, shift), s = (T)scale;
    SIMD
    for (int64_t i = 0; i < n; i++) out[i] = s * M(exp)(x[i] - shift - rest);
    if (label >= 0) out[label] -= s;
}

extern const tp_row_loops TABLE(tp_rows)[TP_ROW_COUNT];
extern const tp_norm_loops TABLE(tp_norm);
extern const tp_attention_loops TABLE(tp_attention_loops);
extern const tp_cell_loops TABLE(tp_cells)[TP_CELL_COUNT];
extern const tp_lstm_loops TABLE(tp_lstm);
extern tp_nearest_loop *const TABLE(tp_nearest);
extern const tp_softmax_loops TABLE(tp_softmax_loops);
extern const tp_loss_loops TABLE(tp_losses)[TP_LOSS_COUNT];
extern const tp_class_loops TABLE(tp_classes);
extern const struct tp_lapack_loops TABLE(tp_lapack_loops);

extern tp_update_loop *const TABLE(tp_updates)[TP_UPDATE_COUNT];
extern const tp_conv_loops TABLE(tp_conv_loops);
extern const tp_pooling_loops TABLE(tp_pooling_loops);
extern const tp_resample_loops TABLE(tp_resample_loops);
static const tp_float_loops N(loops) = {
    .rows = TABLE(tp_rows),
    .reduce = &TABLE(tp_reduce_loops),
    .norm = &TABLE(tp_norm),
    .attention = &TABLE(tp_attention_loops),
    .cells = TABLE(tp_cells),
    .lstm = &TABLE(tp_lstm),
    .nearest = &TABLE(tp_nearest),
    .softmax_columns = &TABLE(tp_softmax_loops),
    .losses = TABLE(tp_losses),
    .classes = &TABLE(tp_classes),
    .add = N(add_into),
    .scale = N(scale_by),
    .add_times = N(add_times),
    .dot = N(dot_of),
    .add_rows = N(add_rows_of),
    .softmax = N(softmax_loop),
    .log_softmax = N(log_softmax_loop),
    .softmax_slope = N(softmax_slope_loop),
    .log_softmax_slope = N(log_softmax_slope_loop),
    .cross_entropy_slope = N(cross_entropy_slope_loop),
    .updates = TABLE(tp_updates),
    .conv = &TABLE(tp_conv_loops),
    .pooling = &TABLE(tp_pooling_loops),
    .resample = &TABLE(tp_resample_loops),
    .lapack = &TABLE(tp_lapack_loops),
};
