/* Forward mode on its own: tp_jvp against what is known, its corners, and its errors. */
#include <tapir/op.h>

#include "tests/helpers.h"

#include "tests/tape_fixture.h"

static tp_var forward(tp_var y, const tp_var *x, const tp_var *dx, int n, unsigned flags)
{
    tp_var dy;
    const tp_status status = tp_jvp(y, x, dx, n, &dy, flags);
    ck_assert_msg(status == TP_OK && tp_ok(dy), "%s", tp_tape_error(tape));
    return dy;
}

START_TEST(forward_mode_of_scalars)
{
    const tp_var x = tp_scalar(tape, -2), y = tp_scalar(tape, 5), z = tp_scalar(tape, -4);
    const tp_var f = tp_mul(tp_add(x, y), z), at[] = {x, y, z}, one = tp_const(tape, 1);
    const double slopes[] = {-4, -4, 3};
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++)
        for (int i = 0; i < 3; i++) EXPECT_NEAR(tp_item(forward(f, &at[i], &one, 1, flags)), slopes[i], 0);
    const tp_var all[] = {tp_const(tape, 1), tp_const(tape, 10), tp_const(tape, 100)};
    EXPECT_NEAR(tp_item(forward(f, at, all, 3, 0)), -4 - 40 + 300, 0);
    const tp_var twice = tp_mul(x, x);
    EXPECT_NEAR(tp_item(forward(twice, &x, &one, 1, 0)), -4, 0);
    EXPECT_NEAR(tp_item(forward(twice, &x, &one, 1, TP_CREATE_GRAPH)), -4, 0);
}
END_TEST

START_TEST(an_x_in_the_middle_gets_its_own_direction_and_what_arrives)
{
    const tp_var x = tp_scalar(tape, 3), u = tp_square(x), y = tp_mul(u, x), one = tp_const(tape, 1);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        EXPECT_NEAR(tp_item(forward(y, &x, &one, 1, flags)), 27, 0);
        EXPECT_NEAR(tp_item(forward(y, &u, &one, 1, flags)), 3, 0);
        EXPECT_NEAR(tp_item(forward(y, (tp_var[]){x, u}, (tp_var[]){one, one}, 2, flags)), 30, 0);
        EXPECT_NEAR(tp_item(forward(u, &u, &one, 1, flags)), 1, 0);
        EXPECT_NEAR(tp_item(forward(u, &y, &one, 1, flags)), 0, 0);
        EXPECT_NEAR(tp_item(forward(tp_detach(u), &x, &one, 1, flags)), 0, 0);
        EXPECT_NEAR(tp_item(forward(y, (tp_var[]){x, x}, (tp_var[]){one, one}, 2, flags)), 54, 0);
    }
}
END_TEST

START_TEST(directions_are_spread_and_left_as_they_are)
{
    const tp_var v = leaf_of(tape, F64(TP_DIMS(3), 1, 2, 3)), y = tp_mul(v, v);
    const tp_var direction = data_of(tape, F64(TP_DIMS(3), 1, 0, -1)), one = tp_const(tape, 1);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        EXPECT_TENSOR(tp_value(forward(y, &v, &direction, 1, flags)), 0, 2, 0, -6);
        EXPECT_TENSOR(tp_value(forward(y, &v, &one, 1, flags)), 0, 2, 4, 6);
        EXPECT_TENSOR(tp_value(forward(v, (tp_var[]){v, v}, (tp_var[]){direction, direction}, 2, flags)), 0, 2, 0, -2);
    }
    EXPECT_TENSOR(tp_value(direction), 0, 1, 0, -1);
}
END_TEST

START_TEST(hessian_vector_product_forward_over_reverse)
{
    const tp_var v = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), p = tp_const(tape, 3);
    const tp_var y = tp_sum(tp_pow(v, p)), direction = data_of(tape, F64(TP_DIMS(2), 1, .5));
    tp_var g;
    EXPECT_STATUS(tp_gradients(y, &v, 1, &g, TP_CREATE_GRAPH), TP_OK);
    EXPECT_TENSOR(tp_value(forward(g, &v, &direction, 1, 0)), 1e-14, 6, 6);
    const tp_var recorded = forward(g, &v, &direction, 1, TP_CREATE_GRAPH);
    tp_var third;
    EXPECT_STATUS(tp_gradients(tp_sum(recorded), &v, 1, &third, 0), TP_OK); /* 6 v^0 direction */
    EXPECT_TENSOR(tp_value(third), 1e-14, 6, 3);
}
END_TEST

START_TEST(forward_mode_in_f32_stays_f32)
{
    const tp_var v = leaf_of(tape, F32(TP_DIMS(2), .5, 2)), s = tp_scalar(tape, 3), one = tp_const(tape, 1);
    const tp_var y = tp_softmax(tp_mul(v, s), 0);
    const tp_var dy = forward(y, (tp_var[]){v, s}, (tp_var[]){one, one}, 2, 0);
    ck_assert_int_eq(tp_var_dtype(dy), TP_F32);
    const double e = exp(-4.5), slope = 1.5 * e / ((1 + e) * (1 + e));
    EXPECT_TENSOR(tp_value(dy), 1e-6, -slope, slope);
}
END_TEST

START_TEST(a_sweep_in_numbers_leaves_one_node)
{
    const tp_var v = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(4, 4), 1, -1, 1)), one = tp_const(tape, 1);
    const tp_var y = tp_softmax(tp_matmul(tp_tanh(v), v), 1);
    const tp_stats before = tp_tape_stats(tape);
    for (int i = 0; i < 3; i++) forward(y, &v, &one, 1, 0);
    const tp_stats after = tp_tape_stats(tape);
    ck_assert_uint_eq(after.nodes, before.nodes + 3);
    ck_assert_uint_eq(after.tensor.now, before.tensor.now + 3 * 16 * sizeof(double));
    ck_assert(tp_ok(y) && tp_ok(v));
    EXPECT_STATUS(tp_backward(tp_sum(y)), TP_OK);
}
END_TEST

