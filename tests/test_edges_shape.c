/* Edge cases: reductions, indices, shapes, products, normalisation. */
#include "tests/test_edges.h"

void edge_sum_of_nothing(tp_tape *tape)
{
    HOLDS(tp_sum(NO_NUMBERS), 0);
    HOLDS(tp_sum_axes(leaf_tensor_on(tape, TP_DIMS(0, 2), NULL), TP_AXES(0), false), 0, 0);
}

void edge_mean_of_nothing(tp_tape *tape)
{
    HOLDS(tp_mean(NO_NUMBERS), NOT_A_NUMBER);
    HOLDS(tp_mean_axes(leaf_tensor_on(tape, TP_DIMS(2, 0), NULL), TP_AXES(1), false), NOT_A_NUMBER, NOT_A_NUMBER);
}

void edge_max_of_nothing(tp_tape *tape)
{
    const tp_var x = NO_NUMBERS;
    REFUSED(tp_max(x), TP_E_SHAPE);
    REFUSED(tp_min(x), TP_E_SHAPE);
    REFUSED(tp_max_with_indices(x, 0, false, NULL), TP_E_SHAPE);
}

void edge_max_tie(tp_tape *tape)
{
    const tp_var x = VECTOR(3, 1, 3, 3), low = VECTOR(2, 2, 5);
    SLOPE(tp_max(x), x, 1. / 3, 0, 1. / 3, 1. / 3);
    SLOPE(tp_min(low), low, .5, .5, 0);
}

void edge_max_with_indices_tie(tp_tape *tape)
{
    const tp_var x = VECTOR(1, 3, 3);
    tp_var where;
    SLOPE(tp_max_with_indices(x, 0, false, &where), x, 0, 1, 0);
    HOLDS(where, 1);
}

void edge_max_of_nan(tp_tape *tape)
{
    const tp_var x = VECTOR(1, NOT_A_NUMBER, 3, NOT_A_NUMBER);
    tp_var where;
    HOLDS(tp_max(x), NOT_A_NUMBER);
    HOLDS(tp_min(x), NOT_A_NUMBER);
    HOLDS(tp_max_with_indices(x, 0, false, &where), NOT_A_NUMBER);
    HOLDS(where, 1);
}

void edge_axis_twice(tp_tape *tape)
{
    const tp_var x = leaf_tensor_on(tape, TP_DIMS(2, 3), NULL);
    REFUSED(tp_sum_axes(x, TP_AXES(2), false), TP_E_INDEX);
    REFUSED(tp_sum_axes(x, TP_AXES(1, -1), false), TP_E_INDEX);
    REFUSED(tp_softmax(x, 2), TP_E_INDEX);
}

void edge_negative_index(tp_tape *tape)
{
    const tp_var x = VECTOR(1, 2, 3, 4);
    HOLDS(tp_index(x, TP_AXES(-1)), 4);
    HOLDS(tp_slice(x, 0, -3, -1, 1), 2, 3);
    HOLDS(tp_gather(x, 0, INDICES(-1, -4)), 4, 1);
    HOLDS(tp_index_select(x, 0, INDICES(-2)), 3);
    HOLDS(tp_sum_axes(x, TP_AXES(-1), true), 10);
}

void edge_index_outside(tp_tape *tape)
{
    const tp_var x = VECTOR(1, 2, 3), table = leaf_tensor_on(tape, TP_DIMS(3, 2), NULL);
    const double outside[] = {3, -4};
    for (int i = 0; i < COUNT(outside); i++) {
        const tp_var at = INDICES(outside[i]);
        REFUSED(tp_index(x, 1, (const int64_t[]){(int64_t)outside[i]}), TP_E_INDEX);
        REFUSED(tp_gather(x, 0, at), TP_E_INDEX);
        REFUSED(tp_scatter(x, 0, at, tp_const(tape, 1)), TP_E_INDEX);
        REFUSED(tp_scatter_add(x, 0, at, tp_const(tape, 1)), TP_E_INDEX);
        REFUSED(tp_index_select(x, 0, at), TP_E_INDEX);
        REFUSED(tp_index_add(x, 0, at, tp_const(tape, 1)), TP_E_INDEX);
        REFUSED(tp_embedding(table, at, TP_NO_PADDING), TP_E_INDEX);
    }
    REFUSED(tp_slice(x, 0, 0, 4, 1), TP_E_INDEX);
    REFUSED(tp_slice(x, 0, 2, 1, 1), TP_E_INDEX);
}

