/* Steps of optimisers: against plain loops, against PyTorch, in every dtype and layout, and without gradients. */
#include "tests/test_layers.h"

enum { STEPS = 20 };

/* The gradient of 1/2 sum a w^2 + sum sin(w + k), with a = (3, 0.2, 1). */
static void test_gradient(const double w[3], int k, double g[3])
{
    const double a[3] = {3, 0.2, 1};
    for (int i = 0; i < 3; i++) g[i] = a[i] * w[i] + cos(w[i] + k);
}

/* One step of the rule in plain doubles; m and v begin as zeros, t as 1. */
static void plain_step(const optim_rule *r, double *w, double g, double *m, double *v, int t)
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
    const optim_rule *r = &optim_rules[_i];
    tp_tensor *w = tensor_of(TP_F64, TP_DIMS(3), optim_start);
    tp_optim *optim = optim_of(r);
    tp_tape *tape = tp_tape_new(NULL);
    ck_assert_int_eq(tp_optim_add(optim, w, NULL), TP_OK);
    double plain[3] = {optim_start[0], optim_start[1], optim_start[2]}, m[3] = {0}, v[3] = {0}, g[3];
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
    tp_optim *optim = optim_of(&optim_rules[_i]);
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
    tp_tensor *w = tensor_of(TP_F64, TP_DIMS(3), optim_start), *still = tensor_of(TP_F64, TP_DIMS(3), optim_start);
    tp_optim *optim = optim_of(&optim_rules[_i]);
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
    for (int i = 0; i < 3; i++) ck_assert_double_eq(tp_tensor_item(still, i), optim_start[i]);
    ck_assert_uint_eq(tp_optim_parameter_steps(optim, w), 4);
    ck_assert_uint_eq(tp_optim_parameter_steps(optim, still), 0);
    tp_optim_clear_grads(optim);
    ck_assert_ptr_null(tp_tensor_grad(w));
    give_gradient(tape, still, g); /* its first step is a first step, with bias correction and undamped momentum */
    tp_optim_step(optim);
    double plain = optim_start[0], m = 0, v = 0;
    plain_step(&optim_rules[_i], &plain, 1, &m, &v, 1);
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
    tp_tensor *w = tensor_of(TP_F64, TP_DIMS(3), optim_start);
    tp_optim *optim = optim_of(&optim_rules[0]);
    tp_tape *tape = tp_tape_new(NULL);
    tp_optim_add(optim, w, NULL);
    const tp_var loss = tp_sum(tp_square(tp_param(tape, w)));
    tp_tensor_touch(w); /* changed between use and backward pass */
    ck_assert_int_eq(tp_backward(loss), TP_E_CHANGED);
    tp_optim_step(optim);
    for (int i = 0; i < 3; i++) ck_assert_double_eq(tp_tensor_item(w, i), optim_start[i]);
    tp_tape_free(tape);
    tp_optim_free(optim);
    tp_tensor_release(w);
}
END_TEST

START_TEST(step_is_noticed_by_the_tape)
{
    tp_tensor *w = tensor_of(TP_F64, TP_DIMS(3), optim_start);
    tp_optim *optim = optim_of(&optim_rules[0]);
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
    optim_rule r = optim_rules[_i];
    r.a.memory = r.sgd.memory = &memory;
    tp_tensor *w[2] = {tensor_of(TP_F64, TP_DIMS(3), optim_start), tensor_of(TP_F32, TP_DIMS(3), optim_start)};
    tp_optim *optim = optim_of(&r);
    tp_tape *tape = tp_tape_new(NULL);
    ck_assert_int_eq(tp_optim_add_all(optim, w, 2, NULL), TP_OK);
    const size_t calls = m.calls;
    for (int k = 0; k < 5; k++) {
        give_gradient(tape, w[0], optim_start);
        give_gradient(tape, w[1], optim_start);
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

TCase *optim_steps_case(void)
{
    TCase *tcase = tcase_create("steps");
    tcase_add_loop_test(tcase, rules_equal_plain_loops_and_pytorch, 0, OPTIM_RULES);
    tcase_add_loop_test(tcase, dtypes_and_strides_agree, 0, OPTIM_RULES);
    tcase_add_loop_test(tcase, worked_examples_come_out, 0, 4);
    tcase_add_test(tcase, scalar_parameters_are_stepped);
    tcase_add_loop_test(tcase, parameters_without_gradient_are_skipped, 0, OPTIM_RULES);
    tcase_add_test(tcase, gradient_of_a_failed_pass_counts_as_none);
    tcase_add_test(tcase, step_is_noticed_by_the_tape);
    tcase_add_loop_test(tcase, steps_ask_for_no_memory, 0, OPTIM_RULES);
    return tcase;
}
