/* Reductions over any axes of a strided tensor. The axes are sorted into those that stay and those that go; if the
   tightest axis goes, rows are folded into single numbers, else whole rows are folded into rows of running results.
   What wants two passes takes them a block of results at a time, the second while the elements are in the cache. */
#include <math.h>
#include <stdlib.h>

#include "kernels/kernels.h"

enum {
    ROWS = 256, /* results in a block where each is folded from a row */
    COLUMNS = TP_REDUCE_COLUMNS,
    SPLIT = 1 << 16, /* elements that one task takes of a long full reduction */
    PIECES = 256
};

typedef struct axes {
    int rank;
    int64_t dims[TP_MAX_RANK], strides[TP_MAX_RANK];
} axes;

typedef struct job {
    const tp_reduce_call *args;
    const tp_reduce_loops *loops; /* NULL: x holds integers */
    int64_t size;
    axes keep, drop;
    int64_t total, count; /* results; elements that make one */
    int64_t width;        /* results in a block */
    bool columns;
} job;

/* ---- walking ---- */

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

/* Goes over the first `rank` axes, from element `at` on. */
typedef struct walk {
    const axes *over;
    int rank;
    int64_t offset, index[TP_MAX_RANK];
} walk;

static walk walk_from(const axes *over, int rank, int64_t at)
{
    walk w;
    w.over = over, w.rank = rank, w.offset = 0;
    for (int i = rank - 1; i >= 0; i--) {
        w.index[i] = at ? at % over->dims[i] : 0;
        w.offset += w.index[i] * over->strides[i];
        if (at) at /= over->dims[i];
    }
    return w;
}

/* False after the last. */
static bool next(walk *w)
{
    for (int i = w->rank - 1; i >= 0; i--) {
        w->offset += w->over->strides[i];
        if (++w->index[i] < w->over->dims[i]) return true;
        w->offset -= w->over->dims[i] * w->over->strides[i];
        w->index[i] = 0;
    }
    return false;
}

/* ---- one fold ---- */

static double join(tp_fold_kind how, double a, double b)
{
    switch (how) {
    case TP_FOLD_MAX:
    case TP_FOLD_ABS_MAX: return b > a || isnan(b) ? b : a;
    case TP_FOLD_MIN:
    case TP_FOLD_ABS_MIN: return b < a || isnan(b) ? b : a;
    case TP_FOLD_PROD: return a * b;
    default: return a + b;
    }
}

/* Integers are only asked whether they are 0. */
static double fold_row(const job *j, tp_fold_kind how, int64_t n, int64_t offset, int64_t stride, double shift)
{
    const char *x = (const char *)j->args->x + offset * j->size;
    if (j->loops) return j->loops->row[how](n, x, stride, shift, j->args->power);
    double count = 0;
    for (int64_t i = 0; i < n; i++) count += tp_get(j->args->dtype, x + i * stride * j->size) != 0;
    return count;
}

typedef struct pieces {
    const job *j;
    tp_fold_kind how;
    int64_t first;
    double shift, partial[PIECES];
} pieces;

static void fold_piece(void *user, int64_t i)
{
    pieces *p = user;
    const int64_t start = (p->first + i) * SPLIT, rest = p->j->drop.dims[0] - start, stride = p->j->drop.strides[0];
    p->partial[i] = fold_row(p->j, p->how, rest < SPLIT ? rest : SPLIT, start * stride, stride, p->shift);
}

/* A long contiguous full reduction is cut into pieces of SPLIT elements, whatever the thread count. */
static double fold_split(const job *j, tp_fold_kind how, double start, double shift)
{
    pieces p = {.j = j, .how = how, .shift = shift};
    const int64_t n = (j->drop.dims[0] + SPLIT - 1) / SPLIT;
    double result = start;
    for (; p.first < n; p.first += PIECES) {
        const int64_t some = n - p.first < PIECES ? n - p.first : PIECES;
        tp_parallel(j->args->threads, some, fold_piece, &p);
        for (int64_t i = 0; i < some; i++) result = join(how, result, p.partial[i]);
    }
    return result;
}

/* One result: every dropped element below offset `base`. */
static double fold_one(const job *j, tp_fold_kind how, double start, int64_t base, double shift)
{
    const int last = j->drop.rank - 1;
    if (last < 0) return fold_row(j, how, 1, base, 1, shift);
    if (last == 0 && (j->total > 1 || j->count <= SPLIT))
        return fold_row(j, how, j->drop.dims[0], base, j->drop.strides[0], shift);
    if (last == 0) return fold_split(j, how, start, shift);
    walk rows = walk_from(&j->drop, last, 0);
    double result = start;
    do
        result =
            join(how, result, fold_row(j, how, j->drop.dims[last], base + rows.offset, j->drop.strides[last], shift));
    while (next(&rows));
    return result;
}

