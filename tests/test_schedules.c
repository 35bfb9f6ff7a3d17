/* Schedules: rates over 60 steps against PyTorch's (tests/golden/schedules.txt, written by tools/golden/optim.py), by
   group, put together, saved and set; wrong calls; failing allocations. */
#include <stdio.h>

#include "tests/test_layers.h"

enum { T = 60 };
static const double base = 0.2;

static tp_optim *descent(void)
{
    tp_optim *optim = tp_sgd(&(tp_sgd_options){.rate = base, .momentum = 0.9}, NULL);
    ck_assert_ptr_nonnull(optim);
    return optim;
}

/* ---- the kinds ---- */

static const int64_t milestones[] = {5, 12, 12, 40};

static tp_schedule *chain(tp_optim *o, tp_error *e)
{
    tp_schedule *parts[] = {tp_linear_schedule(o, &(tp_linear_schedule_options){.from = 0.1, .steps = 10}, e),
                            tp_exponential_schedule(o, &(tp_exponential_schedule_options){.gamma = 0.95}, e),
                            tp_step_schedule(o, &(tp_step_schedule_options){.period = 15, .gamma = 0.5}, e)};
    return tp_chained_schedule(parts, 3, e);
}

static tp_schedule *sequence(tp_optim *o, tp_error *e)
{
    tp_schedule *parts[] = {tp_linear_schedule(o, &(tp_linear_schedule_options){.from = 0.1, .steps = 10}, e),
                            tp_cosine_schedule(o, &(tp_cosine_schedule_options){.period = 30}, e),
                            tp_exponential_schedule(o, &(tp_exponential_schedule_options){.gamma = 0.9}, e)};
    return tp_sequential_schedule(parts, 3, (const int64_t[]){10, 40}, e);
}

#define SCHEDULE(name, kind, ...)                                                                                      \
    static tp_schedule *name(tp_optim *o, tp_error *e)                                                                 \
    {                                                                                                                  \
        return tp_##kind##_schedule(o, &(tp_##kind##_schedule_options){__VA_ARGS__}, e);                               \
    }
SCHEDULE(step, step, .period = 7, .gamma = 0.5)
SCHEDULE(step_default, step, .period = 20)
SCHEDULE(multistep, multistep, .milestones = milestones, .milestone_count = 4, .gamma = 0.3)
SCHEDULE(exponential, exponential, .gamma = 0.93)
SCHEDULE(constant, constant, .factor = 0.25, .steps = 9)
SCHEDULE(constant_default, constant, .steps = 0)
SCHEDULE(linear, linear, .from = 0.1, .to = 0.9, .steps = 13)
SCHEDULE(linear_default, linear, .steps = 0)
SCHEDULE(polynomial, polynomial, .steps = 45, .power = 2)
SCHEDULE(polynomial_default, polynomial, .steps = 0)
SCHEDULE(cosine, cosine, .period = 25, .floor = 0.01)
SCHEDULE(cosine_default, cosine, .period = 60)
SCHEDULE(restarts, restarts, .period = 8, .factor = 2, .floor = 0.02)
SCHEDULE(restarts_default, restarts, .period = 10)
SCHEDULE(one_cycle, one_cycle, .steps = T + 1, .peak = 0.5)
SCHEDULE(one_cycle_linear, one_cycle, .steps = T + 1, .peak = 0.5, .rise = 0.4, .linear = true, .momentum_low = 0.7,
         .momentum_high = 0.9, .start_divisor = 10, .end_divisor = 100)
SCHEDULE(one_cycle_three, one_cycle, .steps = T + 1, .peak = 0.5, .three_phases = true)
SCHEDULE(plateau, plateau, .factor = 0.5, .patience = 3, .cooldown = 2)
SCHEDULE(plateau_absolute, plateau, .maximise = true, .absolute = true, .threshold = 0.05, .patience = -1,
         .floor = 0.003, .factor = 0.7)

