/* Convolutions in f32 lent by a library found at build time: TP_WITH_ONEDNN. Without it nothing is taken.
 * Invariant: a batch is cut into pieces by shape alone, each computed by one thread, and sums over pieces are added up
 * in order, so that the bits of a result do not depend on the number of threads. */
#ifndef TAPIR_KERNELS_CONV_PROVIDER_H
#define TAPIR_KERNELS_CONV_PROVIDER_H

#include "kernels/conv.h"

/* What the library made ready for one shape; the cache's. */
typedef struct tp_conv_lent tp_conv_lent;

/* Finds it, or makes it; *lent is NULL where our own loops serve better. False when out of memory. */
bool tp_conv_lend(tp_conv_cache *cache, const tp_conv_shape *s, tp_conv_part part, tp_dtype dtype, bool bias,
                  const tp_conv_lent **lent);
int64_t tp_conv_lent_workspace(const tp_conv_lent *lent, int threads);
/* False when the library failed: nothing of the result is to be believed. */
bool tp_conv_lent_run(const tp_conv_lent *lent, const struct tp_kernels *kernels, const tp_conv_call *call,
                      void *workspace, int threads);

#endif
