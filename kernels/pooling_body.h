/* The loops of pooling for one element type T, whose places in a plane are numbered by INDEX, as wide as T where that
   is enough: included by pooling_level.c for float and for double. */

/* ---- vectors ---- */

typedef T N(vec) __attribute__((vector_size(LANES * sizeof(T))));
typedef INDEX N(places) __attribute__((vector_size(LANES * sizeof(INDEX))));

INLINE int64_t N(whole)(int64_t n)
{
    return (n + LANES - 1) / LANES * LANES;
}

/* LANES elements, each or every second. */
INLINE N(vec) N(load)(const T *x, int64_t step)
{
    N(vec) a, b;
    memcpy(&a, x, sizeof a);
    if (step == 1) return a;
    memcpy(&b, x + LANES, sizeof b);
    return __builtin_shufflevector(a, b, EVENS);
}

/* Whether a run's places all lie in the line, and may be read in whole vectors: what these hold beyond is not used. */
INLINE bool N(in_vectors)(const run *r, tp_span in, int64_t place, int64_t step, int64_t room)
{
    return step <= 2 && in.begin == 0 && in.end == r->n && place + N(whole)(r->n) * step <= room;
}

/* ---- the largest ---- */

/* One tap for LANES positions: takes what is larger, or the first NaN. */
INLINE void N(vector_max)(const T *x, int64_t place, int64_t step, T *best, INDEX *index)
{
    N(vec) v = N(load)(x + place, step), b = N(load)(best, 1);
    N(places) was, at = {0};
    memcpy(&was, index, sizeof was);
    for (int l = 0; l < LANES; l++) at[l] = (INDEX)l;
    at = at * (INDEX)step + (INDEX)place;
    const N(places) take = ~(v <= b) & (b == b);
    at = (take & at) | (~take & was);
    memcpy(index, &at, sizeof at);
    N(places) bits, old;
    memcpy(&bits, &v, sizeof v);
    memcpy(&old, &b, sizeof b);
    bits = (take & bits) | (~take & old);
    memcpy(best, &bits, sizeof bits);
}

INLINE void N(tap_max)(const run *r, tp_span in, const T *x, int64_t room, int64_t place, int64_t step, T *best,
                       INDEX *index)
{
    if (N(in_vectors)(r, in, place, step, room)) {
        for (int64_t i = 0; i < r->n; i += LANES) N(vector_max)(x, place + i * step, step, best + i, index + i);
        return;
    }
    for (int64_t i = in.begin; i < in.end; i++) {
        const T v = x[place + i * step];
        if (!(v <= best[i]) && best[i] == best[i]) best[i] = v, index[i] = (INDEX)(place + i * step);
    }
}

/* A window's first place, to start with: what is -Inf everywhere is found there. */
INLINE void N(start_max)(const tp_pool_shape *s, const run *r, const window *z, const window *y, T *best, INDEX *index)
{
    const bool empty = z->first >= z->last || y->first >= y->last;
    const int64_t line = (z->first * s->x[1] + y->first) * s->x[2];
    const int64_t start = r->x * s->stride[2] - s->padding[2], reach = (s->window[2] - 1) * s->dilation[2];
    const bool within = start >= 0 && start + (r->n - 1) * s->stride[2] + reach < s->x[2];
    for (int64_t i = 0; i < N(whole)(r->n); i++) best[i] = -(T)HUGE_VAL;
    for (int64_t i = 0; i < r->n; i++) {
        const window w = within ? (window){start + i * s->stride[2], INT64_MAX, 1} : window_of(s, 2, r->x + i);
        index[i] = (INDEX)(empty || w.first >= w.last ? -1 : line + w.first);
    }
}

