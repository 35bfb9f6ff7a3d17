/* The standard normal distribution, for formulas.h: cumulative and density together, since they share an exponential;
   of numbers from -40 to 40, past which they are 0 or 1 in both types. */
#ifndef TAPIR_KERNELS_NORMAL_H
#define TAPIR_KERNELS_NORMAL_H

#include <math.h>
#include <stdint.h>
#include <string.h>

INLINE double normal_parts(double x, double *density)
{
    *density = exp(-0.5 * x * x) * 0.39894228040143268;
    return 0.5 * erfc(x * -0.70710678118654752);
}

/* With u = |x|: Phi(-u) = e^(-u^2/2) r(u) / 2 with r(u) = e^(u^2/2) erfc(u / sqrt 2), which varies slowly: t p(t) for
   t = 1 / (1 + 0.35 u / sqrt 2), where p is the polynomial of degree 9 with the least relative error, 1.3e-8, over
   u <= 40. u^2 is taken with its rounding error (Dekker's product), so that the tail is good to 11 ulp. libmvec's erfcf
   costs twice as much with AVX-512. */
INLINE float normal_partsf(float x, float *density)
{
    const float u = fabsf(x), t = 1 / (1 + 0.247487373f * u), square = u * u;
    uint32_t bits;
    float high;
    memcpy(&bits, &u, sizeof bits);
    bits &= 0xfffff000u; /* 12 bits of the fraction: the square is exact */
    memcpy(&high, &bits, sizeof high);
    const float low = u - high, error = (high * high - square + 2 * high * low) + low * low;
    const float e = expf(-0.5f * square) * (1 - 0.5f * error);
    float p = 4.349137098e-02f;
    p = p * t - 1.866712719e-01f;
    p = p * t + 2.469097525e-01f;
    p = p * t - 1.152301654e-01f;
    p = p * t + 1.599714607e-01f;
    p = p * t + 1.068305895e-01f;
    p = p * t + 1.647464037e-01f;
    p = p * t + 1.849988848e-01f;
    p = p * t + 1.974871010e-01f;
    p = p * t + 1.974658966e-01f;
    const float tail = 0.5f * e * (t * p);
    *density = e * 0.398942280f;
    return x > 0 ? 1 - tail : tail;
}

#endif
