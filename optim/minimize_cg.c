/* Nonlinear conjugate gradients: Nocedal and Wright, algorithm 5.4 with 5.44 and 5.45. */
#include <string.h>

#include "optim/minimize.h"

static size_t work(const tp_search *s)
{
    return (size_t)s->n;
}

static tp_minimize_end run(tp_search *s)
{
    double *d = s->work;
    const int64_t n = s->n;
    bool fresh = true; /* d is the steepest descent */
    double step = 0, slope_before = 0;
    tp_minimize_end end = TP_END_ROUNDING;
    for (int64_t i = 0; i < n; i++) d[i] = -s->g[i];
    while (s->status == TP_OK) {
        const double before = s->value, slope = tp_dot(n, d, s->g);
        if (slope_before == 0)
            step = fmin(1, 1 / tp_norm(n, s->g));
        else
            step *= fmin(10, slope_before / slope); /* the same change to first order */
        if (!(slope < 0) || !tp_search_line(s, d, 0.1, &step)) {
            if (s->result->evaluations >= s->options->evaluations) return TP_END_LIMIT;
            if (fresh) return TP_END_ROUNDING;
            for (int64_t i = 0; i < n; i++) d[i] = -s->g[i];
            fresh = true;
            slope_before = 0;
            continue;
        }
        if (tp_search_ends(s, before, &end)) return end;
        slope_before = slope;
        const double *old = s->trial_g, old_square = tp_dot(n, old, old), overlap = tp_dot(n, s->g, old);
        const double square = tp_dot(n, s->g, s->g), beta = fmax(0, (square - overlap) / old_square);
        fresh = beta == 0 || fabs(overlap) > 0.5 * square; /* gradients far from orthogonal: Powell's restart */
        for (int64_t i = 0; i < n; i++) d[i] = (fresh ? 0 : beta * d[i]) - s->g[i];
    }
    return end;
}

const tp_minimizer tp_minimizer_cg = {work, run};
