/* The losses' rows for one element type T: included by loss_level.c for float and for double. */

/* ---- what the formulas of loss.def call ---- */

/* Comparisons are such that a NaN comes through. */
INLINE T N(positive)(T z)
{
    return z < 0 ? 0 : z;
}
INLINE T N(at_least)(T z, T low)
{
    return z < low ? low : z;
}
INLINE T N(held)(T z, T limit)
{
    return z > limit ? limit : (z < -limit ? -limit : z);
}

/* log(1 + e) for e in 0 .. 1: what rounding took from 1 + e is put back. */
INLINE T N(log_1_plus)(T e)
{
    const T u = 1 + e;
    return M(log)(u) + (e - (u - 1)) / u;
}
INLINE T N(log1pexp)(T z)
{
    return N(log_1_plus)(M(exp)(-M(fabs)(z)));
}
INLINE T N(softplus)(T z)
{
    return N(positive)(z) + N(log1pexp)(z);
}
/* Like 1 / (1 + e^-z), but small results keep all their digits and nothing overflows. */
INLINE T N(sigmoid)(T z)
{
    const T e = M(exp)(-M(fabs)(z));
    return (z < 0 ? e : 1) / (1 + e);
}
INLINE T N(clamped_log)(T z)
{
    return N(at_least)(M(log)(z), -100);
}
/* log(1 - z), likewise with its rounding put back. */
INLINE T N(clamped_log_1_minus)(T z)
{
    const T u = 1 - z;
    return N(at_least)(M(log)(u) + ((1 - u) - z) / (u > 0 ? u : 1), -100);
}
/* The part of Stirling's formula for log t! that a loss adds. */
INLINE T N(stirling)(T t)
{
    return t > 1 ? t * M(log)(t) - t + M(log)(C(6.283185307179586) * t) / 2 : 0;
}
INLINE T N(bce)(T x, T t)
{
    return N(positive)(x) - t * x + N(log1pexp)(x);
}
/* Probability that the prediction gives to what is not the target; and what alpha makes of the target. */
INLINE T N(focal_miss)(T x, T t)
{
    return (1 - t) * N(sigmoid)(x) + t * N(sigmoid)(-x);
}
INLINE T N(focal_alpha)(T t, T alpha)
{
    return alpha < 0 ? 1 : alpha * t + (1 - alpha) * (1 - t);
}
INLINE T N(over)(T z)
{
    return z == 0 ? 0 : 1 / z;
}

#define POSITIVE(z) N(positive)(z)
#define ATLEAST(z, low) N(at_least)(z, low)
#define HELD(z, limit) N(held)(z, limit)
#define LOG1PEXP(z) N(log1pexp)(z)
#define SOFTPLUS(z) N(softplus)(z)
#define SIGMOID(z) N(sigmoid)(z)
#define LOG(z) N(clamped_log)(z)
#define LOG1M(z) N(clamped_log_1_minus)(z)
#define STIRLING(t) N(stirling)(t)
#define BCE(x, t) N(bce)(x, t)
#define FOCAL_MISS(x, t) N(focal_miss)(x, t)
#define FOCAL_ALPHA(t, alpha) N(focal_alpha)(t, alpha)
#define OVER(z) N(over)(z)

/* ---- the loops ---- */

#define UNUSED __attribute__((unused))

INLINE void N(each_value)(int64_t n, void *out, const void *const *in, const double *number, T (*value)(T, T, T, T, T))
{
    T *restrict const o = out;
    const T *restrict const px = in[TP_LOSS_X];
    const T *restrict const pt = in[TP_LOSS_T];
    const T *restrict const pc = in[TP_LOSS_C];
    const T p = (T)number[0], q = (T)number[1];
    SIMD
    for (int64_t i = 0; i < n; i++) o[i] = value(px[i], pt[i], pc[i], p, q);
}

INLINE void N(each_slope)(int64_t n, void *out, const void *const *in, const double *number,
                          T (*slope)(T, T, T, T, T, T))
{
    T *restrict const o = out;
    const T *restrict const px = in[TP_LOSS_X];
    const T *restrict const pt = in[TP_LOSS_T];
    const T *restrict const pc = in[TP_LOSS_C];
    const T *restrict const pg = in[TP_LOSS_G];
    const T p = (T)number[0], q = (T)number[1];
    SIMD
    for (int64_t i = 0; i < n; i++) {
        const T g = pg[i], s = slope(px[i], pt[i], pc[i], p, q, g);
        o[i] = g == 0 ? 0 : s;
    }
}

