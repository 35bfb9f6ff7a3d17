/* Worked examples: the perceptron's criterion, regions from half-planes, curves from steps and from a trained layer. */
#include <tapir/minimize.h>
#include <tapir/random.h>

#include "tests/helpers.h"

#include "tests/tape_fixture.h"

/* J = - sum over the misclassified (y w.x <= 0) of y w.x, for rows x (n,3), and which they are. */
static tp_var criterion(tp_var w, tp_var x, tp_var y, tp_var *wrong)
{
    const tp_var margin = tp_mul(y, tp_matmul(x, w));
    *wrong = tp_rsubs(1, tp_step(margin));
    return tp_neg(tp_sum(tp_mul(*wrong, margin)));
}

START_TEST(criterion_has_the_gradient_of_its_mistakes)
{
    const double points[4][3] = {{0, 0, 1}, {0, 1, 1}, {1, 0, 1}, {1, 1, 1}}, targets[] = {-1, -1, -1, 1};
    const tp_var x = data_of(tape, tensor_of(TP_F64, TP_DIMS(4, 3), points[0]));
    const tp_var y = data_of(tape, tensor_of(TP_F64, TP_DIMS(4), targets));
    const tp_var w = leaf_of(tape, F64(TP_DIMS(3), .5, -.2, .1)); /* wrong at (0,0) and (1,0), right at the others */
    tp_var wrong;
    const tp_var j = criterion(w, x, y, &wrong);
    EXPECT_TENSOR(tp_value(wrong), 0, 1, 0, 1, 0);
    EXPECT_NEAR(tp_item(j), .7, 1e-15);
    EXPECT_STATUS(tp_backward(j), TP_OK);
    EXPECT_TENSOR(tp_grad(w), 0, 1, 0, 2);
    expect_gradients(j, &w, 1);
}
END_TEST

START_TEST(both_rules_converge_on_separable_data)
{
    enum { N = 60 };
    tp_tensor *x = random_tensor(TP_F64, TP_DIMS(N, 3), 3, -1, 1), *y = tensor_of(TP_F64, TP_DIMS(N), NULL);
    double *row = tp_tensor_data(x), *t = tp_tensor_data(y);
    for (int i = 0; i < N; i++, row += 3) { /* classes of the line 3 x1 - 2 x2 + .3, with a gap of .2 */
        row[2] = 1;
        t[i] = 3 * row[0] - 2 * row[1] + .3 > 0 ? 1 : -1;
        row[0] += .2 * t[i];
    }
    for (int batch = 0; batch < 2; batch++) {
        tp_tensor *w = tensor_of(TP_F64, TP_DIMS(3), NULL);
        double mistakes = N;
        for (int step = 0; mistakes > 0 && step < 5000; step++) {
            tp_tape_reset(tape);
            tp_var rows = tp_data(tape, x), truth = tp_data(tape, y), wrong;
            const tp_var j = criterion(tp_param(tape, w), rows, truth, &wrong);
            mistakes = tp_item(tp_sum(wrong));
            int first = 0; /* the mistake that the rule of single points takes */
            while (first < N - 1 && tp_tensor_item(tp_value(wrong), first) < 1) first++;
            EXPECT_STATUS(tp_backward(batch ? j
                                            : criterion(tp_param(tape, w), tp_slice(rows, 0, first, first + 1, 1),
                                                        tp_slice(truth, 0, first, first + 1, 1), &wrong)),
                          TP_OK);
            descend(w, 1);
        }
        ck_assert_double_eq(mistakes, 0);
        tp_tensor_release(w);
    }
    tp_tensor_release(x);
    tp_tensor_release(y);
}
END_TEST

/* 1 where a point, a row of x (n,2), lies above all of the lines: rows n1, n2, b of n1 x1 + n2 x2 + b > 0. */
static tp_var inside_all(tp_var x, int lines, const double *rows)
{
    const tp_var l = data_of(tape, tensor_of(TP_F64, TP_DIMS(lines, 3), rows));
    const tp_var h =
        tp_step(tp_linear(x, tp_slice(l, 1, 0, 2, 1), tp_reshape(tp_slice(l, 1, 2, 3, 1), TP_DIMS(lines))));
    return tp_step(tp_adds(tp_sum_axes(h, TP_AXES(1), false), .5 - lines));
}

static bool in_wedge(double a, double b)
{
    return a > -.2 && b > (a - .4) / 2;
}
static bool in_diamond(double a, double b)
{
    return fabs(a) + fabs(b) < 1;
}
static bool in_square(double a, double b, double c, double d)
{
    return fabs(a - c) < .3 && fabs(b - d) < .3;
}
static bool in_clusters(double a, double b)
{
    return in_square(a, b, -.5, -.5) || in_square(a, b, .5, -.5) || in_square(a, b, 0, .5);
}

