/* Adam, with epsilon outside the root and weight decay in the gradient. */
#include <math.h>

#include "optim/optim.h"

static void adam_step(const void *options, const tp_optim_run *run)
{
    const tp_adam_options *o = options;
    const double t = (double)run->step;
    const tp_adam_step step = {
        .rate = o->rate,
        .beta1 = o->beta1,
        .beta2 = o->beta2,
        .epsilon = o->epsilon,
        .decay = o->weight_decay,
        .correction1 = 1 - pow(o->beta1, t),
        .correction2 = 1 - pow(o->beta2, t),
    };
    run->loops->adam(run->n, run->w, run->g, run->state[0], run->state[1], &step);
}

static const tp_optim_kind adam_kind = {
    .name = "adam",
    .options = sizeof(tp_adam_options),
    .state_names = {"exp_avg", "exp_avg_sq"},
    .step = adam_step,
};

static tp_status fill_in(tp_adam_options *o, const tp_adam_options *given, tp_error *error)
{
    *o = given ? *given : (tp_adam_options){0};
    tp_option_default(&o->rate, 1e-3);
    tp_option_default(&o->beta1, 0.9);
    tp_option_default(&o->beta2, 0.999);
    tp_option_default(&o->epsilon, 1e-8);
    tp_status status = tp_option_check("tp_adam", "rate", o->rate, 0, HUGE_VAL, error);
    if (status == TP_OK) status = tp_option_check("tp_adam", "beta1", o->beta1, 0, 1, error);
    if (status == TP_OK) status = tp_option_check("tp_adam", "beta2", o->beta2, 0, 1, error);
    if (status == TP_OK) status = tp_option_check("tp_adam", "epsilon", o->epsilon, 0, HUGE_VAL, error);
    if (status == TP_OK) status = tp_option_check("tp_adam", "weight decay", o->weight_decay, 0, HUGE_VAL, error);
    return status;
}

tp_optim *tp_adam(const tp_adam_options *options, tp_error *error)
{
    tp_adam_options o;
    return fill_in(&o, options, error) == TP_OK ? tp_optim_new(&adam_kind, &o, o.memory, error) : NULL;
}

int tp_adam_group(tp_optim *optim, const tp_adam_options *options, tp_error *error)
{
    tp_adam_options o;
    return fill_in(&o, options, error) == TP_OK ? tp_optim_group(optim, &adam_kind, &o, error) : -1;
}
