/* Sparse derivatives as they are used: all kinds of nodes, replays, other recordings, closures of one's own; edges,
   errors and short memory. */
#include "tests/test_sparse.h"

/* ---- a closure of one's own ---- */

static tp_status vector_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    return tp_ctx_result(ctx, 0, TP_F64, tp_tensor_rank(x), tp_tensor_dims(x));
}

static tp_status vector_forward(tp_ctx *ctx)
{
    memset(tp_tensor_data(tp_ctx_output(ctx, 0)), 0, sizeof(double) * 4);
    return TP_OK;
}

static tp_status no_operand(tp_ctx *ctx)
{
    return tp_pattern_mix(ctx, 1);
}

static tp_status no_axis(tp_ctx *ctx)
{
    return tp_pattern_operand(ctx, 0) ? tp_pattern_prefix(ctx, 3, false) : TP_OK;
}

static tp_status no_result(tp_ctx *ctx)
{
    return tp_pattern_operand(ctx, 0) ? tp_pattern_to(ctx, 2, NULL) : TP_OK;
}

static tp_status wrong_dims(tp_ctx *ctx)
{
    const tp_window w = {.outputs = 3, .size = 2, .stride = 1, .dilation = 1};
    if (!tp_pattern_operand(ctx, 0) || tp_pattern_window(ctx, 0, &w) != TP_OK) return TP_OK;
    return tp_pattern_to(ctx, 0, NULL);
}

static tp_status no_region(tp_ctx *ctx)
{
    const tp_region outside = {.offset = 2, .rank = 1, .dims = {4}, .strides = {1}};
    return tp_pattern_operand(ctx, 0) ? tp_pattern_to_region(ctx, 0, &outside) : TP_OK;
}

static tp_status gives_up(tp_ctx *ctx)
{
    (void)ctx;
    return TP_E_UNSUPPORTED;
}

START_TEST(wrong_closures_are_named)
{
    static tp_status (*const closures[])(tp_ctx *) = {no_operand, no_axis, no_result, wrong_dims, no_region, gives_up};
    static const char *const words[] = {"not taken up",     "an axis",  "a result",
                                        "dims that differ", "a region", "pattern failed"};
    const tp_op op = {TP_OP_HEAD,
                      .name = "mine",
                      .arity = 1,
                      .shape = vector_shape,
                      .forward = vector_forward,
                      .pattern = closures[_i]};
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = random_vector(tape, TP_F64, 4), y = tp_apply(&op, &x, 1, NULL);
    ck_assert_ptr_null(tp_sparse_pattern(&y, 1, &x, 1, NULL));
    ck_assert_ptr_nonnull(strstr(tp_tape_error(tape), "tp_mine"));
    expect_error(tape, tp_tape_status(tape), words[_i]);
    tp_tape_free(tape);
}
END_TEST

/* ---- what x and y may be ---- */

START_TEST(nodes_of_all_kinds_are_rows_and_columns)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var v = leaf_of(tape, F64(TP_DIMS(2, 2), 1, 2, 3, 4)), a = tp_scalar(tape, 5);
    const tp_var inner = tp_mul(v, a), c = tp_const(tape, 2), unused = tp_scalar(tape, 1);
    const tp_var y[3] = {tp_mul(inner, c), a, tp_sum_axes(tp_square(inner), TP_AXES(0), false)};
    const tp_var x[6] = {a, v, a, inner, unused, c}; /* a twice: two equal columns; c is a constant */
    tp_sparse *s = tp_sparse_jacobian(y, 3, x, 6, NULL);
    const tp_csr m = computed(tape, s);
    ck_assert_int_eq(m.rows, 7);
    ck_assert_int_eq(m.columns, 12);
    for (int i = 0; i < 4; i++) {
        EXPECT_NEAR(entry(&m, i, 0), 2 * (i + 1), 1e-12);
        EXPECT_NEAR(entry(&m, i, 5), 2 * (i + 1), 1e-12);
        EXPECT_NEAR(entry(&m, i, 1 + i), 10, 1e-12);
        EXPECT_NEAR(entry(&m, i, 6 + i), 2, 1e-12);
    }
    EXPECT_NEAR(entry(&m, 4, 0), 1, 1e-12);
    EXPECT_NEAR(entry(&m, 4, 5), 1, 1e-12);
    ck_assert_int_eq(m.row_start[5] - m.row_start[4], 2);
    EXPECT_NEAR(entry(&m, 5, 0), 2 * 5 * (1 + 9), 1e-12);
    EXPECT_NEAR(entry(&m, 6, 9), 2 * 4 * 5, 1e-12);
    ck_assert_int_eq(m.row_start[7] - m.row_start[6], 6);
    tp_sparse_free(s);
    EXPECT_OK(tape);
    tp_tape_free(tape);
}
END_TEST

