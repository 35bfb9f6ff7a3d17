/* A line search for the strong Wolfe conditions: Nocedal and Wright, algorithms 3.5 and 3.6 in one loop. `low` is the
   best point that has descended enough, `high` the other end of an interval that holds a step to be accepted. Where
   values differ by rounding only, slopes decide (as in Hager and Zhang, "A new conjugate gradient method with
   guaranteed descent", 2005, section 4). */
#include <string.h>

#include "optim/minimize.h"

enum { TRIALS = 40 };

static const double c1 = 1e-4, rounding = 1e-14;

typedef struct point {
    double step, value, slope;
} point;

/* The minimiser of the cubic through two values and slopes; NaN where it has none. */
static double cubic(point a, point b)
{
    const double d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.step - b.step);
    const double root = d1 * d1 - a.slope * b.slope;
    if (!(root >= 0)) return (double)NAN;
    const double d2 = b.step > a.step ? sqrt(root) : -sqrt(root);
    return b.step - (b.step - a.step) * (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2);
}

/* Within the interval, not too near to its ends; without a far end up to ten times as far. */
static double next_step(point low, point high, point last)
{
    if (high.step == HUGE_VAL) {
        const double guess = last.step > low.step ? cubic(low, last) : (double)NAN;
        const double least = 1.5 * fmax(low.step, last.step), most = 10 * fmax(low.step, last.step);
        return guess > least ? fmin(guess, most) : fmax(least, fmin(4 * low.step, most));
    }
    const double width = high.step - low.step; /* of either sign */
    if (high.value == HUGE_VAL) return low.step + 0.2 * width;
    const double guess = (cubic(low, high) - low.step) / width;
    return low.step + width * (isnan(guess) ? 0.5 : fmin(fmax(guess, 0.1), 0.9));
}

static point evaluate(tp_search *s, const double *d, double step)
{
    memcpy(s->trial, s->x, (size_t)s->n * sizeof *s->x);
    tp_axpy(s->n, step, d, s->trial);
    const double value = tp_search_at(s, s->trial, s->trial_g);
    return (point){step, value, value == HUGE_VAL ? 0 : tp_dot(s->n, s->trial_g, d)};
}

static void take(tp_search *s, point p, double *step)
{
    double *x = s->x, *g = s->g;
    s->x = s->trial, s->g = s->trial_g;
    s->trial = x, s->trial_g = g;
    s->value = p.value;
    *step = p.step;
}

/* Near the minimum, where values are equal but for rounding: the slope alone tells. */
static bool flat_enough(point start, point p, double c2)
{
    return fabs(p.value - start.value) <= rounding * fabs(start.value) && fabs(p.slope) <= -c2 * start.slope;
}

bool tp_search_line(tp_search *s, const double *d, double c2, double *step)
{
    const point start = {0, s->value, tp_dot(s->n, s->g, d)};
    point low = start, high = {HUGE_VAL, HUGE_VAL, 0}, p = start;
    double at = *step;
    for (int i = 0; i < TRIALS && s->status == TP_OK && s->result->evaluations < s->options->evaluations; i++) {
        p = evaluate(s, d, at);
        const bool descends = p.value <= start.value + c1 * p.step * start.slope;
        if ((descends && fabs(p.slope) <= -c2 * start.slope) || flat_enough(start, p, c2)) {
            take(s, p, step);
            return true;
        }
        const point before = low;
        if (!descends || p.value >= low.value) {
            high = p;
        } else {
            const bool beyond = high.step == HUGE_VAL ? p.slope >= 0 : p.slope * (high.step - low.step) >= 0;
            if (beyond) high = low;
            low = p;
        }
        at = next_step(low, high, high.step == HUGE_VAL ? before : p);
        if (!(fabs(at - low.step) > 1e-16 * fabs(low.step)) || !isfinite(at)) break;
    }
    if (low.step == 0 || s->status != TP_OK) return false;
    p = evaluate(s, d, low.step); /* lower, if not by all conditions */
    if (s->status != TP_OK || !(p.value < start.value)) return false;
    take(s, p, step);
    return true;
}
