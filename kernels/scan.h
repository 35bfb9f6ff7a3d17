/* Running results along an axis. */
#ifndef TAPIR_KERNELS_SCAN_H
#define TAPIR_KERNELS_SCAN_H

#include "kernels/kernels.h"

/* y_i from x_0 .. x_i (from x_i .. x_(n-1) when reversed), carried in f64; the exclusive ones without x_i itself. */
typedef enum tp_scan_how {
    TP_SCAN_SUM,
    TP_SCAN_PRODUCT,
    TP_SCAN_PRODUCT_BEFORE, /* exclusive; 1 at the start */
    TP_SCAN_LINEAR_BEFORE,  /* exclusive: y_0 = 0, y_(i+1) = x_i y_i + b_i; where y_i is 0, b_i whatever x_i is */
    TP_SCAN_LOGSUMEXP
} tp_scan_how;

/* x and b have any strides, out is dense; all have these dims. b is read by LINEAR alone. */
typedef struct tp_scan {
    tp_scan_how how;
    bool reverse;
    tp_dtype dtype;
    int rank, axis;
    const int64_t *dims, *x_strides, *b_strides, *out_strides;
    const void *x, *b;
    void *out;
} tp_scan;
void tp_scan_run(const tp_scan *scan);

#endif
