/* Reductions over any axes of a strided tensor. The axes are sorted into those that stay and those that go; if the
   tightest axis goes, rows are folded into single numbers, else whole rows are folded into rows of running results. */
#include <math.h>
#include <stdlib.h>

#include "kernels/kernels.h"

enum { WIDTH = 256, SPLIT = 1 << 16 }; /* running results at a time; elements of a full reduction that one task takes */

typedef struct axes {
    int rank;
    int64_t dims[TP_MAX_RANK], strides[TP_MAX_RANK];
} axes;

typedef struct job {
    const tp_float_loops *loops;
    tp_fold how;
    int64_t size;
    const char *x;
    axes keep, drop;
    tp_dtype out_dtype;
    char *out;
    double *partial; /* of a split full reduction, from piece `first` on */
    int64_t first;
    int64_t total;
    double start;
} job;

/* Adds an axis, joining it to the one before where the two are contiguous. */
static void push(axes *a, int64_t dim, int64_t stride)
{
    const int last = a->rank - 1;
    if (dim == 1) return;
    if (a->rank && a->strides[last] == stride * dim) {
        a->dims[last] *= dim;
        a->strides[last] = stride;
    } else {
        a->dims[a->rank] = dim;
        a->strides[a->rank++] = stride;
    }
}

/* Brings the tightest axis of `drop` to the end: the order in which the others are folded does not matter. */
static void tightest_last(axes *a)
{
    const int last = a->rank - 1;
    for (int i = 0; i < last; i++)
        if (llabs(a->strides[i]) < llabs(a->strides[last])) {
            const int64_t dim = a->dims[i], stride = a->strides[i];
            a->dims[i] = a->dims[last], a->strides[i] = a->strides[last];
            a->dims[last] = dim, a->strides[last] = stride;
        }
}

static int64_t count_of(const axes *a)
{
    int64_t count = 1;
    for (int i = 0; i < a->rank; i++) count *= a->dims[i];
    return count;
}

/* The offset of the i-th element over the first `rank` axes. */
static int64_t offset_of(const axes *a, int rank, int64_t i)
{
    int64_t offset = 0;
    for (int axis = rank - 1; axis >= 0; axis--) {
        offset += i % a->dims[axis] * a->strides[axis];
        i /= a->dims[axis];
    }
    return offset;
}

static double combine(tp_fold how, double a, double b)
{
    if (how == TP_FOLD_SUM) return a + b;
    if (isnan(b)) return b;
    return how == TP_FOLD_MAX ? (b > a ? b : a) : (b < a ? b : a);
}

/* One result: folds every dropped element below offset `base`. */
static double fold_all(const job *j, int64_t base)
{
    if (j->drop.rank == 0) return tp_get(j->size == 4 ? TP_F32 : TP_F64, j->x + base * j->size);
    const int last = j->drop.rank - 1;
    int64_t rows = 1;
    for (int i = 0; i < last; i++) rows *= j->drop.dims[i];
    double result = j->start;
    for (int64_t row = 0; row < rows; row++) {
        const int64_t offset = base + offset_of(&j->drop, last, row);
        const double part =
            j->loops->reduce_row[j->how](j->drop.dims[last], j->x + offset * j->size, j->drop.strides[last]);
        result = rows == 1 ? part : combine(j->how, result, part);
    }
    return result;
}

static void reduce_rows(void *user, int64_t block)
{
    const job *j = user;
    const int64_t end = (block + 1) * WIDTH < j->total ? (block + 1) * WIDTH : j->total;
    for (int64_t i = block * WIDTH; i < end; i++)
        tp_put(j->out_dtype, j->out + i * (int64_t)tp_dtype_size(j->out_dtype),
               fold_all(j, offset_of(&j->keep, j->keep.rank, i)));
}

