/* Moving elements between strided layouts and dtypes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/transpose.h"

void tp_fill(int64_t n, tp_dtype dtype, void *out, double value)
{
    if (value == 0 && !signbit(value)) {
        memset(out, 0, (size_t)n * tp_dtype_size(dtype));
        return;
    }
    const int64_t size = (int64_t)tp_dtype_size(dtype);
    char *const o = out;
    int64_t done = n < 8 ? n : 8;
    for (int64_t i = 0; i < done; i++) tp_put(dtype, o + i * size, value);
    for (; done < n; done *= 2) memcpy(o + done * size, o, (size_t)((n - done < done ? n - done : done) * size));
}

/* One by one, for any dtype and stride. */
static int64_t arg_extreme(tp_dtype dtype, int64_t n, const char *x, int64_t step, bool largest)
{
    int64_t best = 0;
    double value = n > 0 ? tp_get(dtype, x) : 0;
    for (int64_t i = 1; i < n && !isnan(value); i++) {
        const double candidate = tp_get(dtype, x + i * step);
        if (isnan(candidate) || (largest ? candidate > value : candidate < value)) {
            best = i;
            value = candidate;
        }
    }
    return best;
}

enum { FEW = 16 }; /* elements up to which two passes would not pay */

int64_t tp_arg_extreme(const tp_kernels *kernels, tp_dtype dtype, int64_t n, const void *x, int64_t stride,
                       bool largest)
{
    if (stride != 1 || n <= FEW || dtype > TP_F64)
        return arg_extreme(dtype, n, x, stride * (int64_t)tp_dtype_size(dtype), largest);
    const tp_reduce_loops *loops = kernels->of[dtype]->reduce;
    return loops->place(n, x, loops->row[largest ? TP_FOLD_MAX : TP_FOLD_MIN](n, x, 1, 0, 0));
}

/* ---- walking two layouts side by side ---- */

typedef struct pair {
    int rank;
    int64_t dims[TP_MAX_RANK], out[TP_MAX_RANK], in[TP_MAX_RANK];
} pair;

static void swap_dims(pair *p, int a, int b)
{
    const int64_t dim = p->dims[a], out = p->out[a], in = p->in[a];
    p->dims[a] = p->dims[b], p->out[a] = p->out[b], p->in[a] = p->in[b];
    p->dims[b] = dim, p->out[b] = out, p->in[b] = in;
}

/* Brings the dims in the order in which `out` lies in memory: elements may be moved in any. */
static void sort_dims(pair *p)
{
    for (int i = 1; i < p->rank; i++)
        for (int k = i; k > 0 && llabs(p->out[k - 1]) < llabs(p->out[k]); k--) swap_dims(p, k - 1, k);
}

/* Drops dims of 1 and joins neighbours that are contiguous in both layouts; rank is at least 1 after it. */
static pair joined(int rank, const int64_t *dims, const int64_t *out, const int64_t *in)
{
    pair all, p;
    all.rank = p.rank = 0;
    for (int i = 0; i < rank; i++) {
        if (dims[i] == 1) continue;
        all.dims[all.rank] = dims[i];
        all.out[all.rank] = out[i], all.in[all.rank++] = in[i];
    }
    sort_dims(&all);
    for (int i = 0; i < all.rank; i++) {
        const int last = p.rank - 1;
        const int64_t dim = all.dims[i];
        if (p.rank && p.out[last] == all.out[i] * dim && p.in[last] == all.in[i] * dim) {
            p.dims[last] *= dim;
            p.out[last] = all.out[i], p.in[last] = all.in[i];
        } else {
            p.dims[p.rank] = dim;
            p.out[p.rank] = all.out[i], p.in[p.rank++] = all.in[i];
        }
    }
    if (p.rank == 0) p.dims[p.rank] = 1, p.out[0] = p.in[0] = 1, p.rank = 1;
    return p;
}

/* Moves to the next row of the outer dims; false after the last. */
static bool next_row(const pair *p, int64_t index[TP_MAX_RANK], int64_t *out, int64_t *in, int inner_dims)
{
    for (int i = p->rank - 1 - inner_dims; i >= 0; i--) {
        *out += p->out[i], *in += p->in[i];
        if (++index[i] < p->dims[i]) return true;
        *out -= p->dims[i] * p->out[i], *in -= p->dims[i] * p->in[i];
        index[i] = 0;
    }
    return false;
}

static bool any_empty(int rank, const int64_t *dims)
{
    for (int i = 0; i < rank; i++)
        if (dims[i] == 0) return true;
    return false;
}

