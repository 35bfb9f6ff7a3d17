/* Forward mode on the stack: numbers that carry derivatives with them, without a tape. For small programs of scalars,
   in which recording would cost more than the arithmetic; nested to any depth. See docs/duals.md.

   This header is a template. Before it is included, TP_DUAL says what the type is to be called, TP_DUAL_OF of what its
   numbers are (tp_real, which is double, or a dual type made before) and TP_DUAL_WAYS how many derivatives each has:

     #define TP_DUAL slope
     #define TP_DUAL_OF tp_real
     #define TP_DUAL_WAYS 2
     #include <tapir/dual.h>

     const slope x = slope_variable(3, 0), y = slope_variable(4, 1), r = slope_sqrt(slope_add(slope_square(x),
                                                                                              slope_square(y)));
     r.value is 5, r.slope[0] 0.6, r.slope[1] 0.8

   A dual is value + sum_k slope[k] e_k with e_j e_k = 0. One whose numbers are duals themselves keeps the two kinds of
   derivatives apart by its type, so that no level takes another's variable for its own. Comparisons and branches are
   the program's own, on `TP_DUAL`_number, the plain number at the bottom. Nothing can fail: what is not finite is so as
   in plain arithmetic. W. K. Clifford, "Preliminary sketch of biquaternions" (1873) has the numbers; R. E. Wengert, "A
   simple automatic derivative evaluation program" (1964) the use. */
#ifndef TAPIR_DUAL_H
#define TAPIR_DUAL_H

#include <math.h>

#define TP_DUAL_JOIN_(a, b) a##_##b
#define TP_DUAL_JOIN(a, b) TP_DUAL_JOIN_(a, b)
#define TP_DUAL_FN(name) TP_DUAL_JOIN(TP_DUAL, name)
#define TP_DUAL_OF_FN(name) TP_DUAL_JOIN(TP_DUAL_OF, name)
#ifdef __GNUC__
#define TP_DUAL_INLINE static inline __attribute__((always_inline, unused))
#else
#define TP_DUAL_INLINE static inline
#endif

/* The loops over ways are short, and better none at all. */
#if defined(__clang__)
#define TP_DUAL_UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define TP_DUAL_UNROLL _Pragma("GCC unroll 16")
#else
#define TP_DUAL_UNROLL
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The same functions of plain numbers. */
typedef double tp_real;
TP_DUAL_INLINE double tp_real_constant(double c)
{
    return c;
}
TP_DUAL_INLINE double tp_real_number(double x)
{
    return x;
}
TP_DUAL_INLINE double tp_real_add(double x, double b)
{
    return x + b;
}
TP_DUAL_INLINE double tp_real_sub(double x, double b)
{
    return x - b;
}
TP_DUAL_INLINE double tp_real_mul(double x, double b)
{
    return x * b;
}
TP_DUAL_INLINE double tp_real_div(double x, double b)
{
    return x / b;
}
TP_DUAL_INLINE double tp_real_fma(double x, double b, double c)
{
    return x * b + c;
}
TP_DUAL_INLINE double tp_real_neg(double x)
{
    return -x;
}
TP_DUAL_INLINE double tp_real_adds(double x, double c)
{
    return x + c;
}
TP_DUAL_INLINE double tp_real_muls(double x, double c)
{
    return x * c;
}
TP_DUAL_INLINE double tp_real_rsubs(double c, double x)
{
    return c - x;
}
TP_DUAL_INLINE double tp_real_square(double x)
{
    return x * x;
}
TP_DUAL_INLINE double tp_real_reciprocal(double x)
{
    return 1 / x;
}
TP_DUAL_INLINE double tp_real_sqrt(double x)
{
    return sqrt(x);
}
TP_DUAL_INLINE double tp_real_rsqrt(double x)
{
    return 1 / sqrt(x);
}
TP_DUAL_INLINE double tp_real_exp(double x)
{
    return exp(x);
}
TP_DUAL_INLINE double tp_real_log(double x)
{
    return log(x);
}
TP_DUAL_INLINE double tp_real_sin(double x)
{
    return sin(x);
}
TP_DUAL_INLINE double tp_real_cos(double x)
{
    return cos(x);
}
TP_DUAL_INLINE double tp_real_tanh(double x)
{
    return tanh(x);
}

