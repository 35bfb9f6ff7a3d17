/* What the sources of one instruction-set level share. A file kernels/NAME_level.c is compiled once for each level,
   with TP_LEVEL saying which; it includes its NAME_body.h once for each float type:

       #define BODY "kernels/NAME_body.h"
       #include "kernels/each_float.h"

   In a body T is the element type, M(exp) its function, C(0.5) a constant of it, N(name) a name of its own, and
   TABLE(name) that of a table which other files see (name_f32_v4). */
#ifndef TAPIR_KERNELS_LEVEL_H
#define TAPIR_KERNELS_LEVEL_H

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define N(name) PASTE(PASTE(name, _), TYPE)
#define AT_LEVEL(name) PASTE(PASTE(name, _), TP_LEVEL)
#define TABLE(name) AT_LEVEL(N(name))
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

#endif
