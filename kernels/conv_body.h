/* The loops of convolution for one element type T: included by conv_level.c for float and for double. */

/* n elements of a line of `extent`, `step` apart, the first at `at`: those outside are zero. */
INLINE void N(take)(int64_t n, T *restrict out, const T *restrict line, int64_t extent, int64_t at, int64_t step)
{
    const tp_span in = inside(n, extent, at, step);
    for (int64_t i = 0; i < in.begin; i++) out[i] = 0;
    if (step == 1)
        memcpy(out + in.begin, line + at + in.begin, (size_t)(in.end - in.begin) * sizeof(T));
    else
        for (int64_t i = in.begin; i < in.end; i++) out[i] = line[at + i * step];
    for (int64_t i = in.end; i < n; i++) out[i] = 0;
}

INLINE void N(put)(int64_t n, const T *restrict from, T *restrict line, int64_t extent, int64_t at, int64_t step)
{
    const tp_span in = inside(n, extent, at, step);
    if (step == 1) {
        SIMD
        for (int64_t i = in.begin; i < in.end; i++) line[at + i] += from[i];
    } else {
        for (int64_t i = in.begin; i < in.end; i++) line[at + i * step] += from[i];
    }
}

/* One row: what tap t meets at positions begin..end-1 of a plane. A position is (z, y, x); a line is a run of x. */
INLINE void N(each_line)(const tp_conv_shape *s, const int64_t t[3], int64_t begin, int64_t end, T *plane, T *row,
                         bool add)
{
    int64_t first[3];
    for (int i = 0; i < 3; i++) first[i] = t[i] * s->dilation[i] - s->padding[i];
    int64_t x = begin % s->y[2], y = begin / s->y[2] % s->y[1], z = begin / s->y[2] / s->y[1];
    for (int64_t p = begin, n; p < end; p += n, row += n, x = 0) {
        n = smaller(s->y[2] - x, end - p);
        const int64_t iz = first[0] + z * s->stride[0], iy = first[1] + y * s->stride[1];
        const bool there = iz >= 0 && iz < s->x[0] && iy >= 0 && iy < s->x[1];
        const int64_t at = first[2] + x * s->stride[2];
        T *const line = there ? plane + (iz * s->x[1] + iy) * s->x[2] : NULL;
        if (there && add)
            N(put)(n, row, line, s->x[2], at, s->stride[2]);
        else if (there)
            N(take)(n, row, line, s->x[2], at, s->stride[2]);
        else if (!add)
            for (int64_t i = 0; i < n; i++) row[i] = 0;
        if (++y == s->y[1]) y = 0, z++;
    }
}

INLINE void N(each_row)(const tp_conv_shape *s, int64_t begin, int64_t end, T *x, T *rows, int64_t lead, bool add)
{
    const int64_t plane = s->x[0] * s->x[1] * s->x[2];
    for (int64_t c = 0; c < s->in; c++, x += plane)
        for (int64_t z = 0; z < s->k[0]; z++)
            for (int64_t y = 0; y < s->k[1]; y++)
                for (int64_t i = 0; i < s->k[2]; i++, rows += lead)
                    N(each_line)(s, (const int64_t[3]){z, y, i}, begin, end, x, rows, add);
}

static void N(unfold)(const tp_conv_shape *s, int64_t begin, int64_t end, const void *x, void *rows, int64_t lead)
{
    N(each_row)(s, begin, end, (T *)x, rows, lead, false);
}

static void N(fold)(const tp_conv_shape *s, int64_t begin, int64_t end, void *x, const void *rows, int64_t lead)
{
    N(each_row)(s, begin, end, x, (T *)rows, lead, true);
}

extern const tp_conv_loops TABLE(tp_conv_loops);
const tp_conv_loops TABLE(tp_conv_loops) = {.unfold = N(unfold), .fold = N(fold)};
