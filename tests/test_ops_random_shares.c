/* Random numbers have their distributions, by fixed seeds. */
#include "tests/test_ops.h"

#include <stdlib.h>

enum { MANY = 100000 };

static tp_tape *tape;

static void setup(void)
{
    tape = tp_tape_new(&(tp_tape_options){.seed = 42});
    ck_assert_ptr_nonnull(tape);
}

static void teardown(void)
{
    tp_tape_free(tape);
}

/* ---- distributions ---- */

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double uniform_below(double x)
{
    return (x + 1) / 3;
}
static double normal_below(double x)
{
    return .5 * erfc(-(x - 1) / (.5 * sqrt(2)));
}
static double exponential_below(double x)
{
    return 1 - exp(-2 * x);
}
static double gumbel_below(double x)
{
    return exp(-exp(-(x - 1) / 2));
}

/* Kolmogorov and Smirnov: sqrt(n) times the largest distance between the two distribution functions; 1.63 is passed by
   99 of 100 seeds. */
static void expect_distribution(const char *what, tp_var x, double (*below)(double))
{
    double *sorted = malloc(MANY * sizeof *sorted), distance = 0;
    ck_assert(tp_ok(x) && sorted);
    for (int i = 0; i < MANY; i++) sorted[i] = number_at(x, i);
    qsort(sorted, MANY, sizeof *sorted, by_size);
    for (int i = 0; i < MANY; i++) {
        const double want = below(sorted[i]);
        distance = fmax(distance, fmax(fabs(want - (double)i / MANY), fabs(want - (double)(i + 1) / MANY)));
    }
    ck_assert_msg(distance * sqrt(MANY) < 1.63, "%s: %g", what, distance * sqrt(MANY));
    free(sorted);
}

static void expect_moments(const char *what, tp_var x, double mean, double variance)
{
    const double m = tp_item(tp_mean(x)), v = tp_item(tp_mean(tp_square(tp_adds(x, -mean))));
    ck_assert_msg(fabs(m - mean) < 4 * sqrt(variance / MANY), "%s: mean %g, not %g", what, m, mean);
    ck_assert_msg(fabs(v - variance) < .03 * variance, "%s: variance %g, not %g", what, v, variance);
}

START_TEST(numbers_have_their_distribution)
{
    const int64_t dims[] = {MANY};
    for (int d = TP_F32; d <= TP_F64; d++) {
        const tp_dtype dtype = (tp_dtype)d;
        const tp_var u = tp_uniform(tape, dtype, 1, dims, -1, 2), n = tp_normal(tape, dtype, 1, dims, 1, .5);
        const tp_var e = tp_exponential(tape, dtype, 1, dims, 2), g = tp_gumbel(tape, dtype, 1, dims, 1, 2);
        expect_distribution("uniform", u, uniform_below);
        expect_distribution("normal", n, normal_below);
        expect_distribution("exponential", e, exponential_below);
        expect_distribution("gumbel", g, gumbel_below);
        expect_moments("uniform", u, .5, .75);
        expect_moments("normal", n, 1, .25);
        expect_moments("exponential", e, .5, .25);
        expect_moments("gumbel", g, 1 + 2 * .5772156649015329, 4 * 1.6449340668482264);
        ck_assert_double_ge(tp_item(tp_min(u)), -1);
        ck_assert_double_lt(tp_item(tp_max(u)), 2);
    }
}
END_TEST

/* Box and Muller's pairs, and neighbours, hang together in no way that a correlation sees. */
START_TEST(neighbours_and_streams_are_uncorrelated)
{
    const tp_var a = tp_normal(tape, TP_F64, TP_DIMS(MANY), 0, 1), b = tp_normal(tape, TP_F64, TP_DIMS(MANY), 0, 1);
    const double bound = 4 / sqrt(MANY);
    ck_assert_double_lt(fabs(tp_item(tp_mean(tp_mul(a, b)))), bound);
    for (int64_t lag = 1; lag <= 64; lag++) {
        const tp_var head = tp_slice(a, 0, 0, MANY - lag, 1), tail = tp_slice(a, 0, lag, TP_END, 1);
        ck_assert_double_lt(fabs(tp_item(tp_mean(tp_mul(head, tail)))), bound);
    }
}
END_TEST

