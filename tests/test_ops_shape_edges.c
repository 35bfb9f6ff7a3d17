/* Edges of the ops that move elements, and every way to call them wrongly. */
#include "tests/test_ops_shape.h"

/* ---- help ---- */

tp_var ramp(tp_tape *tape, int rank, const int64_t *dims)
{
    tp_tensor *x = tp_tensor_new(TP_F64, rank, dims);
    ck_assert_ptr_nonnull(x);
    double *numbers = tp_tensor_data(x);
    for (int64_t i = 0; i < tp_tensor_count(x); i++) numbers[i] = (double)i;
    const tp_var leaf = tp_leaf(tape, x);
    tp_tensor_release(x);
    return leaf;
}

tp_var integers(tp_tape *tape, tp_dtype dtype, int rank, const int64_t *dims, const double *numbers)
{
    tp_tensor *wide = tp_tensor_from(TP_F64, rank, dims, numbers), *x = tp_tensor_new(dtype, rank, dims);
    ck_assert(wide && x && tp_tensor_copy(x, wide, NULL) == TP_OK);
    const tp_var data = tp_data(tape, x);
    tp_tensor_release(wide);
    tp_tensor_release(x);
    return data;
}

/* ---- picking ---- */

START_TEST(gather_counts_negative_indices_from_the_end)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = RAMP(5);
    for (int dtype = TP_I32; dtype <= TP_I64; dtype++) {
        const tp_var index = integers(tape, (tp_dtype)dtype, TP_DIMS(4), (double[]){-1, 0, -5, 4});
        const tp_var y = tp_gather(x, 0, index);
        ELEMENTS("gather", y, 4, 0, 0, 4);
        GRADIENT("gather", tp_sum(y), x, 2, 0, 0, 0, 2);
        ELEMENTS("index_select", tp_index_select(x, -1, index), 4, 0, 0, 4);
    }
    tp_tape_free(tape);
}
END_TEST

START_TEST(scatter_keeps_the_last_of_several_and_its_gradient)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = RAMP(4), src = tp_adds(RAMP(5), 10), index = I64(5, 1, 3, 1, 1, 3);
    const tp_var y = tp_scatter(x, 0, index, src);
    ELEMENTS("scatter", y, 0, 13, 2, 14);
    GRADIENT("by src", tp_sum(tp_mul(y, RAMP(4))), src, 0, 0, 0, 1, 3);
    GRADIENT("by x", tp_sum(y), x, 1, 0, 1, 0);
    tp_tape_free(tape);
}
END_TEST

START_TEST(scatter_moves_integers_and_special_numbers_as_they_are)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var bytes = integers(tape, TP_U8, TP_DIMS(3), (double[]){7, 8, 255}), index = I64(2, 0, 2);
    ELEMENTS("u8", tp_scatter(bytes, 0, index, tp_gather(bytes, 0, I64(2, 2, 1))), 255, 8, 8);
    const tp_var odd = vector(tape, TP_F32, 3, (double[]){NOT_A_NUMBER, HUGE_VAL, -HUGE_VAL}, false);
    ELEMENTS("f32", tp_scatter(odd, 0, index, tp_gather(odd, 0, I64(2, 1, 0))), HUGE_VAL, HUGE_VAL, NOT_A_NUMBER);
    tp_tape_free(tape);
}
END_TEST

START_TEST(embedding_adds_up_repeated_labels_and_leaves_padding_out)
{
    enum { ROWS = 1000 };
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *labels = tp_tensor_new(TP_I32, TP_DIMS(ROWS));
    int32_t *label = tp_tensor_data(labels);
    for (int i = 0; i < ROWS; i++) label[i] = i % 3 == 0 ? 1 : 2;
    const tp_var w = RAMP(3, 2), y = tp_embedding(w, tp_data(tape, labels), TP_NO_PADDING);
    GRADIENT("all", tp_sum(y), w, 0, 0, 334, 334, 666, 666);
    const tp_var padded = tp_embedding(w, tp_data(tape, labels), -2);
    ck_assert_double_eq(tp_tensor_item(tp_value(padded), 0), 2);
    GRADIENT("without label 1", tp_sum(padded), w, 0, 0, 0, 0, 666, 666);
    tp_tensor_release(labels);
    tp_tape_free(tape);
}
END_TEST

START_TEST(picking_names_the_index_that_is_outside)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = RAMP(3, 4);
    const tp_var bad = integers(tape, TP_I64, TP_DIMS(2, 4), (double[]){0, 1, 2, -3, 0, 3, 1, 1});
    REFUSES(TP_E_INDEX, tp_gather(x, 0, bad), "tp_gather", "index 3 at (1,1)", "axis 0 of (3,4)");
    REFUSES(TP_E_INDEX, tp_scatter(x, 0, bad, tp_const(tape, 1)), "tp_scatter", "index 3 at (1,1)", "(3,4)");
    REFUSES(TP_E_INDEX, tp_scatter_add(x, 0, bad, tp_const(tape, 1)), "tp_scatter_add", "index 3 at (1,1)");
    REFUSES(TP_E_INDEX, tp_index_select(x, 1, I64(2, 0, -5)), "tp_index_select", "index -5 at (1)", "axis 1");
    REFUSES(TP_E_INDEX, tp_index_add(x, 0, I64(1, 3), tp_const(tape, 1)), "tp_index_add", "index 3 at (0)");
    REFUSES(TP_E_INDEX, tp_embedding(x, I64(2, 0, -1), TP_NO_PADDING), "tp_embedding", "label -1 at (1)");
    REFUSES(TP_E_INDEX, tp_index_select(x, 0, tp_const(tape, .5)), "tp_index_select", "index 0.5");
    REFUSES(TP_E_INDEX, tp_index_select(x, 0, tp_const(tape, NOT_A_NUMBER)), "tp_index_select", "index nan");
    REFUSES(TP_E_INDEX, tp_index_select(RAMP(0, 2), 0, I64(1, 0)), "index 0 at (0)", "(0,2)");
    tp_tape_free(tape);
}
END_TEST

