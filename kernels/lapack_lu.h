/* Cholesky and LU factors, and solving with triangles. Blocks of columns are factored by rows; what they change beyond
   themselves is one matrix product. See level.h. */

/* b (n x k, rows `ld` apart) = t^-1 b for a small t */
static void N(triangle_block)(int64_t n, int64_t k, const T *t, int64_t row, int64_t col, unsigned flags, T *b,
                              int64_t ld)
{
    for (int64_t step = 0; step < n; step++) {
        const bool upper = flags & TP_LAPACK_UPPER;
        const int64_t i = upper ? n - 1 - step : step, first = upper ? i + 1 : 0;
        T *const x = b + i * ld;
        N(subtract_rows)(step, k, t + i * row + first * col, col, b + first * ld, ld, x);
        const T diagonal = t[i * row + i * col];
        if (flags & TP_LAPACK_UNIT) continue;
        SIMD
        for (int64_t j = 0; j < k; j++) x[j] /= diagonal;
    }
}

static void N(triangular)(const tp_lapack *l, int64_t n, int64_t k, const void *t_, int64_t row, int64_t col,
                          unsigned flags, void *b_)
{
    const T *const t = t_;
    T *const b = b_, *const negative = l->work;
    const bool upper = flags & TP_LAPACK_UPPER;
    for (int64_t done = 0; done < n; done += BLOCK) {
        const int64_t size = smaller(BLOCK, n - done), left = n - done - size;
        const int64_t at = upper ? left : done, next = upper ? 0 : at + size;
        N(triangle_block)(size, k, t + at * (row + col), row, col, flags, b + at * k, k);
        if (left == 0) break;
        for (int64_t i = 0; i < size * k; i++) negative[i] = -b[at * k + i];
        N(multiply)(l, left, k, size, t + next * row + at * col, row, col, negative, k, 1, b + next * k, k, true);
    }
}

/* ---- Cholesky ---- */

static int64_t N(cholesky_block)(int64_t n, T *a, int64_t ld)
{
    for (int64_t i = 0; i < n; i++) {
        T *const row = a + i * ld;
        for (int64_t j = 0; j < i; j++) row[j] = (row[j] - N(dot)(j, row, a + j * ld)) / a[j * ld + j];
        const T square = row[i] - N(dot)(i, row, row);
        if (!(square > 0) || !isfinite(square)) return i + 1;
        row[i] = M(sqrt)(square);
    }
    return 0;
}

/* The rows below a block: x L^T = a, as L x^T = a^T. */
static void N(cholesky_below)(int64_t rows, int64_t size, const T *block, T *below, int64_t ld, T *turned)
{
    N(turn)(rows, size, below, ld, turned);
    N(triangle_block)(size, rows, block, ld, 1, 0, turned, rows);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < size; j++) below[i * ld + j] = turned[j * rows + i];
}

static int64_t N(cholesky)(const tp_lapack *l, int64_t n, void *a_)
{
    T *const a = a_, *const negative = l->work, *const turned = negative + BLOCK * n;
    for (int64_t at = 0; at < n; at += BLOCK) {
        const int64_t size = smaller(BLOCK, n - at), rest = n - at - size;
        T *const block = a + at * n + at;
        for (int64_t i = 0; i < size; i++)
            for (int64_t j = 0; j < at; j++) negative[i * at + j] = -a[(at + i) * n + j];
        N(multiply)(l, n - at, size, at, a + at * n, n, 1, negative, 1, at, block, n, true);
        const int64_t failed = N(cholesky_block)(size, block, n);
        if (failed) return at + failed;
        if (rest) N(cholesky_below)(rest, size, block, block + size * n, n, turned);
    }
    for (int64_t i = 0; i < n; i++) memset(a + i * n + i + 1, 0, (size_t)(n - i - 1) * sizeof(T));
    return 0;
}

/* ---- LU ---- */

/* Factors columns at .. at+size below row `at`, exchanging whole rows. */
static int64_t N(lu_panel)(int64_t n, int64_t at, int64_t size, T *a, int32_t *pivots)
{
    int64_t zero = 0;
    for (int64_t j = at; j < at + size; j++) {
        int64_t best = j;
        for (int64_t i = j + 1; i < n; i++)
            if (M(fabs)(a[i * n + j]) > M(fabs)(a[best * n + j])) best = i;
        pivots[j] = (int32_t)best;
        if (best != j) N(swap_rows)(n, a + j * n, a + best * n);
        const T pivot = a[j * n + j];
        if (pivot == 0) {
            if (!zero) zero = j + 1;
            continue;
        }
        for (int64_t i = j + 1; i < n; i++) {
            const T factor = a[i * n + j] /= pivot;
            N(add_row)(at + size - j - 1, -factor, a + j * n + j + 1, a + i * n + j + 1);
        }
    }
    return zero;
}

static int64_t N(lu)(const tp_lapack *l, int64_t n, void *a_, int32_t *pivots)
{
    T *const a = a_, *const negative = l->work;
    int64_t zero = 0;
    for (int64_t at = 0; at < n; at += BLOCK) {
        const int64_t size = smaller(BLOCK, n - at), next = at + size, rest = n - next;
        const int64_t found = N(lu_panel)(n, at, size, a, pivots);
        if (!zero) zero = found;
        if (rest == 0) break;
        N(triangle_block)(size, rest, a + at * n + at, n, 1, TP_LAPACK_UNIT, a + at * n + next, n);
        for (int64_t i = 0; i < rest; i++)
            for (int64_t j = 0; j < size; j++) negative[i * size + j] = -a[(next + i) * n + at + j];
        N(multiply)(l, rest, rest, size, negative, size, 1, a + at * n + next, n, 1, a + next * n + next, n, true);
    }
    return zero;
}

static void N(exchange)(int64_t i, int64_t k, const int32_t *pivots, T *b)
{
    if (pivots[i] != i) N(swap_rows)(k, b + i * k, b + pivots[i] * k);
}

static void N(lu_solve)(const tp_lapack *l, int64_t n, int64_t k, const void *lu, const int32_t *pivots,
                        bool transposed, void *b)
{
    if (!transposed) {
        for (int64_t i = 0; i < n; i++) N(exchange)(i, k, pivots, b);
        N(triangular)(l, n, k, lu, n, 1, TP_LAPACK_UNIT, b);
        N(triangular)(l, n, k, lu, n, 1, TP_LAPACK_UPPER, b);
    } else {
        N(triangular)(l, n, k, lu, 1, n, 0, b);
        N(triangular)(l, n, k, lu, 1, n, TP_LAPACK_UPPER | TP_LAPACK_UNIT, b);
        for (int64_t i = n - 1; i >= 0; i--) N(exchange)(i, k, pivots, b);
    }
}