/* n neighbouring results, from `first` on. */
static void fold_block(const job *j, tp_fold_kind how, int64_t first, int64_t n, double *acc, const double *shift)
{
    const double start = j->loops ? j->loops->start[how] : 0;
    for (int64_t i = 0; i < n; i++) acc[i] = start;
    if (j->count == 0) return;
    if (j->total == 1) {
        acc[0] = fold_one(j, how, start, 0, shift[0]);
        return;
    }
    const int inner = j->keep.rank - 1;
    if (!j->columns && j->loops && j->drop.rank == 1) { /* whole runs of rows */
        for (int64_t i = 0, run; i < n; i += run) {
            const walk from = walk_from(&j->keep, j->keep.rank, first + i);
            const int64_t left = j->keep.dims[inner] - from.index[inner];
            run = left < n - i ? left : n - i;
            j->loops->rows[how](run, j->keep.strides[inner], acc + i, j->drop.dims[0],
                                (const char *)j->args->x + from.offset * j->size, j->drop.strides[0], shift + i,
                                j->args->power);
        }
        return;
    }
    walk kept = walk_from(&j->keep, j->keep.rank, first);
    if (!j->columns) {
        for (int64_t i = 0; i < n; i++, next(&kept)) acc[i] = fold_one(j, how, start, kept.offset, shift[i]);
        return;
    }
    const int last = j->drop.rank - 1;
    const int64_t rows = last < 0 ? 1 : j->drop.dims[last], step = last < 0 ? 0 : j->drop.strides[last];
    walk outer = walk_from(&j->drop, last < 0 ? 0 : last, 0);
    do
        j->loops->columns[how](rows, step, n, acc, (const char *)j->args->x + (kept.offset + outer.offset) * j->size,
                               j->keep.strides[j->keep.rank - 1], shift, j->args->power);
    while (next(&outer));
}

/* ---- what is made of folds ---- */

static void put(tp_dtype dtype, void *out, int64_t first, int64_t n, const double *from)
{
    if (dtype == TP_F32)
        for (int64_t i = 0; i < n; i++) ((float *)out)[first + i] = (float)from[i];
    else if (dtype == TP_F64)
        for (int64_t i = 0; i < n; i++) ((double *)out)[first + i] = from[i];
    else
        for (int64_t i = 0; i < n; i++)
            tp_put(dtype, (char *)out + (first + i) * (int64_t)tp_dtype_size(dtype), from[i]);
}

/* An element of each of n results. */
static void first_ones(const job *j, int64_t first, int64_t n, double *out)
{
    if (j->count == 0) return;
    if (j->total == 1) {
        out[0] = tp_get(j->args->dtype, j->args->x);
        return;
    }
    walk kept = walk_from(&j->keep, j->keep.rank, first);
    for (int64_t i = 0; i < n; i++, next(&kept))
        out[i] = tp_get(j->args->dtype, (const char *)j->args->x + kept.offset * j->size);
}

/* The mean is one element and the mean distance from it, so that the variance of equal numbers is exactly 0. */
static void variances(const job *j, int64_t first, int64_t n, double *acc, double *mean)
{
    const double count = (double)j->count, left = count - j->args->power;
    first_ones(j, first, n, mean);
    fold_block(j, TP_FOLD_SHIFTED, first, n, acc, mean);
    for (int64_t i = 0; i < n; i++) mean[i] += acc[i] / count;
    if (j->args->means) put(j->args->out_dtype, j->args->means, first, n, mean);
    fold_block(j, TP_FOLD_SQUARES, first, n, acc, mean);
    for (int64_t i = 0; i < n; i++) acc[i] = left > 0 && j->count ? acc[i] / left : (double)NAN;
}

/* A sum of powers that is out of these bounds may have lost its small terms or all of them. */
static bool in_range(double sum)
{
    return sum > 1e-250 && sum < 1e250;
}

static void norms(const job *j, int64_t first, int64_t n, double *acc, double *scale)
{
    const double p = j->args->power;
    bool good = true;
    fold_block(j, p == 2 ? TP_FOLD_SQUARES : TP_FOLD_POWERS, first, n, acc, scale);
    for (int64_t i = 0; i < n; i++) good = good && in_range(acc[i]);
    if (good) {
        for (int64_t i = 0; i < n; i++) acc[i] = p == 2 ? sqrt(acc[i]) : pow(acc[i], 1 / p);
        return;
    }
    double largest[COLUMNS];
    fold_block(j, TP_FOLD_ABS_MAX, first, n, largest, scale);
    for (int64_t i = 0; i < n; i++) scale[i] = largest[i] > 0 && largest[i] < HUGE_VAL ? largest[i] : 1;
    fold_block(j, TP_FOLD_SCALED, first, n, acc, scale);
    for (int64_t i = 0; i < n; i++)
        acc[i] = largest[i] > 0 && largest[i] < HUGE_VAL ? scale[i] * pow(acc[i], 1 / p) : largest[i];
}

