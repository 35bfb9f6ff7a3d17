/* The level templates in order of use, for one `real`.
 * Invariant: what they define is static and named through NAME, so that float and double live side by side. */
#include "gemm_level_vec.h"

#include "gemm_level_pack.h"
#include "gemm_level_tile.h"

#include "gemm_level_small.h"

#include "gemm_level_matvec.h"
