/* The softmax family along an axis whose elements lie apart, for one instruction-set level. */
#include "kernels/softmax.h"

#include "kernels/level.h"
#include "kernels/vector_math.h"

#define T float
#define TYPE f32
#define M(fn) fn##f
#include "kernels/softmax_body.h"
#undef T
#undef TYPE
#undef M

#define T double
#define TYPE f64
#define M(fn) fn
#include "kernels/softmax_body.h"
