/* What the normalisations share: gain and bias, and the rule in recorded ops. */
#ifndef TAPIR_OPS_NORM_H
#define TAPIR_OPS_NORM_H

#include "ops/ops.h"

/* Which operands a gain and a bias are; 0: there is none. */
typedef struct tp_affine {
    int gain, bias;
} tp_affine;

/* x, first..., then gain and bias where there are such: the operand list of a call. Returns how many. */
int tp_affine_inputs(tp_var gain, tp_var bias, int n, tp_var *inputs, tp_affine *affine);
/* eps must be a finite number >= 0, every operand of x's dtype, and gain and bias of these dims. */
tp_status tp_affine_check(tp_ctx *ctx, const tp_affine *affine, double eps, int rank, const int64_t *dims);

/* The pattern: x along the axes in `mask`, and operands 1, 2, ..., each a number for each channel, axis 1 of x; or,
   when `by_place`, at their own places. */
tp_status tp_norm_pattern(tp_ctx *ctx, unsigned mask, bool by_place);

/* Operand i, if i is not 0, must have these dims. */
tp_status tp_part_check(tp_ctx *ctx, const char *what, int i, int rank, const int64_t *dims);

/* How a normalised x is seen: its dims, those of them that share statistics, and the shape that gain and bias have
   against it. */
typedef struct tp_norm_view {
    int rank, shared_count;
    int64_t dims[4], shared[2]; /* axes */
    int64_t gain[3];            /* dims; the rank is one less than `rank` */
    bool centre;
    double eps;
} tp_norm_view;

/* With z = (x - mean) / sqrt(variance + eps) and h = g gain:  dx = (h - mean h - z mean(h z)) / sqrt(variance + eps),
   dgain = sum g z,  dbias = sum g. */
tp_status tp_norm_backward(tp_ctx *ctx, tp_var g, const tp_affine *affine, const tp_norm_view *view);
/* Gives gain and bias sum g z and sum g; z and g are seen as the view says. */
tp_status tp_affine_backward(tp_ctx *ctx, tp_var g, tp_var z, const tp_affine *affine, const tp_norm_view *view);

/* Writes sums in f64 as the gradient of operand i; nothing happens when it needs none. */
tp_status tp_give_sums(tp_ctx *ctx, int i, const double *sums);

/* The k-th number of a dense tensor, `otherwise` where there is no tensor. */
static inline double tp_norm_at(const tp_tensor *x, int64_t k, double otherwise)
{
    return x ? tp_get((tp_dtype)x->dtype, x->data + k * (int64_t)tp_dtype_size((tp_dtype)x->dtype)) : otherwise;
}

#endif