START_TEST(picking_refuses_what_does_not_fit)
{
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = RAMP(3, 4), index = I64(2, 0, 1), s = tp_scalar(tape, 1);
    const tp_var pairs = integers(tape, TP_I64, TP_DIMS(2, 2), (double[]){0, 1, 1, 0});
    REFUSES(TP_E_INDEX, tp_gather(x, 2, index), "tp_gather", "axis 2", "(3,4)");
    REFUSES(TP_E_INDEX, tp_gather(s, 0, index), "tp_gather", "axis 0 of ()");
    REFUSES(TP_E_SHAPE, tp_gather(x, 0, index), "tp_gather", "(2)", "(3,4)");
    REFUSES(TP_E_SHAPE, tp_gather(RAMP(2, 1), 0, pairs), "tp_gather", "(2,2)", "(2,1)");
    REFUSES(TP_E_DTYPE, tp_gather(x, 0, x), "tp_gather", "f64 (3,4)");
    REFUSES(TP_E_DTYPE, tp_scatter(x, 0, pairs, tp_cast(x, TP_F32)), "tp_scatter", "f32", "f64");
    REFUSES(TP_E_SHAPE, tp_scatter_add(x, 0, pairs, RAMP(2, 1)), "tp_scatter_add", "(2,1)", "(3,4)", "(2,2)");
    REFUSES(TP_E_DTYPE, tp_scatter_add(index, 0, index, index), "tp_scatter_add", "i64");
    REFUSES(TP_E_SHAPE, tp_index_add(x, 0, index, RAMP(3, 4)), "tp_index_add", "(3,4)", "(2)");
    REFUSES(TP_E_DTYPE, tp_index_select(x, 0, RAMP(2)), "tp_index_select", "f64 (2)");
    REFUSES(TP_E_LIMIT, tp_index_select(RAMP(1, 1, 1, 1, 1, 1, 1, 1), 0, pairs), "tp_index_select", "rank");
    REFUSES(TP_E_SHAPE, tp_embedding(RAMP(3), index, TP_NO_PADDING), "tp_embedding", "(3)");
    REFUSES(TP_E_DTYPE, tp_embedding(pairs, index, TP_NO_PADDING), "tp_embedding", "i64");
    REFUSES(TP_E_SHAPE, tp_embedding(s, index, TP_NO_PADDING), "tp_embedding", "()");
    REFUSES(TP_E_INDEX, tp_embedding(x, index, 3), "tp_embedding", "padding 3", "(3,4)");
    ck_assert(!tp_ok(tp_gather(tp_none(), 0, index)) && !tp_ok(tp_scatter(tp_none(), 0, index, x)));
    ck_assert(!tp_ok(tp_embedding(tp_none(), index, 0)) && !tp_ok(tp_gather(x, 0, tp_none())));
    tp_tape_free(tape);
}
END_TEST

/* An index that is read again on replay is checked again. */
START_TEST(picking_checks_on_replay)
{
    tp_tape *tape = tp_tape_new(NULL);
    tp_tensor *index = tp_tensor_from(TP_I64, TP_DIMS(2), (int64_t[]){0, 2});
    const tp_var y = tp_index_select(RAMP(3), 0, tp_data(tape, index));
    ((int64_t *)tp_tensor_data(index))[1] = 1;
    ck_assert_int_eq(tp_replay(tape, 0), TP_OK);
    ELEMENTS("replayed", y, 0, 1);
    ((int64_t *)tp_tensor_data(index))[0] = 9;
    ck_assert_int_eq(tp_replay(tape, 0), TP_E_INDEX);
    ck_assert_ptr_nonnull(strstr(tp_tape_error(tape), "index 9 at (0)"));
    tp_tensor_release(index);
    tp_tape_free(tape);
}
END_TEST

TCase *shape_edges_case(void)
{
    TCase *edges = tcase_create("shape edges");
    tcase_add_test(edges, gather_counts_negative_indices_from_the_end);
    tcase_add_test(edges, scatter_keeps_the_last_of_several_and_its_gradient);
    tcase_add_test(edges, scatter_moves_integers_and_special_numbers_as_they_are);
    tcase_add_test(edges, embedding_adds_up_repeated_labels_and_leaves_padding_out);
    tcase_add_test(edges, picking_names_the_index_that_is_outside);
    tcase_add_test(edges, picking_refuses_what_does_not_fit);
    tcase_add_test(edges, picking_checks_on_replay);
    add_arrange_edges(edges);
    return edges;
}
