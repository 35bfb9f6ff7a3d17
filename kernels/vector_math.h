/* The maths functions that the loops call. With TP_WITH_LIBMVEC (found by a probe of the build) gcc is told of glibc's
   vector variants and uses them in vectorised loops: within 4 ulp, NaN and Inf right. */
#ifndef TAPIR_KERNELS_VECTOR_MATH_H
#define TAPIR_KERNELS_VECTOR_MATH_H

#include <math.h>

#ifdef TP_WITH_LIBMVEC
#define VECTOR_FUNCTION(fn)                                                                                            \
    _Pragma("omp declare simd notinbranch") double fn(double);                                                         \
    _Pragma("omp declare simd notinbranch") float fn##f(float);
VECTOR_FUNCTION(exp)
VECTOR_FUNCTION(log)
VECTOR_FUNCTION(tanh)
#undef VECTOR_FUNCTION
#pragma omp declare simd notinbranch
double pow(double, double);
#pragma omp declare simd notinbranch
float powf(float, float);
#endif

#endif
