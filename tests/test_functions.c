/* Derivatives of functions: values, levels that stay apart, and what is refused. */
#include <tapir/function.h>
#include <tapir/minimize.h>

#include "tests/test_functions.h"

#include "tests/tape_fixture.h"

tp_var slope_of(slope_mode mode, tp_function f, tp_tape *on, tp_var x, void *user)
{
    tp_var slope;
    if (mode == BY_JVP) {
        const tp_var one = tp_const(on, 1);
        tp_jvp_of(f, on, &x, &one, 1, user, NULL, &slope, 0);
    } else {
        tp_value_and_grad(f, on, &x, 1, user, NULL, &slope, mode == BY_SWEEP ? TP_FORWARD : 0);
    }
    return slope;
}

/* ---- values ---- */

static tp_var wave(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n, (void)user;
    return tp_mul(tp_sin(x[0]), tp_exp(x[1]));
}

START_TEST(value_and_gradient_of_scalars_in_both_modes)
{
    for (int i = 0; i < 4; i++) {
        const tp_var x[] = {i & 2 ? tp_const(tape, .7) : tp_scalar(tape, .7), tp_scalar(tape, -.3)};
        tp_var y, g[2];
        EXPECT_STATUS(tp_value_and_grad(wave, tape, x, 2, NULL, &y, g, i & 1 ? TP_FORWARD : 0), TP_OK);
        EXPECT_NEAR(tp_item(y), sin(.7) * exp(-.3), 1e-15);
        EXPECT_NEAR(tp_item(g[0]), cos(.7) * exp(-.3), 1e-15);
        EXPECT_NEAR(tp_item(g[1]), sin(.7) * exp(-.3), 1e-15);
        ck_assert(!tp_needs_grad(y) && !tp_needs_grad(g[0]));
        ck_assert_uint_eq(tp_tape_stats(tape).nodes, 5); /* x and three constants */
        tp_tape_reset(tape);
    }
}
END_TEST

static tp_var quadratic(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n, (void)user;
    return tp_add(tp_sum(tp_mul(tp_square(x[0]), x[1])), tp_sum(x[0]));
}

START_TEST(gradient_of_tensors_and_its_derivative)
{
    const tp_var x[] = {leaf_of(tape, F64(TP_DIMS(3), 1, 2, -1)), tp_scalar(tape, 3)};
    tp_var y, g[2], h;
    EXPECT_STATUS(tp_value_and_grad(quadratic, tape, x, 2, NULL, &y, g, 0), TP_OK);
    EXPECT_NEAR(tp_item(y), 20, 0);
    EXPECT_TENSOR(tp_value(g[0]), 0, 7, 13, -5);
    EXPECT_NEAR(tp_item(g[1]), 6, 0);
    EXPECT_STATUS(tp_value_and_grad(quadratic, tape, x, 2, NULL, &y, g, TP_CREATE_GRAPH), TP_OK);
    ck_assert(tp_needs_grad(y) && tp_needs_grad(g[0]));
    EXPECT_STATUS(tp_gradients(tp_sum(tp_square(g[0])), x, 1, &h, 0), TP_OK); /* sum (2 x w + 1)^2 */
    EXPECT_TENSOR(tp_value(h), 0, 84, 156, -60);
}
END_TEST

static tp_var product(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n, (void)user;
    return tp_matmul(x[0], x[1]);
}

