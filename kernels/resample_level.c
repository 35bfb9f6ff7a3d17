/* The loops of resampling, for one instruction-set level. */
#include <string.h>

#include "kernels/level.h"
#include "kernels/resample.h"

#define BODY "kernels/resample_body.h"
#include "kernels/each_float.h"
