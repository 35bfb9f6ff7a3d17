/* Ops as a user writes them, through the public header alone. */
#include <tapir/op.h>

#include "tests/helpers.h"

#include "tests/tape_fixture.h"

/* ---- z = scale x y, which keeps a copy of both operands ---- */

typedef struct multiply_attributes {
    double scale;
} multiply_attributes;

typedef struct multiply_saved {
    tp_tensor *x, *y;
    int forwards;
} multiply_saved;

static tp_status multiply_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0), *y = tp_ctx_input(ctx, 1);
    if (tp_tensor_count(x) != tp_tensor_count(y) || tp_tensor_dtype(x) != tp_tensor_dtype(y))
        return tp_ctx_fail(ctx, TP_E_SHAPE, "%lld elements and %lld", (long long)tp_tensor_count(x),
                           (long long)tp_tensor_count(y));
    multiply_saved *saved = tp_ctx_save(ctx, sizeof *saved);
    if (!saved) return TP_E_MEMORY;
    saved->x = tp_ctx_save_tensor(ctx, tp_tensor_dtype(x), tp_tensor_rank(x), tp_tensor_dims(x));
    saved->y = tp_ctx_save_tensor(ctx, tp_tensor_dtype(y), tp_tensor_rank(y), tp_tensor_dims(y));
    if (!saved->x || !saved->y) return TP_E_MEMORY;
    return tp_ctx_result(ctx, 0, tp_tensor_dtype(x), tp_tensor_rank(x), tp_tensor_dims(x));
}

static tp_status multiply_forward(tp_ctx *ctx)
{
    const multiply_attributes *a = tp_ctx_attributes(ctx);
    multiply_saved *saved = tp_ctx_saved(ctx);
    saved->forwards++;
    if (tp_tensor_copy(saved->x, tp_ctx_input(ctx, 0), NULL) != TP_OK) return TP_E_SHAPE;
    if (tp_tensor_copy(saved->y, tp_ctx_input(ctx, 1), NULL) != TP_OK) return TP_E_SHAPE;
    const double *x = tp_tensor_read(saved->x), *y = tp_tensor_read(saved->y);
    double *z = tp_tensor_data(tp_ctx_output(ctx, 0));
    for (int64_t i = 0; i < tp_tensor_count(saved->x); i++) z[i] = a->scale * x[i] * y[i];
    return TP_OK;
}

static tp_status multiply_backward(tp_ctx *ctx, tp_var g)
{
    const multiply_attributes *a = tp_ctx_attributes(ctx);
    g = tp_muls(g, a->scale);
    tp_status status = TP_OK;
    if (tp_ctx_needs(ctx, 0)) status = tp_give(ctx, 0, tp_mul(g, tp_ctx_input_var(ctx, 1)));
    if (status == TP_OK && tp_ctx_needs(ctx, 1)) status = tp_give(ctx, 1, tp_mul(g, tp_ctx_input_var(ctx, 0)));
    return status;
}

static tp_status multiply_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    const multiply_attributes *a = tp_ctx_attributes(ctx);
    const multiply_saved *saved = tp_ctx_saved(ctx);
    const tp_tensor *other[2] = {saved->y, saved->x};
    for (int k = 0; k < 2; k++) {
        if (!tp_ctx_needs(ctx, k)) continue;
        bool add;
        tp_tensor *grad = tp_ctx_grad(ctx, k, &add);
        if (!grad) return TP_E_MEMORY;
        double *out = tp_tensor_data(grad);
        for (int64_t i = 0; i < tp_tensor_count(grad); i++)
            out[i] = (add ? out[i] : 0) + a->scale * tp_tensor_item(g, i) * tp_tensor_item(other[k], i);
    }
    return TP_OK;
}

#define MULTIPLY                                                                                                       \
    TP_OP_HEAD, .name = "multiply", .arity = 2, .attributes = sizeof(multiply_attributes), .shape = multiply_shape,    \
                .forward = multiply_forward, .backward = multiply_backward
static const tp_op multiply_op = {MULTIPLY};
static const tp_op fused_op = {MULTIPLY, .gradient = multiply_gradient};

