/* The loops of the optimisers, for one instruction-set level. */
#include "kernels/update.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "kernels/level.h"

#define BODY "kernels/update_body.h"
#include "kernels/each_float.h"
