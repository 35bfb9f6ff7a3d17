/* Edges of the ops that repeat, turn, pad and cut out, of the constants, and every way to call them wrongly. */
#include "tests/test_ops_shape.h"

static void expect_dims(tp_var x, int rank, const int64_t *dims)
{
    ck_assert_msg(tp_ok(x) && tp_shape_equal(tp_var_rank(x), tp_var_dims(x), rank, dims), "the shape is another: %s",
                  tp_tape_error(x.tape));
}

/* ---- views ---- */

START_TEST(slice_backwards_follows_numpy)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = RAMP(5);
    ELEMENTS("all", tp_slice(x, 0, TP_END, TP_END, -1), 4, 3, 2, 1, 0);
    ELEMENTS("3:0:-1", tp_slice(x, 0, 3, 0, -1), 3, 2, 1);
    ELEMENTS("-2::-3", tp_slice(x, 0, -2, TP_END, -3), 3, 0);
    ELEMENTS("4:-4:-2", tp_slice(x, 0, 4, -4, -2), 4, 2);
    ELEMENTS("far", tp_slice(x, 0, 2, TP_END, INT64_MIN), 2);
    expect_dims(tp_slice(x, 0, 2, 2, -1), TP_DIMS(0));
    expect_dims(tp_slice(RAMP(0), 0, TP_END, TP_END, -1), TP_DIMS(0));
    ck_assert_int_eq(tp_tensor_stride(tp_value(tp_slice(x, 0, TP_END, TP_END, -1)), 0), -1);
    GRADIENT("twice", tp_sum(tp_mul(tp_slice(x, 0, TP_END, TP_END, -1), x)), x, 8, 6, 4, 2, 0);
    REFUSES(TP_E_INDEX, tp_slice(x, 0, 5, 0, -1), "tp_slice", "5:0:-1", "(5)");
    REFUSES(TP_E_INDEX, tp_slice(x, 0, 1, 3, -1), "tp_slice", "1:3:-1");
    REFUSES(TP_E_INDEX, tp_slice(x, 0, 3, -6, -1), "tp_slice", "3:-6:-1");
    REFUSES(TP_E_INDEX, tp_slice(x, 0, 0, 3, 0), "tp_slice", "0:3:0");
    REFUSES(TP_E_INDEX, tp_slice(x, 0, TP_END, TP_END, 1), "tp_slice");
    tp_tape_free(tape);
}
END_TEST

/* A view with negative strides is read right by what comes after it. */
START_TEST(flipped_views_go_through_other_ops)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = RAMP(2, 3), y = tp_flip(x, 0, NULL);
    ELEMENTS("flip", y, 5, 4, 3, 2, 1, 0);
    ELEMENTS("contiguous", tp_contiguous(y), 5, 4, 3, 2, 1, 0);
    ELEMENTS("reshape", tp_reshape(y, TP_DIMS(6)), 5, 4, 3, 2, 1, 0);
    ELEMENTS("sum", tp_sum_axes(y, TP_AXES(0), false), 7, 5, 3);
    ELEMENTS("f32", tp_cast(y, TP_F32), 5, 4, 3, 2, 1, 0);
    ELEMENTS("matmul", tp_matmul(y, tp_transpose(y, 0, 1)), 50, 14, 14, 5);
    ELEMENTS("index_select", tp_index_select(y, 1, I64(2, 0, -1)), 5, 3, 2, 0);
    ELEMENTS("tile", tp_tile(y, TP_AXES(2)), 5, 4, 3, 5, 4, 3, 2, 1, 0, 2, 1, 0);
    ck_assert_double_eq(tp_item(tp_index(y, TP_AXES(0, 1))), 4);
    tp_tape_free(tape);
}
END_TEST

