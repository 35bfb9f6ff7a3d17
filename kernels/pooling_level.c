/* The loops of pooling, for one instruction-set level. */
#include <math.h>
#include <string.h>

#include "kernels/pooling.h"
#include "kernels/level.h"
#include "kernels/span.h"

enum { RUN = 128 }; /* positions of a line worked on at a time: a multiple of all LANES */

/* A run of positions along x: x, x+1, ... of line (z, y). */
typedef struct run {
    int64_t z, y, x, n;
} run;

/* Places first..last-1 of axis i, `step` apart, that position p's window has inside x. */
typedef struct window {
    int64_t first, last, step;
} window;

static inline window window_of(const tp_pool_shape *s, int i, int64_t p)
{
    if (s->adaptive) return (window){p * s->x[i] / s->y[i], ((p + 1) * s->x[i] + s->y[i] - 1) / s->y[i], 1};
    const int64_t at = p * s->stride[i] - s->padding[i], step = s->dilation[i];
    const tp_span in = inside(s->window[i], s->x[i], at, step);
    return (window){at + in.begin * step, at + in.end * step, step};
}

/* How many places an average counts along axis i. */
static inline int64_t counted(const tp_pool_shape *s, int i, int64_t p)
{
    if (s->adaptive || s->exclude_padding) {
        const window w = window_of(s, i, p);
        return (w.last - w.first + w.step - 1) / w.step;
    }
    const int64_t at = p * s->stride[i] - s->padding[i];
    return smaller(at + s->window[i], s->x[i] + s->padding[i]) - at;
}

/* Goes to the next run of a plane's positions; false at the end. Starts from n = 0. */
static inline bool next_run(const tp_pool_shape *s, run *r)
{
    r->x += r->n;
    if (r->x == s->y[2]) {
        r->x = 0;
        if (++r->y == s->y[1]) r->y = 0, r->z++;
    }
    r->n = smaller(RUN, s->y[2] - r->x);
    return r->z < s->y[0];
}

static inline int64_t volume(const int64_t extents[3])
{
    return extents[0] * extents[1] * extents[2];
}

/* As wide as the level's registers. */
#define EVENS2 0, 2
#define EVENS4 EVENS2, 4, 6
#define EVENS8 EVENS4, 8, 10, 12, 14
#define EVENS16 EVENS8, 16, 18, 20, 22, 24, 26, 28, 30
#if defined(__AVX512F__)
#define FLOATS 16
#define DOUBLES 8
#elif defined(__AVX2__)
#define FLOATS 8
#define DOUBLES 4
#else
#define FLOATS 4
#define DOUBLES 2
#endif

#define T float
#define TYPE f32
#define INDEX int32_t
#define LANES FLOATS
#define EVENS PASTE(EVENS, FLOATS)
#include "kernels/pooling_body.h"
#undef T
#undef TYPE
#undef INDEX
#undef LANES
#undef EVENS

#define T double
#define TYPE f64
#define INDEX int64_t
#define LANES DOUBLES
#define EVENS PASTE(EVENS, DOUBLES)
#include "kernels/pooling_body.h"
