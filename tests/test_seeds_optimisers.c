/* Worked examples: update rules, on w = 1 with the loss w^2 / 2, so that the gradient is w; and one on a quadratic. */
#include <tapir/optim.h>

#include "tests/helpers.h"

#include "tests/tape_fixture.h"

/* d(w^2 / 2)/dw, which stays in the tensor. */
static double slope(tp_tensor *w)
{
    tp_tape_reset(tape);
    tp_tensor_clear_grad(w);
    EXPECT_STATUS(tp_backward(tp_muls(tp_sum(tp_square(tp_param(tape, w))), .5)), TP_OK);
    return tp_tensor_item(tp_tensor_grad(w), 0);
}

typedef struct state {
    double g, m;
    int t;
} state;

static double plain(state *s, double d)
{
    (void)s;
    return .1 * d;
}

static double adagrad(state *s, double d)
{
    s->g += d * d;
    return .1 * d / (sqrt(s->g) + 1e-10);
}

static double rmsprop(state *s, double d)
{
    s->g = .9 * s->g + .1 * d * d;
    return .1 * d / (sqrt(s->g) + 1e-10);
}

static double adam(state *s, double d)
{
    s->t++;
    s->m = .9 * s->m + .1 * d;
    s->g = .999 * s->g + .001 * d * d;
    return .1 * s->m / (1 - pow(.9, s->t)) / (sqrt(s->g / (1 - pow(.999, s->t))) + 1e-8);
}

START_TEST(update_rules_have_the_lectures_numbers)
{
    static const struct {
        double (*rule)(state *, double);
        double after[3];
    } rows[] = {{plain, {.9, .81, .729}},
                {adagrad, {.9, .8331035, .7804562}},
                {rmsprop, {.6837722, .4988706, .3691806}},
                {adam, {.9, .8004122, .7015863}}};
    for (int i = 0; i < 4; i++) {
        tp_tensor *w = F64(TP_DIMS(1), 1);
        state s = {0};
        for (int step = 0; step < 3; step++) {
            const double change = rows[i].rule(&s, slope(w));
            *(double *)tp_tensor_data(w) -= change;
            EXPECT_NEAR(tp_tensor_item(w, 0), rows[i].after[step], 1e-6);
        }
        tp_tensor_release(w);
    }
}
END_TEST

static void expect_steps(tp_optim *optim, const double *after)
{
    tp_tensor *w = F64(TP_DIMS(1), 1);
    ck_assert_ptr_nonnull(optim);
    EXPECT_STATUS(tp_optim_add(optim, w, NULL), TP_OK);
    for (int step = 0; step < 3; step++) {
        slope(w);
        EXPECT_STATUS(tp_optim_step(optim), TP_OK);
        EXPECT_NEAR(tp_tensor_item(w, 0), after[step], 1e-6);
    }
    tp_optim_free(optim);
    tp_tensor_release(w);
}

START_TEST(optimisers_have_the_lectures_numbers)
{
    expect_steps(tp_sgd(&(tp_sgd_options){.rate = .1}, NULL), NUMBERS(.9, .81, .729));
    expect_steps(tp_adagrad(&(tp_adagrad_options){.rate = .1}, NULL), NUMBERS(.9, .8331035, .7804562));
    expect_steps(tp_rmsprop(&(tp_rmsprop_options){.rate = .1, .alpha = .9}, NULL),
                 NUMBERS(.6837722, .4988706, .3691806));
    expect_steps(tp_adam(&(tp_adam_options){.rate = .1}, NULL), NUMBERS(.9, .8004122, .7015863));
}
END_TEST

/* Steps until (100 a^2 + b^2) / 2 falls below 1e-3 from (1, 1), or 10000. */
static int steps_on_quadratic(tp_optim *optim)
{
    tp_tensor *w = F64(TP_DIMS(2), 1, 1);
    int steps = 0;
    EXPECT_STATUS(tp_optim_add(optim, w, NULL), TP_OK);
    for (; steps < 10000; steps++) {
        tp_tape_reset(tape);
        tp_optim_clear_grads(optim);
        const tp_var c = data_of(tape, F64(TP_DIMS(2), 50, .5)), f = tp_sum(tp_mul(c, tp_square(tp_param(tape, w))));
        if (tp_item(f) < 1e-3) break;
        EXPECT_STATUS(tp_backward(f), TP_OK);
        EXPECT_STATUS(tp_optim_step(optim), TP_OK);
    }
    tp_optim_free(optim);
    tp_tensor_release(w);
    return steps;
}

START_TEST(adagrad_beats_plain_descent_on_an_ill_conditioned_quadratic)
{
    const int descent = steps_on_quadratic(tp_sgd(&(tp_sgd_options){.rate = .019}, NULL));
    const int scaled = steps_on_quadratic(tp_adagrad(&(tp_adagrad_options){.rate = .5}, NULL));
    ck_assert_int_lt(descent, 10000);
    ck_assert_msg(scaled < descent / 2, "%d steps against %d", scaled, descent);
}
END_TEST

TCase *seeds_optimisers_case(void)
{
    TCase *tcase = tcase_create("optimisers");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, update_rules_have_the_lectures_numbers);
    tcase_add_test(tcase, optimisers_have_the_lectures_numbers);
    tcase_add_test(tcase, adagrad_beats_plain_descent_on_an_ill_conditioned_quadratic);
    return tcase;
}
