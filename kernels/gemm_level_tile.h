/* The register tile over packed panels, and the loop that lays it over a block of c.
 * Invariant: each element is one chain of multiply-adds over p in order, whatever the tile's size. */

/* ROWS and VECTORS are constants at every call, so that the sums live in registers. */
INLINE void NAME(tile)(const real *a, const real *b, int64_t depth, real *c, int64_t c_row, bool accumulate,
                       const int rows, const int vectors)
{
    NAME(vec) sum[TILE_ROWS][TILE_VECTORS];
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vectors; v++) sum[i][v] = (NAME(vec)){0};
    for (int64_t p = 0; p < depth; p++, a += TILE_ROWS, b += TILE_VECTORS * LANES) {
        NAME(vec) x[TILE_VECTORS];
        UNROLL for (int v = 0; v < vectors; v++) x[v] = NAME(load)(b + v * LANES);
        UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vectors; v++) sum[i][v] += a[i] * x[v];
    }
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vectors; v++)
    {
        real *at = c + i * c_row + v * LANES;
        NAME(store)(at, accumulate ? NAME(load)(at) + sum[i][v] : sum[i][v]);
    }
}

typedef void NAME(tile_fn)(const real *a, const real *b, int64_t depth, real *c, int64_t c_row, bool accumulate);

#define TILE(r)                                                                                                        \
    static void NAME(tile_wide_##r)(const real *a, const real *b, int64_t depth, real *c, int64_t c_row,               \
                                    bool accumulate)                                                                   \
    {                                                                                                                  \
        NAME(tile)(a, b, depth, c, c_row, accumulate, r, TILE_VECTORS);                                                \
    }                                                                                                                  \
    static void NAME(tile_slim_##r)(const real *a, const real *b, int64_t depth, real *c, int64_t c_row,               \
                                    bool accumulate)                                                                   \
    {                                                                                                                  \
        NAME(tile)(a, b, depth, c, c_row, accumulate, r, 1);                                                           \
    }
EACH_ROWS(TILE)
#undef TILE
#define TILE_WIDE(r) NAME(tile_wide_##r),
#define TILE_SLIM(r) NAME(tile_slim_##r),
static NAME(tile_fn) *const NAME(tiles)[2][TILE_ROWS] = {{EACH_ROWS(TILE_SLIM)}, {EACH_ROWS(TILE_WIDE)}};
#undef TILE_WIDE
#undef TILE_SLIM

/* one tile of c, of any size up to the register tile */
static void NAME(tile_any)(const real *a, const real *b, int64_t depth, real *c, int64_t c_row, int64_t rows,
                           int64_t cols, bool accumulate)
{
    const int wide = cols > LANES;
    const int64_t full = wide ? 2 * LANES : LANES;
    NAME(tile_fn) *fn = NAME(tiles)[wide][rows - 1];
    if (cols == full) {
        fn(a, b, depth, c, c_row, accumulate);
        return;
    }
    real out[TILE_ROWS * TILE_VECTORS * LANES];
    fn(a, b, depth, out, full, false);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++)
            c[i * c_row + j] = accumulate ? c[i * c_row + j] + out[i * full + j] : out[i * full + j];
}

static void NAME(block)(const tp_gemm_block *g)
{
    const real *b = g->b;
    for (int64_t j = 0; j < g->cols; j += TILE_VECTORS * LANES) {
        const int64_t cols = g->cols - j < TILE_VECTORS * LANES ? g->cols - j : TILE_VECTORS * LANES;
        const real *a = g->a;
        real *c = (real *)g->c + j;
        for (int64_t i = 0; i < g->rows; i += TILE_ROWS) {
            const int64_t rows = g->rows - i < TILE_ROWS ? g->rows - i : TILE_ROWS;
            NAME(tile_any)(a, b, g->depth, c, g->c_row, rows, cols, g->accumulate);
            a += TILE_ROWS * g->depth;
            c += TILE_ROWS * g->c_row;
        }
        b += TILE_VECTORS * LANES * g->depth;
    }
}
