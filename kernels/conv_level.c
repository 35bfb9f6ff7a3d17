/* The loops of convolution, for one instruction-set level. */
#include <string.h>

#include "kernels/conv.h"
#include "kernels/level.h"
#include "kernels/span.h"

#define BODY "kernels/conv_body.h"
#include "kernels/each_float.h"
