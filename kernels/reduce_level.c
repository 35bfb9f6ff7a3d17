/* The loops of reductions, for one instruction-set level. */
#include <stddef.h>

#include "kernels/kernels.h"
#include "kernels/level.h"
#include "kernels/vector_math.h"

#define BODY "kernels/reduce_body.h"
#include "kernels/each_float.h"
