/* Implicit differentiation: fixed points against closed forms, finite differences and recorded iterations. */
#include <tapir/function.h>
#include <tapir/implicit.h>

#include "tests/test_implicit.h"

#include "tests/tape_fixture.h"

/* ---- Kepler's equation E = M + e sin E ---- */

static tp_var kepler(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n;
    if (user) ++*(int *)user;
    return tp_add(x[1], tp_mul(x[2], tp_sin(x[0])));
}

static tp_var anomaly(const tp_var theta[2], int *calls)
{
    return tp_fixed_point(kepler, tape, theta[0], theta, 2, calls, NULL);
}

START_TEST(keplers_equation_has_its_closed_derivatives)
{
    const tp_var theta[] = {tp_scalar(tape, .8), tp_scalar(tape, .4)};
    int calls = 0;
    const tp_var x = anomaly(theta, &calls);
    EXPECT_OK(tape);
    ck_assert_int_gt(calls, 10);
    const double E = tp_item(x), c = 1 - .4 * cos(E);
    EXPECT_NEAR(E - .4 * sin(E), .8, 1e-12);
    EXPECT_STATUS(tp_backward(x), TP_OK);
    EXPECT_NEAR(tp_grad_item(theta[0]), 1 / c, 1e-11);
    EXPECT_NEAR(tp_grad_item(theta[1]), sin(E) / c, 1e-11);
    const tp_var dx[] = {tp_const(tape, 1), tp_const(tape, 2)};
    tp_var dy, g[2], h[2];
    EXPECT_STATUS(tp_jvp(x, theta, dx, 2, &dy, 0), TP_OK);
    EXPECT_NEAR(tp_item(dy), (1 + 2 * sin(E)) / c, 1e-11);
    EXPECT_STATUS(tp_gradients(x, theta, 2, g, TP_CREATE_GRAPH), TP_OK);
    EXPECT_NEAR(tp_item(g[0]), 1 / c, 1e-11);
    EXPECT_NEAR(tp_item(g[1]), sin(E) / c, 1e-11);
    EXPECT_STATUS(tp_gradients(g[0], theta, 2, h, TP_CREATE_GRAPH), TP_OK);
    EXPECT_NEAR(tp_item(h[0]), -.4 * sin(E) / (c * c * c), 1e-10);
    EXPECT_NEAR(tp_item(h[1]), cos(E) / (c * c) - .4 * sin(E) * sin(E) / (c * c * c), 1e-10);
    tp_var third;
    EXPECT_STATUS(tp_gradients(h[0], theta, 1, &third, 0), TP_OK);
    const double d = .4 * sin(E);
    EXPECT_NEAR(tp_item(third), -.4 * cos(E) / pow(c, 4) + 3 * d * d / pow(c, 5), 1e-9);
    EXPECT_STATUS(tp_jvp(g[0], theta, dx, 1, &dy, 0), TP_OK); /* forward over reverse */
    EXPECT_NEAR(tp_item(dy), -.4 * sin(E) / (c * c * c), 1e-10);
    EXPECT_STATUS(tp_jvp(x, theta, dx, 1, &dy, TP_CREATE_GRAPH), TP_OK);
    EXPECT_STATUS(tp_gradients(dy, theta, 1, h, 0), TP_OK); /* reverse over forward */
    EXPECT_NEAR(tp_item(h[0]), -.4 * sin(E) / (c * c * c), 1e-10);
}
END_TEST

START_TEST(fixed_point_passes_gradcheck_and_replays)
{
    const tp_var theta[] = {tp_scalar(tape, .8), tp_scalar(tape, .4)};
    const tp_var x = anomaly(theta, NULL);
    expect_gradients(tp_square(x), theta, 2);
    tp_set_item(theta[0], 1.5);
    EXPECT_STATUS(tp_replay(tape, 0), TP_OK);
    EXPECT_NEAR(tp_item(x) - .4 * sin(tp_item(x)), 1.5, 1e-12);
    EXPECT_STATUS(tp_backward(x), TP_OK);
    EXPECT_NEAR(tp_grad_item(theta[0]), 1 / (1 - .4 * cos(tp_item(x))), 1e-11);
}
END_TEST

