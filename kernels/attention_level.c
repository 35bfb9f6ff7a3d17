/* Rows of attention's weights, for one instruction-set level. */
#include "kernels/attention.h"

#include "kernels/level.h"
#include "kernels/vector_math.h"

#ifdef __clang__
#define SIMD_MAX(x)
#else
#define SIMD_MAX(x) PRAGMA(omp simd reduction(max : x))
#endif

#define T float
#define TYPE f32
#define M(fn) fn##f
#include "kernels/attention_body.h"
#undef T
#undef TYPE
#undef M

#define T double
#define TYPE f64
#define M(fn) fn
#include "kernels/attention_body.h"
