/* Optimisers: against plain loops, against PyTorch, and what they do with memory, groups and missing gradients. */
#include <tapir/optim.h>

#include "tests/helpers.h"

/* Makes `values` (row-major) the gradient of w. */
static void give_gradient(tp_tape *tape, tp_tensor *w, const double *values)
{
    tp_tensor *g = tensor_of(tp_tensor_dtype(w), tp_tensor_rank(w), tp_tensor_dims(w), values);
    tp_tape_reset(tape);
    tp_tensor_clear_grad(w);
    const tp_var loss = tp_sum(tp_mul(tp_param(tape, w), tp_data(tape, g)));
    ck_assert_msg(tp_backward(loss) == TP_OK, "%s", tp_tape_error(tape));
    tp_tensor_release(g);
}

/* The gradient of 1/2 sum a w^2 + sum sin(w + k), with a = (3, 0.2, 1). */
static void test_gradient(const double w[3], int k, double g[3])
{
    const double a[3] = {3, 0.2, 1};
    for (int i = 0; i < 3; i++) g[i] = a[i] * w[i] + cos(w[i] + k);
}

static const double start[3] = {1, -2, 0.5};

typedef struct rule {
    bool adam;
    tp_sgd_options sgd;
    tp_adam_options a;
    double pytorch[3]; /* after 20 steps from `start` in f64, with PyTorch 1.13.1 */
} rule;

static const rule rules[] = {
    {.sgd = {.rate = 0.03, .weight_decay = 0.1},
     .pytorch = {0.11534922191414347, -1.6652769835975252, 0.22438665172111452}},
    {.sgd = {.rate = 0.03, .momentum = 0.8, .dampening = 0.3, .weight_decay = 0.1},
     .pytorch = {0.0025578096912378745, -1.1382270554318488, -0.0056893726245210345}},
    {.sgd = {.rate = 0.03, .momentum = 0.8, .nesterov = true, .weight_decay = 0.05},
     .pytorch = {0.0034203729684248009, -1.0437468013184068, -0.057905700734294255}},
    {.adam = true, .a = {.rate = 0.05}, .pytorch = {0.13718400220735247, -1.5725878938113567, 0.079323395776089656}},
    {.adam = true,
     .a = {.rate = 0.05, .beta1 = 0.7, .beta2 = 0.9, .epsilon = 1e-3, .weight_decay = 0.1},
     .pytorch = {0.18592878386133488, -1.4171736546311329, 0.10328608194775803}},
};
enum { RULES = sizeof rules / sizeof *rules, STEPS = 20 };

static tp_optim *make(const rule *r)
{
    tp_error error = {0};
    tp_optim *optim = r->adam ? tp_adam(&r->a, &error) : tp_sgd(&r->sgd, &error);
    ck_assert_msg(optim != NULL, "%s", error.message);
    return optim;
}

/* One step of the rule in plain doubles; m and v begin as zeros, t as 1. */
static void plain_step(const rule *r, double *w, double g, double *m, double *v, int t)
{
    if (!r->adam) {
        const tp_sgd_options *o = &r->sgd;
        const double d = g + o->weight_decay * *w;
        *m = t == 1 ? d : o->momentum * *m + (1 - o->dampening) * d;
        *w -= o->rate * (o->momentum == 0 ? d : o->nesterov ? d + o->momentum * *m : *m);
        return;
    }
    const double b1 = r->a.beta1 != 0 ? r->a.beta1 : 0.9, b2 = r->a.beta2 != 0 ? r->a.beta2 : 0.999;
    const double epsilon = r->a.epsilon != 0 ? r->a.epsilon : 1e-8, d = g + r->a.weight_decay * *w;
    *m = b1 * *m + (1 - b1) * d;
    *v = b2 * *v + (1 - b2) * d * d;
    *w -= r->a.rate * (*m / (1 - pow(b1, t))) / (sqrt(*v / (1 - pow(b2, t))) + epsilon);
}

