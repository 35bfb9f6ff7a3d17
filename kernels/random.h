/* Loops that draw random numbers: Philox 4x32-10, many blocks at once. What element i of a stream gets is a function of
   key, stream and i alone, and the same on every machine: sums and products here are never fused, and log, sin and cos
   are made of them.

   Elements come in groups of 64: word j of group k is word j / 16 of the block whose counter is 16 k + j mod 16. Where
   32 bits are not enough, as many more come from the blocks whose counter has its highest bit set. */
#ifndef TAPIR_KERNELS_RANDOM_H
#define TAPIR_KERNELS_RANDOM_H

#include <stdint.h>

enum { TP_RANDOM_GROUP = 64 };

/* Where numbers come from: the key and the upper half of the counter. */
typedef struct tp_stream {
    uint64_t key, number;
} tp_stream;

/* What the elements of a draw are, for u uniform in [0, 1) and n standard normal. */
typedef enum tp_random_kind {
    TP_RANDOM_UNIFORM,     /* a + (b - a) u: 24 bits in f32, 53 in f64 */
    TP_RANDOM_NORMAL,      /* a + b n */
    TP_RANDOM_EXPONENTIAL, /* -log(1 - u) / a */
    TP_RANDOM_GUMBEL       /* a - b log(-log u), u > 0 */
} tp_random_kind;

typedef struct tp_random_loops {
    /* Elements first .. first + n - 1, first a multiple of 64, as 32 bits; as 53 bits in [0, 1). */
    void (*words)(tp_stream s, int64_t first, int64_t n, uint32_t *out);
    void (*units)(tp_stream s, int64_t first, int64_t n, double *out);
    /* By dtype, f32 and f64: n numbers of a kind. */
    void (*draw[2])(tp_stream s, tp_random_kind kind, int64_t n, void *out, double a, double b);
    /* By dtype: rows of `run` elements, each kept and multiplied by `scale` where its word is at least `least`, else 0.
       least 2^32: all are 0. */
    void (*dropout[2])(tp_stream s, int64_t rows, int64_t run, void *out, const void *x, uint64_t least, double scale);
} tp_random_loops;

#endif
