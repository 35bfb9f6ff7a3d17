/* Layers of neural networks, without state. See ops.h for what all ops share. */
#ifndef TAPIR_OPS_NETWORK_H
#define TAPIR_OPS_NETWORK_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* x: (..., in), weight: (out, in), bias: (out), or tp_none() -> x weight^T + bias: (..., out).
   dx = g weight, dweight = g^T x, dbias = sum of g over the leading dims. */
TP_API tp_var tp_linear(tp_var x, tp_var weight, tp_var bias);

/* ---- the softmax family: along one axis, never overflowing ------------------------------------------------------ */

TP_API tp_var tp_softmax(tp_var x, int axis);              /* e^x / sum e^x;  dx = y (g - sum g y) */
TP_API tp_var tp_log_softmax(tp_var x, int axis);          /* x - log sum e^x;  dx = g - e^y sum g */
TP_API tp_var tp_logsumexp(tp_var x, int axis, bool keep); /* log sum e^x;  dx = g softmax(x) */

#ifdef __cplusplus
}
#endif
#endif