START_TEST(products_with_the_jacobian)
{
    const tp_var x[] = {leaf_of(tape, F64(TP_DIMS(2, 2), 1, 2, 3, 4)), leaf_of(tape, F64(TP_DIMS(2), 5, -1))};
    const tp_var u = data_of(tape, F64(TP_DIMS(2), 1, 10)), one = tp_const(tape, 1);
    const tp_var dx[] = {one, data_of(tape, F64(TP_DIMS(2), 0, 2))};
    tp_var y, g[2], dy;
    EXPECT_STATUS(tp_vjp_of(product, tape, x, 2, NULL, u, &y, g, 0), TP_OK);
    EXPECT_TENSOR(tp_value(y), 0, 3, 11);
    EXPECT_TENSOR(tp_value(g[0]), 0, 5, -1, 50, -10);
    EXPECT_TENSOR(tp_value(g[1]), 0, 31, 42);
    EXPECT_STATUS(tp_jvp_of(product, tape, x, dx, 2, NULL, &y, &dy, 0), TP_OK);
    EXPECT_TENSOR(tp_value(y), 0, 3, 11);
    EXPECT_TENSOR(tp_value(dy), 0, 8, 12);
    EXPECT_STATUS(tp_value_and_grad(product, tape, x, 2, NULL, &y, g, 0), TP_E_SHAPE);
    expect_error(tape, TP_E_SHAPE, "only one element");
    ck_assert(!tp_ok(y) && !tp_ok(g[0]) && !tp_ok(g[1]));
}
END_TEST

static tp_var length_of_product(tp_tape *on, const tp_var *x, int n, void *user)
{
    tp_var hv[2];
    if (tp_hvp_of(quadratic, on, x, x, n, user, NULL, hv, 0) != TP_OK) return tp_none();
    return tp_add(tp_sum(hv[0]), hv[1]); /* sum 4 x w + 2 sum x^2, at v = x */
}

START_TEST(products_with_the_hessian)
{
    const tp_var x[] = {leaf_of(tape, F64(TP_DIMS(3), 1, 2, -1)), tp_scalar(tape, 3)};
    const tp_var v[] = {tp_const(tape, 1), tp_const(tape, 2)};
    tp_var y, hv[2], g[2];
    EXPECT_STATUS(tp_hvp_of(quadratic, tape, x, v, 2, NULL, &y, hv, 0), TP_OK);
    EXPECT_NEAR(tp_item(y), 20, 0);
    EXPECT_TENSOR(tp_value(hv[0]), 0, 10, 14, 2); /* 2 w v + 2 x v_w */
    EXPECT_NEAR(tp_item(hv[1]), 4, 0);
    EXPECT_STATUS(tp_value_and_grad(length_of_product, tape, x, 2, NULL, &y, g, 0), TP_OK);
    EXPECT_NEAR(tp_item(y), 4 * 2 * 3 + 12, 0);
    EXPECT_TENSOR(tp_value(g[0]), 0, 16, 20, 8); /* 4 w + 4 x */
    EXPECT_NEAR(tp_item(g[1]), 8, 0);
    EXPECT_STATUS(tp_hvp_of(quadratic, tape, x, NULL, 2, NULL, &y, hv, 0), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "tp_hvp_of");
}
END_TEST

static tp_var itself(tp_tape *on, const tp_var *x, int n, void *user)
{
    (void)on, (void)n;
    return user ? *(tp_var *)user : x[0];
}

static tp_var trace_of_hessian(tp_tape *on, const tp_var *x, int n, void *user)
{
    tp_var h;
    if (tp_hessian_of(quadratic, on, x, n, user, NULL, &h, 0) != TP_OK) return tp_none();
    return tp_trace(h);
}

