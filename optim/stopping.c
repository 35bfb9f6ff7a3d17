/* Early stopping. */
#include <math.h>

#include <tapir/optim_stopping.h>

#include "core/memory.h"

tp_early_stop tp_early_stop_with(const tp_early_stop_options *options)
{
    tp_early_stop stop = {0};
    if (options) stop.options = *options;
    if (stop.options.patience == 0) stop.options.patience = 10;
    if (stop.options.patience < 1) stop.options.patience = 1;
    if (!(stop.options.min_delta >= 0)) stop.options.min_delta = 0;
    stop.best = stop.options.maximise ? -HUGE_VAL : HUGE_VAL;
    return stop;
}

bool tp_early_stop_step(tp_early_stop *stop, double metric)
{
    if (!stop) return false;
    const double delta = stop->options.min_delta;
    stop->steps++;
    stop->improved = stop->options.maximise ? metric > stop->best + delta : metric < stop->best - delta;
    if (stop->improved) {
        stop->best = metric;
        stop->best_step = stop->steps;
        stop->waited = 0;
    } else {
        stop->waited++;
    }
    stop->stopped = stop->waited >= stop->options.patience;
    return stop->stopped;
}

enum { BEST, BEST_STEP, STEPS, WAITED, IMPROVED, STOPPED, NUMBERS };

int tp_early_stop_state(const tp_early_stop *stop, double *state, int n)
{
    if (!stop) return 0;
    const double numbers[NUMBERS] = {
        [BEST] = stop->best,           [BEST_STEP] = (double)stop->best_step,
        [STEPS] = (double)stop->steps, [WAITED] = (double)stop->waited,
        [IMPROVED] = stop->improved,   [STOPPED] = stop->stopped,
    };
    for (int i = 0; state && i < n && i < NUMBERS; i++) state[i] = numbers[i];
    return NUMBERS;
}

tp_status tp_early_stop_set_state(tp_early_stop *stop, const double *state, int n, tp_error *error)
{
    bool good = stop && state && n == NUMBERS && !isnan(state[BEST]);
    for (int i = BEST_STEP; good && i < NUMBERS; i++)
        good = state[i] >= 0 && state[i] <= (i < IMPROVED ? 0x1p53 : 1) && state[i] == floor(state[i]);
    if (!good)
        return tp_fail(error, TP_E_ARGUMENT, "tp_early_stop_set_state: NULL, or numbers that are no state of one");
    stop->best = state[BEST];
    stop->best_step = (int64_t)state[BEST_STEP];
    stop->steps = (int64_t)state[STEPS];
    stop->waited = (int64_t)state[WAITED];
    stop->improved = state[IMPROVED] != 0;
    stop->stopped = state[STOPPED] != 0;
    return TP_OK;
}
