/* The matrix kernels of one processor level, built once per level with -DTP_LEVEL=base|v2|v3|v4.
 * Invariant: an element's sum runs over k in the same order wherever the element lies in a tile. */
#include "gemm_table.h"

#include <string.h>

#ifndef TP_LEVEL
#define TP_LEVEL base
#endif

#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* Register tile: ROWS x VECTORS accumulators beside VECTORS loads of b and one splat of a. */
#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#define TILE_ROWS 12
#define SMALL_ROWS 8
#define STRIPE 16
#define EACH_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#define TILE_ROWS 6
#define SMALL_ROWS 4
#define STRIPE 8
#define EACH_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#else
#define VECTOR_BYTES 16
#define TILE_ROWS 6
#define SMALL_ROWS 4
#define STRIPE 8
#define EACH_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#endif
#define TILE_VECTORS 2

#define real float
#define NAME(fn) fn##_f32
#define LANES (VECTOR_BYTES / 4)
#define QUAD 4
#include "gemm_level_real.h"
#undef real
#undef NAME
#undef LANES
#undef QUAD

#define real double
#define NAME(fn) fn##_f64
#define LANES (VECTOR_BYTES / 8)
#define QUAD (VECTOR_BYTES >= 32 ? 4 : 2)
#include "gemm_level_real.h"

#define KERNELS(type, suffix, row_limit)                                                                               \
    {                                                                                                                  \
        .size = sizeof(type), .panel_a = TILE_ROWS, .panel_b = TILE_VECTORS * VECTOR_BYTES / (int64_t)sizeof(type),    \
        .depth = 256, .block_a = (row_limit), .pack_a = pack_a_##suffix, .pack_b = pack_b_##suffix,                    \
        .block = block_##suffix, .small = small_##suffix, .matvec = matvec_##suffix, .outer = outer_##suffix           \
    }
#define TABLE_OF_(level) tp_gemm_table_##level
#define TABLE_OF(level) TABLE_OF_(level)

const tp_gemm_table TABLE_OF(TP_LEVEL) = {
    .f32 = KERNELS(float, f32, 240),
    .f64 = KERNELS(double, f64, 120),
};
