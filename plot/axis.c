/* Ticks are whole multiples of 1, 2 or 5 times a power of ten (Heckbert: "Nice numbers for graph labels", Graphics
   Gems, 1990), so their labels are exact. */
#include "plot/axis.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

axis axis_over(bool log, double low, double high, double room_low, double room_high)
{
    axis a = {.log = log, .low = log ? 0 : low, .high = log ? 1 : high};
    if (low > high) {
        a.low = 0;
        a.high = 1;
        return a;
    }
    if (log) {
        a.low = log10(low);
        a.high = log10(high);
    }
    const double size = fmax(fabs(a.low), fabs(a.high)), range = a.high - a.low;
    if (!(range > 1e-9 * size && range > 1e-290)) { /* one number, or too close to be told apart by labels */
        const double more = log ? .5 : size > 1e-280 ? .5 * size : 1;
        a.low -= more;
        a.high += more;
        return a;
    }
    a.low -= room_low * range;
    a.high += room_high * range;
    return a;
}

bool axis_takes(const axis *a, double value)
{
    return value >= -1e300 && value <= 1e300 && (!a->log || value > 0);
}

double axis_unit_place(const axis *a, double unit)
{
    /* far outside, places stay within what renderers take */
    return a->from + (a->to - a->from) * fmax(-50, fmin(50, (unit - a->low) / (a->high - a->low)));
}

double axis_place(const axis *a, double value)
{
    return axis_unit_place(a, a->log ? log10(value) : value);
}

bool axis_holds(const axis *a, double value)
{
    if (!axis_takes(a, value)) return false;
    const double unit = a->log ? log10(value) : value, slack = 1e-9 * (a->high - a->low);
    return unit >= a->low - slack && unit <= a->high + slack;
}

void axis_nice_step(double range, int most, int *factor, int *exponent)
{
    static const int factors[] = {1, 2, 5};
    const double least = fmax(range / most, DBL_MIN);
    int power = (int)floor(log10(least));
    *factor = 1;
    *exponent = power + 1;
    for (int i = 2; i >= 0; i--) {
        if (!(factors[i] * pow(10, power) >= least * (1 - 1e-9))) break;
        *factor = factors[i];
        *exponent = power;
    }
}

static tick *add_tick(axis *a, double at)
{
    const double slack = 1e-9 * (a->high - a->low);
    if (a->n_ticks == AXIS_TICKS_MOST || at < a->low - slack || at > a->high + slack) return NULL;
    tick *t = &a->ticks[a->n_ticks++];
    *t = (tick){.at = at};
    return t;
}

static void linear_ticks(axis *a, int most, bool whole)
{
    int factor, exponent;
    axis_nice_step(a->high - a->low, most, &factor, &exponent);
    if (whole && exponent < 0) factor = 1, exponent = 0;
    /* a multiple is divided by an exact power of ten where that is possible */
    const double power = pow(10, abs(exponent));
    const double step = exponent < 0 ? factor / power : factor * power;
    const double first = ceil(a->low / step - 1e-9);
    for (int i = 0; i < AXIS_TICKS_MOST; i++) {
        const double k = (first + i) * factor;
        tick *t = add_tick(a, exponent < 0 ? k / power : k * power);
        if (!t) break;
        if (fabs(k) < 1e15) svg_decimal(t->text, (int64_t)k, exponent);
    }
}

/* Lines at 1, 2 and 5 times each power of ten. */
static void log_ticks_between(axis *a, int most)
{
    static const int factors[] = {1, 2, 5};
    for (int power = (int)floor(a->low); power <= (int)ceil(a->high); power++)
        for (int i = 0; i < 3; i++) {
            tick *t = add_tick(a, power + log10(factors[i]));
            if (!t) continue;
            t->minor = i > 0;
            if (i == 0 || 3 * (a->high - a->low) <= most) svg_decimal(t->text, factors[i], power);
        }
}

/* The ticks of the linear axis over the same numbers, placed on the logarithmic one. */
static void log_ticks_close(axis *a, int most)
{
    axis linear = axis_over(false, pow(10, a->low), pow(10, a->high), 0, 0);
    linear_ticks(&linear, most, false);
    for (int i = 0; i < linear.n_ticks; i++) {
        tick *t = linear.ticks[i].at > 0 ? add_tick(a, log10(linear.ticks[i].at)) : NULL;
        if (t) memcpy(t->text, linear.ticks[i].text, sizeof t->text);
    }
}

static void log_ticks(axis *a, int most)
{
    const double decades = a->high - a->low;
    if (decades < .8) {
        log_ticks_close(a, most);
        return;
    }
    if (decades < 4) {
        log_ticks_between(a, most);
        return;
    }
    int factor, exponent;
    axis_nice_step(decades, most, &factor, &exponent);
    int step = exponent < 0 ? 1 : factor;
    for (int i = 0; i < exponent; i++) step *= 10;
    for (int power = (int)ceil(a->low / step - 1e-9) * step; power <= a->high + 1e-9; power += step) {
        tick *t = add_tick(a, power);
        if (t) svg_decimal(t->text, 1, power);
    }
}

void axis_set_ticks(axis *a, int most, bool whole)
{
    a->n_ticks = 0;
    if (a->log) {
        log_ticks(a, most < 2 ? 2 : most);
        return;
    }
    for (int more = 0; more < 3 && a->n_ticks < 3; more++) { /* one or two numbers tell little */
        a->n_ticks = 0;
        linear_ticks(a, (most < 2 ? 2 : most) + more, whole);
    }
}
