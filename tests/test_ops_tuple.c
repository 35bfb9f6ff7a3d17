/* Ops with two results: a user's own, x^2 and x^3, and the largest along an axis with its index. */
#include "tests/test_ops.h"

#include <stdlib.h>

static const double points[] = {.7, -1.3, 1.9, .4};

static tp_status powers_shape(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    const tp_status status = tp_ctx_result(ctx, 0, TP_F64, tp_tensor_rank(x), tp_tensor_dims(x));
    return status == TP_OK ? tp_ctx_result(ctx, 1, TP_F64, tp_tensor_rank(x), tp_tensor_dims(x)) : status;
}

static tp_status powers_forward(tp_ctx *ctx)
{
    const tp_tensor *x = tp_ctx_input(ctx, 0);
    for (int k = 0; k < 2; k++) {
        double *out = tp_tensor_data(tp_ctx_output(ctx, k));
        for (int64_t i = 0; i < tp_tensor_count(x); i++) out[i] = pow(tp_tensor_item(x, i), 2 + k);
    }
    return TP_OK;
}

static tp_status powers_backward(tp_ctx *ctx, tp_var g)
{
    const tp_var x = tp_ctx_input_var(ctx, 0), cubes = tp_ctx_upstream(ctx, 1);
    tp_status status = TP_OK;
    if (tp_ok(g)) status = tp_give(ctx, 0, tp_mul_masked(g, tp_muls(x, 2)));
    if (status == TP_OK && tp_ok(cubes)) status = tp_give(ctx, 0, tp_mul_masked(cubes, tp_muls(tp_square(x), 3)));
    return status;
}

static const tp_op powers = {TP_OP_HEAD,
                             .name = "powers",
                             .arity = 1,
                             .results = 2,
                             .structure = TP_ELEMENTWISE,
                             .shape = powers_shape,
                             .forward = powers_forward,
                             .backward = powers_backward};

static void check_powers(tp_tape *tape, tp_var x)
{
    tp_var parts[2];
    ck_assert_int_eq(tp_apply_all(&powers, &x, 1, NULL, parts), TP_OK);
    const tp_var roots[] = {parts[0], parts[1], tp_add(parts[0], tp_muls(parts[1], 2)), tp_mul(parts[0], parts[0])};
    for (int i = 0; i < COUNT(roots); i++) {
        tp_error error = {0};
        ck_assert_msg(tp_gradcheck(roots[i], &x, 1, NULL, &error) == TP_OK, "root %d: %s", i, error.message);
        ck_assert_msg(tp_gradgradcheck(roots[i], &x, 1, NULL, &error) == TP_OK, "root %d: %s", i, error.message);
    }
    ck_assert_int_eq(tp_tape_status(tape), TP_OK);
}

START_TEST(gradcheck_of_ops_with_two_results)
{
    tp_tape *tape = tp_tape_new(NULL);
    check_powers(tape, vector(tape, TP_F64, COUNT(points), points, false));
    check_powers(tape, tp_scalar(tape, 1.5));
    tp_tape_free(tape);
}
END_TEST

/* A walk from the first result knows nothing of the second's gradient, whatever an earlier walk left there. */
START_TEST(walk_from_one_result_ignores_old_gradients_of_the_other)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = vector(tape, TP_F64, COUNT(points), points, false);
    tp_var parts[2], g;
    ck_assert_int_eq(tp_apply_all(&powers, &x, 1, NULL, parts), TP_OK);
    const tp_var later = tp_sum(tp_add(tp_exp(parts[1]), parts[0]));
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        ck_assert_int_eq(tp_gradients(later, &x, 1, &g, flags), TP_OK);
        ck_assert_int_eq(tp_vjp(parts[0], tp_const(tape, 1), &x, 1, &g, flags), TP_OK);
        for (int i = 0; i < COUNT(points); i++) ck_assert_double_eq_tol(number_at(g, i), 2 * points[i], 1e-15);
    }
    tp_tape_free(tape);
}
END_TEST

/* Memory that was used before: not zeros. */
static void *stale_memory(void *user, size_t size, size_t alignment)
{
    (void)user;
    const size_t rounded = (size + alignment - 1) / alignment * alignment;
    void *memory = aligned_alloc(alignment < sizeof(void *) ? sizeof(void *) : alignment, rounded);
    if (memory) memset(memory, 0xa5, rounded);
    return memory;
}

static void give_back(void *user, void *memory, size_t size)
{
    (void)user, (void)size;
    free(memory);
}

START_TEST(walk_from_the_first_result_reads_nothing_past_it)
{
    const tp_allocator memory = {stale_memory, give_back, NULL};
    const tp_tape_options options = {.memory = &memory};
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_tape *tape = tp_tape_new(&options);
        const tp_var x = vector(tape, TP_F64, COUNT(points), points, false);
        tp_var parts[2], g;
        ck_assert_int_eq(tp_apply_all(&powers, &x, 1, NULL, parts), TP_OK);
        ck_assert_int_eq(tp_vjp(parts[0], tp_const(tape, 1), &x, 1, &g, flags), TP_OK);
        for (int i = 0; i < COUNT(points); i++) ck_assert_double_eq_tol(number_at(g, i), 2 * points[i], 1e-15);
        tp_tape_free(tape);
    }
}
END_TEST

/* ---- the largest with its index ---- */

static const double table[] = {1, 7, 3, 7, 5, 0, 9, 2};