typedef struct schedule_case {
    const char *name;
    tp_schedule *(*make)(tp_optim *optim, tp_error *error);
} schedule_case;
#define CASE(name)                                                                                                     \
    {                                                                                                                  \
#name, name                                                                                                    \
    }
static const schedule_case cases[] = {CASE(step),
                                      CASE(step_default),
                                      CASE(multistep),
                                      CASE(exponential),
                                      CASE(constant),
                                      CASE(constant_default),
                                      CASE(linear),
                                      CASE(linear_default),
                                      CASE(polynomial),
                                      CASE(polynomial_default),
                                      CASE(cosine),
                                      CASE(cosine_default),
                                      CASE(restarts),
                                      CASE(restarts_default),
                                      CASE(one_cycle),
                                      CASE(one_cycle_linear),
                                      CASE(one_cycle_three),
                                      CASE(plateau),
                                      CASE(plateau_absolute),
                                      {"chained", chain},
                                      {"sequential", sequence}};
enum { CASES = sizeof cases / sizeof *cases };

static tp_schedule *schedule_of(const schedule_case *c, tp_optim *optim)
{
    tp_error error = {0};
    tp_schedule *s = c->make(optim, &error);
    ck_assert_msg(s != NULL, "%s: %s", c->name, error.message);
    return s;
}

static double metric(int t)
{
    return 1 / (1 + fmin(t, 12)) + 0.02 * (t * 7 % 5) - (t > 40 ? 0.01 * (t - 40) : 0);
}

static FILE *stored(const char *name)
{
    char line[128], wanted[64];
    FILE *file = fopen("tests/golden/schedules.txt", "r");
    ck_assert_ptr_nonnull(file);
    snprintf(wanted, sizeof wanted, "case %s\n", name);
    while (fgets(line, sizeof line, file) && strcmp(line, wanted) != 0) continue;
    return file;
}

START_TEST(rates_are_pytorchs)
{
    const schedule_case *c = &cases[_i];
    FILE *file = stored(c->name);
    tp_optim *optim = descent();
    tp_schedule *s = schedule_of(c, optim);
    const bool follows = isnan(tp_schedule_rate(s, 0, 0));
    for (int t = 0; t <= T; t++) {
        char line[128], *at = line;
        ck_assert_msg(fgets(line, sizeof line, file) != NULL, "%s is not stored", c->name);
        const double rate = strtod(at, &at), got = tp_optim_rate(optim, 0);
        ck_assert_msg(fabs(got - rate) <= 1e-13, "%s, t = %d: %.17g, not %.17g", c->name, t, got, rate);
        if (*at == ' ') EXPECT_NEAR(tp_optim_option(optim, 0, "momentum"), strtod(at, NULL), 1e-13);
        if (!follows) ck_assert_double_eq(tp_schedule_rate(s, 0, (uint64_t)t), got);
        ck_assert_uint_eq(tp_schedule_steps(s), (uint64_t)t);
        ck_assert_int_eq(tp_schedule_step(s), follows ? TP_E_UNSUPPORTED : TP_OK);
        if (follows) EXPECT_STATUS(tp_schedule_step_metric(s, metric(t + 1)), TP_OK);
    }
    fclose(file);
    tp_schedule_free(s);
    tp_optim_free(optim);
}
END_TEST

