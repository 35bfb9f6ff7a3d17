/* Nearest neighbours, for one instruction-set level: some vectors of points side by side against one row after the
   other of the table, so that a number of the table is read once for all of them. */
#include "kernels/nearest.h"

#include <math.h>
#include <string.h>

#include "kernels/level.h"

enum { VECTORS = 4 };

/* As wide as the level's registers. */
#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX2__)
#define BYTES 32
#else
#define BYTES 16
#endif

_Static_assert(VECTORS *BYTES / sizeof(float) <= TP_NEAREST_BLOCK, "a block of floats");

#define T float
#define TYPE f32
#define INDEX int32_t
#define LANES (BYTES / 4)
#include "kernels/nearest_body.h"
#undef T
#undef TYPE
#undef INDEX
#undef LANES

#define T double
#define TYPE f64
#define INDEX int64_t
#define LANES (BYTES / 8)
#include "kernels/nearest_body.h"
