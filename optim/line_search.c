/* Bracketing and zooming by cubic interpolation: PyTorch's search, which goes back to minFunc. */
#include "optim/line_search.h"

#include <math.h>
#include <string.h>

enum { MOST = 25 }; /* evaluations after the first */
static const double armijo = 1e-4, curvature = 0.9;

/* What is known at one t; the gradient lies in a buffer of the line. */
typedef struct point {
    double t, f, slope;
} point;

typedef struct search {
    tp_line *line;
    double start; /* f(0) */
    point now, before;
    point bracket[2];
    int low; /* the better end of the bracket */
    int tried;
    bool done;
} search;

/* Where the cubic through a and b has its minimum, within low .. high; their middle where there is none. */
static double interpolate(point a, point b, double low, double high)
{
    const double d1 = a.slope + b.slope - 3 * (a.f - b.f) / (a.t - b.t), square = d1 * d1 - a.slope * b.slope;
    const double middle = (low + high) / 2;
    if (!(square >= 0)) return middle;
    const double d2 = sqrt(square);
    const double t = a.t <= b.t ? b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
                                : a.t - (a.t - b.t) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2));
    return isnan(t) ? middle : fmin(fmax(t, low), high);
}

static tp_status evaluate(search *s, double t)
{
    tp_line *line = s->line;
    s->now.t = t;
    const tp_status status = line->evaluate(line->user, t, &s->now.f, line->trial);
    if (isnan(s->now.f)) s->now.f = HUGE_VAL;
    s->now.slope = line->loops->dot(line->n, line->trial, line->d);
    line->evaluations++;
    return status;
}

static void keep(const tp_line *line, double *to, const double *from)
{
    memcpy(to, from, (size_t)line->n * sizeof *to);
}

static void set_bracket(search *s, int end, point at, const double *gradient)
{
    s->bracket[end] = at;
    keep(s->line, s->line->bracket[end], gradient);
}

static bool too_high(const search *s)
{
    return s->now.f > s->start + armijo * s->now.t * s->line->slope;
}

static bool flat_enough(const search *s)
{
    return fabs(s->now.slope) <= -curvature * s->line->slope;
}

/* Goes on until a minimum lies between two points, or the conditions hold. */
static tp_status bracket(search *s, double t)
{
    tp_line *line = s->line;
    s->before = (point){0, s->start, line->slope};
    keep(line, line->before, line->gradient);
    tp_status status = evaluate(s, t);
    for (; status == TP_OK && s->tried < MOST; s->tried++) {
        const bool passed = too_high(s) || (s->tried > 1 && s->now.f >= s->before.f);
        if (!passed && flat_enough(s)) {
            set_bracket(s, 0, s->now, line->trial);
            set_bracket(s, 1, s->now, line->trial);
            s->done = true;
            return TP_OK;
        }
        if (passed || s->now.slope >= 0) {
            set_bracket(s, 0, s->before, line->before);
            set_bracket(s, 1, s->now, line->trial);
            return TP_OK;
        }
        const double next = interpolate(s->before, s->now, s->now.t + 0.01 * (s->now.t - s->before.t), s->now.t * 10);
        s->before = s->now;
        keep(line, line->before, line->trial);
        status = evaluate(s, next);
    }
    set_bracket(s, 0, (point){0, s->start, line->slope}, line->gradient);
    set_bracket(s, 1, s->now, line->trial);
    return status;
}

/* A t inside the bracket that is not so close to its ends that nothing moves. */
static double inside(const search *s, bool *stuck)
{
    const point *b = s->bracket;
    const double low = fmin(b[0].t, b[1].t), high = fmax(b[0].t, b[1].t), margin = 0.1 * (high - low);
    const double t = interpolate(b[0], b[1], low, high);
    const bool close = fmin(high - t, t - low) < margin, move = close && (*stuck || t >= high || t <= low);
    *stuck = close && !move;
    if (!move) return t;
    return fabs(t - high) < fabs(t - low) ? high - margin : low + margin;
}

static tp_status zoom(search *s)
{
    tp_line *line = s->line;
    const double reach = line->loops->reduce->row[TP_FOLD_ABS_MAX](line->n, line->d, 1, 0, 0);
    tp_status status = TP_OK;
    for (bool stuck = false; !s->done && s->tried < MOST && status == TP_OK; s->tried++) {
        if (fabs(s->bracket[1].t - s->bracket[0].t) * reach < line->tolerance) break;
        status = evaluate(s, inside(s, &stuck));
        if (status != TP_OK) break;
        const int high = 1 - s->low;
        if (too_high(s) || s->now.f >= s->bracket[s->low].f) {
            set_bracket(s, high, s->now, line->trial);
            s->low = s->bracket[0].f <= s->bracket[1].f ? 0 : 1;
            continue;
        }
        if (flat_enough(s))
            s->done = true;
        else if (s->now.slope * (s->bracket[high].t - s->bracket[s->low].t) >= 0)
            set_bracket(s, high, s->bracket[s->low], line->bracket[s->low]);
        set_bracket(s, s->low, s->now, line->trial);
    }
    return status;
}

tp_status tp_strong_wolfe(tp_line *line, double *t, double *f)
{
    search s = {.line = line, .start = *f};
    tp_status status = bracket(&s, *t);
    if (status != TP_OK) return status;
    s.low = s.bracket[0].f <= s.bracket[1].f ? 0 : 1;
    status = zoom(&s);
    if (status != TP_OK) return status;
    *t = s.bracket[s.low].t;
    *f = s.bracket[s.low].f;
    keep(line, line->gradient, line->bracket[s.low]);
    return TP_OK;
}