/* Copies of any order of axes, forwards and backwards, against reading the elements one by one. */
static void check_dense_copy(tp_var x)
{
    const tp_tensor *dense = tp_value(tp_contiguous(x)), *value = tp_value(x);
    ck_assert_msg(tp_tensor_dense(dense), "not dense");
    for (int64_t i = 0; i < tp_tensor_count(value); i++)
        ck_assert_msg(tp_tensor_item(dense, i) == tp_tensor_item(value, i), "element %lld of rank %d", (long long)i,
                      tp_tensor_rank(value));
}

START_TEST(dense_copies_agree_with_single_reads)
{
    static const tp_dtype dtypes[] = {TP_F32, TP_F64, TP_I32, TP_I64, TP_U8};
    static const int64_t orders[][3] = {{0, 2, 1}, {1, 0, 2}, {2, 0, 1}, {1, 2, 0}, {2, 1, 0}};
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var matrix = tp_cast(RAMP(35, 50), dtypes[_i]), cube = tp_cast(RAMP(3, 18, 33), dtypes[_i]);
    check_dense_copy(tp_transpose(matrix, 0, 1));
    check_dense_copy(tp_transpose(tp_slice(matrix, 1, 3, 40, 1), 0, 1));
    check_dense_copy(tp_transpose(tp_slice(matrix, 0, TP_END, TP_END, -2), 0, 1));
    check_dense_copy(tp_flip(tp_transpose(matrix, 0, 1), 0, NULL));
    for (int i = 0; i < COUNT(orders); i++) {
        check_dense_copy(tp_permute(cube, 3, orders[i]));
        check_dense_copy(tp_flip(tp_permute(cube, 3, orders[i]), TP_AXES(0, 2)));
    }
    tp_tape_free(tape);
}
END_TEST

/* Larger than a cache, in whole lines and not. */
START_TEST(large_transposes_and_their_gradients_are_exact)
{
    const int64_t rows = 1536 + (_i == 1 ? 5 : 0), columns = 1536 + (_i == 2 ? 7 : 0), count = rows * columns;
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *x = tp_tensor_new(TP_F32, TP_DIMS(rows, columns)), *seed = tp_tensor_new(TP_F32, TP_DIMS(columns, rows));
    float *a = tp_tensor_data(x), *b = tp_tensor_data(seed);
    for (int64_t i = 0; i < count; i++) a[i] = (float)(i % 65537), b[i] = (float)(i % 65521);
    for (int pass = 1; pass <= 2; pass++) { /* stored, then added */
        const tp_var y = tp_contiguous(tp_transpose(tp_param(tape, x), 0, 1));
        ck_assert_int_eq(tp_backward_from(y, tp_data(tape, seed), 0), TP_OK);
        const float *dense = tp_tensor_read(tp_value(y)), *grad = tp_tensor_read(tp_tensor_grad(x));
        int64_t wrong = 0;
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < columns; j++)
                wrong +=
                    dense[j * rows + i] != a[i * columns + j] || grad[i * columns + j] != (float)pass * b[j * rows + i];
        ck_assert_int_eq(wrong, 0);
    }
    tp_tensor_release(x);
    tp_tensor_release(seed);
    tp_tape_free(tape);
}
END_TEST