/* A schedule whose state was set goes on as the one that gave it. */
START_TEST(state_can_be_carried_over)
{
    const schedule_case *c = &cases[_i];
    tp_optim *optim = descent(), *other = descent();
    tp_schedule *s = schedule_of(c, optim), *copy = schedule_of(c, other);
    double state[8], numbers[16], copied[8];
    for (int t = 1; t <= 20; t++) tp_schedule_step_metric(s, metric(t));
    const int n = tp_schedule_state(s, state, 8);
    ck_assert_int_le(n, 8);
    ck_assert_int_eq(tp_schedule_state(copy, NULL, 0), n);
    EXPECT_STATUS(tp_optim_set_numbers(other, numbers, tp_optim_numbers(optim, numbers, 16), NULL), TP_OK);
    EXPECT_STATUS(tp_schedule_set_state(copy, state, n, NULL), TP_OK);
    for (int t = 21; t <= T; t++) {
        tp_schedule_step_metric(s, metric(t)), tp_schedule_step_metric(copy, metric(t));
        ck_assert_double_eq(tp_optim_rate(optim, 0), tp_optim_rate(other, 0));
        ck_assert_double_eq(tp_optim_option(optim, 0, "momentum"), tp_optim_option(other, 0, "momentum"));
    }
    tp_schedule_state(s, state, n), tp_schedule_state(copy, copied, n);
    ck_assert_mem_eq(state, copied, (size_t)n * sizeof *state);
    tp_error error = {0};
    EXPECT_STATUS(tp_schedule_set_state(copy, state, n - 1, &error), TP_E_ARGUMENT);
    state[0] = -1;
    EXPECT_STATUS(tp_schedule_set_state(copy, state, n, &error), TP_E_ARGUMENT);
    state[0] = 3, state[1] = (double)NAN;
    EXPECT_STATUS(tp_schedule_set_state(copy, state, n, &error), TP_E_ARGUMENT);
    ck_assert_uint_eq(tp_schedule_steps(copy), T);
    tp_optim_free(optim), tp_optim_free(other); /* schedules keep them */
    tp_schedule_step_metric(s, 0);
    tp_schedule_free(s), tp_schedule_free(copy);
}
END_TEST

START_TEST(groups_have_their_own_base)
{
    tp_optim *optim = descent();
    tp_sgd_group(optim, &(tp_sgd_options){.rate = 1, .momentum = 0.5}, NULL);
    tp_schedule *all = tp_exponential_schedule(optim, &(tp_exponential_schedule_options){.gamma = 0.5}, NULL);
    tp_schedule *first =
        tp_step_schedule(optim, &(tp_step_schedule_options){.period = 1, .gamma = 0.1, .groups = 1 << 1}, NULL);
    ck_assert(isnan(tp_schedule_rate(first, 0, 0)) && isnan(tp_schedule_rate(first, 2, 0)));
    ck_assert_double_eq(tp_schedule_rate(all, 1, 2), 0.25);
    tp_schedule_step(all);
    ck_assert_double_eq(tp_optim_rate(optim, 0), 0.1);
    ck_assert_double_eq(tp_optim_rate(optim, 1), 0.5);
    tp_schedule_step(first);
    ck_assert_double_eq(tp_optim_rate(optim, 0), 0.1);
    ck_assert_double_eq(tp_optim_rate(optim, 1), 0.1);
    tp_schedule *both = tp_chained_schedule((tp_schedule *[]){all, first}, 2, NULL);
    ck_assert_ptr_nonnull(both); /* begins anew, from the parts' bases */
    ck_assert_double_eq(tp_optim_rate(optim, 1), 1);
    tp_schedule_step(both);
    ck_assert_double_eq(tp_optim_rate(optim, 0), 0.1);
    EXPECT_NEAR(tp_optim_rate(optim, 1), 0.05, 1e-16);
    tp_schedule_free(all); /* a part: not freed */
    tp_schedule_free(both);
    tp_optim_free(optim);
}
END_TEST

