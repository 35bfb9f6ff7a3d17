/* Programs whose Jacobians and Hessians are sparse, of any size. */
#ifndef TAPIR_BENCH_SPARSE_PROGRAMS_H
#define TAPIR_BENCH_SPARSE_PROGRAMS_H

#include <tapir/tapir.h>

enum { SPARSE_NODES = 2 };

/* A program that is recorded: its leaves, its results; of a Hessian's, y[0] is a scalar. */
typedef struct sparse_program {
    tp_tape *tape;
    tp_var *x, *y;
    int n, m;
    tp_tensor *tensor[4]; /* what it holds besides */
} sparse_program;

typedef enum sparse_kind {
    TRIDIAGONAL,         /* Broyden's tridiagonal function, on tensors */
    TRIDIAGONAL_SCALARS, /* the same, node by node */
    BANDED,              /* Broyden's banded function with half bandwidth 5 */
    ARROWHEAD,           /* y_0 = sum x_i^2, y_i = x_0 x_i */
    BUNDLE,              /* reprojection errors of n observations; 9 numbers a camera, 3 a point */
    ROSENBROCK,          /* f = sum 100 (x_(i+1) - x_i^2)^2 + (1 - x_i)^2: a tridiagonal Hessian */
    ROSENBROCK_SCALARS,
    BAND,        /* f = sum over k = 1 .. 5 of cos(x_i x_(i+k)): half bandwidth 5 */
    ARROW,       /* f = sum x_i^4 + sum cos(x_0 x_i) */
    BUNDLE_COST, /* half the sum of squares of BUNDLE */
} sparse_kind;

/* Records it on a tape that is empty; false when that failed. */
bool sparse_record(sparse_kind kind, tp_tape *tape, int64_t n, sparse_program *p);
void sparse_release(sparse_program *p);
static inline bool sparse_is_hessian(sparse_kind kind)
{
    return kind >= ROSENBROCK;
}

#endif
