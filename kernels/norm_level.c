/* The loops of the normalisations, for one instruction-set level. */
#include "kernels/norm.h"

#include <stdbool.h>

#include "kernels/level.h"
#include "kernels/vector_math.h"

#ifdef __clang__
#define SIMD_SUMS(a, b, c, d)
#else
#define SIMD_SUMS(a, b, c, d) PRAGMA(omp simd reduction(+ : a, b, c, d))
#endif

#define T float
#define TYPE f32
#define M(fn) fn##f
#include "kernels/norm_body.h"
#undef T
#undef TYPE
#undef M

#define T double
#define TYPE f64
#define M(fn) fn
#include "kernels/norm_body.h"
