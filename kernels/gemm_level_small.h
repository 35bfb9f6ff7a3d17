/* Products too small to pack: strips of columns straight from the operands.
 * Invariant: no scratch but a buffer on the stack, and no read past an operand's elements. */

typedef struct NAME(strip) {
    const real *a;
    int64_t a_row, a_col;
    const real *b; /* columns adjoin */
    int64_t b_row;
    real *c;
    int64_t c_row, rows, depth;
    bool accumulate;
} NAME(strip);

#define STRIP(fn) NAME(fn##_two)
#define WIDE NAME(vec)
#define LENGTH LANES
#define COUNT 2
#include "gemm_level_strip.h"

#define STRIP(fn) NAME(fn##_one)
#define WIDE NAME(vec)
#define LENGTH LANES
#define COUNT 1
#include "gemm_level_strip.h"

#if LANES == 4 * QUAD
#define STRIP(fn) NAME(fn##_half)
#define WIDE NAME(half)
#define LENGTH (LANES / 2)
#define COUNT 1
#include "gemm_level_strip.h"
#endif

#if LANES > QUAD
#define STRIP(fn) NAME(fn##_quad)
#define WIDE NAME(quad)
#define LENGTH QUAD
#define COUNT 1
#include "gemm_level_strip.h"
#endif

/* all of a product with fewer than QUAD columns; rows and cols are constants at every call */
INLINE void NAME(narrow_cell)(const NAME(strip) * s, const real *a, real *c, const int rows, const int cols)
{
    NAME(quad) sum[4];
    UNROLL for (int i = 0; i < rows; i++) sum[i] = (NAME(quad)){0};
    const real *b = s->b;
    const int64_t a_row = s->a_row, a_col = s->a_col, b_row = s->b_row;
    for (int64_t p = s->depth; p > 0; p--, a += a_col, b += b_row) {
        const NAME(quad) x = NAME(load_part)(b, cols);
        UNROLL for (int i = 0; i < rows; i++) sum[i] += a[i * a_row] * x;
    }
    UNROLL for (int i = 0; i < rows; i++)
    {
        real *at = c + i * s->c_row;
        NAME(store_part)(at, s->accumulate ? NAME(load_part)(at, cols) + sum[i] : sum[i], cols);
    }
}

INLINE void NAME(narrow)(const NAME(strip) * s, const int cols)
{
    int64_t i = 0;
    for (; i + 4 <= s->rows; i += 4) NAME(narrow_cell)(s, s->a + i * s->a_row, s->c + i * s->c_row, 4, cols);
    for (; i < s->rows; i++) NAME(narrow_cell)(s, s->a + i * s->a_row, s->c + i * s->c_row, 1, cols);
}

/* All columns of a product whose b has adjoining columns.  What is left beside full vectors is done by the
 * narrowest vector that covers it, shifted left over columns already done. */
static void NAME(strips)(const NAME(strip) * s, int64_t cols)
{
    int64_t j = 0;
    for (; cols - j >= 2 * LANES; j += 2 * LANES) NAME(strip_two)(s, j, 0);
    if (cols - j >= LANES) {
        NAME(strip_one)(s, j, 0);
        j += LANES;
    }
#if LANES == 4 * QUAD
    if (cols - j > LANES / 2 && cols >= LANES) {
        NAME(strip_one)(s, cols - LANES, LANES - (cols - j));
        return;
    }
    if (cols - j >= LANES / 2) {
        NAME(strip_half)(s, j, 0);
        j += LANES / 2;
    }
    if (cols - j > QUAD && cols >= LANES / 2) {
        NAME(strip_half)(s, cols - LANES / 2, LANES / 2 - (cols - j));
        return;
    }
#elif LANES == 2 * QUAD
    if (cols - j > QUAD && cols >= LANES) {
        NAME(strip_one)(s, cols - LANES, LANES - (cols - j));
        return;
    }
#endif
#if LANES > QUAD
    if (cols - j >= QUAD) {
        NAME(strip_quad)(s, j, 0);
        j += QUAD;
    }
    if (cols > j && cols >= QUAD) {
        NAME(strip_quad)(s, cols - QUAD, QUAD - (cols - j));
        return;
    }
#else
    if (cols > j && cols >= QUAD) {
        NAME(strip_one)(s, cols - QUAD, QUAD - (cols - j));
        return;
    }
#endif
    if (j == cols) return;
    switch (cols) { /* fewer than QUAD */
#if QUAD == 4
    case 3: NAME(narrow)(s, 3); break;
    case 2: NAME(narrow)(s, 2); break;
#endif
    default: NAME(narrow)(s, 1);
    }
}

/* b in copies of at most SPAN x SPAN elements whose columns adjoin */
#define SPAN 32
static void NAME(small_copied)(NAME(strip) s, const tp_gemm_args *g)
{
    _Alignas(64) real copy[SPAN * SPAN];
    s.b = copy;
    s.b_row = SPAN;
    for (int64_t j = 0; j < g->n; j += SPAN) {
        const int64_t cols = g->n - j < SPAN ? g->n - j : SPAN;
        for (int64_t p = 0; p < g->k; p += SPAN) {
            s.depth = g->k - p < SPAN ? g->k - p : SPAN;
            const real *from = (const real *)g->b + p * g->b_row + j * g->b_col;
            if (g->b_row == 1)
                NAME(pack_turned)(from, g->b_col, cols, s.depth, copy, SPAN);
            else
                NAME(pack_strided)(from, g->b_col, g->b_row, cols, s.depth, copy, SPAN);
            s.a = (const real *)g->a + p * g->a_col;
            s.c = (real *)g->c + j;
            s.accumulate = g->accumulate || p > 0;
            NAME(strips)(&s, cols);
        }
    }
}
#undef SPAN

static void NAME(small)(const tp_gemm_args *g)
{
    const NAME(strip) s = {
        .a = g->a,
        .a_row = g->a_row,
        .a_col = g->a_col,
        .b = g->b,
        .b_row = g->b_row,
        .c = g->c,
        .c_row = g->c_row,
        .rows = g->m,
        .depth = g->k,
        .accumulate = g->accumulate,
    };
    if (g->b_col == 1)
        NAME(strips)(&s, g->n);
    else
        NAME(small_copied)(s, g);
}
