/* Wrong calls of what is recorded: each gives a status, a message that names the op and the shapes, and a tape that
   goes on. Bad tensors are in test_engine_tensors.c, misbehaving ops in test_engine_bad_ops.c. */
#include "tests/helpers.h"

static tp_tape *tape;
static counter memory;
static tp_var s, v3, v4, m23, m34, f3, i3, e3; /* good operands: scalar, f64 (3), (4), (2,3), (3,4), f32, i64, empty */

static void record(void)
{
    s = tp_scalar(tape, 2);
    v3 = leaf_of(tape, F64(TP_DIMS(3), 1, 2, 3));
    v4 = leaf_of(tape, F64(TP_DIMS(4), 1, 2, 3, 4));
    m23 = leaf_of(tape, F64(TP_DIMS(2, 3), 1, 2, 3, 4, 5, 6));
    m34 = leaf_of(tape, random_tensor(TP_F64, TP_DIMS(3, 4), 1, 1, 2));
    f3 = leaf_of(tape, F32(TP_DIMS(3), 1, 2, 3));
    i3 = data_of(tape, I64(TP_DIMS(3), 0, 1, 2));
    e3 = data_of(tape, tensor_of(TP_F64, TP_DIMS(0, 3), NULL));
}

static void setup(void)
{
    memory = (counter){.limit = 64 << 20};
    tape = counted_tape(&memory);
    ck_assert_ptr_nonnull(tape);
    record();
}

static void teardown(void)
{
    tp_tape_free(tape);
    ck_assert_uint_eq(memory.blocks, 0);
}

/* ---- every op, with one operand that is no good ---- */

#define ONE(name, call)                                                                                                \
    static tp_var call_##name(tp_var x)                                                                                \
    {                                                                                                                  \
        return call;                                                                                                   \
    }
/* clang-format off */
#define CASES(C)                                                                                                       \
    C(neg, tp_neg(x)) C(reciprocal, tp_reciprocal(x)) C(exp, tp_exp(x)) C(log, tp_log(x)) C(tanh, tp_tanh(x))          \
    C(sigmoid, tp_sigmoid(x)) C(relu, tp_relu(x)) C(square, tp_square(x)) C(sqrt, tp_sqrt(x)) C(abs, tp_abs(x))        \
    C(sign, tp_sign(x)) C(step, tp_step(x)) C(adds, tp_adds(x, 2)) C(muls, tp_muls(x, 2)) C(rsubs, tp_rsubs(2, x))     \
    C(rdivs, tp_rdivs(2, x)) C(pows, tp_pows(x, 2)) C(leaky_relu, tp_leaky_relu(x, .1)) C(sum, tp_sum(x))              \
    C(mean, tp_mean(x)) C(max, tp_max(x)) C(min, tp_min(x)) C(sum_axes, tp_sum_axes(x, TP_AXES(0), false))             \
    C(mean_axes, tp_mean_axes(x, TP_AXES(0), true)) C(max_axes, tp_max_axes(x, TP_AXES(0), false))                     \
    C(min_axes, tp_min_axes(x, TP_AXES(0), true)) C(max_with_indices, tp_max_with_indices(x, 0, false, NULL))          \
    C(index, tp_index(x, 1, (int64_t[]){1})) C(softmax, tp_softmax(x, 0)) C(log_softmax, tp_log_softmax(x, 0))         \
    C(logsumexp, tp_logsumexp(x, 0, true)) C(add, tp_add(x, v3)) C(sub, tp_sub(x, v3)) C(mul, tp_mul(x, v3))           \
    C(div, tp_div(x, v3)) C(maximum, tp_maximum(x, v3)) C(minimum, tp_minimum(x, v3)) C(pow, tp_pow(x, v3))            \
    C(same, tp_same(x, v3)) C(matmul, tp_matmul(x, v3)) C(linear, tp_linear(x, m23, tp_none()))                        \
    C(linear_bias, tp_linear(v4, m34, x)) C(mse, tp_mse(x, v3, TP_MEAN))                                               \
    C(cross_entropy, tp_cross_entropy(x, s, TP_SUM)) C(add_right, tp_add(v3, x)) C(sub_right, tp_sub(v3, x))           \
    C(mul_right, tp_mul(v3, x)) C(div_right, tp_div(v3, x)) C(maximum_right, tp_maximum(v3, x))                        \
    C(minimum_right, tp_minimum(v3, x)) C(pow_right, tp_pow(v3, x)) C(same_right, tp_same(v3, x))                      \
    C(matmul_right, tp_matmul(v3, x)) C(linear_right, tp_linear(v3, x, tp_none()))                                     \
    C(mse_right, tp_mse(v3, x, TP_MEAN)) C(concat_second, tp_concat((tp_var[]){v3, x}, 2, 0))                          \
    C(stack_second, tp_stack((tp_var[]){v3, x}, 2, 0)) C(mul_masked, tp_mul_masked(v3, x))
