/* Newton's method in a trust region: Nocedal and Wright, algorithm 4.1, with steps by algorithm 7.2 (T. Steihaug, "The
   conjugate gradient method and trust regions in large scale optimization", 1983). */
#include <string.h>

#include "optim/minimize.h"

static size_t work(const tp_search *s)
{
    return (size_t)s->n > SIZE_MAX / 4 ? SIZE_MAX : 4 * (size_t)s->n;
}

/* The t >= 0 with |p + t d| = radius. */
static double to_the_border(int64_t n, const double *p, const double *d, double radius)
{
    const double a = tp_dot(n, d, d), b = tp_dot(n, p, d), c = tp_dot(n, p, p) - radius * radius;
    const double root = sqrt(fmax(b * b - a * c, 0));
    return b <= 0 ? (root - b) / a : -c / (b + root);
}

typedef struct step {
    double *p, *r, *d, *hd; /* the step; H p + g; direction; H d */
    double gain;            /* how much lower the model says that p leads */
    bool border;
} step;

static void advance(const tp_search *s, step *t, double alpha, double curvature)
{
    /* m(p + a d) - m(p) = a <r, d> + a^2 <d, H d> / 2 */
    t->gain -= alpha * tp_dot(s->n, t->r, t->d) + alpha * alpha / 2 * curvature;
    tp_axpy(s->n, alpha, t->d, t->p);
    tp_axpy(s->n, alpha, t->hd, t->r);
}

/* Until the residual is small beside the gradient, or the border of the region is met. */
static void solve(tp_search *s, step *t, double radius)
{
    const int64_t n = s->n;
    const double slope = tp_norm(n, s->g), tolerance = fmin(0.5, sqrt(slope)) * slope;
    memset(t->p, 0, (size_t)n * sizeof *t->p);
    memcpy(t->r, s->g, (size_t)n * sizeof *t->r);
    for (int64_t i = 0; i < n; i++) t->d[i] = -s->g[i];
    t->gain = 0;
    t->border = false;
    double square = tp_dot(n, t->r, t->r);
    for (int64_t k = 0; k < 2 * n + 10; k++) {
        s->status = tp_objective_hvp(s->o, t->d, t->hd);
        s->result->products++;
        if (s->status != TP_OK) return;
        const double curvature = tp_dot(n, t->d, t->hd), length = tp_dot(n, t->d, t->d);
        const double alpha = square / curvature;
        if (!(curvature > 1e-16 * length) ||
            to_the_border(n, t->p, t->d, radius) <= alpha) { /* down without end, or out of the region */
            if (isnan(curvature)) return;
            t->border = true;
            advance(s, t, to_the_border(n, t->p, t->d, radius), curvature);
            return;
        }
        advance(s, t, alpha, curvature);
        const double next = tp_dot(n, t->r, t->r);
        if (sqrt(next) <= tolerance) return;
        for (int64_t i = 0; i < n; i++) t->d[i] = next / square * t->d[i] - t->r[i];
        square = next;
    }
}

static void take(tp_search *s, double value)
{
    double *x = s->x, *g = s->g;
    s->x = s->trial, s->g = s->trial_g;
    s->trial = x, s->trial_g = g;
    s->value = value;
}

static tp_minimize_end run(tp_search *s)
{
    const int64_t n = s->n;
    step t = {.p = s->work, .r = s->work + n, .d = s->work + 2 * n, .hd = s->work + 3 * n};
    double radius = s->options->radius;
    tp_minimize_end end = TP_END_ROUNDING;
    bool here = true; /* the objective stands at x */
    while (s->status == TP_OK) {
        if (!here) s->status = tp_objective_at(s->o, s->x);
        if (s->status == TP_OK) solve(s, &t, radius);
        if (s->status != TP_OK) break;
        const double length = tp_norm(n, t.p), before = s->value;
        if (!(length > 1e-16 * tp_norm(n, s->x)) || !(t.gain > 0)) return TP_END_ROUNDING;
        for (int64_t i = 0; i < n; i++) s->trial[i] = s->x[i] + t.p[i];
        const double value = tp_search_at(s, s->trial, s->trial_g);
        /* Differences that are rounding alone: the model is believed. */
        const double noise = 1e-14 * fabs(before);
        const double ratio = value == HUGE_VAL ? -1 : (before - value + noise) / (t.gain + noise);
        if (ratio < 0.25) radius = length / 4;
        if (ratio > 0.75 && t.border) radius = fmin(2 * radius, 1e10);
        here = ratio > 1e-4;
        if (here) take(s, value);
        if (here && tp_search_ends(s, before, &end)) return end;
        if (s->result->evaluations >= s->options->evaluations) return TP_END_LIMIT;
    }
    return end;
}

const tp_minimizer tp_minimizer_newton = {work, run};
