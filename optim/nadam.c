/* NAdam. */
#include "optim/optim.h"

static double momentum_at(const tp_nadam_options *o, double step)
{
    return o->beta1 * (1 - 0.5 * pow(0.96, step * o->momentum_decay));
}

static void nadam_prepare(const void *options, double step, double *numbers, tp_update *u)
{
    const tp_nadam_options *o = options;
    const double now = momentum_at(o, step), next = momentum_at(o, step + 1);
    double *product = &numbers[0];
    *product *= now;
    u->rate = o->rate * (1 - now) / (1 - *product);
    u->rate2 = o->rate * next / (1 - *product * now * next);
    u->decay = o->weight_decay;
    u->beta1 = o->beta1;
    u->beta2 = o->beta2;
    u->epsilon = o->epsilon;
    u->correction2 = 1 - pow(o->beta2, step);
}

static const tp_optim_kind nadam_kind = {
    .name = "nadam",
    .size = sizeof(tp_nadam_options),
    .memory = offsetof(tp_nadam_options, memory),
    .options = {TP_OPTION(nadam, rate, 2e-3, 0, HUGE_VAL), TP_OPTION(nadam, beta1, 0.9, 0, 1),
                TP_OPTION(nadam, beta2, 0.999, 0, 1), TP_OPTION(nadam, epsilon, 1e-8, 0, HUGE_VAL),
                TP_OPTION(nadam, weight_decay, 0, 0, HUGE_VAL), TP_OPTION(nadam, momentum_decay, 4e-3, 0, HUGE_VAL)},
    .states = {"exp_avg", "exp_avg_sq"},
    .numbers = {1},
    .number_count = 1,
    .prepare = nadam_prepare,
    .loop = TP_UPDATE_nadam,
};

TP_OPTIMISER(nadam)