/* ---- x = tanh(W x + b), with W and b captured or handed over ---- */

typedef struct layer {
    tp_var w, b;
    bool captured;
} layer;

static tp_var layer_of(tp_tape *on, const tp_var *x, int n, void *user)
{
    const layer *l = user;
    (void)on, (void)n;
    const tp_var w = l->captured ? l->w : x[1], b = l->captured ? l->b : x[2];
    return tp_tanh(tp_add(tp_matmul(w, x[0]), b));
}

static tp_var settled(const layer *l, tp_var start)
{
    return tp_fixed_point(layer_of, tape, start, &l->w, l->captured ? 0 : 2, (void *)l, NULL);
}

START_TEST(tensors_agree_with_unrolled_iterations)
{
    for (int captured = 0; captured <= 1; captured++) {
        layer l = {leaf_of(tape, random_tensor(TP_F64, TP_DIMS(4, 4), 1, -.2, .2)),
                   leaf_of(tape, random_tensor(TP_F64, TP_DIMS(4), 2, -1, 1)), captured};
        const tp_var start = data_of(tape, F64(TP_DIMS(4), 0, 0, 0, 0)),
                     seed = data_of(tape, F64(TP_DIMS(4), 1, -2, 3, .5));
        const tp_var x = settled(&l, start);
        tp_var unrolled = start, g[2], want[2];
        for (int i = 0; i < 60; i++) unrolled = tp_tanh(tp_add(tp_matmul(l.w, unrolled), l.b));
        EXPECT_OK(tape);
        expect_same(tp_value(x), tp_value(unrolled), 1e-11);
        EXPECT_STATUS(tp_vjp(x, seed, &l.w, 2, g, 0), TP_OK);
        EXPECT_STATUS(tp_vjp(unrolled, seed, &l.w, 2, want, 0), TP_OK);
        for (int i = 0; i < 2; i++) expect_same(tp_value(g[i]), tp_value(want[i]), 1e-10);
        expect_gradients(x, &l.w, 2);
        tp_tape_reset(tape);
    }
}
END_TEST

START_TEST(f32_converges_to_its_own_precision)
{
    layer l = {leaf_of(tape, random_tensor(TP_F32, TP_DIMS(3, 3), 1, -.2, .2)),
               leaf_of(tape, random_tensor(TP_F32, TP_DIMS(3), 2, -1, 1)), false};
    const tp_var x = settled(&l, data_of(tape, F32(TP_DIMS(3), 0, 0, 0)));
    EXPECT_OK(tape);
    EXPECT_STATUS(tp_backward(tp_sum(x)), TP_OK);
    const tp_tensor *g = tp_grad(l.b);
    ck_assert_int_eq(tp_tensor_dtype(g), TP_F32);
}
END_TEST

/* ---- derivatives inside, and inside derivatives ---- */

/* (x - a)^4 / 4 + b x^2 / 2 */
typedef struct well {
    tp_var a, b;
} well;

static tp_var depth(tp_tape *on, const tp_var *x, int n, void *user)
{
    const well *w = user;
    (void)on, (void)n;
    return tp_add(tp_muls(tp_pows(tp_sub(x[0], w->a), 4), .25), tp_muls(tp_mul(w->b, tp_square(x[0])), .5));
}

static tp_var downhill(tp_tape *on, const tp_var *x, int n, void *user)
{
    well w = {x[1], x[2]};
    tp_var slope;
    (void)n, (void)user;
    if (tp_value_and_grad(depth, on, x, 1, &w, NULL, &slope, 0) != TP_OK) return tp_none();
    return tp_sub(x[0], tp_muls(slope, .3));
}

/* The depth at the bottom: its slope by b is x^2 / 2. */
static tp_var bottom(tp_tape *on, const tp_var *theta, int n, void *user)
{
    const tp_var x = tp_fixed_point(downhill, on, tp_const(on, .5), theta, n, user, NULL);
    return depth(on, &x, 1, &(well){theta[0], theta[1]});
}

