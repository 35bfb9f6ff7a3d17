/* The width of a block: up to here a factorisation goes column by column, beyond it block by block over the matrix
   product. */
#ifndef TAPIR_KERNELS_LAPACK_BLOCK_H
#define TAPIR_KERNELS_LAPACK_BLOCK_H

#define TP_LAPACK_BLOCK 32

#endif
