/* Products and linear algebra. See ops.h for what all ops share. */
#ifndef TAPIR_OPS_LINALG_H
#define TAPIR_OPS_LINALG_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* a: (..., m, k), b: (..., k, n) -> (..., m, n); the leading dims broadcast. A rank-1 a is (1, k), a rank-1 b is (k,
   1), and that dim is gone from the result; two vectors give a scalar. Transposed operands are read where they lie. da
   = g b^T, db = a^T g. */
TP_API tp_var tp_matmul(tp_var a, tp_var b);

#ifdef __cplusplus
}
#endif
#endif
