/* Forward and backward sums of CTC, a frame at a time. */
#include "kernels/ctc.h"

#include <math.h>

#include "core/element.h"

static int64_t class_of(const tp_ctc_example *e, int64_t state)
{
    return state & 1 ? e->labels[state / 2] : e->blank;
}

static double log_p(const tp_ctc_example *e, int64_t frame, int64_t state)
{
    const int64_t at = frame * e->step + class_of(e, state);
    return e->dtype == TP_F32 ? (double)((const float *)(const void *)e->log_p)[at]
                              : ((const double *)(const void *)e->log_p)[at];
}

/* Whether a path may go from state - 2 to state: over a blank between two labels that differ. */
static bool skips(const tp_ctc_example *e, int64_t state)
{
    return state & 1 && state >= 3 && e->labels[state / 2] != e->labels[state / 2 - 1];
}

/* log(e^a + e^b + e^c); -Inf stands for nothing. */
static double log_sum3(double a, double b, double c)
{
    double most = a;
    if (b > most || isnan(b)) most = b, b = a;
    if (c > most || isnan(c)) {
        const double other = most;
        most = c, c = other;
    }
    if (most == -HUGE_VAL) return most;
    return most + log1p(exp(b - most) + exp(c - most));
}

double tp_ctc_forward(const tp_ctc_example *e)
{
    double *now = e->alpha;
    for (int64_t s = 0; s < e->states; s++) now[s] = s < 2 ? log_p(e, 0, s) : -HUGE_VAL;
    for (int64_t t = 1; t < e->frames; t++) {
        const double *before = now;
        now += e->width;
        for (int64_t s = 0; s < e->states; s++) {
            const double one = s > 0 ? before[s - 1] : -HUGE_VAL, two = skips(e, s) ? before[s - 2] : -HUGE_VAL;
            now[s] = log_sum3(before[s], one, two) + log_p(e, t, s);
        }
    }
    return log_sum3(now[e->states - 1], e->states > 1 ? now[e->states - 2] : -HUGE_VAL, -HUGE_VAL);
}

/* Puts into `beta` the log of the sum over all paths from each state of frame t - 1 on, given those from frame t on. */
static void step_back(const tp_ctc_example *e, int64_t t, const double *after, double *beta)
{
    for (int64_t s = 0; s < e->states; s++) {
        const bool one = s + 1 < e->states, two = s + 2 < e->states && skips(e, s + 2);
        beta[s] = log_sum3(after[s] + log_p(e, t, s), one ? after[s + 1] + log_p(e, t, s + 1) : -HUGE_VAL,
                           two ? after[s + 2] + log_p(e, t, s + 2) : -HUGE_VAL);
    }
}

void tp_ctc_backward(const tp_ctc_example *e, double log_sum, double scale, double *beta, char *grad)
{
    const int64_t size = (int64_t)tp_dtype_size(e->dtype);
    double *now = beta, *other = beta + e->width;
    for (int64_t s = 0; s < e->states; s++) now[s] = s >= e->states - 2 ? 0 : -HUGE_VAL;
    for (int64_t t = e->frames - 1; t >= 0; t--) {
        for (int64_t s = 0; s < e->states; s++) {
            const double share = exp(e->alpha[t * e->width + s] + now[s] - log_sum);
            char *at = grad + (t * e->step + class_of(e, s)) * size;
            if (share != 0) tp_put(e->dtype, at, tp_get(e->dtype, at) + scale * share);
        }
        if (t == 0) break;
        step_back(e, t, now, other);
        double *const swap = now;
        now = other;
        other = swap;
    }
}