START_TEST(whole_matrices)
{
    const tp_var x[] = {leaf_of(tape, F64(TP_DIMS(3), 1, 2, -1)), tp_scalar(tape, 3)};
    const tp_var m[] = {leaf_of(tape, F64(TP_DIMS(2, 2), 1, 2, 3, 4)), leaf_of(tape, F64(TP_DIMS(2), 5, -1))};
    tp_var y, h, j, g[2];
    EXPECT_STATUS(tp_hessian_of(quadratic, tape, x, 2, NULL, &y, &h, 0), TP_OK);
    EXPECT_NEAR(tp_item(y), 20, 0);
    EXPECT_TENSOR(tp_value(h), 0, 6, 0, 0, 2, 0, 6, 0, 4, 0, 0, 6, -2, 2, 4, -2,
                  0); /* 2 w on the diagonal, 2 x beside */
    const uint32_t before = tp_tape_stats(tape).nodes;
    EXPECT_STATUS(tp_jacobian_of(product, tape, m, 2, NULL, &y, &j, 0), TP_OK);
    EXPECT_TENSOR(tp_value(y), 0, 3, 11);
    EXPECT_TENSOR(tp_value(j), 0, 5, -1, 0, 0, 1, 2, 0, 0, 5, -1, 3, 4);
    ck_assert_uint_eq(tp_tape_stats(tape).nodes, before + 2);
    EXPECT_STATUS(tp_value_and_grad(trace_of_hessian, tape, x, 2, NULL, &y, g, 0), TP_OK); /* 3 * 2 w */
    EXPECT_NEAR(tp_item(y), 18, 0);
    EXPECT_TENSOR(tp_value(g[0]), 0, 0, 0, 0);
    EXPECT_NEAR(tp_item(g[1]), 6, 0);
    EXPECT_STATUS(tp_hessian_of(product, tape, m, 2, NULL, &y, &h, 0), TP_E_SHAPE);
    expect_error(tape, TP_E_SHAPE, "must be one number");
    ck_assert(!tp_ok(y) && !tp_ok(h));
    EXPECT_STATUS(tp_jacobian_of(product, tape, m, 2, NULL, &y, NULL, 0), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "tp_jacobian_of");
    EXPECT_STATUS(tp_jvp_of(itself, tape, NULL, NULL, 0, &y, NULL, NULL, 0), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "tp_jvp_of");
}
END_TEST

START_TEST(result_may_be_the_variable_or_a_captured_node)
{
    tp_var x = tp_scalar(tape, 3), y, g, v = leaf_of(tape, F64(TP_DIMS(2), 1, 2));
    for (unsigned flags = 0; flags <= 1; flags++) {
        EXPECT_STATUS(tp_value_and_grad(itself, tape, &x, 1, NULL, &y, &g, flags), TP_OK);
        EXPECT_NEAR(tp_item(y), 3, 0);
        EXPECT_NEAR(tp_item(g), 1, 0);
        EXPECT_STATUS(tp_value_and_grad(itself, tape, &x, 1, &x, &y, &g, flags), TP_OK);
        EXPECT_NEAR(tp_item(y), 3, 0);
        EXPECT_NEAR(tp_item(g), 0, 0); /* x is captured: a constant of this level */
        EXPECT_STATUS(tp_jvp_of(itself, tape, &x, &x, 1, &x, &y, &g, flags), TP_OK);
        EXPECT_NEAR(tp_item(g), 0, 0);
        EXPECT_STATUS(tp_vjp_of(itself, tape, &v, 1, NULL, x, &y, &g, flags), TP_OK);
        EXPECT_TENSOR(tp_value(g), 0, 3, 3);
    }
    tp_tensor *own = F64(TP_DIMS(2), 1, 2); /* a value that is kept has memory of its own */
    const tp_var leaf = tp_leaf(tape, own);
    EXPECT_STATUS(tp_vjp_of(itself, tape, &leaf, 1, NULL, x, &y, &g, 0), TP_OK);
    *(double *)tp_tensor_data(own) = 17;
    EXPECT_TENSOR(tp_value(y), 0, 1, 2);
    tp_tensor_release(own);
}
END_TEST

/* ---- levels ---- */

typedef struct capture {
    slope_mode inner, innermost;
    tp_var x, y;
} capture;

static tp_var add_captured(tp_tape *on, const tp_var *y, int n, void *user)
{
    const capture *c = user;
    (void)on, (void)n;
    return tp_add(c->x, y[0]);
}

/* x d/dy (x + y) at y = 1 */
static tp_var times_slope_of_sum(tp_tape *on, const tp_var *x, int n, void *user)
{
    capture c = *(capture *)user;
    (void)n;
    c.x = x[0];
    return tp_mul(x[0], slope_of(c.inner, add_captured, on, tp_const(on, 1), &c));
}

