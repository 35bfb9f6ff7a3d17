/* L-BFGS: trajectories against PyTorch's, state, closures that fail, and the memory it takes. */
#include <stdio.h>

#include "tests/test_layers.h"

enum { SIZE = 3, STEPS = 25, KEPT = 5 };
static const int kept[KEPT] = {1, 2, 5, 10, 25};

typedef struct problem {
    tp_tape *tape;
    tp_tensor *w;
    bool rosenbrock;
    int calls, fail_at; /* the call with this number fails; 0: none */
} problem;

static tp_var smooth(tp_var w)
{
    const tp_var a = data_of(w.tape, F64(TP_DIMS(SIZE), 3, 0.2, 1));
    const tp_var bowl = tp_sum(tp_add(tp_muls(tp_mul(a, tp_square(w)), 0.5), tp_sin(tp_adds(w, 0.3))));
    return tp_add(bowl, tp_muls(tp_square(tp_prod(w)), 0.1));
}

static tp_var rosenbrock(tp_var w)
{
    const tp_var low = tp_slice(w, 0, 0, SIZE - 1, 1), high = tp_slice(w, 0, 1, SIZE, 1);
    return tp_sum(tp_add(tp_muls(tp_square(tp_sub(high, tp_square(low))), 100), tp_square(tp_rsubs(1, low))));
}

static tp_status closure(void *user, double *loss)
{
    problem *p = user;
    if (++p->calls == p->fail_at) return TP_E_NUMERIC;
    tp_tape_reset(p->tape);
    const tp_var w = tp_cast(tp_param(p->tape, p->w), TP_F64);
    const tp_var y = p->rosenbrock ? rosenbrock(w) : smooth(w);
    *loss = tp_item(y);
    return tp_backward(y);
}

static void open(problem *p, tp_dtype dtype, bool curved)
{
    *p = (problem){.tape = tp_tape_new(NULL), .w = tensor_of(dtype, TP_DIMS(SIZE), optim_start), .rosenbrock = curved};
}

static void shut(problem *p)
{
    tp_tape_free(p->tape);
    tp_tensor_release(p->w);
}

static tp_optim *optim_with(const tp_lbfgs_options *options, tp_tensor *w)
{
    tp_error error = {0};
    tp_optim *optim = tp_lbfgs(options, &error);
    ck_assert_msg(optim != NULL, "%s", error.message);
    EXPECT_STATUS(tp_optim_add(optim, w, NULL), TP_OK);
    return optim;
}

static const struct {
    const char *name;
    bool rosenbrock;
    tp_lbfgs_options options;
} cases[] = {
    {"lbfgs", false, {.rate = 0}},
    {"lbfgs_short", false, {.rate = 0.2, .iterations = 3, .history = 2}},
    {"lbfgs_wolfe", true, {.iterations = 2, .strong_wolfe = true}},
    {"lbfgs_wolfe_history", true, {.iterations = 4, .history = 3, .strong_wolfe = true}},
    {"lbfgs_wolfe_smooth", false, {.rate = 20, .iterations = 1, .strong_wolfe = true}},
};
enum { CASES = sizeof cases / sizeof *cases };

START_TEST(trajectories_are_pytorchs)
{
    char line[256], wanted[64];
    problem p;
    open(&p, TP_F64, cases[_i].rosenbrock);
    tp_optim *optim = optim_with(&cases[_i].options, p.w);
    FILE *file = fopen("tests/golden/optim.txt", "r");
    ck_assert_ptr_nonnull(file);
    snprintf(wanted, sizeof wanted, "case %s\n", cases[_i].name);
    while (fgets(line, sizeof line, file) && strcmp(line, wanted) != 0) continue;
    for (int k = 1, row = 0; k <= STEPS; k++) {
        EXPECT_STATUS(tp_optim_step_with(optim, closure, &p, NULL, NULL), TP_OK);
        if (k != kept[row]) continue;
        ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
        char *at = line;
        for (int i = 0; i < SIZE; i++) {
            const double to = strtod(at, &at), got = tp_tensor_item(p.w, i);
            ck_assert_msg(fabs(got - to) <= 1e-9 * (1 + fabs(to)), "%s, step %d: %.17g, not %.17g", cases[_i].name, k,
                          got, to);
        }
        row++;
    }
    fclose(file);
    tp_optim_free(optim);
    shut(&p);
}
END_TEST

