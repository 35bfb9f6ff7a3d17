/* What the two files about oneDNN's convolutions share: one shape's primitives and layouts, and the hold on its
 * threads. */
#ifndef TAPIR_KERNELS_CONV_ONEDNN_H
#define TAPIR_KERNELS_CONV_ONEDNN_H

#ifndef _OPENMP
#error "oneDNN is held to one thread through OpenMP: build this file with -fopenmp"
#endif
#include <dnnl.h>
#include <omp.h>

#include "kernels/conv_provider.h"

enum { TP_CONV_PIECES = 8 }; /* the most that a batch is cut into */

struct tp_conv_lent {
    tp_conv_shape s;
    tp_conv_part part;
    bool bias, taken; /* not taken: the library has nothing good for this shape */
    int pieces;
    dnnl_engine_t engine;
    dnnl_primitive_t conv;
    dnnl_primitive_t reorder[TP_CONV_PARTS]; /* into `own` of what is read, into `plain` of what is written; or NULL */
    dnnl_memory_desc_t plain[TP_CONV_PARTS], own[TP_CONV_PARTS], bias_desc, scratch;
};

/* oneDNN asks OpenMP for its thread count, which belongs to the calling task alone. */
static inline int hold(void)
{
    const int held = omp_get_max_threads();
    if (held > 1) omp_set_num_threads(1);
    return held;
}

static inline void release(int held)
{
    if (held > 1) omp_set_num_threads(held);
}

#endif
