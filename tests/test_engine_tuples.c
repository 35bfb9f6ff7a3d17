/* A user's ops with several results, with any number of operands, and with scalar results. */
#include <tapir/op.h>

#include "tests/helpers.h"

#include "tests/tape_fixture.h"

/* ---- three results: x + y (a scalar's shape or a tensor's), x y, and sum x ---- */

static tp_status three_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    for (int k = 0; k < 2; k++) {
        const tp_status status = tp_ctx_result(ctx, k, TP_F64, tp_tensor_rank(x), tp_tensor_dims(x));
        if (status != TP_OK) return status;
    }
    return tp_ctx_result(ctx, 2, TP_F64, 0, NULL);
}

static tp_status three_forward(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0), *y = tp_ctx_input(ctx, 1);
    double *plus = tp_tensor_data(tp_ctx_output(ctx, 0)), *times = tp_tensor_data(tp_ctx_output(ctx, 1));
    double sum = 0;
    for (int64_t i = 0; i < tp_tensor_count(x); i++) {
        const double b = tp_tensor_item(y, tp_tensor_rank(y) ? i : 0);
        plus[i] = tp_tensor_item(x, i) + b;
        times[i] = tp_tensor_item(x, i) * b;
        sum += tp_tensor_item(x, i);
    }
    *(double *)tp_tensor_data(tp_ctx_output(ctx, 2)) = sum;
    return TP_OK;
}

static int arrived; /* bit k: the upstream of result k came */

static tp_status three_backward(tp_ctx *ctx, tp_var g)
{
    const tp_var up[3] = {g, tp_ctx_upstream(ctx, 1), tp_ctx_upstream(ctx, 2)};
    arrived = 0;
    tp_status status = TP_OK;
    for (int k = 0; k < 3 && status == TP_OK; k++) {
        if (!tp_ok(up[k])) continue;
        arrived |= 1 << k;
        if (k == 1) {
            status = tp_give(ctx, 0, tp_mul(up[1], tp_ctx_input_var(ctx, 1)));
            if (status == TP_OK) status = tp_give(ctx, 1, tp_mul(up[1], tp_ctx_input_var(ctx, 0)));
        } else {
            status = tp_give(ctx, 0, up[k]);
            if (status == TP_OK && k == 0) status = tp_give(ctx, 1, up[k]);
        }
    }
    return status;
}

static const tp_op three_op = {TP_OP_HEAD,
                               .name = "three",
                               .arity = 2,
                               .results = 3,
                               .shape = three_shape,
                               .forward = three_forward,
                               .backward = three_backward};

START_TEST(tuple_op_gets_the_upstreams_that_arrived)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), y = leaf_of(tape, F64(TP_DIMS(2), 3, 5));
    for (int use = 1; use < 8; use++) {
        tp_var r[3], f = tp_const(tape, 0);
        EXPECT_STATUS(tp_apply_all(&three_op, (tp_var[]){x, y}, 2, NULL, r), TP_OK);
        for (int k = 0; k < 3; k++)
            if (use >> k & 1) f = tp_add(f, tp_sum(tp_square(r[k])));
        EXPECT_STATUS(tp_backward(f), TP_OK);
        ck_assert_int_eq(arrived, use);
        expect_gradients(f, (tp_var[]){x, y}, 2);
        EXPECT_STATUS(tp_backward_from(f, tp_none(), TP_CREATE_GRAPH), TP_OK);
        ck_assert_int_eq(arrived, use);
    }
}
END_TEST

START_TEST(tuple_op_takes_scalar_operands_and_its_parts_can_be_asked_for)
{
    const tp_var x = tp_scalar(tape, 3), y = tp_scalar(tape, 4);
    tp_var r[3], g[3];
    EXPECT_STATUS(tp_apply_all(&three_op, (tp_var[]){x, y}, 2, NULL, r), TP_OK);
    EXPECT_NEAR(tp_item(r[0]), 7, 0);
    EXPECT_NEAR(tp_item(r[1]), 12, 0);
    EXPECT_NEAR(tp_item(r[2]), 3, 0);
    const tp_var f = tp_mul(tp_mul(r[0], r[1]), tp_square(r[2]));
    EXPECT_STATUS(tp_gradients(f, r, 3, g, 0), TP_OK);
    EXPECT_NEAR(tp_item(g[0]), 12 * 9, 0);
    EXPECT_NEAR(tp_item(g[1]), 7 * 9, 0);
    EXPECT_NEAR(tp_item(g[2]), 7 * 12 * 6, 0);
    expect_gradients(f, (tp_var[]){x, y}, 2);
    const tp_var t = leaf_of(tape, F64(TP_DIMS(2), 1, 2));
    EXPECT_STATUS(tp_apply_all(&three_op, (tp_var[]){t, y}, 2, NULL, r), TP_OK); /* y's gradient is summed */
    expect_gradients(tp_add(tp_sum(tp_square(r[1])), tp_mul(tp_sum(r[0]), r[2])), (tp_var[]){t, y}, 2);
    ck_assert(tp_ok(tp_apply(&three_op, (tp_var[]){t, y}, 2, NULL)));
    EXPECT_STATUS(tp_apply_all(&three_op, (tp_var[]){t, y}, 2, NULL, NULL), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "results is NULL");
    tp_retain_grad(r[1]);
    EXPECT_STATUS(tp_backward(tp_sum(tp_square(r[1]))), TP_OK);
    EXPECT_TENSOR(tp_grad(r[1]), 0, 8, 16);
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
}
END_TEST

/* ---- the sum of all elements, whose gradient is handed on as it is ---- */

static tp_status total_shape(tp_ctx *ctx)
{
    return tp_ctx_result(ctx, 0, TP_F64, 0, NULL);
}

