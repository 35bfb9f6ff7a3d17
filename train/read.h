/* Reading the elements of tensors one by one, and the checks that metrics share. */
#ifndef TAPIR_TRAIN_READ_H
#define TAPIR_TRAIN_READ_H

#include "core/element.h"
#include "core/tensor.h"

/* The i-th element in row-major order. */
static inline double tp_number(const tp_tensor *tensor, int64_t i)
{
    const int64_t at = tensor->dense ? i : tp_tensor_offset(tensor, i);
    const tp_dtype dtype = (tp_dtype)tensor->dtype;
    if (dtype == TP_F32) return (double)((const float *)(const void *)tensor->data)[at];
    if (dtype == TP_F64) return ((const double *)(const void *)tensor->data)[at];
    return tp_get(dtype, tensor->data + at * (int64_t)tp_dtype_size(dtype));
}

/* NaN is larger than any number. */
static inline bool tp_larger(double a, double b)
{
    return a > b || (a != a && b == b);
}

/* Checks that labels are integers 0 .. classes-1. */
tp_status tp_labels_check(const char *name, const tp_tensor *labels, int64_t classes, tp_error *error);
/* Checks scores (..., C) against one label a row. */
tp_status tp_scores_check(const char *name, const tp_tensor *scores, const tp_tensor *labels, tp_error *error);
/* The first of the largest of the n scores from `first` on, less `first`. */
int64_t tp_best_class(const tp_tensor *scores, int64_t first, int64_t n);

#endif
