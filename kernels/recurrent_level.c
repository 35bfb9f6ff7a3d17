/* Steps of recurrent networks, for one instruction-set level. */
#include "kernels/recurrent.h"

#include <stddef.h>
#include <string.h>

#include "kernels/level.h"
#include "kernels/vector_math.h"

#define BODY "kernels/recurrent_body.h"
#include "kernels/each_float.h"