START_TEST(a_run_can_be_taken_up)
{
    problem p, q;
    open(&p, TP_F64, cases[_i].rosenbrock), open(&q, TP_F64, cases[_i].rosenbrock);
    tp_optim *optim = optim_with(&cases[_i].options, p.w), *other = optim_with(&cases[_i].options, q.w);
    ck_assert_uint_lt(tp_optim_numbers(optim, NULL, 0), 10);
    for (int k = 0; k < 3; k++) tp_optim_step_with(optim, closure, &p, NULL, NULL);
    const size_t n = tp_optim_numbers(optim, NULL, 0);
    double *numbers = malloc(n * sizeof *numbers);
    ck_assert_uint_eq(tp_optim_numbers(optim, numbers, n), n);
    tp_tensor_copy(q.w, p.w, NULL);
    tp_error error = {0};
    ck_assert_msg(tp_optim_set_numbers(other, numbers, n, &error) == TP_OK, "%s", error.message);
    for (int k = 0; k < 4; k++) {
        tp_optim_step_with(optim, closure, &p, NULL, NULL), tp_optim_step_with(other, closure, &q, NULL, NULL);
        ck_assert_mem_eq(tp_tensor_read(p.w), tp_tensor_read(q.w), SIZE * sizeof(double));
    }
    EXPECT_STATUS(tp_optim_set_numbers(other, numbers, n - 1, &error), TP_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "no history of tp_lbfgs over 3 elements"));
    free(numbers);
    tp_optim_free(optim), tp_optim_free(other);
    shut(&p), shut(&q);
}
END_TEST

START_TEST(rosenbrock_is_solved)
{
    problem p;
    open(&p, _i ? TP_F32 : TP_F64, true);
    tp_optim *optim = optim_with(&(tp_lbfgs_options){.strong_wolfe = true, .iterations = 100}, p.w);
    double loss = 0;
    EXPECT_STATUS(tp_optim_step_with(optim, closure, &p, &loss, NULL), TP_OK);
    ck_assert_double_gt(loss, 1);
    ck_assert_int_lt(p.calls, 126);
    EXPECT_STATUS(tp_optim_step_with(optim, closure, &p, &loss, NULL), TP_OK);
    for (int i = 0; i < SIZE; i++) EXPECT_NEAR(tp_tensor_item(p.w, i), 1, _i ? 1e-3 : 1e-6);
    ck_assert_uint_eq(tp_optim_steps(optim), 2);
    EXPECT_STATUS(tp_optim_step(optim), TP_E_UNSUPPORTED);
    tp_optim_free(optim);
    shut(&p);
}
END_TEST

/* Whichever call fails, the parameters are where they were, and the next step works. */
START_TEST(a_failing_closure_changes_nothing)
{
    for (int fail_at = 1;; fail_at++) {
        problem p;
        open(&p, TP_F32, true);
        tp_optim *optim = optim_with(&(tp_lbfgs_options){.strong_wolfe = true, .iterations = 5}, p.w);
        tp_error error = {0};
        p.fail_at = fail_at;
        const tp_status status = tp_optim_step_with(optim, closure, &p, NULL, &error);
        const bool failed = p.calls >= fail_at;
        EXPECT_STATUS(status, failed ? TP_E_NUMERIC : TP_OK);
        if (failed) {
            ck_assert_str_eq(error.message, "tp_lbfgs: the closure failed: numeric");
            for (int i = 0; i < SIZE; i++) ck_assert_double_eq(tp_tensor_item(p.w, i), optim_start[i]);
            EXPECT_STATUS(tp_optim_step_with(optim, closure, &p, NULL, &error), TP_OK);
        }
        tp_optim_free(optim);
        shut(&p);
        if (!failed) break;
    }
}
END_TEST

static tp_status two_steps(counter *m, tp_error *error)
{
    problem p;
    const tp_allocator memory = counted(m);
    open(&p, TP_F64, true);
    tp_optim *optim = tp_lbfgs(&(tp_lbfgs_options){.strong_wolfe = true, .history = 3, .memory = &memory}, error);
    tp_status status = optim ? tp_optim_add(optim, p.w, error) : TP_E_MEMORY;
    if (status == TP_OK) status = tp_optim_step_with(optim, closure, &p, NULL, error);
    const size_t calls = m->calls;
    if (status == TP_OK) status = tp_optim_step_with(optim, closure, &p, NULL, error);
    if (status == TP_OK) ck_assert_uint_eq(m->calls, calls); /* the history is full */
    if (status != TP_OK)
        for (int i = 0; i < SIZE; i++) ck_assert_double_eq(tp_tensor_item(p.w, i), optim_start[i]);
    tp_optim_free(optim);
    shut(&p);
    ck_assert_uint_eq(m->blocks, 0);
    return status;
}

