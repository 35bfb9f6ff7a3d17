/* Corners of the engine where something once went wrong: where a walk ends, what a rule may give, closures that ask for
   too much, numbers that a double does not hold. */
#include "tests/helpers.h"

#include "tests/tape_fixture.h"

START_TEST(walk_that_ends_at_a_result_of_a_tuple_gives_back_its_gradient)
{
    counter c = {0};
    tp_tape *counting = counted_tape(&c);
    const tp_var x = leaf_of(counting, F64(TP_DIMS(2, 3), 1, 2, 3, 6, 5, 4));
    const tp_var m = tp_max_with_indices(x, 1, false, NULL), y = tp_sum(tp_square(m));
    tp_var g;
    for (int i = 0; i < 3; i++) EXPECT_STATUS(tp_gradients(y, &m, 1, &g, 0), TP_OK);
    EXPECT_TENSOR(tp_value(g), 0, 6, 12);
    tp_tape_reset(counting);
    ck_assert_uint_eq(tp_tape_stats(counting).tensor.now, 0);
    tp_tape_free(counting);
    ck_assert_uint_eq(c.blocks, 0);
}
END_TEST

static tp_status spread_shape(tp_ctx *ctx)
{
    return tp_ctx_result(ctx, 0, TP_F64, TP_DIMS(4, 3));
}

static tp_status ones_forward(tp_ctx *ctx)
{
    return tp_tensor_fill(tp_ctx_output(ctx, 0), 1);
}

static tp_status integer_backward(tp_ctx *ctx, tp_var g)
{
    return tp_give(ctx, 0, tp_cast(g, TP_I64));
}

START_TEST(integer_gradient_is_cast_before_it_is_summed)
{
    static const tp_op op = {TP_OP_HEAD,
                             .name = "spread",
                             .arity = 1,
                             .shape = spread_shape,
                             .forward = ones_forward,
                             .backward = integer_backward};
    const tp_var x = leaf_of(tape, F64(TP_DIMS(3), 1, 2, 3)), y = tp_sum(tp_apply(&op, &x, 1, NULL));
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags += TP_CREATE_GRAPH) {
        EXPECT_STATUS(tp_backward_from(y, tp_none(), flags), TP_OK);
        EXPECT_TENSOR(tp_grad(x), 0, 4, 4, 4);
    }
}
END_TEST

START_TEST(strided_copy_of_integers_keeps_every_bit)
{
    const int64_t big[] = {9007199254740993, 2, 9007199254740995, 4};
    tp_tensor *labels = tp_tensor_from(TP_I64, TP_DIMS(2, 2), big), *t = tp_tensor_transpose(labels, 0, 1, NULL);
    tp_tensor *copy = tp_tensor_clone(t);
    const int64_t *got = tp_tensor_read(copy);
    ck_assert(got[0] == big[0] && got[1] == big[2] && got[2] == big[1] && got[3] == big[3]);
    tp_tensor_release(copy);
    tp_tensor_release(t);
    tp_tensor_release(labels);
}
END_TEST

START_TEST(rewind_without_memory_changes_nothing)
{
    counter c = {0};
    tp_tape *counting = counted_tape(&c);
    int refused = 0;
    for (int i = 0; i < 40 && !refused; i++) {
        tp_scalar(counting, i);
        const tp_mark mark = tp_tape_mark(counting);
        const tp_var last = tp_scalar(counting, 100 + i);
        c.fail_at = c.calls + 1;
        refused = tp_tape_rewind(counting, mark) != TP_OK;
        c.fail_at = 0;
        ck_assert_int_eq(tp_ok(last), refused);
        if (refused) EXPECT_NEAR(tp_item(last), 100 + i, 0);
    }
    ck_assert_int_eq(refused, 1);
    expect_error(counting, TP_E_MEMORY, "tp_tape_rewind");
    tp_tape_free(counting);
}
END_TEST

static tp_status twins_shape(tp_ctx *ctx)
{
    const tp_status status = tp_ctx_result(ctx, 0, TP_F64, TP_DIMS(3));
    return status == TP_OK ? tp_ctx_result(ctx, 1, TP_F64, TP_DIMS(3)) : status;
}

static tp_status twins_forward(tp_ctx *ctx)
{
    for (int k = 0; k < 2; k++) tp_tensor_copy(tp_ctx_output(ctx, k), tp_ctx_input(ctx, 0), NULL);
    return TP_OK;
}

static tp_status twins_gradient(tp_ctx *ctx, const tp_tensor *g)
{
    ck_assert_ptr_null(g);
    double *out = tp_tensor_data(tp_ctx_grad(ctx, 0, NULL));
    for (int i = 0; i < 3; i++) out[i] = 0;
    for (int k = 0; k < 2; k++) {
        const tp_var upstream = tp_ctx_upstream(ctx, k);
        for (int i = 0; i < 3 && tp_ok(upstream); i++) out[i] += tp_tensor_item(tp_value(upstream), i);
    }
    return TP_OK;
}

