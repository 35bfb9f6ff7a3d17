/* The loops of the losses, for one instruction-set level. */
#include "kernels/level.h"
#include "kernels/loss.h"
#include "kernels/vector_math.h"

#define BODY "kernels/loss_body.h"
#include "kernels/each_float.h"