START_TEST(axes_are_taken_out_and_put_in)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = RAMP(1, 3, 1), s = tp_scalar(tape, 2);
    expect_dims(tp_squeeze(x, 0, NULL), TP_DIMS(3));
    expect_dims(tp_squeeze(x, TP_AXES(-1)), TP_DIMS(1, 3));
    ck_assert_double_eq(tp_item(tp_squeeze(RAMP(1, 1), 0, NULL)), 0);
    ck_assert_int_eq(tp_var_rank(tp_squeeze(s, 0, NULL)), 0);
    expect_dims(tp_unsqueeze(x, -1), TP_DIMS(1, 3, 1, 1));
    expect_dims(tp_unsqueeze(s, 0), TP_DIMS(1));
    expect_dims(tp_flatten(RAMP(2, 3, 4), 1, -1), TP_DIMS(2, 12));
    expect_dims(tp_flatten(s, 0, -1), TP_DIMS(1));
    expect_dims(tp_movedim(RAMP(2, 3, 4), 0, -1), TP_DIMS(3, 4, 2));
    expect_dims(tp_movedim(RAMP(2, 3, 4), 2, 0), TP_DIMS(4, 2, 3));
    ck_assert_int_eq((int)tp_contiguous(x).node, (int)x.node);
    REFUSES(TP_E_SHAPE, tp_squeeze(x, TP_AXES(1)), "tp_squeeze", "axis 1", "(1,3,1)");
    REFUSES(TP_E_INDEX, tp_squeeze(x, TP_AXES(3)), "tp_squeeze", "(1,3,1)");
    REFUSES(TP_E_INDEX, tp_unsqueeze(x, 4), "tp_unsqueeze", "axis 4", "(1,3,1)");
    REFUSES(TP_E_LIMIT, tp_unsqueeze(RAMP(1, 1, 1, 1, 1, 1, 1, 1), 0), "tp_unsqueeze");
    REFUSES(TP_E_INDEX, tp_flatten(x, 2, 1), "tp_flatten", "2 to 1", "(1,3,1)");
    REFUSES(TP_E_INDEX, tp_movedim(x, 0, 3), "tp_movedim", "(1,3,1)");
    REFUSES(TP_E_INDEX, tp_flip(x, TP_AXES(0, 0)), "tp_flip", "(1,3,1)");
    tp_tape_free(tape);
}
END_TEST

START_TEST(split_and_chunk_cover_an_axis)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = RAMP(5);
    tp_var parts[6];
    ck_assert_int_eq(tp_split(x, 0, 3, (int64_t[]){1, 0, 4}, parts), TP_OK);
    ELEMENTS("the last", parts[2], 1, 2, 3, 4);
    expect_dims(parts[1], TP_DIMS(0));
    ck_assert_int_eq(tp_chunk(x, 0, 4, parts), 3);
    ELEMENTS("the last", parts[2], 4);
    ck_assert(!tp_ok(parts[3]));
    ck_assert_int_eq(tp_chunk(x, 0, 6, parts), 5);
    ck_assert_int_eq(tp_chunk(RAMP(0, 2), 0, 3, parts), 1);
    expect_dims(parts[0], TP_DIMS(0, 2));
    tp_split(x, 0, 2, (int64_t[]){1, 5}, parts);
    REFUSES(TP_E_SHAPE, parts[0], "tp_split", "part 1 of 5", "(5)");
    tp_split(x, 0, 2, (int64_t[]){1, 3}, parts);
    REFUSES(TP_E_SHAPE, parts[1], "tp_split", "leave 1", "(5)");
    tp_split(x, 1, 1, (int64_t[]){5}, parts);
    REFUSES(TP_E_INDEX, parts[0], "tp_split", "axis 1", "(5)");
    ck_assert_int_eq(tp_split(x, 0, 1, NULL, parts), TP_E_ARGUMENT);
    tp_tape_clear_error(tape);
    ck_assert_int_eq(tp_chunk(x, 0, 0, parts), 0);
    REFUSES(TP_E_ARGUMENT, tp_none(), "tp_chunk", "0 parts", "(5)");
    ck_assert_int_eq(tp_chunk(x, 0, 2, NULL), 0);
    REFUSES(TP_E_ARGUMENT, tp_none(), "tp_chunk", "NULL");
    ck_assert_int_eq(tp_split(tp_none(), 0, 1, (int64_t[]){1}, parts), TP_E_ARGUMENT);
    tp_tape_free(tape);
}
END_TEST

/* ---- copies ---- */

