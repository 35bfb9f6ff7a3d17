/* Includes BODY for float and for double: see level.h. It has no guard, since a source may have several bodies. */
#define T float
#define TYPE f32
#define M(fn) fn##f
#define C(x) x##f
#include BODY
#undef T
#undef TYPE
#undef M
#undef C

#define T double
#define TYPE f64
#define M(fn) fn
#define C(x) x
#include BODY
#undef T
#undef TYPE
#undef M
#undef C
#undef BODY
