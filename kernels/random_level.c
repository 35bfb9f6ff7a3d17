/* The loops that draw random numbers, for one instruction-set level. */
#include "kernels/random.h"

#include <math.h>
#include <string.h>

#include "kernels/level.h"

/* Vectors of 64-bit lanes that hold a 32-bit word each, above which anything may lie; MULTIPLY takes the words. */
#if defined(__AVX512F__)
#include <immintrin.h>
enum { BYTES = 64 };
#define MULTIPLY(a, b) (wide) _mm512_mul_epu32((__m512i)(a), (__m512i)(b))
#elif defined(__AVX2__)
#include <immintrin.h>
enum { BYTES = 32 };
#define MULTIPLY(a, b) (wide) _mm256_mul_epu32((__m256i)(a), (__m256i)(b))
#elif defined(__SSE2__)
#include <emmintrin.h>
enum { BYTES = 16 };
#define MULTIPLY(a, b) (wide) _mm_mul_epu32((__m128i)(a), (__m128i)(b))
#else
enum { BYTES = 16 };
#define MULTIPLY(a, b) (((a)&0xffffffffu) * ((b)&0xffffffffu))
#endif

enum { GROUP = TP_RANDOM_GROUP, BLOCKS = GROUP / 4, LANES = BYTES / 8, VECTORS = BLOCKS / LANES, ROUNDS = 10 };
#define LOW_BITS (1ULL << 63) /* the counter of the second 32 bits */
#define UNROLL _Pragma("GCC unroll 16")

typedef uint64_t wide __attribute__((vector_size(BYTES)));
typedef uint32_t narrow __attribute__((vector_size(BYTES / 2)));

INLINE wide all(uint64_t x)
{
    return (wide){0} + x;
}