START_TEST(tiles_and_borders_at_their_edges)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = RAMP(3);
    ELEMENTS("reflect", tp_pad(x, TP_AXES(2, 2), TP_PAD_REFLECT, 0), 2, 1, 0, 1, 2, 1, 0);
    ELEMENTS("replicate", tp_pad(x, TP_AXES(2, 1), TP_PAD_REPLICATE, 0), 0, 0, 0, 1, 2, 2);
    ELEMENTS("circular", tp_pad(x, TP_AXES(3, 2), TP_PAD_CIRCULAR, 0), 0, 1, 2, 0, 1, 2, 0, 1);
    ELEMENTS("constant", tp_pad(x, TP_AXES(-2, 2), TP_PAD_CONSTANT, 9), 2, 9, 9);
    ELEMENTS("nan", tp_pad(x, TP_AXES(-3, 1), TP_PAD_CONSTANT, NOT_A_NUMBER), NOT_A_NUMBER);
    GRADIENT("reflect", tp_sum(tp_pad(x, TP_AXES(2, 2), TP_PAD_REFLECT, 0)), x, 2, 3, 2);
    ck_assert_int_eq((int)tp_pad(tp_scalar(tape, 1), 0, NULL, TP_PAD_CONSTANT, 0).node, (int)tape->count - 1);
    REFUSES(TP_E_SHAPE, tp_pad(x, TP_AXES(3, 0), TP_PAD_REFLECT, 0), "tp_pad", "3 before", "(3)");
    REFUSES(TP_E_SHAPE, tp_pad(x, TP_AXES(0, 4), TP_PAD_CIRCULAR, 0), "tp_pad", "4 after", "(3)");
    REFUSES(TP_E_SHAPE, tp_pad(x, TP_AXES(-1, 0), TP_PAD_REPLICATE, 0), "tp_pad", "-1 before");
    REFUSES(TP_E_SHAPE, tp_pad(x, TP_AXES(-4, 2), TP_PAD_CONSTANT, 0), "tp_pad", "-4 before");
    REFUSES(TP_E_SHAPE, tp_pad(RAMP(0), TP_AXES(1, 1), TP_PAD_REPLICATE, 0), "tp_pad", "(0)");
    REFUSES(TP_E_SHAPE, tp_pad(x, TP_AXES(INT64_MAX, 1), TP_PAD_CONSTANT, 0), "tp_pad");
    REFUSES(TP_E_LIMIT, tp_pad(RAMP(3, 3), TP_AXES(1ll << 61, 0), TP_PAD_CONSTANT, 0), "tp_pad");
    REFUSES(TP_E_ARGUMENT, tp_pad(x, TP_AXES(1), TP_PAD_CONSTANT, 0), "tp_pad", "1 amounts", "(3)");
    REFUSES(TP_E_ARGUMENT, tp_pad(x, TP_AXES(1, 1, 1, 1), TP_PAD_CONSTANT, 0), "tp_pad", "4 amounts");
    REFUSES(TP_E_ARGUMENT, tp_pad(x, TP_AXES(1, 1), (tp_pad_mode)4, 0), "tp_pad", "mode 4");
    REFUSES(TP_E_ARGUMENT, tp_pad(x, 2, NULL, TP_PAD_CONSTANT, 0), "tp_pad");
    REFUSES(TP_E_ARGUMENT, tp_tile(x, TP_AXES(-1)), "tp_tile", "-1 times (3)");
    REFUSES(TP_E_LIMIT, tp_tile(x, 9, NULL), "tp_tile", "9 counts");
    REFUSES(TP_E_LIMIT, tp_tile(x, TP_AXES(INT64_MAX)), "tp_tile", "overflows");
    REFUSES(TP_E_LIMIT, tp_tile(x, TP_AXES(1ll << 40, 1ll << 40)), "tp_tile");
    REFUSES(TP_E_INDEX, tp_repeat_interleave(x, 1, 2), "tp_repeat_interleave", "axis 1 of (3)");
    REFUSES(TP_E_ARGUMENT, tp_repeat_interleave(x, 0, -2), "tp_repeat_interleave", "-2 times");
    REFUSES(TP_E_LIMIT, tp_repeat_interleave(x, 0, INT64_MAX), "tp_repeat_interleave");
    REFUSES(TP_E_INDEX, tp_roll(x, 1, (int64_t[]){1}, (int64_t[]){1}), "tp_roll", "(3)");
    REFUSES(TP_E_INDEX, tp_roll(x, 1, NULL, (int64_t[]){0}), "tp_roll");
    ELEMENTS("far", tp_roll(x, 1, (int64_t[]){INT64_MIN}, (int64_t[]){0}), 2, 0, 1);
    tp_tape_free(tape);
}
END_TEST

