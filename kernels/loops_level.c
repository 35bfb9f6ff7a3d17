/* The loops of one instruction-set level, and the table of all its kernels. */
#include <stddef.h>
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/level.h"
#include "kernels/loss.h"
#include "kernels/vector_math.h"

#define BODY "kernels/loops_body.h"
#include "kernels/each_float.h"

extern const tp_random_loops AT_LEVEL(tp_random);
extern const tp_compare_loops *const AT_LEVEL(tp_compare)[TP_U8 + 1];

extern const struct tp_index_loops AT_LEVEL(tp_index_loops);
const tp_kernels AT_LEVEL(tp_kernels) = {
    .level = TEXT(TP_LEVEL),
    .gemm = &AT_LEVEL(tp_gemm_table),
    .random = &AT_LEVEL(tp_random),
    .of = {&loops_f32, &loops_f64},
    .index = &AT_LEVEL(tp_index_loops),
    .compare = AT_LEVEL(tp_compare),
};
