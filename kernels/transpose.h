/* Matrices turned round. */
#ifndef TAPIR_KERNELS_TRANSPOSE_H
#define TAPIR_KERNELS_TRANSPOSE_H

#include <stdint.h>

/* out[i out_row + j] = in[j in_row + i] for i < rows, j < columns: elements of 4 and of 8 bytes. */
void tp_transpose_4(int64_t rows, int64_t columns, uint32_t *out, int64_t out_row, const uint32_t *in, int64_t in_row);
void tp_transpose_8(int64_t rows, int64_t columns, uint64_t *out, int64_t out_row, const uint64_t *in, int64_t in_row);

#endif