START_TEST(diagonals_and_triangles_at_their_edges)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = RAMP(2, 3), v = RAMP(2);
    ELEMENTS("diag", tp_diag(v, -1), 0, 0, 0, 0, 0, 0, 0, 1, 0);
    ELEMENTS("diag", tp_diag(x, 1), 1, 5);
    expect_dims(tp_diag(x, INT64_MIN), TP_DIMS(0));
    expect_dims(tp_diagonal(x, INT64_MAX, 0, 1), TP_DIMS(0));
    ELEMENTS("tril", tp_tril(x, INT64_MIN), 0, 0, 0, 0, 0, 0);
    ELEMENTS("tril", tp_tril(x, INT64_MAX), 0, 1, 2, 3, 4, 5);
    ELEMENTS("triu", tp_triu(x, INT64_MIN), 0, 1, 2, 3, 4, 5);
    const tp_var bad =
        tp_reshape(vector(tape, TP_F64, 4, (double[]){1, NOT_A_NUMBER, HUGE_VAL, 2}, false), TP_DIMS(2, 2));
    ELEMENTS("tril of NaN", tp_tril(bad, 0), 1, 0, HUGE_VAL, 2);
    REFUSES(TP_E_SHAPE, tp_tril(v, 0), "tp_tril", "(2)");
    REFUSES(TP_E_SHAPE, tp_triu(tp_scalar(tape, 1), 0), "tp_triu", "()");
    REFUSES(TP_E_SHAPE, tp_diag(RAMP(1, 1, 1), 0), "tp_diag", "(1,1,1)");
    REFUSES(TP_E_LIMIT, tp_diag(v, INT64_MIN), "tp_diag", "(2)");
    REFUSES(TP_E_LIMIT, tp_diag(v, INT64_MAX), "tp_diag", "(2)");
    REFUSES(TP_E_LIMIT, tp_diag_embed(RAMP(1, 1, 1, 1, 1, 1, 1, 1), 0), "tp_diag");
    REFUSES(TP_E_INDEX, tp_diagonal(x, 0, 0, 0), "tp_diagonal", "(2,3)");
    REFUSES(TP_E_INDEX, tp_diagonal(x, 0, 0, 2), "tp_diagonal", "axes 0 and 2");
    tp_tape_free(tape);
}
END_TEST

/* ---- masks ---- */

START_TEST(masked_select_replays_while_the_count_stays)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *bytes = tp_tensor_from(TP_U8, TP_DIMS(4), (uint8_t[]){1, 0, 7, 0});
    const tp_var x = RAMP(4), y = tp_masked_select(x, tp_data(tape, bytes));
    ELEMENTS("chosen", y, 0, 2);
    GRADIENT("chosen", tp_sum(y), x, 1, 0, 1, 0);
    memcpy(tp_tensor_data(bytes), (uint8_t[]){0, 1, 0, 1}, 4);
    ck_assert_int_eq(tp_replay(tape, 0), TP_OK);
    ELEMENTS("others", y, 1, 3);
    memcpy(tp_tensor_data(bytes), (uint8_t[]){1, 1, 0, 1}, 4);
    ck_assert_int_eq(tp_replay(tape, 0), TP_E_SHAPE);
    ck_assert_ptr_nonnull(strstr(tp_tape_error(tape), "tp_masked_select: the mask chooses 3 elements, 2"));
    tp_tensor_release(bytes);
    tp_tape_free(tape);
}
END_TEST

