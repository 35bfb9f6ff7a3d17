/* Random numbers of one element type T. */

static void N(draw)(tp_stream s, tp_random_kind kind, int64_t n, void *pout, double a, double b)
{
    T *const out = pout;
    double part[GROUP];
    for (int64_t at = 0; at < n; at += GROUP) {
        group_of(s, kind, at / GROUP, part, a, b);
        const int64_t m = inside(at, n);
        for (int64_t i = 0; i < m; i++) out[at + i] = (T)part[i];
    }
}

/* out may be x. */
INLINE void N(dropout_part)(int64_t n, T *out, const T *x, const uint32_t *words, uint32_t least, T scale)
{
    SIMD
    for (int64_t i = 0; i < n; i++) {
        const T kept = x[i] * scale;
        out[i] = words[i] >= least ? kept : 0;
    }
}

static void N(dropout)(tp_stream s, int64_t rows, int64_t run, void *pout, const void *px, uint64_t least, double scale)
{
    T *const out = pout;
    const T *const x = px;
    uint32_t words[GROUP];
    if (least > UINT32_MAX) {
        memset(out, 0, (size_t)(rows * run) * sizeof *out);
        return;
    }
    for (int64_t at = 0; at < rows; at += GROUP) {
        group_words(s, at / GROUP, words);
        const int64_t m = inside(at, rows);
        if (run == 1) {
            if (m == GROUP)
                N(dropout_part)(GROUP, out + at, x + at, words, (uint32_t)least, (T)scale);
            else
                N(dropout_part)(m, out + at, x + at, words, (uint32_t)least, (T)scale);
            continue;
        }
        for (int64_t i = 0; i < m; i++) {
            T *const to = out + (at + i) * run;
            const T *const from = x + (at + i) * run;
            if (words[i] >= least) {
                SIMD
                for (int64_t k = 0; k < run; k++) to[k] = from[k] * (T)scale;
            } else {
                memset(to, 0, (size_t)run * sizeof *to);
            }
        }
    }
}
