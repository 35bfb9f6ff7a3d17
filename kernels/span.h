/* Which places of a run lie inside a line: shared by the loops that slide windows over images. */
#ifndef TAPIR_KERNELS_SPAN_H
#define TAPIR_KERNELS_SPAN_H

#include <stdint.h>

/* Places begin..end-1 of a run. */
typedef struct tp_span {
    int64_t begin, end;
} tp_span;

static inline int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Which of the n places at + i step lie in 0..extent-1. */
static inline tp_span inside(int64_t n, int64_t extent, int64_t at, int64_t step)
{
    if (at >= 0 && (n <= 1 ? at < extent : at + (n - 1) * step < extent)) return (tp_span){0, n};
    const int64_t begin = at >= 0 ? 0 : (step == 1 ? -at : (-at - 1) / step + 1);
    const int64_t past = at >= extent ? 0 : (step == 1 ? extent - at : (extent - at - 1) / step + 1);
    return (tp_span){smaller(begin, smaller(n, past)), smaller(n, past)};
}

#endif
