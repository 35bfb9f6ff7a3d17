/* Finding numbers that are not finite. */
#ifndef TAPIR_KERNELS_FINITE_H
#define TAPIR_KERNELS_FINITE_H

#include <tapir/tensor.h>

/* The place in row-major order of the first NaN or infinity (or with `nan_only` of the first NaN), -1 where there is
   none. Integers have neither. */
int64_t tp_first_not_finite(tp_dtype dtype, int rank, const int64_t *dims, const int64_t *strides, const void *x,
                            bool nan_only);

#endif