/* Sixteen blocks from `counter` on: see tp_philox. */
INLINE void philox(tp_stream s, uint64_t counter, uint32_t out[GROUP])
{
    wide c0[VECTORS], c1[VECTORS], c2[VECTORS], c3[VECTORS];
    UNROLL
    for (int v = 0; v < VECTORS; v++) {
        UNROLL
        for (int l = 0; l < LANES; l++) c0[v][l] = counter + (uint64_t)(v * LANES + l);
        c1[v] = c0[v] >> 32;
        c2[v] = all(s.number);
        c3[v] = all(s.number >> 32);
    }
    uint32_t k0 = (uint32_t)s.key, k1 = (uint32_t)(s.key >> 32);
    UNROLL
    for (int round = 0; round < ROUNDS; round++) {
        UNROLL
        for (int v = 0; v < VECTORS; v++) {
            const wide p0 = MULTIPLY(c0[v], all(0xD2511F53u)), p1 = MULTIPLY(c2[v], all(0xCD9E8D57u));
            c0[v] = (p1 >> 32) ^ c1[v] ^ all(k0);
            c2[v] = (p0 >> 32) ^ c3[v] ^ all(k1);
            c1[v] = p1;
            c3[v] = p0;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    UNROLL
    for (int v = 0; v < VECTORS; v++) {
        const narrow w0 = __builtin_convertvector(c0[v], narrow), w1 = __builtin_convertvector(c1[v], narrow);
        const narrow w2 = __builtin_convertvector(c2[v], narrow), w3 = __builtin_convertvector(c3[v], narrow);
        memcpy(out + v * LANES, &w0, sizeof w0);
        memcpy(out + BLOCKS + v * LANES, &w1, sizeof w1);
        memcpy(out + 2 * BLOCKS + v * LANES, &w2, sizeof w2);
        memcpy(out + 3 * BLOCKS + v * LANES, &w3, sizeof w3);
    }
}

static void group_words(tp_stream s, int64_t group, uint32_t out[GROUP])
{
    philox(s, (uint64_t)group * BLOCKS, out);
}

/* 53 bits in [0, 1) */
static void group_units(tp_stream s, int64_t group, double out[GROUP])
{
    uint32_t high[GROUP], low[GROUP];
    philox(s, (uint64_t)group * BLOCKS, high);
    philox(s, (uint64_t)group * BLOCKS | LOW_BITS, low);
    SIMD
    for (int i = 0; i < GROUP; i++)
        out[i] =
            (double)(int32_t)(high[i] >> 1) * 0x1p-31 + (double)(int32_t)((high[i] & 1) << 21 | low[i] >> 11) * 0x1p-53;
}

/* How many of n elements from the at-th on lie in its group. */
INLINE int64_t inside(int64_t at, int64_t n)
{
    return n - at < GROUP ? n - at : GROUP;
}

static void words_loop(tp_stream s, int64_t first, int64_t n, uint32_t *out)
{
    uint32_t part[GROUP];
    for (int64_t at = 0; at < n; at += GROUP) {
        group_words(s, (first + at) / GROUP, part);
        memcpy(out + at, part, (size_t)inside(at, n) * sizeof *out);
    }
}

static void units_loop(tp_stream s, int64_t first, int64_t n, double *out)
{
    double part[GROUP];
    for (int64_t at = 0; at < n; at += GROUP) {
        group_units(s, (first + at) / GROUP, part);
        memcpy(out + at, part, (size_t)inside(at, n) * sizeof *out);
    }
}

/* ---- functions of numbers, by sums and products ---- */

/* log x for a normal x > 0: x = 2^e m with sqrt(1/2) <= m < sqrt 2, and log m = 2 artanh t, t = (m - 1)/(m + 1). */
INLINE double natural_log(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    const int64_t shifted = bits - 0x3fe6a09e667f3bcdLL; /* sqrt(1/2) */
    const int32_t exponent = (int32_t)(shifted >> 52);
    bits -= (int64_t)exponent * (1LL << 52);
    double m;
    memcpy(&m, &bits, sizeof m);
    const double t = (m - 1) / (m + 1), z = t * t;
    double sum = 1. / 23;
    sum = sum * z + 1. / 21;
    sum = sum * z + 1. / 19;
    sum = sum * z + 1. / 17;
    sum = sum * z + 1. / 15;
    sum = sum * z + 1. / 13;
    sum = sum * z + 1. / 11;
    sum = sum * z + 1. / 9;
    sum = sum * z + 1. / 7;
    sum = sum * z + 1. / 5;
    sum = sum * z + 1. / 3;
    return exponent * 0.6931471805599453 + (2 * t + 2 * t * z * sum);
}

/* sin and cos of 2 pi v for 0 <= v < 1: Taylor's series within an eighth of a turn. */
INLINE void turn(double v, double *sine, double *cosine)
{
    const int32_t quarter = (int32_t)(4 * v + .5);
    const double x = 6.283185307179586 * (v - .25 * quarter), z = -x * x;
    double s = 1 + z / (16 * 17), c = 1 + z / (15 * 16);
    s = 1 + z * (1. / (14 * 15)) * s, c = 1 + z * (1. / (13 * 14)) * c;
    s = 1 + z * (1. / (12 * 13)) * s, c = 1 + z * (1. / (11 * 12)) * c;
    s = 1 + z * (1. / (10 * 11)) * s, c = 1 + z * (1. / (9 * 10)) * c;
    s = 1 + z * (1. / (8 * 9)) * s, c = 1 + z * (1. / (7 * 8)) * c;
    s = 1 + z * (1. / (6 * 7)) * s, c = 1 + z * (1. / (5 * 6)) * c;
    s = 1 + z * (1. / (4 * 5)) * s, c = 1 + z * (1. / (3 * 4)) * c;
    s = x * (1 + z * (1. / (2 * 3)) * s), c = 1 + z * .5 * c;
    const double one = quarter & 1 ? c : s, other = quarter & 1 ? s : c;
    *sine = quarter & 2 ? -one : one;
    *cosine = (quarter + 1) & 2 ? -other : other;
}

/* ---- kinds of numbers, a group at a time; u comes in and the numbers go out ---- */

/* Box and Muller: elements i and i + 32 are one pair. */
static void group_normal(double x[GROUP], double a, double b)
{
    enum { HALF = GROUP / 2 };
    SIMD
    for (int i = 0; i < HALF; i++) {
        const double r = b * sqrt(-2 * natural_log(1 - x[i]));
        double sine, cosine;
        turn(x[i + HALF], &sine, &cosine);
        x[i] = a + r * cosine;
        x[i + HALF] = a + r * sine;
    }
}

static void group_exponential(double x[GROUP], double a)
{
    SIMD
    for (int i = 0; i < GROUP; i++) x[i] = (0 - natural_log(1 - x[i])) / a;
}

static void group_gumbel(double x[GROUP], double a, double b)
{
    SIMD
    for (int i = 0; i < GROUP; i++) {
        const double u = x[i] < 0x1p-53 ? 0x1p-54 : x[i];
        x[i] = a - b * natural_log(0 - natural_log(u));
    }
}

static void group_of(tp_stream s, tp_random_kind kind, int64_t group, double x[GROUP], double a, double b)
{
    group_units(s, group, x);
    if (kind == TP_RANDOM_NORMAL)
        group_normal(x, a, b);
    else if (kind == TP_RANDOM_EXPONENTIAL)
        group_exponential(x, a);
    else if (kind == TP_RANDOM_GUMBEL)
        group_gumbel(x, a, b);
    else
        for (int i = 0; i < GROUP; i++) x[i] = a + (b - a) * x[i];
}

#define BODY "kernels/random_body.h"
#include "kernels/each_float.h"

/* f32 has 24 bits: with all of 53 it would round up to b. */
static void uniform_f32(tp_stream s, int64_t n, float *out, float a, float b)
{
    uint32_t part[GROUP];
    const float width = b - a;
    for (int64_t at = 0; at < n; at += GROUP) {
        group_words(s, at / GROUP, part);
        const int64_t m = inside(at, n);
        SIMD
        for (int64_t i = 0; i < m; i++) out[at + i] = a + width * ((float)(int32_t)(part[i] >> 8) * 0x1p-24f);
    }
}

static void draw_any_f32(tp_stream s, tp_random_kind kind, int64_t n, void *out, double a, double b)
{
    if (kind == TP_RANDOM_UNIFORM)
        uniform_f32(s, n, out, (float)a, (float)b);
    else
        draw_f32(s, kind, n, out, a, b);
}

extern const tp_random_loops AT_LEVEL(tp_random);
const tp_random_loops AT_LEVEL(tp_random) = {
    .words = words_loop,
    .units = units_loop,
    .draw = {draw_any_f32, draw_f64},
    .dropout = {dropout_f32, dropout_f64},
};
