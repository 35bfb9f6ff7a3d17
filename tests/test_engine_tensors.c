/* Wrong calls of tensors and of the tape itself: NULLs, counts, limits and sizes. */
#include "tests/helpers.h"

static tp_tape *tape;
static counter memory;
static tp_var s, v3;

static void setup(void)
{
    memory = (counter){.limit = 64 << 20};
    tape = counted_tape(&memory);
    ck_assert_ptr_nonnull(tape);
    s = tp_scalar(tape, 2);
    v3 = leaf_of(tape, F64(TP_DIMS(3), 1, 2, 3));
}

static void teardown(void)
{
    tp_tape_free(tape);
    ck_assert_uint_eq(memory.blocks, 0);
}

static const int64_t huge = (int64_t)1 << 40;
#define NINE 1, 1, 1, 1, 1, 1, 1, 1, 1

/* A tensor function that failed: NULL, with that status and text. */
static void expect_none(tp_tensor *tensor, tp_error *error, tp_status status, const char *text)
{
    ck_assert_ptr_null(tensor);
    ck_assert_msg(error->status == status, "%s: %s", tp_status_name(error->status), error->message);
    ck_assert_msg(strstr(error->message, text) != NULL, "%s", error->message);
    *error = (tp_error){0};
}

START_TEST(tensors_with_wrong_shapes_are_not_made)
{
    tp_error e = {0};
    const tp_allocator limited = counted(&memory);
    expect_none(tp_tensor_make(NULL, (tp_dtype)5, TP_DIMS(1), NULL, &e), &e, TP_E_DTYPE, "5");
    expect_none(tp_tensor_make(NULL, (tp_dtype)-1, TP_DIMS(1), NULL, &e), &e, TP_E_DTYPE, "-1");
    expect_none(tp_tensor_make(NULL, TP_F32, TP_DIMS(NINE), NULL, &e), &e, TP_E_LIMIT, "rank 9");
    expect_none(tp_tensor_make(NULL, TP_F32, -1, NULL, NULL, &e), &e, TP_E_LIMIT, "rank -1");
    expect_none(tp_tensor_make(NULL, TP_F32, 2, NULL, NULL, &e), &e, TP_E_ARGUMENT, "NULL");
    expect_none(tp_tensor_make(NULL, TP_F32, TP_DIMS(2, -3), NULL, &e), &e, TP_E_SHAPE, "(2,-3)");
    expect_none(tp_tensor_make(NULL, TP_U8, TP_DIMS(huge, huge), NULL, &e), &e, TP_E_LIMIT, "u8 (1099511627776");
    expect_none(tp_tensor_make(NULL, TP_U8, TP_DIMS(huge, huge, 0), NULL, &e), &e, TP_E_LIMIT, "overflows");
    expect_none(tp_tensor_make(NULL, TP_U8, TP_DIMS(0, huge, huge), NULL, &e), &e, TP_E_LIMIT, "overflows");
    expect_none(tp_tensor_make(NULL, TP_F64, TP_DIMS(INT64_MAX / 8), NULL, &e), &e, TP_E_LIMIT, "overflows");
    expect_none(tp_tensor_make(NULL, TP_U8, TP_DIMS(4194305, 4194305, 211106198978564), NULL, &e), &e, TP_E_LIMIT, "");
    expect_none(tp_tensor_make(&limited, TP_F64, TP_DIMS(huge), NULL, &e), &e, TP_E_MEMORY, "f64 (1099511627776)");
    ck_assert_ptr_null(tp_tensor_new(TP_F32, TP_DIMS(-1)));
    ck_assert_ptr_null(tp_tensor_new(TP_F32, TP_DIMS(NINE)));
    ck_assert_ptr_null(tp_tensor_from(TP_F32, TP_DIMS(2), NULL));
    ck_assert_ptr_null(tp_tensor_from(TP_F32, 1, NULL, &e));
    ck_assert_ptr_null(tp_tensor_make(NULL, TP_F32, TP_DIMS(huge, huge), NULL, NULL));
}
END_TEST

