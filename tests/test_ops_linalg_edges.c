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
    const size_t before = tp_tape_stats(tape).tensor.now;
    const tp_var y = EINSUM("ij,jk,k->i", a, b, c);
    ck_assert_int_eq(numbers_in(y), 1000);
    ck_assert_int_lt((int)(tp_tape_stats(tape).tensor.peak - before), 1 << 20);
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

/* ---- matrices ---- */

static tp_var matrix(int rank, const int64_t *dims, const double *numbers)
{
    tp_tensor *tensor = tp_tensor_from(TP_F64, rank, dims, numbers);
    const tp_var x = tp_leaf(tape, tensor);
    tp_tensor_release(tensor);
    return x;
}

#define MATRIX(dims, ...) matrix(dims, (const double[]){__VA_ARGS__})

START_TEST(matrix_ops_refuse_what_does_not_fit)
{
    const tp_var wide = zeros(TP_DIMS(2, 3)), square = zeros(TP_DIMS(2, 2, 2)), vector_3 = zeros(TP_DIMS(3));
    expect_refused(tp_cholesky(wide), TP_E_SHAPE, "tp_cholesky: needs a square matrix, not (2,3)");
    expect_refused(tp_inverse(vector_3), TP_E_SHAPE, "tp_inverse: needs a matrix, not (3)");
    expect_refused(tp_det(tp_const(tape, 1)), TP_E_SHAPE, "tp_det: needs a matrix, not ()");
    expect_refused(tp_logdet(wide), TP_E_SHAPE, "tp_logdet: needs a square matrix");
    expect_refused(tp_solve(square, vector_3), TP_E_SHAPE,
                   "tp_solve: the shapes do not fit: (2,2,2) and right-hand sides (3,1)");
    expect_refused(tp_solve(square, zeros(TP_DIMS(3, 2, 1))), TP_E_SHAPE, "right-hand sides (3,2,1)");
    expect_refused(tp_solve(square, tp_const(tape, 1)), TP_E_SHAPE, "tp_solve: needs a matrix, not ()");
    expect_refused(tp_triangular_solve(square, vector_3, 0), TP_E_SHAPE, "tp_triangular_solve: the shapes do not fit");
    expect_refused(tp_triangular_solve(square, square, 8), TP_E_ARGUMENT, "there is no flag 0x8");
    tp_var sign, logarithm;
    ck_assert_int_eq(tp_slogdet(wide, &sign, &logarithm), TP_E_SHAPE);
    ck_assert(!tp_ok(sign));
    expect_refused(logarithm, TP_E_SHAPE, "tp_slogdet: needs a square matrix, not (2,3)");
    ck_assert_int_eq(tp_slogdet(tp_none(), NULL, NULL), TP_E_ARGUMENT);
    tp_tensor *narrow = tp_tensor_new(TP_F32, TP_DIMS(2, 2));
    expect_refused(tp_solve(square, tp_leaf(tape, narrow)), TP_E_DTYPE,
                   "tp_solve: dtypes differ: operand 0 is f64, operand 1 f32; use tp_cast");
    tp_tensor_release(narrow);
    ck_assert(!tp_ok(tp_cholesky(tp_none())) && !tp_ok(tp_solve(tp_none(), square)));
    ck_assert(!tp_ok(tp_triangular_solve(tp_none(), tp_none(), 9)));
    tp_tape_clear_error(tape);
}
END_TEST

