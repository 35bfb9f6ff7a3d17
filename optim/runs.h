/* A strided tensor beside dense ones: pieces whose elements follow each other without gaps in both. */
#ifndef TAPIR_OPTIM_RUNS_H
#define TAPIR_OPTIM_RUNS_H

#include "core/tensor.h"

/* How many elements at the end of the shape lie without gaps, as they do in gradient and state. */
static inline int64_t tp_dense_tail(const tp_tensor *tensor)
{
    int64_t run = 1;
    for (int i = tensor->rank - 1; i >= 0; i--) {
        if (tensor->dims[i] != 1 && tensor->strides[i] != run) return run;
        run *= tensor->dims[i];
    }
    return run;
}

#endif
