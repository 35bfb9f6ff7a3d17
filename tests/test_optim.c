/* Optimisers: the suite, put together from the files test_optim_*.c, and the rules that these share. */
#include "tests/test_layers.h"

const double optim_start[3] = {1, -2, 0.5};

const optim_rule optim_rules[] = {
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
_Static_assert(sizeof optim_rules / sizeof *optim_rules == OPTIM_RULES, "OPTIM_RULES counts the rules");

tp_optim *optim_of(const optim_rule *r)
{
    tp_error error = {0};
    tp_optim *optim = r->adam ? tp_adam(&r->a, &error) : tp_sgd(&r->sgd, &error);
    ck_assert_msg(optim != NULL, "%s", error.message);
    return optim;
}

void give_gradient(tp_tape *tape, tp_tensor *w, const double *values)
{
    tp_tensor *g = tensor_of(tp_tensor_dtype(w), tp_tensor_rank(w), tp_tensor_dims(w), values);
    tp_tape_reset(tape);
    tp_tensor_clear_grad(w);
    const tp_var loss = tp_sum(tp_mul(tp_param(tape, w), tp_data(tape, g)));
    ck_assert_msg(tp_backward(loss) == TP_OK, "%s", tp_tape_error(tape));
    tp_tensor_release(g);
}

Suite *optim_suite(void)
{
    Suite *suite = suite_create("optim");
    suite_add_tcase(suite, optim_steps_case());
    suite_add_tcase(suite, optim_parameters_case());
    suite_add_tcase(suite, optim_golden_case());
    suite_add_tcase(suite, optim_lbfgs_case());
    suite_add_tcase(suite, optim_gradients_case());
    suite_add_tcase(suite, optim_average_case());
    return suite;
}
