/* Limited-memory BFGS: Nocedal and Wright, algorithms 7.4 (two loops) and 7.5. */
#include <string.h>

#include "optim/minimize.h"

/* The latest steps s and changes of gradient y, in a ring. */
typedef struct memory {
    int64_t n;
    int room, count, newest;
    double *s, *y, *rho, *alpha, *direction;
} memory;

static size_t work(const tp_search *s)
{
    size_t history, rows = 2 * (size_t)s->options->history + 1;
    if (__builtin_mul_overflow(rows, (size_t)s->n, &history)) return SIZE_MAX;
    return history > SIZE_MAX - rows ? SIZE_MAX : history + rows;
}

static double *row(const memory *m, double *of, int k)
{
    return of + (int64_t)k * m->n;
}

/* d = -H g */
static void direction(const memory *m, const double *g)
{
    double *d = m->direction;
    for (int64_t i = 0; i < m->n; i++) d[i] = -g[i];
    for (int i = 0; i < m->count; i++) {
        const int k = (m->newest - i + m->room) % m->room;
        m->alpha[k] = m->rho[k] * tp_dot(m->n, row(m, m->s, k), d);
        tp_axpy(m->n, -m->alpha[k], row(m, m->y, k), d);
    }
    if (m->count) {
        const double *y = row(m, m->y, m->newest);
        const double scale = 1 / (m->rho[m->newest] * tp_dot(m->n, y, y));
        for (int64_t i = 0; i < m->n; i++) d[i] *= scale;
    }
    for (int i = m->count; i-- > 0;) {
        const int k = (m->newest - i + m->room) % m->room;
        const double beta = m->rho[k] * tp_dot(m->n, row(m, m->y, k), d);
        tp_axpy(m->n, m->alpha[k] - beta, row(m, m->s, k), d);
    }
}

/* What the step from (trial, trial_g) to (x, g) tells, if it tells of a positive curvature. */
static void remember(memory *m, const tp_search *s)
{
    if (m->room == 0) return;
    const int k = (m->newest + 1) % m->room;
    double *step = row(m, m->s, k), *change = row(m, m->y, k);
    for (int64_t i = 0; i < m->n; i++) {
        step[i] = s->x[i] - s->trial[i];
        change[i] = s->g[i] - s->trial_g[i];
    }
    const double curvature = tp_dot(m->n, step, change);
    const bool kept = curvature > 1e-16 * tp_norm(m->n, step) * tp_norm(m->n, change);
    if (!kept && m->count == m->room) m->count--; /* its place was written to */
    if (!kept) return;
    m->rho[k] = 1 / curvature;
    m->newest = k;
    if (m->count < m->room) m->count++;
}

static tp_minimize_end run(tp_search *s)
{
    memory m = {.n = s->n, .room = s->options->history};
    m.newest = m.room - 1;
    m.direction = s->work;
    m.s = m.direction + s->n;
    m.y = m.s + m.room * s->n;
    m.rho = m.y + m.room * s->n;
    m.alpha = m.rho + m.room;
    tp_minimize_end end = TP_END_ROUNDING;
    while (s->status == TP_OK) {
        const double before = s->value;
        direction(&m, s->g);
        if (!(tp_dot(s->n, m.direction, s->g) < 0)) {
            if (m.count == 0) return TP_END_ROUNDING;
            m.count = 0;
            continue;
        }
        double step = m.count ? 1 : fmin(1, 1 / tp_norm(s->n, s->g));
        if (!tp_search_line(s, m.direction, 0.9, &step)) {
            if (s->result->evaluations >= s->options->evaluations) return TP_END_LIMIT;
            if (m.count == 0) return TP_END_ROUNDING;
            m.count = 0; /* once more, straight down */
            continue;
        }
        remember(&m, s);
        if (tp_search_ends(s, before, &end)) return end;
    }
    return end;
}

const tp_minimizer tp_minimizer_lbfgs = {work, run};