/* Where the elements that adjoin in `in` lie along another dim than those that adjoin in `out` (a transpose), that dim
   is put beside the last, and the two are gone through in square tiles, so that neither side misses the cache. */
static bool crossing(pair *p)
{
    const int last = p->rank - 1;
    if (p->rank < 2 || llabs(p->in[last]) == 1 || p->dims[last] < 2) return false;
    for (int i = last - 1; i >= 0; i--) {
        if (llabs(p->in[i]) != 1) continue;
        for (; i < last - 1; i++) swap_dims(p, i, i + 1);
        return true;
    }
    return false;
}

#define TILE 16
#define TILES(name, type, assign)                                                                                      \
    static void name(const pair *p, type *restrict out, const type *restrict in)                                       \
    {                                                                                                                  \
        const int a = p->rank - 2, b = p->rank - 1;                                                                    \
        for (int64_t i0 = 0; i0 < p->dims[a]; i0 += TILE)                                                              \
            for (int64_t j0 = 0; j0 < p->dims[b]; j0 += TILE)                                                          \
                for (int64_t i = i0; i < i0 + TILE && i < p->dims[a]; i++)                                             \
                    for (int64_t j = j0; j < j0 + TILE && j < p->dims[b]; j++)                                         \
                        out[i * p->out[a] + j * p->out[b]] assign in[i * p->in[a] + j * p->in[b]];                     \
    }
TILES(copy_tiles_1, uint8_t, =)
TILES(copy_tiles_4, uint32_t, =)
TILES(copy_tiles_8, uint64_t, =)
TILES(add_tiles_f32, float, +=)
TILES(add_tiles_f64, double, +=)

/* One element n times: what is there already is copied behind itself. */
static void repeat(size_t size, int64_t n, char *out, const char *in)
{
    const int64_t most = 4096 / (int64_t)size;
    memcpy(out, in, size);
    for (int64_t done = 1, some; done < n; done += some) {
        some = done < most ? done : most;
        if (some > n - done) some = n - done;
        memcpy(out + done * (int64_t)size, out, (size_t)some * size);
    }
}

static void copy_row(size_t size, int64_t n, char *out, int64_t to, const char *in, int64_t from)
{
    if (to == 1 && from == 1)
        memcpy(out, in, (size_t)n * size);
    else if (to == 1 && from == 0)
        repeat(size, n, out, in);
    else if (size == 4)
        for (int64_t i = 0; i < n; i++)
            ((uint32_t *)(void *)out)[i * to] = ((const uint32_t *)(const void *)in)[i * from];
    else if (size == 8)
        for (int64_t i = 0; i < n; i++)
            ((uint64_t *)(void *)out)[i * to] = ((const uint64_t *)(const void *)in)[i * from];
    else
        for (int64_t i = 0; i < n; i++) out[i * to] = in[i * from];
}

static void copy_same(pair *p, size_t size, char *out, const char *in)
{
    int64_t index[TP_MAX_RANK] = {0}, o = 0, i = 0;
    const int last = p->rank - 1;
    const bool crosses = crossing(p), turns = crosses && p->out[last] == 1 && p->in[last - 1] == 1;
    do {
        char *const to = out + o * (int64_t)size;
        const char *const from = in + i * (int64_t)size;
        if (!crosses)
            copy_row(size, p->dims[last], to, p->out[last], from, p->in[last]);
        else if (turns && size == 4)
            tp_transpose_4(p->dims[last - 1], p->dims[last], (uint32_t *)(void *)to, p->out[last - 1],
                           (const uint32_t *)(const void *)from, p->in[last]);
        else if (turns && size == 8)
            tp_transpose_8(p->dims[last - 1], p->dims[last], (uint64_t *)(void *)to, p->out[last - 1],
                           (const uint64_t *)(const void *)from, p->in[last]);
        else if (size == 4)
            copy_tiles_4(p, (uint32_t *)(void *)to, (const uint32_t *)(const void *)from);
        else if (size == 8)
            copy_tiles_8(p, (uint64_t *)(void *)to, (const uint64_t *)(const void *)from);
        else
            copy_tiles_1(p, (uint8_t *)to, (const uint8_t *)from);
    } while (next_row(p, index, &o, &i, crosses ? 2 : 1));
}

/* To floats from anything; integers are the rare way round and go one by one. */
#define CONVERT(name, to, from)                                                                                        \
    static void name(int64_t n, void *out, int64_t out_stride, const void *in, int64_t in_stride)                      \
    {                                                                                                                  \
        to *const o = out;                                                                                             \
        const from *const x = in;                                                                                      \
        for (int64_t i = 0; i < n; i++) o[i * out_stride] = (to)x[i * in_stride];                                      \
    }