START_TEST(null_tensors_answer_nothing)
{
    ck_assert_int_eq(tp_tensor_dtype(NULL), 0);
    ck_assert_int_eq(tp_tensor_rank(NULL), 0);
    ck_assert_int_eq(tp_tensor_dim(NULL, 0), 0);
    ck_assert_int_eq(tp_tensor_stride(NULL, 0), 0);
    ck_assert_ptr_null(tp_tensor_dims(NULL));
    ck_assert_int_eq(tp_tensor_count(NULL), 0);
    ck_assert(!tp_tensor_dense(NULL));
    ck_assert_ptr_null(tp_tensor_data(NULL));
    ck_assert_ptr_null(tp_tensor_read(NULL));
    ck_assert_uint_eq(tp_tensor_version(NULL), 0);
    ck_assert(isnan(tp_tensor_at(NULL, NULL)) && isnan(tp_tensor_item(NULL, 0)));
    EXPECT_STATUS(tp_tensor_fill(NULL, 1), TP_E_ARGUMENT);
    ck_assert_ptr_null(tp_tensor_grad(NULL));
    ck_assert_ptr_null(tp_tensor_grad_mutable(NULL));
    ck_assert_ptr_null(tp_tensor_clone(NULL));
    ck_assert_ptr_null(tp_tensor_retain(NULL));
    tp_tensor_release(NULL);
    tp_tensor_touch(NULL);
    tp_tensor_clear_grad(NULL);
    tp_tape_free(NULL);
    tp_tape_reset(NULL);
    tp_tape_clear_error(NULL);
    EXPECT_STATUS(tp_tape_status(NULL), TP_E_ARGUMENT);
    ck_assert_str_ne(tp_tape_error(NULL), "");
    EXPECT_STATUS(tp_tape_rewind(NULL, tp_tape_mark(NULL)), TP_E_ARGUMENT);
    ck_assert(!tp_tape_set_grad(NULL, true));
    ck_assert_uint_eq(tp_tape_stats(NULL).nodes, 0);
    EXPECT_STATUS(tp_replay(NULL, 0), TP_E_ARGUMENT);
    ck_assert_ptr_null(tp_op_at(-1));
    ck_assert_ptr_null(tp_op_at(tp_op_count()));
    ck_assert_uint_eq(tp_dtype_size((tp_dtype)99), 0);
    ck_assert_str_eq(tp_dtype_name((tp_dtype)-1), "?");
    ck_assert_str_eq(tp_status_name((tp_status)99), "unknown");
}
END_TEST

