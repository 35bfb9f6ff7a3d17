/* The loops of convolution, for one instruction-set level. */
#include <string.h>

#include "kernels/conv.h"
#include "kernels/level.h"

/* Places begin..end-1 of a run. */
typedef struct tp_span {
    int64_t begin, end;
} tp_span;

static inline int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Which of n places at + i step lie in 0..extent-1; n <= 1 where step could take them past what an integer holds. */
static inline tp_span inside(int64_t n, int64_t extent, int64_t at, int64_t step)
{
    const int64_t begin = at >= 0 ? 0 : (step == 1 ? -at : (-at - 1) / step + 1);
    const int64_t past = at >= extent ? 0 : (step == 1 ? extent - at : (extent - at - 1) / step + 1);
    return (tp_span){smaller(begin, smaller(n, past)), smaller(n, past)};
}

#define T float
#define TYPE f32
#define M(fn) fn##f
#define C(x) x##f
#include "kernels/conv_body.h"
#undef T
#undef TYPE
#undef M
#undef C

#define T double
#define TYPE f64
#define M(fn) fn
#define C(x) x
#include "kernels/conv_body.h"
