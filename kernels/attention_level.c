/* Rows of attention's weights, and rotated pairs, for one instruction-set level. */
#include "kernels/attention.h"

#include "kernels/level.h"
#include "kernels/vector_math.h"

#ifdef __clang__
#define SIMD_MAX(x)
#else
#define SIMD_MAX(x) PRAGMA(omp simd reduction(max : x))
#endif

#define BODY "kernels/attention_body.h"
#include "kernels/each_float.h"
