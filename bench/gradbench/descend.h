/* Gradient descent over numbers of any kind: a template, for numbers NUMBER with functions NUMBER_add and so on as
   those of <tapir/dual.h>. It is the rule of tp_descend, by which the saddle and particle problems are stated; what
   decides, norms and comparisons, is of plain numbers.

     #define NUMBER tp_real
     #include "bench/gradbench/descend.h"

   defines tp_real_descend. */
#ifndef GRADBENCH_DESCEND_H
#define GRADBENCH_DESCEND_H

#include <math.h>
#include <string.h>

#include <tapir/dual.h>

enum { GB_DIMENSIONS = 2, GB_EVALUATIONS = 1000000 };

#define GB_JOIN_(a, b) a##_##b
#define GB_JOIN(a, b) GB_JOIN_(a, b)
#define N(name) GB_JOIN(NUMBER, name)
#endif

/* f at x, and its gradient. */
typedef NUMBER N(objective)(const NUMBER *x, NUMBER *gradient, const void *user);

static inline double N(length)(const NUMBER *v, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += N(number)(v[i]) * N(number)(v[i]);
    return sqrt(sum);
}

/* Goes from x, n numbers, to the minimum; sign -1: to the maximum. Returns f there: NaN when f or its gradient is NaN,
   or there is no end. */
static inline NUMBER N(descend)(N(objective) * f, NUMBER *x, int n, double sign, const void *user)
{
    NUMBER slope[GB_DIMENSIONS], value = f(x, slope, user);
    double size = 1e-5;
    int taken = 0, evaluations = 1;
    while (N(length)(slope, n) > 1e-5) {
        NUMBER next[GB_DIMENSIONS], way[GB_DIMENSIONS], next_slope[GB_DIMENSIONS];
        if (taken == 10) size *= 2, taken = 0;
        for (int i = 0; i < n; i++) {
            next[i] = N(sub)(x[i], N(muls)(slope[i], sign * size));
            way[i] = N(sub)(x[i], next[i]);
        }
        if (N(length)(way, n) <= 1e-5) break;
        if (evaluations++ == GB_EVALUATIONS) return N(constant)((double)NAN);
        const NUMBER next_value = f(next, next_slope, user);
        if (sign * N(number)(next_value) < sign * N(number)(value)) {
            memcpy(x, next, (size_t)n * sizeof *x);
            memcpy(slope, next_slope, (size_t)n * sizeof *slope);
            value = next_value;
            taken++;
        } else {
            size /= 2, taken = 0;
        }
    }
    return isnan(N(length)(slope, n)) ? N(constant)((double)NAN) : value;
}
#undef NUMBER
