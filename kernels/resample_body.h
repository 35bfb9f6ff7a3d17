/* The loops of resampling for one element type T: included by resample_level.c for float and for double. */

/* y (n) = or += w x (n) */
INLINE void N(add_line)(int64_t n, T *restrict y, const T *restrict x, T w, bool first)
{
    if (first) {
        SIMD
        for (int64_t i = 0; i < n; i++) y[i] = w * x[i];
    } else {
        SIMD
        for (int64_t i = 0; i < n; i++) y[i] += w * x[i];
    }
}

/* Lines of one element each: the last axis. */
INLINE void N(along)(int64_t count, int taps, const int64_t *place, const T *weight, const T *restrict x, T *restrict y)
{
    for (int64_t p = 0; p < count; p++) {
        T sum = weight[p * taps] * x[place[p * taps]];
        for (int t = 1; t < taps; t++) sum += weight[p * taps + t] * x[place[p * taps + t]];
        y[p] = sum;
    }
}

/* Lines of many elements. */
INLINE void N(lines)(const tp_resample *r, const T *x, const T *weight, T *y)
{
    for (int64_t p = 0; p < r->count; p++)
        for (int t = 0; t < r->taps; t++) {
            const T *from = x + r->place[p * r->taps + t] * r->inner;
            N(add_line)(r->inner, y + p * r->inner, from, weight[p * r->taps + t], t == 0);
        }
}

static void N(forth)(const tp_resample *r, const void *px, void *py)
{
    const T *x = px, *weight = r->weight;
    T *y = py;
    if (r->inner > 1)
        N(lines)(r, x, weight, y);
    else if (r->taps == 1)
        for (int64_t p = 0; p < r->count; p++) y[p] = x[r->place[p]];
    else if (r->taps == 2)
        N(along)(r->count, 2, r->place, weight, x, y);
    else
        N(along)(r->count, r->taps, r->place, weight, x, y);
}

static void N(back)(const tp_resample *r, const void *py, void *px)
{
    const T *y = py, *weight = r->weight;
    T *x = px;
    memset(x, 0, (size_t)(r->extent * r->inner) * sizeof(T));
    for (int64_t p = 0; p < r->count; p++)
        for (int t = 0; t < r->taps; t++) {
            const int64_t place = r->place[p * r->taps + t];
            if (r->inner == 1)
                x[place] += weight[p * r->taps + t] * y[p];
            else
                N(add_line)(r->inner, x + place * r->inner, y + p * r->inner, weight[p * r->taps + t], false);
        }
}

extern const tp_resample_loops TABLE(tp_resample_loops);
const tp_resample_loops TABLE(tp_resample_loops) = {.forth = N(forth), .back = N(back)};