/* ... which take a tensor of integers, or do not look at the dtype */
#define ANY_CASES(C)                                                                                                   \
    C(cast, tp_cast(x, TP_F32)) C(expand, tp_expand(x, TP_DIMS(2, 3))) C(reshape, tp_reshape(x, TP_DIMS(3, 1)))        \
    C(transpose, tp_transpose(x, 0, 0)) C(permute, tp_permute(x, TP_AXES(0))) C(slice, tp_slice(x, 0, 0, 2, 1))        \
    C(concat, tp_concat(&x, 1, 0)) C(stack, tp_stack(&x, 1, 0)) C(detach, tp_detach(x))                                \
    C(one_hot, tp_one_hot(x, 3, TP_F64)) C(cross_entropy_labels, tp_cross_entropy(m34, x, TP_SUM))                     \
    C(name, tp_name(x, "n")) C(retain_grad, tp_retain_grad(x))
/* clang-format on */
CASES(ONE)
ANY_CASES(ONE)

typedef struct one_case {
    const char *name;
    tp_var (*call)(tp_var x);
    bool floats; /* integers are TP_E_DTYPE */
} one_case;
#define FLOAT_ROW(name, call) {#name, call_##name, true},
#define ANY_ROW(name, call) {#name, call_##name, false},
static const one_case cases[] = {CASES(FLOAT_ROW) ANY_CASES(ANY_ROW)};
enum { CASE_COUNT = sizeof cases / sizeof *cases };

/* The op's name in messages: what stands before the first part that only tells our cases apart. */
static const char *op_name(const one_case *c, char text[64])
{
    static const char *const tails[] = {"_right", "_second", "_bias", "_labels", "_axes"};
    snprintf(text, 64, "tp_%s", c->name);
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        char *tail = strstr(text, tails[i]);
        if (tail) *tail = 0;
    }
    return text;
}

START_TEST(stale_handle_is_named_by_every_op)
{
    char text[64];
    const tp_mark mark = tp_tape_mark(tape);
    const tp_var stale = tp_exp(v3);
    EXPECT_STATUS(tp_tape_rewind(tape, mark), TP_OK);
    for (int i = 0; i < CASE_COUNT; i++) {
        op_name(&cases[i], text);
        ck_assert_msg(!tp_ok(cases[i].call(stale)), "%s", cases[i].name);
        expect_error(tape, TP_E_STALE, text);
        ck_assert_uint_eq(tp_tape_stats(tape).tensor.now, 0);
    }
}
END_TEST

START_TEST(poisoned_handle_keeps_the_first_error_in_every_op)
{
    const tp_var bad = tp_add(v3, v4);
    for (int i = 0; i < CASE_COUNT; i++) {
        ck_assert_msg(!tp_ok(cases[i].call(bad)), "%s", cases[i].name);
        ck_assert_ptr_nonnull(strstr(tp_tape_error(tape), "tp_add: shapes do not broadcast: f64 (3) and f64 (4)"));
    }
    expect_error(tape, TP_E_SHAPE, "tp_add");
    for (int i = 0; i < CASE_COUNT; i++) /* the error is gone, the handle is still bad */
        EXPECT_REFUSED(cases[i].call(bad), TP_E_ARGUMENT, "no handle");
}
END_TEST

