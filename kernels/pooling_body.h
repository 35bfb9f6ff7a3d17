/* The loops of pooling for one element type T, whose places in a plane are numbered by INDEX, as wide as T where that
   is enough: included by pooling_level.c for float and for double. */

/* ---- the largest ---- */

/* One tap for positions begin..end-1 of a run: their places lie `step` apart from `place` on. */
INLINE void N(tap_max)(tp_span in, const T *restrict x, int64_t place, int64_t step, T *restrict best,
                       INDEX *restrict index)
{
    SIMD
    for (int64_t i = in.begin; i < in.end; i++) {
        const T v = x[place + i * step];
        const int take = (v > best[i]) | ((v != v) & (best[i] == best[i])) | (index[i] < 0);
        best[i] = take ? v : best[i];
        index[i] = take ? (INDEX)(place + i * step) : index[i];
    }
}

INLINE void N(line_max)(const tp_pool_shape *s, const run *r, const T *x, T *best, INDEX *index)
{
    const window z = window_of(s, 0, r->z), y = window_of(s, 1, r->y);
    const int64_t step = s->stride[2], start = r->x * step - s->padding[2];
    for (int64_t iz = z.first; iz < z.last; iz += z.step)
        for (int64_t iy = y.first; iy < y.last; iy += y.step)
            for (int64_t t = 0; t < s->window[2]; t++) {
                const int64_t at = start + t * s->dilation[2], line = (iz * s->x[1] + iy) * s->x[2];
                const tp_span in = inside(r->n, s->x[2], at, step);
                if (step == 1)
                    N(tap_max)(in, x, line + at, 1, best, index);
                else if (step == 2)
                    N(tap_max)(in, x, line + at, 2, best, index);
                else
                    N(tap_max)(in, x, line + at, step, best, index);
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

static void N(max)(const tp_pool_shape *s, const void *px, void *py, int64_t *index)
{
    const T *x = px;
    T *y = py;
    const bool wide = volume(s->x) > INT32_MAX && sizeof(INDEX) < sizeof(int64_t);
    T best[RUN];
    INDEX place[RUN];
    for (run r = {0}; next_run(s, &r); y += r.n, index += r.n) {
        if (s->adaptive || wide) {
            for (int64_t i = 0; i < r.n; i++) N(window_max)(s, x, r.z, r.y, r.x + i, y + i, index + i);
            continue;
        }
        for (int64_t i = 0; i < r.n; i++) best[i] = -(T)HUGE_VAL, place[i] = -1;
        N(line_max)(s, &r, x, best, place);
        for (int64_t i = 0; i < r.n; i++) y[i] = best[i];
        for (int64_t i = 0; i < r.n; i++) index[i] = place[i];
    }
}

/* ---- averages ---- */

/* sum += x, or x += sum, at every place of the windows of a run */
INLINE void N(line_sum)(const tp_pool_shape *s, const run *r, T *restrict x, T *restrict sum, bool spread)
{
    const window z = window_of(s, 0, r->z), y = window_of(s, 1, r->y);
    const int64_t step = s->stride[2], start = r->x * step - s->padding[2];
    for (int64_t iz = z.first; iz < z.last; iz += z.step)
        for (int64_t iy = y.first; iy < y.last; iy += y.step)
            for (int64_t t = 0; t < s->window[2]; t++) {
                const tp_span in = inside(r->n, s->x[2], start + t, step);
                const int64_t place = (iz * s->x[1] + iy) * s->x[2] + start + t;
                if (spread && step == 2) {
                    for (int64_t i = in.begin; i < in.end; i++) x[place + i * 2] += sum[i];
                } else if (spread) {
                    for (int64_t i = in.begin; i < in.end; i++) x[place + i * step] += sum[i];
                } else if (step == 1) {
                    SIMD
                    for (int64_t i = in.begin; i < in.end; i++) sum[i] += x[place + i];
                } else if (step == 2) {
                    SIMD
                    for (int64_t i = in.begin; i < in.end; i++) sum[i] += x[place + i * 2];
                } else {
                    for (int64_t i = in.begin; i < in.end; i++) sum[i] += x[place + i * step];
                }
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
    for (int64_t i = 0; i < r->n; i++) out[i] = (T)(s->divisor ? lines : lines * counted(s, 2, r->x + i));
}

static void N(average)(const tp_pool_shape *s, const void *px, void *py)
{
    T *x = (T *)px, *y = py;
    T divisor[RUN], sum[RUN];
    for (run r = {0}; next_run(s, &r); y += r.n) {
        for (int64_t i = 0; i < r.n; i++) sum[i] = 0;
        if (s->adaptive)
            N(adaptive_sum)(s, &r, x, sum, false);
        else
            N(line_sum)(s, &r, x, sum, false);
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
            N(line_sum)(s, &r, x, share, true);
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
