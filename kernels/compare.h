/* Comparisons: loops whose result is u8, on f32, f64 and i64; other integers are converted on the way in. */
#ifndef TAPIR_KERNELS_COMPARE_H
#define TAPIR_KERNELS_COMPARE_H

#include "kernels/kernels.h"

/* One number for each row of compare.def. */
enum {
#define COMPARE(name, ...) TP_COMPARE_##name,
#define TEST(name, ...) TP_COMPARE_##name,
#include "kernels/compare.def"
    TP_COMPARE_COUNT
};

struct tp_compare_loops {
    tp_loop *row[TP_COMPARE_COUNT];
    /* Elements of a dtype as elements of this one: their values, and 1 where they are not 0. */
    tp_convert *value[TP_U8 + 1], *truth[TP_U8 + 1];
};

#endif