START_TEST(rules_equal_plain_loops_and_pytorch)
{
    const rule *r = &rules[_i];
    tp_tensor *w = tensor_of(TP_F64, TP_DIMS(3), start);
    tp_optim *optim = make(r);
    tp_tape *tape = tp_tape_new(NULL);
    ck_assert_int_eq(tp_optim_add(optim, w, NULL), TP_OK);
    double plain[3] = {start[0], start[1], start[2]}, m[3] = {0}, v[3] = {0}, g[3];
    for (int k = 0; k < STEPS; k++) {
        test_gradient(plain, k, g);
        give_gradient(tape, w, g);
        ck_assert_int_eq(tp_optim_step(optim), TP_OK);
        for (int i = 0; i < 3; i++) {
            plain_step(r, &plain[i], g[i], &m[i], &v[i], k + 1);
            ck_assert_double_eq_tol(tp_tensor_item(w, i), plain[i], 1e-14);
        }
    }
    for (int i = 0; i < 3; i++) ck_assert_double_eq_tol(tp_tensor_item(w, i), r->pytorch[i], 1e-13);
    ck_assert_uint_eq(tp_optim_steps(optim), STEPS);
    tp_tape_free(tape);
    tp_optim_free(optim);
    tp_tensor_release(w);
}
END_TEST

/* f32, and a strided f64 view, get the same gradients as a dense f64 parameter. The dims leave a remainder in every
   vector width. */
START_TEST(dtypes_and_strides_agree)
{
    enum { ROWS = 5, COLUMNS = 7, N = ROWS * COLUMNS };
    tp_tensor *base = tp_tensor_new(TP_F64, TP_DIMS(2 * COLUMNS, ROWS + 1));
    tp_tensor *part = tp_tensor_slice(base, 0, 0, 2 * COLUMNS, 2, NULL);
    tp_tensor *narrow = tp_tensor_slice(part, 1, 0, ROWS, 1, NULL);
    tp_tensor *all[3] = {tp_tensor_new(TP_F64, TP_DIMS(ROWS, COLUMNS)), tp_tensor_new(TP_F32, TP_DIMS(ROWS, COLUMNS)),
                         tp_tensor_transpose(narrow, 0, 1, NULL)};
    tp_optim *optim = make(&rules[_i]);
    tp_tape *tape = tp_tape_new(NULL);
    double g[N];
    for (int i = 0; i < N; i++) g[i] = sin(i);
    tp_tensor *source = tensor_of(TP_F64, TP_DIMS(ROWS, COLUMNS), g);
    for (int k = 0; k < 3; k++) tp_tensor_copy(all[k], source, NULL);
    ck_assert_int_eq(tp_optim_add_all(optim, all, 3, NULL), TP_OK);
    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < N; i++) g[i] = cos(i + step) + tp_tensor_item(all[0], i);
        for (int k = 0; k < 3; k++) give_gradient(tape, all[k], g);
        ck_assert_int_eq(tp_optim_step(optim), TP_OK);
    }
    for (int i = 0; i < N; i++) {
        ck_assert_double_eq_tol(tp_tensor_item(all[2], i), tp_tensor_item(all[0], i), 1e-14);
        ck_assert_double_eq_tol(tp_tensor_item(all[1], i), tp_tensor_item(all[0], i), 2e-5);
    }
    for (int64_t i = 0; i < 2 * COLUMNS; i++) /* what the view leaves out stays */
        for (int64_t k = i % 2 ? 0 : ROWS; k <= ROWS; k++)
            ck_assert_double_eq(tp_tensor_item(base, i * (ROWS + 1) + k), 0);
    tp_optim_free(optim);
    tp_tape_free(tape);
    for (int k = 0; k < 3; k++) tp_tensor_release(all[k]);
    tp_tensor_release(source), tp_tensor_release(narrow), tp_tensor_release(part), tp_tensor_release(base);
}
END_TEST

/* w = 1, gradient w, rate 0.1. */
START_TEST(worked_examples_come_out)
{
    static const double descent[] = {0.9, 0.81, 0.729}, adam[] = {0.9, 0.8004122, 0.7015863};
    const tp_dtype dtype = _i & 1 ? TP_F64 : TP_F32;
    const double *expected = _i & 2 ? adam : descent;
    tp_optim *optim =
        _i & 2 ? tp_adam(&(tp_adam_options){.rate = 0.1}, NULL) : tp_sgd(&(tp_sgd_options){.rate = 0.1}, NULL);
    tp_tensor *w = tensor_of(dtype, TP_DIMS(1), (double[]){1});
    tp_optim_add(optim, w, NULL);
    tp_tape *tape = tp_tape_new(NULL);
    for (int k = 0; k < 3; k++) {
        tp_tape_reset(tape);
        tp_optim_clear_grads(optim);
        ck_assert_int_eq(tp_backward(tp_muls(tp_sum(tp_square(tp_param(tape, w))), 0.5)), TP_OK);
        tp_optim_step(optim);
        ck_assert_double_eq_tol(tp_tensor_item(w, 0), expected[k], 1e-6);
    }
    tp_tape_free(tape);
    tp_optim_free(optim);
    tp_tensor_release(w);
}
END_TEST

