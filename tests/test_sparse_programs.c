/* Programs with known patterns and derivatives: bands, arrows, scalars, mixes; edges, errors, short memory. */
#include "tests/test_sparse.h"

static tp_var random_leaf(tp_tape *tape, tp_dtype dtype, int64_t n)
{
    return leaf_of(tape, random_tensor(dtype, TP_DIMS(n), 5, -1, 1));
}

static tp_var part(tp_var x, int64_t start, int64_t count)
{
    return tp_slice(x, 0, start, start + count, 1);
}

static tp_var first(tp_var x)
{
    return tp_index(x, 1, (int64_t[]){0});
}

static double entry(const tp_csr *a, int64_t row, int64_t column)
{
    for (int64_t e = a->row_start[row]; e < a->row_start[row + 1]; e++)
        if (a->column[e] == column) return a->value[e];
    return NAN;
}

static tp_csr computed(tp_tape *tape, tp_sparse *s)
{
    ck_assert_msg(s != NULL, "%s", tp_tape_error(tape));
    ck_assert_msg(tp_sparse_compute(s) == TP_OK, "%s", tp_tape_error(tape));
    return tp_sparse_csr(s);
}

/* ---- known patterns ---- */

/* y_i = x_i^2 x_(i+1) */
START_TEST(band_has_two_colours)
{
    enum { N = 500 };
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = random_leaf(tape, _i ? TP_F32 : TP_F64, N);
    const tp_var y = tp_mul(tp_square(part(x, 0, N - 1)), part(x, 1, N - 1));
    tp_sparse *s = tp_sparse_jacobian(&y, 1, &x, 1, NULL);
    const tp_csr a = computed(tape, s);
    ck_assert_int_eq(a.rows, N - 1);
    ck_assert_int_eq(a.columns, N);
    ck_assert_int_eq(a.entries, 2 * (N - 1));
    ck_assert_int_eq(tp_sparse_forward(s) + tp_sparse_backward(s), 2);
    for (int64_t i = 0; i + 1 < N; i++) {
        const double p = tp_tensor_item(tp_value(x), i), q = tp_tensor_item(tp_value(x), i + 1);
        EXPECT_NEAR(entry(&a, i, i), 2 * p * q, 1e-6);
        EXPECT_NEAR(entry(&a, i, i + 1), p * p, 1e-6);
    }
    tp_sparse_free(s);
    tp_tape_free(tape);
}
END_TEST

/* A row and a column that are full: neither columns nor rows alone could do with few colours. */
START_TEST(arrow_goes_both_ways)
{
    enum { N = 300 };
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = random_leaf(tape, TP_F64, N);
    const tp_var y[2] = {tp_sum(tp_square(x)), tp_mul(part(x, 1, N - 1), first(x))};
    tp_sparse *s = tp_sparse_jacobian(y, 2, &x, 1, NULL);
    const tp_csr a = computed(tape, s);
    ck_assert_int_eq(a.entries, N + 2 * (N - 1));
    ck_assert_int_eq(tp_sparse_forward(s) + tp_sparse_backward(s), 3);
    for (int64_t i = 0; i < N; i++) {
        const double p = tp_tensor_item(tp_value(x), i);
        EXPECT_NEAR(entry(&a, 0, i), 2 * p, 1e-12);
        if (i == 0) continue;
        EXPECT_NEAR(entry(&a, i, 0), p, 1e-12);
        EXPECT_NEAR(entry(&a, i, i), tp_tensor_item(tp_value(x), 0), 1e-12);
    }
    tp_sparse_free(s);
    tp_tape_free(tape);
}
END_TEST

START_TEST(hessian_of_an_arrow_has_two_colours)
{
    enum { N = 400 };
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = random_leaf(tape, TP_F64, N);
    const tp_var f = tp_add(tp_sum(tp_square(tp_square(x))), tp_sum(tp_mul(tp_square(x), first(x))));
    tp_sparse *s = tp_sparse_hessian(f, &x, 1, NULL);
    const tp_csr a = computed(tape, s);
    ck_assert_int_eq(a.entries, 3 * N - 2);
    ck_assert_int_eq(tp_sparse_forward(s), 2);
    const double z = tp_tensor_item(tp_value(x), 0);
    EXPECT_NEAR(entry(&a, 0, 0), 12 * z * z + 6 * z, 1e-12);
    for (int64_t i = 1; i < N; i++) {
        const double p = tp_tensor_item(tp_value(x), i);
        EXPECT_NEAR(entry(&a, i, i), 12 * p * p + 2 * z, 1e-12);
        EXPECT_NEAR(entry(&a, i, 0), 2 * p, 1e-12);
        EXPECT_NEAR(entry(&a, 0, i), 2 * p, 1e-12);
    }
    tp_sparse_free(s);
    tp_tape_free(tape);
}
END_TEST

