/* Sharing work between threads. What is shared is cut by the caller, the same way for any number of threads. */
#include "kernels/kernels.h"

void tp_parallel(int threads, int64_t n, void (*body)(void *user, int64_t i), void *user)
{
#ifdef _OPENMP
    if (threads > 1 && n > 1) {
#pragma omp parallel for num_threads(threads) schedule(dynamic)
        for (int64_t i = 0; i < n; i++) body(user, i);
        return;
    }
#endif
    (void)threads;
    for (int64_t i = 0; i < n; i++) body(user, i);
}