START_TEST(scalar_parameters_are_stepped)
{
    tp_tensor *w = tensor_of(TP_F64, TP_DIMS(), (double[]){1});
    tp_optim *optim = tp_sgd(&(tp_sgd_options){.rate = 0.1, .momentum = 0.5}, NULL);
    tp_tape *tape = tp_tape_new(NULL);
    ck_assert_int_eq(tp_optim_add(optim, w, NULL), TP_OK);
    for (int k = 0; k < 2; k++) {
        tp_tape_reset(tape);
        tp_optim_clear_grads(optim);
        ck_assert_int_eq(tp_backward(tp_square(tp_param(tape, w))), TP_OK);
        tp_optim_step(optim);
    }
    ck_assert_double_eq_tol(tp_tensor_item(w, 0), 0.8 - 0.1 * (0.5 * 2 + 1.6), 1e-15);
    tp_tape_free(tape);
    tp_optim_free(optim);
    tp_tensor_release(w);
}
END_TEST

/* Without a gradient nothing moves, not even by weight decay, and the parameter's own count of steps stays. */
START_TEST(parameters_without_gradient_are_skipped)
{
    tp_tensor *w = tensor_of(TP_F64, TP_DIMS(3), start), *still = tensor_of(TP_F64, TP_DIMS(3), start);
    tp_optim *optim = make(&rules[_i]);
    tp_tape *tape = tp_tape_new(NULL);
    tp_optim_add(optim, w, NULL);
    tp_optim_add(optim, still, NULL);
    const double g[3] = {1, 2, 3};
    const uint64_t version = tp_tensor_version(still);
    for (int k = 0; k < 4; k++) {
        give_gradient(tape, w, g);
        tp_optim_step(optim);
    }
    ck_assert_uint_eq(tp_tensor_version(still), version);
    for (int i = 0; i < 3; i++) ck_assert_double_eq(tp_tensor_item(still, i), start[i]);
    ck_assert_uint_eq(tp_optim_parameter_steps(optim, w), 4);
    ck_assert_uint_eq(tp_optim_parameter_steps(optim, still), 0);
    tp_optim_clear_grads(optim);
    ck_assert_ptr_null(tp_tensor_grad(w));
    give_gradient(tape, still, g); /* its first step is a first step, with bias correction and undamped momentum */
    tp_optim_step(optim);
    double plain = start[0], m = 0, v = 0;
    plain_step(&rules[_i], &plain, 1, &m, &v, 1);
    ck_assert_double_eq_tol(tp_tensor_item(still, 0), plain, 1e-14);
    ck_assert_uint_eq(tp_optim_parameter_steps(optim, w), 4);
    ck_assert_uint_eq(tp_optim_steps(optim), 5);
    tp_tape_free(tape);
    tp_optim_free(optim);
    tp_tensor_release(w), tp_tensor_release(still);
}
END_TEST

START_TEST(gradient_of_a_failed_pass_counts_as_none)
{
    tp_tensor *w = tensor_of(TP_F64, TP_DIMS(3), start);
    tp_optim *optim = make(&rules[0]);
    tp_tape *tape = tp_tape_new(NULL);
    tp_optim_add(optim, w, NULL);
    const tp_var loss = tp_sum(tp_square(tp_param(tape, w)));
    tp_tensor_touch(w); /* changed between use and backward pass */
    ck_assert_int_eq(tp_backward(loss), TP_E_CHANGED);
    tp_optim_step(optim);
    for (int i = 0; i < 3; i++) ck_assert_double_eq(tp_tensor_item(w, i), start[i]);
    tp_tape_free(tape);
    tp_optim_free(optim);
    tp_tensor_release(w);
}
END_TEST

START_TEST(step_is_noticed_by_the_tape)
{
    tp_tensor *w = tensor_of(TP_F64, TP_DIMS(3), start);
    tp_optim *optim = make(&rules[0]);
    tp_tape *tape = tp_tape_new(NULL);
    tp_optim_add(optim, w, NULL);
    const tp_var loss = tp_sum(tp_square(tp_param(tape, w)));
    ck_assert_int_eq(tp_backward(loss), TP_OK);
    tp_optim_step(optim);
    ck_assert_int_eq(tp_backward(loss), TP_E_CHANGED);
    tp_tape_free(tape);
    tp_optim_free(optim);
    tp_tensor_release(w);
}
END_TEST

