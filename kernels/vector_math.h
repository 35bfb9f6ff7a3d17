/* The maths functions that the loops call. With TP_WITH_LIBMVEC (found by a probe of the build) gcc is told of glibc's
   vector variants and uses them in vectorised loops: within 4 ulp, NaN and Inf right. */
#ifndef TAPIR_KERNELS_VECTOR_MATH_H
#define TAPIR_KERNELS_VECTOR_MATH_H

#include <math.h>

#ifdef TP_WITH_LIBMVEC
#define VECTOR_FUNCTION(fn)                                                                                            \
    _Pragma("omp declare simd notinbranch") double fn(double);                                                         \
    _Pragma("omp declare simd notinbranch") float fn##f(float);
#define VECTOR_FUNCTION2(fn)                                                                                           \
    _Pragma("omp declare simd notinbranch") double fn(double, double);                                                 \
    _Pragma("omp declare simd notinbranch") float fn##f(float, float);
VECTOR_FUNCTION(exp)
VECTOR_FUNCTION(log)
VECTOR_FUNCTION(sin)
VECTOR_FUNCTION(cos)
VECTOR_FUNCTION2(pow)
#if __GLIBC_PREREQ(2, 35)
VECTOR_FUNCTION(acos)
VECTOR_FUNCTION(acosh)
VECTOR_FUNCTION(asin)
VECTOR_FUNCTION(asinh)
VECTOR_FUNCTION(atan)
VECTOR_FUNCTION(atanh)
VECTOR_FUNCTION(cbrt)
VECTOR_FUNCTION(cosh)
VECTOR_FUNCTION(erf)
VECTOR_FUNCTION(erfc)
VECTOR_FUNCTION(exp2)
VECTOR_FUNCTION(expm1)
VECTOR_FUNCTION(log10)
VECTOR_FUNCTION(log1p)
VECTOR_FUNCTION(log2)
VECTOR_FUNCTION(sinh)
VECTOR_FUNCTION(tan)
VECTOR_FUNCTION(tanh)
VECTOR_FUNCTION2(atan2)
VECTOR_FUNCTION2(hypot)
#endif
#undef VECTOR_FUNCTION
#undef VECTOR_FUNCTION2
#endif

#endif