START_TEST(handle_without_a_tape_is_refused_by_every_op)
{
    const tp_var zero = {0};
    for (int i = 0; i < CASE_COUNT; i++) {
        const bool none = strcmp(cases[i].name, "linear_bias") == 0; /* there it means: no bias */
        ck_assert_msg(none == tp_ok(cases[i].call(zero)), "%s", cases[i].name);
        tp_tape_clear_error(tape);
    }
}
END_TEST

START_TEST(handle_of_another_tape_never_mixes)
{
    tp_tape *other = tp_tape_new(NULL);
    const tp_var x = leaf_of(other, F64(TP_DIMS(3), 1, 2, 3));
    for (int i = 0; i < CASE_COUNT; i++) {
        const tp_var y = cases[i].call(x);
        if (tp_ok(y)) ck_assert_ptr_eq(y.tape, other);
        const tp_status a = tp_tape_status(tape), b = tp_tape_status(other);
        ck_assert_msg(a == TP_OK || a == TP_E_STALE, "%s: %s", cases[i].name, tp_tape_error(tape));
        ck_assert_msg(tp_ok(y) || a == TP_E_STALE || b != TP_OK, "%s", cases[i].name);
        tp_tape_clear_error(tape);
        tp_tape_clear_error(other);
    }
    tp_tape_free(other);
}
END_TEST

START_TEST(integers_are_refused_by_every_float_op)
{
    char text[64];
    for (int i = 0; i < CASE_COUNT; i++) {
        if (!cases[i].floats) continue;
        op_name(&cases[i], text);
        ck_assert_msg(!tp_ok(cases[i].call(i3)), "%s", cases[i].name);
        ck_assert_msg(tp_tape_status(tape) == TP_E_DTYPE || strstr(cases[i].name, "linear"), "%s: %s", cases[i].name,
                      tp_tape_error(tape));
        ck_assert_msg(strstr(tp_tape_error(tape), text) != NULL, "%s: %s", text, tp_tape_error(tape));
        tp_tape_clear_error(tape);
    }
}
END_TEST

START_TEST(tape_works_after_reset)
{
    for (int i = 0; i < CASE_COUNT; i++) {
        cases[i].call(tp_matmul(v3, v4));
        EXPECT_STATUS(tp_tape_status(tape), TP_E_SHAPE);
        EXPECT_STATUS(tp_backward(s), TP_E_SHAPE);
        tp_tape_reset(tape);
        EXPECT_OK(tape);
        ck_assert_str_eq(tp_tape_error(tape), "");
        record();
        const tp_var y = tp_sum(tp_matmul(m23, m34));
        EXPECT_STATUS(tp_backward(y), TP_OK);
        EXPECT_NEAR(tp_tensor_item(tp_grad(m34), 11), 9, 0);
    }
}
END_TEST

/* ---- operands that are good but do not fit ---- */

