/* Rows of a matrix: what the factorisations are made of. See level.h for T, N and C. */

INLINE T N(dot)(int64_t n, const T *x, const T *y)
{
    T sum = 0;
    SIMD_SUM(sum)
    for (int64_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

/* y += a x */
INLINE void N(add_row)(int64_t n, T a, const T *restrict x, T *restrict y)
{
    SIMD
    for (int64_t i = 0; i < n; i++) y[i] += a * x[i];
}

/* y -= sum over j of t[j step] (row j of b), n rows of k */
static void N(subtract_rows)(int64_t n, int64_t k, const T *t, int64_t step, const T *restrict b, int64_t ld,
                             T *restrict y)
{
    int64_t j = 0;
    if (k == 1) {
        T sum = 0;
        for (; j < n; j++) sum += t[j * step] * b[j * ld];
        y[0] -= sum;
        return;
    }
    for (; j + 4 <= n; j += 4) {
        const T t0 = t[j * step], t1 = t[(j + 1) * step], t2 = t[(j + 2) * step], t3 = t[(j + 3) * step];
        const T *restrict const b0 = b + j * ld;
        SIMD
        for (int64_t i = 0; i < k; i++)
            y[i] -= t0 * b0[i] + t1 * b0[ld + i] + t2 * b0[2 * ld + i] + t3 * b0[3 * ld + i];
    }
    for (; j < n; j++) N(add_row)(k, -t[j * step], b + j * ld, y);
}

INLINE void N(swap_rows)(int64_t n, T *restrict x, T *restrict y)
{
    SIMD
    for (int64_t i = 0; i < n; i++) {
        const T kept = x[i];
        x[i] = y[i];
        y[i] = kept;
    }
}

/* x = c x - s y, y = s x + c y */
INLINE void N(rotate_rows)(int64_t n, T c, T s, T *restrict x, T *restrict y)
{
    SIMD
    for (int64_t i = 0; i < n; i++) {
        const T kept = x[i];
        x[i] = c * kept - s * y[i];
        y[i] = s * kept + c * y[i];
    }
}

/* The largest magnitude of n elements; NaN or Inf if there is one. */
static T N(largest)(int64_t n, const T *x)
{
    T most = 0;
    for (int64_t i = 0; i < n; i++) {
        const T size = M(fabs)(x[i]);
        if (!(size <= most)) most = size;
        if (most != most) return most;
    }
    return most;
}

static void N(scale_all)(int64_t n, T a, T *x)
{
    SIMD
    for (int64_t i = 0; i < n; i++) x[i] *= a;
}

/* to (cols x rows) = from (rows x cols, `ld` apart), turned */
static void N(turn)(int64_t rows, int64_t cols, const T *from, int64_t ld, T *to)
{
    for (int64_t i = 0; i < rows; i += 8)
        for (int64_t j = 0; j < cols; j++)
            for (int64_t k = i; k < smaller(i + 8, rows); k++) to[j * rows + k] = from[k * ld + j];
}

/* c += a b, of matrices given by their strides */
static void N(multiply)(const tp_lapack *l, int64_t m, int64_t n, int64_t k, const T *a, int64_t a_row, int64_t a_col,
                        const T *b, int64_t b_row, int64_t b_col, T *c, int64_t c_row, bool accumulate)
{
    const tp_gemm_args args = {m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, accumulate};
    N(tp_gemm)(l->gemm, &args, l->gemm_work, l->threads);
}