/* f = sum x_i^2 x_(i+1), node by node: the sum is a chain, whose sets grow with it, and no matter. */
START_TEST(hessian_of_scalars_is_tridiagonal)
{
    enum { N = 2000 };
    static tp_var x[N];
    tp_tape *tape = tp_tape_new(NULL);
    for (int i = 0; i < N; i++) x[i] = tp_scalar(tape, sin(i));
    tp_var f = tp_const(tape, 0);
    for (int i = 0; i + 1 < N; i++) f = tp_add(f, tp_mul(tp_square(x[i]), x[i + 1]));
    tp_sparse *s = tp_sparse_hessian(f, x, N, NULL);
    const tp_csr a = computed(tape, s);
    ck_assert_int_eq(a.entries, 3 * N - 3); /* the last one's square is nowhere */
    ck_assert_int_eq(tp_sparse_forward(s), 3);
    for (int i = 0; i + 1 < N; i++) {
        EXPECT_NEAR(entry(&a, i, i), 2 * sin(i + 1), 1e-12);
        EXPECT_NEAR(entry(&a, i, i + 1), 2 * sin(i), 1e-12);
        EXPECT_NEAR(entry(&a, i + 1, i), 2 * sin(i), 1e-12);
    }
    tp_sparse_free(s);
    tp_sparse *gradient = tp_sparse_jacobian(&f, 1, x, N, NULL);
    const tp_csr g = computed(tape, gradient);
    ck_assert_int_eq(g.entries, N);
    ck_assert_int_eq(tp_sparse_backward(gradient), 1);
    ck_assert_int_eq(tp_sparse_forward(gradient), 0);
    tp_sparse_free(gradient);
    tp_tape_free(tape);
}
END_TEST

/* Every prefix of a long chain as a result: long sets that are kept as another and a few more. */
START_TEST(prefixes_of_a_chain_are_lower_triangles)
{
    enum { N = 300 };
    static tp_var x[N], y[N];
    tp_tape *tape = tp_tape_new(NULL);
    for (int i = 0; i < N; i++) x[i] = tp_scalar(tape, i + 1);
    for (int i = 0; i < N; i++) y[i] = i ? tp_add(y[i - 1], tp_square(x[(i * 7) % N])) : tp_square(x[0]);
    tp_sparse *s = tp_sparse_jacobian(y, N, x, N, NULL);
    const tp_csr a = computed(tape, s);
    ck_assert_int_eq(a.entries, N * (N + 1) / 2);
    for (int i = 0; i < N; i++)
        for (int k = 0; k <= i; k++) EXPECT_NEAR(entry(&a, i, (k * 7) % N), 2 * ((k * 7) % N + 1), 1e-12);
    tp_sparse_free(s);
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
    const tp_var x = random_leaf(tape, TP_F64, N), y = tp_softmax(x, 0);
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

TCase *sparse_programs_case(void)
{
    TCase *programs = tcase_create("programs");
    tcase_add_loop_test(programs, band_has_two_colours, 0, 2);
    tcase_add_test(programs, arrow_goes_both_ways);
    tcase_add_test(programs, hessian_of_an_arrow_has_two_colours);
    tcase_add_test(programs, hessian_of_scalars_is_tridiagonal);
    tcase_add_test(programs, prefixes_of_a_chain_are_lower_triangles);
    tcase_add_test(programs, nodes_of_all_kinds_are_rows_and_columns);
    tcase_add_test(programs, empty_ones_are_empty);
    tcase_add_test(programs, dense_one_is_dense);
    tcase_add_test(programs, values_follow_a_replay_without_memory);
    tcase_add_test(programs, pattern_serves_another_recording);
    tcase_add_test(programs, wrong_calls_are_refused);
    tcase_add_test(programs, more_than_fits_is_refused);
    tcase_add_test(programs, any_allocation_may_fail);
    return programs;
}
