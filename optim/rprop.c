/* Rprop. */
#include "optim/optim.h"

enum { STEP_SIZE = 1 };

static double rprop_start(const void *options, int state)
{
    return state == STEP_SIZE ? ((const tp_rprop_options *)options)->rate : 0;
}

static void rprop_prepare(const void *options, double step, double *numbers, tp_update *u)
{
    const tp_rprop_options *o = options;
    (void)step, (void)numbers;
    u->beta1 = o->eta_minus;
    u->beta2 = o->eta_plus;
    u->low = o->step_min;
    u->high = o->step_max;
}

static tp_status rprop_check(const void *options, tp_error *error)
{
    const tp_rprop_options *o = options;
    if (o->step_min <= o->step_max) return TP_OK;
    return tp_fail(error, TP_E_ARGUMENT, "tp_rprop: step_min is %g, above step_max, %g", o->step_min, o->step_max);
}

static const tp_optim_kind rprop_kind = {
    .name = "rprop",
    .size = sizeof(tp_rprop_options),
    .memory = offsetof(tp_rprop_options, memory),
    .options = {TP_OPTION(rprop, rate, 1e-2, 0, HUGE_VAL), TP_OPTION(rprop, eta_minus, 0.5, 0, 1),
                TP_OPTION(rprop, eta_plus, 1.2, 1, HUGE_VAL), TP_OPTION(rprop, step_min, 1e-6, 0, HUGE_VAL),
                TP_OPTION(rprop, step_max, 50, 0, HUGE_VAL)},
    .states = {"prev", "step_size"},
    .check = rprop_check,
    .start = rprop_start,
    .prepare = rprop_prepare,
    .loop = TP_UPDATE_rprop,
};

TP_OPTIMISER(rprop)
