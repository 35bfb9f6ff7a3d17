/* Where several gradients meet in one node: they add up, and no two nodes write to one buffer. */
#include "tests/helpers.h"

#include "tests/tape_fixture.h"

START_TEST(diamond_adds_both_branches)
{
    const tp_var s = tp_scalar(tape, .5), v = leaf_of(tape, F64(TP_DIMS(3), 1, 2, 3));
    const tp_var top = tp_square(v), left = tp_mul(top, s), right = tp_exp(tp_mul(top, tp_neg(s)));
    const tp_var y = tp_sum(tp_add(tp_mul(left, right), top));
    expect_gradients(y, (tp_var[]){s, v}, 2);
    const tp_var a = tp_square(s), b = tp_mul(a, tp_add(a, tp_mul(a, a)));
    EXPECT_STATUS(tp_backward(b), TP_OK);
    EXPECT_NEAR(tp_grad_item(s), 4 * pow(.5, 3) + 6 * pow(.5, 5), 1e-15);
}
END_TEST

START_TEST(param_used_twice_and_bound_twice_collects_everything)
{
    tp_tensor *w = F64(TP_DIMS(2, 2), 1, 2, 3, 4);
    for (int round = 0; round < 2; round++)
        for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags += TP_CREATE_GRAPH) {
            const tp_var p = tp_param(tape, w), q = tp_param(tape, w);
            const tp_var y = tp_add(tp_sum(tp_matmul(p, p)), tp_sum(tp_mul(tp_matmul(p, q), q)));
            EXPECT_STATUS(tp_backward_from(y, tp_none(), flags), TP_OK);
            /* d sum(W W) is (row sums of W + column sums of W); d sum((W W) * W) by differences below */
            const double by[4] = {3 + 4, 7 + 4, 3 + 6, 7 + 6};
            double *data = tp_tensor_data(w);
            for (int i = 0; i < 4; i++) {
                double f[2];
                for (int k = 0; k < 2; k++) {
                    data[i] += k ? -2e-5 : 1e-5;
                    const double *m = data;
                    f[k] = (m[0] * m[0] + m[1] * m[2]) * m[0] + (m[0] * m[1] + m[1] * m[3]) * m[1] +
                           (m[2] * m[0] + m[3] * m[2]) * m[2] + (m[2] * m[1] + m[3] * m[3]) * m[3];
                }
                data[i] += 1e-5;
                EXPECT_NEAR(tp_tensor_item(tp_tensor_grad(w), i), by[i] + (f[0] - f[1]) / 2e-5, 1e-6);
            }
            tp_tensor_clear_grad(w);
            tp_tape_reset(tape);
            data[0] = 1, data[1] = 2, data[2] = 3, data[3] = 4;
        }
    tp_tensor_release(w);
}
END_TEST

START_TEST(both_operands_of_an_add_have_gradients_of_their_own)
{
    const tp_var a = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), b = leaf_of(tape, F64(TP_DIMS(2), 3, 4));
    const tp_var p = tp_muls(a, 1), q = tp_muls(b, 1), sum = tp_add(p, q), scaled = tp_muls(p, 10);
    tp_retain_grad(p), tp_retain_grad(q), tp_retain_grad(sum), tp_retain_grad(scaled);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags += TP_CREATE_GRAPH) {
        /* p gets the upstream of sum by reference, then more: sum's and q's must not see it */
        EXPECT_STATUS(tp_backward_from(tp_sum(tp_add(tp_square(sum), scaled)), tp_none(), flags), TP_OK);
        EXPECT_TENSOR(tp_grad(sum), 0, 8, 12);
        EXPECT_TENSOR(tp_grad(scaled), 0, 1, 1);
        EXPECT_TENSOR(tp_grad(p), 0, 18, 22);
        EXPECT_TENSOR(tp_grad(q), 0, 8, 12);
        EXPECT_TENSOR(tp_grad(a), 0, 18, 22);
        EXPECT_TENSOR(tp_grad(b), 0, 8, 12);
    }
}
END_TEST

START_TEST(adding_a_node_to_itself_and_to_its_neighbours_is_exact)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2), 1, 2));
    tp_var y = x, before = x;
    for (int i = 0; i < 10; i++) {
        const tp_var next = tp_add(y, i % 3 ? before : y);
        before = y;
        y = next;
    }
    double value = 1, previous = 1;
    for (int i = 0; i < 10; i++) {
        const double next = value + (i % 3 ? previous : value);
        previous = value;
        value = next;
    }
    EXPECT_STATUS(tp_backward(tp_sum(y)), TP_OK);
    EXPECT_TENSOR(tp_grad(x), 0, value, value);
}
END_TEST

START_TEST(retained_gradients_survive_later_accumulation)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), z = leaf_of(tape, F64(TP_DIMS(2), 5, 6));
    const tp_var early = tp_muls(x, 2);
    const tp_var a = tp_add(early, z), b = tp_add(early, a), c = tp_add(b, early);
    tp_retain_grad(a), tp_retain_grad(b), tp_retain_grad(c), tp_retain_grad(early);
    const tp_var y = tp_sum(tp_mul(c, leaf_of(tape, F64(TP_DIMS(2), 7, 8))));
    for (int i = 0; i < 2; i++) {
        EXPECT_STATUS(tp_backward(y), TP_OK);
        EXPECT_TENSOR(tp_grad(c), 0, 7, 8);
        EXPECT_TENSOR(tp_grad(b), 0, 7, 8);
        EXPECT_TENSOR(tp_grad(a), 0, 7, 8);
        EXPECT_TENSOR(tp_grad(early), 0, 21, 24);
        EXPECT_TENSOR(tp_grad(z), 0, 7, 8);
        EXPECT_TENSOR(tp_grad(x), 0, 42, 48);
    }
}
END_TEST

