/* Programs whose patterns and derivatives are known: bands, arrows, chains of scalars, bundle adjustment. */
#include "tests/test_sparse.h"

/* ---- known patterns ---- */

/* y_i = x_i^2 x_(i+1) */
START_TEST(band_has_two_colours)
{
    enum { N = 500 };
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = random_vector(tape, _i ? TP_F32 : TP_F64, N);
    const tp_var y = tp_mul(tp_square(part(x, 0, N - 1)), part(x, 1, N - 1));
    tp_sparse *s = tp_sparse_jacobian(&y, 1, &x, 1, NULL);
    const tp_csr a = computed(tape, s);
    ck_assert_int_eq(a.rows, N - 1);
    ck_assert_int_eq(a.columns, N);
    ck_assert_int_eq(a.entries, 2 * (N - 1));
    ck_assert_int_eq(tp_sparse_forward(s) + tp_sparse_backward(s), 2);
    for (int64_t i = 0; i + 1 < N; i++) {
        const double p = tp_tensor_item(tp_value(x), i), q = tp_tensor_item(tp_value(x), i + 1);
        EXPECT_NEAR(entry(&a, i, i), 2 * p * q, 1e-6);
        EXPECT_NEAR(entry(&a, i, i + 1), p * p, 1e-6);
    }
    tp_sparse_free(s);
    tp_tape_free(tape);
}
END_TEST

/* A row and a column that are full: neither columns nor rows alone could do with few colours. */
START_TEST(arrow_goes_both_ways)
{
    enum { N = 300 };
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = random_vector(tape, TP_F64, N);
    const tp_var y[2] = {tp_sum(tp_square(x)), tp_mul(part(x, 1, N - 1), first(x))};
    tp_sparse *s = tp_sparse_jacobian(y, 2, &x, 1, NULL);
    const tp_csr a = computed(tape, s);
    ck_assert_int_eq(a.entries, N + 2 * (N - 1));
    ck_assert_int_eq(tp_sparse_forward(s) + tp_sparse_backward(s), 3);
    for (int64_t i = 0; i < N; i++) {
        const double p = tp_tensor_item(tp_value(x), i);
        EXPECT_NEAR(entry(&a, 0, i), 2 * p, 1e-12);
        if (i == 0) continue;
        EXPECT_NEAR(entry(&a, i, 0), p, 1e-12);
        EXPECT_NEAR(entry(&a, i, i), tp_tensor_item(tp_value(x), 0), 1e-12);
    }
    tp_sparse_free(s);
    tp_tape_free(tape);
}
END_TEST

START_TEST(hessian_of_an_arrow_has_two_colours)
{
    enum { N = 400 };
    tp_tape *tape = tp_tape_new(NULL);
    const tp_var x = random_vector(tape, TP_F64, N);
    const tp_var f = tp_add(tp_sum(tp_square(tp_square(x))), tp_sum(tp_mul(tp_square(x), first(x))));
    tp_sparse *s = tp_sparse_hessian(f, &x, 1, NULL);
    const tp_csr a = computed(tape, s);
    ck_assert_int_eq(a.entries, 3 * N - 2);
    ck_assert_int_eq(tp_sparse_forward(s), 2);
    const double z = tp_tensor_item(tp_value(x), 0);
    EXPECT_NEAR(entry(&a, 0, 0), 12 * z * z + 6 * z, 1e-12);
    for (int64_t i = 1; i < N; i++) {
        const double p = tp_tensor_item(tp_value(x), i);
        EXPECT_NEAR(entry(&a, i, i), 12 * p * p + 2 * z, 1e-12);
        EXPECT_NEAR(entry(&a, i, 0), 2 * p, 1e-12);
        EXPECT_NEAR(entry(&a, 0, i), 2 * p, 1e-12);
    }
    tp_sparse_free(s);
    tp_tape_free(tape);
}
END_TEST

/* f = sum x_i^2 x_(i+1), node by node: the sum is a chain, whose sets grow with it, and no matter. */
START_TEST(hessian_of_scalars_is_tridiagonal)
{
    enum { N = 2000 };
    static tp_var x[N];
    tp_tape *tape = tp_tape_new(NULL);
    for (int i = 0; i < N; i++) x[i] = tp_scalar(tape, sin(i));
    tp_var f = tp_const(tape, 0);
    for (int i = 0; i + 1 < N; i++) f = tp_add(f, tp_mul(tp_square(x[i]), x[i + 1]));
    tp_sparse *s = tp_sparse_hessian(f, x, N, NULL);
    const tp_csr a = computed(tape, s);
    ck_assert_int_eq(a.entries, 3 * N - 3); /* the last one's square is nowhere */
    ck_assert_int_eq(tp_sparse_forward(s), 3);
    for (int i = 0; i + 1 < N; i++) {
        EXPECT_NEAR(entry(&a, i, i), 2 * sin(i + 1), 1e-12);
        EXPECT_NEAR(entry(&a, i, i + 1), 2 * sin(i), 1e-12);
        EXPECT_NEAR(entry(&a, i + 1, i), 2 * sin(i), 1e-12);
    }
    tp_sparse_free(s);
    tp_sparse *gradient = tp_sparse_jacobian(&f, 1, x, N, NULL);
    const tp_csr g = computed(tape, gradient);
    ck_assert_int_eq(g.entries, N);
    ck_assert_int_eq(tp_sparse_backward(gradient), 1);
    ck_assert_int_eq(tp_sparse_forward(gradient), 0);
    tp_sparse_free(gradient);
    tp_tape_free(tape);
}
END_TEST

