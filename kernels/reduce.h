/* Reductions over any axes: folds of many numbers into one, and what is made of a fold or two. */
#ifndef TAPIR_KERNELS_REDUCE_H
#define TAPIR_KERNELS_REDUCE_H

#include <tapir/tensor.h>

/* The first ones are folds: one pass, carried in f64. Of nothing they give 0; PROD 1; MAX, ABS_MAX -Inf, 0; MIN,
   ABS_MIN +Inf. A result's shift s is its own; p is the same for all. */
typedef enum tp_fold_kind {
    TP_FOLD_SUM,
    TP_FOLD_MAX, /* NaN if any is, as in the next */
    TP_FOLD_MIN,
    TP_FOLD_PROD,
    TP_FOLD_ABS, /* sum |x| */
    TP_FOLD_ABS_MAX,
    TP_FOLD_ABS_MIN,
    TP_FOLD_SHIFTED,  /* sum (x - s) */
    TP_FOLD_SQUARES,  /* sum (x - s)^2 */
    TP_FOLD_POWERS,   /* sum |x|^p */
    TP_FOLD_SCALED,   /* sum |x / s|^p */
    TP_FOLD_SAME,     /* how many are s */
    TP_FOLD_ABS_SAME, /* |x| is s */
    TP_FOLD_NONZERO,  /* how many are not 0; also of integers */
    TP_FOLDS,
    TP_FOLD_MEAN = TP_FOLDS,
    TP_FOLD_VARIANCE, /* sum (x - mean)^2 / (n - p), NaN where n <= p */
    TP_FOLD_STD,
    TP_FOLD_NORM, /* (sum |x|^p)^(1/p), p > 0 and finite; scaled where the sum would leave the range of f64 */
    TP_FOLD_ALL,  /* 1 if none is 0; also of integers, as the next */
    TP_FOLD_ANY
} tp_fold_kind;

enum { TP_REDUCE_COLUMNS = 1024 }; /* running results side by side */

/* Loops for one float type. */
typedef struct tp_reduce_loops {
    /* n elements `stride` apart into one */
    double (*row[TP_FOLDS])(int64_t n, const void *x, int64_t stride, double shift, double power);
    /* `count` rows, `step` apart, of n elements `stride` apart, each into one; `shift` is read where the
       fold has one */
    void (*rows[TP_FOLDS])(int64_t count, int64_t step, double *out, int64_t n, const void *x, int64_t stride,
                           const double *shift, double power);
    /* `rows` rows, `step` apart, of n elements each, into n running results */
    void (*columns[TP_FOLDS])(int64_t rows, int64_t step, int64_t n, double *acc, const void *x, int64_t stride,
                              const double *shift, double power);
    double start[TP_FOLDS];
    /* the first of n elements that is `value`, or NaN where that is one; n: there is none */
    int64_t (*place)(int64_t n, const void *x, double value);
    /* Elementwise slopes, with a number for each result spread over what was reduced: see tp_loop. 0 where g is 0.
       centred: g (x - b); norm2: g x / y, norm1: g sign x, norm: g sign x (|x| / y)^(b - 1), where b is a plain number,
       each 0 where y or x is; prod: g y / x; extreme: g [x == y] / b; extreme_abs: g sign x [|x| == y] /
       b */
    void (*centred)(int64_t n, void *out, const void *const *in);
    void (*prod)(int64_t n, void *out, const void *const *in);
    void (*norm1)(int64_t n, void *out, const void *const *in);
    void (*norm2)(int64_t n, void *out, const void *const *in);
    void (*norm)(int64_t n, void *out, const void *const *in);
    void (*extreme)(int64_t n, void *out, const void *const *in);
    void (*extreme_abs)(int64_t n, void *out, const void *const *in);
} tp_reduce_loops;

struct tp_kernels;

/* Reduces the axes in `mask` of a strided x into dense `out` (row-major over the other axes) of `out_dtype`. */
typedef struct tp_reduce_call {
    tp_fold_kind how;
    tp_dtype dtype;
    int rank;
    const int64_t *dims, *strides;
    const void *x;
    unsigned mask;
    tp_dtype out_dtype;
    void *out;
    double power;       /* p */
    const void *shifts; /* s of SAME and ABS_SAME, laid out like `out`, of `shift_dtype` */
    tp_dtype shift_dtype;
    void *means; /* of a variance; NULL, or laid out like `out` and of its dtype */
    int threads;
} tp_reduce_call;
void tp_reduce_args(const struct tp_kernels *kernels, const tp_reduce_call *args);

#endif