/* J. M. Siskind and B. A. Pearlmutter, "Perturbation confusion and referential transparency", IFL 2005. */
START_TEST(perturbations_are_not_confused)
{
    for (int outer = 0; outer < SLOPE_MODES; outer++)
        for (int inner = 0; inner < SLOPE_MODES; inner++) {
            capture c = {.inner = (slope_mode)inner};
            const tp_var x = tp_scalar(tape, 1);
            EXPECT_NEAR(tp_item(slope_of((slope_mode)outer, times_slope_of_sum, tape, x, &c)), 1, 0);
            ck_assert_uint_le(tp_tape_stats(tape).nodes, 4); /* x, a 1, value and slope */
            EXPECT_OK(tape);
            tp_tape_reset(tape);
        }
}
END_TEST

static tp_var multiply_captured(tp_tape *on, const tp_var *y, int n, void *user)
{
    const capture *c = user;
    (void)on, (void)n;
    return tp_mul(c->x, y[0]);
}

/* x d/dy (x y) at y = x, whose derivative is 2x: with one variable for both levels it would come out as 6x^2. */
static tp_var times_slope_at_itself(tp_tape *on, const tp_var *x, int n, void *user)
{
    capture c = *(capture *)user;
    (void)n;
    c.x = x[0];
    return tp_mul(x[0], slope_of(c.inner, multiply_captured, on, x[0], &c));
}

START_TEST(inner_variable_alone_counts_where_it_stands_at_the_outer)
{
    for (int outer = 0; outer < SLOPE_MODES; outer++)
        for (int inner = 0; inner < SLOPE_MODES; inner++) {
            capture c = {.inner = (slope_mode)inner};
            const tp_var x = tp_scalar(tape, 1.5);
            EXPECT_NEAR(tp_item(slope_of((slope_mode)outer, times_slope_at_itself, tape, x, &c)), 3, 1e-15);
            tp_tape_reset(tape);
        }
}
END_TEST

/* f(x + u) as a function of u, where f is another such derivative, or exp. */
typedef struct shifted {
    slope_mode mode;
    const tp_var *u; /* the one zero at which all levels differentiate */
    int depth;
    tp_var x;
} shifted;

static tp_var shifted_value(tp_tape *on, const tp_var *u, int n, void *user);

/* (D d/du f(x + u) at u = 0), applied `depth` times to exp. */
static tp_var shifted_slope(tp_tape *on, const shifted *s, tp_var x)
{
    if (s->depth == 0) return tp_exp(x);
    shifted inner = *s;
    inner.depth--;
    inner.x = x;
    return slope_of(s->mode, shifted_value, on, *s->u, &inner);
}

static tp_var shifted_value(tp_tape *on, const tp_var *u, int n, void *user)
{
    const shifted *s = user;
    (void)n;
    return shifted_slope(on, s, tp_add(s->x, u[0]));
}

/* O. Manzyuk, B. A. Pearlmutter, A. A. Radul, D. R. Rush and J. M. Siskind, "Perturbation confusion in forward
   automatic differentiation of higher-order functions", J. Funct. Program. 29 (2019): the derivative operator, curried
   and applied to itself, gives 0 for the second derivative of exp at 1 where the two levels share a perturbation. */
START_TEST(curried_derivative_of_a_derivative)
{
    for (int mode = 0; mode < SLOPE_MODES; mode++)
        for (int depth = 1; depth <= 4; depth++) {
            const tp_var u = tp_scalar(tape, 0);
            const shifted s = {.mode = (slope_mode)mode, .u = &u, .depth = depth};
            EXPECT_NEAR(tp_item(shifted_slope(tape, &s, tp_const(tape, 1))), exp(1), 1e-14);
            EXPECT_OK(tape);
            tp_tape_reset(tape);
        }
}
END_TEST

static tp_var innermost_product(tp_tape *on, const tp_var *z, int n, void *user)
{
    const capture *c = user;
    (void)on, (void)n;
    return tp_mul(tp_mul(c->x, c->y), z[0]);
}