START_TEST(steps_ask_for_no_memory)
{
    counter m = {0};
    const tp_allocator memory = counted(&m);
    rule r = rules[_i];
    r.a.memory = r.sgd.memory = &memory;
    tp_tensor *w[2] = {tensor_of(TP_F64, TP_DIMS(3), start), tensor_of(TP_F32, TP_DIMS(3), start)};
    tp_optim *optim = make(&r);
    tp_tape *tape = tp_tape_new(NULL);
    ck_assert_int_eq(tp_optim_add_all(optim, w, 2, NULL), TP_OK);
    const size_t calls = m.calls;
    for (int k = 0; k < 5; k++) {
        give_gradient(tape, w[0], start);
        give_gradient(tape, w[1], start);
        tp_optim_step(optim);
        tp_optim_set_rate(optim, 0, 0.5 / (k + 1));
        tp_optim_clear_grads(optim);
    }
    ck_assert_uint_eq(m.calls, calls);
    tp_optim_free(optim);
    ck_assert_uint_eq(m.blocks, 0);
    tp_tape_free(tape);
    tp_tensor_release(w[0]), tp_tensor_release(w[1]);
}
END_TEST

/* ---- groups, parameters, state ---- */

START_TEST(groups_have_their_own_hyperparameters)
{
    tp_tensor *a = tensor_of(TP_F64, TP_DIMS(3), start), *b = tensor_of(TP_F64, TP_DIMS(3), start);
    tp_optim *optim = tp_sgd(&(tp_sgd_options){.rate = 0.1}, NULL);
    tp_tape *tape = tp_tape_new(NULL);
    const double g[3] = {1, 1, 1};
    ck_assert_int_eq(tp_sgd_group(optim, &(tp_sgd_options){.rate = 1, .weight_decay = 0.5}, NULL), 1);
    ck_assert_int_eq(tp_optim_group_count(optim), 2);
    ck_assert_int_eq(tp_optim_add(optim, a, NULL), TP_OK);
    ck_assert_int_eq(tp_optim_add_to(optim, 1, &b, 1, NULL), TP_OK);
    ck_assert_int_eq(tp_optim_set_rate(optim, 1, 0.2), TP_OK);
    ck_assert_double_eq(tp_optim_rate(optim, 0), 0.1);
    ck_assert_double_eq(tp_optim_rate(optim, 1), 0.2);
    give_gradient(tape, a, g);
    give_gradient(tape, b, g);
    tp_optim_step(optim);
    for (int i = 0; i < 3; i++) {
        ck_assert_double_eq_tol(tp_tensor_item(a, i), start[i] - 0.1, 1e-15);
        ck_assert_double_eq_tol(tp_tensor_item(b, i), start[i] - 0.2 * (1 + 0.5 * start[i]), 1e-15);
    }
    ck_assert_int_eq(tp_optim_set_rate(optim, 0, 0), TP_OK); /* a rate of 0 changes nothing */
    tp_optim_step(optim);
    ck_assert_double_eq_tol(tp_tensor_item(a, 0), start[0] - 0.1, 1e-15);
    tp_error error = {0};
    ck_assert_int_eq(tp_adam_group(optim, NULL, &error), -1);
    ck_assert_int_eq(error.status, TP_E_ARGUMENT);
    ck_assert_str_eq(error.message, "tp_adam_group: the optimiser is sgd");
    ck_assert_int_eq(tp_optim_add_to(optim, 2, &b, 1, &error), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_optim_set_rate(optim, 2, 1), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_optim_set_rate(optim, 0, -1), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_optim_set_rate(optim, 0, (double)NAN), TP_E_ARGUMENT);
    ck_assert(isnan(tp_optim_rate(optim, -1)));
    tp_tape_free(tape);
    tp_optim_free(optim);
    tp_tensor_release(a), tp_tensor_release(b);
}
END_TEST

