/* Minimisers: known minima by every method, what each is for, ends, failures. */
#include <tapir/minimize.h>

#include "tests/helpers.h"

static const tp_method methods[] = {TP_LBFGS, TP_CONJUGATE_GRADIENTS, TP_NEWTON_CG, TP_LEVENBERG_MARQUARDT};

enum { METHODS = sizeof methods / sizeof *methods, MOST = 40 };

/* The terms 10 (x_(i+1) - x_i^2) and 1 - x_i, whose squares Rosenbrock's function adds up. */
static tp_var terms(tp_tape *on, const tp_var *x, int n, void *user)
{
    tp_var r[2 * MOST];
    (void)on, (void)user;
    for (int i = 0; i + 1 < n; i++) {
        r[2 * i] = tp_muls(tp_sub(x[i + 1], tp_square(x[i])), 10);
        r[2 * i + 1] = tp_rsubs(1, x[i]);
    }
    return tp_stack(r, 2 * n - 2, 0);
}

static tp_var rosenbrock(tp_tape *on, const tp_var *x, int n, void *user)
{
    return tp_muls(tp_sum(tp_square(terms(on, x, n, user))), .5);
}

static tp_minimize_result minimum_of(tp_function f, void *user, int n, double *x, const tp_minimize_options *options)
{
    tp_error error;
    tp_minimize_result result;
    tp_objective *o = tp_objective_new(f, user, n, NULL, NULL, NULL);
    const tp_status status = tp_minimize(o, x, options, &result, &error);
    ck_assert_msg(status == TP_OK, "%s", error.message);
    tp_objective_free(o);
    return result;
}

START_TEST(each_method_finds_the_minimum_of_rosenbrocks_function)
{
    const tp_method method = methods[_i % METHODS];
    const int n = _i / METHODS ? 12 : 2;
    double x[MOST];
    for (int i = 0; i < n; i++) x[i] = i % 2 ? 1 : -1.2;
    const tp_minimize_options options = {.method = method};
    const bool squares = method == TP_LEVENBERG_MARQUARDT;
    const tp_minimize_result r = minimum_of(squares ? terms : rosenbrock, NULL, n, x, &options);
    ck_assert_int_eq(r.end, TP_END_GRADIENT);
    ck_assert(r.gradient <= 1e-8 && r.value < 1e-15 && r.evaluations >= r.iterations);
    ck_assert((r.products > 0) == (method == TP_NEWTON_CG || squares));
    for (int i = 0; i < n; i++) EXPECT_NEAR(x[i], 1, 1e-7);
}
END_TEST

/* sum c_k x_k^2 / 2 with c from 1 to 10^4: conjugate gradients need about as many steps as there are values of c. */
static tp_var bowl(tp_tape *on, const tp_var *x, int n, void *user)
{
    tp_var sum = tp_const(on, 0);
    (void)user;
    for (int i = 0; i < n; i++) sum = tp_add(sum, tp_muls(tp_square(x[i]), .5 * pow(10, 4. * i / (n - 1))));
    return sum;
}

START_TEST(quadratics_take_few_steps)
{
    for (int m = 0; m < 3; m++) {
        double x[6] = {1, -1, 1, -1, 1, -1};
        const tp_minimize_result r = minimum_of(bowl, NULL, 6, x, &(tp_minimize_options){.method = methods[m]});
        ck_assert_int_eq(r.end, TP_END_GRADIENT);
        ck_assert_msg(r.iterations <= (m == 1 ? 30 : 60), "method %d: %d steps", m, (int)r.iterations);
        for (int i = 0; i < 6; i++) EXPECT_NEAR(x[i], 0, 1e-7);
    }
}
END_TEST

/* x^4 / 4 - x^2 / 2 + y^2 / 2: a saddle at 0, minima at x = +-1. */
static tp_var saddle(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n, (void)user;
    return tp_add(tp_sub(tp_muls(tp_pows(x[0], 4), .25), tp_muls(tp_square(x[0]), .5)), tp_muls(tp_square(x[1]), .5));
}

START_TEST(newton_leaves_saddles)
{
    double x[] = {1e-4, 1};
    const tp_minimize_result r = minimum_of(saddle, NULL, 2, x, &(tp_minimize_options){.method = TP_NEWTON_CG});
    EXPECT_NEAR(fabs(x[0]), 1, 1e-8);
    EXPECT_NEAR(x[1], 0, 1e-8);
    EXPECT_NEAR(r.value, -.25, 1e-15);
}
END_TEST

