/* Sizes: long chains without recursion, and many parts of one tensor in linear time. */
#include "tests/helpers.h"

#include "tests/tape_fixture.h"

START_TEST(chain_of_ten_million_nodes_walks_back)
{
    enum { N = 10 * 1000 * 1000 };
    const tp_var x = tp_scalar(tape, 1.5), c = tp_scalar(tape, 1e-7);
    tp_var y = x;
    for (int i = 0; i < N; i++) y = i % 2 ? tp_neg(y) : tp_sub(c, y);
    EXPECT_OK(tape);
    ck_assert_uint_eq(tp_tape_stats(tape).nodes, N + 2);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_NEAR(tp_item(y), 1.5 - N / 2 * 1e-7, 1e-7);
    EXPECT_NEAR(tp_grad_item(x), 1, 0);
    EXPECT_NEAR(tp_grad_item(c), -N / 2, 0);
}
END_TEST

START_TEST(ladder_of_a_million_diamonds_walks_back)
{
    enum { N = 1000 * 1000 };
    const tp_var x = tp_scalar(tape, 3);
    tp_var y = x;
    for (int i = 0; i < N; i++) y = tp_muls(tp_add(y, y), .5);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_NEAR(tp_item(y), 3, 0);
    EXPECT_NEAR(tp_grad_item(x), 1, 0);
    tp_tape_reset(tape);
    const tp_var v = leaf_of(tape, F64(TP_DIMS(2), 3, 4));
    y = v;
    for (int i = 0; i < N / 10; i++) y = tp_muls(tp_add(y, y), .5);
    EXPECT_STATUS(tp_backward(tp_sum(y)), TP_OK);
    EXPECT_TENSOR(tp_grad(v), 0, 1, 1);
}
END_TEST

START_TEST(recorded_walk_of_a_long_chain_differentiates_again)
{
    enum { N = 200 * 1000 };
    const tp_var x = tp_scalar(tape, 2);
    tp_var y = tp_square(x), g;
    for (int i = 0; i < N; i++) y = tp_neg(y);
    EXPECT_STATUS(tp_gradients(y, &x, 1, &g, TP_CREATE_GRAPH), TP_OK);
    EXPECT_NEAR(tp_item(g), 4, 0);
    EXPECT_STATUS(tp_backward(g), TP_OK);
    EXPECT_NEAR(tp_grad_item(x), 2, 0);
}
END_TEST

/* Reads n parts of one tensor of n elements in blocks, and walks back; the walk's seconds. */
static double parts_time(int64_t n, bool slices, unsigned flags)
{
    tp_tape_reset(tape);
    const tp_var x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(n), 1, .5, 1.5));
    tp_var y = tp_const(tape, 0);
    for (int64_t i = 0; i < n; i++) {
        const tp_var part = slices ? tp_sum(tp_slice(x, 0, i, i + 1, 1)) : tp_index(x, 1, &i);
        y = tp_add(y, tp_square(part));
    }
    const double start = processor_seconds();
    tp_var g;
    EXPECT_STATUS(tp_gradients(y, &x, 1, &g, flags), TP_OK);
    if (flags) {
        tp_var h;
        EXPECT_STATUS(tp_gradients(tp_sum(g), &x, 1, &h, flags), TP_OK);
        EXPECT_NEAR(tp_tensor_item(tp_value(h), n - 1), 2, 0);
    }
    const double seconds = processor_seconds() - start;
    for (int64_t i = 0; i < n; i += n / 10)
        EXPECT_NEAR(tp_tensor_item(tp_value(g), i), 2 * tp_tensor_item(tp_value(x), i), 1e-15);
    return seconds;
}

/* Four times the parts take about four times as long, in the best of three; quadratic would be 16. */
static void expect_linear(int64_t n, bool slices, unsigned flags)
{
    double best[2] = {HUGE_VAL, HUGE_VAL};
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 2; k++) best[k] = fmin(best[k], parts_time(k ? n : n / 4, slices, flags));
    ck_assert_msg(best[1] < 8 * best[0] + .005, "%g s for %lld parts, %g s for a quarter of them", best[1],
                  (long long)n, best[0]);
}

START_TEST(indexing_walks_back_in_linear_time)
{
    expect_linear(100 * 1000, false, 0);
    expect_linear(100 * 1000, false, TP_CREATE_GRAPH);
}
END_TEST

START_TEST(slicing_walks_back_in_linear_time)
{
    expect_linear(10 * 1000, true, 0);
    expect_linear(10 * 1000, true, TP_CREATE_GRAPH);
}
END_TEST

START_TEST(joining_many_scalars_walks_back_in_linear_time)
{
    double best[2] = {HUGE_VAL, HUGE_VAL};
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 2; k++) {
            const int n = k ? 100000 : 25000;
            tp_var *x = calloc((size_t)n, sizeof *x);
            ck_assert_ptr_nonnull(x);
            tp_tape_reset(tape);
            for (int j = 0; j < n; j++) x[j] = tp_scalar(tape, j);
            const tp_var y = tp_sum(tp_square(tp_stack(x, n, 0)));
            const double start = processor_seconds();
            EXPECT_STATUS(tp_backward_from(y, tp_none(), TP_CREATE_GRAPH), TP_OK);
            best[k] = fmin(best[k], processor_seconds() - start);
            for (int j = 0; j < n; j += 1000) EXPECT_NEAR(tp_grad_item(x[j]), 2. * j, 0);
            free(x);
        }
    ck_assert_msg(best[1] < 8 * best[0] + .005, "%g s, and %g s for a quarter", best[1], best[0]);
}
END_TEST

TCase *engine_scale_case(void)
{
    TCase *tcase = tcase_create("scale");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, chain_of_ten_million_nodes_walks_back);
    tcase_add_test(tcase, ladder_of_a_million_diamonds_walks_back);
    tcase_add_test(tcase, recorded_walk_of_a_long_chain_differentiates_again);
    tcase_add_test(tcase, indexing_walks_back_in_linear_time);
    tcase_add_test(tcase, slicing_walks_back_in_linear_time);
    tcase_add_test(tcase, joining_many_scalars_walks_back_in_linear_time);
    return tcase;
}