/* x y d/dz (x y z) at z = y, that is x^2 y^2 */
static tp_var middle_product(tp_tape *on, const tp_var *y, int n, void *user)
{
    capture c = *(capture *)user;
    (void)n;
    c.y = y[0];
    return tp_mul(tp_mul(c.x, y[0]), slope_of(c.innermost, innermost_product, on, y[0], &c));
}

/* x d/dy middle at y = x, that is 2 x^4 */
static tp_var outer_product(tp_tape *on, const tp_var *x, int n, void *user)
{
    capture c = *(capture *)user;
    (void)n;
    c.x = x[0];
    return tp_mul(x[0], slope_of(c.inner, middle_product, on, x[0], &c));
}

START_TEST(three_levels_in_all_modes)
{
    for (int i = 0; i < SLOPE_MODES * SLOPE_MODES * SLOPE_MODES; i++) {
        const slope_mode outer = (slope_mode)(i % SLOPE_MODES);
        capture c = {.inner = (slope_mode)(i / SLOPE_MODES % SLOPE_MODES),
                     .innermost = (slope_mode)(i / SLOPE_MODES / SLOPE_MODES)};
        const tp_var x = tp_scalar(tape, 1.5);
        EXPECT_NEAR(tp_item(outer_product(tape, &x, 1, &c)), 2 * pow(1.5, 4), 1e-13);
        EXPECT_NEAR(tp_item(slope_of(outer, outer_product, tape, x, &c)), 8 * pow(1.5, 3), 1e-13);
        EXPECT_OK(tape);
        tp_tape_reset(tape);
    }
}
END_TEST

/* The gradient's square: one level more for each depth. */
typedef struct chain {
    int depth;
    slope_mode modes[4];
} chain;

static tp_var chained(tp_tape *on, const tp_var *x, int n, void *user)
{
    chain c = *(chain *)user;
    (void)n;
    if (c.depth == 0) return tp_mul(tp_exp(x[0]), tp_sin(x[0]));
    c.depth--;
    return slope_of(c.modes[c.depth], chained, on, x[0], &c);
}

/* The n-th derivative of e^x sin x is 2^(n/2) e^x sin(x + n pi / 4). */
START_TEST(derivatives_of_derivatives_in_all_modes)
{
    const double pi = acos(-1);
    for (int i = 0; i < 81; i++)
        for (int depth = 1; depth <= 4; depth++) {
            chain c = {depth,
                       {(slope_mode)(i % 3), (slope_mode)(i / 3 % 3), (slope_mode)(i / 9 % 3), (slope_mode)(i / 27)}};
            const tp_var x = tp_const(tape, .4);
            EXPECT_NEAR(tp_item(chained(tape, &x, 1, &c)), pow(2, depth / 2.) * exp(.4) * sin(.4 + depth * pi / 4),
                        1e-13);
            EXPECT_OK(tape);
            tp_tape_reset(tape);
        }
}
END_TEST

/* ---- what is refused ---- */

typedef enum misuse {
    RESETS,
    REWINDS,
    REWINDS_ITS_OWN,
    RETURNS_NONE,
    RETURNS_STALE,
    RETURNS_FOREIGN,
    FAILS,
    FAILS_AND_CLEARS,
    WALKS,
    REPLAYS,
    SWITCHES_OFF
} misuse;

typedef struct misuser {
    misuse how;
    tp_mark mark;
    tp_tape *other;
} misuser;

static tp_var misusing(tp_tape *on, const tp_var *x, int n, void *user)
{
    const misuser *m = user;
    const tp_mark inside = tp_tape_mark(on);
    tp_var y = tp_square(x[0]);
    (void)n;
    if (m->how == RESETS) tp_tape_reset(on);
    if (m->how == REWINDS) tp_tape_rewind(on, m->mark);
    if (m->how == REWINDS_ITS_OWN || m->how == RETURNS_STALE) tp_tape_rewind(on, inside);
    if (m->how == REWINDS_ITS_OWN) y = tp_square(x[0]);
    if (m->how == RETURNS_NONE) return tp_none();
    if (m->how == RETURNS_FOREIGN) return tp_scalar(m->other, 1);
    if (m->how == FAILS || m->how == FAILS_AND_CLEARS) y = tp_index(x[0], 1, (int64_t[]){3});
    if (m->how == FAILS_AND_CLEARS) tp_tape_clear_error(on);
    if (m->how == WALKS && tp_backward(y) != TP_OK) return tp_none();
    if (m->how == REPLAYS && tp_replay(on, 0) != TP_OK) return tp_none();
    if (m->how == SWITCHES_OFF) tp_tape_set_grad(on, false);
    return y;
}

