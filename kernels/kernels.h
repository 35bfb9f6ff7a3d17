/* The seam to the processor: loops over raw arrays, made once for each instruction-set level and chosen at run time.
   Only kernels dereference tensor data. Invariant: a kernel's result does not depend on the number of threads. */
#ifndef TAPIR_KERNELS_KERNELS_H
#define TAPIR_KERNELS_KERNELS_H

#include <tapir/tensor.h>

#include "core/element.h"
#include "kernels/attention.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"
#include "kernels/nearest.h"
#include "kernels/norm.h"
#include "kernels/random.h"
#include "kernels/recurrent.h"
#include "kernels/reduce.h"
#include "kernels/softmax.h"
#include "kernels/pooling.h"
#include "kernels/resample.h"
#include "kernels/update.h"

/* One number for each row of rows.def. */
enum {
#define ROW(name, ...) TP_ROW_##name,
#include "kernels/rows.def"
    TP_ROW_COUNT
};

/* An elementwise loop over n contiguous elements. in[] holds the operands x, b, c, the result y and its upstream g; a
   loop reads those that its formula names. For a row with plain numbers, in[TP_IN_B] points at them.
 */
enum { TP_IN_X, TP_IN_B, TP_IN_C, TP_IN_Y, TP_IN_G, TP_IN_COUNT };
enum { TP_ROW_OPERANDS = 3, TP_MAX_NUMBERS = 3 };
typedef void tp_loop(int64_t n, void *out, const void *const *in);
/* Elements of one dtype as elements of another. */
typedef void tp_convert(int64_t n, void *out, const void *in);

typedef struct tp_row_loops {
    tp_loop *value;
    tp_loop *slope[TP_ROW_OPERANDS];     /* upstream times slope, by x, b and c; 0 where the upstream is 0 */
    tp_loop *slope_add[TP_ROW_OPERANDS]; /* the same added to what `out` holds; NULL where the slope is no short one */
} tp_row_loops;

struct tp_loss_loops; /* see loss.h */
struct tp_class_loops;

/* Loops for one float type. Rows of the softmax family are (n) elements `stride` apart. */
typedef struct tp_float_loops {
    const tp_row_loops *rows; /* by TP_ROW_... */
    const tp_reduce_loops *reduce;
    const tp_norm_loops *norm;
    const tp_attention_loops *attention;
    const tp_cell_loops *cells; /* by TP_CELL_... */
    const tp_lstm_loops *lstm;
    tp_nearest_loop *const *nearest;
    const tp_softmax_loops *softmax_columns;
    const struct tp_loss_loops *losses; /* by TP_LOSS_... */
    const struct tp_class_loops *classes;
    void (*add)(int64_t n, void *y, const void *x);                 /* y += x */
    void (*scale)(int64_t n, void *y, double c);                    /* y *= c */
    void (*add_times)(int64_t n, void *y, double c, const void *x); /* y += c x */
    double (*dot)(int64_t n, const void *x, const void *y);         /* carried in f64 */
    /* Row i of n elements of x, `step` apart, is added at table + place[i]; INT64_MIN: it is not. */
    void (*add_rows)(int64_t rows, int64_t n, void *table, const int64_t *place, const void *x, int64_t step);
    /* out = softmax(x) and log_softmax(x) for one row; returns log sum exp. out may be NULL. */
    double (*softmax)(int64_t n, void *out, const void *x);
    double (*log_softmax)(int64_t n, void *out, const void *x);
    /* out = y (g - sum g y), and g - exp(y) sum g */
    void (*softmax_slope)(int64_t n, void *out, const void *y, const void *g);
    void (*log_softmax_slope)(int64_t n, void *out, const void *y, const void *g);
    /* out = scale * (exp(x - lse) - onehot(label)), one row; label -1: no one-hot */
    void (*cross_entropy_slope)(int64_t n, void *out, const void *x, double lse, int64_t label, double scale);
    tp_update_loop *const *updates; /* by TP_UPDATE_... */
    const tp_conv_loops *conv;
    const tp_pooling_loops *pooling;
    const tp_resample_loops *resample;
    const struct tp_lapack_loops *lapack; /* see lapack.h */
} tp_float_loops;

typedef struct tp_compare_loops tp_compare_loops; /* kernels/compare.h */

typedef struct tp_kernels {
    const char *level;
    const tp_gemm_table *gemm;
    const tp_random_loops *random;
    const struct tp_index_loops *index;
    const tp_float_loops *of[2];            /* by dtype: f32, f64 */
    const tp_compare_loops *const *compare; /* by dtype: f32, f64, i64 */
} tp_kernels;

/* The best level that this processor has, at most what the environment variable TAPIR_CPU names (v2, v3, v4). */
const tp_kernels *tp_kernels_pick(void);

/* ---- drivers over strided tensors, independent of the level ---- */

/* An operand of an elementwise loop: strides along the result's dims (0 where broadcast). `dense` says that it has the
   result's own layout; strides may then be NULL. data NULL: the loop does not read it. */
typedef struct tp_operand {
    const void *data;
    const int64_t *strides;
    bool dense;
    bool number;         /* handed through as it is: plain numbers */
    tp_convert *convert; /* not NULL: the elements, of `size` bytes, are not of the loop's type and go through this */
    size_t size;
} tp_operand;
/* Elements start .. start+n-1 of an operand, in the row-major order of the dims (of rank 1 or more), which its strides
   go along; `at` is scratch for n elements of `size` bytes. Returns where they are: in the operand itself if they lie
   there contiguously. */
const void *tp_pack_operand(const tp_operand *operand, size_t size, int rank, const int64_t *dims, int64_t start,
                            int64_t n, void *at);
/* A loop over elements of `size` bytes whose result has elements of `out_size` bytes. */
void tp_run_loop_to(tp_loop *loop, size_t size, size_t out_size, int rank, const int64_t *dims, int64_t count,
                    void *out, const tp_operand in[TP_IN_COUNT], int threads);
/* The same where they are one. */
void tp_run_loop(tp_loop *loop, size_t size, int rank, const int64_t *dims, int64_t count, void *out,
                 const tp_operand in[TP_IN_COUNT], int threads);

/* tp_reduce_args for a fold without shift and power. */
void tp_reduce(const tp_kernels *kernels, tp_fold_kind how, tp_dtype dtype, int rank, const int64_t *dims,
               const int64_t *strides, const void *x, unsigned mask, tp_dtype out_dtype, void *out, int threads);

/* Copies between strided layouts with the same dims, converting between any two dtypes. */
void tp_copy(int rank, const int64_t *dims, tp_dtype to, void *out, const int64_t *out_strides, tp_dtype from,
             const void *in, const int64_t *in_strides);
/* Adds between strided layouts with the same dims and float dtype: out += in. */
void tp_add_into(const tp_kernels *kernels, int rank, const int64_t *dims, tp_dtype dtype, void *out,
                 const int64_t *out_strides, const void *in, const int64_t *in_strides);
/* One number to n elements. */
void tp_fill(int64_t n, tp_dtype dtype, void *out, double value);
/* The first NaN, else the first largest (or smallest) element's place among n that lie `stride` apart. */
int64_t tp_arg_extreme(const tp_kernels *kernels, tp_dtype dtype, int64_t n, const void *x, int64_t stride,
                       bool largest);

/* Calls body(user, i) for i in 0..n-1, on at most `threads` threads. */
void tp_parallel(int threads, int64_t n, void (*body)(void *user, int64_t i), void *user);

#endif
