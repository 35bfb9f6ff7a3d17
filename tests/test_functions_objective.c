/* Functions over plain memory. */
#include <tapir/objective.h>

#include "tests/test_functions.h"

/* 100 (b - a^2)^2 + (1 - a)^2 */
static tp_var rosenbrock(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n;
    if (user) ++*(int *)user;
    const tp_var across = tp_sub(x[1], tp_square(x[0]));
    return tp_add(tp_muls(tp_square(across), 100), tp_square(tp_rsubs(1, x[0])));
}

static void expect_rosenbrock(tp_objective *o, double a, double b)
{
    double g[2], hv[2], x[2];
    EXPECT_STATUS(tp_objective_at(o, NUMBERS(a, b)), TP_OK);
    EXPECT_NEAR(tp_objective_value(o), 100 * (b - a * a) * (b - a * a) + (1 - a) * (1 - a), 1e-12);
    for (int twice = 0; twice < 2; twice++) {
        EXPECT_STATUS(tp_objective_gradient(o, g), TP_OK);
        EXPECT_NEAR(g[0], -400 * a * (b - a * a) - 2 * (1 - a), 1e-11);
        EXPECT_NEAR(g[1], 200 * (b - a * a), 1e-11);
        EXPECT_STATUS(tp_objective_hvp(o, NUMBERS(1, -2), hv), TP_OK);
        EXPECT_NEAR(hv[0], 1200 * a * a - 400 * b + 2 + 800 * a, 1e-10);
        EXPECT_NEAR(hv[1], -400 * a - 400, 1e-10);
    }
    EXPECT_STATUS(tp_objective_point(o, x), TP_OK);
    ck_assert(x[0] == a && x[1] == b);
}

START_TEST(objective_of_scalars)
{
    for (int replay = 0; replay <= 1; replay++) {
        int calls = 0;
        tp_objective *o =
            tp_objective_new(rosenbrock, &calls, 2, NULL, &(tp_objective_options){.replay = replay}, NULL);
        ck_assert_int_eq(tp_objective_size(o), 2);
        ck_assert_int_eq(tp_objective_count(o), 0);
        ck_assert(isnan(tp_objective_value(o)));
        for (int i = 0; i < 5; i++) expect_rosenbrock(o, .5 + i, 2. - i);
        ck_assert_int_eq(tp_objective_count(o), 1);
        ck_assert_int_eq(calls, replay ? 1 : 5);
        tp_objective_free(o);
    }
}
END_TEST

/* Residuals of a curve s e^(r t) against points (t, z), the parameters in an f64 and an f32 tensor. */
typedef struct curve {
    tp_tensor *t, *z;
} curve;

static tp_var residuals(tp_tape *on, const tp_var *x, int n, void *user)
{
    const curve *c = user;
    const tp_var rate = tp_cast(x[1], TP_F64);
    (void)n;
    return tp_sub(tp_mul(x[0], tp_exp(tp_mul(rate, tp_data(on, c->t)))), tp_data(on, c->z));
}

static tp_var half_square(tp_tape *on, const tp_var *x, int n, void *user)
{
    return tp_muls(tp_sum(tp_square(residuals(on, x, n, user))), .5);
}

START_TEST(objective_of_tensors_and_its_jacobian)
{
    const curve c = {F64(TP_DIMS(3), 0, 1, 2), F64(TP_DIMS(3), 1, 2, 3)};
    tp_tensor *x[] = {F64(TP_DIMS(1), 7), F32(TP_DIMS(1), 8)};
    tp_objective *o = tp_objective_new(residuals, (void *)&c, 2, x, NULL, NULL);
    tp_objective *square = tp_objective_new(half_square, (void *)&c, 2, x, NULL, NULL);
    double r[3], j[6], jv[3], uj[2], g[2], h[2];
    EXPECT_STATUS(tp_objective_at(o, NUMBERS(2, .5)), TP_OK);
    EXPECT_TENSOR(x[0], 0, 2);
    EXPECT_TENSOR(x[1], 0, .5);
    ck_assert_int_eq(tp_objective_count(o), 3);
    EXPECT_STATUS(tp_objective_values(o, r), TP_OK);
    EXPECT_STATUS(tp_objective_jacobian(o, j), TP_OK);
    EXPECT_STATUS(tp_objective_jvp(o, NUMBERS(1, 3), jv), TP_OK);
    EXPECT_STATUS(tp_objective_vjp(o, NUMBERS(1, 10, 100), uj), TP_OK);
    EXPECT_STATUS(tp_objective_at(square, NULL), TP_OK);
    EXPECT_STATUS(tp_objective_gradient(square, g), TP_OK);
    EXPECT_STATUS(tp_objective_hvp(square, NUMBERS(0, 1), h), TP_OK);
    double sum = 0, want[2] = {0}, u[2] = {0}, curvature = 0;
    for (int k = 0; k < 3; k++) {
        const double e = exp(.5 * k), t = k, weight = k == 2 ? 100 : k == 1 ? 10 : 1;
        EXPECT_NEAR(r[k], 2 * e - (k + 1), 1e-14);
        EXPECT_NEAR(j[2 * k], e, 1e-14);
        EXPECT_NEAR(j[2 * k + 1], 2 * t * e, 2e-6);
        EXPECT_NEAR(jv[k], e + 6 * t * e, 2e-6);
        sum += r[k] * r[k] / 2;
        want[0] += r[k] * e;
        want[1] += r[k] * 2 * t * e;
        u[0] += weight * e;
        u[1] += weight * 2 * t * e;
        curvature += 4 * t * t * e * e + r[k] * 2 * t * t * e;
    }
    EXPECT_NEAR(tp_objective_value(square), sum, 1e-13);
    ck_assert(isnan(tp_objective_value(o)));
    for (int i = 0; i < 2; i++) {
        EXPECT_NEAR(g[i], want[i], 1e-5);
        EXPECT_NEAR(uj[i], u[i], 1e-4);
    }
    EXPECT_NEAR(h[1], curvature, 1e-4);
    tp_objective_free(o);
    tp_objective_free(square);
    for (int i = 0; i < 2; i++) tp_tensor_release(x[i]);
    tp_tensor_release(c.t);
    tp_tensor_release(c.z);
}
END_TEST

