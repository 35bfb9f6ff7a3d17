/* Edges of QR factors, singular values, eigenvalues and functions of matrices. */
#include <limits.h>

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

static tp_var matrix(int rank, const int64_t *dims, const double *numbers)
{
    tp_tensor *tensor = tp_tensor_from(TP_F64, rank, dims, numbers);
    const tp_var x = tp_leaf(tape, tensor);
    tp_tensor_release(tensor);
    return x;
}

#define MATRIX(dims, ...) matrix(dims, (const double[]){__VA_ARGS__})

static void expect_refused(tp_status got, tp_status status, const char *text)
{
    ck_assert_msg(got == status && tp_tape_status(tape) == status, "%s: %s", text, tp_tape_error(tape));
    ck_assert_msg(strstr(tp_tape_error(tape), text) != NULL, "\"%s\" does not say \"%s\"", tp_tape_error(tape), text);
    tp_tape_clear_error(tape);
}

static tp_status status_of(tp_var x)
{
    ck_assert(!tp_ok(x));
    return tp_tape_status(tape);
}

/* Every element within `tolerance`. */
static void expect_numbers(const char *what, tp_var x, int n, const double *want, double tolerance)
{
    ck_assert_msg(tp_ok(x) && numbers_in(x) == n, "%s: %s", what, tp_tape_error(tape));
    for (int i = 0; i < n; i++)
        ck_assert_msg(fabs(number_at(x, i) - want[i]) <= tolerance, "%s: element %d is %.17g, not %.17g", what, i,
                      number_at(x, i), want[i]);
}

