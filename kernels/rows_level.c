/* The loops of the rows, for one instruction-set level. */
#include "kernels/kernels.h"
#include "kernels/level.h"
#include "kernels/vector_math.h"

#define BODY "kernels/rows_body.h"
#include "kernels/each_float.h"
