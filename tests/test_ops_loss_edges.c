/* Losses at their edges: logits far out, probabilities of exactly 0 and 1, kinks, nothing at all. */
#include "tests/helpers.h"
#include "tests/test_ops.h"

#include "tests/tape_fixture.h"

#define INF HUGE_VAL

/* ---- special numbers ---- */

typedef tp_var pair_loss(tp_var x, tp_var t, tp_reduction how);

static tp_var huber(tp_var x, tp_var t, tp_reduction how)
{
    return tp_huber(x, t, 1, how);
}
static tp_var smooth_l1(tp_var x, tp_var t, tp_reduction how)
{
    return tp_smooth_l1(x, t, 1, how);
}
static tp_var soft_hinge(tp_var x, tp_var t, tp_reduction how)
{
    return tp_soft_hinge(x, t, .125, 1, how);
}
static tp_var hinge_embedding(tp_var x, tp_var t, tp_reduction how)
{
    return tp_hinge_embedding(x, t, 1, how);
}
static tp_var focal(tp_var x, tp_var t, tp_reduction how)
{
    return tp_focal(x, t, 2, .25, how);
}
static tp_var kl_div_log(tp_var x, tp_var t, tp_reduction how)
{
    return tp_kl_div_with(x, t, &(tp_kl_div_options){.reduction = how, .log_target = true});
}
static tp_var pos_weight(tp_var x, tp_var t, tp_reduction how)
{
    return tp_bce_with_logits_with(x, t, &(tp_bce_options){.reduction = how, .pos_weight = tp_const(x.tape, 3)});
}

typedef struct special {
    const char *name;
    pair_loss *loss;
    double x, t, y, dx, dt;
} special;

static const special specials[] = {
    {"mse", tp_mse, 1e4, -1e4, 4e8, 4e4, -4e4},
    {"mse", tp_mse, 2, 2, 0, 0, 0},
    {"mse", tp_mse, NOT_A_NUMBER, 2, NOT_A_NUMBER, NOT_A_NUMBER, NOT_A_NUMBER},
    {"mse", tp_mse, INF, 2, INF, INF, -INF},
    {"l1", tp_l1, 1, 1, 0, 0, 0},
    {"l1", tp_l1, -1e4, 0, 1e4, -1, 1},
    {"huber", huber, 1e4, 0, 9999.5, 1, -1},
    {"huber", huber, -1e4, 0, 9999.5, -1, 1},
    {"huber", huber, 1, 1, 0, 0, 0},
    {"huber", huber, 1, 0, .5, 1, -1},
    {"huber", huber, INF, 0, INF, 1, -1},
    {"smooth_l1", smooth_l1, 1e4, 0, 9999.5, 1, -1},
    {"smooth_l1", smooth_l1, -1, -1, 0, 0, 0},
    {"hinge", tp_hinge, 1, 1, 0, 0, 0},
    {"hinge", tp_hinge, 0, 1, 1, -1, 0},
    {"hinge", tp_hinge, -1e4, 1, 10001, -1, 1e4},
    {"hinge", tp_hinge, 1e4, 1, 0, 0, 0},
    {"squared_hinge", tp_squared_hinge, -3, 1, 16, -8, 24},
    {"squared_hinge", tp_squared_hinge, 1, 1, 0, 0, 0},
    {"perceptron", tp_perceptron, 0, 1, 0, 0, 0},
    {"perceptron", tp_perceptron, -2, 1, 2, -1, 2},
    {"perceptron", tp_perceptron, 2, -1, 2, 1, -2},
    {"logistic", tp_logistic, 1e4, 1, 0, 0, 0},
    {"logistic", tp_logistic, -1e4, 1, 1e4, -1, 1e4},
    {"logistic", tp_logistic, 1e4, -1, 1e4, 1, -1e4},
    {"logistic", tp_logistic, 0, 1, .69314718055994531, -.5, 0},
    {"logistic", tp_logistic, -INF, 1, INF, -1, INF},
    {"soft_hinge", soft_hinge, 1e4, 1, 0, 0, 0},
    {"soft_hinge", soft_hinge, -1e4, 1, 10001, -1, 1e4},
    {"hinge_embedding", hinge_embedding, 2, 1, 2, 1, 0},
    {"hinge_embedding", hinge_embedding, 1, -1, 0, 0, 0},
    {"hinge_embedding", hinge_embedding, 0, -1, 1, -1, 0},
    {"bce", tp_bce, 0, 0, 0, 1, 100},
    {"bce", tp_bce, 1, 1, 0, -1, -100},
    {"bce", tp_bce, 0, 1, 100, -1e12, 100},
    {"bce", tp_bce, 1, 0, 100, 1e12, -100},
    {"bce", tp_bce, .5, .5, .69314718055994531, 0, 0},
    {"bce", tp_bce, 1.5, 0, NOT_A_NUMBER, 1e12, NOT_A_NUMBER},
    {"bce_with_logits", tp_bce_with_logits, 1e4, 1, 0, 0, -1e4},
    {"bce_with_logits", tp_bce_with_logits, -1e4, 0, 0, 0, 1e4},
    {"bce_with_logits", tp_bce_with_logits, 1e4, 0, 1e4, 1, -1e4},
    {"bce_with_logits", tp_bce_with_logits, -1e4, 1, 1e4, -1, 1e4},
    {"bce_with_logits", tp_bce_with_logits, 0, 1, .69314718055994531, -.5, 0},
    {"bce_with_logits", tp_bce_with_logits, -40, 0, 4.2483542552915889e-18, 4.2483542552915889e-18, 40},
    {"pos_weight", pos_weight, 1e4, 1, 0, 0, -1e4},
    {"pos_weight", pos_weight, -1e4, 1, 3e4, -3, 3e4},
    {"pos_weight", pos_weight, 1e4, 0, 1e4, 1, -1e4},
    {"pos_weight", pos_weight, -1e4, 0, 0, 0, 3e4},
    {"focal", focal, 1e4, 1, 0, 0, 0},
    {"focal", focal, -1e4, 0, 0, 0, 0},
    {"focal", focal, -1e4, 1, 2500, -.25, 2500},
    {"focal", focal, 1e4, 0, 7500, .75, -27500},
    {"kl_div", tp_kl_div, -1, 0, 0, 0, 0},
    {"kl_div", tp_kl_div, -INF, 0, 0, 0, 0},
    {"kl_div", tp_kl_div, 0, 1, 0, -1, 1},
    {"kl_div", tp_kl_div, -1e4, 1, 1e4, -1, 10001},
    {"kl_div_log", kl_div_log, -1, -INF, 0, 0, 0},
    {"kl_div_log", kl_div_log, -1, -1e4, 0, 0, 0},
    {"kl_div_log", kl_div_log, -1e4, 0, 1e4, -1, 10001},
    {"poisson_nll", tp_poisson_nll, 0, 0, 1, 1, 0},
    {"poisson_nll", tp_poisson_nll, -1e4, 1, 1e4, -1, 1e4},
};