INLINE void N(line_max)(const tp_pool_shape *s, const run *r, const T *x, int64_t room, T *best, INDEX *index)
{
    const window z = window_of(s, 0, r->z), y = window_of(s, 1, r->y);
    const int64_t step = s->stride[2], start = r->x * step - s->padding[2];
    N(start_max)(s, r, &z, &y, best, index);
    for (int64_t iz = z.first; iz < z.last; iz += z.step)
        for (int64_t iy = y.first; iy < y.last; iy += y.step)
            for (int64_t t = 0; t < s->window[2]; t++) {
                const int64_t at = start + t * s->dilation[2], line = (iz * s->x[1] + iy) * s->x[2];
                const tp_span in = inside(r->n, s->x[2], at, step);
                if (step == 1)
                    N(tap_max)(r, in, x, room, line + at, 1, best, index);
                else if (step == 2)
                    N(tap_max)(r, in, x, room, line + at, 2, best, index);
                else
                    N(tap_max)(r, in, x, room, line + at, step, best, index);
            }
}

/* Any window, one position at a time. */
static void N(window_max)(const tp_pool_shape *s, const T *x, int64_t pz, int64_t py, int64_t px, T *best,
                          int64_t *index)
{
    const window z = window_of(s, 0, pz), y = window_of(s, 1, py), w = window_of(s, 2, px);
    *best = -(T)HUGE_VAL;
    *index = -1;
    for (int64_t iz = z.first; iz < z.last; iz += z.step)
        for (int64_t iy = y.first; iy < y.last; iy += y.step)
            for (int64_t ix = w.first; ix < w.last; ix += w.step) {
                const int64_t place = (iz * s->x[1] + iy) * s->x[2] + ix;
                const T v = x[place];
                if (v > *best || (v != v && *best == *best) || *index < 0) *best = v, *index = place;
            }
}

static void N(max)(const tp_pool_shape *s, const void *px, int64_t room, void *py, int64_t *index)
{
    const T *x = px;
    T *y = py;
    const bool wide = volume(s->x) > INT32_MAX && sizeof(INDEX) < sizeof(int64_t);
    T best[RUN];
    INDEX place[RUN] = {0};
    for (run r = {0}; next_run(s, &r); y += r.n, index += r.n) {
        if (s->adaptive || wide) {
            for (int64_t i = 0; i < r.n; i++) N(window_max)(s, x, r.z, r.y, r.x + i, y + i, index + i);
            continue;
        }
        N(line_max)(s, &r, x, room, best, place);
        for (int64_t i = 0; i < r.n; i++) y[i] = best[i];
        for (int64_t i = 0; i < r.n; i++) index[i] = place[i];
    }
}

/* ---- averages ---- */

/* sum += x for one tap */
INLINE void N(tap_sum)(const run *r, tp_span in, const T *x, int64_t room, int64_t place, int64_t step, T *sum)
{
    if (N(in_vectors)(r, in, place, step, room)) {
        for (int64_t i = 0; i < r->n; i += LANES) {
            const N(vec) total = N(load)(sum + i, 1) + N(load)(x + place + i * step, step);
            memcpy(sum + i, &total, sizeof total);
        }
        return;
    }
    for (int64_t i = in.begin; i < in.end; i++) sum[i] += x[place + i * step];
}

/* x += sum for one tap */
INLINE void N(tap_spread)(tp_span in, T *restrict x, int64_t place, int64_t step, const T *restrict sum)
{
    SIMD
    for (int64_t i = in.begin; i < in.end; i++) x[place + i * step] += sum[i];
}

/* sum += x, or x += sum, at every place of the windows of a run */
INLINE void N(line_sum)(const tp_pool_shape *s, const run *r, T *x, int64_t room, T *sum, bool spread)
{
    const window z = window_of(s, 0, r->z), y = window_of(s, 1, r->y);
    const int64_t step = s->stride[2], start = r->x * step - s->padding[2];
    for (int64_t iz = z.first; iz < z.last; iz += z.step)
        for (int64_t iy = y.first; iy < y.last; iy += y.step)
            for (int64_t t = 0; t < s->window[2]; t++) {
                const tp_span in = inside(r->n, s->x[2], start + t, step);
                const int64_t place = (iz * s->x[1] + iy) * s->x[2] + start + t;
                if (step == 1 && spread)
                    N(tap_spread)(in, x, place, 1, sum);
                else if (spread)
                    N(tap_spread)(in, x, place, step, sum);
                else if (step == 1)
                    N(tap_sum)(r, in, x, room, place, 1, sum);
                else if (step == 2)
                    N(tap_sum)(r, in, x, room, place, 2, sum);
                else
                    N(tap_sum)(r, in, x, room, place, step, sum);
            }
}