START_TEST(every_failed_allocation_is_reported)
{
    counter m = {0};
    EXPECT_STATUS(two_steps(&m, NULL), TP_OK);
    const size_t calls = m.calls;
    for (size_t i = 1; i <= calls; i++) {
        tp_error error = {0};
        m = (counter){.fail_at = i};
        EXPECT_STATUS(two_steps(&m, &error), TP_E_MEMORY);
        EXPECT_STATUS(error.status, TP_E_MEMORY);
    }
}
END_TEST

START_TEST(wrong_calls_are_refused)
{
    tp_error error = {0};
    ck_assert_ptr_null(tp_lbfgs(&(tp_lbfgs_options){.history = -1}, &error));
    ck_assert_str_eq(error.message, "tp_lbfgs: history is -1, below 1");
    ck_assert_ptr_null(tp_lbfgs(&(tp_lbfgs_options){.tolerance_change = -1}, &error));
    ck_assert_str_eq(error.message, "tp_lbfgs: tolerance_change is -1, outside [0, inf)");
    problem p;
    open(&p, TP_F64, false);
    tp_optim *optim = tp_lbfgs(NULL, NULL);
    double loss;
    EXPECT_STATUS(tp_optim_step_with(optim, NULL, NULL, &loss, &error), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_optim_step_with(NULL, closure, &p, &loss, &error), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_optim_step_with(optim, closure, &p, &loss, &error), TP_OK); /* no parameters: the loss alone */
    ck_assert(isfinite(loss));
    ck_assert_int_eq(p.calls, 1);
    tp_optim_free(optim);
    shut(&p);
}
END_TEST

typedef struct meddler {
    problem p;
    tp_optim *optim;
    tp_tensor *more;
} meddler;

/* Does to the optimiser that steps what it can. */
static tp_status meddle(void *user, double *loss)
{
    meddler *m = user;
    const double numbers[4] = {0};
    EXPECT_STATUS(tp_optim_add(m->optim, m->more, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_optim_step_with(m->optim, meddle, m, NULL, NULL), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_optim_set_numbers(m->optim, numbers, 4, NULL), TP_E_ARGUMENT);
    if (m->p.calls == 0) tp_optim_free(m->optim); /* goes when the step ends */
    return closure(&m->p, loss);
}

START_TEST(closures_cannot_pull_the_optimiser_away)
{
    meddler m;
    open(&m.p, TP_F64, true);
    m.more = tp_tensor_new(TP_F64, TP_DIMS(5));
    m.optim = optim_with(&(tp_lbfgs_options){.strong_wolfe = true}, m.p.w);
    EXPECT_STATUS(tp_optim_step_with(m.optim, meddle, &m, NULL, NULL), TP_OK);
    tp_tensor_release(m.more);
    shut(&m.p);
}
END_TEST

/* Other kinds call the closure once, and step. */
START_TEST(closures_fit_every_kind)
{
    problem p;
    open(&p, TP_F64, false);
    tp_optim *optim = tp_adam(NULL, NULL);
    double loss;
    tp_optim_add(optim, p.w, NULL);
    EXPECT_STATUS(tp_optim_step_with(optim, closure, &p, &loss, NULL), TP_OK);
    EXPECT_NEAR(tp_tensor_item(p.w, 0), optim_start[0] - 1e-3, 1e-9);
    p.fail_at = 2;
    EXPECT_STATUS(tp_optim_step_with(optim, closure, &p, &loss, NULL), TP_E_NUMERIC);
    ck_assert(isnan(loss));
    ck_assert_uint_eq(tp_optim_steps(optim), 1);
    tp_optim_free(optim);
    shut(&p);
}
END_TEST

TCase *optim_lbfgs_case(void)
{
    TCase *tcase = tcase_create("lbfgs");
    tcase_add_loop_test(tcase, trajectories_are_pytorchs, 0, CASES);
    tcase_add_loop_test(tcase, a_run_can_be_taken_up, 0, CASES);
    tcase_add_loop_test(tcase, rosenbrock_is_solved, 0, 2);
    tcase_add_test(tcase, a_failing_closure_changes_nothing);
    tcase_add_test(tcase, every_failed_allocation_is_reported);
    tcase_add_test(tcase, wrong_calls_are_refused);
    tcase_add_test(tcase, closures_cannot_pull_the_optimiser_away);
    tcase_add_test(tcase, closures_fit_every_kind);
    return tcase;
}