START_TEST(numeric_rule_of_a_tuple_leaves_no_nodes_behind)
{
    static const tp_op op = {TP_OP_HEAD,
                             .name = "twins",
                             .arity = 1,
                             .results = 2,
                             .shape = twins_shape,
                             .forward = twins_forward,
                             .gradient = twins_gradient};
    const tp_var x = leaf_of(tape, F64(TP_DIMS(3), 1, 2, 3));
    tp_var r[2];
    EXPECT_STATUS(tp_apply_all(&op, &x, 1, NULL, r), TP_OK);
    const tp_var y = tp_sum(tp_mul(r[0], r[1]));
    const uint32_t nodes = tp_tape_stats(tape).nodes;
    for (int i = 0; i < 4; i++) {
        EXPECT_STATUS(tp_backward(y), TP_OK);
        EXPECT_TENSOR(tp_grad(x), 0, 2, 4, 6);
        ck_assert_uint_eq(tp_tape_stats(tape).nodes, nodes);
    }
}
END_TEST

START_TEST(constant_gradient_stays_through_a_replay)
{
    tp_tensor *data = F64(TP_DIMS(2), 2, 3);
    const tp_var seed = tp_square(tp_data(tape, data)), x = leaf_of(tape, F64(TP_DIMS(2), 1, 1));
    tp_var g;
    EXPECT_STATUS(tp_vjp(tp_adds(x, 1), seed, &x, 1, &g, 0), TP_OK);
    *(double *)tp_tensor_data(data) = 10;
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    EXPECT_TENSOR(tp_value(seed), 0, 100, 9);
    EXPECT_TENSOR(tp_value(g), 0, 4, 9);
    tp_tensor_release(data);
}
END_TEST

static const tp_op *op_named(const char *name)
{
    for (int i = 0; i < tp_op_count(); i++)
        if (strcmp(tp_op_at(i)->name, name) == 0) return tp_op_at(i);
    return NULL;
}

START_TEST(ops_of_the_table_check_their_operands_when_applied_directly)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2, 2), 1, 2, 3, 4)), s = tp_scalar(tape, 1);
    ck_assert(!tp_ok(tp_apply(op_named("linear"), &x, 1, NULL)));
    expect_error(tape, TP_E_ARGUMENT, "tp_linear: takes 2 or 3 operands, not 1");
    const char *const rows[] = {"softmax", "log_softmax", "logsumexp"};
    for (int i = 0; i < 3; i++) {
        ck_assert(!tp_ok(tp_apply(op_named(rows[i]), &s, 1, &(int){0})));
        expect_error(tape, TP_E_SHAPE, "needs a tensor, not a scalar");
    }
    ck_assert(!tp_ok(tp_apply(op_named("softmax"), &x, 1, &(int){2})));
    expect_error(tape, TP_E_INDEX, "tp_softmax: axis 2");
    const tp_var flat = leaf_of(tape, F64(TP_DIMS(2), 1, 2));
    ck_assert(!tp_ok(tp_stack((tp_var[]){x, flat}, 2, 0)));
    expect_error(tape, TP_E_SHAPE, "tp_stack: operand 1 is (2), the first (2,2)");
}
END_TEST

START_TEST(cross_entropy_of_a_label_that_asks_for_a_gradient_gives_it_none)
{
    const tp_var logits = data_of(tape, F64(TP_DIMS(3), 1, 2, 3)), label = tp_scalar(tape, 1);
    EXPECT_STATUS(tp_backward(tp_cross_entropy(logits, label, TP_SUM)), TP_OK);
    EXPECT_NEAR(tp_grad_item(label), 0, 0);
}
END_TEST

static tp_status replaying_forward(tp_ctx *ctx)
{
    return tp_replay(tp_ctx_tape(ctx), 0) == TP_OK ? TP_OK : TP_E_ARGUMENT;
}

START_TEST(forward_that_replays_its_tape_gets_an_error)
{
    static const tp_op op = {TP_OP_HEAD, .name = "again", .arity = 1, .shape = spread_shape,
                             .forward = replaying_forward};
    const tp_var s = tp_scalar(tape, 1);
    ck_assert(!tp_ok(tp_apply(&op, &s, 1, NULL)));
    expect_error(tape, TP_E_ARGUMENT, "tp_replay: an op is running");
}
END_TEST

START_TEST(recorded_walk_from_a_constant_keeps_nothing)
{
    const tp_var y = data_of(tape, F64(TP_DIMS(2), 1, 2)), one = tp_const(tape, 1);
    for (int i = 0; i < 3; i++) {
        EXPECT_STATUS(tp_backward_from(y, one, i < 2 ? TP_CREATE_GRAPH : 0), TP_OK);
        ck_assert_ptr_null(tp_grad(y));
    }
}
END_TEST

TCase *engine_corners_case(void)
{
    TCase *tcase = tcase_create("corners");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, walk_that_ends_at_a_result_of_a_tuple_gives_back_its_gradient);
    tcase_add_test(tcase, integer_gradient_is_cast_before_it_is_summed);
    tcase_add_test(tcase, strided_copy_of_integers_keeps_every_bit);
    tcase_add_test(tcase, rewind_without_memory_changes_nothing);
    tcase_add_test(tcase, numeric_rule_of_a_tuple_leaves_no_nodes_behind);
    tcase_add_test(tcase, constant_gradient_stays_through_a_replay);
    tcase_add_test(tcase, ops_of_the_table_check_their_operands_when_applied_directly);
    tcase_add_test(tcase, cross_entropy_of_a_label_that_asks_for_a_gradient_gives_it_none);
    tcase_add_test(tcase, forward_that_replays_its_tape_gets_an_error);
    tcase_add_test(tcase, recorded_walk_from_a_constant_keeps_nothing);
    return tcase;
}