START_TEST(shapes_that_do_not_fit_are_named)
{
    EXPECT_REFUSED(tp_add(v3, v4), TP_E_SHAPE, "tp_add: shapes do not broadcast: f64 (3) and f64 (4)");
    EXPECT_REFUSED(tp_mul(m34, m23), TP_E_SHAPE, "f64 (3,4) and f64 (2,3)");
    EXPECT_REFUSED(tp_matmul(m23, m23), TP_E_SHAPE, "f64 (2,3) x f64 (2,3)");
    EXPECT_REFUSED(tp_matmul(s, m23), TP_E_SHAPE, "tp_matmul");
    EXPECT_REFUSED(tp_matmul(tp_expand(m23, TP_DIMS(5, 2, 3)), tp_expand(m34, TP_DIMS(4, 3, 4))), TP_E_SHAPE,
                   "leading dimensions differ");
    EXPECT_REFUSED(tp_linear(v4, m23, tp_none()), TP_E_SHAPE, "tp_linear");
    EXPECT_REFUSED(tp_linear(v3, m23, v3), TP_E_SHAPE, "(2,3)");
    EXPECT_REFUSED(tp_linear(s, m23, tp_none()), TP_E_SHAPE, "tp_linear");
    EXPECT_REFUSED(tp_mse(v3, m23, TP_SUM), TP_E_SHAPE, "(3) and (2,3)");
    EXPECT_REFUSED(tp_cross_entropy(m34, s, TP_SUM), TP_E_SHAPE, "(3,4)");
    EXPECT_REFUSED(tp_cross_entropy(m23, i3, TP_SUM), TP_E_SHAPE, "labels (3) do not fit logits (2,3)");
    EXPECT_REFUSED(tp_reshape(m23, TP_DIMS(4, 2)), TP_E_SHAPE, "(2,3) does not have as many elements as (4,2)");
    EXPECT_REFUSED(tp_reshape(m23, TP_DIMS(-1, 4)), TP_E_SHAPE, "(-1,4)");
    EXPECT_REFUSED(tp_reshape(m23, TP_DIMS(-1, -1)), TP_E_SHAPE, "tp_reshape");
    EXPECT_REFUSED(tp_reshape(m23, TP_DIMS(-2, -3)), TP_E_SHAPE, "tp_reshape");
    EXPECT_REFUSED(tp_reshape(e3, TP_DIMS(-1, 0)), TP_E_SHAPE, "tp_reshape");
    EXPECT_REFUSED(tp_expand(m23, TP_DIMS(2, 4)), TP_E_SHAPE, "tp_expand: (2,3) does not expand to (2,4)");
    EXPECT_REFUSED(tp_expand(m23, TP_DIMS(3)), TP_E_SHAPE, "tp_expand");
    EXPECT_REFUSED(tp_expand(v3, TP_DIMS(-1, 3)), TP_E_SHAPE, "(-1,3)");
    EXPECT_REFUSED(tp_concat((tp_var[]){m23, m34}, 2, 0), TP_E_SHAPE, "(3,4) does not join (2,3) along axis 0");
    EXPECT_REFUSED(tp_stack((tp_var[]){v3, v4}, 2, 0), TP_E_SHAPE, "tp_stack: operand 1 is (4), the first (3)");
    EXPECT_REFUSED(tp_stack((tp_var[]){s, v4}, 2, 0), TP_E_SHAPE, "tp_stack");
    EXPECT_REFUSED(tp_stack((tp_var[]){v4, s}, 2, 0), TP_E_SHAPE, "tp_stack");
    EXPECT_REFUSED(tp_max(e3), TP_E_SHAPE, "tp_max: nothing to choose from in (0,3)");
    EXPECT_REFUSED(tp_min_axes(e3, TP_AXES(0), true), TP_E_SHAPE, "tp_min");
    EXPECT_REFUSED(tp_max_with_indices(e3, 0, false, NULL), TP_E_SHAPE, "tp_max_with_indices");
    EXPECT_STATUS(tp_backward(v3), TP_E_SHAPE);
    expect_error(tape, TP_E_SHAPE, "leaf (node 1) has shape (3)");
    EXPECT_STATUS(tp_backward(e3), TP_E_SHAPE);
    expect_error(tape, TP_E_SHAPE, "(0,3)");
}
END_TEST