START_TEST(empty_ones_are_empty)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var none = leaf_of(tape, tensor_of(TP_F64, TP_DIMS(0), NULL)), a = tp_scalar(tape, 2);
    const tp_var y[2] = {tp_square(none), tp_const(tape, 1)};
    tp_sparse *s = tp_sparse_jacobian(y, 2, (tp_var[]){none, a}, 2, NULL);
    tp_csr m = computed(tape, s);
    ck_assert_int_eq(m.rows, 1);
    ck_assert_int_eq(m.columns, 1);
    ck_assert_int_eq(m.entries, 0);
    ck_assert_int_eq(tp_sparse_forward(s) + tp_sparse_backward(s), 0);
    tp_sparse_free(s);
    s = tp_sparse_jacobian(&a, 1, NULL, 0, NULL);
    m = computed(tape, s);
    ck_assert_int_eq(m.columns, 0);
    tp_sparse_free(s);
    s = tp_sparse_hessian(tp_sum(tp_exp(none)), &none, 1, NULL);
    m = computed(tape, s);
    ck_assert_int_eq(m.rows, 0);
    tp_sparse_free(s);
    tp_sparse_free(NULL);
    ck_assert_int_eq(tp_sparse_csr(NULL).rows + tp_sparse_forward(NULL) + tp_sparse_backward(NULL), 0);
    tp_tape_free(tape);
}
END_TEST

START_TEST(dense_one_is_dense)
{
    enum { N = 40 };
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = random_vector(tape, TP_F64, N), y = tp_softmax(x, 0);
    tp_sparse *s = tp_sparse_jacobian(&y, 1, &x, 1, NULL);
    const tp_csr m = computed(tape, s);
    ck_assert_int_eq(m.entries, N * N);
    ck_assert_int_eq(tp_sparse_forward(s) + tp_sparse_backward(s), N);
    const double p = tp_tensor_item(tp_value(y), 3), q = tp_tensor_item(tp_value(y), 7);
    EXPECT_NEAR(entry(&m, 3, 7), -p * q, 1e-12);
    EXPECT_NEAR(entry(&m, 3, 3), p * (1 - p), 1e-12);
    tp_sparse_free(s);
    s = tp_sparse_hessian(tp_logsumexp(x, 0, false), &x, 1, NULL);
    const tp_csr h = computed(tape, s);
    ck_assert_int_eq(h.entries, N * N);
    EXPECT_NEAR(entry(&h, 3, 7), -p * q, 1e-12);
    tp_sparse_free(s);
    tp_tape_free(tape);
}
END_TEST

/* ---- again and again ---- */

START_TEST(values_follow_a_replay_without_memory)
{
    enum { N = 64 };
    counter c = {0};
    tp_tape *tape = counted_tape(&c);
    tp_tensor *data = random_tensor(TP_F64, TP_DIMS(N), 3, -1, 1);
    const tp_var x = tp_leaf(tape, data), low = part(x, 0, N - 1), high = part(x, 1, N - 1);
    const tp_var r[2] = {tp_mul(low, tp_sin(high)), tp_sum(tp_square(x))};
    tp_sparse *j = tp_sparse_jacobian(r, 2, &x, 1, NULL);
    tp_sparse *h = tp_sparse_hessian(tp_sum(tp_exp(tp_mul(low, high))), &x, 1, NULL);
    for (int step = 0; step < 5; step++) {
        double *to = tp_tensor_data(data);
        for (int i = 0; i < N; i++) to[i] = sin(step + i);
        ck_assert_int_eq(tp_replay(tape, 0), TP_OK);
        const size_t calls = c.calls;
        const tp_csr a = computed(tape, j), b = computed(tape, h);
        if (step > 1) ck_assert_uint_eq(c.calls, calls);
        const double p = sin(step + 4), q = sin(step + 5);
        EXPECT_NEAR(entry(&a, 4, 5), p * cos(q), 1e-12);
        EXPECT_NEAR(entry(&a, N - 1, 4), 2 * p, 1e-12);
        EXPECT_NEAR(entry(&b, 4, 5), exp(p * q) * (1 + p * q), 1e-12);
    }
    tp_sparse_free(j);
    tp_sparse_free(h);
    tp_tape_free(tape);
    tp_tensor_release(data);
}
END_TEST

