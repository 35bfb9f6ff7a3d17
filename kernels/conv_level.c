/* The loops of convolution, for one instruction-set level. */
#include <string.h>

#include "kernels/conv.h"
#include "kernels/level.h"
#include "kernels/span.h"

#define T float
#define TYPE f32
#define M(fn) fn##f
#define C(x) x##f
#include "kernels/conv_body.h"
#undef T
#undef TYPE
#undef M
#undef C

#define T double
#define TYPE f64
#define M(fn) fn
#define C(x) x
#include "kernels/conv_body.h"
