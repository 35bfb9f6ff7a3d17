/* Special functions that libm does not have. */
#include "kernels/special.h"

#include <math.h>

#define PI 3.14159265358979323846

/* ---- erfinv ---- */

/* M. Giles, Approximating the erfinv function (GPU Computing Gems, 2011), single precision: some 7 digits. Beyond where
   that ends, some 3 from erfc(y) = e^(-y^2) / (y sqrt(pi)). */
static double erfinv_near(double x)
{
    static const double middle[] = {2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087,
                                    -0.00125372503, -0.00417768164, 0.246640727,    1.50140941};
    static const double tail[] = {-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773,
                                  -0.0076224613,   0.00943887047,  1.00167406,    2.83297682};
    const double w = -log1p(-x * x), far = -log1p(-x);
    if (w > 15) return sqrt(far - .5 * log(PI * far));
    const double *c = w < 5 ? middle : tail, t = w < 5 ? w - 2.5 : sqrt(w) - 3;
    double p = c[0];
    for (int i = 1; i < 9; i++) p = p * t + c[i];
    return p * x;
}

/* Halley's step for erf(y) = x; towards 1 on erfc, whose relative error does not grow. Each triples the digits. */
double tp_erfinv_of(double x)
{
    const double a = fabs(x);
    if (!(a < 1)) return a == 1 ? copysign(HUGE_VAL, x) : (double)NAN;
    if (a < 1e-8) return x * 0.88622692545275801;
    double y = erfinv_near(a);
    for (int i = 0; i < 2; i++) {
        const double error = a < .5 ? erf(y) - a : (1 - a) - erfc(y);
        const double step = error / (1.1283791670955126 * exp(-y * y));
        y -= step / (1 + y * step);
    }
    return copysign(y, x);
}

/* ---- digamma ---- */

/* On [1, 2]: (x - root)(Y + P(x - 1) / Q(x - 1)), the root in three parts (Boost.Math 1.8x, digamma.hpp, 53 bits). */
static double digamma_1_2(double x)
{
    static const double p[] = {-0.0020713321167745952, -0.045251321448739056, -0.28919126444774784,
                               -0.65031853770896507,   -0.32555031186804491,  0.25479851061131551};
    static const double q[] = {-0.55789841321675513e-6,
                               0.0021284987017821144,
                               0.054151797245674225,
                               0.43593529692665969,
                               1.4606242909763515,
                               2.0767117023730469,
                               1};
    const double scale = 1073741824, root1 = 1569415565 / scale, root2 = 381566830 / scale / scale;
    const double h = ((x - root1) - root2) - 0.9016312093258695918615325266959189453125e-19, t = x - 1;
    double num = p[0], den = q[0];
    for (int i = 1; i < 6; i++) num = num * t + p[i];
    for (int i = 1; i < 7; i++) den = den * t + q[i];
    return h * (double)0.99558162689208984f + h * (num / den);
}

/* x >= 10: log x - 1/2x - sum B_2k / (2k x^2k) (DLMF 5.11.2) */
static double digamma_large(double x)
{
    static const double c[] = {3617. / 8160, -1. / 12,  691. / 32760, -1. / 132,
                               1. / 240,     -1. / 252, 1. / 120,     -1. / 12};
    const double r = 1 / (x * x);
    double s = c[0];
    for (int i = 1; i < 8; i++) s = s * r + c[i];
    return log(x) - .5 / x + s * r;
}

static double digamma_positive(double x)
{
    if (x >= 10) return x < HUGE_VAL ? digamma_large(x) : x;
    double sum = 0;
    while (x > 2) x -= 1, sum += 1 / x;
    while (x < 1) sum -= 1 / x, x += 1;
    return sum + digamma_1_2(x);
}

/* cot(pi part) for part + rest = 1, by the smallest angle. */
static double cotangent(double part, double rest)
{
    const double less = part <= .5 ? part : rest, size = less < .25 ? 1 / tan(PI * less) : tan(PI * (.5 - less));
    return part <= .5 ? size : -size;
}

double tp_digamma_of(double x)
{
    if (x > 0 || x != x) return x != x ? x : digamma_positive(x);
    if (x == 0) return copysign(HUGE_VAL, -x);
    const double part = x - floor(x); /* psi(x) = psi(1 - x) - pi / tan(pi x), DLMF 5.5.4 */
    if (!(part > 0)) return (double)NAN;
    return digamma_positive(1 - x) - PI * cotangent(part, ceil(x) - x);
}

/* ---- polygamma ---- */

/* zeta(s, q) = sum over k of (q + k)^-s for q > 0: terms up to q + k >= reach, then Euler and Maclaurin (DLMF 25.11.5).
   Below reach all that follows a term is less than 12 times it: a large s ends the sum long before. */
static double hurwitz(double s, double q)
{
    static const double bernoulli[] = {1. / 6,       -1. / 30, 1. / 42,      -1. / 30,     5. / 66,
                                       -691. / 2730, 7. / 6,   -3617. / 510, 43867. / 798, -174611. / 330};
    const double reach = 10 + s;
    double sum = 0;
    for (; q < reach; q += 1) {
        const double term = pow(q, -s);
        sum += term;
        if (term <= 1e-20 * sum) return sum;
    }
    const double power = pow(q, -s), square = 1 / (q * q);
    double term = s * power / q, tail = power * q / (s - 1) + power / 2, factorial = 2;
    for (int k = 0; k < 10; k++) { /* B_2j/(2j)! s (s+1) ... (s+2j-2) q^(-s-2j+1), j = k + 1 */
        const double j = 2 * k;
        tail += bernoulli[k] * term / factorial;
        term *= (s + j + 1) * (s + j + 2) * square;
        factorial *= (j + 3) * (j + 4);
    }
    return sum + tail;
}

/* Also for q < 0: the terms before 0 are two sums to the other side. */
static double hurwitz_any(double s, double q)
{
    if (q > 0) return hurwitz(s, q);
    const double part = q - floor(q), sign = fmod(s, 2) == 0 ? 1 : -1;
    return hurwitz(s, part) + sign * (hurwitz(s, ceil(q) - q) - hurwitz(s, 1 - q));
}

double tp_polygamma_of(double x, double n)
{
    if (n == 0) return tp_digamma_of(x);
    if (x != x || !(n > 0) || n != floor(n)) return (double)NAN;
    const double sign = fmod(n, 2) == 0 ? -1 : 1;
    if (x <= 0 && x == floor(x)) return sign > 0 ? HUGE_VAL : (double)NAN;
    if (x == HUGE_VAL) return sign > 0 ? 0. : -0.;
    return sign * tgamma(n + 1) * hurwitz_any(n + 1, x);
}
