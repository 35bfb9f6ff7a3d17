/* The loops of resampling, for one instruction-set level. */
#include <string.h>

#include "kernels/level.h"
#include "kernels/resample.h"

#define T float
#define TYPE f32
#include "kernels/resample_body.h"
#undef T
#undef TYPE

#define T double
#define TYPE f64
#include "kernels/resample_body.h"
