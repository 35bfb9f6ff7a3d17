/* Nearest neighbours, for one float type. */
#ifndef TAPIR_KERNELS_NEAREST_H
#define TAPIR_KERNELS_NEAREST_H

#include <stdint.h>

enum { TP_NEAREST_BLOCK = 64 }; /* at most so many points are worked on at a time */

/* place[i] = which of the k rows of `table`, (k, d), has the least sum of squared differences from row i of x, (n, d):
   the first of equal ones, and 0 where none is less than infinity. scratch: TP_NEAREST_BLOCK d elements. */
typedef void tp_nearest_loop(int64_t n, int64_t k, int64_t d, const void *x, const void *table, void *scratch,
                             int64_t *place);

#endif
