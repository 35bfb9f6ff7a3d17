/* Edge cases: masks, borders, pooling, random numbers. */
#include "tests/test_edges.h"

static tp_var mask_on(tp_tape *tape, int64_t n, const double *numbers)
{
    return vector(tape, TP_U8, n, numbers, true);
}

void edge_masked_fill_nan(tp_tape *tape)
{
    const tp_var x = VECTOR(NOT_A_NUMBER, 4, 0), log_x = tp_log(x), taken = mask_on(tape, 3, LIST_OF(1, 0, 1));
    HOLDS(tp_masked_fill(log_x, taken, 7), 7, log(4), 7);
    SLOPE(tp_masked_fill(log_x, taken, 7), x, 0, .25, 0);
    SLOPE(tp_masked_select(log_x, mask_on(tape, 3, LIST_OF(0, 1, 0))), x, 0, .25, 0);
}

void edge_masked_select_none(tp_tape *tape)
{
    const tp_var x = VECTOR(1, 2), y = tp_masked_select(x, mask_on(tape, 2, LIST_OF(0, 0)));
    ck_assert_int_eq(numbers_in(y), 0);
    SLOPE(tp_sum(y), x, 0, 0);
}

void edge_pad_too_much(tp_tape *tape)
{
    const tp_var x = VECTOR(1, 2, 3);
    HOLDS(tp_pad(x, 2, (const int64_t[]){2, 0}, TP_PAD_REFLECT, 0), 3, 2, 1, 2, 3);
    REFUSED(tp_pad(x, 2, (const int64_t[]){3, 0}, TP_PAD_REFLECT, 0), TP_E_SHAPE);
    HOLDS(tp_pad(x, 2, (const int64_t[]){-1, 1}, TP_PAD_CONSTANT, 9), 2, 3, 9);
    SLOPE(tp_pad(x, 2, (const int64_t[]){-1, 1}, TP_PAD_CONSTANT, 9), x, 0, 1, 1);
}

void edge_triangle_far(tp_tape *tape)
{
    const tp_var x = leaf_tensor_on(tape, TP_DIMS(2, 2), LIST_OF(1, 2, 3, 4));
    HOLDS(tp_tril(x, 9), 1, 2, 3, 4);
    HOLDS(tp_tril(x, -9), 0, 0, 0, 0);
    HOLDS(tp_triu(x, 9), 0, 0, 0, 0);
    HOLDS(tp_tril(leaf_tensor_on(tape, TP_DIMS(1, 2), LIST_OF(NOT_A_NUMBER, INF)), -1), 0, 0);
}

void edge_arange_empty(tp_tape *tape)
{
    ck_assert_int_eq(numbers_in(tp_arange(tape, TP_F64, 2, 2, 1)), 0);
    HOLDS(tp_linspace(tape, TP_F64, 3, 5, 1), 3);
}

void edge_max_pool_tie(tp_tape *tape)
{
    const tp_pool_options two = {.window = {2}};
    const tp_var x = leaf_tensor_on(tape, TP_DIMS(1, 1, 4), LIST_OF(5, 5, 1, NOT_A_NUMBER));
    tp_var where;
    HOLDS(tp_max_pool1d(x, &two, &where), 5, NOT_A_NUMBER);
    HOLDS(where, 0, 3);
    SLOPE(tp_max_pool1d(x, &two, NULL), x, 1, 0, 0, 1);
}

void edge_max_pool_padding(tp_tape *tape)
{
    const tp_pool_options padded = {.window = {2}, .padding = {1}};
    const tp_var x = leaf_tensor_on(tape, TP_DIMS(1, 1, 2), LIST_OF(-3, -INF));
    HOLDS(tp_max_pool1d(x, &padded, NULL), -3, -INF);
    SLOPE(tp_max_pool1d(x, &padded, NULL), x, 1, 1);
}

void edge_conv_empty_batch(tp_tape *tape)
{
    const tp_var x = leaf_tensor_on(tape, TP_DIMS(0, 1, 4), NULL),
                 w = leaf_tensor_on(tape, TP_DIMS(1, 1, 2), LIST_OF(1, 2));
    const tp_var y = tp_conv1d(x, w, tp_none(), NULL);
    ck_assert_int_eq(numbers_in(y), 0);
    SLOPE(y, w, 0, 0);
}

void edge_dropout_none(tp_tape *tape)
{
    const tp_var x = VECTOR(1, INF, -2);
    HOLDS(tp_dropout(x, 0), 1, INF, -2);
    SLOPE(tp_dropout(x, 0), x, 1, 1, 1);
}

void edge_dropout_all(tp_tape *tape)
{
    const tp_var x = VECTOR(1, INF, NOT_A_NUMBER);
    HOLDS(tp_dropout(x, 1), 0, 0, 0);
    SLOPE(tp_dropout(x, 1), x, 0, 0, 0);
}

void edge_dropout_replay(tp_tape *tape)
{
    double before[64];
    const tp_var y = tp_dropout(tp_ones(tape, TP_F64, TP_DIMS(64)), .5);
    for (int i = 0; i < 64; i++) before[i] = number_at(y, i);
    ck_assert_int_eq(tp_replay(tape, 0), TP_OK);
    HOLDS(tp_sum(tp_sub(y, vector(tape, TP_F64, 64, before, true))), 0);
    for (int i = 0; i < 64; i++) ck_assert_double_eq(number_at(y, i), before[i]);
}

void edge_bernoulli_ends(tp_tape *tape)
{
    HOLDS(tp_bernoulli(VECTOR(0, 1, 0, 1)), 0, 1, 0, 1);
    REFUSED(tp_bernoulli(VECTOR(1.5)), TP_E_ARGUMENT);
    REFUSED(tp_bernoulli(VECTOR(NOT_A_NUMBER)), TP_E_ARGUMENT);
}

void edge_multinomial_zeros(tp_tape *tape)
{
    HOLDS(tp_multinomial(VECTOR(0, 1, 0), 3, true), 1, 1, 1);
    REFUSED(tp_multinomial(VECTOR(0, 0), 1, true), TP_E_ARGUMENT);
    REFUSED(tp_multinomial(VECTOR(0, 1, 0), 2, false), TP_E_ARGUMENT);
}

void edge_uniform_empty(tp_tape *tape)
{
    ck_assert_int_eq(numbers_in(tp_uniform(tape, TP_F64, TP_DIMS(0, 2), 0, 1)), 0);
}