static tp_var multiply(const tp_op *op, tp_var x, tp_var y, double scale)
{
    return tp_apply(op, (tp_var[]){x, y}, 2, &(multiply_attributes){scale});
}

START_TEST(multiply_is_differentiable_to_any_order)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2, 2), 1, 2, 3, 4)), y = leaf_of(tape, F64(TP_DIMS(2, 2), 5, 6, 7, 8));
    const tp_var s = tp_scalar(tape, .5), r = tp_scalar(tape, -3);
    const tp_op *const ops[] = {&multiply_op, &fused_op};
    for (int i = 0; i < 2; i++) {
        const tp_var z = multiply(ops[i], x, y, 2), n = multiply(ops[i], s, r, 4);
        EXPECT_TENSOR(tp_value(z), 0, 10, 24, 42, 64);
        EXPECT_NEAR(tp_item(n), -6, 0);
        const tp_var both = multiply(ops[i], x, x, 3), f = tp_mul(tp_sum(tp_add(multiply(ops[i], z, x, 1), both)), n);
        EXPECT_STATUS(tp_backward(f), TP_OK);
        EXPECT_TENSOR(tp_grad(x), 1e-12, -6 * (20 + 6), -6 * (48 + 12), -6 * (84 + 18), -6 * (128 + 24));
        expect_gradients(f, (tp_var[]){x, y, s, r}, 4);
    }
}
END_TEST

START_TEST(multiply_by_a_transposed_operand_is_right)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2, 2), 1, 2, 3, 4)), t = tp_transpose(x, 0, 1);
    const tp_var z = multiply(&fused_op, t, x, 1);
    EXPECT_TENSOR(tp_value(z), 0, 1, 6, 6, 16);
    expect_gradients(z, &x, 1);
}
END_TEST

START_TEST(saved_tensors_are_released_exactly_once)
{
    counter c = {0};
    tp_tape *small = counted_tape(&c);
    const size_t empty = c.blocks;
    for (int round = 0; round < 3; round++) {
        const tp_var x = leaf_of(small, tensor_of(TP_F64, TP_DIMS(512), NULL));
        const tp_mark mark = tp_tape_mark(small);
        size_t before = tp_tape_stats(small).tensor.now;
        const tp_var z = multiply(&multiply_op, x, x, 1);
        ck_assert_uint_eq(tp_tape_stats(small).tensor.now - before, 3 * 512 * sizeof(double));
        EXPECT_STATUS(tp_backward(tp_sum(z)), TP_OK);
        before = tp_tape_stats(small).tensor.now;
        EXPECT_STATUS(tp_tape_rewind(small, mark), TP_OK);
        ck_assert_uint_eq(before - tp_tape_stats(small).tensor.now, 3 * 512 * sizeof(double));
        multiply(&multiply_op, x, x, 1);
        tp_tape_reset(small);
        ck_assert_uint_eq(tp_tape_stats(small).tensor.now, 0);
    }
    ck_assert_uint_gt(c.blocks, empty);
    tp_tape_free(small);
    ck_assert_uint_eq(c.blocks, 0);
    ck_assert_uint_eq(c.bytes, 0);
}
END_TEST

static multiply_saved *seen;

static tp_status spy_forward(tp_ctx *ctx)
{
    seen = tp_ctx_saved(ctx);
    return multiply_forward(ctx);
}

START_TEST(saved_context_stays_with_its_node)
{
    static const tp_op spy_op = {TP_OP_HEAD,
                                 .name = "spy",
                                 .arity = 2,
                                 .attributes = sizeof(multiply_attributes),
                                 .shape = multiply_shape,
                                 .forward = spy_forward,
                                 .backward = multiply_backward};
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), z = multiply(&spy_op, x, x, 1);
    multiply_saved *first = seen;
    for (int i = 0; i < 5000; i++) multiply(&multiply_op, x, x, i);
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    ck_assert_ptr_eq(seen, first);
    ck_assert_int_eq(first->forwards, 2);
    EXPECT_TENSOR(tp_value(z), 0, 1, 4);
}
END_TEST

