/* Optimisers: groups, parameters, state, and wrong calls. */
#include "tests/test_layers.h"

START_TEST(groups_have_their_own_hyperparameters)
{
    tp_tensor *a = tensor_of(TP_F64, TP_DIMS(3), optim_start), *b = tensor_of(TP_F64, TP_DIMS(3), optim_start);
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
        ck_assert_double_eq_tol(tp_tensor_item(a, i), optim_start[i] - 0.1, 1e-15);
        ck_assert_double_eq_tol(tp_tensor_item(b, i), optim_start[i] - 0.2 * (1 + 0.5 * optim_start[i]), 1e-15);
    }
    ck_assert_int_eq(tp_optim_set_rate(optim, 0, 0), TP_OK); /* a rate of 0 changes nothing */
    tp_optim_step(optim);
    ck_assert_double_eq_tol(tp_tensor_item(a, 0), optim_start[0] - 0.1, 1e-15);
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
    tp_tensor *w = tensor_of(TP_F64, TP_DIMS(3), optim_start);
    tp_tensor *twice[] = {w, w};
    tp_optim *optim = tp_sgd(&(tp_sgd_options){.rate = 0.1}, NULL);
    tp_tape *tape = tp_tape_new(NULL);
    ck_assert_int_eq(tp_optim_add_all(optim, twice, 2, NULL), TP_OK);
    ck_assert_uint_eq(tp_optim_parameter_count(optim), 1);
    ck_assert_ptr_eq(tp_optim_parameter_at(optim, 0), w);
    ck_assert_ptr_null(tp_optim_parameter_at(optim, 1));
    give_gradient(tape, w, optim_start);
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
    tp_tensor *first = tensor_of(TP_F32, TP_DIMS(3), optim_start), *second = tensor_of(TP_F32, TP_DIMS(3), optim_start);
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
    const optim_rule *r = &optim_rules[_i];
    tp_tensor *w = tensor_of(TP_F64, TP_DIMS(3), optim_start), *copy = NULL;
    tp_optim *optim = optim_of(r), *other = optim_of(r);
    tp_tape *tape = tp_tape_new(NULL);
    tp_optim_add(optim, w, NULL);
    for (int k = 0; k < 7; k++) {
        give_gradient(tape, w, optim_start);
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
        give_gradient(tape, w, optim_start);
        give_gradient(tape, copy, optim_start);
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
    tp_tensor *w = tensor_of(TP_F32, TP_DIMS(3), optim_start);
    tp_optim *plain = optim_of(&optim_rules[0]), *momentum = optim_of(&optim_rules[1]),
             *adam = optim_of(&optim_rules[3]);
    tp_optim_add(plain, w, NULL), tp_optim_add(momentum, w, NULL), tp_optim_add(adam, w, NULL);
    ck_assert_str_eq(tp_optim_name(adam), "adam");
    ck_assert_str_eq(tp_optim_state_name(momentum, 0), "momentum_buffer");
    ck_assert_str_eq(tp_optim_state_name(adam, 1), "exp_avg_sq");
    ck_assert_ptr_null(tp_optim_state_name(adam, 3));
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

START_TEST(options_are_set_by_name)
{
    tp_optim *optim = tp_nadam(NULL, NULL), *plain = tp_sgd(NULL, NULL);
    tp_error error = {0};
    ck_assert_str_eq(tp_optim_option_name(optim, 0), "rate");
    ck_assert_str_eq(tp_optim_option_name(optim, 5), "momentum_decay");
    ck_assert_ptr_null(tp_optim_option_name(optim, 6));
    ck_assert_ptr_null(tp_optim_option_name(optim, -1));
    ck_assert_ptr_null(tp_optim_option_name(NULL, 0));
    ck_assert_double_eq(tp_optim_option(optim, 0, "momentum_decay"), 4e-3);
    EXPECT_STATUS(tp_optim_set_option(optim, 0, "beta1", 0, &error), TP_OK);
    ck_assert_double_eq(tp_optim_option(optim, 0, "beta1"), 0);
    EXPECT_STATUS(tp_optim_set_option(optim, 0, "beta1", 1, &error), TP_E_ARGUMENT);
    ck_assert_str_eq(error.message, "tp_nadam: beta1 is 1, outside [0, 1)");
    EXPECT_STATUS(tp_optim_set_option(optim, 0, "momentum", 1, &error), TP_E_ARGUMENT);
    ck_assert_str_eq(error.message, "tp_optim_set_option: nadam has no option momentum");
    EXPECT_STATUS(tp_optim_set_option(optim, 1, "beta1", 0, &error), TP_E_ARGUMENT);
    ck_assert_str_eq(error.message, "tp_optim_set_option: there is no group 1");
    EXPECT_STATUS(tp_optim_set_option(plain, 0, "momentum", 0.5, &error), TP_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "momentum cannot go from 0 to 0.5"));
    ck_assert(isnan(tp_optim_option(optim, 0, NULL)) && isnan(tp_optim_option(optim, 0, "momentum")));
    tp_optim_free(optim), tp_optim_free(plain);
}
END_TEST

