/* What the ops that pick by integers share: their attributes, checks and the call of the kernel. Two ways to pick:
   along an axis, where the index has the rank of the table and every other coordinate is the place's own; or whole
   rows, where the index stands in the shape in place of the axis. */
#ifndef TAPIR_OPS_PICK_H
#define TAPIR_OPS_PICK_H

#include "ops/ops.h"

#include "kernels/index.h"

typedef struct tp_picks {
    int axis;
    bool whole;           /* rows */
    bool strict;          /* negative indices are outside; else they count from the end */
    int64_t skip;         /* an index that reads zeros and writes nothing, or TP_PICK_ALL */
    int64_t skip_adjoint; /* the same for the gradient alone */
} tp_picks;

/* ... and the table, where it is not an operand. */
typedef struct tp_pick_target {
    tp_picks picks;
    tp_dtype dtype;
    tp_shape shape;
} tp_pick_target;

/* Fails unless operand `i` is an index that fits `table`: integers, in whole mode of any shape, else of its rank and no
   larger than it on other axes. */
tp_status tp_pick_check(tp_ctx *ctx, const tp_picks *picks, const tp_tensor *table, int i);
/* Fails unless operand 2, `src`, has the table's dtype and covers what `index`, operand 1, picks; or is a scalar. */
tp_status tp_pick_check_source(tp_ctx *ctx, const tp_picks *picks, const tp_tensor *table, const tp_tensor *src);
/* Gives operand 2 the gradient of the part of it that was used. */
tp_status tp_pick_give_source(tp_ctx *ctx, tp_var g);
/* The shape of the picked side; false when its rank is too high. */
bool tp_pick_shape(const tp_picks *picks, const tp_tensor *table, const tp_tensor *index, tp_shape *shape);
/* Runs the kernel; a `picked` that is a scalar is seen everywhere, in whatever dtype. Fails naming the index that is
   outside, and its place. */
tp_status tp_pick_call(tp_ctx *ctx, tp_pick_how how, const tp_picks *picks, const tp_tensor *table,
                       const tp_tensor *index, const tp_tensor *picked);

/* What ops that write have in common: descriptors over operands (x, index, src), where src covers the picked side or is
   a scalar; the result is a copy of x with src written into it, or added. */
tp_status tp_pick_write_shape(tp_ctx *ctx);
tp_status tp_pick_write(tp_ctx *ctx, tp_pick_how how);

/* What ops that read have in common: descriptors over operands (table, index). */
tp_status tp_pick_read_shape(tp_ctx *ctx);
tp_status tp_pick_read_forward(tp_ctx *ctx);
tp_status tp_pick_read_backward(tp_ctx *ctx, tp_var g);
tp_status tp_pick_read_gradient(tp_ctx *ctx, const tp_tensor *g);
/* The pattern, also where the index is computed on the tape: then any along the axis, where the shapes tell so. */
tp_status tp_pick_pattern(tp_ctx *ctx);
/* table with what `picks` says read from it, recorded. */
tp_var tp_pick_read(tp_var table, tp_var index, const tp_picks *picks);
tp_pick_target tp_pick_target_of(const tp_picks *picks, const tp_tensor *table);
/* `name`'s axis in place of picks->axis; false after failing. */
bool tp_pick_axis(const char *name, tp_var x, int axis, tp_picks *picks);

#endif
