/* Every kind of optimiser against trajectories of PyTorch: tests/golden/optim.txt, written by tools/golden/optim.py. */
#include <stdio.h>

#include "tests/test_layers.h"

enum { SIZE = 3, STEPS = 25, KEPT = 5 };
static const int kept[KEPT] = {1, 2, 5, 10, 25};

typedef struct optim_case {
    const char *name;
    tp_optim *(*make)(const void *options, tp_error *error);
    const void *options;
} optim_case;

/* A constructor with its options' type hidden. */
#define MAKER(kind)                                                                                                    \
    static tp_optim *make_##kind(const void *options, tp_error *error)                                                 \
    {                                                                                                                  \
        return tp_##kind(options, error);                                                                              \
    }
MAKER(sgd)
MAKER(adagrad)
MAKER(rmsprop)
MAKER(adadelta)
MAKER(adam)
MAKER(adamw)
MAKER(nadam)
MAKER(radam)
MAKER(lion)
MAKER(rprop)

#define CASE(name, kind, ...)                                                                                          \
    {                                                                                                                  \
#name, make_##kind, &(const tp_##kind##_options)                                                               \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }

static const optim_case cases[] = {
    CASE(sgd, sgd, .rate = 0.03, .weight_decay = 0.1),
    CASE(sgd_momentum, sgd, .rate = 0.03, .momentum = 0.8, .dampening = 0.3, .weight_decay = 0.1),
    CASE(sgd_nesterov, sgd, .rate = 0.03, .momentum = 0.8, .nesterov = true, .weight_decay = 0.05),
    CASE(adagrad, adagrad, .rate = 0),
    CASE(adagrad_all, adagrad, .rate = 0.1, .rate_decay = 0.05, .weight_decay = 0.1, .initial = 0.3, .epsilon = 1e-3),
    CASE(rmsprop, rmsprop, .rate = 0),
    CASE(rmsprop_centred, rmsprop, .rate = 0.02, .alpha = 0.9, .epsilon = 1e-3, .weight_decay = 0.1, .centred = true),
    CASE(rmsprop_momentum, rmsprop, .rate = 0.02, .alpha = 0.9, .momentum = 0.7),
    CASE(rmsprop_all, rmsprop, .rate = 0.01, .alpha = 0.8, .epsilon = 1e-2, .momentum = 0.5, .centred = true,
         .weight_decay = 0.05),
    CASE(adadelta, adadelta, .rate = 0),
    CASE(adadelta_all, adadelta, .rate = 0.5, .rho = 0.8, .epsilon = 1e-3, .weight_decay = 0.1),
    CASE(adam, adam, .rate = 0.05),
    CASE(adam_all, adam, .rate = 0.05, .beta1 = 0.7, .beta2 = 0.9, .epsilon = 1e-3, .weight_decay = 0.1),
    CASE(adam_amsgrad, adam, .rate = 0.05, .beta1 = 0.8, .beta2 = 0.7, .weight_decay = 0.1, .amsgrad = true),
    CASE(adamw, adamw, .rate = 0),
    CASE(adamw_all, adamw, .rate = 0.05, .beta1 = 0.7, .beta2 = 0.9, .epsilon = 1e-3, .weight_decay = 0.3),
    CASE(adamw_amsgrad, adamw, .rate = 0.05, .beta1 = 0.8, .beta2 = 0.7, .amsgrad = true),
    CASE(nadam, nadam, .rate = 0),
    CASE(nadam_all, nadam, .rate = 0.05, .beta1 = 0.7, .beta2 = 0.9, .epsilon = 1e-3, .weight_decay = 0.1,
         .momentum_decay = 0.1),
    CASE(radam, radam, .rate = 0.02),
    CASE(radam_all, radam, .rate = 0.05, .beta1 = 0.7, .beta2 = 0.95, .epsilon = 1e-3, .weight_decay = 0.1),
    CASE(radam_short, radam, .rate = 0.05, .beta1 = 0.7, .beta2 = 0.5),
    CASE(lion, lion, .rate = 0),
    CASE(lion_all, lion, .rate = 0.03, .beta1 = 0.8, .beta2 = 0.6, .weight_decay = 0.2),
    CASE(rprop, rprop, .rate = 0),
    CASE(rprop_all, rprop, .rate = 0.1, .eta_minus = 0.3, .eta_plus = 1.5, .step_min = 1e-2, .step_max = 0.3),
};
enum { CASES = sizeof cases / sizeof *cases };

static tp_optim *optim_for(const optim_case *c, tp_tensor *w)
{
    tp_error error = {0};
    tp_optim *optim = c->make(c->options, &error);
    ck_assert_msg(optim != NULL, "%s: %s", c->name, error.message);
    EXPECT_STATUS(tp_optim_add(optim, w, NULL), TP_OK);
    return optim;
}

static void one_step(tp_tape *tape, tp_optim *optim, tp_tensor *w, int k)
{
    const double a[SIZE] = {3, 0.2, 1};
    double g[SIZE];
    for (int i = 0; i < SIZE; i++) {
        const double x = tp_tensor_item(w, i);
        g[i] = a[i] * x + cos(x + k);
    }
    give_gradient(tape, w, g);
    EXPECT_STATUS(tp_optim_step(optim), TP_OK);
}

/* What PyTorch has: KEPT rows of SIZE numbers. */
static void stored(const char *name, double *numbers)
{
    char line[256], wanted[64];
    FILE *file = fopen("tests/golden/optim.txt", "r");
    ck_assert_ptr_nonnull(file);
    snprintf(wanted, sizeof wanted, "case %s\n", name);
    while (fgets(line, sizeof line, file) && strcmp(line, wanted) != 0) continue;
    for (int k = 0; k < KEPT; k++) {
        ck_assert_msg(fgets(line, sizeof line, file) != NULL, "%s is not stored", name);
        char *at = line;
        for (int i = 0; i < SIZE; i++) *numbers++ = strtod(at, &at);
    }
    fclose(file);
}

START_TEST(trajectories_are_pytorchs)
{
    const optim_case *c = &cases[_i];
    double wanted[KEPT * SIZE];
    stored(c->name, wanted);
    for (int f32 = 0; f32 < 2; f32++) {
        tp_tensor *w = tensor_of(f32 ? TP_F32 : TP_F64, TP_DIMS(SIZE), optim_start);
        tp_optim *optim = optim_for(c, w);
        tp_tape *tape = tp_tape_new(NULL);
        for (int k = 0, row = 0; k < STEPS; k++) {
            one_step(tape, optim, w, k);
            if (k + 1 != kept[row]) continue;
            for (int i = 0; i < SIZE; i++) {
                const double got = tp_tensor_item(w, i), to = wanted[row * SIZE + i];
                ck_assert_msg(fabs(got - to) <= (f32 ? 1e-4 : 1e-13) * (1 + fabs(to)), "%s, step %d: %.17g, not %.17g",
                              c->name, k + 1, got, to);
            }
            row++;
        }
        tp_tape_free(tape);
        tp_optim_free(optim);
        tp_tensor_release(w);
    }
}
END_TEST

/* State tensors and numbers are all there is: a run that is taken up equals one that was not stopped. */
START_TEST(a_run_can_be_taken_up)
{
    const optim_case *c = &cases[_i];
    tp_tensor *w = tensor_of(TP_F32, TP_DIMS(SIZE), optim_start);
    tp_optim *optim = optim_for(c, w);
    tp_tape *tape = tp_tape_new(NULL);
    for (int k = 0; k < 7; k++) one_step(tape, optim, w, k);
    tp_optim_set_rate(optim, 0, 0.04);
    tp_tensor *copy = tp_tensor_clone(w);
    tp_optim *other = optim_for(c, copy);
    for (int i = 0; tp_optim_state_name(optim, i); i++) {
        const char *name = tp_optim_state_name(optim, i);
        const tp_tensor *from = tp_optim_state(optim, w, name);
        ck_assert_int_eq(from != NULL, tp_optim_state(other, copy, name) != NULL);
        if (from) EXPECT_STATUS(tp_tensor_copy(tp_optim_state(other, copy, name), from, NULL), TP_OK);
    }
    double numbers[16];
    const size_t n = tp_optim_numbers(optim, numbers, 16);
    ck_assert_uint_le(n, 16);
    EXPECT_STATUS(tp_optim_set_numbers(other, numbers, n, NULL), TP_OK);
    for (int k = 7; k < STEPS; k++) one_step(tape, optim, w, k), one_step(tape, other, copy, k);
    ck_assert_mem_eq(tp_tensor_read(w), tp_tensor_read(copy), SIZE * sizeof(float));
    ck_assert_uint_eq(tp_optim_steps(other), STEPS);
    tp_tape_free(tape);
    tp_optim_free(optim), tp_optim_free(other);
    tp_tensor_release(w), tp_tensor_release(copy);
}
END_TEST

/* Enough elements for every vector width and a rest, dense and with gaps: the same numbers. */
START_TEST(kernels_do_not_depend_on_the_layout)
{
    enum { ROWS = 5, COLUMNS = 19, N = ROWS * COLUMNS };
    const optim_case *c = &cases[_i];
    tp_tensor *wide = tp_tensor_new(TP_F64, TP_DIMS(ROWS, 2 * COLUMNS));
    tp_tensor *w[2] = {tp_tensor_new(TP_F64, TP_DIMS(ROWS, COLUMNS)),
                       tp_tensor_slice(wide, 1, 0, 2 * COLUMNS, 2, NULL)};
    tp_optim *optim = optim_for(c, w[0]);
    tp_tape *tape = tp_tape_new(NULL);
    EXPECT_STATUS(tp_optim_add(optim, w[1], NULL), TP_OK);
    double g[N];
    for (int k = 0; k < 8; k++) {
        for (int i = 0; i < N; i++) g[i] = cos(3 * i + k) + tp_tensor_item(w[0], i);
        for (int i = 0; i < 2; i++) give_gradient(tape, w[i], g);
        EXPECT_STATUS(tp_optim_step(optim), TP_OK);
    }
    for (int i = 0; i < N; i++) EXPECT_NEAR(tp_tensor_item(w[1], i), tp_tensor_item(w[0], i), 1e-13);
    tp_tape_free(tape);
    tp_optim_free(optim);
    tp_tensor_release(w[0]), tp_tensor_release(w[1]), tp_tensor_release(wide);
}
END_TEST

TCase *optim_golden_case(void)
{
    TCase *tcase = tcase_create("golden");
    tcase_add_loop_test(tcase, trajectories_are_pytorchs, 0, CASES);
    tcase_add_loop_test(tcase, a_run_can_be_taken_up, 0, CASES);
    tcase_add_loop_test(tcase, kernels_do_not_depend_on_the_layout, 0, CASES);
    return tcase;
}
