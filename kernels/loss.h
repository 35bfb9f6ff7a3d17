/* Losses that are worked out element by element: one number for each row of loss.def, and their loops. */
#ifndef TAPIR_KERNELS_LOSS_H
#define TAPIR_KERNELS_LOSS_H

#include "kernels/kernels.h"

enum {
#define LOSS(name, ...) TP_LOSS_##name,
#include "kernels/loss.def"
#undef LOSS
    TP_LOSS_COUNT
};

/* A loop over n contiguous elements: in[] holds x, t, c and the upstream, number[] p and q. */
enum { TP_LOSS_X, TP_LOSS_T, TP_LOSS_C, TP_LOSS_G, TP_LOSS_IN };
enum { TP_LOSS_NUMBERS = 2, TP_LOSS_OPERANDS = 3 };
typedef void tp_loss_loop(int64_t n, void *out, const void *const *in, const double *number);

typedef struct tp_loss_loops {
    tp_loss_loop *value;
    tp_loss_loop *slope[TP_LOSS_OPERANDS]; /* upstream times slope by x, t, c; 0 where the upstream is 0 */
} tp_loss_loops;

/* Rows of n classes, with the log of the sum of their exponentials; w may be NULL, for ones. */
typedef struct tp_class_loops {
    double (*surprise)(int64_t n, const void *x, const void *w, double lse); /* sum w (lse - x) */
    /* sum of z^p over the others than `label`, z = max(0, margin - x[label] + x), p 2 where squared, else 1; where out
       is not NULL: its slope by x, times scale */
    double (*margin)(int64_t n, void *out, const void *x, int64_t label, double margin, bool squared, double scale);
    /* out = scale e^(x - lse) - share w */
    void (*slope)(int64_t n, void *out, const void *x, const void *w, double lse, double scale, double share);
} tp_class_loops;

/* What the drivers run over: dense operands of one float dtype with `count` elements each. */
typedef struct tp_loss_call {
    const tp_float_loops *loops;
    tp_dtype dtype;
    int64_t count;
    const void *in[TP_LOSS_IN]; /* a place that the row does not read may be NULL */
    double number[TP_LOSS_NUMBERS];
    int threads;
} tp_loss_call;

/* The values, to `out`. */
void tp_loss_values(const tp_loss_call *call, int row, void *out);
/* Their sum, carried in f64; no memory is written. */
double tp_loss_sum(const tp_loss_call *call, int row);
/* Slopes by operand `by`, times the upstream in[TP_LOSS_G], or times `scale` everywhere where that is NULL. */
void tp_loss_slopes(const tp_loss_call *call, int row, int by, double scale, void *out);

#endif