START_TEST(masks_at_their_edges)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = RAMP(2, 3), mask = integers(tape, TP_U8, TP_DIMS(3), (double[]){0, 255, 0});
    ELEMENTS("fill", tp_masked_fill(x, mask, -HUGE_VAL), 0, -HUGE_VAL, 2, 3, -HUGE_VAL, 5);
    const tp_var odd = vector(tape, TP_F32, 3, (double[]){1, NOT_A_NUMBER, 2}, false), y = tp_masked_fill(odd, mask, 4);
    ELEMENTS("NaN masked", y, 1, 4, 2);
    ELEMENTS("select", tp_masked_select(x, mask), 1, 4);
    ELEMENTS("select a scalar", tp_masked_select(tp_scalar(tape, 3), mask), 3);
    expect_dims(tp_masked_select(x, integers(tape, TP_U8, TP_DIMS(1), (double[]){0})), TP_DIMS(0));
    REFUSES(TP_E_DTYPE, tp_masked_fill(x, RAMP(3), 0), "tp_masked_fill", "f64 (3)");
    REFUSES(TP_E_SHAPE, tp_masked_fill(RAMP(2, 2), mask, 0), "tp_masked_fill", "(3)", "(2,2)");
    REFUSES(TP_E_DTYPE, tp_masked_select(x, I64(3, 0, 1, 1)), "tp_masked_select", "i64 (3)");
    REFUSES(TP_E_DTYPE, tp_masked_select(x, tp_scalar(tape, 1)), "tp_masked_select", "f64 ()");
    REFUSES(TP_E_SHAPE, tp_masked_select(RAMP(2, 2), mask), "tp_masked_select", "(3)", "(2,2)");
    tp_tape_free(tape);
}
END_TEST

/* ---- windows ---- */

START_TEST(windows_that_do_not_fit_are_refused)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = RAMP(1, 1, 3, 3), columns = RAMP(1, 4, 4);
    const tp_window_options two = {.kernel = {2, 2}};
    ELEMENTS("unfold", tp_unfold(RAMP(1, 1, 2, 2), &(tp_window_options){.kernel = {1, 2}, .padding = {0, 1}}), 0, 0, 1,
             0, 2, 3, 0, 1, 0, 2, 3, 0);
    ELEMENTS("fold", tp_fold(tp_ones_like(columns), 3, 3, &two), 1, 2, 1, 2, 4, 2, 1, 2, 1);
    REFUSES(TP_E_SHAPE, tp_unfold(x, NULL), "tp_unfold", "(1,1,3,3)", "no options");
    REFUSES(TP_E_SHAPE, tp_unfold(RAMP(3, 3), &two), "tp_unfold", "(3,3)");
    REFUSES(TP_E_SHAPE, tp_unfold(x, &(tp_window_options){.kernel = {4, 1}}), "tp_unfold", "larger");
    REFUSES(TP_E_SHAPE, tp_unfold(x, &(tp_window_options){.kernel = {0, 1}}), "tp_unfold", "positive");
    REFUSES(TP_E_SHAPE, tp_unfold(x, &(tp_window_options){.kernel = {1, 1}, .padding = {0, -1}}), "padding");
    REFUSES(TP_E_SHAPE, tp_unfold(x, &(tp_window_options){.kernel = {1, 1}, .padding = {1ll << 62, 0}}), "overflow");
    REFUSES(TP_E_LIMIT, tp_unfold(x, &(tp_window_options){.kernel = {1, 1}, .padding = {1ll << 40, 1ll << 40}}),
            "tp_unfold");
    REFUSES(TP_E_SHAPE, tp_unfold(x, &(tp_window_options){.kernel = {INT64_MAX, 1}, .dilation = {9, 1}}), "overflow");
    REFUSES(TP_E_SHAPE, tp_fold(columns, 3, 4, &two), "tp_fold", "(1,4,4)", "as many windows");
    REFUSES(TP_E_SHAPE, tp_fold(RAMP(1, 3, 4), 3, 3, &two), "tp_fold", "multiple");
    REFUSES(TP_E_SHAPE, tp_fold(columns, -1, 3, &two), "tp_fold", "negative");
    REFUSES(TP_E_SHAPE, tp_fold(x, 3, 3, &two), "tp_fold", "(1,1,3,3)");
    REFUSES(TP_E_DTYPE, tp_fold(tp_cast(columns, TP_I32), 3, 3, &two), "tp_fold", "i32");
    tp_tape_free(tape);
}
END_TEST