static tp_status total_forward(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    double sum = 0;
    for (int64_t i = 0; i < tp_tensor_count(x); i++) sum += tp_tensor_item(x, i);
    return tp_tensor_fill(tp_ctx_output(ctx, 0), sum);
}

static tp_status total_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, g);
}

static tp_status total_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    return tp_ctx_pass(ctx, 0, g);
}

START_TEST(scalar_gradient_is_passed_on_to_a_tensor)
{
    static const tp_op total_op = {TP_OP_HEAD,
                                   .name = "total",
                                   .arity = 1,
                                   .shape = total_shape,
                                   .forward = total_forward,
                                   .backward = total_backward,
                                   .gradient = total_gradient};
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2, 2), 1, 2, 3, 4)), f = leaf_of(tape, F32(TP_DIMS(2), 1, 2));
    const tp_var s = tp_scalar(tape, 5);
    const tp_var t[] = {tp_apply(&total_op, &x, 1, NULL), tp_apply(&total_op, &f, 1, NULL),
                        tp_apply(&total_op, &s, 1, NULL)};
    EXPECT_NEAR(tp_item(t[0]), 10, 0);
    EXPECT_STATUS(tp_backward(tp_add(tp_mul(t[0], t[1]), tp_mul(t[2], t[0]))), TP_OK);
    EXPECT_TENSOR(tp_grad(x), 0, 8, 8, 8, 8);
    EXPECT_TENSOR(tp_grad(f), 0, 10, 10);
    EXPECT_NEAR(tp_grad_item(s), 10, 0);
    expect_gradients(tp_mul(t[0], t[2]), (tp_var[]){x, s}, 2);
}
END_TEST

/* ---- any number of scalars: their sum, and their product ---- */

static tp_status fold_shape(tp_ctx *ctx)
{
    for (int i = 0; i < tp_ctx_count(ctx); i++)
        if (tp_tensor_rank(tp_ctx_input(ctx, i)) != 0)
            return tp_ctx_fail(ctx, TP_E_SHAPE, "operand %d is no scalar", i);
    const tp_status status = tp_ctx_result(ctx, 0, TP_F64, 0, NULL);
    return status == TP_OK ? tp_ctx_result(ctx, 1, TP_F64, 0, NULL) : status;
}

static tp_status fold_forward(tp_ctx *ctx)
{
    const tp_tensor *first[2];
    for (int i = 0; i < 2 && i < tp_ctx_count(ctx); i++) first[i] = tp_ctx_input(ctx, i);
    double sum = 0, product = 1;
    for (int i = 0; i < tp_ctx_count(ctx); i++) {
        const double x = tp_tensor_item(tp_ctx_input(ctx, i), 0);
        sum += x;
        product *= x;
    }
    for (int i = 0; i < 2 && i < tp_ctx_count(ctx); i++) /* the first two stay what they are */
        ck_assert_double_eq(tp_tensor_item(first[i], 0), tp_item(tp_ctx_input_var(ctx, i)));
    tp_tensor *const out[2] = {tp_ctx_output(ctx, 0), tp_ctx_output(ctx, 1)};
    tp_tensor_fill(out[0], sum);
    tp_tensor_fill(out[1], product);
    return TP_OK;
}

static tp_status fold_backward(tp_ctx *ctx, tp_var g)
{
    const tp_var h = tp_ctx_upstream(ctx, 1);
    tp_status status = TP_OK;
    for (int i = 0; i < tp_ctx_count(ctx) && status == TP_OK; i++) {
        if (tp_ok(g)) status = tp_give(ctx, i, g);
        if (status == TP_OK && tp_ok(h))
            status = tp_give(ctx, i, tp_mul(h, tp_div(tp_ctx_output_var(ctx, 1), tp_ctx_input_var(ctx, i))));
    }
    return status;
}

START_TEST(variadic_op_sees_every_scalar_and_writes_both_results)
{
    static const tp_op fold_op = {TP_OP_HEAD,          .name = "fold",          .arity = TP_VARIADIC,     .results = 2,
                                  .shape = fold_shape, .forward = fold_forward, .backward = fold_backward};
    tp_var x[20], r[2];
    for (int n = 1; n <= 20; n += n < 5 ? 1 : 15) {
        double sum = 0, product = 1;
        for (int i = 0; i < n; i++) {
            x[i] = tp_scalar(tape, .5 + .1 * i);
            sum += .5 + .1 * i;
            product *= .5 + .1 * i;
        }
        EXPECT_STATUS(tp_apply_all(&fold_op, x, n, NULL, r), TP_OK);
        EXPECT_NEAR(tp_item(r[0]), sum, 1e-12);
        EXPECT_NEAR(tp_item(r[1]), product, 1e-12);
        expect_gradients(tp_mul(r[0], r[1]), x, n);
        expect_gradients(tp_square(r[1]), x, n);
    }
    const tp_var bad[] = {x[0], leaf_of(tape, F64(TP_DIMS(1), 1))};
    ck_assert(!tp_ok(tp_apply(&fold_op, bad, 2, NULL)));
    expect_error(tape, TP_E_SHAPE, "tp_fold: operand 1 is no scalar");
}
END_TEST

TCase *engine_tuples_case(void)
{
    TCase *tcase = tcase_create("tuples");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, tuple_op_gets_the_upstreams_that_arrived);
    tcase_add_test(tcase, tuple_op_takes_scalar_operands_and_its_parts_can_be_asked_for);
    tcase_add_test(tcase, variadic_op_sees_every_scalar_and_writes_both_results);
    tcase_add_test(tcase, scalar_gradient_is_passed_on_to_a_tensor);
    return tcase;
}
