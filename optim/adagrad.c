/* AdaGrad. */
#include "optim/optim.h"

static double adagrad_start(const void *options, int state)
{
    (void)state;
    return ((const tp_adagrad_options *)options)->initial;
}

static void adagrad_prepare(const void *options, double step, double *numbers, tp_update *u)
{
    const tp_adagrad_options *o = options;
    (void)numbers;
    u->rate = o->rate / (1 + (step - 1) * o->rate_decay);
    u->decay = o->weight_decay;
    u->epsilon = o->epsilon;
}

static const tp_optim_kind adagrad_kind = {
    .name = "adagrad",
    .size = sizeof(tp_adagrad_options),
    .memory = offsetof(tp_adagrad_options, memory),
    .options = {TP_OPTION(adagrad, rate, 1e-2, 0, HUGE_VAL), TP_OPTION(adagrad, rate_decay, 0, 0, HUGE_VAL),
                TP_OPTION(adagrad, weight_decay, 0, 0, HUGE_VAL), TP_OPTION(adagrad, initial, 0, 0, HUGE_VAL),
                TP_OPTION(adagrad, epsilon, 1e-10, 0, HUGE_VAL)},
    .states = {"sum"},
    .start = adagrad_start,
    .prepare = adagrad_prepare,
    .loop = TP_UPDATE_adagrad,
};

TP_OPTIMISER(adagrad)
