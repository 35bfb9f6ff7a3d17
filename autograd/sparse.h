/* The inside of a sparse derivative: pattern, directions, and which entry is read from which of them. */
#ifndef TAPIR_AUTOGRAD_SPARSE_H
#define TAPIR_AUTOGRAD_SPARSE_H

#include <tapir/sparse.h>

#include "autograd/colouring.h"
#include "autograd/tape.h"

/* Lists one after another: list i is item[start[i]] .. item[start[i + 1] - 1]. */
typedef struct tp_lists {
    int64_t *start;
    int32_t *item;
} tp_lists;

/* Where an entry comes from: element `element` of what its direction yields. */
typedef struct tp_entry_source {
    uint32_t entry;
    int32_t element;
} tp_entry_source;

struct tp_sparse {
    tp_chunks memory;
    tp_tape *tape;
    bool hessian, pattern_only;
    tp_var *y, *x; /* of a Hessian, y is the recorded gradient */
    int m, n;
    tp_var of; /* of a Hessian: what it is the second derivative of */
    tp_rows pattern;
    double *value;
    int64_t forwards, backwards; /* directions: those that go forward come first */
    tp_lists seeds;              /* of each direction: its columns, or its rows */
    int64_t *source_start;       /* of each direction: its sources */
    tp_entry_source *source;
    double *yield; /* of one direction */
};

/* Directions and sources for the pattern; `scratch` is for the work. False when out of memory. */
bool tp_sparse_plan_jacobian(tp_sparse *s, tp_chunks *scratch);
bool tp_sparse_plan_hessian(tp_sparse *s, tp_chunks *scratch);

#endif