START_TEST(parameter_added_twice_is_stepped_once)
{
    tp_tensor *w = tensor_of(TP_F64, TP_DIMS(3), start);
    tp_tensor *twice[] = {w, w};
    tp_optim *optim = tp_sgd(&(tp_sgd_options){.rate = 0.1}, NULL);
    tp_tape *tape = tp_tape_new(NULL);
    ck_assert_int_eq(tp_optim_add_all(optim, twice, 2, NULL), TP_OK);
    ck_assert_uint_eq(tp_optim_parameter_count(optim), 1);
    ck_assert_ptr_eq(tp_optim_parameter_at(optim, 0), w);
    ck_assert_ptr_null(tp_optim_parameter_at(optim, 1));
    give_gradient(tape, w, start);
    tp_optim_step(optim);
    ck_assert_double_eq_tol(tp_tensor_item(w, 0), 0.9, 1e-15);
    tp_tape_free(tape);
    tp_tensor_release(w); /* the optimiser holds its own reference */
    tp_optim_step(optim);
    tp_optim_free(optim);
}
END_TEST

START_TEST(refused_parameters_leave_nothing_behind)
{
    tp_optim *optim = tp_adam(NULL, NULL);
    tp_tensor *first = tensor_of(TP_F32, TP_DIMS(3), start), *second = tensor_of(TP_F32, TP_DIMS(3), start);
    tp_tensor *labels = tp_tensor_new(TP_I64, TP_DIMS(3));
    tp_error error = {0};
    ck_assert_int_eq(tp_optim_add(optim, first, &error), TP_OK);
    ck_assert_int_eq(tp_optim_add_all(optim, (tp_tensor *[]){first, second, labels}, 3, &error), TP_E_DTYPE);
    ck_assert_int_eq(tp_optim_add_all(optim, (tp_tensor *[]){second, NULL}, 2, &error), TP_E_ARGUMENT);
    ck_assert_uint_eq(tp_optim_parameter_count(optim), 1);
    ck_assert_ptr_nonnull(tp_optim_state(optim, first, "exp_avg"));
    ck_assert_ptr_null(tp_optim_state(optim, second, "exp_avg"));
    ck_assert_int_eq(tp_optim_add(optim, second, &error), TP_OK);
    tp_optim_free(optim);
    tp_tensor_release(first), tp_tensor_release(second), tp_tensor_release(labels);
}
END_TEST

START_TEST(state_can_be_carried_over)
{
    const rule *r = &rules[_i];
    tp_tensor *w = tensor_of(TP_F64, TP_DIMS(3), start), *copy = NULL;
    tp_optim *optim = make(r), *other = make(r);
    tp_tape *tape = tp_tape_new(NULL);
    tp_optim_add(optim, w, NULL);
    for (int k = 0; k < 7; k++) {
        give_gradient(tape, w, start);
        tp_optim_step(optim);
    }
    copy = tp_tensor_clone(w);
    tp_optim_add(other, copy, NULL);
    for (int i = 0; tp_optim_state_name(optim, i); i++) {
        const char *name = tp_optim_state_name(optim, i);
        const tp_tensor *from = tp_optim_state(optim, w, name);
        if (from) ck_assert_int_eq(tp_tensor_copy(tp_optim_state(other, copy, name), from, NULL), TP_OK);
    }
    ck_assert_int_eq(tp_optim_set_parameter_steps(other, copy, tp_optim_parameter_steps(optim, w)), TP_OK);
    for (int k = 0; k < 7; k++) {
        give_gradient(tape, w, start);
        give_gradient(tape, copy, start);
        tp_optim_step(optim);
        tp_optim_step(other);
    }
    ck_assert_mem_eq(tp_tensor_read(w), tp_tensor_read(copy), 3 * sizeof(double));
    tp_tape_free(tape);
    tp_optim_free(optim), tp_optim_free(other);
    tp_tensor_release(w), tp_tensor_release(copy);
}
END_TEST

