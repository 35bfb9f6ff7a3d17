/* Edge cases: matrices without an inverse. */
#include "tests/test_edges.h"

/* A column of zeros, two equal rows, rank 1, nothing at all, and noise beside what matters. */
static const double deficient[][9] = {{0, 0, -1.9, 0, 1.7, 1.1, 0, 0, -1.4},
                                      {1, 2, 3, 1, 2, 3, -1, 4, 2},
                                      {1, 2, 3, 2, 4, 6, -1, -2, -3},
                                      {0},
                                      {1, 1, 1, 1, 1 + 1e-16, 1, 1, 1, 1 - 1e-16}};

static tp_var deficient_on(tp_tape *tape, int i)
{
    return leaf_tensor_on(tape, TP_DIMS(3, 3), deficient[i]);
}

void edge_det_singular(tp_tape *tape)
{
    for (int i = 0; i < COUNT(deficient) - 1; i++) {
        const double *m = deficient[i];
        const tp_var a = deficient_on(tape, i), y = tp_det(a);
        tp_error error = {0};
        ck_assert_double_eq_tol(tp_item(y), 0, 1e-14);
        for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
            tp_var g;
            ck_assert_int_eq(tp_gradients(y, &a, 1, &g, flags), TP_OK);
            for (int k = 0; k < 9; k++) { /* cofactors, by rows and columns taken in turn */
                const int r = k / 3 + 1, c = k % 3 + 1;
                const double want = m[r % 3 * 3 + c % 3] * m[(r + 1) % 3 * 3 + (c + 1) % 3] -
                                    m[r % 3 * 3 + (c + 1) % 3] * m[(r + 1) % 3 * 3 + c % 3];
                ck_assert_double_eq_tol(number_at(g, k), want, 1e-13);
            }
        }
        ck_assert_msg(tp_gradgradcheck(y, &a, 1, NULL, &error) == TP_OK, "matrix %d: %s", i, error.message);
    }
}

void edge_svd_rank(tp_tape *tape)
{
    for (int i = 0; i < COUNT(deficient); i++) {
        tp_var u, s, vt;
        const tp_var a = deficient_on(tape, i);
        ck_assert_msg(tp_svd(a, &u, &s, &vt) == TP_OK, "matrix %d: %s", i, tp_tape_error(tape));
        const tp_var unit = tp_eye(tape, TP_F64, 3, 3), scaled = tp_mul(u, s);
        ck_assert_double_eq_tol(number_at(s, 2), 0, 1e-14);
        ck_assert_str_eq(difference_of(tp_matmul(scaled, vt), a, 1e-14), "");
        ck_assert_str_eq(difference_of(tp_matmul(tp_transpose(u, 0, 1), u), unit, 1e-14), "");
        ck_assert_str_eq(difference_of(tp_matmul(vt, tp_transpose(vt, 0, 1)), unit, 1e-14), "");
    }
}

void edge_no_inverse(tp_tape *tape)
{
    const tp_var a = deficient_on(tape, 3), b = leaf_tensor_on(tape, TP_DIMS(3, 1), NULL);
    REFUSED(tp_inverse(a), TP_E_NUMERIC);
    REFUSED(tp_solve(a, b), TP_E_NUMERIC);
    REFUSED(tp_cholesky(a), TP_E_NUMERIC);
    REFUSED(tp_cholesky(leaf_tensor_on(tape, TP_DIMS(2, 2), LIST_OF(1, 2, 2, 1))), TP_E_NUMERIC);
}
