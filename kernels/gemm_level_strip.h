/* One strip of columns of a small product: COUNT vectors WIDE, LENGTH elements each, down all its rows.
 * Invariant: each element is one chain of multiply-adds over p in order, as in the packed tile.
 * Included once a width; STRIP names what it defines. */

/* rows is a constant at every call */
INLINE void STRIP(cell)(const NAME(strip) * s, const real *a, const real *b, real *c, int64_t skip, const int rows)
{
    WIDE sum[SMALL_ROWS][COUNT];
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < COUNT; v++) sum[i][v] = (WIDE){0};
    const int64_t a_row = s->a_row, a_col = s->a_col, b_row = s->b_row, c_row = s->c_row;
    for (int64_t p = s->depth; p > 0; p--, a += a_col, b += b_row) {
        WIDE x[COUNT];
        memcpy(x, b, sizeof x);
        UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < COUNT; v++) sum[i][v] += a[i * a_row] * x[v];
    }
    if (s->accumulate && skip) {
        UNROLL for (int i = 0; i < rows; i++)
        {
            real out[LENGTH];
            memcpy(out, &sum[i][0], sizeof out);
            for (int64_t x = skip; x < LENGTH; x++) c[i * c_row + x] += out[x];
        }
        return;
    }
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < COUNT; v++)
    {
        real *at = c + i * c_row + v * LENGTH;
        WIDE old = {0};
        if (s->accumulate) {
            memcpy(&old, at, sizeof old);
            sum[i][v] = old + sum[i][v];
        }
        memcpy(at, &sum[i][v], sizeof old);
    }
}

/* columns j .. j + COUNT*LENGTH, of which the first `skip` were done before (COUNT is 1 then) */
static void STRIP(strip)(const NAME(strip) * s, int64_t j, int64_t skip)
{
    const real *a = s->a, *b = s->b + j;
    real *c = s->c + j;
    int64_t rows = s->rows;
    for (; rows >= SMALL_ROWS; rows -= SMALL_ROWS, a += SMALL_ROWS * s->a_row, c += SMALL_ROWS * s->c_row)
        STRIP(cell)(s, a, b, c, skip, SMALL_ROWS);
    if (SMALL_ROWS > 4 && rows >= 4) {
        STRIP(cell)(s, a, b, c, skip, 4);
        rows -= 4, a += 4 * s->a_row, c += 4 * s->c_row;
    }
    if (rows >= 2) {
        STRIP(cell)(s, a, b, c, skip, 2);
        rows -= 2, a += 2 * s->a_row, c += 2 * s->c_row;
    }
    if (rows) STRIP(cell)(s, a, b, c, skip, 1);
}

#undef STRIP
#undef WIDE
#undef LENGTH
#undef COUNT