/* Every prefix of a long chain as a result: long sets that are kept as another and a few more. */
START_TEST(prefixes_of_a_chain_are_lower_triangles)
{
    enum { N = 300 };
    static tp_var x[N], y[N];
    tp_tape *tape = tp_tape_new(NULL);
    for (int i = 0; i < N; i++) x[i] = tp_scalar(tape, i + 1);
    for (int i = 0; i < N; i++) y[i] = i ? tp_add(y[i - 1], tp_square(x[(i * 7) % N])) : tp_square(x[0]);
    tp_sparse *s = tp_sparse_jacobian(y, N, x, N, NULL);
    const tp_csr a = computed(tape, s);
    ck_assert_int_eq(a.entries, N * (N + 1) / 2);
    for (int i = 0; i < N; i++)
        for (int k = 0; k <= i; k++) EXPECT_NEAR(entry(&a, i, (k * 7) % N), 2 * ((k * 7) % N + 1), 1e-12);
    tp_sparse_free(s);
    tp_tape_free(tape);
}
END_TEST

/* ---- bundle adjustment ---- */

enum { CAMERA = 6, CAMERAS = 4, POINTS = 12, SEEN = 3 };

/* An observation, node by node: the point turned about the camera's axis w (the rotation's first terms), moved,
   projected, with radial distortion; camera: w, shift along z, focal length, distortion. */
static void observe(const tp_var *c, const tp_var *p, tp_var *y)
{
    tp_var q[3];
    for (int k = 0; k < 3; k++) {
        const int i = (k + 1) % 3, j = (k + 2) % 3;
        q[k] = tp_add(p[k], tp_sub(tp_mul(tp_sin(c[i]), p[j]), tp_mul(tp_sin(c[j]), p[i])));
    }
    const tp_var z = tp_add(q[2], c[3]), u = tp_div(q[0], z), v = tp_div(q[1], z);
    const tp_var scale = tp_mul(c[4], tp_adds(tp_mul(c[5], tp_add(tp_square(u), tp_square(v))), 1));
    y[0] = tp_mul(scale, u);
    y[1] = tp_mul(scale, v);
}

/* Each residual depends on one camera and one point. */
START_TEST(bundle_adjustment_has_directions_of_one_observation)
{
    tp_var x[CAMERA * CAMERAS + 3 * POINTS], y[2 * POINTS * SEEN];
    tp_var *const points = x + CAMERA * CAMERAS;
    tp_tape *tape = tp_tape_new(NULL);
    const int n = CAMERA * CAMERAS + 3 * POINTS, m = 2 * POINTS * SEEN;
    for (int i = 0; i < n; i++) x[i] = tp_scalar(tape, 1.5 + .3 * sin(3 * i));
    for (int i = 0; i < POINTS * SEEN; i++) {
        const int point = i / SEEN, camera = (point + i % SEEN) % CAMERAS;
        observe(x + CAMERA * camera, points + 3 * point, y + 2 * i);
    }
    tp_sparse *s = tp_sparse_jacobian(y, m, x, n, NULL);
    const tp_csr a = computed(tape, s);
    ck_assert_int_eq(a.entries, m * (CAMERA + 3));
    ck_assert_int_eq(tp_sparse_forward(s) + tp_sparse_backward(s), CAMERA + 3);
    for (int row = 0; row < m; row++) {
        tp_var g[CAMERA * CAMERAS + 3 * POINTS];
        ck_assert_int_eq(tp_gradients(y[row], x, n, g, 0), TP_OK);
        for (int64_t e = a.row_start[row]; e < a.row_start[row + 1]; e++)
            EXPECT_NEAR(a.value[e], tp_item(g[a.column[e]]), 1e-12);
    }
    tp_sparse_free(s);
    tp_tape_free(tape);
}
END_TEST

TCase *sparse_programs_case(void)
{
    TCase *programs = tcase_create("programs");
    tcase_add_loop_test(programs, band_has_two_colours, 0, 2);
    tcase_add_test(programs, arrow_goes_both_ways);
    tcase_add_test(programs, hessian_of_an_arrow_has_two_colours);
    tcase_add_test(programs, hessian_of_scalars_is_tridiagonal);
    tcase_add_test(programs, prefixes_of_a_chain_are_lower_triangles);
    tcase_add_test(programs, bundle_adjustment_has_directions_of_one_observation);
    return programs;
}
