/* The rows for one element type T: included by rows_level.c for float and for double, with M, C and N set to match.
   Each row becomes inline functions, and thin loops over them. */
#include "kernels/formulas.h"

#define UNUSED __attribute__((unused))
#define ROW_VALUE(name, value)                                                                                         \
    INLINE T N(name##_value)(T x UNUSED, T b UNUSED, T c UNUSED, T d UNUSED)                                           \
    {                                                                                                                  \
        return (T)(value);                                                                                             \
    }
#define ROW_SLOPE(name, by, slope)                                                                                     \
    INLINE T N(name##_by_##by)(T x UNUSED, T b UNUSED, T c UNUSED, T d UNUSED, T y UNUSED, T g UNUSED)                 \
    {                                                                                                                  \
        return (T)(slope);                                                                                             \
    }

/* The first of b, c and d are the row's plain `numbers`, the same for all elements; without such, x, b and c are its
   `operands`. A loop reads no more than these: what a row has not may be NULL. */
INLINE void N(map_value)(int64_t n, void *out, const void *const *in, T (*value)(T, T, T, T), int operands, int numbers)
{
    T *restrict const o = out;
    const T *restrict const px = in[TP_IN_X];
    const T *restrict const pb = in[TP_IN_B];
    const T *restrict const pc = in[TP_IN_C];
    if (numbers) {
        const T b = pb[0], c = numbers > 1 ? pb[1] : 0, d = numbers > 2 ? pb[2] : 0;
        SIMD
        for (int64_t i = 0; i < n; i++) o[i] = value(px[i], b, c, d);
    } else {
        SIMD
        for (int64_t i = 0; i < n; i++) o[i] = value(px[i], operands > 1 ? pb[i] : 0, operands > 2 ? pc[i] : 0, 0);
    }
}

/* `add`: to what is there. */
INLINE void N(map_slope)(int64_t n, void *out, const void *const *in, T (*slope)(T, T, T, T, T, T), int operands,
                         int numbers, bool add)
{
    T *restrict const o = out;
    const T *restrict const px = in[TP_IN_X];
    const T *restrict const pb = in[TP_IN_B];
    const T *restrict const pc = in[TP_IN_C];
    const T *restrict const py = in[TP_IN_Y];
    const T *restrict const pg = in[TP_IN_G];
    if (numbers) {
        const T b = pb[0], c = numbers > 1 ? pb[1] : 0, d = numbers > 2 ? pb[2] : 0;
        SIMD
        for (int64_t i = 0; i < n; i++) {
            const T g = pg[i], s = slope(px[i], b, c, d, py[i], g), part = g == 0 ? 0 : s;
            o[i] = add ? o[i] + part : part;
        }
    } else {
        SIMD
        for (int64_t i = 0; i < n; i++) {
            const T b = operands > 1 ? pb[i] : 0, c = operands > 2 ? pc[i] : 0;
            const T g = pg[i], s = slope(px[i], b, c, 0, py[i], g), part = g == 0 ? 0 : s;
            o[i] = add ? o[i] + part : part;
        }
    }
}

#define ROW_VALUE_LOOP(name, operands, numbers)                                                                        \
    static void N(name##_loop)(int64_t n, void *out, const void *const *in)                                            \
    {                                                                                                                  \
        N(map_value)(n, out, in, N(name##_value), operands, numbers);                                                  \
    }
#define ROW_SLOPE_LOOP(name, by, operands, numbers)                                                                    \
    static void N(name##_slope_##by)(int64_t n, void *out, const void *const *in)                                      \
    {                                                                                                                  \
        N(map_slope)(n, out, in, N(name##_by_##by), operands, numbers, false);                                         \
    }
/* Only where the slope is short. */
#define ROW_SLOPE_ADD_LOOP(name, by, operands, numbers)                                                                \
    static void N(name##_slope_add_##by)(int64_t n, void *out, const void *const *in)                                  \
    {                                                                                                                  \
        N(map_slope)(n, out, in, N(name##_by_##by), operands, numbers, true);                                          \
    }

#define ROW_ONE(name, operands, numbers, value, slope)                                                                 \
    ROW_VALUE(name, value)                                                                                             \
    ROW_SLOPE(name, x, slope) ROW_VALUE_LOOP(name, operands, numbers) ROW_SLOPE_LOOP(name, x, operands, numbers)
#define UNARY(name, value, slope, ...) ROW_ONE(name, 1, 0, value, slope)
#define NUMBER(name, value, slope, ...) ROW_ONE(name, 1, 1, value, slope) ROW_SLOPE_ADD_LOOP(name, x, 1, 1)
#define TWO_NUMBERS(name, value, slope, ...) ROW_ONE(name, 1, 2, value, slope)
#define THREE_NUMBERS(name, value, slope, ...) ROW_ONE(name, 1, 3, value, slope)
#define ROW_BINARY(name, operands, value, slope_x, slope_b)                                                            \
    ROW_ONE(name, operands, 0, value, slope_x)                                                                         \
    ROW_SLOPE(name, b, slope_b)                                                                                        \
    ROW_SLOPE_LOOP(name, b, operands, 0)                                                                               \
    ROW_SLOPE_ADD_LOOP(name, x, operands, 0) ROW_SLOPE_ADD_LOOP(name, b, operands, 0)
#define BINARY(name, value, slope_x, recorded_x, slope_b, ...) ROW_BINARY(name, 2, value, slope_x, slope_b)
#define TERNARY(name, value, slope_x, recorded_x, slope_b, recorded_b, slope_c, ...)                                   \
    ROW_BINARY(name, 3, value, slope_x, slope_b)                                                                       \
    ROW_SLOPE(name, c, slope_c) ROW_SLOPE_LOOP(name, c, 3, 0) ROW_SLOPE_ADD_LOOP(name, c, 3, 0)
#include "kernels/rows.def"

extern const tp_row_loops TABLE(tp_rows)[TP_ROW_COUNT];
const tp_row_loops TABLE(tp_rows)[TP_ROW_COUNT] = {
#define UNARY(name, ...) [TP_ROW_##name] = {N(name##_loop), {N(name##_slope_x)}, {NULL}},
#define NUMBER(name, ...) [TP_ROW_##name] = {N(name##_loop), {N(name##_slope_x)}, {N(name##_slope_add_x)}},
#define SEVERAL UNARY
#define BINARY(name, ...)                                                                                              \
    [TP_ROW_##name] = {                                                                                                \
        N(name##_loop), {N(name##_slope_x), N(name##_slope_b)}, {N(name##_slope_add_x), N(name##_slope_add_b)}},
#define TERNARY(name, ...)                                                                                             \
    [TP_ROW_##name] = {N(name##_loop),                                                                                 \
                       {N(name##_slope_x), N(name##_slope_b), N(name##_slope_c)},                                      \
                       {N(name##_slope_add_x), N(name##_slope_add_b), N(name##_slope_add_c)}},
#include "kernels/rows.def"
};
#undef UNUSED
#undef ROW_VALUE
#undef ROW_SLOPE
#undef ROW_VALUE_LOOP
#undef ROW_SLOPE_LOOP
#undef ROW_SLOPE_ADD_LOOP
#undef ROW_ONE
#undef ROW_BINARY
