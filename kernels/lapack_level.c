/* Factorisations, for one instruction-set level. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/lapack.h"
#include "kernels/lapack_block.h"
#include "kernels/level.h"
#include "kernels/span.h"

#define BLOCK TP_LAPACK_BLOCK

#define T float
#define TYPE f32
#define M(fn) fn##f
#define C(x) x##f
#define EPSILON FLT_EPSILON
#include "kernels/lapack_rows.h"
#include "kernels/lapack_lu.h"
#include "kernels/lapack_qr.h"
#include "kernels/lapack_eigh.h"
#include "kernels/lapack_svd.h"
#include "kernels/lapack_exp.h"
#include "kernels/lapack_det.h"
#include "kernels/lapack_body.h"
#undef T
#undef TYPE
#undef M
#undef C
#undef EPSILON

#define T double
#define TYPE f64
#define M(fn) fn
#define C(x) x
#define EPSILON DBL_EPSILON
#include "kernels/lapack_rows.h"
#include "kernels/lapack_lu.h"
#include "kernels/lapack_qr.h"
#include "kernels/lapack_eigh.h"
#include "kernels/lapack_svd.h"
#include "kernels/lapack_exp.h"
#include "kernels/lapack_det.h"
#include "kernels/lapack_body.h"
