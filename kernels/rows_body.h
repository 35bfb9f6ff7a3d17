/* The rows for one element type T: included by rows.c for float and for double, with M, C and N set to match. Each row
   becomes inline functions, and thin loops over them. */

#define UNUSED __attribute__((unused))
#define ROW_VALUE(name, value)                                                                                         \
    INLINE T N(name##_value)(T x UNUSED, T b UNUSED)                                                                   \
    {                                                                                                                  \
        return (T)(value);                                                                                             \
    }
#define ROW_SLOPE(name, by, slope)                                                                                     \
    INLINE T N(name##_by_##by)(T x UNUSED, T b UNUSED, T y UNUSED, T g UNUSED)                                         \
    {                                                                                                                  \
        return (T)(slope);                                                                                             \
    }

INLINE void N(map_value)(int64_t n, void *out, const void *const *in, T (*value)(T, T), bool number)
{
    T *restrict const o = out;
    const T *restrict const px = in[TP_IN_X];
    const T *restrict const pb = in[TP_IN_B];
    if (number) {
        const T b = *pb;
        SIMD
        for (int64_t i = 0; i < n; i++) o[i] = value(px[i], b);
    } else {
        SIMD
        for (int64_t i = 0; i < n; i++) o[i] = value(px[i], pb[i]);
    }
}

INLINE void N(map_slope)(int64_t n, void *out, const void *const *in, T (*slope)(T, T, T, T), bool number)
{
    T *restrict const o = out;
    const T *restrict const px = in[TP_IN_X];
    const T *restrict const pb = in[TP_IN_B];
    const T *restrict const py = in[TP_IN_Y];
    const T *restrict const pg = in[TP_IN_G];
    if (number) {
        const T b = *pb;
        SIMD
        for (int64_t i = 0; i < n; i++) {
            const T g = pg[i], s = slope(px[i], b, py[i], g);
            o[i] = g == 0 ? 0 : s;
        }
    } else {
        SIMD
        for (int64_t i = 0; i < n; i++) {
            const T g = pg[i], s = slope(px[i], pb[i], py[i], g);
            o[i] = g == 0 ? 0 : s;
        }
    }
}

#define ROW_VALUE_LOOP(name, number)                                                                                   \
    static void N(name##_loop)(int64_t n, void *out, const void *const *in)                                            \
    {                                                                                                                  \
        N(map_value)(n, out, in, N(name##_value), number);                                                             \
    }
#define ROW_SLOPE_LOOP(name, by, number)                                                                               \
    static void N(name##_slope_##by)(int64_t n, void *out, const void *const *in)                                      \
    {                                                                                                                  \
        N(map_slope)(n, out, in, N(name##_by_##by), number);                                                           \
    }

/* A row of one operand must not read in[TP_IN_B]: its loops see x there, which the formula ignores. */
#define UNARY(name, value, slope, ...)                                                                                 \
    ROW_VALUE(name, value) ROW_SLOPE(name, x, slope) ROW_VALUE_LOOP(name, false) ROW_SLOPE_LOOP(name, x, false)
#define NUMBER(name, value, slope, ...)                                                                                \
    ROW_VALUE(name, value) ROW_SLOPE(name, x, slope) ROW_VALUE_LOOP(name, true) ROW_SLOPE_LOOP(name, x, true)
#define BINARY(name, value, slope_x, recorded_x, slope_b, ...)                                                         \
    ROW_VALUE(name, value)                                                                                             \
    ROW_SLOPE(name, x, slope_x)                                                                                        \
    ROW_SLOPE(name, b, slope_b)                                                                                        \
    ROW_VALUE_LOOP(name, false) ROW_SLOPE_LOOP(name, x, false) ROW_SLOPE_LOOP(name, b, false)
#include "kernels/binary.def"
#include "kernels/number.def"
#include "kernels/unary.def"
#undef UNARY
#undef NUMBER
#undef BINARY

extern const tp_row_loops TABLE(tp_rows)[TP_ROW_COUNT];
const tp_row_loops TABLE(tp_rows)[TP_ROW_COUNT] = {
#define UNARY(name, ...) [TP_ROW_##name] = {N(name##_loop), {N(name##_slope_x), NULL}},
#define NUMBER(name, ...) [TP_ROW_##name] = {N(name##_loop), {N(name##_slope_x), NULL}},
#define BINARY(name, ...) [TP_ROW_##name] = {N(name##_loop), {N(name##_slope_x), N(name##_slope_b)}},
#include "kernels/binary.def"
#include "kernels/number.def"
#include "kernels/unary.def"
#undef UNARY
#undef NUMBER
#undef BINARY
};
#undef UNUSED
#undef ROW_VALUE
#undef ROW_SLOPE
#undef ROW_VALUE_LOOP
#undef ROW_SLOPE_LOOP