/* y = sign(x) x, with the sign saved in a tensor of rank 0. */
static tp_status magnitude_shape(tp_ctx *ctx)
{
    tp_tensor **sign = tp_ctx_save(ctx, sizeof *sign);
    if (!sign || !(*sign = tp_ctx_save_tensor(ctx, TP_F64, 0, NULL))) return TP_E_MEMORY;
    return tp_ctx_result(ctx, 0, TP_F64, 0, NULL);
}

static tp_status magnitude_forward(tp_ctx *ctx)
{
    tp_tensor **sign = tp_ctx_saved(ctx);
    const double x = tp_tensor_item(tp_ctx_input(ctx, 0), 0);
    tp_tensor_fill(*sign, x < 0 ? -1 : 1);
    tp_tensor_fill(tp_ctx_output(ctx, 0), fabs(x));
    return TP_OK;
}

static tp_status magnitude_backward(tp_ctx *ctx, tp_var g)
{
    tp_tensor **sign = tp_ctx_saved(ctx);
    return tp_give(ctx, 0, tp_mul_masked(g, tp_ctx_constant(ctx, *sign)));
}

START_TEST(saved_number_is_a_scalar_that_replay_reads_again)
{
    static const tp_op magnitude_op = {TP_OP_HEAD,
                                       .name = "magnitude",
                                       .arity = 1,
                                       .shape = magnitude_shape,
                                       .forward = magnitude_forward,
                                       .backward = magnitude_backward};
    const tp_var x = tp_scalar(tape, 3), y = tp_apply(&magnitude_op, &x, 1, NULL);
    tp_var slope;
    EXPECT_STATUS(tp_gradients(y, &x, 1, &slope, TP_CREATE_GRAPH), TP_OK);
    ck_assert_double_eq(tp_item(slope), 1);
    EXPECT_STATUS(tp_set_item(x, -2), TP_OK);
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    ck_assert_double_eq(tp_item(y), 2);
    ck_assert_double_eq(tp_item(slope), -1);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    ck_assert_double_eq(tp_grad_item(x), -1);
    expect_gradients(y, &x, 1);
}
END_TEST

START_TEST(call_that_does_not_fit_is_refused)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), y = tp_name(leaf_of(tape, F64(TP_DIMS(3), 1, 2, 3)), "y");
    const uint32_t nodes = tp_tape_stats(tape).nodes;
    ck_assert(!tp_ok(multiply(&multiply_op, x, y, 1)));
    expect_error(tape, TP_E_SHAPE, "tp_multiply: 2 elements and 3 [node 0, y: node 1]");
    ck_assert(!tp_ok(tp_apply(&multiply_op, &x, 1, &(multiply_attributes){1})));
    expect_error(tape, TP_E_ARGUMENT, "tp_multiply: takes 2 operands, not 1");
    ck_assert(!tp_ok(tp_apply(&multiply_op, (tp_var[]){x, x}, 2, NULL)));
    expect_error(tape, TP_E_ARGUMENT, "tp_multiply: the attributes are NULL");
    ck_assert(!tp_ok(tp_apply(NULL, &x, 1, NULL)));
    expect_error(tape, TP_E_ARGUMENT, "tp_apply");
    ck_assert(!tp_ok(tp_apply(&(tp_op){.name = "old", .arity = 1}, &x, 1, NULL)));
    expect_error(tape, TP_E_ARGUMENT, "tp_apply");
    ck_assert(!tp_ok(tp_apply(&multiply_op, NULL, 2, NULL)));
    ck_assert(!tp_ok(tp_apply(&multiply_op, &x, 0, NULL)));
    EXPECT_OK(tape);
    ck_assert_uint_eq(tp_tape_stats(tape).nodes, nodes);
}
END_TEST

TCase *engine_own_ops_case(void)
{
    TCase *tcase = tcase_create("own ops");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, multiply_is_differentiable_to_any_order);
    tcase_add_test(tcase, multiply_by_a_transposed_operand_is_right);
    tcase_add_test(tcase, saved_tensors_are_released_exactly_once);
    tcase_add_test(tcase, saved_context_stays_with_its_node);
    tcase_add_test(tcase, saved_number_is_a_scalar_that_replay_reads_again);
    tcase_add_test(tcase, call_that_does_not_fit_is_refused);
    return tcase;
}
