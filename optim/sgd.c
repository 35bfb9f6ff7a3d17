/* Stochastic gradient descent, with momentum and Nesterov's rule. */
#include <float.h>
#include <math.h>

#include "optim/optim.h"

static bool sgd_has_state(const void *options, int state)
{
    (void)state;
    return ((const tp_sgd_options *)options)->momentum != 0;
}

static void sgd_step(const void *options, const tp_optim_run *run)
{
    const tp_sgd_options *o = options;
    const double dampening = run->step == 1 ? 0 : o->dampening; /* the buffer is zero then, and becomes d */
    run->loops->sgd(run->n, run->w, run->g, run->state[0], o->rate, o->momentum, dampening, o->weight_decay,
                    o->nesterov);
}

static const tp_optim_kind sgd_kind = {
    .name = "sgd",
    .options = sizeof(tp_sgd_options),
    .state_names = {"momentum_buffer"},
    .has_state = sgd_has_state,
    .step = sgd_step,
};

static tp_status fill_in(tp_sgd_options *o, const tp_sgd_options *given, tp_error *error)
{
    *o = given ? *given : (tp_sgd_options){0};
    tp_option_default(&o->rate, 1e-3);
    tp_status status = tp_option_check("tp_sgd", "rate", o->rate, 0, HUGE_VAL, error);
    if (status == TP_OK) status = tp_option_check("tp_sgd", "momentum", o->momentum, 0, HUGE_VAL, error);
    if (status == TP_OK) status = tp_option_check("tp_sgd", "dampening", o->dampening, -DBL_MAX, HUGE_VAL, error);
    if (status == TP_OK) status = tp_option_check("tp_sgd", "weight decay", o->weight_decay, 0, HUGE_VAL, error);
    if (status == TP_OK && o->nesterov && (o->momentum == 0 || o->dampening != 0))
        status = tp_fail(error, TP_E_ARGUMENT, "tp_sgd: Nesterov's rule wants momentum and no dampening");
    return status;
}

tp_optim *tp_sgd(const tp_sgd_options *options, tp_error *error)
{
    tp_sgd_options o;
    return fill_in(&o, options, error) == TP_OK ? tp_optim_new(&sgd_kind, &o, o.memory, error) : NULL;
}

int tp_sgd_group(tp_optim *optim, const tp_sgd_options *options, tp_error *error)
{
    tp_sgd_options o;
    return fill_in(&o, options, error) == TP_OK ? tp_optim_group(optim, &sgd_kind, &o, error) : -1;
}