START_TEST(misuse_inside_of_the_function_is_an_error)
{
    static const struct {
        misuse how;
        tp_status status;
        const char *text;
    } cases[] = {{RESETS, TP_E_ARGUMENT, "tp_tape_reset: a function is being differentiated"},
                 {REWINDS, TP_E_ARGUMENT, "tp_tape_rewind: the mark is from before the function"},
                 {REWINDS_ITS_OWN, TP_OK, ""},
                 {RETURNS_NONE, TP_E_ARGUMENT, "what the function returned is no handle"},
                 {RETURNS_STALE, TP_E_STALE, "what the function returned is a stale handle"},
                 {RETURNS_FOREIGN, TP_E_STALE, "what the function returned is on another tape"},
                 {FAILS, TP_E_INDEX, "tp_index"},
                 {FAILS_AND_CLEARS, TP_E_ARGUMENT, "what the function returned is no handle"},
                 {WALKS, TP_OK, ""},
                 {REPLAYS, TP_OK, ""},
                 {SWITCHES_OFF, TP_OK, ""}};
    tp_tape *other = tp_tape_new(NULL);
    for (size_t i = 0; i < 3 * sizeof cases / sizeof *cases; i++) {
        const unsigned flags[] = {0, TP_CREATE_GRAPH, TP_FORWARD};
        misuser m = {cases[i / 3].how, tp_tape_mark(tape), other};
        const tp_var x = tp_scalar(tape, 3);
        tp_var y, g;
        EXPECT_STATUS(tp_value_and_grad(misusing, tape, &x, 1, &m, &y, &g, flags[i % 3]), cases[i / 3].status);
        ck_assert_int_eq(tp_ok(y) && tp_ok(g), cases[i / 3].status == TP_OK);
        ck_assert(tp_ok(x));
        if (cases[i / 3].status == TP_OK) {
            EXPECT_NEAR(tp_item(y), 9, 0);
            EXPECT_NEAR(tp_item(g), 6, 0);
            ck_assert(tp_needs_grad(tp_square(x))); /* switched on again */
        } else {
            expect_error(tape, cases[i / 3].status, cases[i / 3].text);
            ck_assert_uint_eq(tp_tape_stats(tape).nodes, 1);
        }
        tp_tape_reset(tape);
    }
    tp_tape_free(other);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    const tp_var x = tp_scalar(tape, 2), v = leaf_of(tape, F64(TP_DIMS(2), 1, 2)),
                 k = data_of(tape, I64(TP_DIMS(2), 1, 2));
    tp_var y, g[2];
    EXPECT_STATUS(tp_value_and_grad(itself, NULL, &x, 1, NULL, &y, g, 0), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_value_and_grad(NULL, tape, &x, 1, NULL, &y, g, 0), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "tp_value_and_grad: the function, x or results are NULL");
    EXPECT_STATUS(tp_value_and_grad(itself, tape, NULL, 1, NULL, &y, g, 0), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "NULL");
    EXPECT_STATUS(tp_value_and_grad(itself, tape, &x, 1, NULL, &y, NULL, 0), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "NULL");
    EXPECT_STATUS(tp_value_and_grad(itself, tape, &x, -1, NULL, &y, g, 0), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "NULL");
    EXPECT_STATUS(tp_jvp_of(itself, tape, &x, NULL, 1, NULL, &y, g, 0), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "tp_jvp_of");
    EXPECT_STATUS(tp_jvp_of(itself, tape, &x, &x, 1, NULL, &y, NULL, 0), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "tp_jvp_of");
    EXPECT_STATUS(tp_jvp_of(itself, tape, &x, &v, 1, NULL, &y, g, 0), TP_E_SHAPE);
    expect_error(tape, TP_E_SHAPE, "tp_jvp: dx[0] has shape (2), x[0] ()");
    EXPECT_STATUS(tp_value_and_grad(itself, tape, &v, 1, NULL, &y, g, TP_FORWARD), TP_E_SHAPE);
    expect_error(tape, TP_E_SHAPE, "x[0] is a tensor: TP_FORWARD takes scalars");
    EXPECT_STATUS(tp_value_and_grad(itself, tape, &k, 1, NULL, &y, g, 0), TP_E_DTYPE);
    expect_error(tape, TP_E_DTYPE, "tp_value_and_grad: x[0] is of i64");
    EXPECT_STATUS(tp_vjp_of(itself, tape, &x, 1, NULL, v, &y, g, 0), TP_E_SHAPE);
    expect_error(tape, TP_E_SHAPE, "the seed has shape");
    const tp_var bad = tp_none();
    EXPECT_STATUS(tp_value_and_grad(itself, tape, &bad, 1, NULL, &y, g, 0), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "tp_value_and_grad: operand 0 is no handle");
    tp_var captured = x;
    EXPECT_STATUS(tp_value_and_grad(itself, tape, NULL, 0, &captured, &y, NULL, 0),
                  TP_OK); /* no variables: the value */
    EXPECT_NEAR(tp_item(y), 2, 0);
}
END_TEST