#define VALUE_LOOP(name, value)                                                                                        \
    INLINE T N(name##_value)(T x UNUSED, T t UNUSED, T c UNUSED, T p UNUSED, T q UNUSED)                               \
    {                                                                                                                  \
        return (T)(value);                                                                                             \
    }                                                                                                                  \
    static void N(name##_values)(int64_t n, void *out, const void *const *in, const double *number)                    \
    {                                                                                                                  \
        N(each_value)(n, out, in, number, N(name##_value));                                                            \
    }
#define SLOPE_LOOP(name, by, slope)                                                                                    \
    INLINE T N(name##_by_##by)(T x UNUSED, T t UNUSED, T c UNUSED, T p UNUSED, T q UNUSED, T g UNUSED)                 \
    {                                                                                                                  \
        return (T)(slope);                                                                                             \
    }                                                                                                                  \
    static void N(name##_slopes_##by)(int64_t n, void *out, const void *const *in, const double *number)               \
    {                                                                                                                  \
        N(each_slope)(n, out, in, number, N(name##_by_##by));                                                          \
    }

#define LOSS(name, formula, derivative, value, slope_x, recorded_x, slope_t, ...)                                      \
    VALUE_LOOP(name, value) SLOPE_LOOP(name, x, slope_x) SLOPE_LOOP(name, t, slope_t)
#define LOSS3(name, formula, derivative, value, slope_x, recorded_x, slope_t, recorded_t, slope_c, ...)                \
    LOSS(name, formula, derivative, value, slope_x, recorded_x, slope_t, ) SLOPE_LOOP(name, c, slope_c)
#include "kernels/loss.def"
#undef LOSS

extern const tp_loss_loops TABLE(tp_losses)[TP_LOSS_COUNT];
const tp_loss_loops TABLE(tp_losses)[TP_LOSS_COUNT] = {
#define LOSS(name, ...) [TP_LOSS_##name] = {N(name##_values), {N(name##_slopes_x), N(name##_slopes_t), NULL}},
#define LOSS3(name, ...)                                                                                               \
    [TP_LOSS_##name] = {N(name##_values), {N(name##_slopes_x), N(name##_slopes_t), N(name##_slopes_c)}},
#include "kernels/loss.def"
#undef LOSS
};

/* ---- rows of classes ---- */

static double N(surprise)(int64_t n, const void *px, const void *pw, double lse)
{
    const T *restrict const x = px;
    const T *restrict const w = pw;
    double sum = 0;
    if (!w) {
        SIMD_SUM(sum)
        for (int64_t i = 0; i < n; i++) sum += lse - (double)x[i];
        return sum;
    }
    SIMD_SUM(sum)
    for (int64_t i = 0; i < n; i++) {
        const double term = (double)w[i] * (lse - (double)x[i]);
        sum += w[i] == 0 ? 0 : term;
    }
    return sum;
}

static void N(class_slope)(int64_t n, void *pout, const void *px, const void *pw, double lse, double scale,
                           double share)
{
    T *restrict const out = pout;
    const T *restrict const x = px;
    const T *restrict const w = pw;
    const T shift = (T)lse, s = (T)scale, a = (T)share;
    const T rest = shift - shift == 0 ? (T)(lse - (double)shift) : 0; /* what T takes off a large lse */
    if (!w) {
        SIMD
        for (int64_t i = 0; i < n; i++) out[i] = s * M(exp)(x[i] - shift - rest) - a;
    } else {
        SIMD
        for (int64_t i = 0; i < n; i++) out[i] = s * M(exp)(x[i] - shift - rest) - a * w[i];
    }
}

static double N(margin_row)(int64_t n, void *pout, const void *px, int64_t label, double margin, bool squared,
                            double scale)
{
    T *restrict const out = pout;
    const T *restrict const x = px;
    const T base = (T)margin - x[label], s = (T)scale;
    double sum = 0, slopes = 0;
    for (int64_t i = 0; i < n; i++) {
        if (i == label) continue;
        const T z = N(positive)(base + x[i]);
        sum += (double)(squared ? z * z : z);
        if (!out) continue;
        out[i] = squared ? 2 * s * z : (z > 0 ? s : 0);
        slopes += (double)out[i];
    }
    if (out) out[label] = (T)-slopes;
    return sum;
}

extern const tp_class_loops TABLE(tp_classes);
const tp_class_loops TABLE(tp_classes) = {.surprise = N(surprise), .slope = N(class_slope), .margin = N(margin_row)};

#undef UNUSED
#undef VALUE_LOOP
#undef SLOPE_LOOP
#undef POSITIVE
#undef ATLEAST
#undef HELD
#undef LOG1PEXP
#undef SOFTPLUS
#undef SIGMOID
#undef LOG
#undef LOG1M
#undef STIRLING
#undef BCE
#undef FOCAL_MISS
#undef FOCAL_ALPHA
#undef OVER
