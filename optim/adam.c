/* Adam, with epsilon outside the root, and AdamW: they differ in where the weights decay. */
#include "optim/optim.h"

static void adam_prepare(const void *options, double step, double *numbers, tp_update *u)
{
    const tp_adam_options *o = options;
    (void)numbers;
    u->rate = o->rate / (1 - pow(o->beta1, step));
    u->decay = o->weight_decay;
    u->beta1 = o->beta1;
    u->beta2 = o->beta2;
    u->epsilon = o->epsilon;
    u->correction2 = 1 - pow(o->beta2, step);
}

static bool adam_has_state(const void *options, int state)
{
    return state < 2 || ((const tp_adam_options *)options)->amsgrad;
}

#define ADAM_OPTIONS(kind, decay)                                                                                      \
    {                                                                                                                  \
        TP_OPTION(kind, rate, 1e-3, 0, HUGE_VAL), TP_OPTION(kind, beta1, 0.9, 0, 1),                                   \
            TP_OPTION(kind, beta2, 0.999, 0, 1), TP_OPTION(kind, epsilon, 1e-8, 0, HUGE_VAL),                          \
            TP_OPTION(kind, weight_decay, decay, 0, HUGE_VAL)                                                          \
    }

static const tp_optim_kind adam_kind = {
    .name = "adam",
    .size = sizeof(tp_adam_options),
    .memory = offsetof(tp_adam_options, memory),
    .options = ADAM_OPTIONS(adam, 0),
    .states = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"},
    .has_state = adam_has_state,
    .prepare = adam_prepare,
    .loop = TP_UPDATE_adam,
};

TP_OPTIMISER(adam)

static void adamw_prepare(const void *options, double step, double *numbers, tp_update *u)
{
    const tp_adamw_options *o = options;
    const tp_adam_options same = {.rate = o->rate, .beta1 = o->beta1, .beta2 = o->beta2, .epsilon = o->epsilon};
    adam_prepare(&same, step, numbers, u);
    u->shrink = 1 - o->rate * o->weight_decay;
}

static bool adamw_has_state(const void *options, int state)
{
    return state < 2 || ((const tp_adamw_options *)options)->amsgrad;
}

static const tp_optim_kind adamw_kind = {
    .name = "adamw",
    .size = sizeof(tp_adamw_options),
    .memory = offsetof(tp_adamw_options, memory),
    .options = ADAM_OPTIONS(adamw, 1e-2),
    .states = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"},
    .has_state = adamw_has_state,
    .prepare = adamw_prepare,
    .loop = TP_UPDATE_adam,
};

TP_OPTIMISER(adamw)