START_TEST(minimum_is_a_fixed_point_of_its_descent)
{
    for (int forward = 0; forward <= 1; forward++) {
        const tp_var theta[] = {tp_scalar(tape, 1), tp_scalar(tape, .5)};
        const tp_var x = tp_fixed_point(downhill, tape, tp_const(tape, .5), theta, 2, NULL, NULL);
        EXPECT_OK(tape);
        expect_gradients(x, theta, 2);
        tp_var y, g[2];
        EXPECT_STATUS(tp_value_and_grad(bottom, tape, theta, 2, NULL, &y, g, forward ? TP_FORWARD : 0), TP_OK);
        EXPECT_NEAR(tp_item(g[0]), -pow(tp_item(x) - 1, 3), 1e-10); /* the envelope theorem */
        EXPECT_NEAR(tp_item(g[1]), tp_item(x) * tp_item(x) / 2, 1e-10);
        tp_tape_reset(tape);
    }
}
END_TEST

/* ---- memory ---- */

static tp_var slow(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n, (void)user;
    return tp_add(tp_muls(x[0], .99), x[1]);
}

START_TEST(memory_does_not_grow_with_iterations)
{
    size_t peak[2];
    for (int i = 0; i < 2; i++) {
        tp_tape *on = tp_tape_new(NULL);
        tp_tensor *b = random_tensor(TP_F64, TP_DIMS(1000), 2, -1, 1);
        const tp_var theta = tp_leaf(on, b);
        const tp_fixed_point_options loose = {
            .relative = i ? 1e-12 : 1e-2, .absolute = i ? 1e-12 : 1e-2, .limit = 10000};
        const tp_var x = tp_fixed_point(slow, on, theta, &theta, 1, NULL, &loose);
        EXPECT_STATUS(tp_backward(tp_sum(x)), TP_OK);
        if (i) EXPECT_NEAR(tp_tensor_item(tp_grad(theta), 0), 100, 1e-7);
        peak[i] = tp_tape_stats(on).tensor.peak;
        ck_assert_uint_lt(tp_tape_stats(on).nodes, 8);
        tp_tape_free(on);
        tp_tensor_release(b);
    }
    ck_assert_uint_eq(peak[0], peak[1]); /* some 10 iterations, and some 2800 */
    ck_assert_uint_lt(peak[1], 16 * 8192);
}
END_TEST

static tp_status fixed_run(counter *c, double *result)
{
    tp_tape *on = counted_tape(c);
    if (!on) return TP_E_MEMORY;
    const tp_var theta[] = {tp_scalar(on, .8), tp_scalar(on, .4)};
    const tp_var x = tp_fixed_point(kepler, on, theta[0], theta, 2, NULL, NULL);
    tp_var g[2], h;
    tp_status status = tp_gradients(x, theta, 2, g, TP_CREATE_GRAPH);
    if (status == TP_OK) status = tp_gradients(g[1], theta, 1, &h, 0);
    if (status == TP_OK) *result = tp_item(g[0]) + tp_item(h);
    tp_tape_free(on);
    return status;
}

START_TEST(each_allocation_may_fail)
{
    counter c = {0};
    double good = 0, result = 0;
    EXPECT_STATUS(fixed_run(&c, &good), TP_OK);
    for (size_t i = 1, calls = c.calls; i <= calls; i++) {
        c = (counter){.fail_at = i};
        const tp_status status = fixed_run(&c, &result);
        ck_assert_msg(c.bytes == 0, "allocation %zu: %zu bytes leak", i, c.bytes);
        ck_assert_msg(status == TP_E_MEMORY || (status == TP_OK && result == good), "allocation %zu: %d", i, status);
    }
}
END_TEST

/* ---- what fails ---- */

typedef enum bad { DIVERGES, TURNS_NAN, OTHER_SHAPE, OTHER_DTYPE, RESETS, REWINDS, NO_HANDLE, STALE, FAILS } bad;