CONVERT(f64_to_f32, float, double)
CONVERT(i32_to_f32, float, int32_t)
CONVERT(u8_to_f32, float, uint8_t)
CONVERT(f32_to_f64, double, float)
CONVERT(i32_to_f64, double, int32_t)
CONVERT(i64_to_f64, double, int64_t)
CONVERT(u8_to_f64, double, uint8_t)

typedef void convert(int64_t n, void *out, int64_t out_stride, const void *in, int64_t in_stride);
static convert *const converters[][TP_U8 + 1] = {
    [TP_F32] = {[TP_F64] = f64_to_f32, [TP_I32] = i32_to_f32, [TP_U8] = u8_to_f32},
    [TP_F64] = {[TP_F32] = f32_to_f64, [TP_I32] = i32_to_f64, [TP_I64] = i64_to_f64, [TP_U8] = u8_to_f64},
};

static void convert_row(int64_t n, tp_dtype to, char *out, int64_t out_stride, tp_dtype from, const char *in,
                        int64_t in_stride)
{
    convert *const direct = to <= TP_F64 ? converters[to][from] : NULL;
    if (direct) {
        direct(n, out, out_stride, in, in_stride);
        return;
    }
    const int64_t a = (int64_t)tp_dtype_size(to) * out_stride, b = (int64_t)tp_dtype_size(from) * in_stride;
    for (int64_t i = 0; i < n; i++) tp_put(to, out + i * a, tp_get(from, in + i * b));
}

/* How many elements there are, where both layouts are dense; else 0. */
static int64_t flat_count(int rank, const int64_t *dims, const int64_t *a, const int64_t *b)
{
    int64_t count = 1;
    for (int i = rank - 1; i >= 0; i--) {
        if (dims[i] == 1) continue;
        if (a[i] != count || b[i] != count) return 0;
        count *= dims[i];
    }
    return count;
}

void tp_copy(int rank, const int64_t *dims, tp_dtype to, void *out, const int64_t *out_strides, tp_dtype from,
             const void *in, const int64_t *in_strides)
{
    if (any_empty(rank, dims)) return;
    const int64_t flat = to == from ? flat_count(rank, dims, out_strides, in_strides) : 0;
    if (flat) {
        memcpy(out, in, (size_t)flat * tp_dtype_size(to));
        return;
    }
    pair p = joined(rank, dims, out_strides, in_strides);
    if (to == from) {
        copy_same(&p, tp_dtype_size(to), out, in);
        return;
    }
    int64_t index[TP_MAX_RANK] = {0}, o = 0, i = 0;
    const int last = p.rank - 1;
    do
        convert_row(p.dims[last], to, (char *)out + o * (int64_t)tp_dtype_size(to), p.out[last], from,
                    (const char *)in + i * (int64_t)tp_dtype_size(from), p.in[last]);
    while (next_row(&p, index, &o, &i, 1));
}

void tp_add_into(const tp_kernels *kernels, int rank, const int64_t *dims, tp_dtype dtype, void *out,
                 const int64_t *out_strides, const void *in, const int64_t *in_strides)
{
    if (any_empty(rank, dims)) return;
    const int64_t flat = flat_count(rank, dims, out_strides, in_strides);
    if (flat) {
        kernels->of[dtype]->add(flat, out, in);
        return;
    }
    pair p = joined(rank, dims, out_strides, in_strides);
    const bool crosses = crossing(&p);
    const int last = p.rank - 1;
    const int64_t size = (int64_t)tp_dtype_size(dtype), n = p.dims[last];
    int64_t index[TP_MAX_RANK] = {0}, o = 0, i = 0;
    do {
        char *const to = (char *)out + o * size;
        const char *const from = (const char *)in + i * size;
        if (crosses && dtype == TP_F32)
            add_tiles_f32(&p, (float *)(void *)to, (const float *)(const void *)from);
        else if (crosses)
            add_tiles_f64(&p, (double *)(void *)to, (const double *)(const void *)from);
        else if (p.out[last] == 1 && p.in[last] == 1)
            kernels->of[dtype]->add(n, to, from);
        else if (dtype == TP_F32)
            for (int64_t k = 0; k < n; k++)
                ((float *)(void *)to)[k * p.out[last]] += ((const float *)(const void *)from)[k * p.in[last]];
        else
            for (int64_t k = 0; k < n; k++)
                ((double *)(void *)to)[k * p.out[last]] += ((const double *)(const void *)from)[k * p.in[last]];
    } while (next_row(&p, index, &o, &i, crosses ? 2 : 1));
}
