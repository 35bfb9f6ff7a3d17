/* Formulas that rows name, for the element type T, with M, C and INLINE set to match. They hold in both tails: no
   overflow, no difference of close numbers, and the limit at an infinity; NaN comes through. */
#include "kernels/normal.h"
#include "kernels/special.h"

/* x, but not below (above) b; NaN where either is. */
INLINE T M(lower)(T x, T b)
{
    return x < b || b != b ? b : x;
}
INLINE T M(upper)(T x, T b)
{
    return x > b || b != b ? b : x;
}
INLINE T M(hold)(T x, T low, T high)
{
    return M(upper)(M(lower)(x, low), high);
}

/* -1, 0 or 1; 0 keeps its sign. */
INLINE T M(sign_of)(T x)
{
    return x > 0 ? 1 : (x < 0 ? -1 : x);
}

/* a / b, and 0 for b = 0. */
INLINE T M(ratio)(T a, T b)
{
    return b == 0 ? 0 : a / b;
}
/* a / h^2 where h is at least |a|: 0 for h = 0, and for h = Inf. */
INLINE T M(over_square)(T a, T h)
{
    const T r = h == 0 ? 0 : 1 / h;
    return r == 0 ? 0 : a * r * r;
}

/* log x. The vector function takes its time over a negative number; this one does not see it. */
INLINE T M(log_of)(T x)
{
    const T y = M(log)(M(fabs)(x));
    return x < 0 ? (T)NAN : y;
}

INLINE T M(logistic)(T x)
{
    return 1 / (1 + M(exp)(-x));
}
/* log(1 + e^x) = max(x, 0) + log(1 + e^-|x|) */
INLINE T M(log1pexp)(T x)
{
    return (x <= 0 ? 0 : x) + M(log1p)(M(exp)(-M(fabs)(x)));
}
/* x / (1 + |x|); 2^60 is as good as Inf. */
INLINE T M(soft_sign)(T x)
{
    const T h = M(hold)(x, -0x1p60, 0x1p60);
    return h / (1 + M(fabs)(h));
}

/* x Phi(x) and its slope. Past 40 Phi is 0 or 1 in both types. */
INLINE T M(gelu_of)(T x)
{
    T density;
    const T h = M(lower)(x, -40);
    return h * M(normal_parts)(M(upper)(h, 40), &density);
}
INLINE T M(gelu_slope)(T x)
{
    T density;
    const T h = M(hold)(x, -40, 40), below = M(normal_parts)(h, &density);
    return below + h * density;
}

/* x s with s = 1 / (1 + e^-w); its slope is s + x s (1 - s) w'. For SiLU w is x; for the tanh form of GELU it is
   2 sqrt(2/pi) (x + 0.044715 x^3), since (1 + tanh(w/2)) / 2 = s. */
INLINE T M(silu_of)(T x)
{
    const T h = M(lower)(x, -1000);
    return h * M(logistic)(h);
}
INLINE T M(silu_slope)(T x)
{
    const T h = M(hold)(x, -1000, 1000), s = M(logistic)(h);
    return s + h * s * (1 - s);
}
INLINE T M(gelu_tanh_of)(T x)
{
    const T h = M(lower)(x, -40), w = h * (C(1.5957691216057308) + C(0.071354816272600249) * h * h);
    return h * M(logistic)(w);
}
INLINE T M(gelu_tanh_slope)(T x)
{
    const T h = M(hold)(x, -40, 40), s = M(logistic)(h * (C(1.5957691216057308) + C(0.071354816272600249) * h * h));
    return s + h * s * (1 - s) * (C(1.5957691216057308) + C(0.21406444881780075) * h * h);
}

/* x tanh(log(1 + e^x)) = x n / (n + 2) with n = e^x (e^x + 2); past 22 it is x. */
INLINE T M(mish_of)(T x)
{
    const T h = M(lower)(x, -1000), e = M(exp)(M(upper)(h, 22)), n = e * (e + 2);
    return h * (n / (n + 2));
}
INLINE T M(mish_slope)(T x)
{
    const T h = M(hold)(x, -1000, 22), e = M(exp)(h), n = e * (e + 2), r = 1 / (n + 2);
    return n * r + 4 * h * e * (e + 1) * r * r;
}

/* log(e^x + e^b) = m + log(1 + e^-|x - b|) with m the larger; two equal infinities stay what they are. */
INLINE T M(log_add_exp)(T x, T b)
{
    const T m = x > b || x != x ? x : b, d = x == b ? 0 : M(fabs)(x - b);
    return m + M(log1p)(M(exp)(-d));
}
/* Its slope by x, e^(x - y): 1/2 at a tie. */
INLINE T M(log_add_exp_slope)(T x, T b)
{
    return M(logistic)(x == b ? 0 : x - b);
}

/* The remainder with the divisor's sign (Python, NumPy, PyTorch); C's fmod has the dividend's. */
INLINE T M(modulo)(T x, T b)
{
    const T r = M(fmod)(x, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
