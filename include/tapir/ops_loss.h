/* Losses. See ops.h for what all ops share. */
#ifndef TAPIR_OPS_LOSS_H
#define TAPIR_OPS_LOSS_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tp_reduction { TP_NONE = 0, TP_SUM, TP_MEAN } tp_reduction;

/* (x - target)^2, element by element, or their sum or mean (a scalar). The shapes must be equal. */
TP_API tp_var tp_mse(tp_var x, tp_var target, tp_reduction reduction);
/* -log softmax(logits)[label], with logits (..., classes) and integer labels (...) from tp_data: i32, i64 or u8.
   TP_NONE gives (...), TP_SUM and TP_MEAN a scalar. dlogits = (softmax - onehot) g. TP_E_INDEX for a label outside the
   classes. */
TP_API tp_var tp_cross_entropy(tp_var logits, tp_var labels, tp_reduction reduction);

#ifdef __cplusplus
}
#endif
#endif