/* y_k = sum_i a_ki x_i with a_ki = sin(3 k + i), and y as many as `user` says */
static tp_var sines(tp_tape *on, const tp_var *x, int n, void *user)
{
    const int rows = *(const int *)user;
    tp_var y[64];
    for (int k = 0; k < rows; k++) {
        y[k] = tp_const(on, 0);
        for (int i = 0; i < n; i++) y[k] = tp_add(y[k], tp_muls(x[i], sin(3 * k + i)));
    }
    return tp_stack(y, rows, 0);
}

START_TEST(jacobian_by_rows_and_by_columns)
{
    enum { N = 21 };
    for (int rows = 1; rows <= 40; rows += 13) {
        double x[N] = {0}, j[40 * N];
        tp_objective *o = tp_objective_new(sines, &rows, N, NULL, NULL, NULL);
        EXPECT_STATUS(tp_objective_at(o, x), TP_OK);
        EXPECT_STATUS(tp_objective_jacobian(o, j), TP_OK);
        for (int k = 0; k < rows; k++)
            for (int i = 0; i < N; i++) EXPECT_NEAR(j[k * N + i], sin(3 * k + i), 0);
        tp_objective_free(o);
    }
}
END_TEST

static size_t calls_of(counter *c, bool replay, bool tensors)
{
    const tp_allocator memory = counted(c);
    const curve data = {F64(TP_DIMS(3), 0, 1, 2), F64(TP_DIMS(3), 1, 2, 3)};
    tp_tensor *x[] = {F64(TP_DIMS(1), 7), F64(TP_DIMS(1), 8)};
    const tp_objective_options options = {.memory = &memory, .replay = replay};
    tp_objective *o = tensors ? tp_objective_new(half_square, (void *)&data, 2, x, &options, NULL)
                              : tp_objective_new(rosenbrock, NULL, 2, NULL, &options, NULL);
    size_t calls = 0;
    for (int i = 0; i < 40; i++) {
        double g[2];
        EXPECT_STATUS(tp_objective_at(o, NUMBERS(.1 * i, .2)), TP_OK);
        EXPECT_STATUS(tp_objective_gradient(o, g), TP_OK);
        EXPECT_STATUS(tp_objective_hvp(o, g, g), TP_OK);
        EXPECT_STATUS(tp_objective_jacobian(o, g), TP_OK);
        if (i == 4) calls = c->calls;
    }
    calls = c->calls - calls;
    tp_objective_free(o);
    for (int i = 0; i < 2; i++) tp_tensor_release(x[i]);
    tp_tensor_release(data.t);
    tp_tensor_release(data.z);
    return calls;
}

START_TEST(steady_loop_allocates_nothing)
{
    for (int i = 0; i < 4; i++) {
        counter c = {0};
        ck_assert_uint_eq(calls_of(&c, i & 1, i & 2), 0);
        ck_assert_uint_eq(c.bytes, 0);
    }
}
END_TEST

static tp_status allocating_run(counter *c)
{
    const tp_allocator memory = counted(c);
    double g[2];
    tp_error error = {0};
    tp_objective *o = tp_objective_new(rosenbrock, NULL, 2, NULL, &(tp_objective_options){.memory = &memory}, &error);
    tp_status status = o ? tp_objective_at(o, NUMBERS(1, 2)) : error.status;
    if (status == TP_OK) status = tp_objective_gradient(o, g);
    if (status == TP_OK) status = tp_objective_hvp(o, g, g);
    if (status == TP_OK) status = tp_objective_jacobian(o, g);
    tp_objective_free(o);
    return status;
}

START_TEST(objective_survives_each_failing_allocation)
{
    counter c = {0};
    EXPECT_STATUS(allocating_run(&c), TP_OK);
    for (size_t i = 1, calls = c.calls; i <= calls; i++) {
        c = (counter){.fail_at = i};
        const tp_status status = allocating_run(&c);
        ck_assert_msg(c.bytes == 0 && (status == TP_E_MEMORY || status == TP_OK), "allocation %zu: %d", i, status);
    }
}
END_TEST