START_TEST(seed_tensor_is_never_written_to)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2), 1, 2));
    const tp_var seed = tp_exp(leaf_of(tape, F64(TP_DIMS(2), 0, 0)));
    tp_tensor *outside = F64(TP_DIMS(2), 1, 1);
    const tp_var given = tp_data(tape, outside), y = tp_add(tp_add(x, x), x);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags += TP_CREATE_GRAPH) {
        EXPECT_STATUS(tp_backward_from(y, seed, flags), TP_OK);
        EXPECT_TENSOR(tp_grad(x), 0, 3, 3);
        EXPECT_TENSOR(tp_value(seed), 0, 1, 1);
        EXPECT_STATUS(tp_backward_from(y, given, flags), TP_OK);
        EXPECT_TENSOR(tp_grad(x), 0, 3, 3);
        EXPECT_TENSOR(outside, 0, 1, 1);
        EXPECT_STATUS(tp_backward_from(x, given, flags), TP_OK);
        EXPECT_TENSOR(tp_grad(x), 0, 1, 1);
    }
    tp_tensor_release(outside);
}
END_TEST

START_TEST(gradients_handed_out_stay_when_the_next_walk_runs)
{
    const tp_var x = leaf_of(tape, F64(TP_DIMS(2), 1, 2)), y = tp_sum(tp_add(tp_square(x), x));
    tp_var first, second;
    EXPECT_STATUS(tp_gradients(y, &x, 1, &first, 0), TP_OK);
    EXPECT_STATUS(tp_vjp(y, tp_const(tape, 10), &x, 1, &second, 0), TP_OK);
    EXPECT_STATUS(tp_backward(y), TP_OK);
    EXPECT_TENSOR(tp_value(first), 0, 3, 5);
    EXPECT_TENSOR(tp_value(second), 0, 30, 50);
    EXPECT_TENSOR(tp_grad(x), 0, 3, 5);
}
END_TEST

START_TEST(views_of_one_node_collect_in_it)
{
    const tp_var x = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(3, 4), 3, -1, 1)), m = tp_tanh(x);
    const tp_var t = tp_transpose(m, 0, 1), r = tp_reshape(m, TP_DIMS(2, 6)), s = tp_slice(m, 1, 1, 4, 2);
    const tp_var e = tp_expand(tp_slice(m, 0, 2, 3, 1), TP_DIMS(5, 4)), p = tp_permute(m, TP_AXES(1, 0));
    const tp_var i = tp_index(m, 2, (int64_t[]){-1, 1});
    const tp_var y =
        tp_add(tp_add(tp_sum(tp_matmul(m, t)), tp_sum(tp_square(r))),
               tp_add(tp_mul(tp_sum(tp_exp(s)), i),
                      tp_sum(tp_mul(tp_sum_axes(e, TP_AXES(0), false), tp_sum_axes(p, TP_AXES(1), false)))));
    expect_gradients(y, &x, 1);
}
END_TEST

START_TEST(slices_of_a_param_add_to_what_its_tensor_holds)
{
    tp_tensor *w = F64(TP_DIMS(4), 1, 2, 3, 4);
    for (int i = 1; i <= 4; i++) {
        const tp_var p = tp_param(tape, w);
        const tp_var y = tp_add(tp_sum(tp_slice(p, 0, 1, 3, 1)), tp_index(p, 1, (int64_t[]){3}));
        EXPECT_STATUS(tp_backward_from(y, tp_none(), i % 2 ? 0 : TP_CREATE_GRAPH), TP_OK);
        EXPECT_TENSOR(tp_tensor_grad(w), 0, 0, i, i, i);
        tp_tape_reset(tape);
    }
    tp_tensor_release(w);
}
END_TEST

START_TEST(strided_param_has_a_dense_gradient)
{
    tp_tensor *base = F64(TP_DIMS(2, 3), 1, 2, 3, 4, 5, 6), *view = tp_tensor_transpose(base, 0, 1, NULL);
    ck_assert_ptr_nonnull(view);
    const tp_var p = tp_param(tape, view), c = data_of(tape, F64(TP_DIMS(3, 2), 1, 2, 3, 4, 5, 6));
    EXPECT_STATUS(tp_backward(tp_sum(tp_mul(tp_mul(p, c), p))), TP_OK);
    EXPECT_TENSOR(tp_tensor_grad(view), 0, 2 * 1, 2 * 8, 2 * 6, 2 * 20, 2 * 15, 2 * 36);
    ck_assert(tp_tensor_dense(tp_tensor_grad(view)));
    ck_assert_ptr_null(tp_tensor_grad(base));
    tp_tensor_release(view);
    tp_tensor_release(base);
}
END_TEST

TCase *engine_forks_case(void)
{
    TCase *tcase = tcase_create("forks");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, diamond_adds_both_branches);
    tcase_add_test(tcase, param_used_twice_and_bound_twice_collects_everything);
    tcase_add_test(tcase, both_operands_of_an_add_have_gradients_of_their_own);
    tcase_add_test(tcase, adding_a_node_to_itself_and_to_its_neighbours_is_exact);
    tcase_add_test(tcase, retained_gradients_survive_later_accumulation);
    tcase_add_test(tcase, seed_tensor_is_never_written_to);
    tcase_add_test(tcase, gradients_handed_out_stay_when_the_next_walk_runs);
    tcase_add_test(tcase, views_of_one_node_collect_in_it);
    tcase_add_test(tcase, slices_of_a_param_add_to_what_its_tensor_holds);
    tcase_add_test(tcase, strided_param_has_a_dense_gradient);
    return tcase;
}