enum { WIDTH = 19 }; /* more than a vector, and not a multiple */

static bool agrees(double got, double want, double tolerance)
{
    if (isnan(want)) return isnan(got);
    return got == want || fabs(got - want) <= tolerance * fabs(want);
}

static tp_var repeated(tp_dtype dtype, double number)
{
    double numbers[WIDTH];
    for (int i = 0; i < WIDTH; i++) numbers[i] = number;
    return vector(tape, dtype, WIDTH, numbers, false);
}

static void expect_all(const special *s, const char *what, tp_var x, double want, double tolerance)
{
    for (int64_t i = 0; i < numbers_in(x); i++)
        ck_assert_msg(agrees(number_at(x, i), want, tolerance), "%s(%g, %g), %s, element %lld: %.17g, not %.17g",
                      s->name, s->x, s->t, what, (long long)i, number_at(x, i), want);
}

static void check_special(const special *s, tp_dtype dtype, double tolerance)
{
    const tp_var x[] = {repeated(dtype, s->x), repeated(dtype, s->t)};
    expect_all(s, "value", s->loss(x[0], x[1], TP_NONE), s->y, tolerance);
    const tp_var sum = s->loss(x[0], x[1], TP_SUM), mean = s->loss(x[0], x[1], TP_MEAN);
    expect_all(s, "sum", sum, WIDTH * s->y, tolerance * WIDTH);
    expect_all(s, "mean", mean, s->y, tolerance * WIDTH);
    for (unsigned flags = 0; flags <= TP_CREATE_GRAPH; flags++) {
        tp_var g[2];
        EXPECT_STATUS(tp_gradients(sum, x, 2, g, flags), TP_OK);
        expect_all(s, flags ? "recorded dx" : "dx", g[0], s->dx, tolerance);
        expect_all(s, flags ? "recorded dt" : "dt", g[1], s->dt, tolerance);
    }
}

START_TEST(elementwise_losses_at_their_edges)
{
    check_special(&specials[_i], TP_F64, 1e-14);
    check_special(&specials[_i], TP_F32, 1e-6);
}
END_TEST

/* Far out and at exact probabilities, second derivatives too are finite. */
START_TEST(second_derivatives_are_finite_far_out)
{
    const special *s = &specials[_i];
    if (!isfinite(s->x) || !isfinite(s->t) || !isfinite(s->y)) return;
    const tp_var x[] = {repeated(TP_F64, s->x), repeated(TP_F64, s->t)};
    tp_var g[2], second[2];
    EXPECT_STATUS(tp_gradients(s->loss(x[0], x[1], TP_SUM), x, 2, g, TP_CREATE_GRAPH), TP_OK);
    const tp_var total = tp_add(tp_sum(g[0]), tp_sum(g[1]));
    EXPECT_STATUS(tp_gradients(total, x, 2, second, 0), TP_OK);
    for (int k = 0; k < 2; k++)
        for (int64_t i = 0; i < WIDTH; i++)
            ck_assert_msg(isfinite(number_at(second[k], i)), "%s(%g, %g): %g", s->name, s->x, s->t,
                          number_at(second[k], i));
}
END_TEST