/* x - log(1 - x^2): no value outside (-1, 1), minimum where 1 = -2x / (1 - x^2). */
static tp_var barrier(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n, (void)user;
    return tp_sub(x[0], tp_log(tp_rsubs(1, tp_square(x[0]))));
}

/* ... where the function fails instead. */
static tp_var factored(tp_tape *on, const tp_var *x, int n, void *user)
{
    const tp_var one = tp_const(on, 1), row[] = {one, x[0], x[0], one};
    (void)n, (void)user;
    const tp_var factor = tp_cholesky(tp_reshape(tp_stack(row, 4, 0), 2, (int64_t[]){2, 2}));
    return tp_sub(x[0], tp_muls(tp_log(tp_index(factor, 2, (int64_t[]){1, 1})), 2));
}

START_TEST(trials_without_a_value_are_too_far)
{
    for (int k = 0; k < 6; k++) {
        double x = .99;
        minimum_of(k / 3 ? factored : barrier, NULL, 1, &x, &(tp_minimize_options){.method = methods[k % 3]});
        EXPECT_NEAR(x, 1 - sqrt(2), 1e-8);
    }
}
END_TEST

/* ---- least squares ---- */

enum { POINTS = 30 };

/* a e^(-b t) + c at t = 0, 0.1, ... less what a = 3, b = 1.5, c = 0.5 give, and an error; b is told in a unit. */
typedef struct curve {
    double unit, error;
} curve;

static tp_var decay(tp_tape *on, const tp_var *x, int n, void *user)
{
    const curve *of = user;
    tp_var r[POINTS];
    (void)on, (void)n;
    for (int i = 0; i < POINTS; i++) {
        const double t = i * .1, measured = 3 * exp(-1.5 * t) + .5 + of->error * sin(17. * i);
        r[i] = tp_adds(tp_add(tp_mul(x[0], tp_exp(tp_muls(x[1], -t * of->unit))), x[2]), -measured);
    }
    return tp_stack(r, POINTS, 0);
}

START_TEST(levenberg_and_marquardt_fit_curves_in_any_unit)
{
    double fitted[3];
    for (int i = 0; i < 4; i++) {
        curve of = {i < 2 ? 1 : (i == 2 ? 1e-6 : 1e6), i ? .1 : 0};
        double x[] = {1, 1 / of.unit, 0};
        const tp_minimize_options options = {.method = TP_LEVENBERG_MARQUARDT, .gradient = -1, .change = 1e-14};
        const tp_minimize_result r = minimum_of(decay, &of, 3, x, &options);
        ck_assert_msg(r.iterations < 20 && r.products <= r.iterations + 1, "%d", (int)r.iterations);
        x[1] *= of.unit;
        if (i < 2) memcpy(fitted, x, sizeof x);
        for (int k = 0; k < 3; k++) EXPECT_NEAR(x[k], i ? fitted[k] : NUMBERS(3, 1.5, .5)[k], 1e-6);
    }
    ck_assert(fabs(fitted[0] - 3) > 1e-3); /* the error shows */
}
END_TEST

/* x0 + x1 - 2, of two unknowns, and 0 times the third: rank 1. */
static tp_var flat(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n, (void)user;
    return tp_stack((tp_var[]){tp_adds(tp_add(x[0], x[1]), -2), tp_muls(x[2], 0)}, 2, 0);
}

START_TEST(jacobians_without_full_rank_are_no_trouble)
{
    double x[] = {5, -1, 7};
    minimum_of(flat, NULL, 3, x, &(tp_minimize_options){.method = TP_LEVENBERG_MARQUARDT});
    EXPECT_NEAR(x[0] + x[1], 2, 1e-7);
    EXPECT_NEAR(x[0] - x[1], 6, 1e-7); /* the nearest of the solutions */
    EXPECT_NEAR(x[2], 7, 0);
}
END_TEST

/* Powell's singular function: J loses rank at the minimum. */
static tp_var powell(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n, (void)user;
    const tp_var r[] = {tp_add(x[0], tp_muls(x[1], 10)), tp_muls(tp_sub(x[2], x[3]), sqrt(5)),
                        tp_square(tp_sub(x[1], tp_muls(x[2], 2))), tp_muls(tp_square(tp_sub(x[0], x[3])), sqrt(10))};
    return tp_stack(r, 4, 0);
}

START_TEST(a_singular_minimum_is_found)
{
    double x[] = {3, -1, 0, 1};
    minimum_of(powell, NULL, 4, x, &(tp_minimize_options){.method = TP_LEVENBERG_MARQUARDT});
    for (int i = 0; i < 4; i++) EXPECT_NEAR(x[i], 0, 1e-2);
}
END_TEST

