/* What ops share that choose elements along an axis and say which: two results, the values and their i64 places. */
#ifndef TAPIR_OPS_CHOSEN_H
#define TAPIR_OPS_CHOSEN_H

#include "ops/pick.h"

typedef struct tp_choice {
    int axis;
    bool keep;     /* the axis stays */
    bool largest;  /* which extreme; the direction of an order */
    bool in_place; /* of the chosen: in the order of their places */
    int64_t count; /* chosen along the axis */
} tp_choice;

/* Writes the places of the chosen ones of a row of n elements, `stride` apart; `work` has 32 n bytes. */
typedef void tp_choose(const tp_kernels *kernels, const tp_choice *choice, tp_dtype dtype, int64_t n, const void *x,
                       int64_t stride, void *work);

/* Float operands; an axis of 0 elements has none to choose from where count is not 0. */
tp_status tp_chosen_shape(tp_ctx *ctx);
/* The row's places are found at the start of `work`, as int64_t, after `choose`. */
tp_status tp_chosen_forward(tp_ctx *ctx, tp_choose *choose);
tp_status tp_chosen_pattern(tp_ctx *ctx);
tp_status tp_chosen_backward(tp_ctx *ctx, tp_var g);
tp_status tp_chosen_gradient(tp_ctx *ctx, const tp_tensor *g);

/* Records the op after working out the axis; count 0: all of the axis. `indices` may be NULL. */
tp_var tp_chosen_call(const tp_op *op, tp_var x, tp_choice choice, tp_var *indices);

#define TP_CHOSEN(name_, forward_, ...)                                                                                \
    const tp_op tp_op_##name_ = {TP_OP_HEAD,                                                                           \
                                 .name = #name_,                                                                       \
                                 .arity = 1,                                                                           \
                                 .results = 2,                                                                         \
                                 .structure = TP_GATHER,                                                               \
                                 .attributes = sizeof(tp_choice),                                                      \
                                 .shape = tp_chosen_shape,                                                             \
                                 .pattern = tp_chosen_pattern,                                                         \
                                 .forward = forward_,                                                                  \
                                 .backward = tp_chosen_backward,                                                       \
                                 .gradient = tp_chosen_gradient,                                                       \
                                 .text = {__VA_ARGS__}}

#endif