#define EXPECT(x, tolerance, ...)                                                                                      \
    expect_numbers(#x, x, COUNT(((const double[]){__VA_ARGS__})), (const double[]){__VA_ARGS__}, tolerance)

static tp_var turned(tp_var x)
{
    return tp_transpose(x, -1, -2);
}

START_TEST(factors_refuse_what_does_not_fit)
{
    const tp_var vector_3 = MATRIX(TP_DIMS(3), 1, 2, 3), wide = MATRIX(TP_DIMS(2, 3), 1, 2, 3, 4, 5, 6);
    tp_var u, s, vt;
    expect_refused(tp_qr(vector_3, &u, &s), TP_E_SHAPE, "tp_qr: needs a matrix, not (3)");
    ck_assert(!tp_ok(u) && !tp_ok(s));
    expect_refused(tp_svd(tp_const(tape, 1), &u, &s, &vt), TP_E_SHAPE, "tp_svd: needs a matrix, not ()");
    expect_refused(tp_eigh(wide, &u, &s), TP_E_SHAPE, "tp_eigh: needs a square matrix, not (2,3)");
    expect_refused(status_of(tp_matrix_exp(wide)), TP_E_SHAPE, "tp_matrix_exp: needs a square matrix, not (2,3)");
    expect_refused(status_of(tp_matrix_power(wide, 2)), TP_E_SHAPE, "tp_matrix_power: needs a square matrix");
    expect_refused(status_of(tp_pinv(wide, 1)), TP_E_ARGUMENT, "tp_pinv: 1 is not in 0 .. 1");
    expect_refused(status_of(tp_pinv(wide, NOT_A_NUMBER)), TP_E_ARGUMENT, "tp_pinv: ");
    expect_refused(status_of(tp_lstsq(wide, vector_3)), TP_E_SHAPE,
                   "tp_lstsq: the shapes do not fit: (2,3) and right-hand sides (3)");
    expect_refused(status_of(tp_lstsq(vector_3, vector_3)), TP_E_SHAPE, "tp_lstsq: the shapes do not fit");
    ck_assert_int_eq(tp_qr(tp_none(), NULL, NULL), TP_E_ARGUMENT);
    ck_assert(!tp_ok(tp_lstsq(tp_none(), tp_none())) && !tp_ok(tp_pinv(tp_none(), 0)));
    ck_assert(!tp_ok(tp_matrix_power(tp_none(), 2)));
}
END_TEST

START_TEST(numbers_that_are_not_finite_are_named)
{
    const tp_var a = MATRIX(TP_DIMS(2, 2, 2), 1, 0, 0, 1, 1, NOT_A_NUMBER, 0, 1);
    const tp_var b = MATRIX(TP_DIMS(1, 1), HUGE_VAL);
    expect_refused(tp_svd(a, NULL, NULL, NULL), TP_E_NUMERIC,
                   "tp_svd: matrix (1) of (2,2,2) holds a NaN or an infinity");
    expect_refused(tp_eigh(a, NULL, NULL), TP_E_NUMERIC, "tp_eigh: matrix (1) of (2,2,2) holds a NaN or an infinity");
    expect_refused(tp_eigh(b, NULL, NULL), TP_E_NUMERIC, "tp_eigh: the matrix holds a NaN or an infinity");
    expect_refused(status_of(tp_pinv(b, 0)), TP_E_NUMERIC, "tp_pinv: the matrix holds a NaN");
    tp_var q, r;
    ck_assert_int_eq(tp_qr(a, &q, &r), TP_OK);
    ck_assert(number_at(r, 0) == 1 && isnan(number_at(r, 5)));
    ck_assert(isnan(number_at(tp_matrix_exp(b), 0)));
}
END_TEST

static void expect_orthonormal(tp_var a)
{
    tp_var u, s, vt;
    ck_assert_int_eq(tp_svd(a, &u, &s, &vt), TP_OK);
    const double unit[] = {1, 0, 0, 1};
    expect_numbers("U^T U", tp_matmul(turned(u), u), 4, unit, 1e-15);
    expect_numbers("V^T V", tp_matmul(vt, turned(vt)), 4, unit, 1e-15);
    const char *difference = difference_of(tp_matmul(tp_mul(u, s), vt), a, 1e-15);
    ck_assert_str_eq(difference, "");
}

START_TEST(singular_vectors_of_zeros_are_orthonormal)
{
    expect_orthonormal(MATRIX(TP_DIMS(3, 2), 0, 0, 0, 0, 0, 0));
    expect_orthonormal(MATRIX(TP_DIMS(2, 3), 0, 0, 0, 0, 0, 0));
    expect_orthonormal(MATRIX(TP_DIMS(3, 2), 1, 2, 2, 4, 3, 6));
    expect_orthonormal(MATRIX(TP_DIMS(2, 2), 0, 1, 0, 0));
    expect_orthonormal(MATRIX(TP_DIMS(2, 2), 1, 0, 0, 1e-18));
}
END_TEST

START_TEST(scales_near_the_ends_of_the_range_are_kept)
{
    static const double scales[] = {1e200, 1, 1e-200};
    for (int i = 0; i < COUNT(scales); i++) {
        const double c = scales[i];
        tp_var w, v, s, r;
        tp_eigh(MATRIX(TP_DIMS(2, 2), 2 * c, c, c, 2 * c), &w, &v);
        EXPECT(tp_muls(w, 1 / c), 1e-14, 1, 3);
        EXPECT(tp_muls(v, sqrt(2)), 1e-14, 1, 1, -1, 1);
        tp_svd(MATRIX(TP_DIMS(2, 2), 0, 3 * c, -2 * c, 0), NULL, &s, NULL);
        EXPECT(tp_muls(s, 1 / c), 1e-14, 3, 2);
        tp_qr(MATRIX(TP_DIMS(2, 2), 3 * c, c, 4 * c, c), NULL, &r);
        EXPECT(tp_muls(r, 1 / c), 1e-14, 5, 1.4, 0, .2);
    }
}
END_TEST

START_TEST(signs_of_factors_are_fixed)
{
    tp_var q, r, u, s, vt, w, v;
    tp_qr(MATRIX(TP_DIMS(2, 2), 0, 2, -3, 1), &q, &r);
    EXPECT(q, 1e-15, 0, 1, -1, 0);
    EXPECT(r, 1e-15, 3, -1, 0, 2);
    tp_svd(MATRIX(TP_DIMS(2, 2), -2, 0, 0, -1), &u, &s, &vt);
    EXPECT(u, 1e-15, 1, 0, 0, 1);
    EXPECT(vt, 1e-15, -1, 0, 0, -1);
    tp_eigh(MATRIX(TP_DIMS(2, 2), 3, 9, -9, 1), &w, &v); /* the symmetric part is diagonal */
    EXPECT(w, 1e-15, 1, 3);
    EXPECT(v, 1e-15, 0, 1, 1, 0);
}
END_TEST

/* The derivative of the eigenvalues, and of what does not depend on the choice of vectors, exists where
   they are equal. */
START_TEST(equal_eigenvalues_have_gradients)
{
    const tp_var a = MATRIX(TP_DIMS(2, 2), 2, 0, 0, 2);
    tp_var w, v, u, s, vt, g;
    tp_eigh(a, &w, &v);
    ck_assert_int_eq(tp_gradients(tp_sum(tp_square(w)), &a, 1, &g, 0), TP_OK);
    EXPECT(g, 1e-15, 4, 0, 0, 4);
    ck_assert_int_eq(tp_gradients(tp_sum(tp_square(v)), &a, 1, &g, 0), TP_OK);
    EXPECT(g, 1e-15, 0, 0, 0, 0);
    ck_assert_int_eq(tp_gradients(tp_sum(tp_mul(v, MATRIX(TP_DIMS(2, 2), 0, 1, 2, 0))), &a, 1, &g, 0), TP_OK);
    ck_assert(!isfinite(number_at(g, 1)));
    tp_svd(a, &u, &s, &vt);
    ck_assert_int_eq(tp_gradients(tp_sum(s), &a, 1, &g, 0), TP_OK);
    EXPECT(g, 1e-15, 1, 0, 0, 1);
}
END_TEST

START_TEST(functions_of_matrices_at_their_edges)
{
    const tp_var a = MATRIX(TP_DIMS(2, 2), 1, 2, 2, 4), zero = MATRIX(TP_DIMS(2, 2), 0, 0, 0, 0);
    tp_var g;
    EXPECT(tp_matrix_exp(zero), 0, 1, 0, 0, 1);
    EXPECT(tp_matrix_exp(MATRIX(TP_DIMS(2, 2), 0, 1e30, 0, 0)), 0, 1, 1e30, 0, 1);
    EXPECT(tp_matrix_exp(MATRIX(TP_DIMS(2, 2), -2000, 0, 0, -3000)), 0, 0, 0, 0, 0);
    ck_assert_double_eq(number_at(tp_matrix_exp(MATRIX(TP_DIMS(1, 1), 1e4)), 0), HUGE_VAL);
    EXPECT(tp_pinv(zero, 0), 0, 0, 0, 0, 0);
    EXPECT(tp_pinv(a, 0), 1e-15, .04, .08, .08, .16);
    EXPECT(tp_pinv(MATRIX(TP_DIMS(2, 2), 4, 0, 0, 1), .5), 0, .25, 0, 0, 0);
    EXPECT(tp_matrix_power(a, 0), 0, 1, 0, 0, 1);
    ck_assert_int_eq(tp_gradients(tp_sum(tp_matrix_power(a, 0)), &a, 1, &g, 0), TP_OK);
    EXPECT(g, 0, 0, 0, 0, 0);
    EXPECT(tp_matrix_power(MATRIX(TP_DIMS(2, 2), 0, 1, 1, 0), INT_MIN), 0, 1, 0, 0, 1);
    ck_assert_int_eq(tp_var_rank(tp_matrix_power(MATRIX(TP_DIMS(2, 1, 1), 1, 2), 0)), 3);
    expect_refused(status_of(tp_matrix_power(a, -1)), TP_E_NUMERIC, "tp_inverse: the matrix is singular");
    expect_refused(status_of(tp_lstsq(zero, MATRIX(TP_DIMS(2), 1, 1))), TP_E_NUMERIC, "the matrix is singular");
    EXPECT(tp_lstsq(MATRIX(TP_DIMS(3, 1), 1, 1, 1), MATRIX(TP_DIMS(3), 1, 2, 6)), 1e-14, 3);
    EXPECT(tp_lstsq(MATRIX(TP_DIMS(1, 2), 3, 4), MATRIX(TP_DIMS(1), 25)), 1e-14, 3, 4);
}
END_TEST

TCase *spectral_case(void)
{
    TCase *edges = tcase_create("spectral");
    tcase_add_checked_fixture(edges, make_tape, free_tape);
    tcase_add_test(edges, factors_refuse_what_does_not_fit);
    tcase_add_test(edges, numbers_that_are_not_finite_are_named);
    tcase_add_test(edges, singular_vectors_of_zeros_are_orthonormal);
    tcase_add_test(edges, scales_near_the_ends_of_the_range_are_kept);
    tcase_add_test(edges, signs_of_factors_are_fixed);
    tcase_add_test(edges, equal_eigenvalues_have_gradients);
    tcase_add_test(edges, functions_of_matrices_at_their_edges);
    return edges;
}