#ifdef __cplusplus
}
#endif
#endif

#ifdef TP_DUAL
#if !defined(TP_DUAL_OF) || !defined(TP_DUAL_WAYS)
#error "<tapir/dual.h>: define TP_DUAL_OF and TP_DUAL_WAYS, too"
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct TP_DUAL {
    TP_DUAL_OF value;
    TP_DUAL_OF slope[TP_DUAL_WAYS];
} TP_DUAL;

/* A number without derivatives, of the kind that this type is made of; the variable of way k, whose slope there is 1;
   a plain number without derivatives of any kind; and the plain number that a dual has. */
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(lift)(TP_DUAL_OF x)
{
    TP_DUAL y;
    y.value = x;
    TP_DUAL_UNROLL
    for (int k = 0; k < TP_DUAL_WAYS; k++) y.slope[k] = TP_DUAL_OF_FN(constant)(0);
    return y;
}
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(variable)(TP_DUAL_OF x, int way)
{
    TP_DUAL y = TP_DUAL_FN(lift)(x);
    y.slope[way] = TP_DUAL_OF_FN(constant)(1);
    return y;
}
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(constant)(double c)
{
    return TP_DUAL_FN(lift)(TP_DUAL_OF_FN(constant)(c));
}
TP_DUAL_INLINE double TP_DUAL_FN(number)(TP_DUAL x)
{
    return TP_DUAL_OF_FN(number)(x.value);
}

/* f(x) of another function: fx at x.value, where its slope is by_x. */
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(chain)(TP_DUAL x, TP_DUAL_OF fx, TP_DUAL_OF by_x)
{
    TP_DUAL y;
    y.value = fx;
    TP_DUAL_UNROLL
    for (int k = 0; k < TP_DUAL_WAYS; k++) y.slope[k] = TP_DUAL_OF_FN(mul)(by_x, x.slope[k]);
    return y;
}

#define TP_DUAL_EACH(value_, slope_)                                                                                   \
    TP_DUAL y;                                                                                                         \
    y.value = value_;                                                                                                  \
    TP_DUAL_UNROLL                                                                                                     \
    for (int k = 0; k < TP_DUAL_WAYS; k++) y.slope[k] = slope_;                                                        \
    return y

/* x + b, x - b, x b, x / b, x b + c */
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(add)(TP_DUAL x, TP_DUAL b)
{
    TP_DUAL_EACH(TP_DUAL_OF_FN(add)(x.value, b.value), TP_DUAL_OF_FN(add)(x.slope[k], b.slope[k]));
}
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(sub)(TP_DUAL x, TP_DUAL b)
{
    TP_DUAL_EACH(TP_DUAL_OF_FN(sub)(x.value, b.value), TP_DUAL_OF_FN(sub)(x.slope[k], b.slope[k]));
}
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(mul)(TP_DUAL x, TP_DUAL b)
{
    TP_DUAL_EACH(TP_DUAL_OF_FN(mul)(x.value, b.value),
                 TP_DUAL_OF_FN(fma)(x.slope[k], b.value, TP_DUAL_OF_FN(mul)(x.value, b.slope[k])));
}
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(div)(TP_DUAL x, TP_DUAL b)
{
    const TP_DUAL_OF r = TP_DUAL_OF_FN(reciprocal)(b.value), q = TP_DUAL_OF_FN(div)(x.value, b.value);
    TP_DUAL_EACH(q, TP_DUAL_OF_FN(mul)(TP_DUAL_OF_FN(sub)(x.slope[k], TP_DUAL_OF_FN(mul)(q, b.slope[k])), r));
}
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(fma)(TP_DUAL x, TP_DUAL b, TP_DUAL c)
{
    TP_DUAL_EACH(TP_DUAL_OF_FN(fma)(x.value, b.value, c.value),
                 TP_DUAL_OF_FN(fma)(x.slope[k], b.value, TP_DUAL_OF_FN(fma)(x.value, b.slope[k], c.slope[k])));
}

