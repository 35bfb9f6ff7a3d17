/* Comparisons, for one instruction-set level. */
#include "kernels/compare.h"
#include "kernels/level.h"

#define BODY "kernels/compare_body.h"
#include "kernels/each_float.h"

#define T int64_t
#define TYPE i64
#include "kernels/compare_body.h"

extern const tp_compare_loops *const AT_LEVEL(tp_compare)[TP_U8 + 1];
const tp_compare_loops *const AT_LEVEL(tp_compare)[TP_U8 + 1] = {
    [TP_F32] = &compare_loops_f32, [TP_F64] = &compare_loops_f64, [TP_I64] = &compare_loops_i64};