START_TEST(state_has_pytorch_names)
{
    tp_tensor *w = tensor_of(TP_F32, TP_DIMS(3), start);
    tp_optim *plain = make(&rules[0]), *momentum = make(&rules[1]), *adam = make(&rules[3]);
    tp_optim_add(plain, w, NULL), tp_optim_add(momentum, w, NULL), tp_optim_add(adam, w, NULL);
    ck_assert_str_eq(tp_optim_name(adam), "adam");
    ck_assert_str_eq(tp_optim_state_name(momentum, 0), "momentum_buffer");
    ck_assert_str_eq(tp_optim_state_name(adam, 1), "exp_avg_sq");
    ck_assert_ptr_null(tp_optim_state_name(adam, 2));
    ck_assert_ptr_null(tp_optim_state_name(adam, -1));
    ck_assert_ptr_null(tp_optim_state(plain, w, "momentum_buffer"));
    const tp_tensor *state = tp_optim_state(momentum, w, "momentum_buffer");
    ck_assert_int_eq(tp_tensor_dtype(state), TP_F32);
    ck_assert_int_eq(tp_tensor_dim(state, 0), 3);
    ck_assert_ptr_nonnull(tp_optim_state(adam, w, "exp_avg"));
    ck_assert_ptr_null(tp_optim_state(adam, w, "momentum_buffer"));
    ck_assert_ptr_null(tp_optim_state(adam, w, NULL));
    tp_optim_free(plain), tp_optim_free(momentum), tp_optim_free(adam);
    tp_tensor_release(w);
}
END_TEST

/* ---- wrong calls ---- */

START_TEST(hyperparameters_are_checked)
{
    const double nan = (double)NAN;
    const tp_sgd_options sgd[] = {{.rate = -1},       {.rate = nan},
                                  {.momentum = -0.1}, {.weight_decay = -1},
                                  {.nesterov = true}, {.nesterov = true, .momentum = 0.9, .dampening = 0.1},
                                  {.dampening = nan}, {.rate = HUGE_VAL}};
    for (size_t i = 0; i < sizeof sgd / sizeof *sgd; i++) {
        tp_error error = {0};
        ck_assert_ptr_null(tp_sgd(&sgd[i], &error));
        ck_assert_int_eq(error.status, TP_E_ARGUMENT);
    }
    const tp_adam_options adam[] = {{.rate = -1},   {.beta1 = 1},       {.beta1 = -0.1},      {.beta2 = 1},
                                    {.beta2 = nan}, {.epsilon = -1e-8}, {.weight_decay = nan}};
    for (size_t i = 0; i < sizeof adam / sizeof *adam; i++) {
        tp_error error = {0};
        ck_assert_ptr_null(tp_adam(&adam[i], &error));
        ck_assert_int_eq(error.status, TP_E_ARGUMENT);
    }
    tp_optim *optim = tp_adam(NULL, NULL);
    ck_assert_double_eq(tp_optim_rate(optim, 0), 1e-3);
    ck_assert_int_eq(tp_adam_group(optim, &adam[0], NULL), -1);
    ck_assert_int_eq(tp_optim_group_count(optim), 1);
    tp_optim_free(optim);
}
END_TEST

/* With beta1 = beta2 = 0 each step is rate times the sign of the gradient. */
START_TEST(a_zero_can_be_meant)
{
    tp_tensor *w = tensor_of(TP_F32, TP_DIMS(3), start);
    tp_optim *optim =
        tp_adam(&(tp_adam_options){.rate = 0.25, .beta1 = TP_ZERO, .beta2 = TP_ZERO, .epsilon = TP_ZERO}, NULL);
    tp_tape *tape = tp_tape_new(NULL);
    tp_optim_add(optim, w, NULL);
    for (int k = 0; k < 2; k++) {
        give_gradient(tape, w, (const double[]){3, -7, 0.01});
        tp_optim_step(optim);
    }
    ck_assert_double_eq_tol(tp_tensor_item(w, 0), 0.5, 1e-6);
    ck_assert_double_eq_tol(tp_tensor_item(w, 1), -1.5, 1e-6);
    ck_assert_double_eq_tol(tp_tensor_item(w, 2), 0, 1e-6);
    tp_tape_free(tape);
    tp_optim_free(optim);
    tp_tensor_release(w);
}
END_TEST

