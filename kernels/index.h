/* Rows picked out of a table by integers, and put back into it. Negative integers count from the end of the axis. */
#ifndef TAPIR_KERNELS_INDEX_H
#define TAPIR_KERNELS_INDEX_H

#include "kernels/kernels.h"

#define TP_PICK_ALL INT64_MIN /* no index is skipped */

/* Element p of the picked side belongs to the element of the table at p in the table's strides, index[p] along the
   axis. Strides are in elements, along the picked side's dims: those of the table are 0 where the index speaks. */
typedef struct tp_pick {
    tp_dtype dtype; /* of both sides */
    int rank;
    int64_t dims[TP_MAX_RANK];
    char *picked, *table;
    int64_t picked_strides[TP_MAX_RANK], table_strides[TP_MAX_RANK];
    int64_t axis_dim, axis_stride; /* of the table */
    tp_dtype index_dtype;
    const char *index;
    int64_t index_strides[TP_MAX_RANK];
    bool strict;  /* negative integers are outside */
    int64_t skip; /* this index reads zeros and writes nothing */
} tp_pick;

/* The inner loops, where no index is skipped. */
typedef struct tp_index_loops {
    /* By the dtype of the index: n indices `stride` apart as places in the table, `step` further for each; false when
       one is outside. */
    bool (*places[TP_U8 + 1])(const tp_pick *pick, const void *index, int64_t n, int64_t stride, int64_t step,
                              int64_t *place);
    /* Single elements, of 4 and of 8 bytes: out[i step] = table[place[i]]; floats: table[place[i]] += x[i step]. */
    void (*read[2])(int64_t n, void *out, int64_t step, const void *table, const int64_t *place);
    void (*add[2])(int64_t n, void *table, const int64_t *place, const void *x, int64_t step);
} tp_index_loops;

/* picked = table;  table = picked, the last of several in row-major order;  table += picked, in that order (floats). */
typedef enum tp_pick_how { TP_PICK_READ, TP_PICK_WRITE, TP_PICK_ADD } tp_pick_how;

/* False when an index is outside the axis: what lies behind it is not done. */
bool tp_pick_run(const tp_kernels *kernels, tp_pick_how how, const tp_pick *pick);

#endif