INLINE void N(adaptive_sum)(const tp_pool_shape *s, const run *r, T *restrict x, T *restrict sum, bool spread)
{
    const window z = window_of(s, 0, r->z), y = window_of(s, 1, r->y);
    for (int64_t i = 0; i < r->n; i++) {
        const window w = window_of(s, 2, r->x + i);
        for (int64_t iz = z.first; iz < z.last; iz++)
            for (int64_t iy = y.first; iy < y.last; iy++)
                for (int64_t ix = w.first; ix < w.last; ix++) {
                    T *const at = x + (iz * s->x[1] + iy) * s->x[2] + ix;
                    if (spread)
                        *at += sum[i];
                    else
                        sum[i] += *at;
                }
    }
}

/* What each position of a run divides by. */
INLINE void N(divisors)(const tp_pool_shape *s, const run *r, T *out)
{
    const int64_t lines = s->divisor ? s->divisor : counted(s, 0, r->z) * counted(s, 1, r->y);
    const int64_t end = s->x[2] + s->padding[2], at = r->x * s->stride[2] - s->padding[2];
    if (s->divisor || (!s->adaptive && !s->exclude_padding && at + (r->n - 1) * s->stride[2] + s->window[2] <= end)) {
        const T divisor = (T)(s->divisor ? lines : lines * s->window[2]);
        for (int64_t i = 0; i < r->n; i++) out[i] = divisor;
    } else {
        for (int64_t i = 0; i < r->n; i++) out[i] = (T)(lines * counted(s, 2, r->x + i));
    }
}

static void N(average)(const tp_pool_shape *s, const void *px, int64_t room, void *py)
{
    T *x = (T *)px, *y = py;
    T divisor[RUN], sum[RUN];
    for (run r = {0}; next_run(s, &r); y += r.n) {
        for (int64_t i = 0; i < N(whole)(r.n); i++) sum[i] = 0;
        if (s->adaptive)
            N(adaptive_sum)(s, &r, x, sum, false);
        else
            N(line_sum)(s, &r, x, room, sum, false);
        N(divisors)(s, &r, divisor);
        for (int64_t i = 0; i < r.n; i++) y[i] = sum[i] / divisor[i];
    }
}

static void N(spread)(const tp_pool_shape *s, const void *py, void *px)
{
    const T *y = py;
    T *x = px, divisor[RUN], share[RUN];
    memset(x, 0, (size_t)volume(s->x) * sizeof(T));
    for (run r = {0}; next_run(s, &r); y += r.n) {
        N(divisors)(s, &r, divisor);
        for (int64_t i = 0; i < r.n; i++) share[i] = y[i] / divisor[i];
        if (s->adaptive)
            N(adaptive_sum)(s, &r, x, share, true);
        else
            N(line_sum)(s, &r, x, 0, share, true);
    }
}

/* ---- along indices ---- */

static void N(scatter)(const tp_pool_shape *s, const void *py, const int64_t *index, void *px)
{
    const T *y = py;
    T *x = px;
    const int64_t n = volume(s->y), extent = volume(s->x);
    memset(x, 0, (size_t)extent * sizeof(T));
    for (int64_t i = 0; i < n; i++)
        if (index[i] >= 0 && index[i] < extent) x[index[i]] += y[i];
}

static void N(gather)(const tp_pool_shape *s, const void *px, const int64_t *index, void *py)
{
    const T *x = px;
    T *y = py;
    const int64_t n = volume(s->y), extent = volume(s->x);
    for (int64_t i = 0; i < n; i++) y[i] = index[i] >= 0 && index[i] < extent ? x[index[i]] : 0;
}

extern const tp_pooling_loops TABLE(tp_pooling_loops);
const tp_pooling_loops TABLE(tp_pooling_loops) = {
    .max = N(max), .average = N(average), .spread = N(spread), .scatter = N(scatter), .gather = N(gather)};