START_TEST(views_that_do_not_fit_are_not_made)
{
    tp_error e = {0};
    tp_tensor *m = F64(TP_DIMS(2, 3), 1, 2, 3, 4, 5, 6), *t = tp_tensor_transpose(m, 0, 1, NULL);
    expect_none(tp_tensor_reshape(NULL, TP_DIMS(1), &e), &e, TP_E_ARGUMENT, "NULL");
    expect_none(tp_tensor_reshape(m, TP_DIMS(4), &e), &e, TP_E_SHAPE, "(4)");
    expect_none(tp_tensor_reshape(m, TP_DIMS(NINE), &e), &e, TP_E_LIMIT, "rank 9");
    expect_none(tp_tensor_reshape(m, 1, NULL, &e), &e, TP_E_LIMIT, "NULL");
    expect_none(tp_tensor_reshape(m, TP_DIMS(-1, -1), &e), &e, TP_E_SHAPE, "tp_tensor_reshape");
    expect_none(tp_tensor_reshape(m, TP_DIMS(huge, huge), &e), &e, TP_E_SHAPE, "tp_tensor_reshape");
    expect_none(tp_tensor_reshape(t, TP_DIMS(6), &e), &e, TP_E_SHAPE, "clone it first");
    expect_none(tp_tensor_transpose(m, 0, 2, &e), &e, TP_E_INDEX, "(2,3)");
    expect_none(tp_tensor_transpose(NULL, 0, 1, &e), &e, TP_E_ARGUMENT, "NULL");
    expect_none(tp_tensor_slice(m, 0, 1, 3, 1, &e), &e, TP_E_INDEX, "1:3:1");
    expect_none(tp_tensor_slice(m, 5, 0, 1, 1, &e), &e, TP_E_INDEX, "axis 5");
    expect_none(tp_tensor_slice(m, 1, 0, 1, 0, &e), &e, TP_E_INDEX, "0:1:0");
    expect_none(tp_tensor_slice(NULL, 0, 0, 1, 1, &e), &e, TP_E_ARGUMENT, "NULL");
    expect_none(tp_tensor_slice((tp_tensor *)tp_value(v3), 0, 0, INT64_MIN, 1, &e), &e, TP_E_INDEX, "tp_tensor_slice");
    EXPECT_STATUS(tp_tensor_copy(m, t, &e), TP_E_SHAPE);
    EXPECT_STATUS(tp_tensor_copy(NULL, t, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_tensor_copy(m, NULL, &e), TP_E_ARGUMENT);
    ck_assert(isnan(tp_tensor_item(m, 6)) && isnan(tp_tensor_item(m, -1)) && isnan(tp_tensor_at(m, NULL)));
    ck_assert(isnan(tp_tensor_at(m, (int64_t[]){0, 3})) && isnan(tp_tensor_at(m, (int64_t[]){INT64_MIN, 0})));
    tp_tensor_release(t);
    tp_tensor_release(m);
    const tp_var y = tp_exp(v3);
    expect_none(tp_tensor_transpose((tp_tensor *)tp_value(y), 0, 0, &e), &e, TP_E_ARGUMENT, "belongs to a tape");
}
END_TEST

START_TEST(empty_tensor_does_not_hide_an_overflow)
{
    tp_tensor *none = tensor_of(TP_F64, TP_DIMS(0, 4), NULL);
    const tp_var x = tp_leaf(tape, none), big = tp_reshape(x, TP_DIMS(0, huge, huge));
    ck_assert(!tp_ok(big));
    tp_tape_clear_error(tape);
    tp_error e = {0};
    ck_assert_ptr_null(tp_tensor_reshape(none, TP_DIMS(0, huge, huge), &e));
    ck_assert_int_ne(e.status, TP_OK);
    ck_assert(!tp_ok(tp_expand(tp_reshape(x, TP_DIMS(0, 1, 1)), TP_DIMS(0, huge, huge))));
    expect_error(tape, TP_E_LIMIT, "overflows");
    tp_tensor_release(none);
}
END_TEST

START_TEST(sizes_that_overflow_are_refused)
{
    EXPECT_REFUSED(tp_expand(s, TP_DIMS(huge, huge)), TP_E_LIMIT, "tp_expand");
    EXPECT_REFUSED(tp_expand(v3, TP_DIMS(huge, huge, 3)), TP_E_LIMIT, "overflows");
    EXPECT_REFUSED(tp_expand(v3, TP_DIMS(1, NINE)), TP_E_LIMIT, "rank 10");
    EXPECT_REFUSED(tp_expand(v3, 2, NULL), TP_E_LIMIT, "NULL");
    EXPECT_REFUSED(tp_reshape(v3, TP_DIMS(NINE)), TP_E_LIMIT, "rank 9");
    EXPECT_REFUSED(tp_reshape(v3, -1, NULL), TP_E_LIMIT, "rank -1");
    const tp_var row = tp_expand(s, TP_DIMS(1, huge)), column = tp_expand(s, TP_DIMS(huge, 1));
    EXPECT_REFUSED(tp_add(row, column), TP_E_LIMIT, "tp_add");
    EXPECT_REFUSED(tp_matmul(column, row), TP_E_LIMIT, "tp_matmul");
    const tp_var wide = tp_expand(s, TP_DIMS((int64_t)1 << 58));
    EXPECT_OK(tape);
    EXPECT_REFUSED(tp_concat((tp_var[]){wide, wide, wide, wide}, 4, 0), TP_E_LIMIT, "tp_concat");
    const tp_var label = data_of(tape, I64(TP_DIMS(2), 0, 0));
    EXPECT_REFUSED(tp_one_hot(label, INT64_MAX, TP_F32), TP_E_LIMIT, "tp_one_hot");
    EXPECT_REFUSED(tp_one_hot(label, -1, TP_F32), TP_E_ARGUMENT, "tp_one_hot");
    const tp_var eight = data_of(tape, I64(TP_DIMS(1, 1, 1, 1, 1, 1, 1, 1), 0));
    EXPECT_REFUSED(tp_one_hot(eight, 2, TP_F32), TP_E_LIMIT, "tp_one_hot: rank over 8");
    EXPECT_REFUSED(tp_stack(&eight, 1, 0), TP_E_LIMIT, "tp_stack: rank over 8");
}
END_TEST

START_TEST(huge_views_cost_nothing_until_an_op_needs_the_memory)
{
    const tp_var x = tp_expand(s, TP_DIMS(huge)), m = tp_expand(v3, TP_DIMS(huge, 3));
    EXPECT_OK(tape);
    EXPECT_REFUSED(tp_exp(x), TP_E_MEMORY, "tp_exp: out of memory: f64 (1099511627776)");
    EXPECT_REFUSED(tp_add(x, s), TP_E_MEMORY, "tp_add");
    EXPECT_REFUSED(tp_sum_axes(m, TP_AXES(1), false), TP_E_MEMORY, "tp_sum");
    EXPECT_REFUSED(tp_matmul(m, v3), TP_E_MEMORY, "tp_matmul: out of memory for f64 (1099511627776)");
    EXPECT_REFUSED(tp_softmax(m, 1), TP_E_MEMORY, "tp_softmax");
    EXPECT_REFUSED(tp_reshape(m, TP_DIMS(-1)), TP_E_MEMORY, "tp_reshape");
    EXPECT_REFUSED(tp_cast(m, TP_F32), TP_E_MEMORY, "tp_cast");
    EXPECT_REFUSED(tp_mse(m, m, TP_SUM), TP_E_MEMORY, "tp_mse");
    EXPECT_REFUSED(tp_concat((tp_var[]){x, x}, 2, 0), TP_E_MEMORY, "tp_concat");
    EXPECT_REFUSED(tp_one_hot(data_of(tape, I64(TP_DIMS(2), 0, 0)), huge, TP_F32), TP_E_MEMORY, "tp_one_hot");
    const tp_var e = tp_index(tp_slice(m, 0, huge / 2, TP_END, 1), 2, (int64_t[]){-1, 1});
    EXPECT_NEAR(tp_item(e), 2, 0);
    EXPECT_STATUS(tp_backward(e), TP_E_MEMORY); /* its gradient is a dense (2^40,3) */
    ck_assert_ptr_null(tp_grad(v3));
    expect_error(tape, TP_E_MEMORY, "backward");
    EXPECT_STATUS(tp_backward_from(e, tp_none(), TP_CREATE_GRAPH), TP_E_MEMORY);
    expect_error(tape, TP_E_MEMORY, "out of memory");
    EXPECT_STATUS(tp_backward(tp_sum(tp_square(v3))), TP_OK);
    EXPECT_TENSOR(tp_grad(v3), 0, 2, 4, 6);
}
END_TEST

START_TEST(nulls_and_counts_are_refused)
{
    tp_var g[2] = {s, v3};
    EXPECT_REFUSED(tp_param(tape, NULL), TP_E_ARGUMENT, "tp_param: the tensor is NULL");
    EXPECT_REFUSED(tp_data(tape, NULL), TP_E_ARGUMENT, "tp_data");
    EXPECT_REFUSED(tp_leaf(tape, NULL), TP_E_ARGUMENT, "tp_leaf");
    ck_assert(!tp_ok(tp_concat(NULL, 1, 0)) && !tp_ok(tp_concat(&s, 0, 0)) && !tp_ok(tp_concat(&s, -1, 0)));
    ck_assert(!tp_ok(tp_stack(NULL, 1, 0)) && !tp_ok(tp_stack(&s, 0, 0)) && !tp_ok(tp_stack(&s, -5, 0)));
    EXPECT_REFUSED(tp_mse(v3, v3, (tp_reduction)3), TP_E_ARGUMENT, "tp_mse");
    EXPECT_REFUSED(tp_cross_entropy(v3, s, (tp_reduction)-1), TP_E_ARGUMENT, "tp_cross_entropy");
    EXPECT_REFUSED(tp_one_hot(s, 2, (tp_dtype)9), TP_E_ARGUMENT, "tp_one_hot");
    EXPECT_STATUS(tp_gradients(s, NULL, 1, g, 0), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "tp_gradients");
    EXPECT_STATUS(tp_gradients(s, &s, 1, NULL, 0), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "tp_gradients");
    EXPECT_STATUS(tp_gradients(s, &s, -1, g, 0), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "tp_gradients");
    EXPECT_STATUS(tp_gradients(s, NULL, 0, NULL, 0), TP_OK);
    tp_error e = {0};
    EXPECT_STATUS(tp_gradcheck(s, NULL, 1, NULL, &e), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_gradcheck(s, &s, -1, NULL, &e), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_gradcheck((tp_var){0}, &s, 1, NULL, &e), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_gradgradcheck(s, NULL, 1, NULL, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_gradcheck(tp_exp(s), (tp_var[]){tp_neg(s)}, 1, NULL, &e), TP_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(e.message, "x[0]"));
    EXPECT_OK(tape);
}
END_TEST

START_TEST(gradients_of_bad_handles_are_all_poisoned)
{
    const tp_mark mark = tp_tape_mark(tape);
    const tp_var stale = tp_exp(s);
    EXPECT_STATUS(tp_tape_rewind(tape, mark), TP_OK);
    tp_var g[3] = {s, s, s};
    EXPECT_STATUS(tp_gradients(s, (tp_var[]){stale, s, s}, 3, g, 0), TP_E_STALE);
    for (int i = 0; i < 3; i++) ck_assert(!tp_ok(g[i]));
    expect_error(tape, TP_E_STALE, "tp_gradients");
    g[0] = g[1] = s;
    EXPECT_STATUS(tp_gradients((tp_var){0}, (tp_var[]){s, s}, 2, g, 0), TP_E_ARGUMENT);
    ck_assert(!tp_ok(g[0]) && !tp_ok(g[1]));
    g[0] = s;
    EXPECT_STATUS(tp_vjp(s, stale, &s, 1, g, 0), TP_E_STALE);
    ck_assert(!tp_ok(g[0]));
    expect_error(tape, TP_E_STALE, "tp_backward");
    EXPECT_STATUS(tp_backward_from(s, stale, TP_CREATE_GRAPH), TP_E_STALE);
    expect_error(tape, TP_E_STALE, "operand 1");
    EXPECT_STATUS(tp_set_item(stale, 1), TP_E_STALE);
    expect_error(tape, TP_E_STALE, "tp_set_item");
    EXPECT_STATUS(tp_draw_dot(stale, stderr), TP_E_STALE);
    expect_error(tape, TP_E_STALE, "tp_draw_dot");
}
END_TEST

static int told;
static char last[TP_ERROR_LENGTH];

static void listen(void *user, const char *message)
{
    *(int *)user += 1;
    snprintf(last, sizeof last, "%s", message);
}

START_TEST(log_hears_each_first_error_once)
{
    tp_tape *spoken = tp_tape_new(&(tp_tape_options){.log = listen, .log_user = &told});
    const tp_var a = data_of(spoken, F64(TP_DIMS(2), 1, 2)), b = data_of(spoken, F64(TP_DIMS(3), 1, 2, 3));
    EXPECT_STATUS(tp_backward(tp_exp(tp_add(a, b))), TP_E_SHAPE);
    tp_matmul(b, a);
    ck_assert_int_eq(told, 1);
    ck_assert_str_eq(last, tp_tape_error(spoken));
    ck_assert_ptr_nonnull(strstr(last, "tp_add"));
    ck_assert_ptr_null(strchr(last, '\n'));
    tp_tape_clear_error(spoken);
    ck_assert(tp_ok(a) && tp_ok(b));
    tp_matmul(b, a);
    ck_assert_int_eq(told, 2);
    tp_tape_reset(spoken);
    ck_assert(!tp_ok(a));
    tp_exp(a);
    ck_assert_int_eq(told, 3);
    tp_tape_free(spoken);
}
END_TEST

START_TEST(messages_fit_and_end_whatever_the_shapes)
{
    const tp_var a = tp_expand(s, TP_DIMS(1, 1, 1, 1, 1, 1, huge, 2)),
                 b = tp_expand(s, TP_DIMS(1, 1, 1, 1, 1, 1, huge, 3));
    char name[60];
    memset(name, '%', sizeof name - 1);
    name[sizeof name - 1] = 0;
    tp_name(a, name), tp_name(b, "%s%n");
    ck_assert(!tp_ok(tp_add(a, b)) && !tp_ok(tp_concat((tp_var[]){a, b, a, b, a, b}, 6, 0)));
    ck_assert_uint_lt(strlen(tp_tape_error(tape)), TP_ERROR_LENGTH);
    expect_error(tape, TP_E_SHAPE, "(1,1,1,1,1,1,1099511627776,3)");
    ck_assert(!tp_ok(tp_concat((tp_var[]){a, b, a, b, a, b}, 6, 0)));
    expect_error(tape, TP_E_SHAPE, "%s%n");
}
END_TEST

TCase *engine_bad_tensors_case(void)
{
    TCase *tcase = tcase_create("bad tensors");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, tensors_with_wrong_shapes_are_not_made);
    tcase_add_test(tcase, null_tensors_answer_nothing);
    tcase_add_test(tcase, views_that_do_not_fit_are_not_made);
    tcase_add_test(tcase, empty_tensor_does_not_hide_an_overflow);
    tcase_add_test(tcase, sizes_that_overflow_are_refused);
    tcase_add_test(tcase, huge_views_cost_nothing_until_an_op_needs_the_memory);
    tcase_add_test(tcase, nulls_and_counts_are_refused);
    tcase_add_test(tcase, gradients_of_bad_handles_are_all_poisoned);
    tcase_add_test(tcase, log_hears_each_first_error_once);
    tcase_add_test(tcase, messages_fit_and_end_whatever_the_shapes);
    return tcase;
}
