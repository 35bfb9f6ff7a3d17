/* Edges of products and linear algebra: what is refused and what is said, special values, nothing at all. */
#include "tests/test_ops.h"

static tp_tape *tape;

static void make_tape(void)
{
    tape = tp_tape_new(NULL);
}

static void free_tape(void)
{
    tp_tape_free(tape);
}

/* A leaf of zeros, or of 1, 2, 3, ... */
static tp_var zeros(int rank, const int64_t *dims)
{
    tp_tensor *tensor = tp_tensor_new(TP_F64, rank, dims);
    const tp_var x = tp_leaf(tape, tensor);
    tp_tensor_release(tensor);
    return x;
}

static tp_var counting(int rank, const int64_t *dims)
{
    tp_tensor *tensor = tp_tensor_new(TP_F64, rank, dims);
    double *numbers = tp_tensor_data(tensor);
    for (int64_t i = 0; i < tp_tensor_count(tensor); i++) numbers[i] = (double)i + 1;
    const tp_var x = tp_leaf(tape, tensor);
    tp_tensor_release(tensor);
    return x;
}

/* x is poisoned, and the tape has this error, which is cleared. */
static void expect_refused(tp_var x, tp_status status, const char *text)
{
    ck_assert_msg(!tp_ok(x), "not refused: %s", text);
    ck_assert_msg(tp_tape_status(tape) == status, "%s, not %s: %s", tp_status_name(tp_tape_status(tape)),
                  tp_status_name(status), text);
    ck_assert_msg(strstr(tp_tape_error(tape), text) != NULL, "\"%s\" does not say \"%s\"", tp_tape_error(tape), text);
    tp_tape_clear_error(tape);
}

#define EINSUM(text, ...)                                                                                              \
    tp_einsum(text, (const tp_var[]){__VA_ARGS__}, (int)(sizeof((const tp_var[]){__VA_ARGS__}) / sizeof(tp_var)))

START_TEST(products_refuse_what_does_not_fit)
{
    const tp_var three = zeros(TP_DIMS(3)), two = zeros(TP_DIMS(2)), matrix = zeros(TP_DIMS(2, 3));
    expect_refused(tp_dot(three, two), TP_E_SHAPE, "tp_dot: the lengths differ: (3) and (2)");
    expect_refused(tp_dot(matrix, three), TP_E_SHAPE, "tp_dot: the lengths differ: (2,3) and (3)");
    expect_refused(tp_dot(three, tp_const(tape, 1)), TP_E_SHAPE, "tp_dot: needs a vector and a vector, not (3) and ()");
    expect_refused(tp_outer(tp_const(tape, 1), three), TP_E_SHAPE, "tp_outer: needs a vector");
    expect_refused(tp_matvec(three, three), TP_E_SHAPE, "tp_matvec: needs a matrix and a vector, not (3) and (3)");
    expect_refused(tp_matvec(matrix, two), TP_E_SHAPE, "tp_matvec: the lengths differ: (2,3) and (2)");
    expect_refused(tp_trace(three), TP_E_SHAPE, "tp_trace: needs a matrix, not (3)");
    expect_refused(tp_trace(tp_const(tape, 1)), TP_E_SHAPE, "tp_trace: needs a matrix, not ()");
    expect_refused(tp_outer(zeros(TP_DIMS(1, 1, 1, 1, 1, 1, 1, 2)), three), TP_E_LIMIT, "rank 9");
    ck_assert(!tp_ok(tp_dot(tp_none(), tp_none())));
    ck_assert(!tp_ok(tp_outer(tp_none(), tp_none())));
}
END_TEST

START_TEST(einsum_points_at_the_subscript)
{
    const tp_var a = zeros(TP_DIMS(2, 3)), b = zeros(TP_DIMS(4, 2));
    expect_refused(EINSUM("ij,jk->ik", a, b), TP_E_SHAPE, "\"ij,jk->ik\", character 4: 'j' is 3, in operand 1 it is 4");
    expect_refused(EINSUM("ii->i", a), TP_E_SHAPE, "character 2: 'i' is 2, in operand 0 it is 3");
    expect_refused(EINSUM("i", a), TP_E_SHAPE, "character 1: 1 subscripts for operand 0, which is (2,3)");
    expect_refused(EINSUM("ij...k", a), TP_E_SHAPE, "3 subscripts for operand 0");
    expect_refused(EINSUM("i1", a), TP_E_ARGUMENT, "character 2: '1' is no subscript");
    expect_refused(EINSUM("i-j", a), TP_E_ARGUMENT, "character 2: '-' is no subscript");
    expect_refused(EINSUM("i.j", a), TP_E_ARGUMENT, "character 2: '.' is no subscript");
    expect_refused(EINSUM("......", a), TP_E_ARGUMENT, "character 4: a second ellipsis");
    expect_refused(EINSUM("ij->ik", a), TP_E_ARGUMENT, "character 6: no operand has 'k'");
    expect_refused(EINSUM("ij->ijj", a), TP_E_ARGUMENT, "character 7: the result has 'j' twice");
    expect_refused(EINSUM("ij->i,j", a), TP_E_ARGUMENT, "character 6: the result's subscripts go on to the end");
    expect_refused(EINSUM("ij,kl", a), TP_E_ARGUMENT, "character 3: subscripts of more than 1 operands");
    expect_refused(EINSUM("ij->ij", a, b), TP_E_ARGUMENT, "character 3: subscripts of 1 operands, there are 2");
    expect_refused(EINSUM("abcdefghi", a), TP_E_LIMIT, "character 9: more than 8 subscripts");
    expect_refused(EINSUM("...,...", a, b), TP_E_SHAPE, "operand 1 do not broadcast");
    expect_refused(EINSUM("abcde,fghij", zeros(TP_DIMS(1, 1, 1, 1, 1)), zeros(TP_DIMS(1, 1, 1, 1, 1))), TP_E_LIMIT,
                   "the result has more than 8 dims");
    expect_refused(tp_einsum(NULL, &a, 1), TP_E_ARGUMENT, "tp_einsum: the subscripts are NULL");
    ck_assert(!tp_ok(tp_einsum("i", NULL, 1)));
    ck_assert(!tp_ok(tp_einsum("", &a, 0)));
}
END_TEST

