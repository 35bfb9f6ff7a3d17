/* The loops of the rows, for one instruction-set level. */
#include "kernels/kernels.h"
#include "kernels/level.h"
#include "kernels/vector_math.h"

#define T float
#define TYPE f32
#define M(fn) fn##f
#define C(x) x##f
#include "kernels/formulas.h"
#include "kernels/rows_body.h"
#undef T
#undef TYPE
#undef M
#undef C

#define T double
#define TYPE f64
#define M(fn) fn
#define C(x) x
#include "kernels/formulas.h"
#include "kernels/rows_body.h"