/* Whether the network says of every point of a grid what geometry says. */
static void expect_region(tp_var x, tp_var says, bool (*inside)(double, double))
{
    EXPECT_OK(tape);
    for (int64_t i = 0; i < tp_var_dims(x)[0]; i++) {
        const double a = tp_tensor_item(tp_value(x), 2 * i), b = tp_tensor_item(tp_value(x), 2 * i + 1);
        ck_assert_msg((tp_tensor_item(tp_value(says), i) > 0) == inside(a, b), "wrong at (%g, %g)", a, b);
    }
}

START_TEST(regions_from_half_planes)
{
    const tp_var x = data_of(tape, random_tensor(TP_F64, TP_DIMS(4000, 2), 1, -1.5, 1.5));
    expect_region(x, inside_all(x, 2, NUMBERS(1, 0, .2, -1, 2, .4)), in_wedge);
    expect_region(x, inside_all(x, 4, NUMBERS(1, 1, 1, 1, -1, 1, -1, 1, 1, -1, -1, 1)), in_diamond);
    tp_var clusters = tp_const(tape, 0);
    const double centres[3][2] = {{-.5, -.5}, {.5, -.5}, {0, .5}};
    for (int i = 0; i < 3; i++) {
        const double c = centres[i][0], d = centres[i][1];
        clusters =
            tp_add(clusters, inside_all(x, 4, NUMBERS(1, 0, .3 - c, -1, 0, .3 + c, 0, 1, .3 - d, 0, -1, .3 + d)));
    }
    expect_region(x, tp_step(tp_adds(clusters, -.5)), in_clusters);
}
END_TEST

static const double pi = 3.14159265358979323846;

static tp_var wave(tp_var x)
{
    return tp_sin(tp_muls(x, 2 * pi));
}

START_TEST(steep_sigmoids_make_a_staircase)
{
    const tp_var x = tp_linspace(tape, TP_F64, 0, 1, 4999);
    for (int n = 10; n <= 80; n *= 2) {
        tp_var y = tp_sin(tp_const(tape, pi / n));
        for (int k = 1; k < n; k++) {
            const double rise = sin(2 * pi * (k + .5) / n) - sin(2 * pi * (k - .5) / n);
            y = tp_add(y, tp_muls(tp_sigmoid(tp_muls(tp_adds(x, -1. * k / n), 1e6)), rise));
        }
        const double sup = tp_item(tp_max(tp_abs(tp_sub(y, wave(x)))));
        ck_assert_double_le(sup, pi / n);
        ck_assert_double_ge(sup, .97 * pi / n);
        if (n == 40) EXPECT_NEAR(sup, .0785, 1e-4);
    }
}
END_TEST

/* c + sum of v_j tanh(w_j x + b_j) - sin 2 pi x at 64 points; p is w, b, v (H each) and c. */
static tp_var misses(tp_tape *on, const tp_var *p, int n, void *user)
{
    (void)n;
    const tp_var x = tp_linspace(on, TP_F64, 0, 1, *(const int *)user);
    const tp_var h = tp_tanh(tp_add(tp_mul(tp_unsqueeze(x, 1), p[0]), p[1]));
    return tp_sub(tp_add(tp_matmul(h, p[2]), p[3]), wave(x));
}

START_TEST(one_hidden_layer_learns_a_wave)
{
    enum { H = 6 };
    tp_tensor *p[] = {random_tensor(TP_F64, TP_DIMS(H), 1, -4, 4), random_tensor(TP_F64, TP_DIMS(H), 2, -4, 4),
                      random_tensor(TP_F64, TP_DIMS(H), 3, -4, 4), random_tensor(TP_F64, TP_DIMS(), 4, -1, 1)};
    int points = 64;
    tp_objective *o = tp_objective_new(misses, &points, 4, p, NULL, NULL);
    tp_error error = {0};
    const tp_minimize_options options = {.method = TP_LEVENBERG_MARQUARDT, .iterations = 300};
    ck_assert_msg(tp_minimize(o, NULL, &options, NULL, &error) == TP_OK, "%s", error.message);
    points = 501; /* most of them not learned */
    const tp_var at[] = {tp_data(tape, p[0]), tp_data(tape, p[1]), tp_data(tape, p[2]), tp_data(tape, p[3])};
    ck_assert_double_le(tp_item(tp_max(tp_abs(misses(tape, at, 4, &points)))), .01);
    tp_objective_free(o);
    for (int i = 0; i < 4; i++) tp_tensor_release(p[i]);
}
END_TEST

TCase *seeds_regions_case(void)
{
    TCase *tcase = tcase_create("regions");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, criterion_has_the_gradient_of_its_mistakes);
    tcase_add_test(tcase, both_rules_converge_on_separable_data);
    tcase_add_test(tcase, regions_from_half_planes);
    tcase_add_test(tcase, steep_sigmoids_make_a_staircase);
    tcase_add_test(tcase, one_hidden_layer_learns_a_wave);
    return tcase;
}