/* The second of three is wrong: the message says so, and the tape goes on with something added to the diagonal. */
START_TEST(a_failed_cholesky_can_be_tried_again)
{
    const tp_var a = MATRIX(TP_DIMS(3, 2, 2), 2, 1, 1, 2, 1, 2, 2, 1, 4, 0, 0, 4), one = tp_scalar(tape, 1);
    expect_refused(tp_cholesky(a), TP_E_NUMERIC,
                   "matrix (1) of (3,2,2) is not positive definite: its leading block of order 2 is not");
    const tp_var jitter = MATRIX(TP_DIMS(2, 2), 3, 0, 0, 3);
    const tp_var l = tp_cholesky(tp_add(a, tp_mul(jitter, one)));
    ck_assert_msg(tp_ok(l), "%s", tp_tape_error(tape));
    ck_assert_int_eq(tp_backward(tp_sum(l)), TP_OK);
    ck_assert(isfinite(tp_grad_item(one)));
    expect_refused(tp_cholesky(MATRIX(TP_DIMS(1, 1), 0)), TP_E_NUMERIC, "the matrix is not positive definite");
    expect_refused(tp_cholesky(MATRIX(TP_DIMS(2, 2), 1, 0, 0, (double)NAN)), TP_E_NUMERIC, "leading block of order 2");
    expect_refused(tp_cholesky(MATRIX(TP_DIMS(1, 1), HUGE_VAL)), TP_E_NUMERIC, "not positive definite");
}
END_TEST

START_TEST(singular_matrices_are_named)
{
    const tp_var a = MATRIX(TP_DIMS(2, 2, 2), 1, 2, 3, 4, 1, 2, 2, 4), b = zeros(TP_DIMS(2));
    expect_refused(tp_solve(a, b), TP_E_NUMERIC, "tp_solve: matrix (1) of (2,2,2) is singular: pivot 1 is 0");
    expect_refused(tp_inverse(a), TP_E_NUMERIC, "tp_inverse: matrix (1) of (2,2,2) is singular: pivot 1 is 0");
    expect_refused(tp_inverse(zeros(TP_DIMS(2, 2))), TP_E_NUMERIC, "tp_inverse: the matrix is singular: pivot 0 is 0");
    expect_refused(tp_triangular_solve(MATRIX(TP_DIMS(2, 2), 1, 0, 2, 0), b, 0), TP_E_NUMERIC,
                   "the matrix is singular: its diagonal has a 0 in row 1");
    expect_elements("unit", tp_triangular_solve(MATRIX(TP_DIMS(2, 2), 0, 9, 2, 0), MATRIX(TP_DIMS(2), 1, 1), TP_UNIT),
                    2, (const double[]){1, -1}, 0);
}
END_TEST

/* Only the triangle that is named is read. */
START_TEST(triangular_solve_reads_one_triangle)
{
    const tp_var a = MATRIX(TP_DIMS(2, 2), 2, (double)NAN, 1, 4), b = MATRIX(TP_DIMS(2), 2, 9);
    const tp_var x = tp_triangular_solve(a, b, 0);
    expect_elements("lower", x, 2, (const double[]){1, 2}, 0);
    expect_gradient("dL", tp_sum(x), a, 4, (const double[]){-.375, 0, -.25, -.5});
    expect_elements("lower^T", tp_triangular_solve(a, b, TP_TRANSPOSED), 2, (const double[]){-.125, 2.25}, 0);
    expect_elements("upper^T", tp_triangular_solve(tp_transpose(a, 0, 1), b, TP_UPPER | TP_TRANSPOSED), 2,
                    (const double[]){1, 2}, 0);
}
END_TEST

static void expect_cofactors(const char *what, tp_var a, int n, const double *want)
{
    tp_var g;
    tp_error error;
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        const tp_var y = tp_det(a);
        ck_assert(fabs(tp_item(y)) < 1e-14);
        ck_assert_int_eq(tp_gradients(y, &a, 1, &g, flags), TP_OK);
        for (int i = 0; i < n; i++)
            ck_assert_msg(fabs(number_at(g, i) - want[i]) < 1e-13, "%s: %g, not %g", what, number_at(g, i), want[i]);
    }
    const tp_var y = tp_det(a);
    ck_assert_msg(tp_gradcheck(y, &a, 1, NULL, &error) == TP_OK, "%s: %s", what, error.message);
    ck_assert_msg(tp_gradgradcheck(y, &a, 1, NULL, &error) == TP_OK, "%s: %s", what, error.message);
}

