/* RAdam. */
#include "optim/optim.h"

static void radam_prepare(const void *options, double step, double *numbers, tp_update *u)
{
    const tp_radam_options *o = options;
    (void)numbers;
    const double power = pow(o->beta2, step), correction2 = 1 - power;
    const double r = 2 / (1 - o->beta2) - 1, rt = r - 2 * step * power / correction2;
    u->rate = o->rate / (1 - pow(o->beta1, step));
    u->flag = rt > 5;
    if (u->flag) u->rate *= sqrt(correction2) * sqrt((rt - 4) * (rt - 2) * r / ((r - 4) * (r - 2) * rt));
    u->decay = o->weight_decay;
    u->beta1 = o->beta1;
    u->beta2 = o->beta2;
    u->epsilon = o->epsilon;
}

static const tp_optim_kind radam_kind = {
    .name = "radam",
    .size = sizeof(tp_radam_options),
    .memory = offsetof(tp_radam_options, memory),
    .options = {TP_OPTION(radam, rate, 1e-3, 0, HUGE_VAL), TP_OPTION(radam, beta1, 0.9, 0, 1),
                TP_OPTION(radam, beta2, 0.999, 0, 1), TP_OPTION(radam, epsilon, 1e-8, 0, HUGE_VAL),
                TP_OPTION(radam, weight_decay, 0, 0, HUGE_VAL)},
    .states = {"exp_avg", "exp_avg_sq"},
    .prepare = radam_prepare,
    .loop = TP_UPDATE_radam,
};

TP_OPTIMISER(radam)
