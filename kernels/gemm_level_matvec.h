/* Matrix times vector and column times row, at the speed of reading the matrix.
 * Invariant: each kernel walks the matrix along its unit stride and copies only vectors that are strided. */

#define SPAN 512

/* four dot products with rows of adjoining elements; out[i] (+)= */
INLINE void NAME(dot_rows)(const real *a, int64_t row, const real *x, int64_t n, real *out, int64_t out_step,
                           bool accumulate, const int rows)
{
    NAME(vec) even[4], odd[4];
    NAME(quad) sum[4];
    UNROLL for (int i = 0; i < rows; i++) even[i] = odd[i] = (NAME(vec)){0};
    int64_t j = 0;
    for (; j + 2 * LANES <= n; j += 2 * LANES) {
        const NAME(vec) x0 = NAME(load)(x + j), x1 = NAME(load)(x + j + LANES);
        UNROLL for (int i = 0; i < rows; i++)
        {
            even[i] += NAME(load)(a + i * row + j) * x0;
            odd[i] += NAME(load)(a + i * row + j + LANES) * x1;
        }
    }
    for (; j + LANES <= n; j += LANES)
        UNROLL for (int i = 0; i < rows; i++) even[i] += NAME(load)(a + i * row + j) * NAME(load)(x + j);
    UNROLL for (int i = 0; i < rows; i++) sum[i] = NAME(fold)(even[i] + odd[i]);
    for (; j + QUAD <= n; j += QUAD)
        UNROLL for (int i = 0; i < rows; i++) sum[i] += NAME(load_quad)(a + i * row + j) * NAME(load_quad)(x + j);
    UNROLL for (int i = 0; i < rows; i++)
    {
        real total = NAME(sum_quad)(sum[i]);
        for (int64_t rest = j; rest < n; rest++) total += a[i * row + rest] * x[rest];
        out[i * out_step] = accumulate ? out[i * out_step] + total : total;
    }
}

/* rows of the matrix adjoin; x adjoins */
static void NAME(matvec_dots)(const tp_gemm_matvec *g, const real *a, const real *x, int64_t cols, bool accumulate)
{
    real *out = g->out;
    int64_t i = 0;
    for (; i + 4 <= g->rows; i += 4)
        NAME(dot_rows)(a + i * g->row, g->row, x, cols, out + i * g->out_step, g->out_step, accumulate, 4);
    for (; i < g->rows; i++)
        NAME(dot_rows)(a + i * g->row, g->row, x, cols, out + i * g->out_step, g->out_step, accumulate, 1);
}

/* STRIPE * LANES elements of out: long runs of each column, the columns to come fetched ahead */
static void NAME(axpy_stripe)(const tp_gemm_matvec *g, const real *a, real *to)
{
    NAME(vec) sum[STRIPE];
    UNROLL for (int v = 0; v < STRIPE; v++) sum[v] = (NAME(vec)){0};
    const real *x = g->x;
    const int64_t ahead = 8;
    for (int64_t p = 0; p < g->cols; p++, a += g->col, x += g->x_step) {
        const real *next = a + (g->cols - p > ahead ? ahead : 0) * g->col;
        UNROLL for (int v = 0; v < STRIPE; v++)
        {
            if (v * VECTOR_BYTES % 64 == 0) __builtin_prefetch(next + v * LANES);
            sum[v] += x[0] * NAME(load)(a + v * LANES);
        }
    }
    UNROLL for (int v = 0; v < STRIPE; v++) NAME(store)(to + v * LANES, sum[v]);
}

/* vectors * LANES elements of out, summed in registers down columns that adjoin, in two chains */
INLINE void NAME(axpy_vec)(const tp_gemm_matvec *g, const real *a, real *to, const int vectors)
{
    NAME(vec) even[4], odd[4];
    UNROLL for (int v = 0; v < vectors; v++) even[v] = odd[v] = (NAME(vec)){0};
    const real *x = g->x;
    const int64_t col = g->col, step = g->x_step;
    int64_t p = 0;
    for (; p + 2 <= g->cols; p += 2, a += 2 * col, x += 2 * step) UNROLL for (int v = 0; v < vectors; v++)
        {
            even[v] += x[0] * NAME(load)(a + v * LANES);
            odd[v] += x[step] * NAME(load)(a + col + v * LANES);
        }
    if (p < g->cols) UNROLL for (int v = 0; v < vectors; v++) even[v] += x[0] * NAME(load)(a + v * LANES);
    UNROLL for (int v = 0; v < vectors; v++) NAME(store)(to + v * LANES, even[v] + odd[v]);
}

