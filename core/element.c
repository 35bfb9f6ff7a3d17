/* Single elements of any dtype as doubles. */
#include "core/element.h"

#include <math.h>

double tp_get(tp_dtype dtype, const void *at)
{
    switch (dtype) {
    case TP_F32: return (double)*(const float *)at;
    case TP_F64: return *(const double *)at;
    case TP_I32: return *(const int32_t *)at;
    case TP_I64: return (double)*(const int64_t *)at;
    case TP_U8: return *(const uint8_t *)at;
    }
    return (double)NAN;
}

/* Truncates towards zero, at the ends of the range where the number lies outside; NaN gives 0. */
static int64_t clipped(double value, int64_t low, int64_t high)
{
    if (isnan(value)) return 0;
    if (value <= (double)low) return low;
    return value >= (double)high ? high : (int64_t)value;
}

void tp_put(tp_dtype dtype, void *at, double value)
{
    switch (dtype) {
    case TP_F32: *(float *)at = (float)value; break;
    case TP_F64: *(double *)at = value; break;
    case TP_I32: *(int32_t *)at = (int32_t)clipped(value, INT32_MIN, INT32_MAX); break;
    case TP_I64: *(int64_t *)at = clipped(value, INT64_MIN, INT64_MAX); break;
    case TP_U8: *(uint8_t *)at = (uint8_t)clipped(value, 0, UINT8_MAX); break;
    }
}