/* No value beyond 3, and an objective that calls itself beyond 2. */
typedef struct partial {
    tp_objective *o;
    tp_status inner;
} partial;

static tp_var partial_root(tp_tape *on, const tp_var *x, int n, void *user)
{
    partial *p = user;
    double g;
    (void)n;
    if (tp_item(x[0]) > 3) return tp_index(x[0], 1, (int64_t[]){0});
    if (tp_item(x[0]) > 2) {
        p->inner = tp_item(x[0]) > 2.5 ? tp_objective_at(p->o, &g) : tp_objective_gradient(p->o, &g);
        tp_tape_reset(on);
    }
    return tp_sqrt(x[0]);
}

START_TEST(an_error_at_one_point_is_forgotten_at_the_next)
{
    for (int replay = 0; replay <= 1; replay++) {
        partial p = {0};
        double g;
        p.o = tp_objective_new(partial_root, &p, 1, NULL, &(tp_objective_options){.replay = replay}, NULL);
        EXPECT_STATUS(tp_objective_gradient(p.o, &g), TP_E_ARGUMENT);
        ck_assert_ptr_nonnull(strstr(tp_objective_error(p.o), "there is no point yet"));
        for (int i = 0; i < 3; i++) {
            static const double wrong[] = {3.5, 2.25, 2.75};
            EXPECT_STATUS(tp_objective_at(p.o, &wrong[i]), i ? TP_E_ARGUMENT : TP_E_INDEX);
            if (i) EXPECT_STATUS(p.inner, TP_E_ARGUMENT);
            ck_assert_ptr_nonnull(strstr(tp_objective_error(p.o), i ? "running" : "tp_index"));
            ck_assert(isnan(tp_objective_value(p.o)));
            ck_assert(tp_objective_gradient(p.o, &g) != TP_OK && tp_objective_hvp(p.o, &g, &g) != TP_OK);
        }
        EXPECT_STATUS(tp_objective_at(p.o, NUMBERS(1)), TP_OK);
        EXPECT_STATUS(tp_objective_gradient(p.o, &g), TP_OK);
        EXPECT_NEAR(g, .5, 0);
        EXPECT_STATUS(tp_objective_at(p.o, NUMBERS((double)NAN)), TP_OK); /* a value like any other */
        ck_assert(isnan(tp_objective_value(p.o)));
        tp_objective_free(p.o);
    }
}
END_TEST

START_TEST(objective_refuses_bad_arguments)
{
    tp_error error = {0};
    tp_tensor *bad[] = {NULL}, *whole[] = {I64(TP_DIMS(1), 1)};
    ck_assert_ptr_null(tp_objective_new(NULL, NULL, 1, NULL, NULL, &error));
    ck_assert_int_eq(error.status, TP_E_ARGUMENT);
    ck_assert_ptr_null(tp_objective_new(rosenbrock, NULL, -1, NULL, NULL, NULL));
    ck_assert_ptr_null(tp_objective_new(rosenbrock, NULL, 1, bad, NULL, &error));
    ck_assert_ptr_null(tp_objective_new(rosenbrock, NULL, 1, whole, NULL, &error));
    ck_assert_int_eq(error.status, TP_E_DTYPE);
    tp_objective *o = tp_objective_new(rosenbrock, NULL, 2, NULL, NULL, NULL);
    double g[2];
    EXPECT_STATUS(tp_objective_at(o, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_objective_at(o, NUMBERS(1, 2)), TP_OK);
    EXPECT_STATUS(tp_objective_gradient(o, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_objective_at(o, NUMBERS(1, 2)), TP_OK);
    EXPECT_STATUS(tp_objective_hvp(o, g, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_objective_at(NULL, g), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_objective_values(NULL, g), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_objective_gradient(NULL, g), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_objective_hvp(NULL, g, g), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_objective_jvp(NULL, g, g), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_objective_vjp(NULL, g, g), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_objective_jacobian(NULL, g), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_objective_point(NULL, g), TP_E_ARGUMENT);
    ck_assert(isnan(tp_objective_value(NULL)));
    ck_assert_int_eq(tp_objective_size(NULL) + tp_objective_count(NULL), 0);
    ck_assert_ptr_null(tp_objective_tape(NULL));
    ck_assert_str_eq(tp_objective_error(NULL), "the objective is NULL");
    tp_objective_free(NULL);
    tp_objective_free(o);
    tp_tensor_release(whole[0]);
}
END_TEST

TCase *functions_objective_case(void)
{
    TCase *tcase = tcase_create("objective");
    tcase_add_test(tcase, objective_of_scalars);
    tcase_add_test(tcase, objective_of_tensors_and_its_jacobian);
    tcase_add_test(tcase, jacobian_by_rows_and_by_columns);
    tcase_add_test(tcase, steady_loop_allocates_nothing);
    tcase_add_test(tcase, objective_survives_each_failing_allocation);
    tcase_add_test(tcase, an_error_at_one_point_is_forgotten_at_the_next);
    tcase_add_test(tcase, objective_refuses_bad_arguments);
    return tcase;
}
