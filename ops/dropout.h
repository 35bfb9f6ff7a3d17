/* Dropout for other ops: by a generator that lies in the saved context of theirs. */
#ifndef TAPIR_OPS_DROPOUT_H
#define TAPIR_OPS_DROPOUT_H

#include "ops/ops.h"

/* out = dropout(x): dense tensors of one shape; out may be x. */
void tp_drop(tp_ctx *ctx, double p, tp_rng *rng, const tp_tensor *x, tp_tensor *out);
/* The same, recorded: by the numbers that `rng`, on the tape for as long as the result, has been given. */
tp_var tp_dropout_like(tp_var x, double p, tp_rng *rng);

#endif
