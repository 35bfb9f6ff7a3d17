/* The softmax family along an axis whose elements lie apart, for one instruction-set level. */
#include "kernels/softmax.h"

#include "kernels/level.h"
#include "kernels/vector_math.h"

#define BODY "kernels/softmax_body.h"
#include "kernels/each_float.h"
