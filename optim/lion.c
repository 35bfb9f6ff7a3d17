/* Lion. */
#include "optim/optim.h"

static void lion_prepare(const void *options, double step, double *numbers, tp_update *u)
{
    const tp_lion_options *o = options;
    (void)step, (void)numbers;
    u->rate = o->rate;
    u->shrink = 1 - o->rate * o->weight_decay;
    u->beta1 = o->beta1;
    u->beta2 = o->beta2;
}

static const tp_optim_kind lion_kind = {
    .name = "lion",
    .size = sizeof(tp_lion_options),
    .memory = offsetof(tp_lion_options, memory),
    .options = {TP_OPTION(lion, rate, 1e-4, 0, HUGE_VAL), TP_OPTION(lion, beta1, 0.9, 0, 1),
                TP_OPTION(lion, beta2, 0.99, 0, 1), TP_OPTION(lion, weight_decay, 0, 0, HUGE_VAL)},
    .states = {"exp_avg"},
    .prepare = lion_prepare,
    .loop = TP_UPDATE_lion,
};

TP_OPTIMISER(lion)
