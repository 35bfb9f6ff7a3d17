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

/* picked = table;  table = picked, the last of several in row-major order;  table += picked, in that order (floats). */
typedef enum tp_pick_how { TP_PICK_READ, TP_PICK_WRITE, TP_PICK_ADD } tp_pick_how;

/* False when an index is outside the axis: what lies behind it is not done. */
bool tp_pick_run(const tp_kernels *kernels, tp_pick_how how, const tp_pick *pick);

#endif
