/* Vectors of `real` for the level templates: load, store, transpose, sum.
 * Invariant: memory is reached by memcpy alone, so no alignment is asked for and no type is punned. */

typedef real NAME(vec) __attribute__((vector_size(VECTOR_BYTES)));
typedef real NAME(quad) __attribute__((vector_size(QUAD * sizeof(real))));
#if LANES == 4 * QUAD
typedef real NAME(half) __attribute__((vector_size(VECTOR_BYTES / 2)));
#endif

INLINE NAME(vec) NAME(load)(const real *p)
{
    NAME(vec) v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void NAME(store)(real *p, NAME(vec) v)
{
    memcpy(p, &v, sizeof v);
}

INLINE NAME(quad) NAME(load_quad)(const real *p)
{
    NAME(quad) v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void NAME(store_quad)(real *p, NAME(quad) v)
{
    memcpy(p, &v, sizeof v);
}

/* the first n < QUAD elements; the rest are zero */
INLINE NAME(quad) NAME(load_part)(const real *p, const int n)
{
    NAME(quad) v = {0};
    UNROLL for (int x = 0; x < n; x++) v[x] = p[x];
    return v;
}

INLINE void NAME(store_part)(real *p, NAME(quad) v, const int n)
{
    UNROLL for (int x = 0; x < n; x++) p[x] = v[x];
}

/* rows[i][j] becomes rows[j][i] */
INLINE void NAME(transpose)(NAME(quad) rows[QUAD])
{
#if QUAD == 4
    const NAME(quad) a = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
    const NAME(quad) b = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
    const NAME(quad) c = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
    const NAME(quad) d = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
    rows[0] = __builtin_shufflevector(a, b, 0, 1, 4, 5);
    rows[1] = __builtin_shufflevector(a, b, 2, 3, 6, 7);
    rows[2] = __builtin_shufflevector(c, d, 0, 1, 4, 5);
    rows[3] = __builtin_shufflevector(c, d, 2, 3, 6, 7);
#else
    const NAME(quad) a = __builtin_shufflevector(rows[0], rows[1], 0, 2);
    rows[1] = __builtin_shufflevector(rows[0], rows[1], 1, 3);
    rows[0] = a;
#endif
}

/* halves added to halves until a quad is left */
INLINE NAME(quad) NAME(fold)(NAME(vec) v)
{
#if LANES == 4 * QUAD
    const NAME(half) h = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                         __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    return __builtin_shufflevector(h, h, 0, 1, 2, 3) + __builtin_shufflevector(h, h, 4, 5, 6, 7);
#elif LANES == 2 * QUAD
    return __builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7);
#else
    return v;
#endif
}

INLINE real NAME(sum_quad)(NAME(quad) v)
{
#if QUAD == 4
    return (v[0] + v[2]) + (v[1] + v[3]);
#else
    return v[0] + v[1];
#endif
}
