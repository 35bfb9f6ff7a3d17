/* What the files of this folder share: the descriptors, and rows that only rules use. */
#ifndef TAPIR_OPS_OPS_H
#define TAPIR_OPS_OPS_H

#include <tapir/ops.h>

#include "autograd/elementwise.h"
#include "autograd/give.h"

#define ROW(name, ...) extern const tp_op tp_op_##name;
#define COMPARE(name, ...) extern const tp_op tp_op_##name;
#define TEST(name, ...) extern const tp_op tp_op_##name;
#define OP(name) extern const tp_op tp_op_##name;
#define LOSS(name, ...) extern const tp_op tp_op_##name;
#include "kernels/rows.def"
#include "kernels/compare.def"
#include "kernels/loss.def"
#include "ops/ops.def"
#undef OP
#undef LOSS

/* Rows without a public constructor. */
tp_var tp_winner(tp_var x, tp_var b);
tp_var tp_div_or_zero(tp_var x, tp_var b);
tp_var tp_pows_or_zero(tp_var x, double b);
tp_var tp_log_or_zero(tp_var x);
tp_var tp_reciprocal_or_zero(tp_var x);
tp_var tp_difference(tp_var x, tp_var b);
tp_var tp_inside(tp_var x, double low, double high);
tp_var tp_between(tp_var x, double low, double high);

/* Axis i of the operand of `diagonals` goes to axis to[i] of its result; axes that go to the same one have one size. */
typedef struct tp_diagonals {
    int rank, to[TP_MAX_RANK];
} tp_diagonals;

/* Records `op` on one or two operands, with every check. */
tp_var tp_call1(const tp_op *op, tp_var x, const void *attributes);
tp_var tp_call2(const tp_op *op, tp_var a, tp_var b, const void *attributes);
/* Poisons after setting the error. */
tp_var tp_refuse(tp_tape *tape, tp_status status, const char *format, ...) TP_PRINTF(3, 4);

/* x laid out densely: itself, or a copy in *copy, which tp_done gives back. NULL when out of memory. */
const tp_tensor *tp_densely(tp_tape *tape, const tp_tensor *x, tp_tensor **copy);
void tp_done(tp_tape *tape, tp_tensor *copy);

/* In gradient: hands the tensor operand i its part of g, at `offset` and with these strides, without copying. */
tp_status tp_pass_part(tp_ctx *ctx, int i, const tp_tensor *g, const int64_t *strides, int64_t offset);

/* Fails unless operand i is of a float dtype. */
tp_status tp_need_float(tp_ctx *ctx, int i);
/* ... of the dtype of operand 0. */
tp_status tp_need_first_dtype(tp_ctx *ctx, int i);
/* ... of an integer dtype, or a scalar; `what` is its name in the message. */
tp_status tp_need_integers(tp_ctx *ctx, int i, const char *what);

/* c = a b (or c += a b) for matrices given by rows, columns and strides; takes scratch from the tape if
   it needs any. */
tp_status tp_multiply(tp_tape *tape, tp_dtype dtype, const tp_gemm_args *args);
/* Forward mode of an op that is linear in each of its first two operands and adds the third, if it has one; and that of
   the sum under another op, into `dy`. */
tp_status tp_bilinear_jvp(tp_ctx *ctx, const tp_var *operands, tp_var *results);
tp_status tp_bilinear_jvp_of(tp_ctx *ctx, const tp_op *op, const void *attributes, const tp_var *d, tp_var *dy);
/* The tape's scratch of TP_GEMM_WORKSPACE bytes; NULL when out of memory. */
void *tp_gemm_scratch(tp_tape *tape);

#endif