typedef struct badly {
    bad how;
    tp_mark mark;
} badly;

static tp_var bad_map(tp_tape *on, const tp_var *x, int n, void *user)
{
    const badly *b = user;
    const tp_mark inside = tp_tape_mark(on);
    (void)n;
    tp_var y = tp_muls(x[0], .5);
    if (b->how == DIVERGES) return tp_adds(tp_muls(x[0], 2), 1);
    if (b->how == TURNS_NAN) return tp_log(tp_adds(x[0], -2));
    if (b->how == OTHER_SHAPE) return tp_expand(x[0], 1, (int64_t[]){2});
    if (b->how == OTHER_DTYPE) return tp_cast(tp_expand(x[0], 1, (int64_t[]){1}), TP_F32);
    if (b->how == RESETS) tp_tape_reset(on);
    if (b->how == REWINDS) tp_tape_rewind(on, b->mark);
    if (b->how == NO_HANDLE) return tp_none();
    if (b->how == STALE) tp_tape_rewind(on, inside);
    if (b->how == FAILS) return tp_index(x[0], 1, (int64_t[]){3});
    return y;
}

START_TEST(failures_have_their_messages)
{
    static const struct {
        bad how;
        tp_status status;
        const char *text;
    } cases[] = {{DIVERGES, TP_E_NUMERIC, "tp_fixed_point: not converged after 50 iterations: the last step is"},
                 {TURNS_NAN, TP_E_NUMERIC, "tp_fixed_point: NaN in iteration 1"},
                 {OTHER_SHAPE, TP_E_SHAPE, "tp_fixed_point: g gives shape (2) for an x of shape ()"},
                 {OTHER_DTYPE, TP_E_SHAPE, "tp_fixed_point: g gives shape (1)"},
                 {RESETS, TP_E_ARGUMENT, "tp_tape_reset"},
                 {REWINDS, TP_E_ARGUMENT, "tp_tape_rewind"},
                 {NO_HANDLE, TP_E_ARGUMENT, "tp_fixed_point: what the function returned is no handle"},
                 {STALE, TP_E_STALE, "tp_fixed_point: what the function returned is a stale handle"},
                 {FAILS, TP_E_INDEX, "tp_index"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        badly b = {cases[i].how, tp_tape_mark(tape)};
        const tp_var x = tp_scalar(tape, 1);
        const tp_fixed_point_options few = {.limit = 50};
        EXPECT_REFUSED(tp_fixed_point(bad_map, tape, x, NULL, 0, &b, &few), cases[i].status, cases[i].text);
        ck_assert(tp_ok(x));
        ck_assert_uint_eq(tp_tape_stats(tape).nodes, 1);
        tp_tape_reset(tape);
    }
    const tp_var x = tp_scalar(tape, 1), v = data_of(tape, I64(TP_DIMS(1), 1));
    EXPECT_REFUSED(tp_fixed_point(NULL, tape, x, NULL, 0, NULL, NULL), TP_E_ARGUMENT, "g or theta is NULL");
    EXPECT_REFUSED(tp_fixed_point(kepler, tape, x, NULL, 1, NULL, NULL), TP_E_ARGUMENT, "g or theta is NULL");
    EXPECT_REFUSED(tp_fixed_point(kepler, tape, x, NULL, -1, NULL, NULL), TP_E_ARGUMENT, "n is -1");
    EXPECT_REFUSED(tp_fixed_point(kepler, tape, tp_none(), NULL, 0, NULL, NULL), TP_E_ARGUMENT,
                   "operand 0 is no handle");
    EXPECT_REFUSED(tp_fixed_point(slow, tape, v, &x, 1, NULL, NULL), TP_E_DTYPE, "use tp_cast");
    EXPECT_REFUSED(tp_fixed_point(slow, tape, x, &x, 1, NULL, &(tp_fixed_point_options){.relative = -1}), TP_E_ARGUMENT,
                   "out of range");
    ck_assert(!tp_ok(tp_fixed_point(slow, NULL, x, &x, 1, NULL, NULL)));
}
END_TEST

static tp_var with_parameter(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)n;
    return tp_mul(x[0], tp_param(on, user));
}