static tp_var table_on(tp_tape *tape, tp_dtype dtype, tp_var *flat)
{
    *flat = vector(tape, dtype, 8, table, false);
    return tp_reshape(*flat, TP_DIMS(2, 4));
}

START_TEST(max_with_indices_takes_the_first_of_a_tie)
{
    tp_tape *tape = tp_tape_new(NULL);
    for (int dtype = TP_F32; dtype <= TP_F64; dtype++) {
        tp_var flat, indices;
        const tp_var x = table_on(tape, (tp_dtype)dtype, &flat);
        const tp_var y = tp_max_with_indices(x, 1, false, &indices);
        expect_elements("values", y, 2, (double[]){7, 9}, 0);
        expect_elements("indices", indices, 2, (double[]){1, 2}, 0);
        ck_assert_int_eq(tp_var_dtype(indices), TP_I64);
        ck_assert(!tp_needs_grad(indices));
        expect_gradient("sum of values", tp_sum(y), flat, 8, (double[]){0, 1, 0, 0, 0, 0, 1, 0});
    }
    tp_tape_free(tape);
}
END_TEST

START_TEST(tuple_gradient_flows_through_the_value_alone)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_var flat, indices;
    const tp_var y = tp_max_with_indices(table_on(tape, TP_F64, &flat), 1, false, &indices);
    const tp_var seed = vector(tape, TP_F64, 2, (double[]){3, 4}, true);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) { /* the root is the first result itself */
        tp_var g;
        ck_assert_int_eq(tp_vjp(y, seed, &flat, 1, &g, flags), TP_OK);
        expect_elements("dx", g, 8, (double[]){0, 3, 0, 0, 0, 0, 4, 0}, 0);
    }
    tp_tape_free(tape);
}
END_TEST

START_TEST(tuple_with_both_results_used)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_var flat, indices;
    const tp_var y = tp_max_with_indices(table_on(tape, TP_F64, &flat), 1, false, &indices);
    const tp_var weighted = tp_sum(tp_mul(tp_square(y), tp_cast(indices, TP_F64)));
    expect_elements("value", weighted, 1, (double[]){49 * 1 + 81 * 2}, 0);
    expect_gradient("both", weighted, flat, 8, (double[]){0, 14, 0, 0, 0, 0, 36, 0});
    tp_tape_free(tape);
}
END_TEST

START_TEST(tuple_with_only_the_indices_used_has_no_gradient)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_var flat, indices;
    tp_max_with_indices(table_on(tape, TP_F64, &flat), 1, false, &indices);
    const tp_var places = tp_cast(indices, TP_F64);
    ck_assert(!tp_needs_grad(places));
    const double zeros[8] = {0};
    expect_gradient("indices", tp_sum(places), flat, 8, zeros);
    tp_tape_free(tape);
}
END_TEST

START_TEST(tuple_of_a_vector_is_two_scalars)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_var index;
    const tp_var x = vector(tape, TP_F32, 8, table, false), y = tp_max_with_indices(x, 0, false, &index);
    ck_assert_ptr_null(tp_value(y));
    ck_assert_double_eq(tp_item(y), 9);
    ck_assert_double_eq(tp_item(index), 6);
    expect_gradient("the largest", tp_mul(y, index), x, 8, (double[]){0, 0, 0, 0, 0, 0, 6, 0});
    tp_tape_free(tape);
}
END_TEST

START_TEST(tuple_replays_values_and_indices)
{
    tp_tape *tape = tp_tape_new(NULL);
    const int64_t dims[] = {2, 4};
    tp_tensor *tensor = tp_tensor_from(TP_F64, 2, dims, table);
    const tp_var x = tp_leaf(tape, tensor);
    tp_var indices, g;
    const tp_var y = tp_max_with_indices(x, 1, false, &indices);
    const tp_var loss = tp_sum(tp_mul(y, tp_cast(indices, TP_F64)));
    ck_assert_int_eq(tp_gradients(loss, &x, 1, &g, TP_CREATE_GRAPH), TP_OK);
    ((double *)tp_tensor_data(tensor))[3] = 8;
    ((double *)tp_tensor_data(tensor))[4] = 10;
    ck_assert_int_eq(tp_replay(tape, 0), TP_OK);
    expect_elements("values", y, 2, (double[]){8, 10}, 0);
    expect_elements("indices", indices, 2, (double[]){3, 0}, 0);
    expect_elements("replayed gradient", g, 8, (double[]){0, 0, 0, 3, 0, 0, 0, 0}, 0);
    expect_gradient("gradient", loss, x, 8, (double[]){0, 0, 0, 3, 0, 0, 0, 0});
    tp_tape_free(tape);
    tp_tensor_release(tensor);
}
END_TEST

TCase *tuples_case(void)
{
    TCase *tuples = tcase_create("two results");
    tcase_add_test(tuples, gradcheck_of_ops_with_two_results);
    tcase_add_test(tuples, walk_from_the_first_result_reads_nothing_past_it);
    tcase_add_test(tuples, walk_from_one_result_ignores_old_gradients_of_the_other);
    tcase_add_test(tuples, max_with_indices_takes_the_first_of_a_tie);
    tcase_add_test(tuples, tuple_gradient_flows_through_the_value_alone);
    tcase_add_test(tuples, tuple_with_both_results_used);
    tcase_add_test(tuples, tuple_with_only_the_indices_used_has_no_gradient);
    tcase_add_test(tuples, tuple_of_a_vector_is_two_scalars);
    tcase_add_test(tuples, tuple_replays_values_and_indices);
    return tuples;
}