START_TEST(one_cycle_moves_beta1)
{
    tp_optim *adam = tp_adamw(NULL, NULL), *plain = tp_sgd(NULL, NULL);
    tp_schedule *s = tp_one_cycle_schedule(adam, &(tp_one_cycle_schedule_options){.steps = 10, .rise = 0.5}, NULL);
    ck_assert_double_eq(tp_optim_option(adam, 0, "beta1"), 0.95);
    for (int t = 0; t < 4; t++) tp_schedule_step(s);
    EXPECT_NEAR(tp_optim_option(adam, 0, "beta1"), 0.85, 1e-15);
    EXPECT_NEAR(tp_optim_rate(adam, 0), 1e-3, 1e-18);
    for (int t = 0; t < 20; t++) tp_schedule_step(s);
    EXPECT_NEAR(tp_optim_rate(adam, 0), 1e-3 / 25 / 1e4, 1e-18);
    tp_schedule_free(s);
    tp_error error = {0};
    ck_assert_ptr_null(tp_one_cycle_schedule(plain, &(tp_one_cycle_schedule_options){.steps = 10}, &error));
    ck_assert_str_eq(error.message, "tp_one_cycle_schedule: group 0 of sgd has no momentum: keep_momentum");
    s = tp_one_cycle_schedule(plain, &(tp_one_cycle_schedule_options){.steps = 1, .keep_momentum = true}, &error);
    ck_assert(isfinite(tp_optim_rate(plain, 0)));
    tp_schedule_free(s);
    tp_optim_free(adam), tp_optim_free(plain);
}
END_TEST

/* ---- wrong calls ---- */

static void refuses(tp_schedule *made, tp_error *error, const char *text)
{
    ck_assert_ptr_null(made);
    EXPECT_STATUS(error->status, TP_E_ARGUMENT);
    ck_assert_msg(strstr(error->message, text) != NULL, "\"%s\" does not say \"%s\"", error->message, text);
    *error = (tp_error){0};
}