/* ---- tensors, ends ---- */

static tp_var distance(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n, (void)user;
    return tp_add(tp_sum(tp_square(tp_adds(x[0], -2))), tp_square(tp_sum(tp_adds(x[1], 1))));
}

START_TEST(tensors_are_moved_to_the_minimum)
{
    tp_tensor *x[] = {tp_tensor_new(TP_F32, TP_DIMS(2, 2)), tp_tensor_new(TP_F64, TP_DIMS(1))};
    tp_objective *o = tp_objective_new(distance, NULL, 2, x, NULL, NULL);
    EXPECT_STATUS(tp_minimize(o, NULL, NULL, NULL, NULL), TP_OK);
    EXPECT_TENSOR(x[0], 1e-6, 2, 2, 2, 2);
    EXPECT_TENSOR(x[1], 1e-6, -1);
    tp_objective_free(o);
    tp_tensor_release(x[0]), tp_tensor_release(x[1]);
}
END_TEST

static bool three_steps(const tp_minimize_result *so_far, const double *x, void *user)
{
    ++*(int *)user;
    ck_assert(isfinite(x[0]) && isfinite(so_far->value));
    return so_far->iterations < 3;
}

START_TEST(ends_say_why)
{
    for (int k = 0; k < METHODS; k++) {
        int told = 0;
        const tp_function f = methods[k] == TP_LEVENBERG_MARQUARDT ? terms : rosenbrock;
        double x[] = {-1.2, 1}, start = 24.2 / 2, before[2];
        tp_minimize_options options = {.method = methods[k], .progress = three_steps, .user = &told};
        tp_minimize_result r = minimum_of(f, NULL, 2, x, &options);
        ck_assert(r.end == TP_END_STOPPED && r.iterations == 3 && told == 3 && r.value < start);
        memcpy(before, x, sizeof x);
        options = (tp_minimize_options){.method = methods[k], .iterations = 2};
        r = minimum_of(f, NULL, 2, x, &options);
        ck_assert(r.end == TP_END_LIMIT && r.iterations == 2 && memcmp(x, before, sizeof x) != 0);
        options = (tp_minimize_options){.method = methods[k], .change = .5};
        r = minimum_of(f, NULL, 2, x, &options);
        ck_assert(r.end == TP_END_CHANGE || r.end == TP_END_GRADIENT);
        options = (tp_minimize_options){.method = methods[k], .gradient = -1, .change = -1, .iterations = 10000};
        r = minimum_of(f, NULL, 2, x, &options); /* to the last digit, and no further */
        ck_assert(r.end == TP_END_ROUNDING || r.end == TP_END_LIMIT);
        EXPECT_NEAR(x[0], 1, 1e-9);
        r = minimum_of(f, NULL, 2, x, &(tp_minimize_options){.method = methods[k], .gradient = 1e-5});
        ck_assert(r.end == TP_END_GRADIENT && r.iterations <= 1);
    }
    ck_assert_str_eq(tp_minimize_end_name(TP_END_ROUNDING), "rounding");
    ck_assert_str_eq(tp_minimize_end_name((tp_minimize_end)99), "");
}
END_TEST

/* ---- failures ---- */

/* An error from the fifth call on. */
static tp_var breaks(tp_tape *on, const tp_var *x, int n, void *user)
{
    int *calls = user;
    (void)n;
    if (++*calls > 4) return tp_index(x[0], 1, (int64_t[]){0});
    return rosenbrock(on, x, n, NULL);
}

static tp_var grows(tp_tape *on, const tp_var *x, int n, void *user)
{
    const tp_var r[] = {x[0], x[1], tp_const(on, 1)};
    (void)n;
    return tp_stack(r, ++*(int *)user > 1 ? 3 : 2, 0);
}

static tp_var root(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n, (void)user;
    return tp_sqrt(tp_sum(x[0]));
}

static void expect_failure(tp_function f, void *user, int n, double x0, const tp_minimize_options *options,
                           tp_status wanted, const char *text)
{
    double x[] = {x0, 1, 1, 1};
    tp_error error;
    tp_minimize_result result;
    tp_objective *o = tp_objective_new(f, user, n, NULL, NULL, NULL);
    EXPECT_STATUS(tp_minimize(o, x, options, &result, &error), wanted);
    ck_assert_msg(strstr(error.message, text) && strstr(error.message, "tp_minimize"), "%s", error.message);
    ck_assert(isfinite(x[0]));
    tp_objective_free(o);
}

