/* Nearest neighbours for one element type T, whose rows are numbered by INDEX, as wide as T: included by
   nearest_level.c for float and for double. */

typedef T N(vec) __attribute__((vector_size(LANES * sizeof(T))));
typedef INDEX N(places) __attribute__((vector_size(LANES * sizeof(INDEX))));

enum { N(BLOCK) = VECTORS * LANES };

/* A block of points, number by number: number l of point i at out[l BLOCK + i]; the last point fills it up. */
static void N(turn)(int64_t rows, int64_t d, const T *x, T *out)
{
    for (int64_t i = 0; i < N(BLOCK); i++) {
        const T *row = x + (i < rows ? i : rows - 1) * d;
        for (int64_t l = 0; l < d; l++) out[l * N(BLOCK) + i] = row[l];
    }
}

INLINE N(vec) N(distance_step)(N(vec) sum, const T *x, T c)
{
    N(vec) v;
    memcpy(&v, x, sizeof v);
    v -= c;
    return sum + v * v;
}

/* Where d is less than the best so far, row j is the nearest. */
INLINE void N(take)(N(vec) d, INDEX j, N(vec) * best, N(places) * at)
{
    const N(places) less = d < *best;
    N(places) new, old;
    memcpy(&new, &d, sizeof d);
    memcpy(&old, best, sizeof d);
    new = (less & new) | (~less & old);
    memcpy(best, &new, sizeof d);
    *at = (less & j) | (~less & *at);
}

INLINE void N(block)(int64_t k, int64_t d, const T *points, const T *table, N(places) at[VECTORS])
{
    N(vec) best[VECTORS];
    for (int v = 0; v < VECTORS; v++) {
        best[v] = (N(vec)){0} + (T)HUGE_VAL;
        at[v] = (N(places)){0};
    }
    for (int64_t j = 0; j < k; j++, table += d) {
        N(vec) a = {0}, b = {0}, c = {0}, e = {0};
        for (int64_t l = 0; l < d; l++) {
            const T *x = points + l * N(BLOCK);
            a = N(distance_step)(a, x, table[l]);
            b = N(distance_step)(b, x + LANES, table[l]);
            c = N(distance_step)(c, x + 2 * LANES, table[l]);
            e = N(distance_step)(e, x + 3 * LANES, table[l]);
        }
        N(take)(a, (INDEX)j, &best[0], &at[0]);
        N(take)(b, (INDEX)j, &best[1], &at[1]);
        N(take)(c, (INDEX)j, &best[2], &at[2]);
        N(take)(e, (INDEX)j, &best[3], &at[3]);
    }
}

static void N(nearest)(int64_t n, int64_t k, int64_t d, const void *x, const void *table, void *scratch, int64_t *place)
{
    N(places) at[VECTORS];
    for (int64_t i = 0; i < n; i += N(BLOCK)) {
        const int64_t rows = n - i < N(BLOCK) ? n - i : N(BLOCK);
        N(turn)(rows, d, (const T *)x + i * d, scratch);
        N(block)(k, d, scratch, table, at);
        for (int64_t r = 0; r < rows; r++) place[i + r] = at[r / LANES][r % LANES];
    }
}

extern tp_nearest_loop *const TABLE(tp_nearest);
tp_nearest_loop *const TABLE(tp_nearest) = N(nearest);