static tp_var cubes(tp_var x)
{
    return tp_sum(tp_mul(x, tp_square(x)));
}

START_TEST(pattern_serves_another_recording)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *data = F64(TP_DIMS(3), 1, 2, 3);
    tp_var x = tp_leaf(tape, data), y = tp_square(x), f = cubes(x);
    tp_sparse *j = tp_sparse_jacobian(&y, 1, &x, 1, NULL), *h = tp_sparse_hessian(f, &x, 1, NULL);
    tp_tape_reset(tape);
    EXPECT_STATUS(tp_sparse_compute(j), TP_E_STALE);
    expect_error(tape, TP_E_STALE, "sparse_compute");
    memcpy(tp_tensor_data(data), NUMBERS(4, 5, 6), 3 * sizeof(double));
    x = tp_leaf(tape, data), y = tp_square(x), f = cubes(x);
    ck_assert_int_eq(tp_sparse_rebind(j, &y, 1, &x, 1), TP_OK);
    ck_assert_int_eq(tp_sparse_rebind(h, &f, 1, &x, 1), TP_OK);
    const tp_csr a = computed(tape, j), b = computed(tape, h);
    EXPECT_NEAR(entry(&a, 2, 2), 12, 1e-12);
    EXPECT_NEAR(entry(&b, 2, 2), 36, 1e-12);
    const tp_var two = part(x, 0, 2);
    EXPECT_STATUS(tp_sparse_rebind(j, &two, 1, &x, 1), TP_E_SHAPE);
    expect_error(tape, TP_E_SHAPE, "sparse_rebind");
    EXPECT_STATUS(tp_sparse_rebind(j, &y, 1, (tp_var[]){x, x}, 2), TP_E_SHAPE);
    expect_error(tape, TP_E_SHAPE, "sparse_rebind");
    EXPECT_STATUS(tp_sparse_rebind(NULL, &y, 1, &x, 1), TP_E_ARGUMENT);
    tp_tape_clear_error(tape);
    EXPECT_STATUS(tp_sparse_rebind(j, NULL, 1, &x, 1), TP_E_ARGUMENT);
    tp_sparse_free(j);
    tp_sparse_free(h);
    tp_tape_free(tape);
    tp_tensor_release(data);
}
END_TEST

/* ---- errors ---- */

START_TEST(wrong_calls_are_refused)
{
    tp_tape *tape = tp_tape_new(NULL), *other = tp_tape_new(NULL);
    const tp_var x = tp_scalar(tape, 1), y = tp_square(x), far = tp_scalar(other, 1), none = tp_none();
    const tp_var whole = data_of(tape, I64(TP_DIMS(2), 1, 2)), many = leaf_of(tape, F64(TP_DIMS(2), 1, 2));
    ck_assert_ptr_null(tp_sparse_jacobian(NULL, 1, &x, 1, NULL));
    ck_assert_ptr_null(tp_sparse_jacobian(&y, 0, &x, 1, NULL));
    ck_assert_ptr_null(tp_sparse_jacobian(&none, 1, &x, 1, NULL));
    ck_assert_ptr_null(tp_sparse_hessian(none, &x, 1, NULL));
    EXPECT_OK(tape);
    ck_assert_ptr_null(tp_sparse_jacobian(&y, 1, NULL, 1, NULL));
    expect_error(tape, TP_E_ARGUMENT, "tp_sparse_jacobian: x is NULL");
    ck_assert_ptr_null(tp_sparse_pattern(&y, 1, &x, -1, NULL));
    expect_error(tape, TP_E_ARGUMENT, "tp_sparse_pattern");
    ck_assert_ptr_null(tp_sparse_jacobian(&y, 1, &far, 1, NULL));
    expect_error(tape, TP_E_STALE, "another tape");
    ck_assert_ptr_null(tp_sparse_jacobian(&y, 1, &none, 1, NULL));
    expect_error(tape, TP_E_ARGUMENT, "tp_sparse_jacobian");
    ck_assert_ptr_null(tp_sparse_jacobian(&whole, 1, &x, 1, NULL));
    expect_error(tape, TP_E_DTYPE, "y[0] is of i64");
    ck_assert_ptr_null(tp_sparse_jacobian(&y, 1, &whole, 1, NULL));
    expect_error(tape, TP_E_DTYPE, "x[0] is of i64");
    ck_assert_ptr_null(tp_sparse_hessian(tp_square(many), &many, 1, NULL));
    expect_error(tape, TP_E_SHAPE, "(2)");
    EXPECT_STATUS(tp_sparse_compute(NULL), TP_E_ARGUMENT);
    tp_sparse *s = tp_sparse_pattern(&y, 1, &x, 1, NULL);
    ck_assert_int_eq(tp_sparse_csr(s).entries, 1);
    ck_assert_ptr_null(tp_sparse_csr(s).value);
    EXPECT_STATUS(tp_sparse_compute(s), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "a pattern alone");
    tp_sparse_free(s);
    tp_tape_free(tape);
    tp_tape_free(other);
}
END_TEST