START_TEST(det_has_two_derivatives_where_it_is_singular)
{
    expect_cofactors("rank 1 of 2", MATRIX(TP_DIMS(2, 2), 1, 2, 2, 4), 4, (const double[]){4, -2, -2, 1});
    expect_cofactors("rank 0 of 2", zeros(TP_DIMS(2, 2)), 4, (const double[4]){0});
    expect_cofactors("rank 2 of 3", MATRIX(TP_DIMS(3, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9), 9,
                     (const double[]){-3, 6, -3, 6, -12, 6, -3, 6, -3});
    expect_cofactors("rank 1 of 3", MATRIX(TP_DIMS(3, 3), 1, 2, 3, 2, 4, 6, 1, 2, 3), 9, (const double[9]){0});
    expect_cofactors("a zero", zeros(TP_DIMS(1, 1)), 1, (const double[]){1});
    const tp_var a = MATRIX(TP_DIMS(2, 2), 1, 2, 2, 4);
    tp_var g, second;
    ck_assert_int_eq(tp_gradients(tp_logdet(a), &a, 1, &g, 0), TP_E_NUMERIC);
    expect_refused(g, TP_E_NUMERIC, "the matrix is singular");
    ck_assert_int_eq(tp_gradients(tp_det(a), &a, 1, &g, TP_CREATE_GRAPH), TP_OK);
    ck_assert_int_eq(tp_gradients(tp_sum(tp_square(g)), &a, 1, &second, 0), TP_OK);
    expect_elements("second", second, 4, (const double[]){2, 4, 4, 8}, 1e-14);
}
END_TEST

START_TEST(determinants_at_their_edges)
{
    const tp_var singular = MATRIX(TP_DIMS(2, 2), 1, 2, 2, 4), turned = MATRIX(TP_DIMS(2, 2), 0, 1, 1, 0);
    tp_var sign, logarithm;
    ck_assert_double_eq(tp_item(tp_det(zeros(TP_DIMS(0, 0)))), 1);
    ck_assert_double_eq(tp_item(tp_logdet(singular)), -HUGE_VAL);
    ck_assert(isnan(tp_item(tp_logdet(turned))));
    ck_assert_int_eq(tp_slogdet(singular, &sign, &logarithm), TP_OK);
    ck_assert(tp_item(sign) == 0 && tp_item(logarithm) == -HUGE_VAL);
    ck_assert_int_eq(tp_slogdet(turned, &sign, &logarithm), TP_OK);
    ck_assert(tp_item(sign) == -1 && tp_item(logarithm) == 0);
    ck_assert_int_eq(tp_slogdet(MATRIX(TP_DIMS(2, 2), 1e-300, 0, 0, 1e-300), NULL, &logarithm), TP_OK);
    ck_assert(fabs(tp_item(logarithm) + 600 * log(10)) < 1e-12);
    ck_assert(isnan(tp_item(tp_det(MATRIX(TP_DIMS(1, 1), (double)NAN)))));
    ck_assert(isnan(number_at(tp_inverse(MATRIX(TP_DIMS(1, 1), (double)NAN)), 0)));
    ck_assert_double_eq(tp_item(tp_det(MATRIX(TP_DIMS(1, 1), -HUGE_VAL))), -HUGE_VAL);
    tp_var g;
    const tp_var bad = MATRIX(TP_DIMS(2, 2), 1, (double)NAN, 0, 1);
    ck_assert_int_eq(tp_gradients(tp_det(bad), &bad, 1, &g, 0), TP_OK);
    ck_assert(isnan(number_at(g, 0)));
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
    tcase_add_test(edges, matrix_ops_refuse_what_does_not_fit);
    tcase_add_test(edges, a_failed_cholesky_can_be_tried_again);
    tcase_add_test(edges, singular_matrices_are_named);
    tcase_add_test(edges, triangular_solve_reads_one_triangle);
    tcase_add_test(edges, det_has_two_derivatives_where_it_is_singular);
    tcase_add_test(edges, determinants_at_their_edges);
    return edges;
}
