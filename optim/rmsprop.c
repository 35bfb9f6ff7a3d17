/* RMSProp, centred or not, with momentum or without. */
#include "optim/optim.h"

static bool rmsprop_has_state(const void *options, int state)
{
    const tp_rmsprop_options *o = options;
    return state == 0 || (state == 1 ? o->centred : o->momentum != 0);
}

static void rmsprop_prepare(const void *options, double step, double *numbers, tp_update *u)
{
    const tp_rmsprop_options *o = options;
    (void)step, (void)numbers;
    u->rate = o->rate;
    u->decay = o->weight_decay;
    u->beta2 = o->alpha;
    u->epsilon = o->epsilon;
    u->momentum = o->momentum;
}

static const tp_optim_kind rmsprop_kind = {
    .name = "rmsprop",
    .size = sizeof(tp_rmsprop_options),
    .memory = offsetof(tp_rmsprop_options, memory),
    .options = {TP_OPTION(rmsprop, rate, 1e-2, 0, HUGE_VAL), TP_OPTION(rmsprop, alpha, 0.99, 0, 1),
                TP_OPTION(rmsprop, epsilon, 1e-8, 0, HUGE_VAL), TP_OPTION(rmsprop, weight_decay, 0, 0, HUGE_VAL),
                TP_OPTION(rmsprop, momentum, 0, 0, HUGE_VAL)},
    .states = {"square_avg", "grad_avg", "momentum_buffer"},
    .has_state = rmsprop_has_state,
    .prepare = rmsprop_prepare,
    .loop = TP_UPDATE_rmsprop,
};

TP_OPTIMISER(rmsprop)