static void compute(const job *j, int64_t first, int64_t n, double *acc, double *shift)
{
    const tp_reduce_call *args = j->args;
    const tp_fold_kind how = args->how;
    for (int64_t i = 0; i < n; i++) shift[i] = 0;
    if (how < TP_FOLDS) {
        const int64_t size = (int64_t)tp_dtype_size(args->shift_dtype);
        for (int64_t i = 0; args->shifts && i < n; i++)
            shift[i] = tp_get(args->shift_dtype, (const char *)args->shifts + (first + i) * size);
        fold_block(j, how, first, n, acc, shift);
    } else if (how == TP_FOLD_MEAN) {
        fold_block(j, TP_FOLD_SUM, first, n, acc, shift);
        for (int64_t i = 0; i < n; i++) acc[i] /= (double)j->count;
    } else if (how == TP_FOLD_NORM) {
        norms(j, first, n, acc, shift);
    } else if (how == TP_FOLD_ALL || how == TP_FOLD_ANY) {
        fold_block(j, TP_FOLD_NONZERO, first, n, acc, shift);
        for (int64_t i = 0; i < n; i++) acc[i] = how == TP_FOLD_ANY ? acc[i] > 0 : acc[i] == (double)j->count;
    } else {
        variances(j, first, n, acc, shift);
        for (int64_t i = 0; i < n && how == TP_FOLD_STD; i++) acc[i] = sqrt(acc[i]);
    }
    put(args->out_dtype, args->out, first, n, acc);
}

/* Columns come in blocks of `width` neighbours along the last kept axis, rows in blocks of any neighbours. */
static void run_block(void *user, int64_t block)
{
    const job *j = user;
    double acc[COLUMNS], shift[COLUMNS];
    const int64_t inner = j->columns ? j->keep.dims[j->keep.rank - 1] : j->total;
    const int64_t blocks = (inner + j->width - 1) / j->width;
    const int64_t at = block % blocks * j->width, rest = inner - at;
    compute(j, block / blocks * inner + at, rest < j->width ? rest : j->width, acc, shift);
}

/* Blocks whose elements stay in the second-level cache for another pass; where there is none, as wide as it goes. */
static int64_t width_of(const job *j)
{
    const bool passes = j->args->how == TP_FOLD_VARIANCE || j->args->how == TP_FOLD_STD || j->args->how == TP_FOLD_NORM;
    const int64_t most = j->columns ? COLUMNS : ROWS, least = j->columns ? 64 : 1;
    if (!passes && j->columns) return most;
    const int64_t fits = SPLIT / (j->count ? j->count : 1);
    return fits > most ? most : (fits < least ? least : fits);
}

void tp_reduce_args(const tp_kernels *kernels, const tp_reduce_call *args)
{
    job j;
    j.args = args;
    j.loops = args->dtype <= TP_F64 ? kernels->of[args->dtype]->reduce : NULL;
    j.size = (int64_t)tp_dtype_size(args->dtype);
    j.keep.rank = j.drop.rank = 0;
    j.total = j.count = 1;
    for (int i = 0; i < args->rank; i++) {
        const bool drop = args->mask >> i & 1;
        *(drop ? &j.count : &j.total) *= args->dims[i];
        push(drop ? &j.drop : &j.keep, args->dims[i], args->strides[i]);
    }
    if (j.total == 0) return;
    if (j.total == 1) {
        double acc, shift;
        j.columns = false;
        tightest_last(&j.drop);
        compute(&j, 0, 1, &acc, &shift);
        return;
    }
    tightest_last(&j.drop);
    const int k = j.keep.rank - 1, d = j.drop.rank - 1;
    j.columns = j.loops && (d < 0 || llabs(j.keep.strides[k]) < llabs(j.drop.strides[d]));
    j.width = width_of(&j);
    const int64_t inner = j.columns ? j.keep.dims[k] : j.total;
    tp_parallel(j.total * j.count > SPLIT ? args->threads : 1, j.total / inner * ((inner + j.width - 1) / j.width),
                run_block, &j);
}

void tp_reduce(const tp_kernels *kernels, tp_fold_kind how, tp_dtype dtype, int rank, const int64_t *dims,
               const int64_t *strides, const void *x, unsigned mask, tp_dtype out_dtype, void *out, int threads)
{
    const tp_reduce_call args = {.how = how,
                                 .dtype = dtype,
                                 .rank = rank,
                                 .dims = dims,
                                 .strides = strides,
                                 .x = x,
                                 .mask = mask,
                                 .out_dtype = out_dtype,
                                 .out = out,
                                 .threads = threads};
    tp_reduce_args(kernels, &args);
}