START_TEST(dtypes_that_do_not_fit_are_named)
{
    const tp_var labels = data_of(tape, F64(TP_DIMS(3), 0, 1, 2));
    EXPECT_REFUSED(tp_add(v3, f3), TP_E_DTYPE, "f64 (3) and f32 (3)");
    EXPECT_REFUSED(tp_matmul(m23, f3), TP_E_DTYPE, "f64 (2,3) x f32 (3)");
    EXPECT_REFUSED(tp_linear(f3, m23, tp_none()), TP_E_DTYPE, "tp_linear");
    EXPECT_REFUSED(tp_mse(v3, f3, TP_SUM), TP_E_DTYPE, "operand 0 is f64, operand 1 f32");
    EXPECT_REFUSED(tp_concat((tp_var[]){v3, f3}, 2, 0), TP_E_DTYPE, "tp_concat");
    EXPECT_REFUSED(tp_cross_entropy(m34, labels, TP_SUM), TP_E_DTYPE, "labels must be integers, not f64 (3)");
    EXPECT_REFUSED(tp_one_hot(labels, 3, TP_F32), TP_E_DTYPE, "tp_one_hot");
    EXPECT_REFUSED(tp_cast(v3, (tp_dtype)77), TP_E_DTYPE, "77");
    tp_tensor *integers = I64(TP_DIMS(2), 1, 2);
    EXPECT_REFUSED(tp_param(tape, integers), TP_E_DTYPE, "tp_param: a tensor of i64 (2)");
    EXPECT_REFUSED(tp_leaf(tape, integers), TP_E_DTYPE, "tp_leaf");
    tp_tensor_release(integers);
    tp_var g;
    EXPECT_STATUS(tp_gradients(s, &i3, 1, &g, 0), TP_E_DTYPE);
    EXPECT_REFUSED(g, TP_E_DTYPE, "x[0] is of i64");
}
END_TEST

START_TEST(axes_outside_are_refused)
{
    const int64_t far[] = {INT64_MIN, INT64_MAX};
    EXPECT_REFUSED(tp_sum_axes(m23, TP_AXES(2), false), TP_E_INDEX, "tp_sum: an axis is outside (2,3)");
    EXPECT_REFUSED(tp_sum_axes(m23, TP_AXES(0, -2), false), TP_E_INDEX, "named twice");
    EXPECT_REFUSED(tp_max_axes(m23, 2, far, false), TP_E_INDEX, "tp_max");
    EXPECT_REFUSED(tp_mean_axes(m23, 1, NULL, false), TP_E_INDEX, "tp_mean");
    EXPECT_REFUSED(tp_min_axes(m23, -1, far, false), TP_E_INDEX, "tp_min");
    EXPECT_REFUSED(tp_sum_axes(m23, 9, far, false), TP_E_INDEX, "tp_sum");
    EXPECT_REFUSED(tp_sum_axes(s, TP_AXES(0), false), TP_E_INDEX, "tp_sum");
    EXPECT_REFUSED(tp_softmax(m23, 2), TP_E_INDEX, "tp_softmax: axis 2 of (2,3)");
    EXPECT_REFUSED(tp_log_softmax(m23, -3), TP_E_INDEX, "tp_log_softmax");
    EXPECT_REFUSED(tp_logsumexp(s, 0, false), TP_E_INDEX, "tp_logsumexp");
    EXPECT_REFUSED(tp_max_with_indices(m23, INT32_MIN, false, NULL), TP_E_INDEX, "tp_max_with_indices");
    EXPECT_REFUSED(tp_transpose(m23, 0, INT32_MAX), TP_E_INDEX, "tp_transpose");
    EXPECT_REFUSED(tp_transpose(s, 0, 0), TP_E_INDEX, "tp_transpose");
    EXPECT_REFUSED(tp_permute(m23, TP_AXES(0)), TP_E_INDEX, "tp_permute");
    EXPECT_REFUSED(tp_permute(m23, TP_AXES(1, 1)), TP_E_INDEX, "tp_permute");
    EXPECT_REFUSED(tp_permute(m23, 2, NULL), TP_E_INDEX, "tp_permute");
    EXPECT_REFUSED(tp_concat(&m23, 1, 2), TP_E_INDEX, "tp_concat: axis 2");
    EXPECT_REFUSED(tp_concat(&s, 1, 0), TP_E_INDEX, "tp_concat");
    EXPECT_REFUSED(tp_stack(&m23, 1, 3), TP_E_INDEX, "tp_stack: axis 3");
}
END_TEST

