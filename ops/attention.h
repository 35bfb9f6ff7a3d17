/* The node of attention: what its numeric and its recorded rules share. */
#ifndef TAPIR_OPS_ATTENTION_H
#define TAPIR_OPS_ATTENTION_H

#include "ops/dropout.h"
#include "ops/masked_softmax.h"

typedef struct tp_attention_attributes {
    tp_score_rule rule;
    double dropout;
    int64_t heads; /* side by side in a row; 0: heads are matrices */
    bool packed;   /* q, k and v side by side in a row of operand 0 */
} tp_attention_attributes;

typedef struct tp_attention_saved {
    tp_tensor *weights; /* before dropout */
    tp_rng rng;
} tp_attention_saved;

enum { Q, K, V, MASK };

/* The operand that q, k, v or the mask is, or is in. */
static inline int operand_of(const tp_ctx *ctx, int which)
{
    const tp_attention_attributes *a = tp_ctx_attributes(ctx);
    return !a->packed ? which : (which == MASK ? 1 : 0);
}

/* The mask's place; 0 when there is none. */
static inline int mask_of(const tp_ctx *ctx)
{
    const int place = operand_of(ctx, MASK);
    return tp_ctx_count(ctx) > place ? place : 0;
}

tp_status tp_attention_backward(tp_ctx *ctx, tp_var g);
tp_status tp_attention_pattern(tp_ctx *ctx);

#endif