START_TEST(parameters_are_taken_outside)
{
    tp_tensor *half = F64(TP_DIMS(), .5);
    const tp_var x = tp_scalar(tape, 1);
    EXPECT_REFUSED(tp_fixed_point(with_parameter, tape, x, NULL, 0, half, NULL), TP_E_ARGUMENT,
                   "tp_fixed_point: the function takes a parameter () itself");
    tp_tensor_release(half);
}
END_TEST

/* The limit of the gradient: the map gets steeper once it has been iterated. */
static tp_var steep_later(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n;
    return tp_add(tp_muls(x[0], *(double *)user), x[1]);
}

START_TEST(adjoint_that_does_not_converge_is_an_error)
{
    double factor = .5;
    const tp_var theta = tp_scalar(tape, 1), x = tp_fixed_point(steep_later, tape, theta, &theta, 1, &factor, NULL);
    EXPECT_NEAR(tp_item(x), 2, 1e-11);
    factor = 2;
    EXPECT_STATUS(tp_backward(x), TP_E_NUMERIC);
    expect_error(tape, TP_E_NUMERIC, "not converged after 1000 iterations");
    factor = .5;
    EXPECT_STATUS(tp_backward(x), TP_OK);
    EXPECT_NEAR(tp_grad_item(theta), 2, 1e-11);
}
END_TEST

/* ---- linear systems ---- */

/* x = A^-1 b: dx along (dA, db) is A^-1 (db - dA x). */
START_TEST(linear_solve_has_its_closed_derivatives)
{
    const double a[] = {4, 1, -1, 2, 5, 1, 0, -2, 3}, b[] = {1, -2, 3};
    const tp_var A = leaf_of(tape, tensor_of(TP_F64, TP_DIMS(3, 3), a)),
                 B = leaf_of(tape, tensor_of(TP_F64, TP_DIMS(3), b));
    const tp_var x = tp_solve(A, B), inverse = tp_inverse(A), ops[] = {A, B};
    for (int k = 0; k < 3; k++) {
        tp_var g[2];
        EXPECT_STATUS(tp_gradients(tp_index(x, 1, (int64_t[]){k}), ops, 2, g, 0), TP_OK);
        for (int i = 0; i < 3; i++) {
            const double row = tp_tensor_at(tp_value(inverse), (int64_t[]){k, i});
            EXPECT_NEAR(tp_tensor_item(tp_value(g[1]), i), row, 1e-14);
            for (int j = 0; j < 3; j++)
                EXPECT_NEAR(tp_tensor_at(tp_value(g[0]), (int64_t[]){i, j}), -row * tp_tensor_item(tp_value(x), j),
                            1e-14);
        }
    }
    expect_gradients(x, ops, 2);
}
END_TEST

Suite *implicit_suite(void)
{
    Suite *suite = suite_create("implicit");
    TCase *tcase = tcase_create("fixed points");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, keplers_equation_has_its_closed_derivatives);
    tcase_add_test(tcase, fixed_point_passes_gradcheck_and_replays);
    tcase_add_test(tcase, tensors_agree_with_unrolled_iterations);
    tcase_add_test(tcase, f32_converges_to_its_own_precision);
    tcase_add_test(tcase, minimum_is_a_fixed_point_of_its_descent);
    tcase_add_test(tcase, memory_does_not_grow_with_iterations);
    tcase_add_test(tcase, each_allocation_may_fail);
    tcase_add_test(tcase, failures_have_their_messages);
    tcase_add_test(tcase, parameters_are_taken_outside);
    tcase_add_test(tcase, adjoint_that_does_not_converge_is_an_error);
    tcase_add_test(tcase, linear_solve_has_its_closed_derivatives);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, implicit_ode_case());
    return suite;
}
