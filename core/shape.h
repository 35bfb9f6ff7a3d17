/* Arithmetic on shapes: counts, dense strides, broadcasting, axis numbers, printing. */
#ifndef TAPIR_CORE_SHAPE_H
#define TAPIR_CORE_SHAPE_H

#include <tapir/tensor.h>

typedef struct tp_shape {
    int rank;
    int64_t dims[TP_MAX_RANK];
} tp_shape;

/* The product of dims; -1 when a dim is negative or the product, also of the dims that are not 0, passes 2^62. */
int64_t tp_shape_count(int rank, const int64_t *dims);
/* Row-major strides of a dense tensor; returns the element count. The dims must have been checked. */
int64_t tp_shape_strides(int rank, const int64_t *dims, int64_t *strides);
bool tp_shape_equal(int rank_a, const int64_t *a, int rank_b, const int64_t *b);
/* Broadcasts b into *shape (trailing dims aligned, 1 stretches); false when they do not fit. */
bool tp_shape_broadcast(tp_shape *shape, int rank, const int64_t *dims);
/* A negative axis counted from the end; -1 when outside. */
int tp_shape_axis(int rank, int64_t axis);
/* The axes as a set of bits, each once; false when one is outside or named twice. No axes at all: every axis. */
bool tp_shape_axes(int rank, int n, const int64_t *axes, unsigned *mask);
/* What is left after reducing the axes in `mask`: 1 where kept, gone where not. */
tp_shape tp_shape_reduced(int rank, const int64_t *dims, unsigned mask, bool keep);
/* A view's strides for a reshape of the given layout; false when it needs a copy. */
bool tp_shape_reshape(int rank, const int64_t *dims, const int64_t *strides, int new_rank, const int64_t *new_dims,
                      int64_t *new_strides);
/* Puts the right number in the place of a -1 in dims; false when the counts differ. */
bool tp_shape_infer(int64_t count, int rank, int64_t *dims);

#define TP_SHAPE_TEXT 192
/* "(64,784)", "()" for rank 0; returns text. */
const char *tp_shape_text(char text[TP_SHAPE_TEXT], int rank, const int64_t *dims);

#endif
