/* Gradient descent on the tape: inside a function that is differentiated too, and two problems that nest derivatives in
   all four ways. */
#include <tapir/function.h>
#include <tapir/minimize.h>

#include "tests/test_functions.h"

#include "tests/tape_fixture.h"

/* ---- saddle: min over p of max over q of (p0^2 + p1^2) - (q0^2 + q1^2) ---- */

typedef struct saddle {
    unsigned inner; /* flags of the gradient in q */
    const tp_var *p;
    int maximisations;
} saddle;

static tp_var height(tp_tape *on, const tp_var *q, int n, void *user)
{
    const saddle *s = user;
    (void)on, (void)n;
    return tp_sub(tp_add(tp_square(s->p[0]), tp_square(s->p[1])), tp_add(tp_square(q[0]), tp_square(q[1])));
}

static tp_status highest(tp_tape *on, const saddle *s, tp_var *q)
{
    const tp_var start[] = {tp_const(on, 1), tp_const(on, 1)};
    return tp_descend(height, on, start, 2, (void *)s, &(tp_descend_options){.maximise = true, .flags = s->inner}, q);
}

static tp_var highest_height(tp_tape *on, const tp_var *p, int n, void *user)
{
    saddle s = *(saddle *)user;
    tp_var q[2];
    (void)n;
    ((saddle *)user)->maximisations++;
    s.p = p;
    highest(on, &s, q);
    return height(on, q, 2, &s);
}

START_TEST(saddle_point_by_all_four_nestings)
{
    for (unsigned outer = 0; outer <= TP_FORWARD; outer += TP_FORWARD)
        for (unsigned inner = 0; inner <= TP_FORWARD; inner += TP_FORWARD) {
            saddle s = {.inner = inner};
            const tp_var start[] = {tp_scalar(tape, 1), tp_scalar(tape, 1)};
            tp_var p[2], q[2], y, g[2];
            EXPECT_STATUS(tp_value_and_grad(highest_height, tape, start, 2, &s, &y, g, outer), TP_OK);
            EXPECT_NEAR(tp_item(y), 1.99999999986400, 1e-14);
            EXPECT_NEAR(tp_item(g[0]), 2, 1e-14);
            EXPECT_NEAR(tp_item(g[1]), 2, 1e-14);
            s.maximisations = 0;
            EXPECT_STATUS(tp_descend(highest_height, tape, start, 2, &s, &(tp_descend_options){.flags = outer}, p),
                          TP_OK);
            ck_assert_int_eq(s.maximisations, 155);
            s.p = p;
            EXPECT_STATUS(highest(tape, &s, q), TP_OK);
            for (int i = 0; i < 2; i++) {
                EXPECT_NEAR(tp_item(p[i]), 8.24632482614036e-06, 1e-20);
                EXPECT_NEAR(tp_item(q[i]), 8.24632482614036e-06, 1e-20);
            }
            ck_assert_uint_lt(tp_tape_stats(tape).nodes, 16);
            tp_tape_reset(tape);
        }
}
END_TEST

/* ---- particle: where a charge has to stand for a particle to land at the origin ---- */

typedef struct particle {
    unsigned inner;
    tp_var charge; /* the height of the movable one */
    int steps;
} particle;

static tp_var inverse_distance(const tp_var *z, double x, tp_var y)
{
    return tp_reciprocal(tp_sqrt(tp_add(tp_square(tp_rsubs(x, z[0])), tp_square(tp_sub(y, z[1])))));
}

static tp_var potential(tp_tape *on, const tp_var *z, int n, void *user)
{
    const particle *p = user;
    (void)n;
    return tp_add(inverse_distance(z, 10, p->charge), inverse_distance(z, 10, tp_const(on, 0)));
}

/* The square of the place where the particle hits the ground, by Euler's method. */
static tp_var landing(tp_tape *on, const tp_var *w, int n, void *user)
{
    particle *p = user;
    const double dt = .1;
    (void)n;
    p->charge = tp_rsubs(10, w[0]);
    tp_var z[] = {tp_const(on, 0), tp_const(on, 8)}, u[] = {tp_const(on, .75), tp_const(on, 0)}, slope[2];
    for (p->steps = 1; p->steps < 1000; p->steps++) {
        if (tp_value_and_grad(potential, on, z, 2, p, NULL, slope, p->inner) != TP_OK) break;
        tp_var next[2];
        for (int i = 0; i < 2; i++) next[i] = tp_add(z[i], tp_muls(u[i], dt));
        if (tp_item(next[1]) <= 0) {
            const tp_var tau = tp_neg(tp_div(next[1], u[1]));
            return tp_square(tp_add(next[0], tp_mul(tau, u[0])));
        }
        for (int i = 0; i < 2; i++) {
            u[i] = tp_sub(u[i], tp_muls(slope[i], dt));
            z[i] = next[i];
        }
    }
    return tp_none();
}