/* ---- constants ---- */

START_TEST(constants_hold_what_they_say)
{
    tp_tape *tape = tp_tape_new(NULL);
    ELEMENTS("full", tp_full(tape, TP_F32, TP_DIMS(3), 2.5), 2.5, 2.5, 2.5);
    ELEMENTS("zeros", tp_zeros(tape, TP_I64, TP_DIMS(2, 1)), 0, 0);
    ELEMENTS("ones", tp_ones(tape, TP_U8, TP_DIMS(2)), 1, 1);
    ck_assert_double_eq(tp_item(tp_full(tape, TP_F64, 0, NULL, 7)), 7);
    ELEMENTS("eye", tp_eye(tape, TP_F64, 2, 3), 1, 0, 0, 0, 1, 0);
    ELEMENTS("arange", tp_arange(tape, TP_I32, 1, 7, 2), 1, 3, 5);
    ELEMENTS("arange down", tp_arange(tape, TP_F64, 1, 0, -.25), 1, .75, .5, .25);
    expect_dims(tp_arange(tape, TP_F64, 1, 0, 1), TP_DIMS(0));
    ELEMENTS("linspace", tp_linspace(tape, TP_F64, 0, 1, 5), 0, .25, .5, .75, 1);
    ELEMENTS("linspace of one", tp_linspace(tape, TP_F64, 3, 9, 1), 3);
    const tp_var x = RAMP(2, 2), like = tp_full_like(tp_cast(x, TP_F32), 3);
    ELEMENTS("full_like", like, 3, 3, 3, 3);
    ck_assert(tp_var_dtype(like) == TP_F32 && !tp_needs_grad(like));
    ELEMENTS("zeros_like", tp_zeros_like(x), 0, 0, 0, 0);
    ck_assert_double_eq(tp_item(tp_ones_like(tp_scalar(tape, 5))), 1);
    GRADIENT("beside a constant", tp_sum(tp_mul(x, tp_eye(tape, TP_F64, 2, 2))), x, 1, 0, 0, 1);
    ck_assert_int_eq(tp_replay(tape, 0), TP_OK);
    ELEMENTS("after a replay", like, 3, 3, 3, 3);
    REFUSES(TP_E_LIMIT, tp_full(tape, TP_F64, 9, NULL, 0), "tp_full", "rank 9");
    REFUSES(TP_E_LIMIT, tp_zeros(tape, TP_F64, 1, NULL), "tp_zeros");
    REFUSES(TP_E_DTYPE, tp_full(tape, (tp_dtype)99, 0, NULL, 0), "tp_full");
    REFUSES(TP_E_DTYPE, tp_ones(tape, (tp_dtype)99, TP_DIMS(1)), "tp_ones");
    REFUSES(TP_E_ARGUMENT, tp_arange(tape, TP_F64, 0, 1, 0), "tp_arange", "by 0");
    REFUSES(TP_E_ARGUMENT, tp_arange(tape, TP_F64, 0, HUGE_VAL, 1), "tp_arange");
    REFUSES(TP_E_ARGUMENT, tp_arange(tape, TP_F64, 0, 1e300, 1e-300), "tp_arange");
    REFUSES(TP_E_ARGUMENT, tp_linspace(tape, TP_F64, 0, HUGE_VAL, 3), "tp_linspace", "inf");
    REFUSES(TP_E_SHAPE, tp_linspace(tape, TP_F64, 0, 1, -1), "tp_linspace");
    REFUSES(TP_E_SHAPE, tp_eye(tape, TP_F64, -1, 1), "tp_eye");
    ck_assert(!tp_ok(tp_zeros(NULL, TP_F64, TP_DIMS(1))) && !tp_ok(tp_arange(NULL, TP_F64, 0, 1, 1)));
    ck_assert(!tp_ok(tp_eye(NULL, TP_F64, 1, 1)) && !tp_ok(tp_full_like(tp_none(), 1)));
    tp_tape_free(tape);
}
END_TEST

