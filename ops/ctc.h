/* What the two files of CTC share. */
#ifndef TAPIR_OPS_CTC_H
#define TAPIR_OPS_CTC_H

#include "ops/loss.h"

typedef struct tp_ctc_attributes {
    tp_reduction how;
    bool zero_infinity;
    int64_t blank;
} tp_ctc_attributes;

/* The i-th length, -1 where it is not in least .. most. */
int64_t tp_ctc_length(const tp_tensor *lengths, int64_t i, int64_t least, int64_t most);
/* How many states the longest path has. */
int64_t tp_ctc_states(const tp_tensor *targets, const tp_tensor *lengths);
/* The rule in recorded ops. */
tp_status tp_ctc_backward_recorded(tp_ctx *ctx, tp_var g);

#endif