void edge_empty_slice(tp_tape *tape)
{
    const tp_var x = VECTOR(1, 2, 3), y = tp_slice(x, 0, 3, 3, 1);
    ck_assert_int_eq(numbers_in(y), 0);
    SLOPE(tp_sum(y), x, 0, 0, 0);
}

void edge_index_repeated(tp_tape *tape)
{
    const tp_var x = VECTOR(1, 2, 3), table = leaf_tensor_on(tape, TP_DIMS(2, 1), NULL);
    SLOPE(tp_gather(x, 0, INDICES(2, 0, 2, 2)), x, 1, 0, 3);
    SLOPE(tp_index_select(x, 0, INDICES(1, 1)), x, 0, 2, 0);
    SLOPE(tp_embedding(table, INDICES(1, 1, 0), TP_NO_PADDING), table, 1, 2);
}

void edge_scatter_repeated(tp_tape *tape)
{
    const tp_var x = VECTOR(1, 2, 3), src = VECTOR(10, 20, 30), y = tp_scatter(x, 0, INDICES(1, 1, 0), src);
    HOLDS(y, 30, 20, 3);
    SLOPE(y, src, 0, 1, 1);
    SLOPE(y, x, 0, 0, 1);
    HOLDS(tp_scatter_add(x, 0, INDICES(1, 1, 0), src), 31, 32, 3);
}

void edge_concat_empty(tp_tape *tape)
{
    const tp_var x = VECTOR(1, 2), none = NO_NUMBERS, y = tp_concat((const tp_var[]){x, none, x}, 3, 0);
    HOLDS(y, 1, 2, 1, 2);
    SLOPE(y, x, 2, 2);
    tp_var g;
    ck_assert_int_eq(tp_gradients(tp_sum(y), &none, 1, &g, 0), TP_OK);
    ck_assert_int_eq(numbers_in(g), 0);
}

void edge_expand_gradient(tp_tape *tape)
{
    const tp_var x = VECTOR(1, 2), s = tp_scalar(tape, 3);
    SLOPE(tp_expand(x, TP_DIMS(4, 2)), x, 4, 4);
    SLOPE(tp_expand(s, TP_DIMS(2, 3)), s, 6);
    SLOPE(tp_expand(s, TP_DIMS(0, 3)), s, 0);
}

void edge_matmul_inner_zero(tp_tape *tape)
{
    const tp_var a = leaf_tensor_on(tape, TP_DIMS(2, 0), NULL), b = leaf_tensor_on(tape, TP_DIMS(0, 1), NULL);
    HOLDS(tp_matmul(a, b), 0, 0);
    HOLDS(tp_matmul(NO_NUMBERS, NO_NUMBERS), 0);
}

void edge_linear_of_nothing(tp_tape *tape)
{
    const tp_var x = leaf_tensor_on(tape, TP_DIMS(2, 0), NULL), weight = leaf_tensor_on(tape, TP_DIMS(1, 0), NULL);
    HOLDS(tp_linear(x, weight, VECTOR(5)), 5, 5);
    HOLDS(tp_linear(x, weight, tp_none()), 0, 0);
}

void edge_norm_of_constant(tp_tape *tape)
{
    const tp_var x = VECTOR(2, 2, 2, 2);
    HOLDS(tp_layer_norm(x, 1, tp_none(), tp_none(), 1e-5), 0, 0, 0, 0);
    SLOPE(tp_mul(tp_layer_norm(x, 1, tp_none(), tp_none(), .25), VECTOR(1, 0, 0, 0)), x, 1.5, -.5, -.5, -.5);
}

void edge_norm_without_eps(tp_tape *tape)
{
    HOLDS(tp_layer_norm(VECTOR(2, 2), 1, tp_none(), tp_none(), 0), NOT_A_NUMBER, NOT_A_NUMBER);
}

void edge_batch_norm_empty(tp_tape *tape)
{
    const tp_var x = leaf_tensor_on(tape, TP_DIMS(0, 3), NULL);
    REFUSED(tp_batch_norm(x, tp_none(), tp_none(), NULL, NULL, .1, 1e-5), TP_E_SHAPE);
}