START_TEST(indices_and_labels_outside_are_refused)
{
    const int64_t far[] = {INT64_MIN, INT64_MAX};
    EXPECT_REFUSED(tp_index(m23, 2, (int64_t[]){2, 0}), TP_E_INDEX, "tp_index: index 2 on axis 0 of (2,3)");
    EXPECT_REFUSED(tp_index(m23, 2, (int64_t[]){0, -4}), TP_E_INDEX, "index -4 on axis 1");
    EXPECT_REFUSED(tp_index(m23, 2, far), TP_E_INDEX, "tp_index");
    EXPECT_REFUSED(tp_index(m23, 1, far), TP_E_INDEX, "tp_index: 1 indices for (2,3)");
    EXPECT_REFUSED(tp_index(m23, 2, NULL), TP_E_INDEX, "tp_index");
    EXPECT_REFUSED(tp_slice(m23, 0, 1, 3, 1), TP_E_INDEX, "tp_slice: 1:3:1 along axis 0 of (2,3)");
    EXPECT_REFUSED(tp_slice(m23, 0, 2, 1, 1), TP_E_INDEX, "tp_slice");
    EXPECT_REFUSED(tp_slice(m23, 0, 0, 1, 0), TP_E_INDEX, "tp_slice");
    EXPECT_REFUSED(tp_slice(m23, 0, 0, 1, INT64_MIN), TP_E_INDEX, "tp_slice");
    EXPECT_REFUSED(tp_slice(m23, 0, INT64_MIN, TP_END, 1), TP_E_INDEX, "tp_slice");
    EXPECT_REFUSED(tp_slice(m23, 0, INT64_MAX, INT64_MAX - 1, INT64_MAX), TP_E_INDEX, "tp_slice");
    EXPECT_REFUSED(tp_slice(m23, 2, 0, 1, 1), TP_E_INDEX, "tp_slice: axis 2 of (2,3)");
    ck_assert(tp_ok(tp_slice(m23, 0, 0, TP_END, INT64_MAX)));
    const int64_t labels[] = {3, -1, INT64_MAX};
    for (int i = 0; i < 3; i++) {
        const tp_var l = data_of(tape, tp_tensor_from(TP_I64, TP_DIMS(1), &labels[i]));
        EXPECT_REFUSED(tp_cross_entropy(tp_reshape(v3, TP_DIMS(1, 3)), l, TP_MEAN), TP_E_INDEX,
                       "tp_cross_entropy: label");
        EXPECT_REFUSED(tp_one_hot(l, 3, TP_F32), TP_E_INDEX, "tp_one_hot: label");
    }
}
END_TEST

Suite *errors_suite(void)
{
    Suite *suite = suite_create("errors");
    TCase *tcase = tcase_create("operands");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, stale_handle_is_named_by_every_op);
    tcase_add_test(tcase, poisoned_handle_keeps_the_first_error_in_every_op);
    tcase_add_test(tcase, handle_without_a_tape_is_refused_by_every_op);
    tcase_add_test(tcase, handle_of_another_tape_never_mixes);
    tcase_add_test(tcase, integers_are_refused_by_every_float_op);
    tcase_add_test(tcase, tape_works_after_reset);
    tcase_add_test(tcase, shapes_that_do_not_fit_are_named);
    tcase_add_test(tcase, dtypes_that_do_not_fit_are_named);
    tcase_add_test(tcase, axes_outside_are_refused);
    tcase_add_test(tcase, indices_and_labels_outside_are_refused);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, engine_bad_tensors_case());
    suite_add_tcase(suite, engine_bad_ops_case());
    return suite;
}