START_TEST(wrong_numbers_are_refused)
{
    tp_tensor *w = tensor_of(TP_F64, TP_DIMS(3), optim_start);
    tp_optim *optim = tp_nadam(NULL, NULL);
    tp_error error = {0};
    double numbers[9];
    tp_optim_add(optim, w, NULL);
    ck_assert_uint_eq(tp_optim_numbers(optim, numbers, 9), 9); /* steps; six options; the parameter's steps, product */
    ck_assert_double_eq(numbers[8], 1);
    EXPECT_STATUS(tp_optim_set_numbers(optim, numbers, 8, &error), TP_E_ARGUMENT);
    ck_assert_str_eq(error.message,
                     "tp_optim_set_numbers: 8 numbers, where nadam with 1 groups and 1 parameters has 9");
    numbers[1] = 0.5, numbers[7] = 1.5;
    EXPECT_STATUS(tp_optim_set_numbers(optim, numbers, 9, &error), TP_E_ARGUMENT);
    ck_assert_double_eq(tp_optim_rate(optim, 0), 2e-3);
    numbers[7] = 4, numbers[2] = 7;
    EXPECT_STATUS(tp_optim_set_numbers(optim, numbers, 9, &error), TP_E_ARGUMENT);
    ck_assert_str_eq(error.message, "tp_nadam: beta1 is 7, outside [0, 1)");
    numbers[2] = 0.8, numbers[0] = 12;
    EXPECT_STATUS(tp_optim_set_numbers(optim, numbers, 9, &error), TP_OK);
    ck_assert_double_eq(tp_optim_rate(optim, 0), 0.5);
    ck_assert_uint_eq(tp_optim_steps(optim), 12);
    ck_assert_uint_eq(tp_optim_parameter_steps(optim, w), 4);
    EXPECT_STATUS(tp_optim_set_numbers(optim, NULL, 0, &error), TP_E_ARGUMENT);
    EXPECT_STATUS(tp_optim_set_numbers(NULL, numbers, 9, &error), TP_E_ARGUMENT);
    ck_assert_uint_eq(tp_optim_numbers(NULL, NULL, 0), 0);
    tp_optim_free(optim);
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

static void expect_message(tp_optim *made, const tp_error *error, const char *text)
{
    ck_assert_ptr_null(made);
    ck_assert_str_eq(error->message, text);
}

START_TEST(messages_name_the_option)
{
    tp_error e = {0};
    expect_message(tp_adagrad(&(tp_adagrad_options){.initial = -1}, &e), &e,
                   "tp_adagrad: initial is -1, outside [0, inf)");
    expect_message(tp_rmsprop(&(tp_rmsprop_options){.alpha = 1}, &e), &e, "tp_rmsprop: alpha is 1, outside [0, 1)");
    expect_message(tp_adadelta(&(tp_adadelta_options){.rho = -0.5}, &e), &e,
                   "tp_adadelta: rho is -0.5, outside [0, 1)");
    expect_message(tp_adamw(&(tp_adamw_options){.weight_decay = (double)NAN}, &e), &e,
                   "tp_adamw: weight_decay is nan, outside [0, inf)");
    expect_message(tp_radam(&(tp_radam_options){.beta2 = 2}, &e), &e, "tp_radam: beta2 is 2, outside [0, 1)");
    expect_message(tp_lion(&(tp_lion_options){.rate = HUGE_VAL}, &e), &e, "tp_lion: rate is inf, outside [0, inf)");
    expect_message(tp_rprop(&(tp_rprop_options){.eta_plus = 0.9}, &e), &e,
                   "tp_rprop: eta_plus is 0.9, outside [1, inf)");
    expect_message(tp_rprop(&(tp_rprop_options){.step_min = 9, .step_max = 3}, &e), &e,
                   "tp_rprop: step_min is 9, above step_max, 3");
    expect_message(tp_sgd(&(tp_sgd_options){.nesterov = true}, &e), &e,
                   "tp_sgd: nesterov wants momentum and no dampening");
}
END_TEST

/* With beta1 = beta2 = 0 each step is rate times the sign of the gradient. */
START_TEST(a_zero_can_be_meant)
{
    tp_tensor *w = tensor_of(TP_F32, TP_DIMS(3), optim_start);
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

TCase *optim_parameters_case(void)
{
    TCase *tcase = tcase_create("parameters");
    tcase_set_timeout(tcase, 60); /* a busy machine */
    tcase_add_test(tcase, groups_have_their_own_hyperparameters);
    tcase_add_test(tcase, parameter_added_twice_is_stepped_once);
    tcase_add_test(tcase, refused_parameters_leave_nothing_behind);
    tcase_add_loop_test(tcase, state_can_be_carried_over, 0, OPTIM_RULES);
    tcase_add_test(tcase, state_has_pytorch_names);
    tcase_add_test(tcase, options_are_set_by_name);
    tcase_add_test(tcase, wrong_numbers_are_refused);
    tcase_add_test(tcase, hyperparameters_are_checked);
    tcase_add_test(tcase, messages_name_the_option);
    tcase_add_test(tcase, a_zero_can_be_meant);
    tcase_add_test(tcase, null_arguments_are_harmless);
    tcase_add_test(tcase, every_failed_allocation_is_reported);
    return tcase;
}
