/* Special functions that libm does not have, in f64; those on f32 round them. */
#ifndef TAPIR_KERNELS_SPECIAL_H
#define TAPIR_KERNELS_SPECIAL_H

/* The inverse of erf on (-1, 1): within 4 ulp. +-Inf at +-1, NaN outside. */
double tp_erfinv_of(double x);
/* The derivative of log |Gamma(x)|: within 4 ulp for x > 0, else within 4 ulp of the larger of its terms psi(1 - x) and
   pi / tan(pi x). -Inf at 0, +Inf at -0, NaN at the negative integers. */
double tp_digamma_of(double x);
/* Its n-th derivative, (-1)^(n+1) n! zeta(n + 1, x); n = 0 is digamma itself. NaN unless n is a whole number >= 0;
   +Inf at a pole for odd n, NaN for even n, since its sides differ in sign. Within 4 ulp for x > 0, n <= 50. */
double tp_polygamma_of(double x, double n);

static inline double erfinv(double x)
{
    return tp_erfinv_of(x);
}
static inline float erfinvf(float x)
{
    return (float)tp_erfinv_of((double)x);
}
static inline double digamma(double x)
{
    return tp_digamma_of(x);
}
static inline float digammaf(float x)
{
    return (float)tp_digamma_of((double)x);
}
static inline double polygamma(double x, double n)
{
    return tp_polygamma_of(x, n);
}
static inline float polygammaf(float x, float n)
{
    return (float)tp_polygamma_of((double)x, (double)n);
}

#endif