/* d(dL/dt)/dx = -(1 + (c - 1) sigmoid(x)) and d(dL/dc)/dx = -t sigmoid(-x): at 0, where log(1 + e^-x) has no kink. */
START_TEST(weighted_bce_is_smooth_at_zero)
{
    const tp_var x = repeated(TP_F64, 0), t = repeated(TP_F64, .25), c = repeated(TP_F64, 3), by[] = {x, t, c};
    const tp_bce_options options = {.reduction = TP_SUM, .pos_weight = c};
    tp_var g[3], second;
    EXPECT_STATUS(tp_gradients(tp_bce_with_logits_with(x, t, &options), by, 3, g, TP_CREATE_GRAPH), TP_OK);
    const double want[] = {.25 * (1 + 2 * .25), -2, -.125}; /* the first by x: s (1 - s) (1 + (c - 1) t) */
    for (int i = 0; i < 3; i++) {
        EXPECT_STATUS(tp_gradients(tp_sum(g[i]), &x, 1, &second, 0), TP_OK);
        for (int k = 0; k < WIDTH; k++) EXPECT_NEAR(number_at(second, k), want[i], 1e-15);
    }
}
END_TEST

START_TEST(mean_of_nothing_is_not_a_number)
{
    const tp_var x = leaf_of(tape, tensor_of(TP_F64, TP_DIMS(0, 3), NULL));
    const tp_var t = data_of(tape, tensor_of(TP_F64, TP_DIMS(0, 3), NULL));
    const tp_var labels = data_of(tape, tensor_of(TP_I64, TP_DIMS(0), NULL));
    ck_assert(isnan(tp_item(tp_mse(x, t, TP_MEAN))));
    ck_assert(isnan(tp_item(tp_bce_with_logits(x, t, TP_MEAN))));
    ck_assert(isnan(tp_item(tp_cross_entropy(x, labels, TP_MEAN))));
    ck_assert(isnan(tp_item(tp_cross_entropy(x, t, TP_MEAN))));
    ck_assert(isnan(tp_item(tp_nll(x, labels, TP_MEAN))));
    ck_assert(isnan(tp_item(tp_multi_margin(x, labels, 1, 1, tp_none(), TP_MEAN))));
    EXPECT_NEAR(tp_item(tp_mse(x, t, TP_SUM)), 0, 0);
    EXPECT_NEAR(tp_item(tp_cross_entropy(x, labels, TP_SUM)), 0, 0);
    const tp_var two = leaf_of(tape, F64(TP_DIMS(2, 2), 1, 2, 3, 4)), none = data_of(tape, I64(TP_DIMS(2), 7, 7));
    const tp_cross_entropy_options ignored = {.reduction = TP_MEAN, .ignore = true, .ignore_index = 7};
    ck_assert(isnan(tp_item(tp_cross_entropy_with(two, none, &ignored)))); /* nothing is left */
    EXPECT_OK(tape);
}
END_TEST

START_TEST(many_elements_give_the_same_on_any_number_of_threads)
{
    enum { MANY = 200001 };
    tp_tensor *x = random_tensor(TP_F32, TP_DIMS(MANY), 1, -3, 3), *t = random_tensor(TP_F32, TP_DIMS(MANY), 2, 0, 1);
    double sum[3], first = 0;
    for (int threads = 1; threads <= 3; threads++) {
        tp_tape *other = tp_tape_new(&(tp_tape_options){.threads = threads});
        const tp_var leaf = tp_leaf(other, x), y = tp_bce_with_logits(leaf, tp_data(other, t), TP_MEAN);
        EXPECT_STATUS(tp_backward(y), TP_OK);
        sum[threads - 1] = tp_item(y);
        const tp_tensor *grad = tp_grad(leaf);
        double all = 0;
        for (int64_t i = 0; i < MANY; i++) all += tp_tensor_item(grad, i);
        if (threads == 1) first = all;
        ck_assert(all == first && sum[threads - 1] == sum[0]);
        tp_tape_free(other);
    }
    double plain = 0;
    for (int64_t i = 0; i < MANY; i++) {
        const double z = tp_tensor_item(x, i);
        plain += fmax(z, 0) - z * tp_tensor_item(t, i) + log1p(exp(-fabs(z)));
    }
    EXPECT_NEAR(sum[0], plain / MANY, 1e-7);
    tp_tensor_release(x);
    tp_tensor_release(t);
}
END_TEST

TCase *losses_case(void)
{
    TCase *tcase = tcase_create("losses");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, elementwise_losses_at_their_edges, 0, COUNT(specials));
    tcase_add_loop_test(tcase, second_derivatives_are_finite_far_out, 0, COUNT(specials));
    tcase_add_test(tcase, weighted_bce_is_smooth_at_zero);
    tcase_add_test(tcase, mean_of_nothing_is_not_a_number);
    tcase_add_test(tcase, many_elements_give_the_same_on_any_number_of_threads);
    return tcase;
}