/* One block: up to WIDTH neighbours along the last kept axis. */
static void reduce_columns(void *user, int64_t block)
{
    const job *j = user;
    const int last = j->keep.rank - 1;
    const int64_t inner = j->keep.dims[last], blocks = (inner + WIDTH - 1) / WIDTH;
    const int64_t row = block / blocks, column = block % blocks * WIDTH;
    const int64_t n = inner - column < WIDTH ? inner - column : WIDTH;
    const int64_t base = offset_of(&j->keep, last, row) + column * j->keep.strides[last];
    double acc[WIDTH];
    for (int64_t i = 0; i < n; i++) acc[i] = j->start;
    const int64_t folds = count_of(&j->drop);
    const int tight = j->drop.rank - 1;
    int64_t offset = base, inside = 0;
    for (int64_t k = 0; k < folds; k++) {
        j->loops->reduce_columns[j->how](n, acc, j->x + offset * j->size, j->keep.strides[last]);
        offset += j->drop.strides[tight];
        if (++inside == j->drop.dims[tight]) {
            inside = 0;
            offset = base + offset_of(&j->drop, j->drop.rank, k + 1 < folds ? k + 1 : 0);
        }
    }
    char *out = j->out + (row * inner + column) * (int64_t)tp_dtype_size(j->out_dtype);
    for (int64_t i = 0; i < n; i++) tp_put(j->out_dtype, out + i * (int64_t)tp_dtype_size(j->out_dtype), acc[i]);
}

/* A long contiguous full reduction is cut into pieces of SPLIT elements, whatever the thread count. */
static void reduce_piece(void *user, int64_t i)
{
    const job *j = user;
    const int64_t start = (j->first + i) * SPLIT, n = j->drop.dims[0] - start, stride = j->drop.strides[0];
    j->partial[i] = j->loops->reduce_row[j->how](n < SPLIT ? n : SPLIT, j->x + start * stride * j->size, stride);
}

static double reduce_split(job *j, int threads)
{
    double partial[WIDTH], result = j->start;
    j->partial = partial;
    const int64_t pieces = (j->drop.dims[0] + SPLIT - 1) / SPLIT;
    for (int64_t first = 0; first < pieces; first += WIDTH) {
        const int64_t n = pieces - first < WIDTH ? pieces - first : WIDTH;
        j->first = first;
        tp_parallel(threads, n, reduce_piece, j);
        for (int64_t i = 0; i < n; i++) result = combine(j->how, result, partial[i]);
    }
    return result;
}

void tp_reduce(const tp_kernels *kernels, tp_fold how, tp_dtype dtype, int rank, const int64_t *dims,
               const int64_t *strides, const void *x, unsigned mask, tp_dtype out_dtype, void *out, int threads)
{
    static const double starts[] = {0, -HUGE_VAL, HUGE_VAL};
    job j = {.loops = kernels->of[dtype],
             .how = how,
             .size = (int64_t)tp_dtype_size(dtype),
             .x = x,
             .out_dtype = out_dtype,
             .out = out,
             .start = starts[how],
             .total = 1};
    bool empty = false;
    for (int i = 0; i < rank; i++) {
        const bool drop = mask >> i & 1;
        if (!drop) j.total *= dims[i];
        if (drop && dims[i] == 0) empty = true;
        push(drop ? &j.drop : &j.keep, dims[i], strides[i]);
    }
    if (j.total == 0) return;
    if (empty) {
        tp_fill(j.total, out_dtype, out, j.start);
        return;
    }
    tightest_last(&j.drop);
    const int k = j.keep.rank - 1, d = j.drop.rank - 1;
    if (k < 0 && j.drop.rank == 1 && j.drop.dims[0] > SPLIT)
        tp_put(out_dtype, out, reduce_split(&j, threads));
    else if (k >= 0 && d >= 0 && llabs(j.keep.strides[k]) < llabs(j.drop.strides[d]))
        tp_parallel(threads, j.total / j.keep.dims[k] * ((j.keep.dims[k] + WIDTH - 1) / WIDTH), reduce_columns, &j);
    else
        tp_parallel(j.total * (d < 0 ? 1 : j.drop.dims[d]) > SPLIT ? threads : 1, (j.total + WIDTH - 1) / WIDTH,
                    reduce_rows, &j);
}
