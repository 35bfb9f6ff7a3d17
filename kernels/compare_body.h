/* Comparisons on elements of type T, and what converts elements of the dtypes to it. */

#define QUESTION(name, value)                                                                                          \
    INLINE uint8_t N(name##_answer)(T x, T b)                                                                          \
    {                                                                                                                  \
        (void)b;                                                                                                       \
        return (uint8_t)(value);                                                                                       \
    }                                                                                                                  \
    static void N(name##_loop)(int64_t n, void *out, const void *const *in)                                            \
    {                                                                                                                  \
        uint8_t *restrict const o = out;                                                                               \
        const T *restrict const x = in[TP_IN_X];                                                                       \
        const T *restrict const b = in[TP_IN_B];                                                                       \
        SIMD                                                                                                           \
        for (int64_t i = 0; i < n; i++) o[i] = N(name##_answer)(x[i], b[i]);                                           \
    }
#define COMPARE(name, value, ...) QUESTION(name, value)
#define TEST(name, value, ...) QUESTION(name, value)
#include "kernels/compare.def"

#define CONVERT(dtype, from)                                                                                           \
    static void N(value_of_##dtype)(int64_t n, void *out, const void *in)                                              \
    {                                                                                                                  \
        T *restrict const o = out;                                                                                     \
        const from *restrict const x = in;                                                                             \
        SIMD                                                                                                           \
        for (int64_t i = 0; i < n; i++) o[i] = (T)x[i];                                                                \
    }                                                                                                                  \
    static void N(truth_of_##dtype)(int64_t n, void *out, const void *in)                                              \
    {                                                                                                                  \
        T *restrict const o = out;                                                                                     \
        const from *restrict const x = in;                                                                             \
        SIMD                                                                                                           \
        for (int64_t i = 0; i < n; i++) o[i] = x[i] != 0;                                                              \
    }
CONVERT(TP_F32, float)
CONVERT(TP_F64, double)
CONVERT(TP_I32, int32_t)
CONVERT(TP_I64, int64_t)
CONVERT(TP_U8, uint8_t)

static const tp_compare_loops N(compare_loops) = {
    .row =
        {
#define COMPARE(name, ...) [TP_COMPARE_##name] = N(name##_loop),
#define TEST(name, ...) [TP_COMPARE_##name] = N(name##_loop),
#include "kernels/compare.def"
        },
#define EACH_DTYPE(of)                                                                                                 \
    {                                                                                                                  \
        [TP_F32] = N(of##_TP_F32), [TP_F64] = N(of##_TP_F64), [TP_I32] = N(of##_TP_I32), [TP_I64] = N(of##_TP_I64),    \
        [TP_U8] = N(of##_TP_U8)                                                                                        \
    }
    .value = EACH_DTYPE(value_of),
    .truth = EACH_DTYPE(truth_of),
};
#undef QUESTION
#undef CONVERT
#undef EACH_DTYPE
