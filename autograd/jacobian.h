/* Whole Jacobians, row by row or column by column. */
#ifndef TAPIR_AUTOGRAD_JACOBIAN_H
#define TAPIR_AUTOGRAD_JACOBIAN_H

#include <tapir/derive.h>

#include "autograd/tape.h"

typedef enum tp_jacobian_way { TP_FEWER, TP_BY_ROWS, TP_BY_COLUMNS } tp_jacobian_way;

/* tp_jacobian, one way or the other. */
tp_status tp_jacobian_by(tp_jacobian_way way, const tp_var *y, int m, const tp_var *x, int n, tp_var *jacobian,
                         unsigned flags);

/* The matrix that is being filled. In numbers its elements are written where they belong; a recorded one is put
   together from parts at the end. */
typedef struct tp_matrix {
    tp_tape *tape;
    const char *called;
    const tp_var *y, *x;
    int m, n;
    int64_t rows, columns;
    tp_dtype dtype;
    tp_tensor *numbers;
    bool recorded;
    uint32_t parts, room;
    uint32_t *inputs;
    const tp_region **regions;
} tp_matrix;

/* Sizes, dtype and memory for the Jacobian of m nodes y by n nodes x, all of them checked. */
tp_status tp_matrix_begin(tp_matrix *w, const char *called, tp_tape *tape, const tp_var *y, int m, const tp_var *x,
                          int n, bool recorded);
tp_status tp_matrix_by_columns(tp_matrix *w);
tp_status tp_matrix_by_rows(tp_matrix *w);
/* Whether there are only scalar rows between x and y, and nobody watches the walk, in numbers: then several rows go
   back at once. */
bool tp_matrix_of_scalars(const tp_matrix *w);
tp_status tp_matrix_by_lanes(tp_matrix *w, int lanes);
/* The result; gives back what is not part of it. */
tp_var tp_matrix_end(tp_matrix *w, tp_status status);

#endif