/* ---- memory ---- */

static tp_var norm_of_gradient(tp_tape *on, const tp_var *x, int n, void *user)
{
    tp_var g[2];
    if (tp_value_and_grad(quadratic, on, x, n, user, NULL, g, 0) != TP_OK) return tp_none();
    return tp_add(tp_sum(tp_square(g[0])), tp_square(g[1]));
}

static tp_status nested_run(counter *c, double *result)
{
    tp_tape *on = counted_tape(c);
    if (!on) return TP_E_MEMORY;
    const tp_allocator memory = counted(c);
    tp_tensor *v = tensor_on(&memory, TP_F64, TP_DIMS(3), NUMBERS(1, 2, -1));
    const tp_var x[] = {v ? tp_leaf(on, v) : tp_none(), tp_scalar(on, 3)}, one = tp_const(on, 1), dx[] = {one, one};
    tp_var y, g[2], dy;
    tp_status status = v ? tp_value_and_grad(norm_of_gradient, on, x, 2, NULL, &y, g, 0) : TP_E_MEMORY;
    if (status == TP_OK) status = tp_jvp_of(norm_of_gradient, on, x, dx, 2, NULL, &y, &dy, 0);
    if (status == TP_OK) *result = tp_item(y) + tp_tensor_item(tp_value(g[0]), 1) + tp_item(g[1]) + tp_item(dy);
    tp_tape_free(on);
    tp_tensor_release(v);
    return status;
}

START_TEST(each_allocation_may_fail)
{
    counter c = {0};
    double good = 0, result;
    EXPECT_STATUS(nested_run(&c, &good), TP_OK);
    for (size_t i = 1, calls = c.calls; i <= calls; i++) {
        c = (counter){.fail_at = i};
        const tp_status status = nested_run(&c, &result);
        ck_assert_msg(c.bytes == 0, "allocation %zu: %zu bytes leak", i, c.bytes);
        ck_assert_msg(status == TP_E_MEMORY || (status == TP_OK && result == good), "allocation %zu: %d", i, status);
    }
}
END_TEST

