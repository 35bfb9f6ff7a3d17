/* Stochastic gradient descent, with momentum and Nesterov's rule. */
#include "optim/optim.h"

static bool sgd_has_state(const void *options, int state)
{
    (void)state;
    return ((const tp_sgd_options *)options)->momentum != 0;
}

static tp_status sgd_check(const void *options, tp_error *error)
{
    const tp_sgd_options *o = options;
    if (!o->nesterov || (o->momentum != 0 && o->dampening == 0)) return TP_OK;
    return tp_fail(error, TP_E_ARGUMENT, "tp_sgd: nesterov wants momentum and no dampening");
}

static void sgd_prepare(const void *options, double step, double *numbers, tp_update *u)
{
    const tp_sgd_options *o = options;
    (void)numbers;
    u->rate = o->rate;
    u->decay = o->weight_decay;
    u->momentum = o->momentum;
    u->dampening = step == 1 ? 0 : o->dampening; /* the buffer is zero then, and becomes d */
    u->flag = o->nesterov;
}

static const tp_optim_kind sgd_kind = {
    .name = "sgd",
    .size = sizeof(tp_sgd_options),
    .memory = offsetof(tp_sgd_options, memory),
    .options = {TP_OPTION(sgd, rate, 1e-3, 0, HUGE_VAL), TP_OPTION(sgd, momentum, 0, 0, HUGE_VAL),
                TP_OPTION(sgd, dampening, 0, TP_ANY_SIGN, HUGE_VAL), TP_OPTION(sgd, weight_decay, 0, 0, HUGE_VAL)},
    .states = {"momentum_buffer"},
    .check = sgd_check,
    .has_state = sgd_has_state,
    .prepare = sgd_prepare,
    .loop = TP_UPDATE_sgd,
};

TP_OPTIMISER(sgd)