#define REFUSES(text, kind, ...)                                                                                       \
    refuses(tp_##kind##_schedule(optim, &(tp_##kind##_schedule_options){__VA_ARGS__}, &error), &error, text)

START_TEST(options_are_checked)
{
    tp_optim *optim = descent();
    tp_error error = {0};
    REFUSES("tp_step_schedule: period is 0, outside [1, inf)", step, .gamma = 0.5);
    REFUSES("gamma is -1", step, .period = 3, .gamma = -1);
    REFUSES("groups is 0x2", step, .period = 3, .groups = 2);
    REFUSES("milestones", multistep, .milestone_count = 3);
    REFUSES("milestones", multistep, .milestones = (const int64_t[]){4, 3}, .milestone_count = 2);
    REFUSES("milestone_count is -1", multistep, .milestone_count = -1);
    REFUSES("gamma is missing", exponential, .groups = 0);
    REFUSES("gamma is nan", exponential, .gamma = (double)NAN);
    REFUSES("factor is -1", constant, .factor = -1);
    REFUSES("steps is -1", linear, .steps = -1);
    REFUSES("from is inf", linear, .from = HUGE_VAL);
    REFUSES("power is -2", polynomial, .power = -2);
    REFUSES("period is -4", cosine, .period = -4);
    REFUSES("floor is -1", cosine, .period = 4, .floor = -1);
    REFUSES("factor is -1", restarts, .period = 4, .factor = -1);
    REFUSES("steps is 0", one_cycle, .peak = 1);
    REFUSES("rise is 1.5", one_cycle, .steps = 4, .rise = 1.5);
    REFUSES("momentum_low is 1", one_cycle, .steps = 4, .momentum_low = 1);
    REFUSES("factor is 1", plateau, .factor = 1);
    REFUSES("patience is -2", plateau, .patience = -2);
    REFUSES("cooldown is -1", plateau, .cooldown = -1);
    refuses(tp_step_schedule(NULL, &(tp_step_schedule_options){.period = 1}, &error), &error, "the optimiser is NULL");
    refuses(tp_cosine_schedule(optim, NULL, &error), &error, "period is 0");
    ck_assert_double_eq(tp_optim_rate(optim, 0), base);
    tp_optim_free(optim);
}
END_TEST

START_TEST(parts_are_checked)
{
    tp_optim *optim = descent(), *other = descent();
    tp_error error = {0};
    tp_schedule *s = step(optim, NULL);
    refuses(tp_chained_schedule((tp_schedule *[]){s, s}, 2, &error), &error, "schedule 1 is there twice");
    refuses(tp_chained_schedule(NULL, 0, &error), &error, "there are no schedules");
    refuses(tp_chained_schedule((tp_schedule *[]){step(optim, NULL), NULL}, 2, &error), &error, "schedule 1 is NULL");
    refuses(tp_chained_schedule((tp_schedule *[]){step(optim, NULL), step(other, NULL)}, 2, &error), &error,
            "schedule 1 is of another optimiser");
    refuses(tp_chained_schedule((tp_schedule *[]){plateau(optim, NULL)}, 1, &error), &error, "follows a metric");
    refuses(tp_chained_schedule((tp_schedule *[]){chain(optim, NULL)}, 1, &error), &error, "itself made of several");
    refuses(tp_sequential_schedule((tp_schedule *[]){step(optim, NULL), step(optim, NULL)}, 2, NULL, &error), &error,
            "the milestones are NULL");
    refuses(tp_sequential_schedule((tp_schedule *[]){step(optim, NULL), step(optim, NULL)}, 2, (const int64_t[]){-1},
                                   &error),
            &error, "milestone 0 is -1");
    s = tp_sequential_schedule((tp_schedule *[]){step(optim, NULL)}, 1, NULL, &error);
    ck_assert_ptr_nonnull(s);
    tp_schedule_free(s);
    tp_optim_free(optim), tp_optim_free(other);
}
END_TEST

START_TEST(null_is_harmless)
{
    tp_schedule_free(NULL);
    EXPECT_STATUS(tp_schedule_step(NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_schedule_step_metric(NULL, 1), TP_E_ARGUMENT);
    ck_assert_uint_eq(tp_schedule_steps(NULL), 0);
    ck_assert(isnan(tp_schedule_rate(NULL, 0, 0)));
    ck_assert_str_eq(tp_schedule_name(NULL), "");
    ck_assert_int_eq(tp_schedule_state(NULL, NULL, 0), 0);
    EXPECT_STATUS(tp_schedule_set_state(NULL, NULL, 0, NULL), TP_E_ARGUMENT);
}
END_TEST

START_TEST(every_failed_allocation_is_reported)
{
    for (size_t fail_at = 1;; fail_at++) {
        counter m = {0};
        tp_error error = {0};
        const tp_allocator memory = counted(&m);
        tp_optim *optim = tp_sgd(&(tp_sgd_options){.momentum = 0.9, .memory = &memory}, NULL);
        m.fail_at = m.calls + fail_at;
        tp_schedule *s = cases[_i].make(optim, &error);
        const size_t calls = m.calls;
        if (s)
            for (int t = 0; t < 5; t++) tp_schedule_step_metric(s, 1);
        ck_assert_uint_eq(m.calls, calls);
        const bool failed = m.failed > 0;
        ck_assert_int_eq(s == NULL, failed);
        if (failed) ck_assert_ptr_nonnull(strstr(error.message, failed ? "_schedule: " : ""));
        tp_schedule_free(s);
        tp_optim_free(optim);
        ck_assert_uint_eq(m.blocks, 0);
        if (!failed) break;
    }
}
END_TEST

Suite *schedules_suite(void)
{
    Suite *suite = suite_create("schedules");
    TCase *tcase = tcase_create("schedules");
    tcase_add_loop_test(tcase, rates_are_pytorchs, 0, CASES);
    tcase_add_loop_test(tcase, state_can_be_carried_over, 0, CASES);
    tcase_add_test(tcase, groups_have_their_own_base);
    tcase_add_test(tcase, one_cycle_moves_beta1);
    tcase_add_test(tcase, options_are_checked);
    tcase_add_test(tcase, parts_are_checked);
    tcase_add_test(tcase, null_is_harmless);
    tcase_add_loop_test(tcase, every_failed_allocation_is_reported, 0, CASES);
    suite_add_tcase(suite, tcase);
    return suite;
}