/* ---- an op with a rule of its own ---- */

static tp_status scalar_shape(tp_ctx *ctx)
{
    return tp_ctx_result(ctx, 0, TP_F64, 0, NULL);
}

static tp_status cube_forward(tp_ctx *ctx)
{
    const double x = *(const double *)tp_tensor_read(tp_ctx_input(ctx, 0));
    *(double *)tp_tensor_data(tp_ctx_output(ctx, 0)) = x * x * x;
    return TP_OK;
}

/* dy = 3 x^2 dx */
static tp_status cube_jvp(tp_ctx *ctx, const tp_var *operands, tp_var *results)
{
    if (tp_ok(operands[0])) results[0] = tp_mul(operands[0], tp_muls(tp_square(tp_ctx_input_var(ctx, 0)), 3));
    return TP_OK;
}

static tp_status no_jvp(tp_ctx *ctx, const tp_var *operands, tp_var *results)
{
    (void)operands, (void)results;
    return tp_ctx_fail(ctx, TP_E_UNSUPPORTED, "not today");
}

static const tp_op cube = {TP_OP_HEAD,     .name = "cube", .arity = 1, .shape = scalar_shape, .forward = cube_forward,
                           .jvp = cube_jvp};
static const tp_op failing = {
    TP_OP_HEAD, .name = "failing", .arity = 1, .shape = scalar_shape, .forward = cube_forward, .jvp = no_jvp};
static const tp_op one_way = {TP_OP_HEAD, .name = "one_way", .arity = 1, .shape = scalar_shape,
                              .forward = cube_forward};

START_TEST(an_op_may_bring_its_own_rule)
{
    const tp_var x = tp_scalar(tape, 2), one = tp_const(tape, 1), y = tp_square(tp_apply(&cube, &x, 1, NULL));
    EXPECT_NEAR(tp_item(forward(y, &x, &one, 1, 0)), 6 * 32, 1e-12);
    tp_var dy = forward(y, &x, &one, 1, TP_CREATE_GRAPH);
    EXPECT_NEAR(tp_item(forward(dy, &x, &one, 1, 0)), 30 * 16, 1e-12);
    EXPECT_STATUS(tp_jvp(tp_apply(&failing, &x, 1, NULL), &x, &one, 1, &dy, 0), TP_E_UNSUPPORTED);
    expect_error(tape, TP_E_UNSUPPORTED, "tp_failing: not today");
    EXPECT_STATUS(tp_jvp(tp_apply(&one_way, &x, 1, NULL), &x, &one, 1, &dy, TP_CREATE_GRAPH), TP_E_UNSUPPORTED);
    ck_assert(!tp_ok(dy));
    expect_error(tape, TP_E_UNSUPPORTED, "tp_one_way: the op has no backward closure");
    EXPECT_STATUS(tp_backward(tp_square(x)), TP_OK);
    EXPECT_NEAR(tp_grad_item(x), 4, 0);
}
END_TEST

START_TEST(wrong_directions_are_refused)
{
    const tp_var v = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), w = data_of(tape, F64(TP_DIMS(3), 1, 2, 3));
    const tp_var labels = data_of(tape, I64(TP_DIMS(2), 0, 1)), y = tp_square(v), one = tp_const(tape, 1);
    tp_var dy;
    EXPECT_STATUS(tp_jvp(y, &v, &w, 1, &dy, 0), TP_E_SHAPE);
    ck_assert(!tp_ok(dy));
    expect_error(tape, TP_E_SHAPE, "tp_jvp: dx[0] has shape (3), x[0] (2)");
    EXPECT_STATUS(tp_jvp(y, &labels, &one, 1, &dy, 0), TP_E_DTYPE);
    expect_error(tape, TP_E_DTYPE, "tp_jvp: x[0] is of i64");
    EXPECT_STATUS(tp_jvp(labels, &v, &one, 1, &dy, 0), TP_E_DTYPE);
    expect_error(tape, TP_E_DTYPE, "tp_jvp: y is of i64");
    EXPECT_STATUS(tp_jvp(y, NULL, &one, 1, &dy, 0), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "NULL");
    EXPECT_STATUS(tp_jvp(y, &v, &one, 1, NULL, 0), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "NULL");
    EXPECT_STATUS(tp_jvp(y, &v, &one, -1, &dy, 0), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "NULL");
    EXPECT_STATUS(tp_jvp(tp_none(), &v, &one, 1, &dy, 0), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_jvp(y, NULL, NULL, 0, &dy, 0), TP_OK);
    EXPECT_TENSOR(tp_value(dy), 0, 0, 0);
}
END_TEST

TCase *engine_forward_case(void)
{
    TCase *all = tcase_create("forward mode");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, forward_mode_of_scalars);
    tcase_add_test(all, an_x_in_the_middle_gets_its_own_direction_and_what_arrives);
    tcase_add_test(all, directions_are_spread_and_left_as_they_are);
    tcase_add_test(all, hessian_vector_product_forward_over_reverse);
    tcase_add_test(all, forward_mode_in_f32_stays_f32);
    tcase_add_test(all, a_sweep_in_numbers_leaves_one_node);
    tcase_add_test(all, an_op_may_bring_its_own_rule);
    tcase_add_test(all, wrong_directions_are_refused);
    return all;
}
