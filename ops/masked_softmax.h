/* Rows of weights under a mask, for masked_softmax and attention. */
#ifndef TAPIR_OPS_MASKED_SOFTMAX_H
#define TAPIR_OPS_MASKED_SOFTMAX_H

#include "ops/ops.h"

/* How scores (..., L, S) become weights. */
typedef struct tp_score_rule {
    double scale;
    bool causal; /* row i sees the columns 0 .. i */
} tp_score_rule;

/* Operand i, if i is not 0, must be u8 or of `dtype` and broadcast to the dims. */
tp_status tp_mask_check(tp_ctx *ctx, int i, tp_dtype dtype, int rank, const int64_t *dims);
/* weights = softmax(scale scores + mask) row by row for dense tensors of one shape, which may be one; `i` as above. */
tp_status tp_masked_rows(tp_ctx *ctx, const tp_score_rule *rule, int i, const tp_tensor *scores, tp_tensor *weights);
/* The node masked_softmax. */
tp_var tp_masked_softmax_by(tp_var scores, tp_var mask, const tp_score_rule *rule);
/* y (g - sum g y): what scores get for a scale of 1, and what the mask gets. */
tp_var tp_softmax_slope(tp_var y, tp_var g);

#endif
