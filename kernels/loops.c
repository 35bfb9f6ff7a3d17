/* The loops of one instruction-set level: compiled once for each, with TP_LEVEL saying which. */
#include <stddef.h>
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/vector_math.h"

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define INLINE static inline __attribute__((always_inline))

/* clang 14 warns of every loop with a maths call that it cannot vectorise; it finds the others by itself. */
#define PRAGMA(text) _Pragma(#text)
#ifdef __clang__
#define SIMD
#define SIMD_SUM(x)
#else
#define SIMD _Pragma("omp simd")
#define SIMD_SUM(x) PRAGMA(omp simd reduction(+ : x))
#endif

#define T float
#define M(fn) fn##f
#define C(x) x##f
#define N(name) name##_f32
#include "kernels/loops_body.h"
#undef T
#undef M
#undef C
#undef N

#define T double
#define M(fn) fn
#define C(x) x
#define N(name) name##_f64
#include "kernels/loops_body.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

const tp_kernels PASTE(tp_kernels_, TP_LEVEL) = {
    .level = TEXT(TP_LEVEL),
    .gemm = &PASTE(tp_gemm_table_, TP_LEVEL),
    .of = {&loops_f32, &loops_f64},
};