START_TEST(particle_by_all_four_nestings)
{
    static const double at[3][3] = {
        {0, 3.19907900251, -19.4046364500}, {.1, 1.17177928507, -18.5542091335}, {.5, 26.2996240519, 264.191902764}};
    static const int steps[] = {353, 352, 392};
    for (unsigned outer = 0; outer <= TP_FORWARD; outer += TP_FORWARD)
        for (unsigned inner = 0; inner <= TP_FORWARD; inner += TP_FORWARD) {
            particle p = {.inner = inner};
            tp_var w, y, g;
            for (int i = 0; i < 3; i++) {
                w = tp_scalar(tape, at[i][0]);
                EXPECT_STATUS(tp_value_and_grad(landing, tape, &w, 1, &p, &y, &g, outer), TP_OK);
                EXPECT_NEAR(tp_item(y), at[i][1], 2e-10 * at[i][1]);
                EXPECT_NEAR(tp_item(g), at[i][2], 2e-9 * fabs(at[i][2]));
                ck_assert_int_eq(p.steps, steps[i]);
            }
            const tp_var start = tp_scalar(tape, 0);
            EXPECT_STATUS(tp_descend(landing, tape, &start, 1, &p, &(tp_descend_options){.flags = outer}, &w), TP_OK);
            EXPECT_NEAR(tp_item(w), 0.20719187464861, 5e-13);
            tp_tape_reset(tape);
        }
}
END_TEST

/* ---- the loop itself ---- */

/* sum (x - target)^2 + s^2, or worse */
typedef struct bowl {
    tp_var target;
    double scale;
} bowl;

static tp_var bowl_of(tp_tape *on, const tp_var *x, int n, void *user)
{
    const bowl *b = user;
    (void)on;
    tp_var y = tp_sum(tp_square(tp_sub(x[0], b->target)));
    for (int i = 1; i < n; i++) y = tp_add(y, tp_square(x[i]));
    return tp_muls(y, b->scale);
}

START_TEST(descent_over_tensors_and_scalars)
{
    for (int maximise = 0; maximise <= 1; maximise++) {
        const bowl b = {data_of(tape, F64(TP_DIMS(2), 3, -1)), maximise ? -1 : 1};
        const tp_var x[] = {leaf_of(tape, F64(TP_DIMS(2), 0, 0)), tp_scalar(tape, 2)};
        tp_var least[2];
        const tp_descend_options options = {.step = .1, .tolerance = 1e-9, .maximise = maximise};
        EXPECT_STATUS(tp_descend(bowl_of, tape, x, 2, (void *)&b, &options, least), TP_OK);
        EXPECT_TENSOR(tp_value(least[0]), 1e-8, 3, -1);
        EXPECT_NEAR(tp_item(least[1]), 0, 1e-8);
        ck_assert_uint_eq(tp_tape_stats(tape).nodes, 5);
        tp_tape_reset(tape);
    }
}
END_TEST

START_TEST(minimum_is_differentiated_through_the_steps)
{
    const bowl b = {tp_name(leaf_of(tape, F64(TP_DIMS(2), 3, -1)), "target"), 1};
    const tp_var x = tp_const(tape, 0);
    const tp_var start = tp_expand(x, 1, (int64_t[]){2});
    tp_var least, g;
    const tp_descend_options options = {.step = .1, .tolerance = 1e-9, .flags = TP_CREATE_GRAPH};
    EXPECT_STATUS(tp_descend(bowl_of, tape, &start, 1, (void *)&b, &options, &least), TP_OK);
    EXPECT_STATUS(tp_vjp(least, data_of(tape, F64(TP_DIMS(2), 1, 10)), &b.target, 1, &g, 0), TP_OK);
    EXPECT_TENSOR(tp_value(g), 1e-7, 1, 10); /* the minimum is the target */
}
END_TEST

START_TEST(descent_that_fails_says_why)
{
    const bowl b = {tp_const(tape, 3), 1}, nothing = {tp_const(tape, (double)NAN), 1};
    const tp_var x = tp_scalar(tape, 0);
    tp_var least;
    EXPECT_STATUS(tp_descend(bowl_of, tape, &x, 1, (void *)&b, &(tp_descend_options){.limit = 3}, &least),
                  TP_E_NUMERIC);
    ck_assert(!tp_ok(least));
    expect_error(tape, TP_E_NUMERIC, "tp_descend: no minimum after 3 evaluations");
    EXPECT_STATUS(tp_descend(bowl_of, tape, &x, 1, (void *)&nothing, NULL, &least), TP_E_NUMERIC);
    expect_error(tape, TP_E_NUMERIC, "NaN at the start");
    EXPECT_STATUS(tp_descend(bowl_of, tape, &x, 1, (void *)&b, &(tp_descend_options){.step = -1}, &least),
                  TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "out of range");
    EXPECT_STATUS(tp_descend(NULL, tape, &x, 1, NULL, NULL, &least), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "is NULL");
    EXPECT_STATUS(tp_descend(bowl_of, tape, NULL, 1, NULL, NULL, &least), TP_E_ARGUMENT);
    expect_error(tape, TP_E_ARGUMENT, "is NULL");
    EXPECT_STATUS(tp_descend(bowl_of, NULL, &x, 1, NULL, NULL, &least), TP_E_ARGUMENT);
    ck_assert_uint_eq(tp_tape_stats(tape).nodes, 3);
}
END_TEST

TCase *functions_descent_case(void)
{
    TCase *tcase = tcase_create("descent");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, saddle_point_by_all_four_nestings);
    tcase_add_test(tcase, particle_by_all_four_nestings);
    tcase_add_test(tcase, descent_over_tensors_and_scalars);
    tcase_add_test(tcase, minimum_is_differentiated_through_the_steps);
    tcase_add_test(tcase, descent_that_fails_says_why);
    return tcase;
}
