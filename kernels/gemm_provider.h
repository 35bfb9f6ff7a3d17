/* Matrix products lent by a library found at build time: TP_WITH_ONEDNN (float), TP_WITH_CBLAS (both; double
 * alone beside oneDNN).
 * Invariant: between hold and release the library computes on the calling thread alone. */
#ifndef TP_KERNELS_GEMM_PROVIDER_H
#define TP_KERNELS_GEMM_PROVIDER_H

#include "gemm.h"

/* Whether the library can read these strides and is measured to be faster than our own tile of `panel_b` columns,
 * for a product that is not small. */
bool tp_gemm_provider_takes(const tp_gemm_args *args, int64_t size, int64_t panel_b);

/* hold returns what release puts back */
int tp_gemm_provider_hold(int64_t size);
void tp_gemm_provider_release(int64_t size, int held);

/* False: the library refused and c is as it was. */
bool tp_gemm_provider_run(const tp_gemm_args *args, int64_t size);

#endif
