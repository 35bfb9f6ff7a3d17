/* What one processor level supplies to the matrix product.
 * Invariant: no kernel here allocates, starts a thread or looks at more than its arguments. */
#ifndef TP_KERNELS_GEMM_TABLE_H
#define TP_KERNELS_GEMM_TABLE_H

#include "gemm.h"

/* out[i*out_step] (+)= sum over j of matrix[i*row + j*col] * x[j*x_step],  i < rows, j < cols */
typedef struct tp_gemm_matvec {
    int64_t rows, cols;
    const void *matrix;
    int64_t row, col;
    const void *x;
    int64_t x_step;
    void *out;
    int64_t out_step;
    bool accumulate;
} tp_gemm_matvec;

/* One run of packed panels: `width` lanes (rows of a, or columns of b) by `depth` steps of k. */
typedef struct tp_gemm_pack {
    const void *source;
    int64_t lane_step, depth_step; /* strides in elements */
    int64_t lanes, depth;
} tp_gemm_pack;

/* c (rows x cols) (+)= the product of two packed blocks that share `depth`. */
typedef struct tp_gemm_block {
    const void *a, *b;
    void *c;
    int64_t c_row, rows, cols, depth;
    bool accumulate;
} tp_gemm_block;

typedef struct tp_gemm_kernels {
    int64_t size;             /* bytes an element */
    int64_t panel_a, panel_b; /* lanes of a packed panel: the register tile is panel_a x panel_b */
    int64_t depth;            /* longest k of one packed block; it alone fixes the order of summation */
    int64_t block_a;          /* rows of a packed at a time: what the second-level cache holds */
    void (*pack_a)(const tp_gemm_pack *from, void *to); /* lanes are rounded up to whole panels, zero-filled */
    void (*pack_b)(const tp_gemm_pack *from, void *to);
    void (*block)(const tp_gemm_block *block);
    void (*small)(const tp_gemm_args *args);    /* any shape and stride, no scratch; for small products */
    void (*matvec)(const tp_gemm_matvec *args); /* any stride */
    void (*outer)(const tp_gemm_args *args);    /* k == 1, any stride */
} tp_gemm_kernels;

struct tp_gemm_table {
    tp_gemm_kernels f32, f64;
};

#endif