/* The shares of 0 .. n-1 among the numbers of x are off from p by less than four deviations. */
static void expect_shares(const char *what, tp_var x, int n, double low, const double *p)
{
    int counts[16] = {0};
    const int64_t all = numbers_in(x);
    for (int64_t i = 0; i < all; i++) {
        const double k = number_at(x, i) - low;
        ck_assert(k >= 0 && k < n && k == floor(k));
        counts[(int)k]++;
    }
    for (int k = 0; k < n; k++) {
        const double share = counts[k] / (double)all, deviation = sqrt(p[k] * (1 - p[k]) / (double)all);
        ck_assert_msg(fabs(share - p[k]) <= 4 * deviation, "%s: %g of %d, not %g", what, share, k, p[k]);
    }
}

START_TEST(draws_have_their_probabilities)
{
    const double fifth[] = {.2, .2, .2, .2, .2}, weights[] = {1, 0, 3, 4, 2}, shares[] = {.1, 0, .3, .4, .2};
    expect_shares("randint", tp_randint(tape, TP_DIMS(MANY), -2, 3), 5, -2, fifth);
    const tp_var p = tp_muls(tp_expand(tp_const(tape, 1), TP_DIMS(MANY)), .3);
    expect_shares("bernoulli", tp_bernoulli(p), 2, 0, (double[]){.7, .3});
    expect_shares("dropout", tp_step(tp_dropout(p, .25)), 2, 0, (double[]){.25, .75});
    const tp_var w = vector(tape, TP_F64, 5, weights, true);
    expect_shares("multinomial", tp_multinomial(w, MANY, true), 5, 0, shares);
    const tp_var rows = tp_expand(w, TP_DIMS(MANY, 5)), two = tp_multinomial(rows, 2, false);
    expect_shares("multinomial", tp_slice(two, 1, 0, 1, 1), 5, 0, shares);
    double second[5] = {0}; /* after i came first: w_k / (10 - w_i) */
    for (int k = 0; k < 5; k++)
        for (int i = 0; i < 5; i++)
            if (i != k) second[k] += shares[i] * shares[k] / (1 - shares[i]);
    expect_shares("multinomial", tp_slice(two, 1, 1, 2, 1), 5, 0, second);
    const tp_var logits = tp_expand(tp_log(tp_adds(w, 1)), TP_DIMS(MANY, 5));
    tp_var place;
    tp_max_with_indices(tp_gumbel_softmax(logits, -1, .5, true), -1, false, &place);
    expect_shares("gumbel_softmax", place, 5, 0, (double[]){2 / 15., 1 / 15., 4 / 15., 5 / 15., 3 / 15.});
}
END_TEST

START_TEST(permutation_holds_each_once)
{
    int first[3] = {0};
    for (int n = 0; n < 50; n++) {
        const tp_var order = tp_permutation(tape, n);
        bool seen[50] = {false};
        for (int i = 0; i < n; i++) {
            const int k = (int)number_at(order, i);
            ck_assert(k >= 0 && k < n && !seen[k]);
            seen[k] = true;
        }
    }
    for (int i = 0; i < 3000; i++) first[(int)number_at(tp_permutation(tape, 3), 0)]++;
    for (int k = 0; k < 3; k++) ck_assert_int_lt(abs(first[k] - 1000), 100);
}
END_TEST

START_TEST(without_replacement_each_comes_once)
{
    double weights[20];
    for (int i = 0; i < 20; i++) weights[i] = i % 4;
    const tp_var draw = tp_multinomial(vector(tape, TP_F32, 20, weights, true), 15, false);
    bool seen[20] = {false};
    for (int i = 0; i < 15; i++) {
        const int k = (int)number_at(draw, i);
        ck_assert(!seen[k] && weights[k] > 0);
        seen[k] = true;
    }
}
END_TEST

TCase *distributions_case(void)
{
    TCase *test = tcase_create("distributions");
    tcase_add_checked_fixture(test, setup, teardown);
    tcase_add_test(test, numbers_have_their_distribution);
    tcase_add_test(test, neighbours_and_streams_are_uncorrelated);
    tcase_add_test(test, draws_have_their_probabilities);
    tcase_add_test(test, permutation_holds_each_once);
    tcase_add_test(test, without_replacement_each_comes_once);
    return test;
}