START_TEST(null_arguments_are_harmless)
{
    tp_tensor *w = tp_tensor_new(TP_F32, TP_DIMS(1));
    tp_optim *optim = tp_sgd(NULL, NULL);
    tp_optim_free(NULL);
    tp_optim_clear_grads(NULL);
    ck_assert_int_eq(tp_optim_step(NULL), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_optim_step(optim), TP_OK);
    ck_assert_int_eq(tp_optim_add(NULL, w, NULL), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_optim_add(optim, NULL, NULL), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_optim_add_all(optim, NULL, 1, NULL), TP_E_ARGUMENT);
    ck_assert_int_eq(tp_optim_add_all(optim, NULL, 0, NULL), TP_OK);
    ck_assert_int_eq(tp_sgd_group(NULL, NULL, NULL), -1);
    ck_assert_uint_eq(tp_optim_steps(NULL), 0);
    ck_assert_int_eq(tp_optim_set_rate(NULL, 0, 1), TP_E_ARGUMENT);
    ck_assert(isnan(tp_optim_rate(NULL, 0)));
    ck_assert_str_eq(tp_optim_name(NULL), "");
    ck_assert_int_eq(tp_optim_group_count(NULL), 0);
    ck_assert_uint_eq(tp_optim_parameter_count(NULL), 0);
    ck_assert_ptr_null(tp_optim_parameter_at(NULL, 0));
    ck_assert_ptr_null(tp_optim_state_name(NULL, 0));
    ck_assert_ptr_null(tp_optim_state(NULL, w, "exp_avg"));
    ck_assert_ptr_null(tp_optim_state(optim, NULL, "exp_avg"));
    ck_assert_uint_eq(tp_optim_parameter_steps(NULL, w), 0);
    ck_assert_int_eq(tp_optim_set_parameter_steps(optim, w, 3), TP_E_ARGUMENT);
    tp_optim_free(optim);
    tp_tensor_release(w);
}
END_TEST

/* Enough parameters that the table has to grow. */
static tp_status build(counter *m, tp_tensor *const *w, size_t n, tp_error *error)
{
    const tp_allocator memory = counted(m);
    tp_optim *optim = tp_sgd(&(tp_sgd_options){.memory = &memory}, error);
    tp_status status = optim ? TP_OK : TP_E_MEMORY;
    if (status == TP_OK && tp_sgd_group(optim, &(tp_sgd_options){.momentum = 0.9}, error) != 1) status = TP_E_MEMORY;
    if (status == TP_OK) status = tp_optim_add_to(optim, 1, w, n, error);
    if (optim && status != TP_OK) ck_assert_uint_eq(tp_optim_parameter_count(optim), 0);
    tp_optim_free(optim);
    return status;
}

START_TEST(every_failed_allocation_is_reported)
{
    enum { N = 200 };
    static tp_tensor *w[N];
    for (int i = 0; i < N; i++) w[i] = tp_tensor_new(TP_F32, TP_DIMS(1));
    counter m = {0};
    ck_assert_int_eq(build(&m, w, N, NULL), TP_OK);
    ck_assert_uint_eq(m.blocks, 0);
    const size_t calls = m.calls;
    for (size_t i = 1; i <= calls; i++) {
        tp_error error = {0};
        m = (counter){.fail_at = i};
        ck_assert_int_eq(build(&m, w, N, &error), TP_E_MEMORY);
        ck_assert_int_eq(error.status, TP_E_MEMORY);
        ck_assert_uint_eq(m.blocks, 0);
    }
    for (int i = 0; i < N; i++) tp_tensor_release(w[i]);
}
END_TEST

Suite *optim_suite(void)
{
    Suite *suite = suite_create("optim");
    TCase *steps = tcase_create("steps");
    tcase_add_loop_test(steps, rules_equal_plain_loops_and_pytorch, 0, RULES);
    tcase_add_loop_test(steps, dtypes_and_strides_agree, 0, RULES);
    tcase_add_loop_test(steps, worked_examples_come_out, 0, 4);
    tcase_add_test(steps, scalar_parameters_are_stepped);
    tcase_add_loop_test(steps, parameters_without_gradient_are_skipped, 0, RULES);
    tcase_add_test(steps, gradient_of_a_failed_pass_counts_as_none);
    tcase_add_test(steps, step_is_noticed_by_the_tape);
    tcase_add_loop_test(steps, steps_ask_for_no_memory, 0, RULES);
    suite_add_tcase(suite, steps);
    TCase *parameters = tcase_create("parameters");
    tcase_add_test(parameters, groups_have_their_own_hyperparameters);
    tcase_add_test(parameters, parameter_added_twice_is_stepped_once);
    tcase_add_test(parameters, refused_parameters_leave_nothing_behind);
    tcase_add_loop_test(parameters, state_can_be_carried_over, 0, RULES);
    tcase_add_test(parameters, state_has_pytorch_names);
    tcase_add_test(parameters, hyperparameters_are_checked);
    tcase_add_test(parameters, a_zero_can_be_meant);
    tcase_add_test(parameters, null_arguments_are_harmless);
    tcase_add_test(parameters, every_failed_allocation_is_reported);
    suite_add_tcase(suite, parameters);
    return suite;
}