START_TEST(more_than_fits_is_refused)
{
    tp_tape *tape = tp_tape_new(NULL);
    const int64_t wide[] = {1 << 16, 1 << 16};
    const tp_var x = tp_scalar(tape, 1), y = tp_expand(x, 2, wide);
    ck_assert_ptr_null(tp_sparse_jacobian(&y, 1, &x, 1, NULL));
    expect_error(tape, TP_E_LIMIT, "4294967296 rows");
    tp_tape_free(tape);
}
END_TEST

/* ---- short memory ---- */

static bool all_of_it(counter *c, counter *own)
{
    tp_tape *tape = counted_tape(c);
    if (!tape) return false;
    const tp_allocator memory = counted(own);
    tp_tensor *data = random_tensor(TP_F64, TP_DIMS(12), 3, -1, 1), *places = I64(TP_DIMS(4), 1, 3, 3, 0);
    const tp_var x = tp_leaf(tape, data), low = part(x, 0, 11), high = part(x, 1, 11);
    const tp_var y[3] = {tp_cumsum(tp_mul(low, high), 0), tp_sum(tp_square(x)),
                         tp_index_add(tp_square(part(x, 2, 4)), 0, tp_data(tape, places), part(x, 5, 4))};
    tp_sparse *j = tp_sparse_jacobian(y, 3, &x, 1, &memory);
    tp_sparse *h = j ? tp_sparse_hessian(tp_sum(tp_exp(tp_mul(low, high))), &x, 1, &memory) : NULL;
    const bool good = h && tp_sparse_compute(j) == TP_OK && tp_sparse_compute(h) == TP_OK;
    if (!good) EXPECT_STATUS(tp_tape_status(tape), TP_E_MEMORY);
    tp_sparse_free(j);
    tp_sparse_free(h);
    tp_tape_free(tape);
    tp_tensor_release(data);
    tp_tensor_release(places);
    return good;
}

START_TEST(any_allocation_may_fail)
{
    bool good = false;
    for (size_t at = 1; !good; at++) {
        counter c = {.fail_at = at}, own = {0};
        good = all_of_it(&c, &own);
        ck_assert_uint_eq(c.bytes + own.bytes, 0);
        ck_assert_msg(good == (c.failed == 0), "allocation %zu", at);
    }
    good = false;
    for (size_t at = 1; !good; at++) {
        counter c = {0}, own = {.fail_at = at};
        good = all_of_it(&c, &own);
        ck_assert_uint_eq(c.bytes + own.bytes, 0);
        ck_assert_msg(good == (own.failed == 0), "allocation %zu", at);
    }
}
END_TEST

TCase *sparse_uses_case(void)
{
    TCase *uses = tcase_create("uses");
    tcase_add_loop_test(uses, wrong_closures_are_named, 0, 6);
    tcase_add_test(uses, nodes_of_all_kinds_are_rows_and_columns);
    tcase_add_test(uses, empty_ones_are_empty);
    tcase_add_test(uses, dense_one_is_dense);
    tcase_add_test(uses, values_follow_a_replay_without_memory);
    tcase_add_test(uses, pattern_serves_another_recording);
    tcase_add_test(uses, wrong_calls_are_refused);
    tcase_add_test(uses, more_than_fits_is_refused);
    tcase_add_test(uses, any_allocation_may_fail);
    return uses;
}
