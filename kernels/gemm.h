/* Matrix product c = a.b over any strides, for float and double.
 * Invariant: the bits of c depend on the arguments, the level and the build, never on `threads` or the
 * environment; every element of c is written, and NaN and Inf pass through as IEEE 754 says. */
#ifndef TP_KERNELS_GEMM_H
#define TP_KERNELS_GEMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tp_gemm_args {
    int64_t m, n, k; /* c (m x n) = a (m x k) . b (k x n) */
    const void *a;   /* element (i, p) at a[i*a_row + p*a_col]; strides in elements, of any sign */
    int64_t a_row, a_col;
    const void *b; /* element (p, j) at b[p*b_row + j*b_col] */
    int64_t b_row, b_col;
    void *c; /* element (i, j) at c[i*c_row + j]; overlaps neither a nor b */
    int64_t c_row;
    bool accumulate; /* c += a.b  instead of  c = a.b */
} tp_gemm_args;

/* The kernels of one processor level; each lives in an object built for that level alone. */
typedef struct tp_gemm_table tp_gemm_table;
extern const tp_gemm_table tp_gemm_table_base; /* any processor: the only one off x86-64 */
extern const tp_gemm_table tp_gemm_table_v2, tp_gemm_table_v3, tp_gemm_table_v4; /* x86-64-v2 .. v4 */

/* Bytes of scratch for one call, whatever `threads`: aligned to 64, contents of no matter before or after.
 * Inside, T working threads (at most 16) get floor(TP_GEMM_WORKSPACE / T) bytes each. */
#define TP_GEMM_WORKSPACE (2 * 1024 * 1024)

/* False: a product of this shape uses no scratch, and `workspace` may be NULL. */
bool tp_gemm_wants_workspace(int64_t m, int64_t n, int64_t k);

/* m or n below 1: nothing happens.  k below 1: c = 0, or c as it was when accumulating.
 * threads <= 1 stays on the calling thread. */
void tp_gemm_f32(const tp_gemm_table *level, const tp_gemm_args *args, void *workspace, int threads);
void tp_gemm_f64(const tp_gemm_table *level, const tp_gemm_args *args, void *workspace, int threads);

#endif
