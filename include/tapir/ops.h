/* What can be recorded, by family. Every function takes handles and returns a handle; on a wrong call it returns a
   poisoned one and the tape keeps the first error. Operands may be scalars or tensors; scalars are f64, tensors f32 or
   f64; two tensors must have the same dtype (tp_cast changes it), and a scalar takes a tensor's. Every op has
   derivatives of every order unless it says that it has none. (tp_cast and tp_expand, which the engine itself needs,
   are in tape.h.) */
#ifndef TAPIR_OPS_H
#define TAPIR_OPS_H

#include <tapir/ops_conv.h>
#include <tapir/ops_linalg.h>
#include <tapir/ops_loss.h>
#include <tapir/ops_math.h>
#include <tapir/ops_network.h>
#include <tapir/ops_random.h>
#include <tapir/ops_recurrent.h>
#include <tapir/ops_reduce.h>
#include <tapir/ops_shape.h>

#endif