START_TEST(steady_loop_asks_for_no_memory)
{
    counter c = {0};
    tp_tape *on = counted_tape(&c);
    tp_tensor *v = F64(TP_DIMS(3), 1, 2, -1);
    size_t calls = 0;
    for (int i = 0; i < 50; i++) {
        tp_tape_reset(on);
        const tp_var x[] = {tp_leaf(on, v), tp_scalar(on, 3)};
        tp_var y, g[2];
        EXPECT_STATUS(tp_value_and_grad(norm_of_gradient, on, x, 2, NULL, &y, g, 0), TP_OK);
        if (i == 4) calls = c.calls;
    }
    ck_assert_uint_eq(c.calls, calls);
    tp_tape_free(on);
    tp_tensor_release(v);
    ck_assert_uint_eq(c.bytes, 0);
}
END_TEST

START_TEST(rewinding_keeps_what_is_asked_for)
{
    tp_tensor *own = F64(TP_DIMS(2), 1, 2);
    const tp_var x = tp_scalar(tape, 3), v = tp_leaf(tape, own);
    const tp_mark mark = tp_tape_mark(tape);
    tp_var late = tp_square(x);
    tp_var keep[] = {x, tp_exp(late), tp_mul(v, x), v, v};
    EXPECT_STATUS(tp_tape_rewind_keeping(tape, mark, keep, 5), TP_OK);
    ck_assert(!tp_ok(late) && tp_ok(x));
    ck_assert_uint_eq(tp_tape_stats(tape).nodes, 7);
    *(double *)tp_tensor_data(own) = 17;
    EXPECT_NEAR(tp_item(keep[0]), 3, 0);
    EXPECT_NEAR(tp_item(keep[1]), exp(9), 0);
    EXPECT_TENSOR(tp_value(keep[2]), 0, 3, 6);
    EXPECT_TENSOR(tp_value(keep[3]), 0, 1, 2);
    EXPECT_TENSOR(tp_value(keep[4]), 0, 1, 2);
    ck_assert(!tp_needs_grad(keep[0]) && !tp_needs_grad(keep[2]));
    EXPECT_STATUS(tp_tape_rewind_keeping(tape, mark, &late, 1), TP_E_STALE);
    expect_error(tape, TP_E_STALE, "tp_tape_rewind");
    EXPECT_STATUS(tp_tape_rewind_keeping(tape, mark, NULL, 1), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "keep is NULL");
    EXPECT_STATUS(tp_tape_rewind_keeping(tape, mark, NULL, 0), TP_OK);
    ck_assert_uint_eq(tp_tape_stats(tape).nodes, 2);
    EXPECT_STATUS(tp_tape_rewind_keeping(NULL, mark, NULL, 0), TP_E_ARGUMENT);
    tp_tensor_release(own);
}
END_TEST

Suite *functions_suite(void)
{
    Suite *suite = suite_create("functions");
    TCase *tcase = tcase_create("functions");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, value_and_gradient_of_scalars_in_both_modes);
    tcase_add_test(tcase, gradient_of_tensors_and_its_derivative);
    tcase_add_test(tcase, products_with_the_jacobian);
    tcase_add_test(tcase, products_with_the_hessian);
    tcase_add_test(tcase, whole_matrices);
    tcase_add_test(tcase, result_may_be_the_variable_or_a_captured_node);
    tcase_add_test(tcase, perturbations_are_not_confused);
    tcase_add_test(tcase, inner_variable_alone_counts_where_it_stands_at_the_outer);
    tcase_add_test(tcase, curried_derivative_of_a_derivative);
    tcase_add_test(tcase, three_levels_in_all_modes);
    tcase_add_test(tcase, derivatives_of_derivatives_in_all_modes);
    tcase_add_test(tcase, misuse_inside_of_the_function_is_an_error);
    tcase_add_test(tcase, bad_arguments_are_refused);
    tcase_add_test(tcase, each_allocation_may_fail);
    tcase_add_test(tcase, steady_loop_asks_for_no_memory);
    tcase_add_test(tcase, rewinding_keeps_what_is_asked_for);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, functions_descent_case());
    suite_add_tcase(suite, functions_objective_case());
    suite_add_tcase(suite, functions_ops_case());
    return suite;
}