START_TEST(meshgrid_refuses_what_is_no_vector)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_var grids[9], x[9];
    for (int i = 0; i < 9; i++) x[i] = RAMP(2);
    ck_assert_int_eq(tp_meshgrid(x, 2, true, grids), TP_OK);
    ELEMENTS("xy", grids[0], 0, 1, 0, 1);
    ck_assert_int_eq(tp_meshgrid(x, 2, false, grids), TP_OK);
    ELEMENTS("ij", grids[0], 0, 0, 1, 1);
    ck_assert_int_eq(tp_meshgrid(x, 9, false, grids), TP_E_LIMIT);
    tp_tape_clear_error(tape);
    ck_assert_int_eq(tp_meshgrid(NULL, 2, false, grids), TP_E_ARGUMENT);
    x[1] = RAMP(1, 2);
    tp_meshgrid(x, 2, false, grids);
    REFUSES(TP_E_SHAPE, grids[0], "tp_meshgrid", "operand 1", "(1,2)");
    tp_tape_free(tape);
}
END_TEST

START_TEST(one_hot_names_the_label_that_is_outside)
{
    tp_tape *tape = tp_tape_new(NULL);
    REFUSES(TP_E_INDEX, tp_one_hot(I64(3, 0, 3, 1), 3, TP_F32), "tp_one_hot", "label 3", "0..2");
    REFUSES(TP_E_INDEX, tp_one_hot(I64(1, -1), 3, TP_F32), "tp_one_hot", "label -1");
    REFUSES(TP_E_INDEX, tp_one_hot(I64(1, 0), 0, TP_F32), "tp_one_hot", "label 0");
    ELEMENTS("one_hot", tp_one_hot(I64(2, 1, 0), 2, TP_U8), 0, 1, 1, 0);
    tp_tape_free(tape);
}
END_TEST

void add_arrange_edges(TCase *edges)
{
    tcase_add_test(edges, slice_backwards_follows_numpy);
    tcase_add_test(edges, flipped_views_go_through_other_ops);
    tcase_add_loop_test(edges, dense_copies_agree_with_single_reads, 0, 5);
    tcase_add_loop_test(edges, large_transposes_and_their_gradients_are_exact, 0, 3);
    tcase_add_test(edges, axes_are_taken_out_and_put_in);
    tcase_add_test(edges, split_and_chunk_cover_an_axis);
    tcase_add_test(edges, tiles_and_borders_at_their_edges);
    tcase_add_test(edges, diagonals_and_triangles_at_their_edges);
    tcase_add_test(edges, masked_select_replays_while_the_count_stays);
    tcase_add_test(edges, masks_at_their_edges);
    tcase_add_test(edges, windows_that_do_not_fit_are_refused);
    tcase_add_test(edges, constants_hold_what_they_say);
    tcase_add_test(edges, meshgrid_refuses_what_is_no_vector);
    tcase_add_test(edges, one_hot_names_the_label_that_is_outside);
}
