/* Sparse Jacobians and Hessians: the pattern is found from what is recorded, columns (or rows) that cannot meet share a
   direction, and a few directional derivatives give all entries. The price grows with the directions, not with n.
   Two phases: making a tp_sparse finds pattern and directions; tp_sparse_compute works the numbers out, as often as the
   leaves change, without asking for memory. The pattern is of the program and not of its numbers: an entry that is zero
   at these leaves stands in it. Indices and masks count as they are when it is made.
   Sources: Griewank and Walther, Evaluating Derivatives (2008), chapters 7 and 8; Gebremedhin, Manne, Pothen, SIAM
   Review 47 (2005). */
#ifndef TAPIR_SPARSE_H
#define TAPIR_SPARSE_H

#include <tapir/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tp_sparse tp_sparse;

/* A matrix in compressed rows: entry e of row i, row_start[i] <= e < row_start[i + 1], stands in column[e]; columns
   ascend in a row. */
typedef struct tp_csr {
    int64_t rows, columns, entries;
    const int64_t *row_start; /* rows + 1 */
    const int32_t *column;
    const double *value; /* NULL for a pattern alone */
} tp_csr;

/* The Jacobian of m nodes y by n nodes x, leaves or not, scalars and f32 or f64 tensors mixed: the elements of y[0],
   y[1], ..., each in row-major order, are the rows, those of x[0], x[1], ... the columns. Values are zeros until
   tp_sparse_compute. `memory` is where the result lives (copied; NULL: malloc); it may outlive the tape's nodes, which
   it names but does not own. NULL after setting the tape's error: as tp_jvp; TP_E_LIMIT for 2^31 rows or columns. */
TP_API tp_sparse *tp_sparse_jacobian(const tp_var *y, int m, const tp_var *x, int n, const tp_allocator *memory);

/* The Hessian of a scalar y, or of a tensor of one element: all of it, both triangles. Records the gradient, which
   stays on the tape. */
TP_API tp_sparse *tp_sparse_hessian(tp_var y, const tp_var *x, int n, const tp_allocator *memory);

/* The pattern of the Jacobian alone. */
TP_API tp_sparse *tp_sparse_pattern(const tp_var *y, int m, const tp_var *x, int n, const tp_allocator *memory);

/* Works the values out where the tape stands now: after recording, or after tp_replay. The adjoints of the latest walk
   are gone; parameters' gradients stay as they are. TP_E_STALE when the nodes are gone: see tp_sparse_rebind. */
TP_API tp_status tp_sparse_compute(tp_sparse *sparse);

/* The same program was recorded anew, on the same tape or on another: takes the new handles over (for a Hessian y[0]
   alone; its gradient is recorded). TP_E_SHAPE when counts or sizes differ; that the pattern holds is the caller's
   word. */
TP_API tp_status tp_sparse_rebind(tp_sparse *sparse, const tp_var *y, int m, const tp_var *x, int n);

/* The matrix; it belongs to `sparse`, and its values change with each tp_sparse_compute. All zero for NULL. */
TP_API tp_csr tp_sparse_csr(const tp_sparse *sparse);

/* How many directional derivatives one tp_sparse_compute takes: forward ones (columns of one colour), and backward ones
   (rows of one colour). */
TP_API int64_t tp_sparse_forward(const tp_sparse *sparse);
TP_API int64_t tp_sparse_backward(const tp_sparse *sparse);

/* NULL is ignored. */
TP_API void tp_sparse_free(tp_sparse *sparse);

#ifdef __cplusplus
}
#endif
#endif
