/* What reductions share: the axes as attributes, the shape that is left, and bringing an upstream gradient back. */
#ifndef TAPIR_OPS_AXES_H
#define TAPIR_OPS_AXES_H

#include "ops/ops.h"

typedef struct tp_axes {
    unsigned mask;
    bool keep;
    double number; /* the correction of a variance, the p of a norm */
} tp_axes;

/* Records a reduction over the named axes; none named: all. */
tp_var tp_axes_call(const tp_op *op, tp_var x, int n, const int64_t *axes, bool keep, double number);
tp_status tp_axes_shape(tp_ctx *ctx);                  /* a result of the operand's dtype, which must be a float */
tp_status tp_axes_shape_of(tp_ctx *ctx, tp_dtype out); /* of that dtype; the operand's may be any */
/* Fails when there is a result but nothing to choose it from. */
tp_status tp_axes_not_empty(tp_ctx *ctx);

tp_status tp_axes_fold(tp_ctx *ctx, tp_fold_kind how);
/* The same into `out`, laid out like the result; with shifts and means where they are not NULL. */
typedef struct tp_axes_buffers {
    tp_tensor *out;
    const tp_tensor *shifts;
    tp_tensor *means;
} tp_axes_buffers;
tp_status tp_axes_fold_to(tp_ctx *ctx, tp_fold_kind how, tp_axes_buffers to);

/* Room for one number for each result: a new tensor like it, or for a scalar the number in `single`, seen as a tensor
   of rank 0. NULL when out of memory; tp_axes_done gives it back. */
typedef struct tp_axes_room {
    tp_tensor view;
    double single;
    tp_tensor *tensor;
} tp_axes_room;
tp_tensor *tp_axes_new(tp_ctx *ctx, tp_axes_room *room);
void tp_axes_done(tp_ctx *ctx, tp_axes_room *room);
/* A number seen as an f64 tensor of rank 0. */
tp_tensor *tp_axes_number(tp_tensor *view, double *number);
/* The pattern: what is reduced goes together. */
tp_status tp_axes_pattern(tp_ctx *ctx);
/* How many elements make one result. */
double tp_axes_count(tp_ctx *ctx);
/* The reduced axes as a list; returns how many. */
int tp_axes_list(const tp_axes *axes, int64_t list[TP_MAX_RANK]);

/* x, shaped like the result, with the reduced axes back as dims of 1, so that it broadcasts against the operand. */
tp_var tp_axes_restore(tp_ctx *ctx, tp_var x);

/* Writes the operand's gradient by a loop over x and, spread over what was reduced, numbers for each result: tensors
   shaped like it (with the reduced axes or without) or of one element, of any float dtype. NULL where the loop reads
   none; `number` is handed through as b. */
typedef struct tp_axes_slope {
    tp_loop *loop;
    const tp_tensor *b, *y, *g;
    const double *number;
} tp_axes_slope;
tp_status tp_axes_run(tp_ctx *ctx, const tp_axes_slope *slope);

/* The rule in recorded ops, asked for by a numeric one; its upstream is that of the node's only result. */
tp_status tp_axes_recorded(tp_ctx *ctx, const tp_tensor *g, tp_status (*backward)(tp_ctx *ctx, tp_var g));

/* In new room: g c, or g c / y with 0 where y is 0. */
tp_tensor *tp_axes_scaled(tp_ctx *ctx, const tp_tensor *g, double c, const tp_tensor *y, tp_axes_room *room);

/* The loops of the operand's dtype. */
const tp_reduce_loops *tp_axes_loops(tp_ctx *ctx);

#endif
