/* Dense matrices, and sparse ones held against them. */
#ifndef TAPIR_TESTS_TEST_SPARSE_H
#define TAPIR_TESTS_TEST_SPARSE_H

#include <tapir/sparse.h>

#include "tests/helpers.h"

typedef struct matrix {
    int64_t rows, columns;
    double *at;
} matrix;

/* Zeros. */
matrix new_matrix(int64_t rows, int64_t columns);
void free_matrix(matrix *m);

/* 1 at element e of a tensor like y, 0 elsewhere; NULL for a scalar. */
tp_tensor *unit_like(tp_var y, int64_t e);

/* "": sorted columns, every number that is not zero is an entry, and entries agree within tolerance * max(1, the
   largest). Else what is wrong; it is overwritten by the next call. */
const char *csr_difference(const tp_csr *a, const matrix *j, double tolerance);

/* Sets truth to 1 where j is not zero, beyond rounding; makes it at the first call. */
void mark_nonzeros(matrix *truth, const matrix *j);
int64_t count_marks(const matrix *truth);

/* The entry's value; NaN where there is none. */
double entry(const tp_csr *a, int64_t row, int64_t column);
/* The matrix with its values; the test fails when there are none. */
tp_csr computed(tp_tape *tape, tp_sparse *s);

/* A leaf of n numbers; elements start .. start + count - 1 of a vector; the first one as a scalar. */
tp_var random_vector(tp_tape *tape, tp_dtype dtype, int64_t n);
tp_var part(tp_var x, int64_t start, int64_t count);
tp_var first(tp_var x);

TCase *sparse_ops_case(void);
TCase *sparse_colours_case(void);
TCase *sparse_programs_case(void);
TCase *sparse_uses_case(void);

#endif