INLINE void NAME(axpy_quad)(const tp_gemm_matvec *g, const real *a, real *to, const int n)
{
    NAME(quad) even = {0}, odd = {0};
    const real *x = g->x;
    int64_t p = 0;
    for (; p + 2 <= g->cols; p += 2, a += 2 * g->col, x += 2 * g->x_step) {
        even += x[0] * (n == QUAD ? NAME(load_quad)(a) : NAME(load_part)(a, n));
        odd += x[g->x_step] * (n == QUAD ? NAME(load_quad)(a + g->col) : NAME(load_part)(a + g->col, n));
    }
    if (p < g->cols) even += x[0] * (n == QUAD ? NAME(load_quad)(a) : NAME(load_part)(a, n));
    if (n == QUAD)
        NAME(store_quad)(to, even + odd);
    else
        NAME(store_part)(to, even + odd, n);
}

static void NAME(put)(const tp_gemm_matvec *g, const real *from, int64_t at, int64_t n)
{
    real *out = (real *)g->out + at * g->out_step;
    if (g->accumulate)
        for (int64_t i = 0; i < n; i++) out[i * g->out_step] += from[i];
    else
        for (int64_t i = 0; i < n; i++) out[i * g->out_step] = from[i];
}

/* columns of the matrix adjoin */
static void NAME(matvec_axpy)(const tp_gemm_matvec *g)
{
    real sums[STRIPE * LANES];
    const real *a = g->matrix;
    int64_t i = 0;
    for (; i + STRIPE * LANES <= g->rows; i += STRIPE * LANES) {
        NAME(axpy_stripe)(g, a + i, sums);
        NAME(put)(g, sums, i, STRIPE * LANES);
    }
    for (; i + 4 * LANES <= g->rows; i += 4 * LANES) {
        NAME(axpy_vec)(g, a + i, sums, 4);
        NAME(put)(g, sums, i, 4 * LANES);
    }
    for (; i + LANES <= g->rows; i += LANES) {
        NAME(axpy_vec)(g, a + i, sums, 1);
        NAME(put)(g, sums, i, LANES);
    }
    for (; i + QUAD <= g->rows; i += QUAD) {
        NAME(axpy_quad)(g, a + i, sums, QUAD);
        NAME(put)(g, sums, i, QUAD);
    }
    for (; i < g->rows; i++) {
        NAME(axpy_quad)(g, a + i, sums, 1);
        NAME(put)(g, sums, i, 1);
    }
}

/* neither direction adjoins: four sums in flight */
static void NAME(matvec_strided)(const tp_gemm_matvec *g)
{
    const real *x = g->x;
    for (int64_t i = 0; i < g->rows; i++) {
        const real *a = (const real *)g->matrix + i * g->row;
        real sum[4] = {0};
        int64_t j = 0;
        for (; j + 4 <= g->cols; j += 4)
            UNROLL for (int q = 0; q < 4; q++) sum[q] += a[(j + q) * g->col] * x[(j + q) * g->x_step];
        for (; j < g->cols; j++) sum[0] += a[j * g->col] * x[j * g->x_step];
        const real total = (sum[0] + sum[1]) + (sum[2] + sum[3]);
        real *out = (real *)g->out + i * g->out_step;
        *out = g->accumulate ? *out + total : total;
    }
}

static void NAME(matvec)(const tp_gemm_matvec *g)
{
    if (g->col == 1 && g->x_step == 1) {
        NAME(matvec_dots)(g, g->matrix, g->x, g->cols, g->accumulate);
    } else if (g->col == 1) {
        real copy[SPAN];
        for (int64_t p = 0; p < g->cols; p += SPAN) {
            const int64_t cols = g->cols - p < SPAN ? g->cols - p : SPAN;
            for (int64_t q = 0; q < cols; q++) copy[q] = ((const real *)g->x)[(p + q) * g->x_step];
            NAME(matvec_dots)(g, (const real *)g->matrix + p, copy, cols, g->accumulate || p > 0);
        }
    } else if (g->row == 1) {
        NAME(matvec_axpy)(g);
    } else {
        NAME(matvec_strided)(g);
    }
}

/* rows of c (+)= a[i] * x */
INLINE void NAME(outer_rows)(const tp_gemm_args *g, const real *restrict x, int64_t j, int64_t cols)
{
    for (int64_t i = 0; i < g->m; i++) {
        const real s = ((const real *)g->a)[i * g->a_row];
        real *restrict c = (real *)g->c + i * g->c_row + j;
        if (g->accumulate)
            for (int64_t q = 0; q < cols; q++) c[q] += s * x[q];
        else
            for (int64_t q = 0; q < cols; q++) c[q] = s * x[q];
    }
}

static void NAME(outer)(const tp_gemm_args *g)
{
    const real *b = g->b;
    if (g->b_col == 1) {
        NAME(outer_rows)(g, b, 0, g->n);
        return;
    }
    real copy[SPAN];
    for (int64_t j = 0; j < g->n; j += SPAN) {
        const int64_t cols = g->n - j < SPAN ? g->n - j : SPAN;
        for (int64_t q = 0; q < cols; q++) copy[q] = b[(j + q) * g->b_col];
        NAME(outer_rows)(g, copy, j, cols);
    }
}
#undef SPAN
