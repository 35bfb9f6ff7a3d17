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

/* A dense mask against scores: how far its rows lie apart along each of the scores' axes but the last. */
typedef struct tp_mask_rows {
    const tp_tensor *mask; /* NULL: there is none */
    int64_t strides[TP_MAX_RANK];
    tp_tensor *work; /* a row, where all of its elements are one; tp_done gives it back */
} tp_mask_rows;
/* Of operand i, if i is not 0, which tp_mask_check has passed for these dims. */
tp_status tp_mask_rows_of(tp_ctx *ctx, int i, int rank, const int64_t *dims, tp_mask_rows *rows);
/* weights = softmax(scale scores + mask) for `count` rows from row `first` on of dense tensors of one shape, which may
   be one. */
void tp_masked_rows(tp_ctx *ctx, const tp_score_rule *rule, const tp_mask_rows *rows, const tp_tensor *scores,
                    tp_tensor *weights, int64_t first, int64_t count);
/* The node masked_softmax. */
tp_var tp_masked_softmax_by(tp_var scores, tp_var mask, const tp_score_rule *rule);
/* y (g - sum g y): what scores get for a scale of 1, and what the mask gets. */
tp_var tp_softmax_slope(tp_var y, tp_var g);

#endif