START_TEST(failures_have_their_messages)
{
    static const tp_minimize_options wrong[] = {{.method = (tp_method)9}, {.history = -1}, {.iterations = -1},
                                                {.evaluations = -2},      {.radius = -1},  {.radius = HUGE_VAL}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_failure(rosenbrock, NULL, 2, 0, &wrong[i], TP_E_ARGUMENT, i ? "" : "no method 9");
    const tp_minimize_options nan = {.gradient = (double)NAN}, lm = {.method = TP_LEVENBERG_MARQUARDT};
    expect_failure(rosenbrock, NULL, 2, 0, &nan, TP_E_ARGUMENT, "gradient nan");
    expect_failure(terms, NULL, 2, 0, NULL, TP_E_SHAPE, "f has 2 elements");
    expect_failure(root, NULL, 1, -1, NULL, TP_E_NUMERIC, "not finite at the start");
    expect_failure(root, NULL, 1, 0, NULL, TP_E_NUMERIC, "not finite at the start"); /* its slope is not */
    expect_failure(root, NULL, 1, -1, &lm, TP_E_NUMERIC, "");
    int calls = 0;
    expect_failure(breaks, &calls, 2, -1.2, NULL, TP_E_INDEX, "tp_index");
    calls = 0;
    expect_failure(grows, &calls, 2, 1, &lm, TP_E_SHAPE, "");
    tp_error error;
    EXPECT_STATUS(tp_minimize(NULL, NULL, NULL, NULL, &error), TP_E_ARGUMENT);
    tp_objective *o = tp_objective_new(rosenbrock, NULL, 2, NULL, NULL, NULL);
    EXPECT_STATUS(tp_minimize(o, NULL, NULL, NULL, &error), TP_E_ARGUMENT);
    tp_objective_free(o);
    o = tp_objective_new(bowl, NULL, 0, NULL, NULL, NULL); /* nothing to move */
    EXPECT_STATUS(tp_minimize(o, (double[]){0}, NULL, NULL, &error), TP_OK);
    tp_objective_free(o);
}
END_TEST

static tp_status allocating_run(counter *c, tp_method method, int64_t steps)
{
    const tp_allocator memory = counted(c);
    double x[] = {-1.2, 1};
    tp_objective *o = tp_objective_new(method == TP_LEVENBERG_MARQUARDT ? terms : rosenbrock, NULL, 2, NULL,
                                       &(tp_objective_options){.memory = &memory}, NULL);
    const tp_minimize_options options = {.method = method, .memory = &memory, .iterations = steps, .gradient = -1};
    const tp_status status = o ? tp_minimize(o, x, &options, NULL, NULL) : TP_E_MEMORY;
    tp_objective_free(o);
    return status;
}

START_TEST(each_allocation_may_fail_and_steps_make_none)
{
    counter few = {0}, many = {0};
    EXPECT_STATUS(allocating_run(&few, methods[_i], 4), TP_OK);
    EXPECT_STATUS(allocating_run(&many, methods[_i], 12), TP_OK);
    ck_assert_uint_eq(few.calls, many.calls);
    for (size_t i = 1; i <= few.calls; i++) {
        counter c = {.fail_at = i};
        const tp_status status = allocating_run(&c, methods[_i], 4);
        ck_assert_msg(c.bytes == 0 && (status == TP_E_MEMORY || status == TP_OK), "allocation %zu: %d", i, status);
    }
}
END_TEST

Suite *minimize_suite(void)
{
    Suite *suite = suite_create("minimize");
    TCase *tcase = tcase_create("minimize");
    tcase_add_loop_test(tcase, each_method_finds_the_minimum_of_rosenbrocks_function, 0, 2 * METHODS);
    tcase_add_test(tcase, quadratics_take_few_steps);
    tcase_add_test(tcase, newton_leaves_saddles);
    tcase_add_test(tcase, trials_without_a_value_are_too_far);
    tcase_add_test(tcase, levenberg_and_marquardt_fit_curves_in_any_unit);
    tcase_add_test(tcase, jacobians_without_full_rank_are_no_trouble);
    tcase_add_test(tcase, a_singular_minimum_is_found);
    tcase_add_test(tcase, tensors_are_moved_to_the_minimum);
    tcase_add_test(tcase, ends_say_why);
    tcase_add_test(tcase, failures_have_their_messages);
    tcase_add_loop_test(tcase, each_allocation_may_fail_and_steps_make_none, 0, METHODS);
    suite_add_tcase(suite, tcase);
    return suite;
}
