/* Adadelta. */
#include "optim/optim.h"

static void adadelta_prepare(const void *options, double step, double *numbers, tp_update *u)
{
    const tp_adadelta_options *o = options;
    (void)step, (void)numbers;
    u->rate = o->rate;
    u->decay = o->weight_decay;
    u->beta2 = o->rho;
    u->epsilon = o->epsilon;
}

static const tp_optim_kind adadelta_kind = {
    .name = "adadelta",
    .size = sizeof(tp_adadelta_options),
    .memory = offsetof(tp_adadelta_options, memory),
    .options = {TP_OPTION(adadelta, rate, 1, 0, HUGE_VAL), TP_OPTION(adadelta, rho, 0.9, 0, 1),
                TP_OPTION(adadelta, epsilon, 1e-6, 0, HUGE_VAL), TP_OPTION(adadelta, weight_decay, 0, 0, HUGE_VAL)},
    .states = {"square_avg", "acc_delta"},
    .prepare = adadelta_prepare,
    .loop = TP_UPDATE_adadelta,
};

TP_OPTIMISER(adadelta)
