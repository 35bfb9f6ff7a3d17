/* Packing: strided lanes into panels [panel][depth][WIDTH], the last panel filled up with zeros.
 * Invariant: exactly ceil(lanes / WIDTH) * depth * WIDTH elements are written. */

/* lanes adjoin in memory: WIDTH elements at a time */
INLINE void NAME(pack_lanes)(const real *from, int64_t depth_step, int64_t depth, real *to, const int width)
{
    for (int64_t p = 0; p < depth; p++) memcpy(to + p * width, from + p * depth_step, (size_t)width * sizeof(real));
}

/* steps of depth adjoin in memory: QUAD x QUAD squares are turned in registers.
 * lanes <= width, to[p*width + lane] */
INLINE void NAME(pack_turned)(const real *from, int64_t lane_step, int64_t lanes, int64_t depth, real *to,
                              const int width)
{
    int64_t lane = 0;
    for (; lane + QUAD <= lanes; lane += QUAD) {
        const real *f = from + lane * lane_step;
        int64_t p = 0;
        for (; p + QUAD <= depth; p += QUAD) {
            NAME(quad) square[QUAD];
            UNROLL for (int i = 0; i < QUAD; i++) square[i] = NAME(load_quad)(f + i * lane_step + p);
            NAME(transpose)(square);
            UNROLL for (int i = 0; i < QUAD; i++) NAME(store_quad)(to + (p + i) * width + lane, square[i]);
        }
        for (; p < depth; p++) UNROLL for (int i = 0; i < QUAD; i++) to[p * width + lane + i] = f[i * lane_step + p];
    }
    for (; lane < lanes; lane++)
        for (int64_t p = 0; p < depth; p++) to[p * width + lane] = from[lane * lane_step + p];
}

static void NAME(pack_strided)(const real *from, int64_t lane_step, int64_t depth_step, int64_t lanes, int64_t depth,
                               real *to, int64_t width)
{
    for (int64_t p = 0; p < depth; p++)
        for (int64_t lane = 0; lane < lanes; lane++) to[p * width + lane] = from[lane * lane_step + p * depth_step];
}

INLINE void NAME(pack)(const tp_gemm_pack *g, real *to, const int width)
{
    const real *from = g->source;
    for (int64_t lane = 0; lane < g->lanes; lane += width) {
        const int64_t lanes = g->lanes - lane < width ? g->lanes - lane : width;
        if (lanes < width) memset(to, 0, (size_t)(g->depth * width) * sizeof(real));
        if (g->lane_step == 1 && lanes == width)
            NAME(pack_lanes)(from, g->depth_step, g->depth, to, width);
        else if (g->depth_step == 1)
            NAME(pack_turned)(from, g->lane_step, lanes, g->depth, to, width);
        else
            NAME(pack_strided)(from, g->lane_step, g->depth_step, lanes, g->depth, to, width);
        from += width * g->lane_step;
        to += width * g->depth;
    }
}

static void NAME(pack_a)(const tp_gemm_pack *g, void *to)
{
    NAME(pack)(g, to, TILE_ROWS);
}

static void NAME(pack_b)(const tp_gemm_pack *g, void *to)
{
    NAME(pack)(g, to, TILE_VECTORS * LANES);
}
