/* Eigenvalues and singular values lent by a LAPACK found at build time (TP_WITH_LAPACK), for the orders at which it is
   ahead of our own. Without one nothing is taken. Invariant: what comes back obeys lapack.h (order, signs, codes), and
   the library computes on the calling thread alone. */
#ifndef TAPIR_KERNELS_LAPACK_PROVIDER_H
#define TAPIR_KERNELS_LAPACK_PROVIDER_H

#include "kernels/lapack.h"

/* Elements of scratch that the library asks for, beside our own. */
size_t tp_lapack_lent_work(tp_lapack_routine routine, int64_t m, int64_t n);

/* False: not taken, and a is as it was. Else *code is what the routine of lapack.h returns. */
bool tp_lapack_lent_eigh(tp_dtype dtype, void *work, int64_t n, void *a, void *w, void *v, int *code);
bool tp_lapack_lent_svd(tp_dtype dtype, void *work, int64_t m, int64_t n, void *a, void *u, void *s, void *vt,
                        int *code);

#endif