/* With plain numbers: x + c, x c, c - x. */
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(adds)(TP_DUAL x, double c)
{
    x.value = TP_DUAL_OF_FN(adds)(x.value, c);
    return x;
}
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(muls)(TP_DUAL x, double c)
{
    TP_DUAL_EACH(TP_DUAL_OF_FN(muls)(x.value, c), TP_DUAL_OF_FN(muls)(x.slope[k], c));
}
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(neg)(TP_DUAL x)
{
    TP_DUAL_EACH(TP_DUAL_OF_FN(neg)(x.value), TP_DUAL_OF_FN(neg)(x.slope[k]));
}
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(rsubs)(double c, TP_DUAL x)
{
    TP_DUAL_EACH(TP_DUAL_OF_FN(rsubs)(c, x.value), TP_DUAL_OF_FN(neg)(x.slope[k]));
}

/* x^2, 1/x, the square root and its reciprocal */
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(square)(TP_DUAL x)
{
    return TP_DUAL_FN(chain)(x, TP_DUAL_OF_FN(square)(x.value), TP_DUAL_OF_FN(muls)(x.value, 2));
}
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(reciprocal)(TP_DUAL x)
{
    const TP_DUAL_OF y = TP_DUAL_OF_FN(reciprocal)(x.value);
    return TP_DUAL_FN(chain)(x, y, TP_DUAL_OF_FN(neg)(TP_DUAL_OF_FN(square)(y)));
}
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(sqrt)(TP_DUAL x)
{
    const TP_DUAL_OF y = TP_DUAL_OF_FN(sqrt)(x.value);
    return TP_DUAL_FN(chain)(x, y, TP_DUAL_OF_FN(muls)(TP_DUAL_OF_FN(reciprocal)(y), .5));
}
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(rsqrt)(TP_DUAL x)
{
    const TP_DUAL_OF y = TP_DUAL_OF_FN(rsqrt)(x.value), cube = TP_DUAL_OF_FN(mul)(TP_DUAL_OF_FN(square)(y), y);
    return TP_DUAL_FN(chain)(x, y, TP_DUAL_OF_FN(muls)(cube, -.5));
}

TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(exp)(TP_DUAL x)
{
    const TP_DUAL_OF y = TP_DUAL_OF_FN(exp)(x.value);
    return TP_DUAL_FN(chain)(x, y, y);
}
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(log)(TP_DUAL x)
{
    return TP_DUAL_FN(chain)(x, TP_DUAL_OF_FN(log)(x.value), TP_DUAL_OF_FN(reciprocal)(x.value));
}
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(sin)(TP_DUAL x)
{
    return TP_DUAL_FN(chain)(x, TP_DUAL_OF_FN(sin)(x.value), TP_DUAL_OF_FN(cos)(x.value));
}
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(cos)(TP_DUAL x)
{
    return TP_DUAL_FN(chain)(x, TP_DUAL_OF_FN(cos)(x.value), TP_DUAL_OF_FN(neg)(TP_DUAL_OF_FN(sin)(x.value)));
}
TP_DUAL_INLINE TP_DUAL TP_DUAL_FN(tanh)(TP_DUAL x)
{
    const TP_DUAL_OF y = TP_DUAL_OF_FN(tanh)(x.value);
    return TP_DUAL_FN(chain)(x, y, TP_DUAL_OF_FN(rsubs)(1, TP_DUAL_OF_FN(square)(y)));
}

#ifdef __cplusplus
}
#endif

#undef TP_DUAL_EACH
#undef TP_DUAL
#undef TP_DUAL_OF
#undef TP_DUAL_WAYS
#endif