START_TEST(einsum_refuses_dtypes_that_differ)
{
    tp_tensor *narrow = tp_tensor_new(TP_F32, TP_DIMS(3)), *integers = tp_tensor_new(TP_I64, TP_DIMS(3));
    const tp_var a = zeros(TP_DIMS(3)), b = tp_leaf(tape, narrow), c = tp_data(tape, integers);
    expect_refused(EINSUM("i,i", a, b), TP_E_DTYPE, "operand 0 is f64, operand 1 f32; use tp_cast");
    expect_refused(EINSUM("i,i", a, c), TP_E_DTYPE, "operand 1 is i64, not f32 or f64");
    const tp_var number = tp_scalar(tape, 2);
    ck_assert_int_eq(tp_var_dtype(EINSUM(",i->i", number, b)), TP_F32);
    tp_tensor_release(narrow);
    tp_tensor_release(integers);
}
END_TEST

START_TEST(einsum_of_nothing_is_zero)
{
    const tp_var y = EINSUM("ij,jk->ik", zeros(TP_DIMS(2, 0)), zeros(TP_DIMS(0, 3)));
    expect_elements("(2,0) (0,3)", y, 6, (const double[6]){0}, 0);
    ck_assert_double_eq(tp_item(EINSUM("i->", zeros(TP_DIMS(0)))), 0);
    ck_assert_double_eq(tp_item(EINSUM("ii", zeros(TP_DIMS(0, 0)))), 0);
}
END_TEST

/* Twenty matrices in a row: more than the operands looked at together, and than those kept without memory. */
START_TEST(einsum_takes_many_operands)
{
    enum { MANY = 20 };
    tp_var x[MANY], product = counting(TP_DIMS(2, 2));
    char text[4 * MANY] = "";
    for (int i = 0; i < MANY; i++) {
        x[i] = tp_muls(counting(TP_DIMS(2, 2)), .25);
        product = i ? tp_matmul(product, x[i]) : x[0];
        text[3 * i] = (char)('a' + i), text[3 * i + 1] = (char)('b' + i), text[3 * i + 2] = i + 1 < MANY ? ',' : 0;
    }
    const tp_var y = tp_einsum(text, x, MANY);
    ck_assert_msg(tp_ok(y), "%s", tp_tape_error(tape));
    ck_assert_str_eq(difference_of(y, product, 1e-14), "");
}
END_TEST

/* b with columns of 1000 against a vector: the vector goes first, or the product of matrices makes 10^6 numbers. */
START_TEST(einsum_contracts_the_cheap_pair_first)
{
    const tp_var a = zeros(TP_DIMS(1000, 2)), b = zeros(TP_DIMS(2, 1000)), c = zeros(TP_DIMS(1000));
    const size_t before = tp_tape_statistics(tape).tensor_bytes;
    const tp_var y = EINSUM("ij,jk,k->i", a, b, c);
    ck_assert_int_eq(numbers_in(y), 1000);
    ck_assert_int_lt((int)(tp_tape_statistics(tape).tensor_peak - before), 1 << 20);
}
END_TEST

START_TEST(a_diagonal_is_a_view)
{
    const tp_var x = counting(TP_DIMS(3, 3)), y = EINSUM("ii->i", x);
    expect_elements("ii->i", y, 3, (const double[]){1, 5, 9}, 0);
    ck_assert_ptr_eq(tp_value(y)->storage, tp_value(x)->storage);
    ck_assert_double_eq(tp_item(tp_trace(x)), 15);
}
END_TEST

TCase *linalg_case(void)
{
    TCase *edges = tcase_create("linalg");
    tcase_add_checked_fixture(edges, make_tape, free_tape);
    tcase_add_test(edges, products_refuse_what_does_not_fit);
    tcase_add_test(edges, einsum_points_at_the_subscript);
    tcase_add_test(edges, einsum_refuses_dtypes_that_differ);
    tcase_add_test(edges, einsum_of_nothing_is_zero);
    tcase_add_test(edges, einsum_takes_many_operands);
    tcase_add_test(edges, einsum_contracts_the_cheap_pair_first);
    tcase_add_test(edges, a_diagonal_is_a_view);
    return edges;
}
