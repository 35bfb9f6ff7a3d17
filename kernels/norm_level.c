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

#define BODY "kernels/norm_body.h"
#include "kernels/each_float.h"
